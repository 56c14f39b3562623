/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_home - what a large and busy home costs, as the agent sees it: relay, agent and companion as real processes.
 *
 *     bench_home [--seconds N] [--rounds N]
 *
 * A writer of ours is the product's firmware. Large: 300 devices with 5000 properties are known at the customer's end,
 * and the consent is given: how long until the agent has all of it, and what memory that takes. Busy: 10 000 changes a
 * second, each value is the moment in which it was written, so that its age is read at the agent's end. Withdrawn: from
 * the customer's tap in the middle of that until both ends have stopped.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/visit.h"

enum { DEVICES = 300, PROPERTIES = 5000, A_SECOND = 10000, EVERY_MS = 10, SETTLE_MS = 1000, LINE = 65536 };

static struct bench_visit visit;
static int seconds = 8, rounds = 9;
static struct demo_child *hub; /* the customer's second device, once it is linked */
static int mute;               /* takes connections and never says a word: a check of it lasts */
static unsigned mute_port;

static struct {
    int fd;
    int properties; /* how many the changes are spread over */
    atomic_bool on;
    pthread_t thread;
} writer = {.fd = -1};

/* ---- the firmware ---- */

static void write_all(const char *text, size_t len)
{
    while (len) {
        ssize_t n = send(writer.fd, text, len, MSG_NOSIGNAL);

        if (n <= 0)
            return; /* the companion has gone */
        text += n;
        len -= (size_t)n;
    }
}

static void tell_home(void)
{
    char line[256];

    for (int d = 0; d < DEVICES; d++) {
        int len =
            snprintf(line, sizeof line,
                     "{\"device\":\"lamp-%d\",\"kind\":\"light\",\"maker\":\"Acme\",\"model\":\"L%d\"}\n", d, d % 7);

        write_all(line, (size_t)len);
    }
    for (int p = 0; p < PROPERTIES; p++) {
        int len = snprintf(line, sizeof line, "{\"device\":\"lamp-%d\",\"property\":\"p%d\",\"value\":%d}\n",
                           p % DEVICES, p, p);

        write_all(line, (size_t)len);
    }
}

static void *write_changes(void *context)
{
    static char text[LINE];
    struct timespec next;
    int at = 0;

    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &next);
    while (atomic_load(&writer.on)) {
        size_t len = 0;
        double now = bench_mono_ms();

        for (int i = 0; i < A_SECOND * EVERY_MS / 1000; i++, at = (at + 1) % writer.properties)
            len += (size_t)snprintf(text + len, sizeof text - len,
                                    "{\"device\":\"lamp-%d\",\"property\":\"p%d\",\"value\":%.3f}\n", at % DEVICES, at,
                                    now);
        write_all(text, len);
        next.tv_nsec += EVERY_MS * 1000000L;
        next.tv_sec += next.tv_nsec / 1000000000L;
        next.tv_nsec %= 1000000000L;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
    return NULL;
}

static void writer_start(int properties)
{
    writer.properties = properties;
    atomic_store(&writer.on, true);
    bench_visit_must(&visit, pthread_create(&writer.thread, NULL, write_changes, NULL) == 0, "a thread");
}

static void writer_stop(void)
{
    atomic_store(&writer.on, false);
    pthread_join(writer.thread, NULL);
}

static void writer_connect(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    snprintf(at.sun_path, sizeof at.sun_path, "%s", bench_visit_at(&visit, "home.sock"));
    writer.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_visit_must(&visit, connect(writer.fd, (struct sockaddr *)&at, sizeof at) == 0,
                     "the companion does not listen");
}

/* ---- the agent's lines, read as they come: there are more of them than are worth keeping ---- */

static struct {
    int fd; /* the agent's output, taken out of its child's hands */
    char text[LINE];
    size_t len;
} lines;

/* Each whole line to `take`, until it returns true or the time is over. */
static bool read_lines(double until_ms, bool (*take)(const char *line, double now))
{
    struct pollfd fd = {.fd = lines.fd, .events = POLLIN};

    for (;;) {
        char *end;

        while ((end = memchr(lines.text, '\n', lines.len)) != NULL) {
            size_t len = (size_t)(end - lines.text) + 1;
            bool enough;

            *end = 0;
            enough = take(lines.text, bench_mono_ms());
            memmove(lines.text, lines.text + len, lines.len - len);
            lines.len -= len;
            if (enough)
                return true;
        }
        double left = until_ms - bench_mono_ms();

        if (left <= 0 || poll(&fd, 1, (int)left + 1) <= 0)
            return false;
        ssize_t got = read(lines.fd, lines.text + lines.len, sizeof lines.text - lines.len);

        if (got <= 0)
            return false;
        lines.len += (size_t)got;
    }
}

static struct {
    size_t values;
    struct bench_series age_ms;
    unsigned every; /* one age of so many is kept */
    bool withdrawn;
} seen;

static bool is_state(const char *line)
{
    return strstr(line, "\"event\":\"state\"") != NULL;
}

static bool until_all(const char *line, double now)
{
    (void)now;
    seen.values += is_state(line);
    return seen.values == PROPERTIES;
}

static bool take_age(const char *line, double now)
{
    const char *value = strstr(line, "\"value\":");
    double written = value && is_state(line) ? strtod(value + 8, NULL) : 0;

    if (written > PROPERTIES && seen.values++ % seen.every == 0 && seen.age_ms.count < BENCH_ROUNDS_MAX)
        bench_add(&seen.age_ms, now - written);
    return false;
}

static bool until_withdrawn(const char *line, double now)
{
    (void)now;
    return strstr(line, "\"event\":\"consent\"") && strstr(line, "\"withdrawn\"");
}

static bool until_asked(const char *line, double now)
{
    (void)now;
    return strstr(line, "\"requested\"") != NULL;
}

/* ---- the figures ---- */

/* Until this device has stopped; ms since the tap. */
static double stopped(struct demo_child *child, double tap)
{
    json_t *off = demo_child_expect(&visit.children, child, BENCH_WAIT_MS, "capture", "on", "false", NULL);

    bench_visit_must(&visit, off != NULL, "a device does not stop");
    return bench_mono_ms() - tap;
}

/* `second` NULL: there is none. */
static void withdraw(struct bench_series *agent, struct bench_series *customer, struct bench_series *second)
{
    double tap = bench_mono_ms();

    demo_child_tell(visit.companion, "{\"do\":\"withdraw\",\"capability\":\"device-state\"}");
    bench_visit_must(&visit, read_lines(tap + BENCH_WAIT_MS, until_withdrawn), "the agent is not told");
    bench_add(agent, bench_mono_ms() - tap);
    bench_add(customer, stopped(visit.companion, tap));
    if (second)
        bench_add(second, stopped(hub, tap));
}

static double grant(void)
{
    double tap;

    demo_child_tell(visit.agent, "{\"do\":\"request\",\"capability\":\"device-state\",\"purpose\":\"To measure\"}");
    (void)read_lines(bench_mono_ms() + BENCH_WAIT_MS, until_asked);
    bench_visit_must(&visit,
                     demo_child_expect(&visit.children, visit.companion, BENCH_WAIT_MS, "consent", "capability",
                                       "device-state", "state", "requested", NULL) != NULL,
                     "the customer is not asked");
    tap = bench_mono_ms();
    demo_child_tell(visit.companion, "{\"do\":\"grant\",\"capability\":\"device-state\"}");
    if (hub)
        bench_visit_must(&visit,
                         demo_child_expect(&visit.children, hub, BENCH_WAIT_MS, "capture", "on", "true", NULL) != NULL,
                         "the second device does not begin");
    return tap;
}

static void large(void)
{
    struct bench_series shown = {.count = 0}, agent = {.count = 0}, customer = {.count = 0};
    double agent_kb = demo_child_kb(visit.agent, "RssAnon"), client_kb = demo_child_kb(visit.companion, "RssAnon"),
           tap = grant();

    bench_visit_must(&visit,
                     demo_child_expect(&visit.children, visit.companion, BENCH_WAIT_MS, "capture", "on", "true", NULL),
                     "the companion does not begin");
    writer_connect();
    tell_home();
    bench_visit_must(&visit, read_lines(tap + BENCH_WAIT_MS, until_all), "the home is not told");
    agent_kb = demo_child_kb(visit.agent, "RssAnon") - agent_kb;
    client_kb = demo_child_kb(visit.companion, "RssAnon") - client_kb;
    for (int i = 0; i < rounds; i++) {
        withdraw(&agent, &customer, NULL);
        seen.values = 0;
        tap = grant();
        bench_visit_must(&visit, read_lines(tap + BENCH_WAIT_MS, until_all), "the home is not told again");
        bench_add(&shown, bench_mono_ms() - tap);
    }
    bench_limit("300 devices, 5000 properties: tap to all, ms", bench_median(&shown), 500);
    bench_remark("slowest of %d: %.0f ms", rounds, bench_quantile(&shown, 1));
    bench_limit("memory of that home, agent, kB", agent_kb, 5 * 1024);
    bench_limit("memory of that home, companion, kB", client_kb, 5 * 1024);
}

static void busy(int properties)
{
    char name[64];
    double from, client, agent, relay, ms;

    writer_start(properties);
    (void)read_lines(bench_mono_ms() + SETTLE_MS, take_age);
    seen.age_ms.count = seen.values = 0;
    seen.every = (unsigned)(A_SECOND * seconds / BENCH_ROUNDS_MAX) + 1;
    from = bench_mono_ms();
    client = demo_child_cpu_ms(visit.companion);
    agent = demo_child_cpu_ms(visit.agent);
    relay = demo_child_cpu_ms(visit.relay);
    (void)read_lines(from + seconds * 1000, take_age);
    ms = bench_mono_ms() - from;
    client = (demo_child_cpu_ms(visit.companion) - client) / ms * 100;
    agent = (demo_child_cpu_ms(visit.agent) - agent) / ms * 100;
    relay = (demo_child_cpu_ms(visit.relay) - relay) / ms * 100;
    snprintf(name, sizeof name, "10 000 changes/s of %d: value's age p95, ms", properties);
    bench_limit(name, bench_quantile(&seen.age_ms, 0.95), 100);
    snprintf(name, sizeof name, "10 000 changes/s of %d: companion, %% of a core", properties);
    bench_limit(name, client, 30);
    bench_remark("age p50 %.0f, slowest %.0f ms; %.0f values told a second; CPU of agent %.0f %%, relay %.0f %%",
                 bench_quantile(&seen.age_ms, 0.5), bench_quantile(&seen.age_ms, 1), (double)seen.values * 1000 / ms,
                 agent, relay);
    writer_stop();
}

/* A second device beside the first, linked by the code that it shows. */
static void link_hub(void)
{
    char state[300], line[96];
    const char *const argv[] = {"handhold-client",
                                "--beside",
                                "--json",
                                "--relay",
                                visit.public_url,
                                "--state",
                                state,
                                "--ca",
                                bench_visit_at(&visit, "org/ca/ca.crt"),
                                NULL};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    json_t *code;

    snprintf(state, sizeof state, "json:%s", bench_visit_at(&visit, "hub.sock"));
    mute = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_visit_must(&visit,
                     !bind(mute, (struct sockaddr *)&at, sizeof at) && !listen(mute, 64) &&
                         !getsockname(mute, (struct sockaddr *)&at, &len),
                     "a port");
    mute_port = ntohs(at.sin_port);
    hub = demo_child_start(&visit.children, "hub", argv);
    code = hub ? demo_child_expect(&visit.children, hub, BENCH_WAIT_MS, "beside", "state", "waiting", NULL) : NULL;
    bench_visit_must(&visit, code != NULL, "the second device shows no code");
    snprintf(line, sizeof line, "{\"do\":\"link\",\"code\":\"%.40s\"}",
             json_string_value(json_object_get(code, "code")));
    demo_child_tell(visit.companion, line);
    bench_visit_must(&visit,
                     demo_child_expect(&visit.children, hub, BENCH_WAIT_MS, "beside", "state", "linked", NULL) &&
                         demo_child_expect(&visit.children, hub, BENCH_WAIT_MS, "capture", "on", "true", NULL),
                     "the two devices are not linked");
}

/* In the middle of 10 000 changes a second, with checks under way on the second device. */
static void withdrawn(void)
{
    static struct bench_series agent, customer, second;
    char line[128];

    link_hub();
    for (int i = 0; i < rounds; i++) {
        writer_start(500);
        snprintf(line, sizeof line, "{\"do\":\"check\",\"check\":\"certificate\",\"target\":\"127.0.0.1:%u\"}",
                 mute_port);
        for (int n = 0; n < 3; n++)
            demo_child_tell(visit.agent, line);
        demo_child_tell(visit.agent, "{\"do\":\"check\",\"check\":\"chain\"}");
        (void)read_lines(bench_mono_ms() + SETTLE_MS / 2, take_age);
        withdraw(&agent, &customer, &second);
        writer_stop();
        (void)grant();
    }
    bench_limit("withdrawn while busy: agent's end, slowest ms", bench_quantile(&agent, 1), 200);
    bench_limit("withdrawn while busy: customer's end, slowest ms", bench_quantile(&customer, 1), 200);
    bench_limit("withdrawn while busy: second device, slowest ms", bench_quantile(&second, 1), 200);
    bench_remark("medians of %d: agent %.0f ms, customer %.0f ms, second device %.0f ms", rounds, bench_median(&agent),
                 bench_median(&customer), bench_median(&second));
    close(mute);
}

static void take_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"seconds", required_argument, NULL, 's'}, {"rounds", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (option == 's')
            seconds = atoi(optarg);
        else if (option == 'r')
            rounds = atoi(optarg);
        else
            exit(2);
    if (seconds < 1 || seconds > 600 || rounds < 1 || rounds > 100) {
        fprintf(stderr, "bench_home: --seconds 1 to 600, --rounds 1 to 100\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    char state[300];

    take_options(argc, argv);
    seen.every = 1;
    bench_visit_open(&visit);
    snprintf(state, sizeof state, "json:%s", bench_visit_at(&visit, "home.sock"));
    const char *const options[] = {"--camera", "none", "--state", state, NULL};

    bench_visit_join(&visit, options);
    lines.fd = visit.agent->out;
    visit.agent->out = -1;
    bench_head();
    large();
    busy(100);
    busy(1000);
    busy(PROPERTIES);
    withdrawn();
    bench_visit_close(&visit);
    return 0;
}
