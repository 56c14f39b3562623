/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/pairing/guard.h"

#include "proto/seal/kdf.h"

#include <sodium.h>
#include <string.h>

/* ---- codes ---- */

static bool was_seen(const struct proto_code_guard *guard, const uint8_t *n_c)
{
    for (size_t i = 0; i < guard->seen_count; i++)
        if (!memcmp(guard->seen[i], n_c, PROTO_PAIRING_NC_BYTES))
            return true;
    return false;
}

enum proto_err proto_code_guard_begin(struct proto_code_guard *guard, const uint8_t n_c[static PROTO_PAIRING_NC_BYTES],
                                      struct proto_now now, uint64_t *run)
{
    *run = 0;
    if (guard->burnt)
        return PROTO_ERR_BURNT;
    if (guard->running && now.mono_ms < guard->until_ms)
        return PROTO_ERR_BUSY;
    if (was_seen(guard, n_c))
        return PROTO_ERR_REPLAY;
    if (guard->seen_count == PROTO_CODE_RUNS_MAX) {
        guard->burnt = true; /* what can no longer be remembered can no longer be told from a repetition */
        return PROTO_ERR_BURNT;
    }
    memcpy(guard->seen[guard->seen_count++], n_c, PROTO_PAIRING_NC_BYTES);
    guard->running = true;
    guard->until_ms = now.mono_ms + PROTO_HANDSHAKE_WAIT_MS;
    *run = ++guard->run;
    return PROTO_OK;
}

bool proto_code_guard_holds(const struct proto_code_guard *guard, uint64_t run, struct proto_now now)
{
    return guard->running && guard->run == run && now.mono_ms < guard->until_ms && !guard->burnt;
}

void proto_code_guard_end(struct proto_code_guard *guard, uint64_t run)
{
    if (guard->run == run)
        guard->running = false;
}

enum proto_err proto_code_guard_wrong(struct proto_code_guard *guard, uint64_t run)
{
    proto_code_guard_end(guard, run);
    if (++guard->wrong < PROTO_CODE_TRIES)
        return PROTO_ERR_CRYPTO;
    guard->burnt = true;
    return PROTO_ERR_BURNT;
}

/* ---- resume keys ---- */

static void wipe(struct proto_resume_key *key)
{
    sodium_memzero(key, sizeof *key);
}

enum proto_err proto_resume_keys_push(struct proto_resume_keys *keys, const uint8_t psk[static PROTO_KEY_BYTES])
{
    struct proto_resume_key fresh = {.set = true};
    enum proto_err err = proto_hkdf(psk, PROTO_KEY_BYTES, "handhold/1 resume id", fresh.id, sizeof fresh.id);

    if (err != PROTO_OK)
        return err;
    memcpy(fresh.psk, psk, sizeof fresh.psk);
    if (keys->newest.set) /* a completed newest key must not push out the previous one that is still good */
        keys->previous = keys->newest;
    keys->newest = fresh;
    wipe(&fresh);
    return PROTO_OK;
}

void proto_resume_keys_confirm(struct proto_resume_keys *keys)
{
    wipe(&keys->previous);
}

static bool is_named(const struct proto_resume_key *key, const uint8_t *id)
{
    return key->set && !memcmp(key->id, id, sizeof key->id);
}

const struct proto_resume_key *proto_resume_keys_find(const struct proto_resume_keys *keys,
                                                      const uint8_t id[static PROTO_RESUME_ID_BYTES])
{
    if (is_named(&keys->newest, id))
        return &keys->newest;
    return is_named(&keys->previous, id) ? &keys->previous : NULL;
}

void proto_resume_keys_complete(struct proto_resume_keys *keys, const uint8_t id[static PROTO_RESUME_ID_BYTES])
{
    if (is_named(&keys->newest, id))
        wipe(&keys->newest);
    if (is_named(&keys->previous, id))
        wipe(&keys->previous);
    memcpy(keys->completed[keys->completed_count++ % PROTO_RESUME_REMEMBERED], id, PROTO_RESUME_ID_BYTES);
}

bool proto_resume_keys_completed(const struct proto_resume_keys *keys, const uint8_t id[static PROTO_RESUME_ID_BYTES])
{
    for (unsigned i = 0; i < keys->completed_count && i < PROTO_RESUME_REMEMBERED; i++)
        if (!memcmp(keys->completed[i], id, PROTO_RESUME_ID_BYTES))
            return true;
    return false;
}

void proto_resume_keys_clear(struct proto_resume_keys *keys)
{
    sodium_memzero(keys, sizeof *keys);
}
