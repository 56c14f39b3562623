/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/session.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/signature.h"
#include "proto/session/internal.h"

/* ---------------------------------------------------------------- starting */

static struct proto_session *session_new(enum side side, struct proto_random random, struct proto_log_seen seen,
                                         const char *seen_note, struct proto_now now)
{
    struct proto_session *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->side = side;
    s->random = random;
    s->now = now;
    s->start_ms = now.mono_ms;
    s->ends_ms = now.mono_ms + PROTO_SESSION_MS;
    s->seen = seen;
    if (seen_note && proto_set_text(s->view.note, sizeof s->view.note, seen_note))
        s->view.note[0] = '\0'; /* not one that this program wrote */
    s->pair.best_rtt_ms = -1;
    s->retry_pair_ms = s->lost_since_ms = s->end_deadline_ms = PROTO_NEVER;
    s->hold_until_ms = s->return_ms = s->goodbye_ms = s->still_in.wait_ms = PROTO_NEVER;
    events_init(&s->events);
    outq_init(&s->out);
    data_clear(&s->data);
    s->outbox.last = &s->outbox.first;
    proto_buf_init(&s->org_note, PROTO_ORG_NOTE_BYTES);
    proto_buf_init(&s->policy_note, PROTO_POLICY_NOTE_BYTES);
    return s;
}

static enum proto_err take_invitation(struct proto_session *s, const struct proto_customer_config *config)
{
    enum proto_err err;

    if (config->link) {
        s->by_link = true;
        err = proto_invite_link_parse(&s->invite_link, config->link, strlen(config->link));
        if (!err)
            err = proto_invite_link_sid(&s->invite_link, s->sid);
        s->sid_known = !err;
        return err ? err : proto_set_text(s->join_host, sizeof s->join_host, s->invite_link.join_host);
    }
    if (!config->code || !config->join_host)
        return PROTO_ERR_ARGUMENT;
    s->by_code = true;
    err = proto_invite_code_parse(&s->invite_code, config->code, strlen(config->code));
    if (err)
        return err;
    if (!proto_join_host_ok(config->join_host, strlen(config->join_host)))
        return PROTO_ERR_LINK;
    return proto_set_text(s->join_host, sizeof s->join_host, config->join_host);
}

enum proto_err proto_session_new_customer(struct proto_session **out, const struct proto_customer_config *config,
                                          struct proto_now now)
{
    struct proto_session *s = session_new(SIDE_CUSTOMER, config->random, config->seen, config->seen_note, now);
    uint8_t seed[PROTO_SIGN_SEED_BYTES];

    *out = NULL;
    if (!s)
        return PROTO_ERR_NOMEM;
    enum proto_err err = take_invitation(s, config);
    if (!err)
        err = proto_set_text(s->client_info, sizeof s->client_info, config->client_info);
    if (err) {
        proto_session_free(s);
        return err;
    }
    proto_random_fill(&s->random, seed, sizeof seed);
    proto_sign_keypair(s->cs_public, s->cs_secret, seed);
    sodium_memzero(seed, sizeof seed);
    memcpy(s->outbox.secret, s->cs_secret, sizeof s->outbox.secret);
    s->offers = config->offers;
    s->has_pin = config->pinned_root != NULL;
    if (s->has_pin)
        memcpy(s->pinned_root, config->pinned_root, sizeof s->pinned_root);
    memcpy(s->ui_build, config->ui_build, sizeof s->ui_build);
    *out = s;
    return PROTO_OK;
}

enum proto_err proto_session_new_agent(struct proto_session **out, const struct proto_agent_config *config,
                                       struct proto_now now)
{
    struct proto_session *s = session_new(SIDE_AGENT, config->random, config->seen, config->seen_note, now);
    const char *ref = config->customer_ref ? config->customer_ref : "",
               *reference = config->reference ? config->reference : "";

    *out = NULL;
    if (!s)
        return PROTO_ERR_NOMEM;
    if (!proto_value_valid(ref) || !proto_value_valid(reference) ||
        proto_set_text(s->customer_ref, sizeof s->customer_ref, ref) ||
        proto_set_text(s->reference, sizeof s->reference, reference)) {
        proto_session_free(s);
        return PROTO_ERR_RANGE;
    }
    s->credential = config->credential;
    s->agent = config->credential->identity;
    s->verified = true;
    s->by_link = true;
    s->by_code = config->by_code;
    s->link_ttl_s = config->link_ttl_s;
    s->code_ttl_s = config->code_ttl_s;
    memcpy(s->outbox.secret, config->credential->secret_key, sizeof s->outbox.secret);
    proto_identity_signer_name(&s->agent, s->outbox.signer);
    *out = s;
    return PROTO_OK;
}

void session_wipe(struct proto_session *s)
{
    grants_clear(s);
    held_clear(s);
    proto_pairing_free(s->pair.pairing);
    proto_noise_channel_clear(&s->pair.channel);
    s->pair = (struct pair){.best_rtt_ms = -1};
    proto_resume_keys_clear(&s->resume);
    proto_invite_link_clear(&s->invite_link);
    proto_invite_code_clear(&s->invite_code);
    sodium_memzero(s->cs_secret, sizeof s->cs_secret);
    sodium_memzero(s->token, sizeof s->token);
    s->token_known = false;
    outbox_clear(&s->outbox);
    data_clear(&s->data);
}

void proto_session_free(struct proto_session *s)
{
    if (!s)
        return;
    session_wipe(s);
    events_clear(&s->events);
    outq_clear(&s->out);
    proto_identity_chain_clear(&s->chain);
    proto_buf_free(&s->org_note);
    proto_buf_free(&s->policy_note);
    sodium_memzero(s, sizeof *s);
    free(s);
}

/* ---------------------------------------------------------------- the connection */

bool session_send(struct proto_session *s, enum proto_type type, uint8_t dst, const uint8_t *body, size_t len)
{
    struct outq_message *message = outq_message_new(0, PROTO_ENVELOPE_BYTES + len);

    if (!message)
        return false;
    proto_envelope_write(message->bytes, type, s->side == SIDE_CUSTOMER ? PROTO_INDEX_CUSTOMER : PROTO_INDEX_AGENT,
                         dst);
    if (len)
        memcpy(message->bytes + PROTO_ENVELOPE_BYTES, body, len);
    return outq_append(&s->out, message);
}

void proto_session_connected(struct proto_session *s, struct proto_now now)
{
    s->now = now;
    if (s->over || s->link != LINK_DOWN)
        return;
    s->ever_connected = true;
    relay_link_hello(s);
}

void proto_session_disconnected(struct proto_session *s, struct proto_now now)
{
    s->now = now;
    if (s->link == LINK_DOWN)
        return;
    s->link = LINK_DOWN;
    s->peer_present = false;
    s->view.asked = false; /* asked again when the other end is back */
    outq_clear(&s->out);
    outbox_disconnected(s);
    pair_close(s);
    session_end_cut(s);
}

void proto_session_feed(struct proto_session *s, const uint8_t *message, size_t len, struct proto_now now)
{
    struct proto_envelope envelope;

    s->now = now;
    if (s->over || s->link == LINK_DOWN)
        return;
    if (len && message[0] == PROTO_TYPE_MEDIA) {
        if (s->side == SIDE_AGENT)
            held_media(s, message, len);
        else
            talk_media(s, message, len);
        return;
    }
    if (proto_envelope_parse(message, len, &envelope)) {
        s->figures.frames_refused++;
        return;
    }
    message += PROTO_ENVELOPE_BYTES;
    len -= PROTO_ENVELOPE_BYTES;
    if (envelope.type == PROTO_TYPE_RELAY)
        relay_link_feed(s, message, len);
    else if (envelope.type == PROTO_TYPE_LOG)
        outbox_receipt(s, message, len);
    else if (envelope.type == PROTO_TYPE_HANDSHAKE)
        pair_feed_handshake(s, message, len);
    else
        pair_feed_control(s, message, len);
}

const uint8_t *proto_session_pending(struct proto_session *s, size_t *len)
{
    still_feed(s);
    return outq_pending(&s->out, len);
}

void proto_session_sent(struct proto_session *s)
{
    outq_sent(&s->out);
}

size_t proto_session_backlog_bytes(const struct proto_session *s)
{
    return s->out.media.bytes;
}

bool proto_session_over(const struct proto_session *s)
{
    return s->over && !s->out.control.first;
}

bool proto_session_has_line(const struct proto_session *s)
{
    return s->link == LINK_SEATED;
}

bool proto_session_comes_through(const struct proto_session *s)
{
    return s->pair.up && !s->pair.stale;
}

size_t proto_session_chat_waits(const struct proto_session *s)
{
    size_t count = 0;

    for (const struct data_message *m = s->data.first; m; m = m->next)
        count += m->chat;
    return count;
}

int64_t proto_session_waits_ms(const struct proto_session *s)
{
    return s->pair.best_rtt_ms < 0 || s->pair.rtt_ms < s->pair.best_rtt_ms ? -1 : s->pair.rtt_ms - s->pair.best_rtt_ms;
}

bool proto_session_wants_connection(const struct proto_session *s)
{
    return !s->over;
}

bool proto_session_next_event(struct proto_session *s, struct proto_event *out)
{
    return events_next(&s->events, out);
}

/* ---------------------------------------------------------------- both ends */

enum proto_err proto_session_send_data(struct proto_session *s, const handhold_Data *data, struct proto_now now)
{
    s->now = now;
    if (!s->joined || s->ending || s->over)
        return PROTO_ERR_STATE;
    enum proto_err err = data_may_send(s, data, false);
    if (err)
        return err;
    if (data->which_body == handhold_Data_check_words_tag)
        s->words_matched = data->body.check_words.match;
    return data_send(s, data);
}
