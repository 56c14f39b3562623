/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/tar.h"

#include <string.h>

#define BLOCK 512u

/* POSIX.1-1988 header: octal texts, the last 12 bytes unused */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

static void put_octal(char *out, size_t size, uint64_t value)
{
    out[size - 1] = '\0';
    for (size_t i = size - 1; i--; value >>= 3)
        out[i] = (char)('0' + (value & 7));
}

/* The sum is taken with its own field as spaces. */
static void put_sum(struct header *h)
{
    const unsigned char *bytes = (const unsigned char *)h;
    unsigned sum = 0;

    memset(h->sum, ' ', sizeof h->sum);
    for (size_t i = 0; i < sizeof *h; i++)
        sum += bytes[i];
    put_octal(h->sum, sizeof h->sum - 1, sum);
}

static void put_zeros(struct proto_buf *out, size_t len)
{
    uint8_t *at = proto_buf_extend(out, len);

    if (at)
        memset(at, 0, len);
}

void certs_tar_put(struct proto_buf *out, const char *name, unsigned mode, int64_t time_s, const void *bytes,
                   size_t len)
{
    struct header h = {.type = '0'};

    if (strlen(name) >= sizeof h.name) {
        out->failed = true;
        return;
    }
    strcpy(h.name, name);
    put_octal(h.mode, sizeof h.mode, mode);
    put_octal(h.uid, sizeof h.uid, 0);
    put_octal(h.gid, sizeof h.gid, 0);
    put_octal(h.size, sizeof h.size, len);
    put_octal(h.mtime, sizeof h.mtime, time_s > 0 ? (uint64_t)time_s : 0);
    memcpy(h.magic, "ustar", 6);
    memcpy(h.version, "00", 2);
    put_sum(&h);
    proto_buf_put(out, &h, sizeof h);
    proto_buf_put(out, bytes, len);
    put_zeros(out, (BLOCK - len % BLOCK) % BLOCK);
}

void certs_tar_end(struct proto_buf *out)
{
    put_zeros(out, (size_t)2 * BLOCK);
}
