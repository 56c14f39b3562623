/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/host/loop.h"
#include "proto/host/watch.h"

struct host_lines {
    /* Owned */
    struct host_watch *watch; /* of pipe_out, which is its */
    char *line;
    pthread_t thread;
    int pipe_out, pipe_in, stop_fd;
    /* Borrowed */
    int fd;
    void (*on_line)(void *context, char *line);
    void (*ended)(void *context);
    void *context;

    size_t len, max_bytes;
    bool thread_started, skipping, busy, freed;
};

/* ---- the thread that waits ---- */

/* True once `fd` is ready for `events`; false when the reader is to end. */
static bool wait_for(const struct host_lines *lines, int fd, short events)
{
    struct pollfd fds[] = {{fd, events, 0}, {lines->stop_fd, POLLIN, 0}};

    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR)
            return false;
    return !fds[1].revents;
}

static bool pass_on(const struct host_lines *lines, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n;

        if (!wait_for(lines, lines->pipe_in, POLLOUT))
            return false;
        n = write(lines->pipe_in, bytes, len);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return true;
}

static void *read_on(void *context)
{
    struct host_lines *lines = context;
    char chunk[4096];
    ssize_t n = 1;

    while (n && wait_for(lines, lines->fd, POLLIN)) {
        n = read(lines->fd, chunk, sizeof chunk);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            break;
        if (n < 0)
            n = 1;
        else if (!pass_on(lines, chunk, (size_t)n))
            break;
    }
    close(lines->pipe_in); /* the loop reads the end of the file */
    return NULL;
}

/* ---- the loop's side ---- */

static void end_of_line(struct host_lines *lines)
{
    lines->line[lines->len] = 0;
    if (!lines->skipping)
        lines->on_line(lines->context, lines->line);
    lines->skipping = false;
    lines->len = 0;
}

static void take(struct host_lines *lines, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && !lines->freed; i++) {
        if (bytes[i] == '\n') {
            end_of_line(lines);
        } else if (lines->skipping) {
            continue;
        } else if (lines->len == lines->max_bytes) {
            lines->skipping = true;
            lines->on_line(lines->context, NULL);
        } else {
            lines->line[lines->len++] = bytes[i];
        }
    }
}

static void finish(struct host_lines *lines)
{
    host_watch_free(lines->watch);
    lines->watch = NULL;
    if (lines->len)
        end_of_line(lines);
    if (!lines->freed && lines->ended)
        lines->ended(lines->context);
}

static void ready(void *context)
{
    struct host_lines *lines = context;
    char chunk[4096];
    ssize_t n = read(lines->pipe_out, chunk, sizeof chunk);

    if (n < 0)
        return;
    lines->busy = true;
    if (n)
        take(lines, chunk, (size_t)n);
    else
        finish(lines);
    lines->busy = false;
    if (lines->freed)
        host_lines_free(lines);
}

static enum proto_err start_thread(struct host_lines *lines)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    failed = pthread_create(&lines->thread, NULL, read_on, lines);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    lines->thread_started = !failed;
    return failed ? PROTO_ERR_NOMEM : PROTO_OK;
}

enum proto_err host_lines_new(struct host_lines **out, struct host_loop *loop, int fd, size_t max_bytes,
                              void (*on_line)(void *context, char *line), void (*ended)(void *context), void *context)
{
    struct host_lines *lines = calloc(1, sizeof *lines);
    enum proto_err err = PROTO_ERR_IO;
    int ends[2];

    *out = NULL;
    if (!lines)
        return PROTO_ERR_NOMEM;
    *lines = (struct host_lines){.fd = fd, .max_bytes = max_bytes, .on_line = on_line, .ended = ended};
    lines->context = context;
    lines->line = malloc(max_bytes + 1);
    lines->pipe_in = -1;
    lines->stop_fd = eventfd(0, EFD_CLOEXEC);
    /* Sockets: libwebsockets closes an emptied pipe without asking, and its end would not be seen. */
    if (lines->line && lines->stop_fd >= 0 &&
        !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends)) {
        lines->pipe_out = ends[0];
        lines->pipe_in = ends[1];
        err = host_watch_new(&lines->watch, loop, lines->pipe_out, ready, lines);
        if (!err)
            err = start_thread(lines);
    }
    if (err) {
        host_lines_free(lines);
        return err;
    }
    *out = lines;
    return PROTO_OK;
}

void host_lines_free(struct host_lines *lines)
{
    if (!lines)
        return;
    if (lines->busy) { /* called from its own callback: ready() ends it */
        lines->freed = true;
        return;
    }
    if (lines->thread_started) {
        (void)eventfd_write(lines->stop_fd, 1);
        pthread_join(lines->thread, NULL);
    } else if (lines->pipe_in >= 0) {
        close(lines->pipe_in);
    }
    host_watch_free(lines->watch);
    if (lines->stop_fd >= 0)
        close(lines->stop_fd);
    free(lines->line);
    free(lines);
}
