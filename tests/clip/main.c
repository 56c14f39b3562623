/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-clip - writes the sample clip: a Y4M file that looks as if a customer held a camera on a router. */
#include "agent/desk/draw.h"
#include "tests/clip/clip.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wish {
    int width, height, fps, seconds, picture;
    unsigned seed;
    bool hurry;
    const char *png, *file;
};

static const struct option options[] = {
    {"size", required_argument, NULL, 's'},    {"fps", required_argument, NULL, 'f'},
    {"seconds", required_argument, NULL, 't'}, {"seed", required_argument, NULL, 'd'},
    {"hurry", no_argument, NULL, 'y'},         {"png", required_argument, NULL, 'p'},
    {"picture", required_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},       {NULL, 0, NULL, 0},
};

static const char help[] = "usage: handhold-clip [OPTIONS] FILE.y4m\n"
                           "Writes a clip as a hand-held camera takes it: a router with blinking lights on a table.\n"
                           "Each picture carries its own number in the bottom left corner.\n"
                           "  --size WxH      pixels, 96 to 4096 a side (1280x720)\n"
                           "  --fps N         pictures a second, 1 to 120 (30)\n"
                           "  --seconds N     length, 1 to 3600 (10)\n"
                           "  --seed N        another scene of the same kind (1)\n"
                           "  --hurry         a hand that is in a hurry, in poor light: needs twice the bits\n"
                           "  --png FILE      write one picture as PNG instead (no FILE.y4m)\n"
                           "  --picture N     which (0)\n"
                           "  --help, --version\n";

static bool number(const char *name, const char *text, long least, long most, int *out)
{
    char *end;
    long n;

    errno = 0;
    n = strtol(text, &end, 10);
    if (errno || *end || end == text || n < least || n > most) {
        fprintf(stderr, "handhold-clip: --%s %s: it must be a whole number from %ld to %ld\n", name, text, least, most);
        return false;
    }
    *out = (int)n;
    return true;
}

static bool size(const char *text, struct wish *w)
{
    char copy[32];
    char *x;

    snprintf(copy, sizeof copy, "%s", text);
    x = strchr(copy, 'x');
    if (!x || strlen(text) >= sizeof copy) {
        fprintf(stderr, "handhold-clip: --size %s: it must be WIDTHxHEIGHT, for example 1280x720\n", text);
        return false;
    }
    *x = '\0';
    return number("size", copy, CLIP_SIDE_MIN, CLIP_SIDE_MAX, &w->width) &&
           number("size", x + 1, CLIP_SIDE_MIN, CLIP_SIDE_MAX, &w->height);
}

/* 0: go on; else leave with this exit code, less one. */
static int read_options(int argc, char **argv, struct wish *w)
{
    int c, n = 1;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        bool good = c == 's'   ? size(optarg, w)
                    : c == 'f' ? number("fps", optarg, 1, 120, &w->fps)
                    : c == 't' ? number("seconds", optarg, 1, 3600, &w->seconds)
                    : c == 'd' ? number("seed", optarg, 0, 1000000, &n)
                    : c == 'n' ? number("picture", optarg, 0, 1000000, &w->picture)
                               : c != '?';

        if (!good)
            return 3;
        if (c == 'd')
            w->seed = (unsigned)n;
        if (c == 'p')
            w->png = optarg;
        if (c == 'y')
            w->hurry = true;
        if (c == 'h' || c == 'v') {
            fputs(c == 'h' ? help : "handhold-clip " HANDHOLD_VERSION "\n", stdout);
            return 1;
        }
    }
    w->file = optind < argc ? argv[optind++] : NULL;
    if (optind == argc && !w->file != !w->png)
        return 0;
    fprintf(stderr, "handhold-clip: give one FILE.y4m, or --png FILE; see --help\n");
    return 3;
}

static int failed(const char *path)
{
    fprintf(stderr, "handhold-clip: %s: it cannot be written: %s; check the folder, its rights and its space\n", path,
            strerror(errno));
    return 1;
}

static int write_clip(struct clip *clip, const struct wish *w, uint8_t *frame)
{
    FILE *file = fopen(w->file, "wb");
    bool good;

    if (!file)
        return failed(w->file);
    good = fprintf(file, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n", w->width, w->height, w->fps) > 0;
    for (int i = 0; good && i < w->fps * w->seconds; i++) {
        clip_frame(clip, (uint32_t)i, frame);
        good = fputs("FRAME\n", file) >= 0 && fwrite(frame, clip_frame_bytes(clip), 1, file) == 1;
    }
    if (fclose(file) != 0 || !good)
        return failed(w->file);
    return 0;
}

static int write_png(struct clip *clip, const struct wish *w, uint8_t *frame)
{
    int half_w = (w->width + 1) / 2, half_h = (w->height + 1) / 2;
    uint8_t *u = frame + (size_t)w->width * (size_t)w->height, *v = u + (size_t)half_w * (size_t)half_h;
    struct agent_desk_i420 picture = {{frame, u, v}, {w->width, half_w, half_w}, w->width, w->height};
    struct agent_desk_raster raster = {0};
    int rc = 0;

    clip_frame(clip, (uint32_t)w->picture, frame);
    if (agent_desk_raster_from_i420(&raster, &picture) != PROTO_OK ||
        agent_desk_raster_png(&raster, w->png) != PROTO_OK)
        rc = failed(w->png);
    agent_desk_raster_clear(&raster);
    return rc;
}

int main(int argc, char **argv)
{
    struct wish w = {.width = 1280, .height = 720, .fps = 30, .seconds = 10, .seed = 1};
    int leave = read_options(argc, argv, &w), rc = 1;
    struct clip *clip;
    uint8_t *frame = NULL;

    if (leave)
        return leave - 1;
    clip = clip_new(w.width, w.height, w.fps, w.seed);
    if (clip && w.hurry)
        clip_hurry(clip);
    if (clip)
        frame = malloc(clip_frame_bytes(clip));
    if (frame)
        rc = w.png ? write_png(clip, &w, frame) : write_clip(clip, &w, frame);
    else
        fprintf(stderr, "handhold-clip: memory ran out; choose a smaller --size\n");
    free(frame);
    clip_free(clip);
    return rc;
}
