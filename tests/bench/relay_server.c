/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/relay_server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READY_WAIT_MS = 30000, LINE_BYTES = 1024, PATH_BYTES = 512 };

/* ---- processes ---- */

static pid_t run(const char *const *argv, int out, int core)
{
    pid_t pid = fork();

    if (pid)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* whoever ends this program ends them too */
    /* A service has a share of the processor of its own; as one of our session it would have what a load that never
     * sleeps leaves of ours (CONFIG_SCHED_AUTOGROUP), and whatever else runs on its core would come before it. */
    (void)setsid();
    (void)setpriority(PRIO_PROCESS, 0, 0); /* whatever ours is */
    if (core >= 0) {
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET((unsigned)core, &set);
        (void)sched_setaffinity(0, sizeof set, &set);
    }
    if (out >= 0 && dup2(out, 1) < 0)
        _exit(126);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

static int end_of(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static uint16_t port_in(const char *line, const char *name)
{
    const char *at = strstr(line, name);

    at = at ? strchr(at, ':') : NULL;  /* behind the name */
    at = at ? strstr(at, "//") : NULL; /* of the URL */
    at = at ? strchr(at, ':') : NULL;  /* in front of the port */
    return at ? (uint16_t)strtoul(at + 1, NULL, 10) : 0;
}

bool server_start(struct server *server, const char *const *argv, int core)
{
    char line[LINE_BYTES];
    size_t len = 0;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC))
        return false;
    *server = (struct server){.pid = run(argv, ends[1], core)};
    close(ends[1]);
    while (len < sizeof line - 1 && !memchr(line, '\n', len)) {
        struct pollfd ready = {ends[0], POLLIN, 0};
        ssize_t n = poll(&ready, 1, READY_WAIT_MS) == 1 ? read(ends[0], line + len, sizeof line - 1 - len) : 0;

        if (n <= 0)
            break;
        len += (size_t)n;
    }
    line[len] = 0;
    close(ends[0]);
    server->public_port = port_in(line, "\"public\"");
    server->staff_port = port_in(line, "\"staff\"");
    if (server->public_port)
        return true;
    server_stop(server);
    return false;
}

void server_stop(struct server *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        (void)end_of(server->pid);
    }
    *server = (struct server){0};
}

/* ---- figures ---- */

static double first_number(const char *path, const char *behind)
{
    char line[256];
    FILE *file = fopen(path, "r");
    double value = 0;

    while (file && fgets(line, sizeof line, file))
        if (!behind || !strncmp(line, behind, strlen(behind))) {
            value = strtod(line + (behind ? strlen(behind) : 0), NULL);
            break;
        }
    if (file)
        fclose(file);
    return value;
}

static double each_entry(pid_t pid, const char *folder, double (*value)(const char *path))
{
    char path[PATH_BYTES];
    double sum = 0;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, folder);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/%s/%.64s", (int)pid, folder, entry->d_name);
        sum += value(path);
    }
    if (dir)
        closedir(dir);
    return sum;
}

static double thread_ns(const char *path)
{
    char file[PATH_BYTES + 16];

    snprintf(file, sizeof file, "%s/schedstat", path);
    return first_number(file, NULL);
}

static double one(const char *path)
{
    (void)path;
    return 1;
}

/* Below the timer that says how late the core is by itself (line_noise.c). */
static double cannot_put_first(const char *path)
{
    const struct sched_param first = {.sched_priority = 1};

    return sched_setscheduler(atoi(strrchr(path, '/') + 1), SCHED_FIFO, &first) != 0;
}

bool server_put_first(const struct server *server)
{
    return each_entry(server->pid, "task", cannot_put_first) == 0;
}

double server_cpu_s(const struct server *server)
{
    return each_entry(server->pid, "task", thread_ns) / 1e9;
}

unsigned server_descriptors(const struct server *server)
{
    return (unsigned)each_entry(server->pid, "fd", one);
}

double server_resident_kb(const struct server *server)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "/proc/%d/status", (int)server->pid);
    return first_number(path, "VmRSS:");
}

/* ---- system calls ---- */

/* By the kernel's own counter: strace would slow the process so much that it batches what it would not. */
bool server_count_calls(const struct server *server, pid_t *counter, const char *file)
{
    char pid[16];
    const char *const argv[] = {"perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-o", file, "-p", pid, NULL};
    struct timespec attach = {0, 300000000};

    snprintf(pid, sizeof pid, "%d", (int)server->pid);
    *counter = run(argv, -1, -1);
    nanosleep(&attach, NULL);
    return *counter > 0 && !waitpid(*counter, NULL, WNOHANG);
}

double server_calls(pid_t counter, const char *file)
{
    char line[256];
    double calls = -1;

    kill(counter, SIGINT);
    (void)end_of(counter);
    FILE *summary = fopen(file, "r");
    while (summary && fgets(line, sizeof line, summary))
        if (strstr(line, "sys_enter"))
            calls = strtod(line, NULL);
    if (summary)
        fclose(summary);
    return calls;
}

/* ---- a place for a relay ---- */

static bool certs(const char *bin, const char *dir, const char *command, const char *const *more)
{
    char program[PATH_BYTES];
    const char *argv[16] = {program, command, "--dir", dir};
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    size_t count = 4;

    snprintf(program, sizeof program, "%s/handhold-certs", bin);
    while (*more)
        argv[count++] = *more++;
    bool done = !end_of(run(argv, nothing, -1));
    close(nothing);
    return done;
}

bool server_make_place(const char *bin, const char *dir)
{
    static const char *const bounds[] = {"connections = 60000",
                                         "connections_per_address = 60000",
                                         "connections_per_staff = 60000",
                                         "sessions = 30000",
                                         "sessions_per_staff = 30000",
                                         "waiting_per_staff = 30000",
                                         "handshakes = 60000",
                                         "handshakes_per_address = 60000",
                                         "arrivals_per_address_minute = 10000000",
                                         "requests_per_address_minute = 10000000",
                                         "opens_per_staff_minute = 1000000",
                                         "log_bytes_per_staff_minute = 1000000000",
                                         "messages_per_second = 10000000",
                                         "bytes_per_second = 100000000000",
                                         "queue_bytes = 16777216",
                                         "confirm_ms = 600000",
                                         "hello_ms = 600000"}; /* a pile of silent ones stays */
    char path[PATH_BYTES];

    if (!certs(bin, dir, "init", (const char *const[]){"--org", "Load", "--domain", "example.org", NULL}) ||
        !certs(bin, dir, "issue", (const char *const[]){"relay", "--host", "127.0.0.1", "--host", "localhost", NULL}) ||
        !certs(bin, dir, "issue", (const char *const[]){"agent", "--id", "load", "--name", "Load", NULL}))
        return false;
    snprintf(path, sizeof path, "%s/relay.ini", dir);
    FILE *file = fopen(path, "w");
    for (size_t i = 0; file && i < sizeof bounds / sizeof *bounds; i++)
        fprintf(file, "%s\n", bounds[i]);
    return file && !fclose(file);
}
