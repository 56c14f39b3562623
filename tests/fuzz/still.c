/* SPDX-License-Identifier: Apache-2.0 */
/* A photo that a customer's end sent: its header is held to what was announced before anything is decoded. */
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/stills.h"
#include "client/companion/photo.h"
#include "tests/fuzz/targets.h"

enum { SIDE = 24 };

/* The first byte says which type was announced; the size is always the same small one. */
static bool feed_still(const uint8_t *bytes, size_t len)
{
    if (len < 2)
        return false;
    uint8_t *file = fuzz_exact(bytes + 1, len - 1), *rgb = NULL;
    const struct proto_still still = {file, len - 1, SIDE, SIDE, bytes[0] & 1 ? "image/png" : "image/jpeg"};
    enum proto_err checked = agent_desk_still_check(&still), err = agent_desk_still_decode(&still, &rgb);

    FUZZ_HOLDS(!checked || checked == PROTO_ERR_FORMAT || checked == PROTO_ERR_RANGE);
    FUZZ_HOLDS(!err == (rgb != NULL));
    if (!err) {
        FUZZ_HOLDS(!checked);
        volatile uint8_t last = rgb[SIDE * SIDE * 3 - 1];
        (void)last;
    }
    free(rgb);
    free(file);
    return !err;
}

static void seed_still(struct fuzz_seeds *seeds)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .width = SIDE, .height = SIDE, .format = PNG_FORMAT_GRAY};
    png_alloc_size_t png_bytes = 8192 - 1;
    uint8_t luma[SIDE * SIDE], chroma[SIDE * SIDE / 4], bytes[8192] = {0};
    const struct client_frame frame = {{luma, chroma, chroma}, {SIDE, SIDE / 2, SIDE / 2}, SIDE, SIDE, 0};
    struct proto_buf file;

    for (size_t i = 0; i < sizeof luma; i++)
        luma[i] = (uint8_t)(i * 5);
    memset(chroma, 120, sizeof chroma);
    proto_buf_init(&file, sizeof bytes - 1);
    FUZZ_READY(client_photo_encode(&frame, &file));
    memcpy(bytes + 1, file.bytes, file.len);
    fuzz_seed_add(seeds, "jpeg", bytes, file.len + 1);
    bytes[0] = 1;
    FUZZ_READY(!png_image_write_to_memory(&image, bytes + 1, &png_bytes, 0, luma, 0, NULL));
    fuzz_seed_add(seeds, "png", bytes, png_bytes + 1);
    proto_buf_free(&file);
}

const struct fuzz_target fuzz_still = {"still", 8192, feed_still, seed_still, 0};
