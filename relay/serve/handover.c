/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/handover.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/host/say.h"
#include "proto/host/watch.h"
#include "proto/host/world.h"
#include "relay/serve/listen.h"
#include "relay/serve/notify.h"

extern char **environ;

#define VARIABLE "HANDHOLD_RELAY_TAKES_OVER" /* the pipe's descriptor, then those that listen; -1: none */

enum { WAIT_MS = 60000, LOOK_MS = 10, NAME_BYTES = 160, VARIABLES_MOST = 512 };

struct serve_handover {
    struct serve *serve; /* borrowed */
    char **argv;         /* borrowed */
    char program[HOST_PATH_BYTES];
    struct host_watch *signals, *ready; /* owned */
    struct host_timer *patience;        /* owned */
    int signal_fd, ready_fd;            /* the watches' */
    pid_t next;                         /* 0: none is on its way */
};

static struct {
    bool is_new;
    int ready_fd, listening[SERVE_LISTEN_ENDS];
} taken = {.ready_fd = -1};

/* ---- the old one ---- */

static void end_next(struct serve_handover *handover)
{
    (void)kill(handover->next, SIGKILL);
    (void)waitpid(handover->next, NULL, 0);
    handover->next = 0;
}

/* An order to end came while the new one started: it is meant for both. */
static void end_both(struct serve_handover *handover)
{
    end_next(handover);
    host_say(HOST_WARN, "this relay was told to end, so the new one is ended too; start it again if one is wanted");
}

static void on_ready(void *context)
{
    struct serve_handover *handover = context;
    char word;
    ssize_t n = read(handover->ready_fd, &word, 1);

    host_watch_free(handover->ready);
    handover->ready = NULL;
    host_timer_set(handover->patience, PROTO_NEVER);
    if (n == 1 && handover->serve->draining) {
        end_both(handover);
        return;
    }
    if (n == 1) {
        (void)serve_notify("MAINPID=%lld\nSTATUS=handing over", (long long)handover->next);
        host_say(HOST_INFO, "the new relay is ready: this one leaves");
        handover->next = 0;
        serve_leave(handover->serve);
        return;
    }
    end_next(handover); /* it may live on without having said a word */
    host_say(HOST_WARN, "the new relay did not start, so this one goes on; what it says above, --check says in full");
}

/* It hangs before it has said a word: its end is heard as that of one which did not start. */
static void on_late(void *context)
{
    struct serve_handover *handover = context;

    if (handover->next)
        (void)kill(handover->next, SIGKILL);
}

/* Everything of ours but what is handed over is closed by exec. */
static bool spawn(struct serve_handover *handover, int ready_fd, const char *variable)
{
    static char *variables[VARIABLES_MOST + 2];
    posix_spawn_file_actions_t actions;
    size_t count = 0;
    int fd, err;

    for (char **one = environ; *one && count < VARIABLES_MOST; one++)
        variables[count++] = *one;
    variables[count++] = (char *)variable;
    variables[count] = NULL;
    if (posix_spawn_file_actions_init(&actions))
        return false;
    err = posix_spawn_file_actions_adddup2(&actions, ready_fd, ready_fd); /* onto itself: it stays open */
    for (unsigned number = 0; number < SERVE_LISTEN_ENDS && !err; number++)
        if ((fd = serve_listen_fd(handover->serve->listen, number)) >= 0)
            err = posix_spawn_file_actions_adddup2(&actions, fd, fd);
    if (!err)
        err = posix_spawn(&handover->next, handover->program, &actions, NULL, handover->argv, variables);
    posix_spawn_file_actions_destroy(&actions);
    return !err;
}

static bool begin(struct serve_handover *handover)
{
    char variable[NAME_BYTES];
    int ends[2], len;

    if (pipe2(ends, O_CLOEXEC))
        return false;
    len = snprintf(variable, sizeof variable, VARIABLE "=%d", ends[1]);
    for (unsigned number = 0; number < SERVE_LISTEN_ENDS; number++)
        len += snprintf(variable + len, sizeof variable - (size_t)len, " %d",
                        serve_listen_fd(handover->serve->listen, number));
    bool done = spawn(handover, ends[1], variable);
    close(ends[1]);
    handover->ready_fd = ends[0];
    if (!done)
        close(ends[0]);
    host_timer_set(handover->patience, done ? host_now().mono_ms + WAIT_MS : PROTO_NEVER);
    return done && !host_watch_new(&handover->ready, handover->serve->loop, ends[0], on_ready, handover);
}

static void on_signal(void *context)
{
    struct serve_handover *handover = context;
    struct signalfd_siginfo info;

    while (read(handover->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        if (handover->serve->draining) {
            host_say(HOST_WARN, "this relay is about to end, so no new one is started");
        } else if (handover->next) {
            host_say(HOST_WARN, "a new relay is on its way already");
        } else if (begin(handover)) {
            host_say(HOST_INFO, "a new relay is started, and takes over when it is ready");
        } else {
            handover->next = 0;
            host_say(HOST_WARN, "%s cannot be started, so this one goes on", handover->program);
        }
}

enum proto_err serve_handover_new(struct serve_handover **out, struct serve *serve, char **argv)
{
    struct serve_handover *handover = calloc(1, sizeof *handover);
    sigset_t set;

    *out = handover;
    if (!handover)
        return PROTO_ERR_NOMEM;
    handover->serve = serve;
    handover->argv = argv;
    /* By its path: what lies there later is the next release. */
    if (readlink("/proc/self/exe", handover->program, sizeof handover->program - 1) <= 0)
        return PROTO_ERR_IO;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    if (sigprocmask(SIG_BLOCK, &set, NULL) ||
        (handover->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)) < 0)
        return PROTO_ERR_IO;
    enum proto_err err = host_timer_new(&handover->patience, serve->loop, on_late, handover);
    return err ? err : host_watch_new(&handover->signals, serve->loop, handover->signal_fd, on_signal, handover);
}

void serve_handover_free(struct serve_handover *handover)
{
    if (!handover)
        return;
    if (handover->next)
        end_both(handover); /* before the log is free */
    host_watch_free(handover->signals);
    host_watch_free(handover->ready);
    host_timer_free(handover->patience);
    free(handover);
}

/* ---- the new one ---- */

bool serve_handover_is_new(void)
{
    const char *text = getenv(VARIABLE);
    char *end;

    if (!text)
        return taken.is_new;
    taken.is_new = true;
    taken.ready_fd = (int)strtol(text, &end, 10);
    for (size_t i = 0; i < SERVE_LISTEN_ENDS; i++) {
        taken.listening[i] = *end == ' ' ? (int)strtol(end, &end, 10) : -1;
        if (taken.listening[i] >= 0)
            (void)fcntl(taken.listening[i], F_SETFD, FD_CLOEXEC);
    }
    (void)unsetenv(VARIABLE);
    (void)unsetenv("WATCHDOG_PID"); /* the old one's: the watchdog is ours to feed now */
    return true;
}

int serve_handover_take(unsigned number)
{
    int fd = taken.is_new ? taken.listening[number] : -1;

    taken.listening[number] = -1;
    return fd;
}

void serve_handover_put(unsigned number, int fd)
{
    taken.listening[number] = fd;
}

bool serve_handover_wait(const struct serve_folder *folder, struct serve_report *report)
{
    bool told = taken.ready_fd >= 0 && write(taken.ready_fd, "r", 1) == 1;

    if (taken.ready_fd >= 0)
        close(taken.ready_fd);
    taken.ready_fd = -1;
    for (int waited = 0; told && waited < WAIT_MS; waited += LOOK_MS) {
        if (!serve_folder_in_use(folder))
            return true;
        (void)poll(NULL, 0, LOOK_MS);
    }
    if (told)
        serve_report_add(report, SERVE_ERROR, folder->data, "the relay before this one has not left it",
                         "end that one, and start this one again");
    else
        serve_report_add(report, SERVE_ERROR, folder->data,
                         "the relay before this one has ended meanwhile, so this one does not serve either",
                         "start it again if one is wanted");
    return false;
}
