/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/system/house.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A failed test leaves its house where the failure found it; a list of that would bury the message. The programs that
 * are tested have options of their own, and are held to each byte. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

/* ---- failing ---- */

static void show_end_of(const char *path)
{
    char text[3001];
    FILE *file = fopen(path, "r");
    size_t len = 0;

    if (file && fseek(file, -3000, SEEK_END) != 0)
        rewind(file);
    if (file) {
        len = fread(text, 1, sizeof text - 1, file);
        fclose(file);
    }
    text[len] = '\0';
    print_error("%s", text);
}

static void show_child(const struct demo_child *c)
{
    print_error("---- %s (%s)\n", c->name, c->pid ? "running" : "gone");
    for (size_t i = c->count > 60 ? c->count - 60 : 0; i < c->count; i++) {
        const char *event = house_text(c->events[i].json, "event");
        bool figures = !strcmp(event, "video") || !strcmp(event, "sending");
        char *line = figures ? NULL : json_dumps(c->events[i].json, JSON_COMPACT);

        print_error("%s\n", line ? line : "(figures)");
        free(line);
    }
    show_end_of(c->log);
}

void house_fail(struct house *h, const char *format, ...)
{
    char what[8192];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    print_error("%s\n", what);
    for (size_t i = 0; i < h->children.count; i++)
        show_child(h->children.all[i]);
    fail_msg("%s", what);
    abort(); /* fail_msg() does not come back */
}

/* ---- small things ---- */

const char *house_path(const struct house *h, const char *name)
{
    static char paths[HOUSE_PATHS][HOUSE_PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % HOUSE_PATHS];

    snprintf(path, HOUSE_PATH_BYTES, "%s/%s", h->dir, name);
    return path;
}

const char *house_text(const json_t *event, const char *field)
{
    const char *text = json_string_value(json_object_get(event, field));

    return text ? text : "";
}

int64_t house_number(const json_t *event, const char *field)
{
    return (int64_t)json_number_value(json_object_get(event, field));
}

void house_write(const struct house *h, const char *name, const void *bytes, size_t len)
{
    FILE *file = fopen(house_path(h, name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

unsigned house_free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void check_words(struct house *h, const char *message, va_list words)
{
    const char *word;

    while ((word = va_arg(words, const char *)) != NULL)
        if (!strstr(message, word))
            house_fail(h, "\"%s\" does not say \"%s\"", message, word);
}

void house_says(struct house *h, const char *message, ...)
{
    va_list words;

    va_start(words, message);
    check_words(h, message, words);
    va_end(words);
}

/* ---- programs that are run to their end ---- */

char *house_run(struct house *h, int code, const char *const *argv)
{
    char *said;
    int got = demo_run(h->children.bin, argv, &said);

    if (got != code)
        house_fail(h, "%s %s ended with %d, not with %d:\n%s", argv[0], argv[1] ? argv[1] : "", got, code,
                   said ? said : "");
    return said;
}

/* Without what always stands there: what is being sent (in brackets), and that it is over. */
static void without_status(char *text)
{
    char *to = text, *end;

    for (char *at = text; *at; at = end) {
        end = at + strcspn(at, "\n");
        end += *end == '\n';
        if (*at == '[' || !strncmp(at, "* the session ended", strlen("* the session ended")))
            continue;
        memmove(to, at, (size_t)(end - at));
        to += end - at;
    }
    *to = '\0';
}

void house_refused(struct house *h, int code, const char *const *argv, ...)
{
    char *said = house_run(h, code, argv), copy[2048];
    va_list words;

    without_status(said);
    snprintf(copy, sizeof copy, "%s", said);
    free(said);
    if (strlen(copy) < 2 || strchr(copy, '\n') != copy + strlen(copy) - 1)
        house_fail(h, "one line was expected, not:\n%s", copy);
    if (!strstr(copy, "; ") && !strstr(copy, "one of"))
        house_fail(h, "no way out is named: %s", copy);
    va_start(words, argv);
    check_words(h, copy, words);
    va_end(words);
}

/* ---- the organisation ---- */

static void make_organisation(struct house *h)
{
    const char *dir = house_path(h, "org"), *tar = house_path(h, "relay.tar"), *relay = house_path(h, "relay");
    const char *const commands[][12] = {
        {"handhold-certs", "init", "--dir", dir, "--org", "House Support", NULL},
        {"handhold-certs", "issue", "--dir", dir, "relay", "--host", "127.0.0.1", "--host", "localhost", NULL},
        {"handhold-certs", "issue", "--dir", dir, "agent", "--id", "ana", "--name", "Ana Lindqvist", NULL},
        {"handhold-certs", "issue", "--dir", dir, "agent", "--id", "ben", "--name", "Ben Okafor", NULL},
        {"handhold-certs", "export-relay", "--dir", dir, "-o", tar, NULL},
        {"/bin/tar", "-xpf", tar, "-C", relay, NULL},
        {"handhold-clip", "--size", "320x240", "--seconds", "2", house_path(h, "clip.y4m"), NULL},
    };

    assert_int_equal(mkdir(relay, 0700), 0);
    house_write(h, "relay/relay.ini", HOUSE_SETTINGS, strlen(HOUSE_SETTINGS));
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        free(house_run(h, 0, commands[i]));
}

static void set_environment(const struct house *h)
{
    setenv("HOME", h->dir, 1);
    setenv("XDG_STATE_HOME", h->dir, 1);
    setenv("XDG_CACHE_HOME", h->dir, 1);
    setenv("TERM", "dumb", 1);
    unsetenv("LD_PRELOAD"); /* a test that failed may have left them */
    unsetenv("HOUSE_CLOCK_S");
    unsetenv("HOUSE_CLOCK_FILE");
    unsetenv("SSL_CERT_FILE");
    /* A sanitizer's end is not to be taken for a program that failed in order. */
    setenv("ASAN_OPTIONS", "exitcode=99:verify_asan_link_order=0", 1);
    setenv("UBSAN_OPTIONS", "exitcode=99:print_stacktrace=1", 1);
    signal(SIGXFSZ, SIG_IGN); /* inherited: a file that may not grow is a full disk, not a death */
    signal(SIGPIPE, SIG_IGN);
}

/* HOUSE_ONLY='what_an_end_*' runs these scenes alone. */
__attribute__((constructor)) static void choose_scenes(void)
{
    if (getenv("HOUSE_ONLY"))
        cmocka_set_test_filter(getenv("HOUSE_ONLY"));
}

void house_set_calendar(const struct house *h, int64_t ahead_s)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", (long long)ahead_s);
    house_write(h, "calendar.new", text, strlen(text));
    assert_int_equal(rename(house_path(h, "calendar.new"), house_path(h, "calendar")), 0); /* nobody reads half of it */
    setenv("HOUSE_CLOCK_FILE", house_path(h, "calendar"), 1);
    setenv("LD_PRELOAD", HOUSE_CLOCK, 1);
}

int house_setup_without_relay(void **state)
{
    struct house *h = calloc(1, sizeof *h);

    assert_non_null(h);
    *state = h;
    snprintf(h->dir, sizeof h->dir, "/tmp/handhold-house-XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    h->children.bin = getenv("HOUSE_BIN") ? getenv("HOUSE_BIN") : HANDHOLD_BIN; /* or what stands before them */
    h->children.folder = h->dir;
    set_environment(h);
    make_organisation(h);
    return 0;
}

int house_setup(void **state)
{
    house_setup_without_relay(state);
    house_start_relay(*state, NULL);
    return 0;
}

/* ---- the end of each test ---- */

static void audit_session(struct house *h, const char *line)
{
    json_error_t error;
    json_t *row = json_loads(line, 0, &error);
    const char *session = house_text(row, "session");
    const char *const show[] = {
        "handhold-audit", "--dir", house_path(h, "relay"), "--key", house_path(h, "org/officer/evidence.key"), "show",
        session,          NULL};

    if (*session)
        free(house_run(h, 0, show));
    json_decref(row);
}

char *house_officer(struct house *h, int code, bool dir, const char *const *words)
{
    char relay[96];
    const char *argv[24] = {"handhold-audit"};
    size_t n = 1;

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    while (*words)
        argv[n++] = *words++;
    argv[n++] = dir ? "--dir" : "--relay";
    argv[n++] = dir ? house_path(h, "relay") : relay;
    argv[n++] = "--identity";
    argv[n++] = house_path(h, "org/staff/officer");
    if (!dir) {
        argv[n++] = "--ca";
        argv[n++] = house_path(h, "org/ca/ca.crt");
    }
    return house_run(h, code, argv);
}

void house_audit(struct house *h)
{
    const char *dir = house_path(h, "relay"), *key = house_path(h, "org/officer/evidence.key");
    const char *const verify[] = {"handhold-audit", "verify", "--dir", dir, "--key", key, NULL};
    const char *const list[] = {"handhold-audit", "list", "--dir", dir, "--key", key, "--json", NULL};
    char *rows, *save = NULL;

    free(house_run(h, 0, verify));
    rows = house_run(h, 0, list);
    for (char *line = strtok_r(rows, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        audit_session(h, line);
    free(rows);
}

static void look_for_sanitizer(struct house *h)
{
    for (size_t i = 0; i < h->children.count; i++) {
        FILE *file = fopen(h->children.all[i]->log, "r");
        char line[1024];

        while (file && fgets(line, sizeof line, file))
            if (strstr(line, "Sanitizer") || strstr(line, "runtime error:") || !strncmp(line, "==", 2))
                house_fail(h, "%s: a sanitizer or valgrind complains: %s", h->children.all[i]->name, line);
        if (file)
            fclose(file);
    }
}

void house_forget_ended(struct house *h)
{
    look_for_sanitizer(h);
    demo_children_drop_ended(&h->children);
}

static void remove_folder(const char *dir)
{
    const char *const argv[] = {"/bin/rm", "-rf", dir, NULL};

    demo_run("/bin", argv, NULL);
}

int house_teardown(void **state)
{
    struct house *h = *state;

    for (size_t i = 0; i < h->children.count; i++)
        if (h->children.all[i] != h->relay)
            demo_child_stop(&h->children, h->children.all[i], SIGTERM, 5000);
    if (h->relay && h->relay->pid)
        house_expect_exit(h, h->relay, SIGTERM, 0);
    if (h->relays && !h->log_is_foreign)
        house_audit(h);
    look_for_sanitizer(h);
    demo_children_clear(&h->children);
    umount2(house_path(h, "relay/data"), MNT_DETACH); /* a test may have given the log a disk of its own */
    remove_folder(h->dir);
    free(h);
    return 0;
}

/* ---- the relay ---- */

static void take_addresses(struct house *h, const json_t *ready)
{
    snprintf(h->host, sizeof h->host, "%.60s", house_text(ready, "public") + strlen("https://"));
    snprintf(h->staff, sizeof h->staff, "%.60s", house_text(ready, "staff") + strlen("https://"));
}

static void start_relay(struct house *h, const char *listen, const char *staff)
{
    const char *const argv[] = {
        "handhold-relay", "--dir", house_path(h, "relay"), "--json", "--listen", listen, "--staff-listen", staff, NULL};
    char name[32];

    snprintf(name, sizeof name, "relay-%u", ++h->relays);
    h->relay = demo_child_start(&h->children, name, argv);
    assert_non_null(h->relay);
    take_addresses(h, house_await(h, h->relay, "ready", NULL));
}

void house_start_relay(struct house *h, const char *listen)
{
    start_relay(h, listen ? listen : "127.0.0.1:0", "127.0.0.1:0");
}

void house_restart_relay(struct house *h)
{
    char listen[64], staff[64];

    memcpy(listen, h->host, sizeof listen);
    memcpy(staff, h->staff, sizeof staff);
    start_relay(h, listen, staff);
}

void house_stop_relay(struct house *h)
{
    house_expect_exit(h, h->relay, SIGTERM, 0);
    h->relay = NULL;
}

void house_relay_refuses(struct house *h, const char *word)
{
    const char *const argv[] = {"handhold-relay", "--dir",          house_path(h, "relay"), "--listen",
                                "127.0.0.1:0",    "--staff-listen", "127.0.0.1:0",          NULL};

    house_refused(h, 1, argv, word, "handhold-audit recover", NULL);
}

void house_copy(struct house *h, const char *from, const char *to)
{
    free(house_run(h, 0, (const char *const[]){"/bin/rm", "-rf", house_path(h, to), NULL}));
    free(house_run(h, 0, (const char *const[]){"/bin/cp", "-a", house_path(h, from), house_path(h, to), NULL}));
}
