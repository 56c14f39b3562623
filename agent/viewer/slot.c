/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/slot.h"

#include <libyuv.h>
#include <sodium.h>

#include "agent/viewer/measure.h"

#define SPARE_MAX 4u

struct viewer_pixels {
    struct viewer_pool *pool; /* a reference, held while the buffer is out */
    uint32_t ts_ms;
    int width, height;
    size_t size;
    uint8_t bytes[];
};

struct viewer_pool {
    gatomicrefcount references;
    GMutex lock;
    struct viewer_pixels *spare[SPARE_MAX];
    size_t count;
};

static void wipe(struct viewer_pixels *pixels)
{
    if (pixels)
        sodium_memzero(pixels->bytes, pixels->size); /* what a customer showed does not stay in freed memory */
    g_free(pixels);
}

static void pool_unref(struct viewer_pool *pool)
{
    if (!g_atomic_ref_count_dec(&pool->references))
        return;
    for (size_t i = 0; i < pool->count; i++)
        wipe(pool->spare[i]);
    g_mutex_clear(&pool->lock);
    g_free(pool);
}

static struct viewer_pixels *pool_take(struct viewer_pool *pool, int width, int height)
{
    size_t size = (size_t)width * (size_t)height * 4;
    struct viewer_pixels *pixels = NULL;

    g_mutex_lock(&pool->lock);
    while (pool->count > 0 && !pixels) {
        pixels = pool->spare[--pool->count];
        if (pixels->size != size) {
            wipe(pixels);
            pixels = NULL;
        }
    }
    g_mutex_unlock(&pool->lock);
    if (!pixels)
        pixels = g_try_malloc(sizeof *pixels + size);
    if (!pixels)
        return NULL;
    pixels->size = size;
    pixels->width = width;
    pixels->height = height;
    pixels->pool = pool;
    g_atomic_ref_count_inc(&pool->references);
    return pixels;
}

/* The last user of a buffer may be GTK, after the session is gone. */
static void pool_give(void *data)
{
    struct viewer_pixels *pixels = data;
    struct viewer_pool *pool = pixels->pool;

    g_mutex_lock(&pool->lock);
    if (pool->count < SPARE_MAX)
        pool->spare[pool->count++] = g_steal_pointer(&pixels);
    g_mutex_unlock(&pool->lock);
    wipe(pixels);
    pool_unref(pool);
}

void viewer_slot_init(struct viewer_slot *slot)
{
    g_mutex_init(&slot->lock);
    slot->pool = g_new0(struct viewer_pool, 1);
    g_atomic_ref_count_init(&slot->pool->references);
    g_mutex_init(&slot->pool->lock);
    slot->waiting = NULL;
}

void viewer_slot_clear(struct viewer_slot *slot)
{
    if (slot->waiting)
        pool_give(slot->waiting);
    slot->waiting = NULL;
    pool_unref(slot->pool);
    g_mutex_clear(&slot->lock);
}

void viewer_slot_put(struct viewer_slot *slot, const struct agent_desk_i420 *f, uint32_t ts_ms)
{
    struct viewer_pixels *pixels, *late;

    if (f->width <= 0 || f->height <= 0)
        return;
    pixels = pool_take(slot->pool, f->width, f->height);
    if (!pixels)
        return; /* a picture is left out; the next one tries again */
    pixels->ts_ms = ts_ms;
    I420ToARGB(f->plane[0], f->stride[0], f->plane[1], f->stride[1], f->plane[2], f->stride[2], pixels->bytes,
               f->width * 4, f->width, f->height);
    g_mutex_lock(&slot->lock);
    late = slot->waiting;
    slot->waiting = pixels;
    g_mutex_unlock(&slot->lock);
    viewer_measure_decoded();
    if (late) {
        viewer_measure_late();
        pool_give(late);
    }
}

GdkTexture *viewer_slot_take(struct viewer_slot *slot, uint32_t *ts_ms)
{
    struct viewer_pixels *pixels;
    GBytes *bytes;
    GdkTexture *texture;

    g_mutex_lock(&slot->lock);
    pixels = g_steal_pointer(&slot->waiting);
    g_mutex_unlock(&slot->lock);
    if (!pixels)
        return NULL;
    *ts_ms = pixels->ts_ms;
    bytes = g_bytes_new_with_free_func(pixels->bytes, pixels->size, pool_give, pixels);
    texture = gdk_memory_texture_new(pixels->width, pixels->height, GDK_MEMORY_B8G8R8A8_PREMULTIPLIED, bytes,
                                     (gsize)pixels->width * 4);
    g_bytes_unref(bytes);
    return texture;
}
