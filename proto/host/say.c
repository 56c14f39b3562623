/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/say.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/host/journal.h"
#include "proto/util/buf.h"
#include "proto/util/utf8.h"

#define SAY_LINE_BYTES 8192u /* a longer line is cut: the log is for people */

static const char *say_program = "handhold";
static enum host_level say_least = HOST_INFO;
static bool say_journal, say_as_json;
/* Where stderr is systemd's journal each line begins with its level, <6> (sd-daemon(3)). */
static const int journal_levels[] = {[HOST_DEBUG] = 7, [HOST_INFO] = 6, [HOST_WARN] = 4, [HOST_ERROR] = 3};

static const char *const level_names[] = {
    [HOST_DEBUG] = "debug", [HOST_INFO] = "info", [HOST_WARN] = "warning", [HOST_ERROR] = "error"};

void host_say_start(const char *program, bool debug)
{
    say_program = program;
    say_least = debug ? HOST_DEBUG : HOST_INFO;
    say_journal = host_journal_is_stderr();
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

/* Behind the `used` bytes of `line`: what a stranger could use to forge a second line, to drive a terminal, or to have
 * a line read as something else, is spelt out. There is room for one more byte then. */
static size_t put_plain(char line[static SAY_LINE_BYTES], size_t used, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);

    while (at < end && used + 4 * 4 + 1 < SAY_LINE_BYTES) {
        const uint8_t *from = at;
        bool spelt = proto_utf8_stand_in(&at, end, '?') != 0;

        for (; from < at; from++) {
            if (!spelt) {
                line[used++] = (char)*from;
                continue;
            }
            line[used++] = '\\';
            line[used++] = 'x';
            line[used++] = hex[*from >> 4];
            line[used++] = hex[*from & 15];
        }
    }
    return used;
}

/* One write of one whole line. */
static void put_line(enum host_level level, const char *text)
{
    char line[SAY_LINE_BYTES];
    size_t n = say_journal ? (size_t)snprintf(line, sizeof line, "<%d>", journal_levels[level]) : 0;

    n = put_plain(line, n, text);
    line[n++] = '\n';
    fwrite(line, 1, n, stderr);
    fflush(stderr);
}

static size_t put_field(char entry[static SAY_LINE_BYTES], size_t used, const char *name, const char *value)
{
    if (used + strlen(name) + 5 >= SAY_LINE_BYTES)
        return used;
    used = put_plain(entry, used, name);
    entry[used++] = '=';
    used = put_plain(entry, used, value);
    entry[used++] = '\n';
    return used;
}

/* False: the journal did not take it. */
static bool put_entry(enum host_level level, const char *text, const struct host_field *fields, size_t count)
{
    char entry[SAY_LINE_BYTES], priority[12];
    size_t n = 0;

    snprintf(priority, sizeof priority, "%d", journal_levels[level]);
    n = put_field(entry, n, "PRIORITY", priority);
    n = put_field(entry, n, "SYSLOG_IDENTIFIER", say_program);
    for (size_t i = 0; i < count; i++)
        n = put_field(entry, n, fields[i].name, fields[i].value);
    return host_journal_send(entry, put_field(entry, n, "MESSAGE", text));
}

static void put(enum host_level level, const char *text, const struct host_field *fields, size_t count)
{
    if (!say_journal || !count || !put_entry(level, text, fields, count))
        put_line(level, text);
    if (say_as_json)
        put_event(level, text);
}

static bool write_text(enum host_level level, const char *format, va_list args, char text[static SAY_LINE_BYTES])
{
    int used = snprintf(text, SAY_LINE_BYTES, "%s: %s: ", say_program, level_names[level]);

    if (level < say_least || used < 0 || (size_t)used >= SAY_LINE_BYTES)
        return false;
    vsnprintf(text + used, SAY_LINE_BYTES - (size_t)used, format, args);
    return true;
}

void host_say(enum host_level level, const char *format, ...)
{
    char text[SAY_LINE_BYTES];
    va_list args;

    va_start(args, format);
    if (write_text(level, format, args, text))
        put(level, text, NULL, 0);
    va_end(args);
}

void host_say_fields(enum host_level level, const struct host_field *fields, size_t count, const char *format, ...)
{
    char text[SAY_LINE_BYTES];
    va_list args;

    va_start(args, format);
    if (write_text(level, format, args, text))
        put(level, text, fields, count);
    va_end(args);
}

void host_say_error(const char *value, const char *rule, const char *way_out)
{
    char text[SAY_LINE_BYTES];
    bool more = way_out && *way_out;

    snprintf(text, sizeof text, "%s: %s: %s%s%s", say_program, value && *value ? value : "(empty)", rule,
             more ? "; " : "", more ? way_out : "");
    put(HOST_ERROR, text, NULL, 0);
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
