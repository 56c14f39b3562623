/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links and codes, and the handshake at both ends.
 *
 * An input of the handshake targets is a row of steps between a genuine end and one under attack: the genuine end's
 * next message with some bits turned, any bytes, or any plaintext sealed by somebody who holds the other end's channel.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/pairing/inside.h"
#include "tests/fuzz/fixture.h"
#include "tests/fuzz/targets.h"

/* ---- link ---- */

static const uint8_t fingerprint[32] = "the root of an organisation";

static bool feed_link(const uint8_t *bytes, size_t len)
{
    struct proto_invite_link link, zero = {0};
    struct proto_buf again;

    if (proto_invite_link_parse(&link, (const char *)bytes, len)) {
        FUZZ_HOLDS(!memcmp(&link, &zero, sizeof zero));
        return false;
    }
    FUZZ_HOLDS(proto_join_host_ok(link.join_host, strlen(link.join_host)));
    proto_buf_init_secret(&again, PROTO_INVITE_LINK_MAX);
    FUZZ_READY(proto_invite_link_build(&link, &again));
    FUZZ_HOLDS(again.len <= len); /* spaces around it may be gone */
    bool inside = false;
    for (size_t i = 0; i + again.len <= len && !inside; i++)
        inside = !memcmp(bytes + i, again.bytes, again.len);
    FUZZ_HOLDS(inside);
    proto_buf_free(&again);
    return true;
}

static void seed_link(struct fuzz_seeds *seeds)
{
    static const char *const hosts[] = {"help.example.org", "127.0.0.1:8443", "a.b:1"};
    struct proto_invite_link link;
    struct proto_buf out;

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        proto_buf_init(&out, 400);
        FUZZ_READY(proto_invite_link_new(&link, hosts[i], fingerprint, &fixture()->random));
        FUZZ_READY(proto_invite_link_build(&link, &out));
        if (i == 2)
            proto_buf_put_text(&out, " \r\n");
        fuzz_seed_add(seeds, (const char[]){'h', (char)('0' + i), 0}, out.bytes, out.len);
        proto_buf_free(&out);
    }
}

const struct fuzz_target fuzz_link = {"link", 512, feed_link, seed_link, 0};

/* ---- code ---- */

static bool feed_code(const uint8_t *bytes, size_t len)
{
    struct proto_invite_code code, again;
    char text[PROTO_CODE_TEXT_MAX + 1];

    (void)proto_code_check_digit((const char *)bytes, len);
    (void)proto_nameplate_ok((const char *)bytes, len);
    if (proto_invite_code_parse(&code, (const char *)bytes, len))
        return false;
    FUZZ_READY(proto_invite_code_format(&code, text));
    FUZZ_READY(proto_invite_code_parse(&again, text, strlen(text)));
    FUZZ_HOLDS(!strcmp(code.nameplate, again.nameplate) && !strcmp(code.secret, again.secret));
    return true;
}

static void seed_code(struct fuzz_seeds *seeds)
{
    static const char *const plates[] = {"407", "1234", "99999"};
    struct proto_invite_code code;
    char text[PROTO_CODE_TEXT_MAX + 1];

    for (size_t i = 0; i < sizeof plates / sizeof *plates; i++) {
        FUZZ_READY(proto_invite_code_new(&code, plates[i], &fixture()->random));
        FUZZ_READY(proto_invite_code_format(&code, text));
        fuzz_seed_add(seeds, plates[i], text, strlen(text));
    }
}

const struct fuzz_target fuzz_code = {"code", 64, feed_code, seed_code, 0};

/* ---- the handshake ---- */

struct attempt {
    struct proto_random_seeded seeded;
    struct proto_random random;
    struct proto_now now;
    struct proto_invite_link link;
    struct proto_invite_code code;
    struct proto_code_guard guard;
    struct proto_resume_keys keys;
    struct proto_pairing *customer, *agent;
    uint8_t sid[PROTO_SID_BYTES];
};

static void attempt_begin(struct attempt *a, enum proto_pairing_mode mode)
{
    static const uint8_t seed[32] = "one handshake";
    struct fixture *f = fixture();

    memset(a, 0, sizeof *a);
    proto_random_seeded_init(&a->seeded, seed);
    a->random = proto_random_from_seeded(&a->seeded);
    a->now = (struct proto_now){.mono_ms = 1000, .unix_ms = (int64_t)WORLD_TIME_S * 1000};
    memset(a->sid, 8, sizeof a->sid);
    FUZZ_READY(proto_invite_link_new(&a->link, FIXTURE_HOST, f->agent.identity.root_fingerprint, &a->random));
    FUZZ_READY(proto_invite_code_new(&a->code, "407", &a->random));
    FUZZ_READY(proto_resume_keys_push(&a->keys, seed));
    const uint8_t *sid = mode == PROTO_PAIRING_LINK ? NULL : a->sid;
    struct proto_pairing_customer customer = {.mode = mode,
                                              .random = a->random,
                                              .sid = sid,
                                              .join_host = FIXTURE_HOST,
                                              .link = &a->link,
                                              .code = &a->code,
                                              .resume_psk = seed,
                                              .known = &f->agent.identity,
                                              .cs_secret_key = f->cs_secret,
                                              .client_info = "fuzzed",
                                              .roles = 1u << PROTO_ROLE_AGENT,
                                              .org_note = f->org_note.bytes,
                                              .policy_note = f->policy_note.bytes,
                                              .org_note_len = f->org_note.len,
                                              .policy_note_len = f->policy_note.len};
    struct proto_pairing_agent agent = {.mode = mode,
                                        .random = a->random,
                                        .sid = sid,
                                        .join_host = FIXTURE_HOST,
                                        .link = &a->link,
                                        .code = &a->code,
                                        .guard = &a->guard,
                                        .resume = &a->keys,
                                        .known_cs = f->cs_public,
                                        .credential = &f->agent,
                                        .org = &f->org,
                                        .policy = &f->policy};
    FUZZ_READY(proto_pairing_customer_new(&a->customer, &customer, a->now));
    FUZZ_READY(proto_pairing_agent_new(&a->agent, &agent, a->now));
}

static void attempt_end(struct attempt *a)
{
    proto_pairing_free(a->customer);
    proto_pairing_free(a->agent);
}

static void give(struct attempt *a, struct proto_pairing *to, const uint8_t *bytes, size_t len)
{
    uint8_t *body = fuzz_exact(bytes, len);
    enum proto_err err = proto_pairing_feed(to, body, len, a->now);
    size_t left;

    free(body);
    if (err && to->state == PROTO_PAIRING_DEAD) /* a dead attempt says nothing and gives nothing */
        FUZZ_HOLDS(!proto_pairing_pending(to, &left) && !proto_pairing_result(to) && !proto_pairing_done(to));
}

/* The genuine end's next message; `turns` says where bits are turned. False: there is none. */
static bool carry(struct attempt *a, struct proto_pairing *from, struct proto_pairing *to, struct fuzz_bytes *turns,
                  unsigned count)
{
    size_t len;
    const uint8_t *bytes = proto_pairing_pending(from, &len);

    if (!bytes)
        return false;
    uint8_t *copy = fuzz_exact(bytes, len);
    for (unsigned i = 0; i < count; i++) {
        uint16_t where = fuzz_u16(turns);
        copy[where % len] ^= fuzz_u8(turns);
    }
    proto_pairing_sent(from);
    give(a, to, copy, len);
    free(copy);
    return true;
}

/* A body as somebody makes it who knows the invitation and plays the other end. */
static void give_sealed(struct attempt *a, struct proto_pairing *peer, struct proto_pairing *to, const uint8_t *plain,
                        size_t len)
{
    struct proto_noise_channel channel = peer->channel;
    uint8_t *body = malloc(len + 1 + PROTO_NOISE_TAG_BYTES);
    size_t out;

    FUZZ_HOLDS(body);
    body[0] = PROTO_PAIRING_TRANSPORT;
    if (peer->channel.live &&
        !proto_noise_channel_seal(&channel, plain, len, body + 1, len + PROTO_NOISE_TAG_BYTES, &out))
        give(a, to, body, out + 1);
    free(body);
}

enum { STEP_NEXT, STEP_TURNED, STEP_RAW, STEP_SEALED, STEP_LATER, STEP_OTHER_WAY, STEPS };

/* True when both ends were done at the end. */
static bool play(bool attack_customer, const uint8_t *bytes, size_t len)
{
    static const enum proto_pairing_mode modes[] = {PROTO_PAIRING_LINK, PROTO_PAIRING_CODE, PROTO_PAIRING_RESUME};
    struct fuzz_bytes in = {bytes, bytes + len};
    struct attempt a;

    if (!len)
        return false;
    attempt_begin(&a, modes[fuzz_u8(&in) % 3]);
    struct proto_pairing *peer = attack_customer ? a.agent : a.customer, *to = attack_customer ? a.customer : a.agent;
    while (fuzz_more(&in)) {
        size_t got;
        uint8_t step = fuzz_u8(&in);
        switch (step % STEPS) {
        case STEP_NEXT:
            carry(&a, peer, to, &in, 0);
            break;
        case STEP_TURNED:
            carry(&a, peer, to, &in, 1 + step / STEPS % 4);
            break;
        case STEP_RAW: {
            const uint8_t *at = fuzz_take_lv(&in, &got);
            give(&a, to, at, got);
            break;
        }
        case STEP_SEALED: {
            const uint8_t *at = fuzz_take_lv(&in, &got);
            give_sealed(&a, peer, to, at, got);
            break;
        }
        case STEP_LATER:
            a.now.mono_ms += fuzz_u16(&in);
            (void)!proto_pairing_tick(to, a.now);
            break;
        default:
            carry(&a, to, peer, &in, 0);
        }
    }
    bool done = proto_pairing_done(a.customer) && proto_pairing_done(a.agent);
    if (proto_pairing_done(to)) /* whoever it is, what it says of itself is a text without surprises */
        FUZZ_HOLDS(strlen(proto_pairing_result(to)->client_info) <= PROTO_CLIENT_INFO_MAX);
    if (attack_customer && proto_pairing_done(a.customer))
        FUZZ_HOLDS(
            !memcmp(proto_pairing_result(a.customer)->agent.fingerprint, fixture()->agent.identity.fingerprint, 32));
    attempt_end(&a);
    return done;
}

static void seed_play(struct fuzz_seeds *seeds, bool attack_customer)
{
    static const char *const names[] = {"link", "code", "resume"};
    uint8_t script[1 + 12];

    for (uint8_t mode = 0; mode < 3; mode++) {
        script[0] = mode;
        for (size_t i = 1; i < sizeof script; i++)
            script[i] = (i % 3 == 0) == attack_customer ? STEP_NEXT : STEP_OTHER_WAY;
        fuzz_seed_add(seeds, names[mode], script, sizeof script);
    }
}

static bool feed_pairing_customer(const uint8_t *bytes, size_t len)
{
    return play(true, bytes, len);
}

static bool feed_pairing_agent(const uint8_t *bytes, size_t len)
{
    return play(false, bytes, len);
}

static void seed_pairing_customer(struct fuzz_seeds *seeds)
{
    seed_play(seeds, true);
}

static void seed_pairing_agent(struct fuzz_seeds *seeds)
{
    seed_play(seeds, false);
}

const struct fuzz_target fuzz_pairing_customer = {"pairing_customer", 4096, feed_pairing_customer,
                                                  seed_pairing_customer, 250};
const struct fuzz_target fuzz_pairing_agent = {"pairing_agent", 4096, feed_pairing_agent, seed_pairing_agent, 250};

/* ---- auth: what stands inside the first sealed message of each end ---- */

static bool feed_auth(const uint8_t *bytes, size_t len)
{
    struct proto_auth_a a;
    struct proto_auth_c c;
    struct proto_buf plain;
    static const uint8_t hash[32] = "h";
    bool any;

    proto_buf_init_secret(&plain, PROTO_PAIRING_BODY_MAX);
    proto_buf_put(&plain, bytes, len);
    any = !proto_auth_a_parse(&a, &plain);
    if (any) {
        FUZZ_HOLDS(a.chain_len >= 2 && a.signed_len + PROTO_SIGNATURE_BYTES == len);
        (void)!proto_auth_a_verify(&a, &plain, hash, fixture()->agent.identity.public_key);
    } else if (!proto_auth_c_parse(&c, &plain)) {
        any = true;
        FUZZ_HOLDS(c.signed_len + PROTO_SIGNATURE_BYTES == len);
        (void)!proto_auth_c_verify(&c, &plain, hash, hash);
    }
    proto_buf_free(&plain);
    return any;
}

static void seed_auth(struct fuzz_seeds *seeds)
{
    static const uint8_t hash[32] = "h", key[32] = "k", nonce[16] = "n";
    struct fixture *f = fixture();
    struct proto_auth_a a = {.role = PROTO_ROLE_AGENT, .unix_s = WORLD_TIME_S, .org_number = 1, .policy_number = 1};
    struct proto_auth_c c = {.cs_public = f->cs_public, .n_c = nonce, .resume_psk = key, .info = nonce, .info_len = 1};
    struct proto_buf out;

    proto_buf_init(&out, PROTO_PAIRING_BODY_MAX);
    a.chain_len = proto_credential_chain(&f->agent, a.chain);
    FUZZ_READY(proto_auth_a_put(&a, hash, f->agent.secret_key, &out));
    fuzz_seed_add(seeds, "agent", out.bytes, out.len);
    proto_buf_clear(&out);
    FUZZ_READY(proto_auth_c_put(&c, hash, hash, f->cs_secret, &out));
    fuzz_seed_add(seeds, "customer", out.bytes, out.len);
    proto_buf_free(&out);
}

const struct fuzz_target fuzz_auth = {"auth", 16000, feed_auth, seed_auth, 0};
