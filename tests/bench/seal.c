/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_seal - SFrame on a 40 kB frame against bare AES-256-GCM of OpenSSL on the same bytes.
 *
 * The peer keeps its context and key from frame to frame, as a program that cares would, and authenticates nothing but
 * the frame: no header, no clear bytes.
 */
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/sframe.h"
#include "tests/bench/bench.h"

enum { FRAME_BYTES = 40000, META_BYTES = 48, ROUNDS = 61, FRAMES = 200 };

static uint8_t plain[FRAME_BYTES], meta[META_BYTES], opened[FRAME_BYTES];
static uint8_t *frames[FRAMES], *bare[FRAMES], tags[FRAMES][16];
static size_t frame_len[FRAMES];
static const uint8_t base_key[32] = "a base key of thirty-two bytes.", kid = 17;

static void must(int ok)
{
    if (!ok)
        bench_cannot("a call of libcrypto or of SFrame failed");
}

static void seal_all(struct proto_sframe_key *key, uint64_t *counter)
{
    for (size_t i = 0; i < FRAMES; i++)
        must(!proto_sframe_seal(key, (*counter)++, meta, META_BYTES, plain, FRAME_BYTES, frames[i],
                                FRAME_BYTES + PROTO_SFRAME_OVERHEAD_MAX, &frame_len[i]));
}

static void open_all(struct proto_sframe_key *key)
{
    size_t len;

    for (size_t i = 0; i < FRAMES; i++)
        must(!proto_sframe_open(key, meta, META_BYTES, frames[i], frame_len[i], opened, sizeof opened, &len));
}

static void make_iv(uint8_t iv[12], size_t i)
{
    memset(iv, 0, 12);
    memcpy(iv, &i, sizeof i);
}

static void bare_seal_all(EVP_CIPHER_CTX *context)
{
    uint8_t iv[12], none[16];
    int len;

    for (size_t i = 0; i < FRAMES; i++) {
        make_iv(iv, i);
        must(EVP_EncryptInit_ex(context, NULL, NULL, NULL, iv) == 1 &&
             EVP_EncryptUpdate(context, bare[i], &len, plain, FRAME_BYTES) == 1 &&
             EVP_EncryptFinal_ex(context, none, &len) == 1 &&
             EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tags[i]) == 1);
    }
}

static void bare_open_all(EVP_CIPHER_CTX *context)
{
    uint8_t iv[12], none[16];
    int len;

    for (size_t i = 0; i < FRAMES; i++) {
        make_iv(iv, i);
        must(EVP_DecryptInit_ex(context, NULL, NULL, NULL, iv) == 1 &&
             EVP_DecryptUpdate(context, opened, &len, bare[i], FRAME_BYTES) == 1 &&
             EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tags[i]) == 1 &&
             EVP_DecryptFinal_ex(context, none, &len) == 1);
    }
}

static double per_frame_us(double from)
{
    return (bench_cpu_us() - from) / FRAMES;
}

int main(void)
{
    static struct bench_series seal, open, peer_seal, peer_open;
    struct proto_sframe_key *sender, *receiver;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new(), *back = EVP_CIPHER_CTX_new();
    uint64_t counter = 0;

    must(sodium_init() >= 0 && context && back);
    for (size_t i = 0; i < FRAME_BYTES; i++)
        plain[i] = (uint8_t)(i * 31 / 7);
    for (size_t i = 0; i < FRAMES; i++) {
        frames[i] = calloc(1, FRAME_BYTES + PROTO_SFRAME_OVERHEAD_MAX);
        bare[i] = calloc(1, FRAME_BYTES);
        must(frames[i] && bare[i]);
    }
    must(!proto_sframe_key_new(&sender, PROTO_SFRAME_AES_256_GCM_SHA512_128, kid, base_key, sizeof base_key) &&
         !proto_sframe_key_new(&receiver, PROTO_SFRAME_AES_256_GCM_SHA512_128, kid, base_key, sizeof base_key));
    must(EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, base_key, NULL) == 1 &&
         EVP_DecryptInit_ex(back, EVP_aes_256_gcm(), NULL, base_key, NULL) == 1);
    for (int round = 0; round < ROUNDS + 2; round++) { /* the first two warm the caches */
        double at = bench_cpu_us();
        seal_all(sender, &counter);
        double a = per_frame_us(at);
        at = bench_cpu_us();
        bare_seal_all(context);
        double b = per_frame_us(at);
        at = bench_cpu_us();
        open_all(receiver);
        double c = per_frame_us(at);
        at = bench_cpu_us();
        bare_open_all(back);
        double d = per_frame_us(at);
        if (round >= 2) {
            bench_add(&seal, a);
            bench_add(&peer_seal, b);
            bench_add(&open, c);
            bench_add(&peer_open, d);
        }
    }
    must(!memcmp(opened, plain, FRAME_BYTES));
    bench_head();
    bench_ratio("seal 40 kB frame, us CPU", &seal, &peer_seal, 1.3);
    bench_ratio("open 40 kB frame, us CPU", &open, &peer_open, 1.3);
    for (size_t i = 0; i < FRAMES; i++) {
        free(frames[i]);
        free(bare[i]);
    }
    proto_sframe_key_free(sender);
    proto_sframe_key_free(receiver);
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_CTX_free(back);
    return 0;
}
