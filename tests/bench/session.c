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
#include "tests/bench/visit.h"

enum { FPS = 30, CLIP_SECONDS = 4 };

static struct {
    int seconds, rounds;
    struct bench_visit visit;
} run = {.seconds = 10, .rounds = 9};

static void must(bool ok, const char *what)
{
    bench_visit_must(&run.visit, ok, what);
}

static json_t *expect(struct demo_child *child, const char *event, const char *field, const char *value)
{
    return demo_child_expect(&run.visit.children, child, BENCH_WAIT_MS, event, field, value, NULL);
}

static double number_of(const json_t *event, const char *field)
{
    return json_number_value(json_object_get(event, field));
}

static void make_clip(void)
{
    char seconds[16];
    const char *const argv[] = {"handhold-clip", "--seconds", seconds, bench_visit_at(&run.visit, "clip.y4m"), NULL};

    snprintf(seconds, sizeof seconds, "%d", CLIP_SECONDS);
    must(demo_run(run.visit.bin, argv, NULL) == 0, argv[0]);
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
    double tap = bench_visit_grant(&run.visit, "camera") + unix_ms() - bench_mono_ms();
    json_t *first = expect(run.visit.agent, "first-picture", NULL, NULL);

    must(first != NULL, "no picture comes");
    return number_of(first, "time_ms") - tap;
}

static double withdraw(void)
{
    double tap = unix_ms();
    json_t *final;

    demo_child_tell(run.visit.companion, "{\"do\":\"withdraw\",\"capability\":\"camera\"}");
    final = expect(run.visit.agent, "video", "final", "true");
    must(final != NULL, "the agent is not told of the withdrawal");
    return number_of(final, "last_picture_time_ms") - tap;
}

/* ---- costs ---- */

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

    must(!client_camera_open(bench_visit_at(&run.visit, "clip.y4m"), &camera, why) &&
             !client_camera_start(camera, 0, why) &&
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
    json_t *video = expect(run.visit.agent, "video", "final", "false");

    must(video != NULL, "the picture stopped");
    return video;
}

static void watch_flow(struct flow *flow)
{
    while (demo_child_expect(&run.visit.children, run.visit.agent, 0, "video", "final", "false", NULL))
        ; /* of rounds before */
    next_second();
    json_t *video = next_second();
    double c = demo_child_cpu_ms(run.visit.companion), r = demo_child_cpu_ms(run.visit.relay),
           a = demo_child_cpu_ms(run.visit.agent);
    double from_ms = number_of(video, "time_ms"), from_frames = number_of(video, "total_frames");
    for (int i = 0; i < run.seconds; i++) {
        video = next_second();
        const json_t *latency = json_object_get(video, "latency_ms");
        bench_add(&flow->p50_ms, number_of(latency, "p50"));
        bench_add(&flow->p95_ms, number_of(latency, "p95"));
    }
    double seconds = (number_of(video, "time_ms") - from_ms) / 1000;
    flow->companion_ms = (demo_child_cpu_ms(run.visit.companion) - c) / seconds;
    flow->relay_ms = (demo_child_cpu_ms(run.visit.relay) - r) / seconds;
    flow->agent_ms = (demo_child_cpu_ms(run.visit.agent) - a) / seconds;
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
    bench_visit_open(&run.visit);
    make_clip();
    measure_alone(&alone);
    bench_visit_join(&run.visit, (const char *const[]){"--camera", bench_visit_at(&run.visit, "clip.y4m"), NULL});
    for (int i = 0; i < run.rounds; i++) {
        bench_add(&granted, grant());
        if (i == run.rounds - 1)
            watch_flow(&flow);
        else
            demo_children_watch(&run.visit.children, 300);
        bench_add(&withdrawn, withdraw());
    }
    measure_alone(&alone);
    report(&flow, &alone, &granted, &withdrawn);
    demo_child_tell(run.visit.agent, "{\"do\":\"end\"}");
    (void)demo_child_stop(&run.visit.children, run.visit.companion, 0, BENCH_WAIT_MS);
    bench_visit_close(&run.visit);
    return 0;
}
