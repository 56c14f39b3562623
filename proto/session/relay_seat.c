/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a seat at the relay: whose notes it serves, which session this is, who sits on the other side. */
#include <sodium.h>
#include <string.h>

#include "proto/session/internal.h"

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

/* What was wished, or the policy's when it is shorter or nothing was. */
static uint32_t life_s(uint32_t wished_s, uint32_t minutes)
{
    return wished_s && wished_s < minutes * 60 ? wished_s : minutes * 60;
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
    s->link_ttl_s = life_s(s->link_ttl_s, s->policy.link_minutes);
    s->code_ttl_s = s->by_code ? life_s(s->code_ttl_s, s->policy.code_minutes) : 0;
    open->link_ttl_s = s->link_ttl_s;
    open->code_ttl_s = s->code_ttl_s;
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

void relay_link_welcomed(struct proto_session *s, const handhold_FromRelay *message)
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
    session_pick_log(s);
    session_end_back(s);
    s->peer_connection = 0; /* a pair of the connection before is gone in any case */
    for (pb_size_t i = 0; i < w->peers_count; i++)
        on_peer(s, &w->peers[i]);
    outbox_flush(s);
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
        node->event.invite.link_s = s->link_ttl_s;
        node->event.invite.code_s = s->code_ttl_s;
    }
    proto_buf_free(&link);
    sodium_memzero(code, sizeof code);
}

void relay_link_opened(struct proto_session *s, const handhold_FromRelay *message)
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
    s->ends_ms = s->link_until_ms + PROTO_SILENT_MS; /* the relay's word comes before */
    session_pick_log(s);
    event_invite(s);
}

void relay_link_noted(struct proto_session *s, const handhold_FromRelay *message)
{
    /* The customer's end believes only the texts that AUTH_A named; new ones come with the next handshake. */
    if (!take_notes(s, message->body.notes.org_note, message->body.notes.policy_note) || s->side != SIDE_AGENT)
        return;
    enum proto_err err = verify_own_notes(s);
    if (err)
        session_error(s, err, "the relay's new organisation note or policy does not admit this identity");
}

void relay_link_peer_changed(struct proto_session *s, const handhold_FromRelay *message)
{
    on_peer(s, &message->body.peer);
}
