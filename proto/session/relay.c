/* SPDX-License-Identifier: Apache-2.0 */
/* What the relay says and is told. The relay is not trusted: what it says can only end or delay things, never open any.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/session/internal.h"

void relay_link_send(struct proto_session *s, const handhold_ToRelay *message)
{
    struct proto_buf body;

    proto_buf_init(&body, PROTO_MAX_RELAY_BYTES);
    if (proto_message_encode(&body, handhold_ToRelay_fields, message))
        session_error(s, PROTO_ERR_RANGE, "a message to the relay is over its bound");
    else
        session_send(s, PROTO_TYPE_RELAY, PROTO_INDEX_RELAY, body.bytes, body.len);
    proto_buf_free(&body);
}

void relay_link_hello(struct proto_session *s)
{
    handhold_ToRelay message = {.which_body = handhold_ToRelay_hello_tag};
    handhold_Hello *hello = &message.body.hello;

    if (s->token_known) {
        hello->which_seat = handhold_Hello_token_tag;
        memcpy(hello->seat.token, s->token, sizeof s->token);
    } else if (s->side == SIDE_AGENT) {
        hello->which_seat = handhold_Hello_staff_tag;
        hello->seat.staff = true;
    } else if (s->by_link) {
        hello->which_seat = handhold_Hello_sid_tag;
        memcpy(hello->seat.sid, s->sid, sizeof s->sid);
    } else {
        hello->which_seat = handhold_Hello_nameplate_tag;
        if (PROTO_SET_TEXT(hello->seat.nameplate, s->invite_code.nameplate))
            return;
    }
    if (s->side == SIDE_CUSTOMER && PROTO_SET_BYTES(hello->session_key, s->cs_public, sizeof s->cs_public))
        return;
    hello->seen_log_size = s->seen.size;
    if (s->seen.size && PROTO_SET_BYTES(hello->seen_log_root, s->seen.root, sizeof s->seen.root))
        return;
    relay_link_send(s, &message);
    s->link = LINK_HELLO;
}

void relay_link_leave(struct proto_session *s)
{
    handhold_ToRelay message = {.which_body = handhold_ToRelay_leave_tag};

    if (s->link != LINK_SEATED || s->left)
        return;
    message.body.leave.reason = s->end_reason;
    message.body.leave.by = s->end_by;
    relay_link_send(s, &message);
    s->left = true;
}

void relay_link_gate(struct proto_session *s, enum proto_capability capability, bool open, uint32_t ttl_s)
{
    struct grant *grant = &s->grants[capability];
    handhold_ToRelay message = {.which_body = handhold_ToRelay_gate_tag};
    struct proto_gate gate = {
        .gate_seq = ++s->gate_seq,
        .open = open,
        .src = PROTO_INDEX_CUSTOMER,
        .stream = grant->stream,
        .dst = PROTO_INDEX_AGENT,
        .capability = capability,
        .ttl_s = open ? ttl_s : 0,
    };

    memcpy(gate.sid, s->sid, sizeof gate.sid);
    memcpy(gate.grantee, s->agent.fingerprint, sizeof gate.grantee);
    if (open)
        memcpy(gate.leaf_hash, grant->leaf_hash, sizeof gate.leaf_hash);
    grant->gate_open = open;
    grant->gate_seq = s->gate_seq;
    if (s->link != LINK_SEATED || proto_gate_sign(&gate, s->cs_secret, message.body.gate.bytes))
        return; /* without a connection there is no gate to close */
    message.body.gate.size = PROTO_GATE_BYTES;
    relay_link_send(s, &message);
}

/* ---------------------------------------------------------------- the log as both ends see it */

/* The peer has seen a tree. Equal sizes must have equal roots; a larger one must continue ours, which the relay has to
 * prove. */
void relay_link_compare_log(struct proto_session *s, uint64_t size, const uint8_t *root, size_t root_len)
{
    handhold_ToRelay message = {.which_body = handhold_ToRelay_consistency_ask_tag};

    if (!size || root_len != PROTO_HASH_BYTES)
        return;
    if (size == s->seen.size && sodium_memcmp(root, s->seen.root, PROTO_HASH_BYTES) != 0) {
        s->log_distrusted = true;
        session_alarm(s, PROTO_ERR_LOG, "the relay has shown the two ends different logs");
        return;
    }
    if (size <= s->seen.size || s->claim_open)
        return;
    s->claimed.size = size;
    memcpy(s->claimed.root, root, PROTO_HASH_BYTES);
    if (!s->seen.size) {
        s->seen = s->claimed; /* nothing was seen yet: there is nothing that it must continue */
        return;
    }
    s->claim_open = true;
    message.body.consistency_ask.old_size = s->seen.size;
    message.body.consistency_ask.new_size = size;
    relay_link_send(s, &message);
}

static void on_consistency(struct proto_session *s, const handhold_FromRelay *message)
{
    const handhold_Consistency *m = &message->body.consistency;
    struct proto_log_hashes proof = {.count = m->hashes.size / PROTO_HASH_BYTES};

    if (!s->claim_open || m->new_size != s->claimed.size || m->hashes.size % PROTO_HASH_BYTES)
        return;
    s->claim_open = false;
    if (m->old_size > s->seen.size || m->new_size <= s->seen.size)
        return; /* a receipt has overtaken the question */
    memcpy(proof.hash, m->hashes.bytes, m->hashes.size);
    if (m->old_size != s->seen.size)
        return;
    if (proto_log_check_consistency(s->seen.size, s->seen.root, s->claimed.size, s->claimed.root, &proof)) {
        s->log_distrusted = true;
        session_alarm(s, PROTO_ERR_LOG, "the relay cannot prove that its log only grew");
        return;
    }
    s->seen = s->claimed;
}

/* ---------------------------------------------------------------- being seated */

static bool take_notes(struct proto_session *s, const char *org_note, const char *policy_note)
{
    proto_buf_clear(&s->org_note);
    proto_buf_clear(&s->policy_note);
    proto_buf_put_text(&s->org_note, org_note);
    proto_buf_put_text(&s->policy_note, policy_note);
    return !s->org_note.failed && !s->policy_note.failed;
}

/* The agent's end knows its own root, so it can hold both notes to it before anything else. */
static enum proto_err verify_own_notes(struct proto_session *s)
{
    const struct proto_certificate *root = &s->credential->chain[s->credential->chain_len - 1];
    enum proto_err err = proto_org_verify(&s->org, s->org_note.bytes, s->org_note.len, s->agent.root_key,
                                          s->agent.domain, s->org.number);

    if (!err)
        err = proto_org_admits(&s->org, &s->agent);
    if (!err)
        err = proto_policy_verify(&s->policy, s->policy_note.bytes, s->policy_note.len,
                                  (struct proto_der){root->bytes, root->len}, &s->org, s->policy.number);
    return err;
}

static void open_session(struct proto_session *s)
{
    handhold_ToRelay message = {.which_body = handhold_ToRelay_open_tag};
    handhold_Open *open = &message.body.open;

    if (!s->invite_link.join_host[0] &&
        (proto_invite_link_new(&s->invite_link, s->join_host, s->agent.root_fingerprint, &s->random) ||
         proto_invite_link_sid(&s->invite_link, s->sid))) {
        session_finish(s, PROTO_END_FAILED, PROTO_INDEX_AGENT,
                       "the relay named a join host that cannot stand in a link");
        return;
    }
    s->sid_known = true;
    memcpy(open->sid, s->sid, sizeof s->sid);
    open->link_ttl_s = s->link_ttl_s;
    open->code_ttl_s = s->by_code ? s->code_ttl_s : 0;
    if (PROTO_SET_TEXT(open->customer_ref, s->customer_ref) || PROTO_SET_TEXT(open->reference, s->reference))
        return; /* checked when the session was made */
    relay_link_send(s, &message);
}

static void on_welcome_agent(struct proto_session *s, const handhold_Welcome *w)
{
    enum proto_err err =
        proto_join_host_ok(w->join_host, strlen(w->join_host)) ? verify_own_notes(s) : PROTO_ERR_FORMAT;

    if (err) {
        session_error(s, err, "the relay's organisation note or policy does not verify under this identity's root");
        session_finish(s, PROTO_END_FAILED, PROTO_INDEX_RELAY, proto_err_rule(err));
        return;
    }
    if (s->opened) {
        s->link = LINK_SEATED;
        return;
    }
    memcpy(s->join_host, w->join_host, sizeof s->join_host - 1);
    open_session(s);
}

static void on_welcome_customer(struct proto_session *s, const handhold_Welcome *w)
{
    if (w->index != PROTO_INDEX_CUSTOMER || w->sid.size != PROTO_SID_BYTES || w->token.size != PROTO_TOKEN_BYTES ||
        (s->sid_known && memcmp(w->sid.bytes, s->sid, PROTO_SID_BYTES) != 0)) {
        session_finish(s, PROTO_END_FAILED, PROTO_INDEX_RELAY, "the relay offered a seat in another session");
        return;
    }
    memcpy(s->sid, w->sid.bytes, PROTO_SID_BYTES);
    s->sid_known = true;
    proto_signer_customer(s->outbox.signer, s->sid);
    s->link = LINK_SEATED;
}

static void pick_log(struct proto_session *s);

static void on_peer(struct proto_session *s, const handhold_Peer *peer)
{
    uint8_t other = s->side == SIDE_CUSTOMER ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER;

    if (peer->index != other)
        return;
    bool changed = peer->connection != s->peer_connection;
    s->peer_present = peer->present;
    s->peer_connection = peer->connection;
    if (!peer->present) {
        pair_close(s);
        return;
    }
    if (s->side == SIDE_CUSTOMER && (changed || !s->pair.up))
        pair_start(s);
}

static void on_welcome(struct proto_session *s, const handhold_FromRelay *message)
{
    const handhold_Welcome *w = &message->body.welcome;

    if (s->link != LINK_HELLO)
        return;
    if (!take_notes(s, w->org_note, w->policy_note) || proto_set_text(s->origin, sizeof s->origin, w->origin)) {
        session_finish(s, PROTO_END_FAILED, PROTO_INDEX_RELAY, "the relay's welcome is over its bounds");
        return;
    }
    if (s->side == SIDE_AGENT)
        on_welcome_agent(s, w);
    else
        on_welcome_customer(s, w);
    if (w->token.size == PROTO_TOKEN_BYTES && !s->over) {
        memcpy(s->token, w->token.bytes, PROTO_TOKEN_BYTES);
        s->token_known = true;
    }
    if (s->over || s->link != LINK_SEATED)
        return;
    pick_log(s);
    s->peer_connection = 0; /* a pair of the connection before is gone in any case */
    for (pb_size_t i = 0; i < w->peers_count; i++)
        on_peer(s, &w->peers[i]);
    outbox_flush(s);
}

/* Which of the organisation's logs this relay writes. */
static void pick_log(struct proto_session *s)
{
    size_t len = strlen(s->origin);

    s->log_vkey[0] = 0;
    for (size_t i = 0; len && i < s->org.log_count; i++)
        if (!strncmp(s->org.logs[i], s->origin, len) && s->org.logs[i][len] == '+')
            memcpy(s->log_vkey, s->org.logs[i], sizeof s->log_vkey);
}

static void event_invite(struct proto_session *s)
{
    static const char digits[] = "0123456789abcdef";
    char sid[2 * PROTO_SID_BYTES + 1] = "", code[PROTO_CODE_TEXT_MAX + 1] = "";
    struct proto_buf link;
    size_t at = 0;

    for (size_t i = 0; i < PROTO_SID_BYTES; i++) {
        sid[2 * i] = digits[s->sid[i] >> 4];
        sid[2 * i + 1] = digits[s->sid[i] & 15];
    }
    proto_buf_init_secret(&link, PROTO_INVITE_LINK_MAX + 1);
    struct event_node *node = events_add(&s->events, PROTO_EVENT_INVITE,
                                         sizeof sid + sizeof code + PROTO_INVITE_LINK_MAX + 1 + sizeof s->join_host);
    bool coded = s->by_code && !proto_invite_code_format(&s->invite_code, code);
    if (node && !proto_invite_link_build(&s->invite_link, &link)) {
        proto_buf_put_u8(&link, 0);
        node->event.invite.sid_hex = events_text(node, &at, sid);
        node->event.invite.link = link.failed ? NULL : events_text(node, &at, (const char *)link.bytes);
        node->event.invite.code = coded ? events_text(node, &at, code) : NULL;
        node->event.invite.address = events_text(node, &at, s->join_host);
    }
    proto_buf_free(&link);
    sodium_memzero(code, sizeof code);
}

static void on_opened(struct proto_session *s, const handhold_FromRelay *message)
{
    const handhold_Opened *m = &message->body.opened;

    if (s->side != SIDE_AGENT || s->opened || memcmp(m->sid, s->sid, PROTO_SID_BYTES) != 0 ||
        m->index != PROTO_INDEX_AGENT)
        return;
    if (s->by_code && proto_invite_code_new(&s->invite_code, m->nameplate, &s->random)) {
        session_finish(s, PROTO_END_FAILED, PROTO_INDEX_RELAY, "the relay gave no nameplate for the code");
        return;
    }
    memcpy(s->token, m->token, sizeof s->token);
    s->token_known = true;
    s->opened = true;
    s->link = LINK_SEATED;
    s->link_until_ms = s->now.mono_ms + (int64_t)s->link_ttl_s * 1000;
    s->code_until_ms = s->now.mono_ms + (int64_t)s->code_ttl_s * 1000;
    pick_log(s);
    event_invite(s);
}

/* ---------------------------------------------------------------- the rest */

static void on_gate_answer(struct proto_session *s, const handhold_FromRelay *message)
{
    const handhold_GateAnswer *m = &message->body.gate_answer;

    if (s->side == SIDE_CUSTOMER)
        grants_gate_answered(s, m->gate_seq, m->error < PROTO_ERR_COUNT ? (enum proto_err)m->error : PROTO_ERR_REFUSED,
                             m->message);
}

static void on_key_frame_hint(struct proto_session *s, const handhold_FromRelay *message)
{
    enum proto_capability capability = grants_by_stream(s, (uint8_t)message->body.key_frame_hint.stream);

    if (s->side == SIDE_CUSTOMER && capability && proto_session_may_send(s, capability))
        events_add(&s->events, PROTO_EVENT_KEY_FRAME, 0);
}

static void on_queue_report(struct proto_session *s, const handhold_FromRelay *message)
{
    media_queued(s, &message->body.queue_report);
}

static void on_blocked(struct proto_session *s, const handhold_FromRelay *message)
{
    struct event_node *node = events_add(&s->events, PROTO_EVENT_BLOCKED, 0);

    if (!node)
        return;
    node->event.blocked.capability =
        s->side == SIDE_CUSTOMER ? grants_by_stream(s, (uint8_t)message->body.blocked.stream) : 0;
    node->event.blocked.messages = message->body.blocked.messages;
}

static void on_ended(struct proto_session *s, const handhold_FromRelay *message)
{
    const handhold_Ended *m = &message->body.ended;
    enum proto_end reason =
        m->reason > PROTO_END_NONE && m->reason < PROTO_END_COUNT ? (enum proto_end)m->reason : PROTO_END_FAILED;

    /* What this end decided itself, or heard from the peer under seal, counts more than the relay's word. */
    session_finish(s, s->ending ? s->end_reason : reason, s->ending ? s->end_by : (uint8_t)(m->by & 15), m->message);
}

static void on_error(struct proto_session *s, const handhold_FromRelay *message)
{
    const handhold_Error *m = &message->body.error;
    enum proto_err err = m->code && m->code < PROTO_ERR_COUNT ? (enum proto_err)m->code : PROTO_ERR_REFUSED;

    if (m->fatal && s->side == SIDE_CUSTOMER && s->token_known && !s->pair.confirmed && !s->invitation_used) {
        s->token_known = false; /* the seat was given back before the pair stood: take it anew with the invitation */
        return;
    }
    session_error(s, err, m->message);
    if (m->fatal)
        session_finish(s,
                       s->joined                  ? PROTO_END_CONNECTION_LOST
                       : err == PROTO_ERR_EXPIRED ? PROTO_END_EXPIRED
                                                  : PROTO_END_FAILED,
                       PROTO_INDEX_RELAY, m->message);
}

static void on_notes(struct proto_session *s, const handhold_FromRelay *message)
{
    /* The customer's end believes only the texts that AUTH_A named; new ones come with the next handshake. */
    if (!take_notes(s, message->body.notes.org_note, message->body.notes.policy_note) || s->side != SIDE_AGENT)
        return;
    enum proto_err err = verify_own_notes(s);
    if (err)
        session_error(s, err, "the relay's new organisation note or policy does not admit this identity");
}

static void on_peer_message(struct proto_session *s, const handhold_FromRelay *message)
{
    on_peer(s, &message->body.peer);
}

static const struct {
    pb_size_t tag;
    void (*on)(struct proto_session *s, const handhold_FromRelay *message);
} handlers[] = {
    {handhold_FromRelay_welcome_tag, on_welcome},
    {handhold_FromRelay_opened_tag, on_opened},
    {handhold_FromRelay_peer_tag, on_peer_message},
    {handhold_FromRelay_gate_answer_tag, on_gate_answer},
    {handhold_FromRelay_consistency_tag, on_consistency},
    {handhold_FromRelay_key_frame_hint_tag, on_key_frame_hint},
    {handhold_FromRelay_queue_report_tag, on_queue_report},
    {handhold_FromRelay_blocked_tag, on_blocked},
    {handhold_FromRelay_ended_tag, on_ended},
    {handhold_FromRelay_error_tag, on_error},
    {handhold_FromRelay_notes_tag, on_notes},
};

void relay_link_feed(struct proto_session *s, const uint8_t *body, size_t len)
{
    handhold_FromRelay *message = malloc(sizeof *message); /* 25 kB with the largest notes: too much for a stack */

    if (!message)
        return;
    if (proto_message_decode(body, len, handhold_FromRelay_fields, message, sizeof *message)) {
        session_error(s, PROTO_ERR_FORMAT, "the relay sent a message that does not decode");
    } else {
        for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
            if (handlers[i].tag == message->which_body)
                handlers[i].on(s, message);
    }
    free(message);
}
