/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts: the handshake with whoever holds the invitation, or the keys to resume with. */
#include <sodium.h>
#include <string.h>

#include "proto/session/internal.h"

/* Unsealed answer of an agent that will not take an attempt: 0x7f, error. Anybody on the way can make one; all it does
 * is to end an attempt that the same somebody could have stopped anyway. */
enum { HANDSHAKE_REFUSED = 0x7f };

static void send_bodies(struct proto_session *s)
{
    const uint8_t *body;
    size_t len;

    while (s->pair.pairing && (body = proto_pairing_pending(s->pair.pairing, &len))) {
        /* M1 of a code carries a tag that tells whoever answered whether the guess behind the answer was right. */
        s->code_told += s->side == SIDE_CUSTOMER && s->pair.by_code && body[0] == PROTO_PAIRING_M1;
        session_send(s, PROTO_TYPE_HANDSHAKE, s->side == SIDE_CUSTOMER ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER, body,
                     len);
        proto_pairing_sent(s->pair.pairing);
    }
}

static const char wrong_clock[] =
    "the clocks of the two ends differ by more than a day; set the clock of the device that is wrong";

/* The machine of an agent that wakes, or a line that carries again, brings what was asked before. Such an answer spoils
 * the attempt that runs, whose own answer then comes too late as well. */
static bool is_late_answer(struct proto_session *s, enum proto_err err)
{
    if (s->side != SIDE_CUSTOMER)
        return false;
    if (err == PROTO_ERR_TIMEOUT)
        s->late_answers += PROTO_LATE_ANSWERS;
    if ((err != PROTO_ERR_CRYPTO && err != PROTO_ERR_STATE) || !s->late_answers || s->pair.by_code)
        return false;
    s->late_answers--;
    return true;
}

void handshake_failed(struct proto_session *s, enum proto_err err)
{
    proto_pairing_free(s->pair.pairing);
    s->pair.pairing = NULL;
    if (s->side == SIDE_CUSTOMER)
        s->retry_pair_ms = s->now.mono_ms + PROTO_HEARTBEAT_MS;
    if (is_late_answer(s, err) || err == PROTO_ERR_TIMEOUT || err == PROTO_ERR_BUSY || err == PROTO_ERR_NOT_FOUND)
        return; /* tried again, with another key when this one was not known */
    if (s->side == SIDE_CUSTOMER && err == PROTO_ERR_CLOCK) /* nobody is suspected of a wrong date */
        session_error(s, err, wrong_clock);
    else
        session_alarm(s, err,
                      s->side == SIDE_CUSTOMER ? "the agent's end did not prove who it is"
                      : err == PROTO_ERR_REPLAY
                          ? "somebody repeated an old attempt to take this session up again: it was refused"
                          : "somebody tried to join and did not know the secret of the invitation");
    if (s->side == SIDE_CUSTOMER && !s->joined && err != PROTO_ERR_CRYPTO && err != PROTO_ERR_FORMAT)
        session_finish(s, PROTO_END_FAILED, PROTO_INDEX_CUSTOMER,
                       err == PROTO_ERR_CLOCK ? wrong_clock : proto_err_rule(err));
    else if (s->side == SIDE_CUSTOMER && ++s->failed_attempts >= PROTO_CODE_TRIES)
        session_finish(s, s->joined ? PROTO_END_CONNECTION_LOST : PROTO_END_FAILED, PROTO_INDEX_CUSTOMER,
                       proto_err_rule(err));
}

/* Which key the customer tries: the newest to resume with, the one before, then the invitation while the agent may not
 * have used it. */
static bool choose_customer_mode(struct proto_session *s, struct proto_pairing_customer *config)
{
    const struct proto_resume_key *keys[] = {&s->resume.newest, &s->resume.previous};

    for (; s->resume_try < 2; s->resume_try++) {
        if (keys[s->resume_try]->set) {
            config->mode = PROTO_PAIRING_RESUME;
            config->resume_psk = keys[s->resume_try]->psk;
            config->known = &s->agent;
            return true;
        }
    }
    config->mode = s->by_link ? PROTO_PAIRING_LINK : PROTO_PAIRING_CODE;
    return !s->ever_confirmed;
}

void pair_start(struct proto_session *s)
{
    struct proto_pairing_customer config = {
        .random = s->random,
        .sid = s->sid,
        .join_host = s->join_host,
        .link = &s->invite_link,
        .code = &s->invite_code,
        .cs_secret_key = s->cs_secret,
        .client_info = s->client_info,
        .roles = 1u << PROTO_ROLE_AGENT | 1u << PROTO_ROLE_SUPERVISOR | 1u << PROTO_ROLE_EXPERT,
        .org_note = s->org_note.bytes,
        .org_note_len = s->org_note.len,
        .policy_note = s->policy_note.bytes,
        .policy_note_len = s->policy_note.len,
        .org_min = s->org.number,
        .policy_min = s->policy.number,
    };

    if (s->over || s->ending || s->link != LINK_SEATED || !s->peer_present)
        return;
    pair_close(s);
    if (!choose_customer_mode(s, &config)) {
        session_finish(s, PROTO_END_CONNECTION_LOST, PROTO_INDEX_CUSTOMER,
                       "the two ends could not take the session up again");
        return;
    }
    s->pair.by_code = config.mode == PROTO_PAIRING_CODE;
    if (s->pair.by_code && s->code_told >= PROTO_CODE_TRIES) {
        session_alarm(s, PROTO_ERR_BURNT,
                      "the code was tried three times and nobody proved to know it: somebody may be guessing");
        session_finish(s, PROTO_END_FAILED, PROTO_INDEX_CUSTOMER,
                       "the code was tried three times; ask for a new invitation");
        return;
    }
    enum proto_err err = proto_pairing_customer_new(&s->pair.pairing, &config, s->now);
    if (err)
        handshake_failed(s, err);
    send_bodies(s);
}

static void refuse_attempt(struct proto_session *s, enum proto_err err)
{
    const uint8_t body[2] = {HANDSHAKE_REFUSED, (uint8_t)err};

    session_send(s, PROTO_TYPE_HANDSHAKE, PROTO_INDEX_CUSTOMER, body, sizeof body);
}

/* What the customer reads, who has nothing but what they typed or opened. */
static const char *refusal(const struct proto_session *s, enum proto_err err)
{
    if (s->joined)
        return "the agent's end does not know this session any more; ask for a new invitation";
    switch (err) {
    case PROTO_ERR_CRYPTO:
        return s->by_link
                   ? "the link is not that of the agent's invitation; ask for a new one"
                   : "the code is not that of the agent's invitation; read it again, digit by digit, and try again";
    case PROTO_ERR_BURNT:
        return "this invitation was used already or tried too often; ask for a new one";
    case PROTO_ERR_EXPIRED:
        return "the time of this invitation has run out; ask for a new one";
    default:
        return "the agent's end refused the invitation; ask for a new one";
    }
}

static void on_refused(struct proto_session *s, enum proto_err err)
{
    proto_pairing_free(s->pair.pairing);
    s->pair.pairing = NULL;
    if (s->resume_try < 2 && (s->resume.newest.set || s->resume.previous.set)) {
        s->resume_try++;
        pair_start(s);
        return;
    }
    if (err == PROTO_ERR_BUSY) {
        s->retry_pair_ms = s->now.mono_ms + PROTO_HEARTBEAT_MS;
        return;
    }
    session_error(s, err, refusal(s, err));
    session_finish(s,
                   s->joined                  ? PROTO_END_CONNECTION_LOST
                   : err == PROTO_ERR_EXPIRED ? PROTO_END_EXPIRED
                                              : PROTO_END_FAILED,
                   PROTO_INDEX_AGENT, refusal(s, err));
}

/* A first message opens a new attempt; a started one that never finished gives way to it. */
static enum proto_err accept_attempt(struct proto_session *s, enum proto_pairing_mode mode)
{
    struct proto_pairing_agent config = {
        .mode = mode,
        .random = s->random,
        .sid = s->sid,
        .join_host = s->join_host,
        .link = &s->invite_link,
        .code = &s->invite_code,
        .guard = &s->guard,
        .resume = &s->resume,
        .known_cs = s->cs_public,
        .credential = s->credential,
        .org = &s->org,
        .policy = &s->policy,
    };

    if (mode == PROTO_PAIRING_RESUME) {
        if (!s->joined)
            return PROTO_ERR_NOT_FOUND;
    } else if (s->invitation_used) {
        return PROTO_ERR_BURNT;
    } else if ((mode == PROTO_PAIRING_LINK && s->now.mono_ms >= s->link_until_ms) ||
               (mode == PROTO_PAIRING_CODE && (!s->by_code || s->now.mono_ms >= s->code_until_ms))) {
        return PROTO_ERR_EXPIRED;
    }
    proto_pairing_free(s->pair.pairing);
    s->pair.pairing = NULL;
    return proto_pairing_agent_new(&s->pair.pairing, &config, s->now);
}

static bool opens_attempt(const struct proto_session *s, const uint8_t *body, size_t len, enum proto_pairing_mode *mode)
{
    if (s->side == SIDE_CUSTOMER || proto_pairing_first_mode(body, len, mode))
        return false;
    return *mode != PROTO_PAIRING_CODE || body[0] == PROTO_PAIRING_CPACE1;
}

void pair_feed_handshake(struct proto_session *s, const uint8_t *body, size_t len)
{
    enum proto_pairing_mode mode;
    enum proto_err err = PROTO_OK;

    if (s->over || s->link != LINK_SEATED)
        return;
    if (s->side == SIDE_CUSTOMER && len == 2 && body[0] == HANDSHAKE_REFUSED) {
        if (s->pair.pairing)
            on_refused(s, body[1] < PROTO_ERR_COUNT ? (enum proto_err)body[1] : PROTO_ERR_REFUSED);
        return;
    }
    if (opens_attempt(s, body, len, &mode)) {
        err = accept_attempt(s, mode);
        if (err) {
            if (err != PROTO_ERR_NOT_FOUND)
                session_alarm(s, err, "somebody tried to join with an invitation that is not good any more");
            refuse_attempt(s, err);
            return;
        }
    }
    if (!s->pair.pairing)
        return; /* an answer to nothing */
    err = proto_pairing_feed(s->pair.pairing, body, len, s->now);
    if (err) {
        if (s->side == SIDE_AGENT) /* whoever repeats it learns no more than that the key is not known */
            refuse_attempt(s, err == PROTO_ERR_REPLAY ? PROTO_ERR_NOT_FOUND : err);
        handshake_failed(s, err);
        return;
    }
    send_bodies(s);
    if (proto_pairing_done(s->pair.pairing)) {
        if (s->pair.up) { /* the agent's live pair gives way only now that the new one stands */
            struct proto_pairing *done = s->pair.pairing;
            s->pair.pairing = NULL;
            pair_close(s);
            s->pair.pairing = done;
        }
        pair_up(s);
    }
}
