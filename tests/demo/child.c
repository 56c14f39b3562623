/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/demo/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES (1u << 20)

int64_t demo_mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- being stopped ---- */

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

void demo_stop_on_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART: poll() comes back */

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool demo_is_stopped(void)
{
    return stopped;
}

/* ---- starting ---- */

/* In the child: never returns. The parent's death is the child's end, so that a demo that is killed leaves nothing. */
static void become(const char *bin, const char *const *argv, int in, int out, int err)
{
    char path[1024];

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0); /* Ctrl-C is the demo's to answer: it ends each in its turn */
    snprintf(path, sizeof path, "%s/%s", bin, argv[0]);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execv(strchr(argv[0], '/') ? argv[0] : path, (char *const *)(uintptr_t)argv);
    fprintf(stderr, "%s: cannot be started: %s\n", path, strerror(errno));
    _exit(127);
}

static pid_t launch(const char *bin, const char *const *argv, int in, int out, int err)
{
    pid_t pid = fork();

    if (pid == 0)
        become(bin, argv, in, out, err);
    return pid;
}

struct demo_child *demo_child_start(struct demo_children *all, const char *name, const char *const *argv)
{
    struct demo_child *c = calloc(1, sizeof *c);
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err = -1;

    if (!c || all->count == DEMO_CHILDREN_MAX)
        goto failed;
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->log, sizeof c->log, "%s/%s.log", all->folder, name);
    err = open(c->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (err < 0 || pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        goto failed;
    c->pid = launch(all->bin, argv, in[0], out[1], err);
    if (c->pid < 0)
        goto failed;
    close(in[0]);
    close(out[1]);
    close(err);
    c->in = in[1];
    c->out = out[0];
    all->all[all->count++] = c;
    return c;
failed:
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    for (int i = 0; i < 2; i++) {
        if (in[i] >= 0)
            close(in[i]);
        if (out[i] >= 0)
            close(out[i]);
    }
    if (err >= 0)
        close(err);
    free(c);
    return NULL;
}

void demo_child_tell(struct demo_child *c, const char *line)
{
    char text[4096];
    int len = snprintf(text, sizeof text, "%s\n", line);

    if (c->in >= 0 && len > 0 && (size_t)len < sizeof text && write(c->in, text, (size_t)len) != len)
        fprintf(stderr, "%s: does not take commands any more\n", c->name);
}

/* ---- reading ---- */

static void add_event(struct demo_child *c, const char *line)
{
    json_error_t error;
    json_t *json = json_loads(line, 0, &error);

    if (!json)
        return; /* words, not an event */
    if (c->count == c->capacity) {
        size_t more = c->capacity ? 2 * c->capacity : 64;
        struct demo_event *events = more <= DEMO_EVENTS_MAX ? realloc(c->events, more * sizeof *events) : NULL;

        if (!events) {
            json_decref(json);
            return;
        }
        c->events = events;
        c->capacity = more;
    }
    c->events[c->count++] = (struct demo_event){json, false};
}

static void cut_lines(struct demo_child *c)
{
    char *from = c->line, *end;

    while ((end = memchr(from, '\n', c->line_len - (size_t)(from - c->line))) != NULL) {
        *end = '\0';
        add_event(c, from);
        from = end + 1;
    }
    c->line_len -= (size_t)(from - c->line);
    memmove(c->line, from, c->line_len);
}

static void read_child(struct demo_child *c)
{
    ssize_t n;

    if (c->line_capacity - c->line_len < 65536) {
        char *more = c->line_capacity < LINE_MAX_BYTES ? realloc(c->line, c->line_capacity + 131072) : NULL;

        if (!more) {
            c->line_len = 0; /* a line that never ends is no event */
        } else {
            c->line = more;
            c->line_capacity += 131072;
        }
    }
    n = read(c->out, c->line + c->line_len, c->line_capacity - c->line_len);
    if (n <= 0) {
        close(c->out);
        c->out = -1;
        return;
    }
    c->line_len += (size_t)n;
    cut_lines(c);
}

/* One pass over all children. false: nobody is left to hear from. */
static bool pump(struct demo_children *all, int wait_ms)
{
    struct pollfd polls[DEMO_CHILDREN_MAX];
    struct demo_child *who[DEMO_CHILDREN_MAX];
    nfds_t n = 0;

    for (size_t i = 0; i < all->count; i++)
        if (all->all[i]->out >= 0) {
            who[n] = all->all[i];
            polls[n++] = (struct pollfd){.fd = all->all[i]->out, .events = POLLIN};
        }
    if (n == 0)
        return false;
    if (poll(polls, n, wait_ms) > 0)
        for (nfds_t i = 0; i < n; i++)
            if (polls[i].revents)
                read_child(who[i]);
    return true;
}

void demo_children_watch(struct demo_children *all, int wait_ms)
{
    int64_t until = demo_mono_ms() + wait_ms, left;

    while (!stopped && (left = until - demo_mono_ms()) > 0)
        if (!pump(all, (int)left))
            return;
}

/* ---- looking for events ---- */

static bool field_is(const json_t *json, const char *field, const char *value)
{
    const json_t *found = json_object_get(json, field);

    if (json_is_boolean(found))
        return !strcmp(value, json_is_true(found) ? "true" : "false");
    return json_is_string(found) && !strcmp(json_string_value(found), value);
}

static bool matches(const json_t *json, const char *event, va_list args)
{
    const char *field, *value;
    va_list copy;
    bool same = field_is(json, "event", event);

    va_copy(copy, args);
    while (same && (field = va_arg(copy, const char *)) != NULL) {
        value = va_arg(copy, const char *);
        same = field_is(json, field, value);
    }
    va_end(copy);
    return same;
}

static json_t *find(struct demo_child *c, const char *event, va_list args)
{
    for (size_t i = 0; i < c->count; i++)
        if (!c->events[i].taken && matches(c->events[i].json, event, args)) {
            c->events[i].taken = true;
            return c->events[i].json;
        }
    return NULL;
}

json_t *demo_child_expect(struct demo_children *all, struct demo_child *c, int wait_ms, const char *event, ...)
{
    int64_t until = demo_mono_ms() + wait_ms;
    json_t *found;
    va_list args;

    va_start(args, event);
    while ((found = find(c, event, args)) == NULL) {
        int64_t left = until - demo_mono_ms();

        if (left <= 0 || stopped || c->out < 0 || !pump(all, (int)left))
            break;
    }
    va_end(args);
    return found;
}

size_t demo_child_count(const struct demo_child *c, const char *event, const char *field, const char *value)
{
    size_t n = 0;

    for (size_t i = 0; i < c->count; i++)
        n += field_is(c->events[i].json, "event", event) && (!field || field_is(c->events[i].json, field, value));
    return n;
}

/* ---- ending ---- */

static int code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int demo_child_stop(struct demo_children *all, struct demo_child *c, int number, int wait_ms)
{
    int64_t until = demo_mono_ms() + wait_ms;

    if (c->pid == 0)
        return code_of(c->status);
    if (number)
        kill(c->pid, number);
    while (c->out >= 0 && demo_mono_ms() < until)
        if (!pump(all, (int)(until - demo_mono_ms())))
            break;
    if (c->out >= 0)
        kill(c->pid, SIGKILL);
    waitpid(c->pid, &c->status, 0);
    c->pid = 0;
    return code_of(c->status);
}

static void free_child(struct demo_child *c)
{
    if (c->in >= 0)
        close(c->in);
    if (c->out >= 0)
        close(c->out);
    for (size_t e = 0; e < c->count; e++)
        json_decref(c->events[e].json);
    free(c->events);
    free(c->line);
    free(c);
}

void demo_children_drop_ended(struct demo_children *all)
{
    size_t kept = 0;

    for (size_t i = 0; i < all->count; i++)
        if (all->all[i]->pid)
            all->all[kept++] = all->all[i];
        else
            free_child(all->all[i]);
    all->count = kept;
}

void demo_children_clear(struct demo_children *all)
{
    for (size_t i = 0; i < all->count; i++)
        demo_child_stop(all, all->all[i], SIGTERM, 3000); /* reads from all of them meanwhile */
    demo_children_drop_ended(all);
}

/* ---- a program that is run to its end ---- */

static char *read_all(int fd)
{
    size_t len = 0, capacity = 65536;
    char *text = malloc(capacity + 1);
    ssize_t n;

    while (text && (n = read(fd, text + len, capacity - len)) > 0) {
        len += (size_t)n;
        if (len == capacity) {
            char *more = capacity < (16u << 20) ? realloc(text, 2 * capacity + 1) : NULL;

            if (!more)
                break;
            text = more;
            capacity *= 2;
        }
    }
    if (text)
        text[len] = '\0';
    return text;
}

int demo_run(const char *bin, const char *const *argv, char **out)
{
    int pipe_ends[2], status = -1, nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char *text;
    pid_t pid;

    if (out)
        *out = NULL;
    if (nothing < 0 || pipe2(pipe_ends, O_CLOEXEC) != 0)
        return -1;
    pid = launch(bin, argv, nothing, pipe_ends[1], pipe_ends[1]);
    close(pipe_ends[1]);
    close(nothing);
    text = pid > 0 ? read_all(pipe_ends[0]) : NULL;
    close(pipe_ends[0]);
    if (pid > 0)
        waitpid(pid, &status, 0);
    if (out)
        *out = text;
    else
        free(text);
    return code_of(status);
}

double demo_child_cpu_ms(const struct demo_child *child)
{
    char path[64], line[1024];
    unsigned long user = 0, system = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)child->pid);
    FILE *file = fopen(path, "r");
    if (file) {
        char *at_paren = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
        if (at_paren)
            sscanf(at_paren + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
        fclose(file);
    }
    return (double)(user + system) * 1000 / (double)sysconf(_SC_CLK_TCK);
}

double demo_child_kb(const struct demo_child *child, const char *field)
{
    char path[64], line[256];
    size_t len = strlen(field);
    double kb = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)child->pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, len) == 0 && sscanf(line + len, ": %lf", &kb) == 1)
            break;
    if (file)
        fclose(file);
    return kb;
}

int demo_child_files(const struct demo_child *child)
{
    const struct dirent *entry;
    char path[64];
    int count = 0;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)child->pid);
    DIR *all = opendir(path);
    while (all && (entry = readdir(all)))
        count += entry->d_name[0] != '.';
    if (all)
        closedir(all);
    return count;
}
