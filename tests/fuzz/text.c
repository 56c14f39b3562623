/* SPDX-License-Identifier: Apache-2.0 */
/* base64 and UTF-8: one value has one spelling, and the two readers of UTF-8 agree. */
#include <stdlib.h>
#include <string.h>

#include "proto/seal/base64.h"
#include "proto/util/utf8.h"
#include "proto/wire/message.h"
#include "tests/fuzz/targets.h"

/* ---- base64: the first byte chooses the alphabet ---- */

static bool feed_base64(const uint8_t *bytes, size_t len)
{
    uint8_t out[256];
    size_t out_len;
    struct proto_buf again;

    if (!len)
        return false;
    const char *text = (const char *)bytes + 1;
    bool url = bytes[0] & 1;
    enum proto_err err = url ? proto_base64url_decode(text, len - 1, out, sizeof out, &out_len)
                             : proto_base64_decode(text, len - 1, out, sizeof out, &out_len);
    if (err) {
        FUZZ_HOLDS(out_len == 0);
        return false;
    }
    proto_buf_init(&again, 512);
    if (url)
        proto_base64url_put(&again, out, out_len);
    else
        proto_base64_put(&again, out, out_len);
    FUZZ_HOLDS(!again.failed && again.len == len - 1 && (len == 1 || !memcmp(again.bytes, text, len - 1)));
    proto_buf_free(&again);
    return true;
}

static void seed_base64(struct fuzz_seeds *seeds)
{
    static const char *const texts[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy", "/+8/7w==", "AAAAAAAAAAAAAAAAAAAAAA=="};
    static const char *const urls[] = {"", "Zg", "Zm8", "Zm9v", "_-8_7w", "AQAAAAAAAAAAAAAAAAAAAAAA"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        fuzz_seed_add_as(seeds, (const char[]){'s', (char)('0' + i), 0}, 0, texts[i], strlen(texts[i]));
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        fuzz_seed_add_as(seeds, (const char[]){'u', (char)('0' + i), 0}, 1, urls[i], strlen(urls[i]));
}

const struct fuzz_target fuzz_base64 = {"base64", 300, feed_base64, seed_base64, 0};

/* ---- utf8 ---- */

static bool feed_utf8(const uint8_t *bytes, size_t len)
{
    const uint8_t *at = bytes, *end = bytes + len;
    uint32_t rune;
    bool control = false;

    while (at != end && proto_utf8_next(&at, end, &rune)) {
        FUZZ_HOLDS(rune <= 0x10ffff && !(rune >= 0xd800 && rune <= 0xdfff) && at <= end);
        control |= proto_utf8_is_control(rune) && rune != '\n';
        (void)proto_utf8_is_space(rune);
    }
    bool valid = at == end;
    FUZZ_HOLDS(valid == proto_utf8_valid((const char *)bytes, len));
    FUZZ_HOLDS((valid && !control) == proto_utf8_is_clean(bytes, len, '\n'));
    return valid;
}

static void seed_utf8(struct fuzz_seeds *seeds)
{
    static const char *const texts[] = {"",
                                        "plain",
                                        "a\nb",
                                        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                                        "\xed\x9f\xbf\xee\x80\x80",
                                        "\xf4\x8f\xbf\xbf",
                                        "\xe2\x80\xa8\xc2\x85\xe3\x80\x80",
                                        "\x7f\x01"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        fuzz_seed_add(seeds, (const char[]){'t', (char)('0' + i), 0}, texts[i], strlen(texts[i]));
}

const struct fuzz_target fuzz_utf8 = {"utf8", 256, feed_utf8, seed_utf8, 0};
