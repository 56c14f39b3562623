/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_bare send HOST PORT CLIP KBPS | line_bare receive HOST PORT STATS - the least that carries a picture: the
 * companion's camera and encoder, a TCP connection, libvpx. Nothing is sealed, nobody is between, nothing follows the
 * line. What Handhold adds is measured beside it (bench_line, sender `bare`).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

#include "client/companion/camera_y4m.h"
#include "client/companion/encode.h"

enum { FRAME_MAX = 4 << 20, FPS = 30 };

struct header {
    int64_t captured_ms;
    uint32_t obj, len;
};

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void cannot(const char *what)
{
    fprintf(stderr, "line_bare: %s\n", what);
    exit(1);
}

static int open_socket(const char *host, const char *port, bool listens)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, one = -1;

    inet_pton(AF_INET, host, &at.sin_addr);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listens) {
        if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 1) || (one = accept(fd, NULL, NULL)) < 0)
            cannot("nobody can connect");
        close(fd);
        fd = one;
    } else {
        for (int i = 0; connect(fd, (struct sockaddr *)&at, sizeof at); i++) {
            if (i == 100)
                cannot("nobody answers");
            (void)poll(NULL, 0, 50);
        }
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static bool all(int fd, void *bytes, size_t len, bool out)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = out ? write(fd, (char *)bytes + done, len - done) : read(fd, (char *)bytes + done, len - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static int send_pictures(const char *host, const char *port, const char *clip, int kbps)
{
    static uint8_t bytes[sizeof(struct header) + FRAME_MAX];
    struct client_camera *camera;
    struct client_encoder *encoder;
    struct client_frame frame;
    struct client_packet packet;
    struct header header = {0};
    char why[CLIENT_WHY_BYTES];

    if (client_camera_open_y4m(clip, &camera, why) || client_camera_start(camera, mono_ms(), why))
        cannot(why);
    if (client_encoder_new(&encoder, camera->width, camera->height, FPS, kbps))
        cannot("no encoder");
    int fd = open_socket(host, port, false);
    for (;;) {
        int64_t wait = camera->deadline_ms - mono_ms();
        (void)poll(NULL, 0, wait > 0 ? (int)wait : 0);
        if (client_camera_next(camera, mono_ms(), &frame, why) != CLIENT_CAMERA_FRAME)
            continue;
        if (client_encoder_encode(encoder, &frame, false, &packet))
            cannot("the encoder refused a picture");
        if (!packet.len || packet.len > FRAME_MAX)
            continue;
        header = (struct header){packet.capture_ms, header.obj + 1, (uint32_t)packet.len};
        memcpy(bytes, &header, sizeof header);
        memcpy(bytes + sizeof header, packet.bytes, packet.len);
        if (!all(fd, bytes, sizeof header + packet.len, true))
            return 0; /* the other end has had enough */
    }
}

static int receive_pictures(const char *host, const char *port, const char *stats)
{
    static uint8_t bytes[FRAME_MAX];
    FILE *out = fopen(stats, "we");
    vpx_codec_ctx_t codec;
    struct header header;

    if (!out || vpx_codec_dec_init(&codec, vpx_codec_vp8_dx(), NULL, 0) != VPX_CODEC_OK)
        cannot("no decoder, or no file for the figures");
    int fd = open_socket(host, port, true);
    while (all(fd, &header, sizeof header, false) && header.len <= FRAME_MAX && all(fd, bytes, header.len, false)) {
        vpx_codec_iter_t at = NULL;
        const vpx_image_t *image;
        if (vpx_codec_decode(&codec, bytes, header.len, NULL, 0) != VPX_CODEC_OK ||
            !(image = vpx_codec_get_frame(&codec, &at)))
            continue;
        fprintf(out, "{\"obj\":%u,\"bytes\":%u,\"width\":%u,\"height\":%u,\"captured_ms\":%lld,\"decoded_ms\":%lld}\n",
                header.obj, header.len, image->d_w, image->d_h, (long long)header.captured_ms, (long long)mono_ms());
        fflush(out);
        if (header.obj == 1)
            printf("{\"event\":\"first-picture\"}\n");
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && !strcmp(argv[1], "send"))
        return send_pictures(argv[2], argv[3], argv[4], atoi(argv[5]));
    if (argc == 5 && !strcmp(argv[1], "receive"))
        return receive_pictures(argv[2], argv[3], argv[4]);
    fprintf(stderr, "line_bare: send HOST PORT CLIP KBPS, or receive HOST PORT STATS\n");
    return 2;
}
