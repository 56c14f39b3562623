/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/say.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/util/buf.h"

#define SAY_LINE_BYTES 8192u /* a longer line is cut: the log is for people */

static const char *say_program = "handhold";
static enum host_level say_least = HOST_INFO;
static bool say_journal, say_as_json;
static const char *const journal_levels[] = {
    [HOST_DEBUG] = "<7>", [HOST_INFO] = "<6>", [HOST_WARN] = "<4>", [HOST_ERROR] = "<3>"};

static const char *const level_names[] = {
    [HOST_DEBUG] = "debug", [HOST_INFO] = "info", [HOST_WARN] = "warning", [HOST_ERROR] = "error"};

/* Does stderr go to systemd's journal? Then each line begins with its level (sd-daemon(3)), which the journal keeps as
 * a field. */
static bool is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat own;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && !fstat(STDERR_FILENO, &own) &&
           own.st_dev == device && own.st_ino == inode;
}

void host_say_start(const char *program, bool debug)
{
    say_program = program;
    say_least = debug ? HOST_DEBUG : HOST_INFO;
    say_journal = is_journal();
}

void host_say_level(enum host_level least)
{
    say_least = least;
}

void host_say_json(void)
{
    say_as_json = true;
}

static void put_event(enum host_level level, const char *text)
{
    size_t name = strlen(say_program);
    bool named = !strncmp(text, say_program, name) && !strncmp(text + name, ": ", 2);
    const char *message = named ? text + name + 2 : text, *level_name = level_names[level];

    if (named && !strncmp(message, level_name, strlen(level_name)) && !strncmp(message + strlen(level_name), ": ", 2))
        message += strlen(level_name) + 2;
    json_t *line = json_pack("{s:s,s:s}", "event", level_name, "message", message);

    if (!line) /* a text from outside that is not UTF-8 */
        line = json_pack("{s:s,s:s}", "event", level_name, "message", "it stands on stderr");
    host_json_line(line);
}

/* One write of one whole line; what a stranger could use to forge a second line or to drive a terminal is spelt out. */
static void put_line(enum host_level level, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    char line[SAY_LINE_BYTES];
    size_t n = say_journal ? (size_t)snprintf(line, sizeof line, "%s", journal_levels[level]) : 0;

    for (const char *at = text; *at && n + 5 < sizeof line; at++) {
        unsigned char c = (unsigned char)*at;

        if (c >= 0x20 && c != 0x7f) {
            line[n++] = *at;
            continue;
        }
        line[n++] = '\\';
        line[n++] = 'x';
        line[n++] = hex[c >> 4];
        line[n++] = hex[c & 15];
    }
    line[n++] = '\n';
    fwrite(line, 1, n, stderr);
    fflush(stderr);
    if (say_as_json)
        put_event(level, text);
}

void host_say(enum host_level level, const char *format, ...)
{
    char text[SAY_LINE_BYTES];
    va_list args;

    if (level < say_least)
        return;
    int used = snprintf(text, sizeof text, "%s: %s: ", say_program, level_names[level]);

    if (used < 0 || (size_t)used >= sizeof text)
        return;
    va_start(args, format);
    vsnprintf(text + used, sizeof text - (size_t)used, format, args);
    va_end(args);
    put_line(level, text);
}

void host_say_error(const char *value, const char *rule, const char *way_out)
{
    char text[SAY_LINE_BYTES];
    bool more = way_out && *way_out;

    snprintf(text, sizeof text, "%s: %s: %s%s%s", say_program, value && *value ? value : "(empty)", rule,
             more ? "; " : "", more ? way_out : "");
    put_line(HOST_ERROR, text);
}

void host_say_err(const char *value, enum proto_err err)
{
    int code = errno;
    char rule[512];

    if (err == PROTO_ERR_IO && code)
        snprintf(rule, sizeof rule, "%s: %s", proto_err_rule(err), strerror(code));
    else
        snprintf(rule, sizeof rule, "%s", proto_err_rule(err));
    host_say_error(value, rule, proto_err_way_out(err));
}

int host_say_end(int code)
{
    struct pollfd out = {.fd = STDOUT_FILENO};

    errno = 0;
    if (!fflush(stdout) && !ferror(stdout))
        return code;
    if (poll(&out, 1, 0) > 0 && (out.revents & POLLERR)) /* who read it has read enough */
        return code;
    say_as_json = false; /* there is no stdout to say it on */
    host_say_error("standard output", errno ? strerror(errno) : "it could not be written whole",
                   "what arrived is not all of it; make room, and run this again");
    return HOST_EXIT_FAILED;
}

void host_json_line(json_t *line)
{
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9)) : NULL;

    if (text) {
        flockfile(stdout);
        fputs(text, stdout);
        fputc('\n', stdout);
        fflush(stdout);
        funlockfile(stdout);
    }
    free(text);
    json_decref(line);
}

void host_json_event(const char *event, const char *format, ...)
{
    json_t *line = json_object();

    json_object_set_new(line, "event", json_string(event));
    if (format) {
        va_list args;

        va_start(args, format);
        json_t *more = json_vpack_ex(NULL, 0, format, args);

        va_end(args);
        json_object_update(line, more);
        json_decref(more);
    }
    host_json_line(line);
}
