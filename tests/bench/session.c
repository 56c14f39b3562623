/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_session - companion, relay and agent as real processes on 1280x720 at 30 a second.
 *
 *     bench_session [--seconds N] [--rounds N]
 *
 * Costs are CPU of the processes while the picture flows; encoding and decoding alone are measured in this process on
 * the same clip with the same code. Latency is what the agent measures, from capture to decoded, against encode and
 * decode of one picture after another in one process plus one frame interval. Grant and withdrawal are medians of
 * several rounds.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/desk/picture.h"
#include "client/companion/encode.h"
#include "tests/bench/bench.h"
#include "tests/demo/child.h"

enum { WAIT_MS = 15000, FPS = 30, CLIP_SECONDS = 4 };

static struct run {
    char bin[512], work[64];
    int seconds, rounds;
    struct demo_children children;
    struct demo_child *relay, *agent, *companion; /* borrowed from children */
    char staff_url[256], link[512];
} run = {.seconds = 10, .rounds = 9};

/* ---- a throw-away organisation ---- */

static const char *at(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", run.work, name);
    return path;
}

static void clear(void)
{
    const char *const remove[] = {"/bin/rm", "-rf", run.work, NULL};

    demo_children_clear(&run.children);
    if (run.work[0])
        (void)demo_run(run.bin, remove, NULL);
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    clear();
    bench_cannot("%s", what);
}

static void do_run(const char *const *argv)
{
    char *said = NULL;
    bool ok = demo_run(run.bin, argv, &said) == 0;

    if (!ok)
        fprintf(stderr, "%s", said ? said : "");
    free(said);
    must(ok, argv[0]);
}

static void found_organisation(void)
{
    const char *const init[] = {"handhold-certs", "init", "--dir", at("org"), "--org", "Bench", NULL};
    const char *const relay[] = {"handhold-certs", "issue", "--dir", at("org"), "relay", "--host", "localhost", NULL};
    const char *const agent[] = {"handhold-certs", "issue", "--dir",  at("org"), "agent",
                                 "--id",           "ana",   "--name", "Ana",     NULL};
    const char *const export[] = {"handhold-certs", "export-relay", "--dir", at("org"), "-o", at("relay.tar"), NULL};
    const char *const unpack[] = {"/bin/tar", "-xpf", at("relay.tar"), "-C", at("relay"), NULL};
    char seconds[16];
    const char *const clip[] = {"handhold-clip", "--seconds", seconds, at("clip.y4m"), NULL};

    snprintf(seconds, sizeof seconds, "%d", CLIP_SECONDS);
    do_run(init);
    do_run(relay);
    do_run(agent);
    do_run(export);
    must(mkdir(at("relay"), 0700) == 0, "a folder for the relay");
    do_run(unpack);
    do_run(clip);
}

static const char *text_of(const json_t *event, const char *field)
{
    const char *text = json_string_value(json_object_get(event, field));

    return text ? text : "";
}

static double number_of(const json_t *event, const char *field)
{
    return json_number_value(json_object_get(event, field));
}

static void start_relay(void)
{
    const char *const argv[] = {"handhold-relay", "--dir",       at("relay"), "--listen", "127.0.0.1:0",
                                "--staff-listen", "127.0.0.1:0", "--json",    NULL};
    json_t *ready;

    run.relay = demo_child_start(&run.children, "relay", argv);
    ready = run.relay ? demo_child_expect(&run.children, run.relay, WAIT_MS, "ready", NULL) : NULL;
    must(ready != NULL, "the relay does not start");
    snprintf(run.staff_url, sizeof run.staff_url, "%s", text_of(ready, "staff"));
}

static void start_ends(void)
{
    const char *const agent[] = {"handhold-agent", "--headless",        "--json", "--relay",           run.staff_url,
                                 "--identity",     at("org/staff/ana"), "--ca",   at("org/ca/ca.crt"), NULL};
    json_t *invite;

    run.agent = demo_child_start(&run.children, "agent", agent);
    invite = run.agent ? demo_child_expect(&run.children, run.agent, WAIT_MS, "invite", NULL) : NULL;
    must(invite != NULL, "the agent does not invite");
    snprintf(run.link, sizeof run.link, "%s", text_of(invite, "link"));
    const char *const companion[] = {"handhold-client", "--json",       "--ca",   at("org/ca/ca.crt"),
                                     "--camera",        at("clip.y4m"), run.link, NULL};
    run.companion = demo_child_start(&run.children, "companion", companion);
    must(run.companion && demo_child_expect(&run.children, run.companion, WAIT_MS, "joined", NULL) &&
             demo_child_expect(&run.children, run.agent, WAIT_MS, "joined", NULL),
         "the two ends do not meet");
}

/* ---- grant and withdrawal ---- */

static double unix_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double grant(void)
{
    double tap;
    json_t *first;

    demo_child_tell(run.agent, "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"To measure\"}");
    must(demo_child_expect(&run.children, run.companion, WAIT_MS, "consent", "capability", "camera", "state",
                           "requested", NULL) != NULL,
         "the customer is not asked");
    tap = unix_ms();
    demo_child_tell(run.companion, "{\"do\":\"grant\",\"capability\":\"camera\"}");
    first = demo_child_expect(&run.children, run.agent, WAIT_MS, "first-picture", NULL);
    must(first != NULL, "no picture comes");
    return number_of(first, "time_ms") - tap;
}

static double withdraw(void)
{
    double tap = unix_ms();
    json_t *final;

    demo_child_tell(run.companion, "{\"do\":\"withdraw\",\"capability\":\"camera\"}");
    final = demo_child_expect(&run.children, run.agent, WAIT_MS, "video", "final", "true", NULL);
    must(final != NULL, "the agent is not told of the withdrawal");
    return number_of(final, "last_picture_time_ms") - tap;
}

/* ---- costs ---- */

static double cpu_ms(const struct demo_child *child)
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

struct alone {
    double encode_ms, decode_ms; /* CPU of one picture */
    struct bench_series wall_ms; /* encode and decode */
};

/* Encode and decode of the clip in this process, picture after picture. */
static void measure_alone(struct alone *alone)
{
    char why[CLIENT_WHY_BYTES];
    struct client_camera *camera;
    struct client_encoder *encoder;
    struct agent_desk_picture *picture;
    struct client_frame frame;
    struct client_packet packet;
    double encode = 0, decode = 0;
    int frames = 0;

    must(!client_camera_open(at("clip.y4m"), &camera, why) && !client_camera_start(camera, 0, why) &&
             !client_encoder_new(&encoder, camera->width, camera->height, FPS, 0) && !agent_desk_picture_new(&picture),
         "the clip cannot be encoded here");
    for (int64_t now = 0; frames < CLIP_SECONDS * FPS; now++) {
        if (client_camera_next(camera, now, &frame, why) != CLIENT_CAMERA_FRAME)
            continue;
        double wall = bench_wall_us(), cpu = bench_cpu_us();
        must(!client_encoder_encode(encoder, &frame, false, &packet), "the encoder refuses a picture");
        encode += bench_cpu_us() - cpu;
        cpu = bench_cpu_us();
        if (packet.len)
            (void)!agent_desk_picture_feed(picture, packet.bytes, packet.len, now, now);
        decode += bench_cpu_us() - cpu;
        bench_add(&alone->wall_ms, (bench_wall_us() - wall) / 1000);
        frames++;
    }
    alone->encode_ms = encode / 1000 / frames;
    alone->decode_ms = decode / 1000 / frames;
    agent_desk_picture_free(picture);
    client_encoder_free(encoder);
    client_camera_free(camera);
}

struct flow {
    double companion_ms, relay_ms, agent_ms; /* CPU of a second */
    double fps;
    struct bench_series p50_ms, p95_ms;
};

static json_t *next_second(void)
{
    json_t *video = demo_child_expect(&run.children, run.agent, WAIT_MS, "video", "final", "false", NULL);

    must(video != NULL, "the picture stopped");
    return video;
}

static void watch_flow(struct flow *flow)
{
    while (demo_child_expect(&run.children, run.agent, 0, "video", "final", "false", NULL))
        ; /* of rounds before */
    next_second();
    json_t *video = next_second();
    double c = cpu_ms(run.companion), r = cpu_ms(run.relay), a = cpu_ms(run.agent);
    double from_ms = number_of(video, "time_ms"), from_frames = number_of(video, "total_frames");
    for (int i = 0; i < run.seconds; i++) {
        video = next_second();
        const json_t *latency = json_object_get(video, "latency_ms");
        bench_add(&flow->p50_ms, number_of(latency, "p50"));
        bench_add(&flow->p95_ms, number_of(latency, "p95"));
    }
    double seconds = (number_of(video, "time_ms") - from_ms) / 1000;
    flow->companion_ms = (cpu_ms(run.companion) - c) / seconds;
    flow->relay_ms = (cpu_ms(run.relay) - r) / seconds;
    flow->agent_ms = (cpu_ms(run.agent) - a) / seconds;
    flow->fps = (number_of(video, "total_frames") - from_frames) / seconds;
}

/* ---- the table ---- */

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static void report(struct flow *flow, struct alone *alone, struct bench_series *granted, struct bench_series *withdrawn)
{
    double encode = alone->encode_ms * flow->fps, decode = alone->decode_ms * flow->fps;
    double companion = larger(0, flow->companion_ms - encode), agent = larger(0, flow->agent_ms - decode);
    double other = larger(larger(companion, agent), larger(flow->relay_ms, decode));
    double peer = bench_median(&alone->wall_ms);

    bench_head();
    bench_limit("720p30: pictures missing, of 1000", larger(0, 1000 * (1 - flow->fps / FPS)), 20);
    bench_against("720p30: largest cost but encoding, ms CPU / s", other, encode);
    bench_remark("ms of CPU a second: encode %.0f, companion besides %.0f, relay %.0f, decode %.0f, agent besides %.0f",
                 encode, companion, flow->relay_ms, decode, agent);
    bench_against("capture to decoded, p50 ms (peer + 1 frame)", bench_median(&flow->p50_ms), peer + 1000.0 / FPS);
    bench_remark(
        "encode and decode alone: p50 %.1f ms (noise %.0f %%); capture to decoded p95 %.1f ms, %.1f pictures a second",
        peer, 100 * bench_noise(&alone->wall_ms), bench_median(&flow->p95_ms), flow->fps);
    bench_limit("grant to first decoded picture, ms", bench_median(granted), 300);
    bench_remark("grant: slowest of %zu rounds %.0f ms", granted->count, bench_quantile(granted, 1));
    bench_limit("withdrawal to last picture accepted, ms", larger(0, bench_median(withdrawn)), 100);
    bench_remark("withdrawal: slowest of %zu rounds %.0f ms", withdrawn->count,
                 larger(0, bench_quantile(withdrawn, 1)));
}

static void take_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"seconds", required_argument, NULL, 's'}, {"rounds", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (option == 's')
            run.seconds = atoi(optarg);
        else if (option == 'r')
            run.rounds = atoi(optarg);
        else
            exit(2);
    if (run.seconds < 1 || run.seconds > 600 || run.rounds < 1 || run.rounds > 100) {
        fprintf(stderr, "bench_session: --seconds 1 to 600, --rounds 1 to 100\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static struct flow flow;
    static struct alone alone;
    static struct bench_series granted, withdrawn;

    take_options(argc, argv);
    ssize_t len = readlink("/proc/self/exe", run.bin, sizeof run.bin - 1);
    must(len > 0, "where this program is");
    run.bin[len] = 0;
    *strrchr(run.bin, '/') = 0;
    snprintf(run.work, sizeof run.work, "/tmp/handhold-bench-XXXXXX");
    must(mkdtemp(run.work) != NULL, "a temporary folder");
    run.children = (struct demo_children){.bin = run.bin, .folder = run.work};
    found_organisation();
    measure_alone(&alone);
    start_relay();
    start_ends();
    for (int i = 0; i < run.rounds; i++) {
        bench_add(&granted, grant());
        if (i == run.rounds - 1)
            watch_flow(&flow);
        else
            demo_children_watch(&run.children, 300);
        bench_add(&withdrawn, withdraw());
    }
    measure_alone(&alone);
    report(&flow, &alone, &granted, &withdrawn);
    demo_child_tell(run.agent, "{\"do\":\"end\"}");
    (void)demo_child_stop(&run.children, run.companion, 0, WAIT_MS);
    clear();
    return 0;
}
