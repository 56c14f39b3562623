/* SPDX-License-Identifier: Apache-2.0 */
/* Lines from a product's firmware. A bad line is named, counted and left out; the good ones around it are taken. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/state/sources.h"

enum { WRITERS_MAX = 4, SAID_MAX = 20 /* bad lines told one by one; after that only counted */ };

struct writer {
    int fd; /* -1: free */
    size_t len;
    bool skipping; /* a line was too long: up to its end nothing is taken */
    char line[CLIENT_STATE_LINE_BYTES];
};

struct json_source {
    struct client_state_source source;
    int listener; /* -1: a FIFO or the standard input, which is writers[0] */
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    bool made_path, is_stdin; /* "-": the standard input, which ends */
    struct writer writers[WRITERS_MAX];
};

/*
 * Nobody sees a writer leave a FIFO. One that left in the middle of a line has its piece in front of the next writer's
 * first line: that one begins at the last brace from which the rest is a good line.
 */
static void take_end(struct json_source *j, const char *line, size_t len, struct proto_now now,
                     struct client_state_model *model)
{
    char why[CLIENT_STATE_WHY_BYTES];
    size_t at = len;

    for (int tries = 0; tries < 8; tries++) { /* a text may hold braces too */
        const char *brace = memrchr(line, '{', at);

        if (!brace || brace == line)
            return;
        at = (size_t)(brace - line);
        if (!client_state_json_line(brace, len - at, now, model, why)) {
            j->source.good++;
            return;
        }
    }
}

static void take_line(struct json_source *j, const char *line, size_t len, struct proto_now now,
                      struct client_state_model *model)
{
    char why[CLIENT_STATE_WHY_BYTES], message[CLIENT_STATE_WHY_BYTES + 64];

    if (!len)
        return;
    if (!client_state_json_line(line, len, now, model, why)) {
        j->source.good++;
        return;
    }
    if (j->listener < 0)
        take_end(j, line, len, now, model);
    if (++j->source.bad > SAID_MAX)
        return;
    snprintf(message, sizeof message, "%s%s", why, j->source.bad == SAID_MAX ? " (more of them are only counted)" : "");
    client_state_say(&j->source, message);
}

static void too_long(struct json_source *j)
{
    if (++j->source.bad <= SAID_MAX)
        client_state_say(&j->source, "a line of device state is over 4096 bytes and was left out; send shorter lines");
}

static void take_bytes(struct json_source *j, struct writer *w, const char *bytes, size_t len, struct proto_now now,
                       struct client_state_model *model)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            if (!w->skipping)
                take_line(j, w->line, w->len, now, model);
            w->len = 0;
            w->skipping = false;
        } else if (w->len < sizeof w->line) {
            w->line[w->len++] = bytes[i];
        } else if (!w->skipping) {
            w->skipping = true;
            too_long(j);
        }
    }
}

/* Bytes that were read; 0: nothing now; -1: whoever wrote has left. */
static ssize_t read_some(const struct json_source *j, const struct writer *w, char *bytes, size_t room)
{
    ssize_t got = read(w->fd, bytes, room);

    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
        return got > 0 ? got : 0;
    return j->listener < 0 && !j->is_stdin ? 0 : -1; /* a FIFO without writers: the next one may come */
}

static void leave(struct writer *w)
{
    close(w->fd);
    *w = (struct writer){.fd = -1};
}

static void read_writer(struct json_source *j, struct writer *w, struct proto_now now, struct client_state_model *model)
{
    char bytes[4096];

    for (int rounds = 0; rounds < 16; rounds++) { /* a writer that never stops does not keep the others waiting */
        ssize_t got = read_some(j, w, bytes, sizeof bytes);

        if (got == 0)
            return;
        if (got > 0) {
            take_bytes(j, w, bytes, (size_t)got, now, model);
            continue;
        }
        if (w->len && !w->skipping)
            take_line(j, w->line, w->len, now, model);
        leave(w);
        return;
    }
}

/* Throws away what is there by now, and the end of a line whose beginning was: who writes meanwhile is not waited for.
 */
static void drop_writer(const struct json_source *j, struct writer *w)
{
    char bytes[4096];
    int waiting = 0;
    ssize_t got;

    w->skipping = w->skipping || w->len;
    w->len = 0;
    if (ioctl(w->fd, FIONREAD, &waiting))
        waiting = 0;
    do {
        got = read_some(j, w, bytes, sizeof bytes);
        if (got < 0)
            leave(w);
        if (got <= 0)
            break;
        w->skipping = bytes[got - 1] != '\n';
        waiting -= (int)got;
    } while (waiting > 0);
    explicit_bzero(bytes, sizeof bytes);
}

static struct writer *free_writer(struct json_source *j)
{
    for (int i = 0; i < WRITERS_MAX; i++)
        if (j->writers[i].fd < 0)
            return &j->writers[i];
    return NULL;
}

/* `model` NULL: nobody may read, and nothing of it is kept. */
static void read_writers(struct json_source *j, struct proto_now now, struct client_state_model *model)
{
    for (int i = 0; i < WRITERS_MAX; i++)
        if (j->writers[i].fd >= 0 && model)
            read_writer(j, &j->writers[i], now, model);
        else if (j->writers[i].fd >= 0)
            drop_writer(j, &j->writers[i]);
}

static void accept_writers(struct json_source *j, struct proto_now now, struct client_state_model *model)
{
    for (;;) {
        int fd = accept4(j->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        if (!free_writer(j)) /* a row of short-lived writers loses nothing: those that have left make room */
            read_writers(j, now, model);
        struct writer *free_one = free_writer(j);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (!free_one || epoll_ctl(j->source.fd, EPOLL_CTL_ADD, fd, &event)) {
            client_state_say(&j->source, "a fifth writer of device state was sent away; at most four at once");
            close(fd);
            continue;
        }
        *free_one = (struct writer){.fd = fd};
    }
}

static void poll(struct client_state_source *source, struct proto_now now, struct client_state_model *model)
{
    struct json_source *j = (struct json_source *)source;

    if (j->listener >= 0)
        accept_writers(j, now, model);
    read_writers(j, now, model);
}

/* Who writes does not wait for a consent: what comes without one is thrown away unread. */
static void drop(struct client_state_source *source)
{
    poll(source, (struct proto_now){0, 0}, NULL);
}

static void free_source(struct client_state_source *source)
{
    struct json_source *j = (struct json_source *)source;

    for (int i = 0; i < WRITERS_MAX; i++)
        if (j->writers[i].fd >= 0)
            close(j->writers[i].fd);
    if (j->listener >= 0)
        close(j->listener);
    if (source->fd >= 0)
        close(source->fd);
    if (j->made_path)
        unlink(j->path);
    free(j);
}

/* One descriptor stands for listener and writers: whoever waits needs to know only that one. */
static bool watch(struct json_source *j, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return fd >= 0 && !epoll_ctl(j->source.fd, EPOLL_CTL_ADD, fd, &event);
}

/* A socket of ours that nobody listens at: what a companion that was killed left behind. */
static bool is_left_behind(const struct json_source *j, const struct stat *about)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool refused;
    int fd;

    if (!S_ISSOCK(about->st_mode) || about->st_uid != geteuid())
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path, j->path, sizeof address.sun_path);
    refused = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return refused;
}

static bool open_socket(struct json_source *j)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, j->path, sizeof address.sun_path);
    j->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (j->listener < 0)
        return false;
    mode_t mask = umask(0177);
    bool bound = !bind(j->listener, (struct sockaddr *)&address, sizeof address);
    umask(mask);
    j->made_path = bound;
    return bound && !listen(j->listener, WRITERS_MAX) && watch(j, j->listener);
}

enum proto_err client_state_json_open(const char *path, struct client_state_source **out,
                                      char why[static CLIENT_STATE_WHY_BYTES])
{
    static const struct client_state_source_ops ops = {.poll = poll, .free = free_source, .drop = drop};
    struct json_source *j = calloc(1, sizeof *j);
    struct stat about;
    bool ok = false;

    *out = NULL;
    if (!j || snprintf(j->path, sizeof j->path, "%s", path) >= (int)sizeof j->path) {
        snprintf(why, CLIENT_STATE_WHY_BYTES, "json:%.80s: the path is too long for a socket (%zu bytes at most)", path,
                 sizeof j->path - 1);
        free(j);
        return PROTO_ERR_RANGE;
    }
    j->source = (struct client_state_source){
        .ops = &ops, .seen_by = "json", .fd = epoll_create1(EPOLL_CLOEXEC), .deadline_ms = PROTO_NEVER};
    j->listener = -1;
    for (int i = 0; i < WRITERS_MAX; i++)
        j->writers[i].fd = -1;
    if (lstat(path, &about) == 0 && is_left_behind(j, &about))
        unlink(path);
    if (!strcmp(path, "-")) {
        j->is_stdin = true;
        j->writers[0].fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
        ok = fcntl(j->writers[0].fd, F_SETFL, O_NONBLOCK) == 0 && watch(j, j->writers[0].fd);
    } else if (stat(path, &about)) {
        ok = errno == ENOENT && open_socket(j);
    } else if (S_ISFIFO(about.st_mode)) {
        j->writers[0].fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC); /* a writer of our own keeps it from ending */
        ok = watch(j, j->writers[0].fd);
    } else {
        errno = EEXIST;
    }
    if (ok) {
        *out = &j->source;
        return PROTO_OK;
    }
    snprintf(why, CLIENT_STATE_WHY_BYTES,
             "json:%.80s: %s; name a FIFO that exists, or a path in a writable folder where a socket can be made", path,
             errno == EEXIST ? "there is something that is no FIFO" : strerror(errno));
    free_source(&j->source);
    return PROTO_ERR_IO;
}
