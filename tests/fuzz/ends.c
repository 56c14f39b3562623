/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs read: Y4M files, VP8 packets, JSON commands, typed lines, relay.ini, addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/commands.h"
#include "agent/desk/picture.h"
#include "client/companion/camera_y4m.h"
#include "client/companion/commands.h"
#include "client/companion/encode.h"
#include "client/state/sources.h"
#include "proto/host/connection.h"
#include "proto/media/receive.h"
#include "relay/serve/config.h"
#include "tests/fuzz/targets.h"

/* ---- y4m ---- */

static bool feed_y4m(const uint8_t *bytes, size_t len)
{
    struct client_y4m_header header;
    char why[CLIENT_WHY_BYTES] = "";
    char path[64];
    struct client_camera *camera;
    struct client_frame frame;

    bool parsed = !client_y4m_parse((const char *)bytes, len, &header, why);
    if (parsed)
        FUZZ_HOLDS(header.len <= len && header.width >= CLIENT_PICTURE_MIN && header.height <= CLIENT_PICTURE_MAX &&
                   header.fps_num > 0 && header.fps_den > 0 && header.frame_len > 0);
    else
        FUZZ_HOLDS(*why && memchr(why, 0, sizeof why));
    int file = memfd_create("fuzz", MFD_CLOEXEC); /* the whole file, as the camera reads it */
    FUZZ_HOLDS(file >= 0 && write(file, bytes, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    bool opened = !client_camera_open_y4m(path, &camera, why);
    if (opened) {
        FUZZ_HOLDS(parsed);
        FUZZ_READY(client_camera_start(camera, 1000, why));
        for (int64_t now = 1000; now < 2000; now += 333)
            if (client_camera_next(camera, now, &frame, why) == CLIENT_CAMERA_FRAME) {
                volatile uint8_t last =
                    frame.plane[0][(size_t)frame.stride[0] * (size_t)(frame.height - 1) + (size_t)frame.width - 1];
                (void)last;
            }
        client_camera_free(camera);
    }
    close(file);
    return opened;
}

static void seed_y4m(struct fuzz_seeds *seeds)
{
    static const char *const heads[] = {"YUV4MPEG2 W16 H16 F30:1 Ip A1:1 C420jpeg\n",
                                        "YUV4MPEG2 W18 H16 F30000:1001 C420\n"};
    uint8_t bytes[4096];

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        size_t frame = i ? 18 * 16 * 3 / 2 : 16 * 16 * 3 / 2, len = strlen(heads[i]);
        memcpy(bytes, heads[i], len);
        for (int n = 0; n < 2; n++) {
            memcpy(bytes + len, "FRAME\n", 6);
            memset(bytes + len + 6, 60 * (n + 1), frame);
            len += 6 + frame;
        }
        fuzz_seed_add(seeds, i ? "odd" : "plain", bytes, len);
    }
}

const struct fuzz_target fuzz_y4m = {"y4m", 8192, feed_y4m, seed_y4m, 0};

/* ---- picture: u16 length and packet, one after the other ---- */

static bool feed_picture(const uint8_t *bytes, size_t len)
{
    struct fuzz_bytes in = {bytes, bytes + len};
    struct agent_desk_picture *picture;
    struct agent_desk_picture_stats stats;
    int64_t now = 0;
    bool shown = false;

    FUZZ_READY(agent_desk_picture_new(&picture));
    while (fuzz_more(&in)) {
        size_t got;
        const uint8_t *at = fuzz_take_lv(&in, &got);
        uint8_t *packet = fuzz_exact(at, got);
        bool was_shown = agent_desk_picture_feed(picture, packet, got, now, now + 5) == AGENT_DESK_PICTURE_SHOWN;
        struct agent_desk_i420 last = agent_desk_picture_last(picture);
        FUZZ_HOLDS(!was_shown || (last.width >= AGENT_DESK_PICTURE_MIN && last.width <= AGENT_DESK_PICTURE_MAX &&
                                  last.height >= AGENT_DESK_PICTURE_MIN && last.height <= AGENT_DESK_PICTURE_MAX));
        if (last.width) {
            volatile uint8_t corner = last.plane[2][(size_t)last.stride[2] * (size_t)((last.height + 1) / 2 - 1) +
                                                    (size_t)((last.width + 1) / 2 - 1)];
            (void)corner;
        }
        shown |= was_shown;
        free(packet);
        now += 33;
    }
    agent_desk_picture_second(picture, now, &stats);
    agent_desk_picture_session(picture, &stats);
    agent_desk_picture_free(picture);
    return shown;
}

static void seed_picture(struct fuzz_seeds *seeds)
{
    struct client_encoder *encoder;
    struct client_packet packet;
    uint8_t *out = malloc(65536), *luma = malloc(64 * 48 * 3 / 2);
    size_t len = 0;

    FUZZ_HOLDS(out && luma);
    FUZZ_READY(client_encoder_new(&encoder, 64, 48, 30, 0));
    for (int n = 0; n < 5; n++) {
        struct client_frame frame = {.plane = {luma, luma + 64 * 48, luma + 64 * 48 * 5 / 4},
                                     .stride = {64, 32, 32},
                                     .width = 64,
                                     .height = 48,
                                     .capture_ms = 33 * n};
        for (int i = 0; i < 64 * 48 * 3 / 2; i++)
            luma[i] = (uint8_t)(i * (n + 3) / 7);
        FUZZ_READY(client_encoder_encode(encoder, &frame, n == 0, &packet));
        if (!packet.len || len + packet.len + 2 > 65536)
            continue;
        out[len] = (uint8_t)(packet.len >> 8);
        out[len + 1] = (uint8_t)packet.len;
        memcpy(out + len + 2, packet.bytes, packet.len);
        len += packet.len + 2;
        if (n == 0)
            fuzz_seed_add(seeds, "key", out, len);
    }
    fuzz_seed_add(seeds, "five", out, len);
    client_encoder_free(encoder);
    free(out);
    free(luma);
}

const struct fuzz_target fuzz_picture = {"picture", 16384, feed_picture, seed_picture, 0};

/* ---- client_command: the first byte: JSON, typed, typed with an open question ---- */

static bool feed_client_command(const uint8_t *bytes, size_t len)
{
    struct client_command command;
    char why[CLIENT_WHY_BYTES] = "";

    if (!len || memchr(bytes + 1, 0, len - 1))
        return false; /* lines are handed on without a NUL inside */
    char *line = calloc(1, len);
    FUZZ_HOLDS(line);
    memcpy(line, bytes + 1, len - 1);
    const struct client_moment moment = {
        .asked = bytes[0] % 3 == 2, .still = bytes[0] & 64 ? 7 : 0, .goodbye = (bytes[0] & 128) != 0};
    enum proto_err err = bytes[0] % 3 == 0 ? client_command_from_json(line, &command, why)
                                           : client_command_from_keys(line, &moment, &command, why);
    FUZZ_HOLDS(err ? *why && memchr(why, 0, sizeof why) : memchr(command.text, 0, sizeof command.text) != NULL);
    if (!err && command.what == CLIENT_DO_GRANT &&
        bytes[0] % 3) /* nothing but a whole yes to an open question grants */
        FUZZ_HOLDS(bytes[0] % 3 == 2 && (strchr(line, 'y') || strchr(line, 'Y')));
    free(line);
    return !err;
}

static void seed_client_command(struct fuzz_seeds *seeds)
{
    static const char *const lines[] = {"{\"do\":\"grant\",\"capability\":\"camera\"}",
                                        "{\"do\":\"refuse\",\"capability\":\"device-state\"}",
                                        "{\"do\":\"withdraw\",\"capability\":\"camera\"}",
                                        "{\"do\":\"pause\"}",
                                        "{\"do\":\"resume\"}",
                                        "{\"do\":\"check-words\",\"match\":true}",
                                        "{\"do\":\"chat\",\"text\":\"gr\\u00fc\\u00df dich\"}",
                                        "{\"do\":\"send\",\"still\":1}",
                                        "{\"do\":\"end\"}"};
    static const char *const typed[] = {"w camera", "w", "p", "r", "words yes", "say yes", "hello there", "q", "?"};
    char name[16];

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(name, sizeof name, "json-%zu", i);
        fuzz_seed_add_as(seeds, name, 0, lines[i], strlen(lines[i]));
    }
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        snprintf(name, sizeof name, "typed-%zu", i);
        fuzz_seed_add_as(seeds, name, 1, typed[i], strlen(typed[i]));
    }
    fuzz_seed_add_as(seeds, "yes", 2, "y", 1);
    fuzz_seed_add_as(seeds, "no", 2, "no", 2);
}

const struct fuzz_target fuzz_client_command = {"client_command", 4096, feed_client_command, seed_client_command, 0};

/* ---- state_line: several lines into one model ---- */

static bool take_property(void *context, const struct client_state_property *property)
{
    (void)property;
    ++*(size_t *)context;
    return true;
}

static bool take_device(void *context, const struct client_state_device *device)
{
    (void)device;
    ++*(size_t *)context;
    return true;
}

static bool feed_state_line(const uint8_t *bytes, size_t len)
{
    struct client_state_model *model;
    char why[CLIENT_STATE_WHY_BYTES];
    bool all = len > 0;
    size_t told = 0;
    const struct proto_now now = {1000, 1767225600000};
    const struct client_state_sink sink = {take_device, take_property, &told};

    FUZZ_READY(client_state_model_new(&model));
    while (len) {
        const uint8_t *end = memchr(bytes, '\n', len);
        size_t line_len = end ? (size_t)(end - bytes) : len;
        char *line = (char *)fuzz_exact(bytes, line_len);
        why[0] = 0;
        bool taken = !client_state_json_line(line, line_len, now, model, why);
        FUZZ_HOLDS(taken || (*why && memchr(why, 0, sizeof why)));
        all &= taken;
        free(line);
        bytes += line_len + (end != NULL);
        len -= line_len + (end != NULL);
    }
    FUZZ_HOLDS(client_state_model_devices(model) <= CLIENT_STATE_DEVICES_MAX);
    FUZZ_HOLDS(client_state_model_properties(model) <= CLIENT_STATE_PROPERTIES_MAX);
    FUZZ_HOLDS(client_state_model_flush(model, &sink) == told);
    client_state_model_free(model);
    return all;
}

static void seed_state_line(struct fuzz_seeds *seeds)
{
    static const char lines[] =
        "{\"device\":\"hub\",\"kind\":\"hub\",\"maker\":\"Acme\",\"model\":\"H2\",\"firmware\":\"1.4.2\"}\n"
        "{\"device\":\"hub\",\"property\":\"temperature\",\"value\":41.5,\"unit\":\"\u00b0C\"}\n"
        "{\"device\":\"hub\",\"property\":\"online\",\"value\":true}\n";

    fuzz_seed_add(seeds, "hub", lines, sizeof lines - 1);
}

const struct fuzz_target fuzz_state_line = {"state_line", 8192, feed_state_line, seed_state_line, 0};

/* ---- agent_command: the first byte: JSON, or a list of capabilities ---- */

static bool feed_agent_command(const uint8_t *bytes, size_t len)
{
    struct agent_command command;
    enum proto_capability order[PROTO_CAPABILITY_COUNT];
    size_t count = 0;
    char why[AGENT_WHY_BYTES] = "";

    if (!len || memchr(bytes + 1, 0, len - 1))
        return false;
    char *line = calloc(1, len);
    FUZZ_HOLDS(line);
    memcpy(line, bytes + 1, len - 1);
    enum proto_err err = bytes[0] & 1 ? agent_capabilities_parse(line, order, &count, why)
                                      : agent_command_from_json(line, &command, why);
    FUZZ_HOLDS(!err || (*why && memchr(why, 0, sizeof why)));
    if (!err && !(bytes[0] & 1)) {
        FUZZ_HOLDS(command.pairs <= AGENT_DESK_POINTS_MAX && memchr(command.text, 0, sizeof command.text));
        for (size_t i = 0; i < 2 * command.pairs; i++)
            FUZZ_HOLDS(command.points[i] >= 0 && command.points[i] <= 1);
    }
    FUZZ_HOLDS(count < PROTO_CAPABILITY_COUNT);
    free(line);
    return !err;
}

static void seed_agent_command(struct fuzz_seeds *seeds)
{
    static const char *const lines[] = {
        "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"to see the lamp\"}",
        "{\"do\":\"chat\",\"text\":\"hello\"}",
        "{\"do\":\"point\",\"x\":0.25,\"y\":0.75}",
        "{\"do\":\"draw\",\"shape\":\"arrow\",\"points\":[[0.1,0.2],[0.3,0.4]]}",
        "{\"do\":\"clear\"}",
        "{\"do\":\"freeze\"}",
        "{\"do\":\"wrong-person\"}",
        "{\"do\":\"still\"}",
        "{\"do\":\"end\"}"};
    char name[16];

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(name, sizeof name, "json-%zu", i);
        fuzz_seed_add_as(seeds, name, 0, lines[i], strlen(lines[i]));
    }
    fuzz_seed_add_as(seeds, "list", 1, "camera,device-state", 19);
}

const struct fuzz_target fuzz_agent_command = {"agent_command", 16384, feed_agent_command, seed_agent_command, 0};

/* ---- url: where a relay is, as typed ---- */

static bool feed_url(const uint8_t *bytes, size_t len)
{
    struct host_url url;
    char *text = calloc(1, len + 1);

    FUZZ_HOLDS(text);
    if (len)
        memcpy(text, bytes, len);
    bool parsed = !host_url_parse(&url, text);
    FUZZ_HOLDS(parsed ? url.host[0] && url.port && url.path[0] == '/' : !url.host[0]);
    free(text);
    return parsed;
}

static void seed_url(struct fuzz_seeds *seeds)
{
    static const char *const urls[] = {"https://help.example.org", "wss://127.0.0.1:8443/s", "https://[::1]:443/x/y"};

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        fuzz_seed_add(seeds, (const char[]){'u', (char)('0' + i), 0}, urls[i], strlen(urls[i]));
}

const struct fuzz_target fuzz_url = {"url", 1024, feed_url, seed_url, 0};

/* ---- relay_ini: the operator's file ---- */

/* In the place of relay/serve/report.c, which prints: what was found must be a sentence with an end. */
void serve_report_add(struct serve_report *report, enum serve_level level, const char *value, const char *finding,
                      const char *way_out)
{
    FUZZ_HOLDS(strlen(value) < 8192 && strlen(finding) < 8192 && (!way_out || strlen(way_out) < 8192));
    report->errors += level == SERVE_ERROR;
}

static bool feed_relay_ini(const uint8_t *bytes, size_t len)
{
    struct serve_config config;
    struct serve_report report = {0};
    char path[64];
    int file = memfd_create("relay.ini", MFD_CLOEXEC);

    FUZZ_HOLDS(file >= 0 && write(file, bytes, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    serve_config_defaults(&config);
    bool read = serve_config_read(&config, path, &report);
    close(file);
    FUZZ_HOLDS(read == (report.errors == 0));
    FUZZ_HOLDS(memchr(config.host, 0, sizeof config.host) && memchr(config.listen, 0, sizeof config.listen));
    FUZZ_HOLDS(config.limits.connections >= 0 && config.limits.queue_bytes >= 0 && config.drain_s >= 0);
    return read;
}

static void seed_relay_ini(struct fuzz_seeds *seeds)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    FUZZ_HOLDS(out);
    serve_config_print(out);
    fclose(out);
    fuzz_seed_add(seeds, "sample", text, len);
    for (char *at = text; (at = strstr(at, "\n;")); at++) /* every setting, set */
        if (at[2] != ' ')
            at[1] = ' ';
    fuzz_seed_add(seeds, "all", text, len);
    free(text);
}

const struct fuzz_target fuzz_relay_ini = {"relay_ini", 16384, feed_relay_ini, seed_relay_ini, 0};

/* ---- layers: the clear headers and counters of a stream as a relay may let them through ---- */

static bool feed_layers(const uint8_t *bytes, size_t len)
{
    struct fuzz_bytes in = {bytes, bytes + len};
    struct proto_replay replay = {0};
    struct proto_layers layers = {0};
    bool passed = false;
    uint64_t counter = 0;

    while (fuzz_more(&in)) {
        uint8_t how = fuzz_u8(&in);
        struct proto_media_header header = {
            .flags = how & PROTO_MEDIA_FLAGS, .src = 1, .stream = 1, .tid = how >> 5, .tl0 = fuzz_u8(&in)};
        counter = how & 1 ? counter + fuzz_u8(&in) : counter - fuzz_u8(&in);
        if (!proto_replay_fresh(&replay, counter))
            continue;
        proto_replay_take(&replay, counter);
        FUZZ_HOLDS(!proto_replay_fresh(&replay, counter)); /* nothing is taken twice */
        enum proto_layers_verdict verdict = proto_layers_take(&layers, &header, counter);
        FUZZ_HOLDS(verdict != PROTO_LAYERS_PASS || passed ||
                   header.flags & PROTO_MEDIA_KEY); /* a key frame comes first */
        passed |= verdict == PROTO_LAYERS_PASS;
    }
    return passed;
}

static void seed_layers(struct fuzz_seeds *seeds)
{
    static const uint8_t stream[] = {PROTO_MEDIA_KEY, 0, 0, 2 << 5 | 1, 0, 1, 1 << 5 | 1, 0, 1, 1, 1, 1};

    fuzz_seed_add(seeds, "stream", stream, sizeof stream);
}

const struct fuzz_target fuzz_layers = {"layers", 512, feed_layers, seed_layers, 0};
