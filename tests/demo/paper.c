/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/demo/paper.h"

#include <png.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/desk/draw.h"
#include "client/companion/camera.h"
#include "proto/host/files.h"

#define COLUMNS 80
#define GAP_PX 24
#define SEALED_BYTES (1u << 20)

static bool colour(void)
{
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

void paper_heading(const char *format, ...)
{
    static int number;
    va_list args;

    printf(colour() ? "\n\033[1m%2d  " : "\n%2d  ", ++number);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf(colour() ? "\033[0m\n" : "\n");
    fflush(stdout);
}

/* Width in columns: one a character. */
static int width_of(const char *text, size_t len)
{
    int n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* Words from column `indent` on, broken before COLUMNS. */
static void put_words(const char *text, int indent)
{
    int at = indent;
    bool first = true;

    while (*text) {
        size_t len = strcspn(text, " ");
        int width = width_of(text, len);

        if (!first && at + 1 + width >= COLUMNS) {
            printf("\n%*s", indent, "");
            at = indent;
            first = true;
        }
        printf("%s%.*s", first ? "" : " ", (int)len, text);
        at += width + !first;
        first = false;
        text += len + (text[len] == ' ');
    }
    putchar('\n');
    fflush(stdout);
}

void paper_line(const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    printf("    ");
    put_words(text, 4);
}

void paper_item(const char *label, const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    printf("    %-13s", label);
    put_words(text, 17);
}

void paper_quote(const char *text, int lines)
{
    for (int n = 0; *text && (lines == 0 || n < lines); n++) {
        size_t len = strcspn(text, "\n");

        printf("%s%.*s%s\n", colour() ? "\033[2m" : "", (int)len, text, colour() ? "\033[0m" : "");
        text += len + (text[len] == '\n');
    }
    fflush(stdout);
}

void paper_clock(char out[static 16], int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;

    localtime_r(&seconds, &tm);
    snprintf(out, 16, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(unix_ms % 1000));
}

/* ---- three pictures ---- */

static bool read_y4m(const char *path, struct agent_desk_raster *out)
{
    struct client_camera *camera = NULL;
    struct client_frame f;
    char why[CLIENT_WHY_BYTES];
    bool done = false;

    if (client_camera_open(path, &camera, why) == PROTO_OK && client_camera_start(camera, 0, why) == PROTO_OK &&
        client_camera_next(camera, 0, &f, why) == CLIENT_CAMERA_FRAME) {
        const struct agent_desk_i420 i420 = {.plane = {f.plane[0], f.plane[1], f.plane[2]},
                                             .stride = {f.stride[0], f.stride[1], f.stride[2]},
                                             .width = f.width,
                                             .height = f.height};

        done = agent_desk_raster_from_i420(out, &i420) == PROTO_OK;
    }
    client_camera_free(camera);
    return done;
}

static bool read_png(const char *path, struct agent_desk_raster *out)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    bool done;

    if (!png_image_begin_read_from_file(&image, path))
        return false;
    image.format = PNG_FORMAT_RGB;
    *out = (struct agent_desk_raster){malloc(PNG_IMAGE_SIZE(image)), (int)image.width, (int)image.height};
    done = out->rgb && png_image_finish_read(&image, NULL, out->rgb, 0, NULL);
    png_image_free(&image);
    return done;
}

static bool read_sealed(const char *path, int width, int height, struct agent_desk_raster *out)
{
    struct proto_buf bytes;
    bool done;

    proto_buf_init(&bytes, SEALED_BYTES);
    done = host_file_read(path, &bytes) == PROTO_OK && bytes.len > 0 &&
           agent_desk_raster_from_bytes(out, bytes.bytes, bytes.len, width, height) == PROTO_OK;
    proto_buf_free(&bytes);
    return done;
}

/* All three in one row at the camera's size, black between them: on a poor line the agent's picture is a smaller one.
 */
static bool compose(const struct agent_desk_raster part[static 3], struct agent_desk_raster *out)
{
    const int width = part[0].width, height = part[0].height;

    *out = (struct agent_desk_raster){.width = 3 * width + 2 * GAP_PX, .height = height};
    out->rgb = calloc((size_t)out->width * (size_t)height, 3);
    if (!out->rgb)
        return false;
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                const size_t from =
                    (size_t)(y * part[p].height / height) * (size_t)part[p].width + (size_t)(x * part[p].width / width);
                const size_t to = (size_t)y * (size_t)out->width + (size_t)(p * (width + GAP_PX) + x);

                memcpy(out->rgb + 3 * to, part[p].rgb + 3 * from, 3);
            }
    return true;
}

static void draw(const struct agent_desk_raster *row)
{
    struct proto_buf text;

    proto_buf_init(&text, 1u << 20);
    if (colour() && agent_desk_raster_blocks(row, COLUMNS - 4, &text) == PROTO_OK && !text.failed) {
        proto_buf_put_u8(&text, 0);
        printf("\n    %-25s %-25s %s\n", "the camera saw", "the agent saw", "all the relay had of it");
        for (const char *line = (const char *)text.bytes; *line;) {
            size_t len = strcspn(line, "\n");

            printf("    %.*s\n", (int)len, line);
            line += len + (line[len] == '\n');
        }
    }
    proto_buf_free(&text);
}

bool paper_pictures(const char *folder, const char *camera_y4m, const char *sealed)
{
    struct agent_desk_raster part[3] = {{0}}, row = {0};
    char agent_png[HOST_PATH_BYTES], camera_png[HOST_PATH_BYTES], relay_png[HOST_PATH_BYTES];
    bool done;

    if (!host_path(agent_png, "%s/agent.png", folder) || !host_path(camera_png, "%s/camera.png", folder) ||
        !host_path(relay_png, "%s/relay.png", folder))
        return false;
    done = read_y4m(camera_y4m, &part[0]) && read_png(agent_png, &part[1]) &&
           read_sealed(sealed, part[0].width, part[0].height, &part[2]) && compose(part, &row) &&
           agent_desk_raster_png(&part[0], camera_png) == PROTO_OK &&
           agent_desk_raster_png(&part[2], relay_png) == PROTO_OK;
    if (done)
        draw(&row);
    for (int p = 0; p < 3; p++)
        agent_desk_raster_clear(&part[p]);
    agent_desk_raster_clear(&row);
    return done;
}
