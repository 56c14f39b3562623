/* SPDX-License-Identifier: Apache-2.0 */
/* SFrame, Noise, CPace and signed notes: nothing that was not made with the key is accepted. */
#include <stdlib.h>
#include <string.h>

#include "proto/seal/cpace.h"
#include "proto/seal/noise.h"
#include "proto/seal/note.h"
#include "proto/seal/sframe.h"
#include "proto/seal/signature.h"
#include "tests/fuzz/fixture.h"
#include "tests/fuzz/targets.h"

/* ---- sframe ---- */

static const uint8_t base_key[32] = "thirty-two bytes of a base key.";
static const uint8_t meta[48] = "the clear header and the context of a session";
static const uint64_t kids[] = {3, 0x1234, (uint64_t)7 << 10 | 1 << 6 | 17};
enum { KIDS = sizeof kids / sizeof *kids };
static const char plain[] = "a picture, or what stands for one";

static struct proto_sframe_key *sframe_key(uint64_t kid)
{
    struct proto_sframe_key *key;

    FUZZ_READY(proto_sframe_key_new(&key, PROTO_SFRAME_AES_256_GCM_SHA512_128, kid, base_key, sizeof base_key));
    return key;
}

static bool feed_sframe(const uint8_t *bytes, size_t len)
{
    static struct proto_sframe_key *keys[KIDS];
    uint8_t header[PROTO_SFRAME_HEADER_MAX], *out = fuzz_exact(bytes, len);
    uint64_t kid, ctr;
    size_t header_len, out_len;
    bool opened = false;

    for (size_t i = 0; i < KIDS; i++)
        keys[i] = keys[i] ? keys[i] : sframe_key(kids[i]);
    if (!proto_sframe_header_parse(bytes, len, &kid, &ctr, &header_len)) {
        FUZZ_HOLDS(header_len <= len && header_len == proto_sframe_header_len(kid, ctr));
        FUZZ_HOLDS(proto_sframe_header_write(header, kid, ctr) == header_len && !memcmp(header, bytes, header_len));
    }
    for (size_t i = 0; i < KIDS; i++)
        if (!proto_sframe_open(keys[i], meta, sizeof meta, bytes, len, out, len, &out_len)) {
            FUZZ_HOLDS(out_len == sizeof plain && !memcmp(out, plain, sizeof plain));
            opened = true;
        }
    free(out);
    return opened;
}

static void seed_sframe(struct fuzz_seeds *seeds)
{
    static const uint64_t counters[] = {0, 8, 70000, UINT64_C(1) << 40};
    uint8_t out[sizeof plain + PROTO_SFRAME_OVERHEAD_MAX];
    size_t len;

    for (size_t i = 0; i < KIDS; i++) {
        struct proto_sframe_key *key = sframe_key(kids[i]);
        for (size_t c = 0; c < sizeof counters / sizeof *counters; c++) {
            FUZZ_READY(proto_sframe_seal(key, counters[c], meta, sizeof meta, (const uint8_t *)plain, sizeof plain, out,
                                         sizeof out, &len));
            fuzz_seed_add(seeds, (const char[]){'k', (char)('0' + i), 'c', (char)('0' + c), 0}, out, len);
        }
        proto_sframe_key_free(key);
    }
}

const struct fuzz_target fuzz_sframe = {"sframe", 4096, feed_sframe, seed_sframe, 0};

/* ---- noise: the first byte chooses which message is read ---- */

static const uint8_t psk[32] = "a shared secret", e_customer[32] = "ephemeral, customer",
                     e_agent[32] = "ephemeral, agent";
enum { AT_M1, AT_M2, AT_CHANNEL, NOISE_PLACES };

struct noise_pair {
    struct proto_noise customer, agent;
    uint8_t m1[128], m2[128], sealed[128];
    size_t m1_len, m2_len, sealed_len;
};

static void noise_begin(struct noise_pair *p)
{
    FUZZ_READY(proto_noise_init(&p->customer, PROTO_NOISE_INITIATOR, "prologue", 8, psk, e_customer));
    FUZZ_READY(proto_noise_init(&p->agent, PROTO_NOISE_RESPONDER, "prologue", 8, psk, e_agent));
    FUZZ_READY(proto_noise_write(&p->customer, NULL, 0, p->m1, sizeof p->m1, &p->m1_len));
}

static void noise_answer(struct noise_pair *p)
{
    uint8_t none[16];
    size_t len;

    FUZZ_READY(proto_noise_read(&p->agent, p->m1, p->m1_len, none, sizeof none, &len));
    FUZZ_READY(proto_noise_write(&p->agent, NULL, 0, p->m2, sizeof p->m2, &p->m2_len));
}

static void noise_finish(struct noise_pair *p, struct proto_noise_channel *customer, struct proto_noise_channel *agent)
{
    uint8_t none[16];
    size_t len;

    FUZZ_READY(proto_noise_read(&p->customer, p->m2, p->m2_len, none, sizeof none, &len));
    FUZZ_READY(proto_noise_split(&p->customer, customer));
    FUZZ_READY(proto_noise_split(&p->agent, agent));
    FUZZ_READY(proto_noise_channel_seal(customer, (const uint8_t *)plain, sizeof plain, p->sealed, sizeof p->sealed,
                                        &p->sealed_len));
}

static bool feed_noise(const uint8_t *bytes, size_t len)
{
    struct noise_pair p;
    struct proto_noise_channel customer, agent;
    size_t out_len;

    if (!len || len - 1 > PROTO_NOISE_MESSAGE_MAX + 16)
        return false;
    int place = bytes[0] % NOISE_PLACES;
    uint8_t *out = fuzz_exact(bytes, len);
    bytes++, len--;
    noise_begin(&p);
    if (place == AT_M1) {
        bool read = !proto_noise_read(&p.agent, bytes, len, out, len, &out_len);
        FUZZ_HOLDS(!read || (len == p.m1_len && !memcmp(bytes, p.m1, len))); /* nobody else has the psk */
        free(out);
        return read;
    }
    noise_answer(&p);
    if (place == AT_M2) {
        bool read = !proto_noise_read(&p.customer, bytes, len, out, len, &out_len);
        FUZZ_HOLDS(!read || (len == p.m2_len && !memcmp(bytes, p.m2, len)));
        free(out);
        return read;
    }
    noise_finish(&p, &customer, &agent);
    bool opened = !proto_noise_channel_open(&agent, bytes, len, out, len, &out_len);
    FUZZ_HOLDS(!opened || (len == p.sealed_len && !memcmp(bytes, p.sealed, len)));
    free(out);
    return opened;
}

static void seed_noise(struct fuzz_seeds *seeds)
{
    struct noise_pair p;
    struct proto_noise_channel customer, agent;

    noise_begin(&p);
    noise_answer(&p);
    noise_finish(&p, &customer, &agent);
    fuzz_seed_add_as(seeds, "m1", AT_M1, p.m1, p.m1_len);
    fuzz_seed_add_as(seeds, "m2", AT_M2, p.m2, p.m2_len);
    fuzz_seed_add_as(seeds, "channel", AT_CHANNEL, p.sealed, p.sealed_len);
}

const struct fuzz_target fuzz_noise = {"noise", 1024, feed_noise, seed_noise, 0};

/* ---- cpace: the peer's share and associated data ---- */

static const struct proto_cpace_input cpace_input = {"407183922", 9, "handhold/1 code", 15, "sixteen bytes of sid", 20};

static bool feed_cpace(const uint8_t *bytes, size_t len)
{
    uint8_t random[PROTO_CPACE_RANDOM_BYTES];
    struct proto_cpace run;
    struct proto_cpace_keys keys, zero = {0};

    if (len < PROTO_CPACE_SHARE_BYTES)
        return false;
    memset(random, 7, sizeof random);
    FUZZ_READY(proto_cpace_init(&run, PROTO_CPACE_RESPONDER, &cpace_input, "ad", 2, random));
    bool done = !proto_cpace_finish(&run, bytes, bytes + PROTO_CPACE_SHARE_BYTES, len - PROTO_CPACE_SHARE_BYTES, &keys);
    FUZZ_HOLDS(!run.live && (done || !memcmp(&keys, &zero, sizeof keys)));
    proto_cpace_keys_clear(&keys);
    return done;
}

static void seed_cpace(struct fuzz_seeds *seeds)
{
    uint8_t random[PROTO_CPACE_RANDOM_BYTES], bytes[PROTO_CPACE_SHARE_BYTES + 2] = {0};
    struct proto_cpace run;

    memset(random, 9, sizeof random);
    FUZZ_READY(proto_cpace_init(&run, PROTO_CPACE_INITIATOR, &cpace_input, "ad", 2, random));
    memcpy(bytes, run.share, sizeof run.share);
    fuzz_seed_add(seeds, "share", bytes, sizeof bytes);
    proto_cpace_clear(&run);
}

const struct fuzz_target fuzz_cpace = {"cpace", 320, feed_cpace, seed_cpace, 0};

/* ---- note ---- */

#define NOTE_TEXT "handhold/1 event\nsession 00\naction created\n"

static void note_key(struct proto_note_key *key)
{
    FUZZ_READY(proto_note_key_init(key, FIXTURE_ORIGIN, fixture()->log_public));
}

static bool feed_note(const uint8_t *bytes, size_t len)
{
    struct proto_note_parts parts;
    struct proto_note_key key;
    uint8_t signature[PROTO_NOTE_SIGNATURE_MAX];
    size_t text_len, signature_len;
    uint32_t which;

    (void)!proto_note_text_check((const char *)bytes, len);
    if (!proto_note_split(&parts, bytes, len)) {
        FUZZ_HOLDS(parts.line_count >= 1 && parts.line_count <= PROTO_NOTE_LINES_MAX && parts.text_len < len);
        FUZZ_HOLDS(!proto_note_text_check(parts.text, parts.text_len));
        size_t at = parts.text_len + 1;
        for (size_t i = 0; i < parts.line_count; at += parts.lines[i++].line_len) {
            FUZZ_HOLDS((const char *)bytes + at == parts.lines[i].line);
            (void)!proto_note_line_signature(&parts.lines[i], signature, sizeof signature, &signature_len);
        }
        FUZZ_HOLDS(at == len);
    }
    note_key(&key);
    bool verified = !proto_note_verify(bytes, len, &key, 1, &text_len, &which);
    FUZZ_HOLDS(verified || (!which && !text_len));
    FUZZ_HOLDS(!verified || (text_len == sizeof NOTE_TEXT - 1 && !memcmp(bytes, NOTE_TEXT, text_len)));
    return verified;
}

static void seed_note(struct fuzz_seeds *seeds)
{
    struct proto_buf note, line;
    uint8_t seed[32] = {9}, other_public[32], other[64];

    proto_buf_init(&note, PROTO_NOTE_MAX);
    proto_buf_init(&line, PROTO_NOTE_MAX);
    FUZZ_READY(proto_note_make(NOTE_TEXT, sizeof NOTE_TEXT - 1, FIXTURE_ORIGIN, fixture()->log_secret, &note));
    fuzz_seed_add(seeds, "one-line", note.bytes, note.len);
    proto_sign_keypair(other_public, other, seed);
    FUZZ_READY(proto_note_sign(NOTE_TEXT, sizeof NOTE_TEXT - 1, "witness.example", other, &line));
    FUZZ_READY(proto_note_add_line(&note, (const char *)line.bytes, line.len));
    fuzz_seed_add(seeds, "two-lines", note.bytes, note.len);
    proto_buf_free(&note);
    proto_buf_free(&line);
}

const struct fuzz_target fuzz_note = {"note", 16384, feed_note, seed_note, 0};

/* ---- note_key ---- */

static bool feed_note_key(const uint8_t *bytes, size_t len)
{
    struct proto_note_key key;
    struct proto_buf again;

    if (proto_note_key_parse(&key, (const char *)bytes, len))
        return false;
    proto_buf_init(&again, PROTO_NOTE_VKEY_MAX);
    proto_note_key_format(&key, &again);
    FUZZ_HOLDS(!again.failed && again.len == len && !memcmp(again.bytes, bytes, len));
    FUZZ_HOLDS(proto_note_name_ok(key.name, strlen(key.name)));
    proto_buf_free(&again);
    return true;
}

static void seed_note_key(struct fuzz_seeds *seeds)
{
    static const char go[] =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"; /* golang.org/x/mod */

    fuzz_seed_add(seeds, "log", fixture()->log_vkey, strlen(fixture()->log_vkey));
    fuzz_seed_add(seeds, "go", go, sizeof go - 1);
}

const struct fuzz_target fuzz_note_key = {"note_key", 700, feed_note_key, seed_note_key, 0};
