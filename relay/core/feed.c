/* SPDX-License-Identifier: Apache-2.0 */
/* A message comes in: is it of a kind that its sender may send now, how large, how often; and whose it is then. */
#include <stddef.h>

#include "relay/core/acts.h"
#include "relay/core/core.h"
#include "relay/core/devices.h"
#include "relay/core/on.h"
#include "relay/core/peers.h"
#include "relay/core/state.h"

#define OFFICER (1u << PROTO_ROLE_OFFICER)
#define STAFF (~(1u << PROTO_ROLE_NONE))

/* Which ToRelay message belongs where, and to whom; anything else is a broken peer. */
static const struct {
    pb_size_t tag;
    unsigned states; /* bit of each state in which it may come */
    unsigned
        roles; /* bit of each role; NONE is the customer. Who gives consents and who watches over them are apart. */
    int64_t cost;
    enum proto_err (*on)(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
} table[] = {
    {handhold_ToRelay_hello_tag, 1 << RELAY_PEER_NEW, ~0u, RELAY_COST_FORWARD, relay_on_hello},
    {handhold_ToRelay_open_tag, 1 << RELAY_PEER_STAFF, ~OFFICER, RELAY_COST_FORWARD, relay_on_open},
    {handhold_ToRelay_session_key_tag, 1 << RELAY_PEER_SEATED, ~OFFICER, RELAY_COST_LOG, relay_on_session_key},
    {handhold_ToRelay_gate_tag, 1 << RELAY_PEER_SEATED, ~OFFICER, RELAY_COST_LOG, relay_on_gate},
    {handhold_ToRelay_consistency_ask_tag, 1 << RELAY_PEER_STAFF | 1 << RELAY_PEER_SEATED, ~0u, RELAY_COST_ASK,
     relay_on_consistency_ask},
    {handhold_ToRelay_move_answer_tag, 1 << RELAY_PEER_SEATED, 1u << PROTO_ROLE_NONE, RELAY_COST_LOG,
     relay_on_move_answer},
    {handhold_ToRelay_beside_join_tag, 1 << RELAY_PEER_SEATED, 1u << PROTO_ROLE_NONE, RELAY_COST_LOG,
     relay_on_beside_join},
    {handhold_ToRelay_beside_tag, 1 << RELAY_PEER_SEATED | 1 << RELAY_PEER_BESIDE, 1u << PROTO_ROLE_NONE,
     RELAY_COST_FORWARD, relay_on_beside},
    {handhold_ToRelay_leave_tag, 1 << RELAY_PEER_SEATED, ~OFFICER, RELAY_COST_FORWARD, relay_on_leave},
    {handhold_ToRelay_erasure_ask_tag, 1 << RELAY_PEER_STAFF, OFFICER, RELAY_COST_ASK, relay_on_erasure_ask},
    {handhold_ToRelay_officer_act_tag, 1 << RELAY_PEER_STAFF, OFFICER, RELAY_COST_ASK, relay_on_officer_act},
    {handhold_ToRelay_kept_ask_tag, 1 << RELAY_PEER_STAFF | 1 << RELAY_PEER_SEATED, STAFF, RELAY_COST_LOG,
     relay_on_kept_ask},
    {handhold_ToRelay_kept_add_tag, 1 << RELAY_PEER_SEATED, STAFF & ~OFFICER, RELAY_COST_LOG, relay_on_kept_add},
    {handhold_ToRelay_log_read_tag, 1 << RELAY_PEER_STAFF, OFFICER, RELAY_COST_LOG, relay_on_log_read},
    {handhold_ToRelay_renew_ask_tag, 1 << RELAY_PEER_STAFF, STAFF, RELAY_COST_ASK, relay_on_renew_ask},
    {handhold_ToRelay_renew_read_tag, 1 << RELAY_PEER_STAFF, OFFICER, RELAY_COST_ASK, relay_on_renew_read},
    {handhold_ToRelay_renew_give_tag, 1 << RELAY_PEER_STAFF, OFFICER, RELAY_COST_LOG, relay_on_renew_give},
};

static struct relay_pace message_pace(const struct relay_core *core)
{
    int64_t rate = core->limits.messages_per_second;

    return (struct relay_pace){rate, 1000, rate < RELAY_COST_ASK ? RELAY_COST_ASK : rate};
}

/* A second's worth may come at once, and one largest message always. */
static struct relay_pace byte_pace(const struct relay_core *core)
{
    int64_t rate = core->limits.bytes_per_second;

    return (struct relay_pace){rate, 1000, rate < PROTO_MAX_MESSAGE_BYTES ? PROTO_MAX_MESSAGE_BYTES : rate};
}

static enum proto_err too_fast(struct relay_core *core, struct relay_peer *peer, enum relay_bound bound,
                               struct proto_now now)
{
    relay_reached(core, peer->connection, bound);
    return relay_peer_refuse(core, peer, now, PROTO_ERR_BUSY, false,
                             "more than %lld messages or %lld bytes in a second; send less",
                             (long long)core->limits.messages_per_second, (long long)core->limits.bytes_per_second);
}

static enum proto_err take_cost(struct relay_core *core, struct relay_peer *peer, int64_t cost, struct proto_now now)
{
    struct relay_pace pace = message_pace(core);

    return relay_bucket_take(&peer->messages, &pace, cost, now.mono_ms)
               ? PROTO_OK
               : too_fast(core, peer, RELAY_BOUND_messages_per_second, now);
}

/* A session outlives the certificate with which it was opened, and nothing else does: its end may come back to it. */
static bool has_ended(const struct relay_core *core, const struct relay_peer *peer, struct proto_now now)
{
    const handhold_ToRelay *in = &core->in.to_relay;

    return peer->staff && now.unix_ms / 1000 >= peer->staff->not_after_s && peer->state != RELAY_PEER_SEATED &&
           !(in->which_body == handhold_ToRelay_hello_tag && in->body.hello.which_seat == handhold_Hello_token_tag);
}

static enum proto_err on_to_relay(struct relay_core *core, struct relay_peer *peer, const uint8_t *body, size_t len,
                                  struct proto_now now)
{
    enum proto_err err =
        proto_message_decode(body, len, handhold_ToRelay_fields, &core->in.to_relay, sizeof core->in.to_relay);

    for (size_t i = 0; !err && i < sizeof table / sizeof *table; i++) {
        if (table[i].tag != core->in.to_relay.which_body || !(table[i].states >> peer->state & 1))
            continue;
        if (!(table[i].roles >> (peer->staff ? peer->staff->role : PROTO_ROLE_NONE) & 1)) {
            if (peer->staff)
                relay_refused(core, peer->staff, RELAY_REFUSED_ROLE, now);
            return PROTO_ERR_CERT_ROLE;
        }
        if (has_ended(core, peer, now))
            return PROTO_ERR_CERT_EXPIRED;
        err = take_cost(core, peer, table[i].cost - RELAY_COST_FORWARD, now);
        return err ? err : table[i].on(core, peer, now);
    }
    return err ? err : PROTO_ERR_STATE;
}

static enum proto_err dispatch(struct relay_core *core, struct relay_peer *peer, const uint8_t *message, size_t len,
                               struct proto_now now)
{
    struct proto_envelope envelope;

    if (len && message[0] == PROTO_TYPE_MEDIA)
        return relay_on_media(core, peer, message, len, now);
    enum proto_err err = proto_envelope_parse(message, len, &envelope);
    if (err)
        return err;
    if (envelope.type == PROTO_TYPE_RELAY)
        return on_to_relay(core, peer, message + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES, now);
    if (peer->state != RELAY_PEER_SEATED)
        return PROTO_ERR_STATE;
    if (envelope.type != PROTO_TYPE_LOG)
        return relay_on_sealed(core, peer, &envelope, message, len, now);
    err = take_cost(core, peer, RELAY_COST_LOG - RELAY_COST_FORWARD, now);
    if (!err)
        err = proto_message_decode(message + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES, handhold_LogAdd_fields,
                                   &core->in.log_add, sizeof core->in.log_add);
    return err ? err : relay_on_log_add(core, peer, now);
}

/* ---- how large ---- */

static const struct {
    uint8_t type;
    enum relay_bound bound;
    size_t limit; /* in struct relay_limits */
} kinds[] = {
    {PROTO_TYPE_HANDSHAKE, RELAY_BOUND_handshake_bytes, offsetof(struct relay_limits, handshake_bytes)},
    {PROTO_TYPE_CONTROL, RELAY_BOUND_control_bytes, offsetof(struct relay_limits, control_bytes)},
    {PROTO_TYPE_MEDIA, RELAY_BOUND_media_bytes, offsetof(struct relay_limits, media_bytes)},
    {PROTO_TYPE_LOG, RELAY_BOUND_log_bytes, offsetof(struct relay_limits, log_bytes)},
    {PROTO_TYPE_RELAY, RELAY_BOUND_ask_bytes, offsetof(struct relay_limits, ask_bytes)},
};

/* What has no kind is refused for that. */
static bool is_too_large(struct relay_core *core, const struct relay_peer *peer, uint8_t type, size_t len)
{
    enum relay_bound bound = RELAY_BOUND_hello_bytes;
    int64_t most = core->limits.hello_bytes;

    for (size_t i = 0; peer->state != RELAY_PEER_NEW && i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].type == type) {
            bound = kinds[i].bound;
            most = *(const int64_t *)((const char *)&core->limits + kinds[i].limit);
        }
    if (len <= (size_t)most)
        return false;
    relay_reached(core, peer->connection, bound);
    return true;
}

bool relay_core_takes(struct relay_core *core, uint32_t connection, uint8_t type, size_t len)
{
    struct relay_peer *peer = relay_peer_find(core, connection);

    return peer && !is_too_large(core, peer, type, len);
}

enum proto_err relay_core_feed(struct relay_core *core, uint32_t connection, const uint8_t *message, size_t len,
                               struct proto_now now)
{
    struct relay_peer *peer = relay_peer_find(core, connection);
    struct relay_pace bytes = byte_pace(core);
    enum proto_err err;

    if (!peer)
        return PROTO_ERR_NOT_FOUND;
    if (relay_peers_are_crowded(core))
        relay_peers_make_room(core, now);
    if (peer->state == RELAY_PEER_CLOSING)
        return peer->failed;
    err = take_cost(core, peer, RELAY_COST_FORWARD, now);
    if (!err && len && is_too_large(core, peer, message[0], len))
        err = PROTO_ERR_RANGE;
    if (!err && !relay_bucket_take(&peer->bytes, &bytes, (int64_t)len, now.mono_ms))
        err = too_fast(core, peer, RELAY_BOUND_bytes_per_second, now);
    if (!err)
        err = dispatch(core, peer, message, len, now);
    if (err) /* a broken or hostile peer: coming back with the same will not help */
        relay_peer_refuse(core, peer, now, err, true, NULL);
    return peer->failed;
}
