/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/pairing/inside.h"

#include "proto/seal/kdf.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

static void wipe(struct proto_pairing *p)
{
    if (p->guard && p->guard_run)
        proto_code_guard_end(p->guard, p->guard_run);
    p->guard_run = 0;
    for (size_t i = 0; i < PROTO_PAIRING_OUT_MAX; i++)
        proto_buf_free(&p->out[i]);
    p->out_first = p->out_count = 0;
    proto_buf_free(&p->cpace1);
    proto_invite_code_clear(&p->code);
    proto_cpace_clear(&p->cpace);
    proto_cpace_keys_clear(&p->keys);
    proto_noise_clear(&p->noise);
    proto_noise_channel_clear(&p->channel);
    sodium_memzero(p->psk, sizeof p->psk);
    sodium_memzero(p->cs_secret_key, sizeof p->cs_secret_key);
    proto_identity_chain_clear(&p->result.chain);
    sodium_memzero(&p->result, sizeof p->result);
}

enum proto_err proto_pairing_kill(struct proto_pairing *pairing, enum proto_err err)
{
    wipe(pairing);
    pairing->state = PROTO_PAIRING_DEAD;
    pairing->error = err;
    return err;
}

void proto_pairing_free(struct proto_pairing *pairing)
{
    if (!pairing)
        return;
    wipe(pairing);
    sodium_memzero(pairing, sizeof *pairing);
    free(pairing);
}

struct proto_pairing *proto_pairing_new(enum proto_pairing_mode mode, struct proto_random random, struct proto_now now,
                                        const struct proto_pairing_step *steps, size_t step_count)
{
    struct proto_pairing *pairing = calloc(1, sizeof *pairing);

    if (!pairing)
        return NULL;
    pairing->mode = mode;
    pairing->random = random;
    pairing->steps = steps;
    pairing->step_count = step_count;
    pairing->deadline_ms = now.mono_ms + PROTO_HANDSHAKE_WAIT_MS;
    proto_buf_init_secret(&pairing->cpace1, PROTO_PAIRING_BODY_MAX);
    return pairing;
}

enum proto_err proto_pairing_begun(struct proto_pairing *pairing, enum proto_err err, struct proto_pairing **out)
{
    *out = err ? NULL : pairing;
    if (err)
        proto_pairing_free(pairing);
    return err;
}

/* What the attempt needed on the way and the finished one does not; the channel and the result stay. */
static void settle(struct proto_pairing *p)
{
    if (p->guard && p->guard_run)
        proto_code_guard_end(p->guard, p->guard_run);
    p->guard_run = 0;
    proto_invite_code_clear(&p->code);
    proto_cpace_keys_clear(&p->keys);
    proto_noise_clear(&p->noise);
    sodium_memzero(p->cs_secret_key, sizeof p->cs_secret_key);
}

/* ---- events ---- */

static const struct proto_pairing_step *find_step(const struct proto_pairing *p, uint8_t kind)
{
    for (size_t i = 0; i < p->step_count; i++)
        if (p->steps[i].in == p->state && (uint8_t)p->steps[i].kind == kind)
            return &p->steps[i];
    return NULL;
}

enum proto_err proto_pairing_feed(struct proto_pairing *pairing, const uint8_t *body, size_t len, struct proto_now now)
{
    if (pairing->state == PROTO_PAIRING_DEAD)
        return pairing->error;
    if (pairing->state == PROTO_PAIRING_DONE)
        return PROTO_ERR_STATE;
    enum proto_err err = proto_pairing_tick(pairing, now);

    if (err != PROTO_OK)
        return err;
    if (len == 0 || len > PROTO_PAIRING_BODY_MAX)
        return proto_pairing_kill(pairing, PROTO_ERR_FORMAT);
    struct proto_reader r = proto_reader_of(body, len);
    const struct proto_pairing_step *step = find_step(pairing, proto_read_u8(&r));

    if (!step)
        return proto_pairing_kill(pairing, PROTO_ERR_STATE);
    err = step->act(pairing, &r, now);
    if (err != PROTO_OK)
        return proto_pairing_kill(pairing, err);
    pairing->state = step->next;
    if (pairing->state == PROTO_PAIRING_DONE)
        settle(pairing);
    return PROTO_OK;
}

int64_t proto_pairing_deadline(const struct proto_pairing *pairing)
{
    return pairing->state < PROTO_PAIRING_DONE ? pairing->deadline_ms : PROTO_NEVER;
}

enum proto_err proto_pairing_tick(struct proto_pairing *pairing, struct proto_now now)
{
    if (pairing->state == PROTO_PAIRING_DEAD)
        return pairing->error;
    return now.mono_ms < proto_pairing_deadline(pairing) ? PROTO_OK : proto_pairing_kill(pairing, PROTO_ERR_TIMEOUT);
}

enum proto_err proto_pairing_first_mode(const uint8_t *body, size_t len, enum proto_pairing_mode *mode)
{
    if (len >= 2 && body[0] == PROTO_PAIRING_CPACE1)
        *mode = PROTO_PAIRING_CODE;
    else if (len >= 2 && body[0] == PROTO_PAIRING_M1 &&
             (body[1] == PROTO_PAIRING_LINK || body[1] == PROTO_PAIRING_RESUME))
        *mode = (enum proto_pairing_mode)body[1];
    else
        return PROTO_ERR_FORMAT;
    return PROTO_OK;
}

/* ---- out ---- */

struct proto_buf *proto_pairing_say(struct proto_pairing *pairing, enum proto_pairing_kind kind)
{
    assert(pairing->out_count < PROTO_PAIRING_OUT_MAX);
    struct proto_buf *out = &pairing->out[pairing->out_count++];

    proto_buf_init(out, PROTO_PAIRING_BODY_MAX);
    proto_buf_put_u8(out, (uint8_t)kind);
    return out;
}

const uint8_t *proto_pairing_pending(const struct proto_pairing *pairing, size_t *len)
{
    bool any = pairing->out_first < pairing->out_count;

    *len = any ? pairing->out[pairing->out_first].len : 0;
    return any ? pairing->out[pairing->out_first].bytes : NULL;
}

void proto_pairing_sent(struct proto_pairing *pairing)
{
    if (pairing->out_first < pairing->out_count)
        proto_buf_free(&pairing->out[pairing->out_first++]);
    if (pairing->out_first == pairing->out_count)
        pairing->out_first = pairing->out_count = 0;
}

/* ---- result ---- */

bool proto_pairing_done(const struct proto_pairing *pairing)
{
    return pairing->state == PROTO_PAIRING_DONE;
}

const struct proto_pairing_result *proto_pairing_result(const struct proto_pairing *pairing)
{
    return proto_pairing_done(pairing) ? &pairing->result : NULL;
}

enum proto_err proto_pairing_take_channel(struct proto_pairing *pairing, struct proto_noise_channel *out)
{
    if (!proto_pairing_done(pairing) || pairing->channel_taken)
        return PROTO_ERR_STATE;
    *out = pairing->channel; /* handed to the caller: two users of one key would repeat nonces */
    proto_noise_channel_clear(&pairing->channel);
    pairing->channel_taken = true;
    return PROTO_OK;
}
