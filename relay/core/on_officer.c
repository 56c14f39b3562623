/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ErasureAsk, OfficerAct, LogRead: what a privacy officer does. An act is a note that the officer's own key signed;
 * what it says happens, and it stands in the log.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "proto/util/utf8.h"
#include "relay/core/acts.h"
#include "relay/core/on.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"

enum {
    BEGINNING_MIN = 4, /* digits of a session's number, as officers give them who act on it … */
    LOOKED_UP_MAX = 8  /* … so often by one connection, as of people: who would ask for all of them reads the log */
};

static const char unsaid[] =
    "that you read the log is not in it: say so first, by this connection, with an act `viewed`";

/* ---- reading ---- */

static enum proto_err no_answer(struct relay_core *core, struct relay_peer *peer, enum proto_err err, const char *why,
                                struct proto_now now)
{
    relay_peer_tell(core, peer, now, err, "%s", why);
    return PROTO_OK;
}

/* The ended logs that an officer has to ask about, too. */
static void name_ended(struct relay_core *core, handhold_ErasurePlan *body)
{
    char origins[RELAY_ENDED_MAX][PROTO_ERASURE_LOG_MAX + 1];
    size_t count = core->config.ended ? core->config.ended(core->config.context, origins) : 0;

    for (size_t i = 0; i < count; i++)
        if (!PROTO_SET_TEXT(body->ended[body->ended_count], origins[i]))
            body->ended_count++;
}

static bool look_up(struct relay_peer *peer)
{
    if (peer->looked_up == LOOKED_UP_MAX)
        return false;
    peer->looked_up++;
    return true;
}

/* Whether a person was ever here is told with what there is of them; who erases asks about one, often. */
static bool may_plan(struct relay_peer *peer, const handhold_ErasureAsk *ask, const char *ref)
{
    uint8_t hash[PROTO_HASH_BYTES];

    if (ref)
        proto_sha256(hash, ref, strlen(ref));
    else
        proto_sha256(hash, ask->subject.sid, PROTO_SID_BYTES);
    if (peer->may_read || (peer->looked_up && !memcmp(peer->planned, hash, sizeof peer->planned)))
        return true;
    if (!look_up(peer))
        return false;
    memcpy(peer->planned, hash, sizeof peer->planned);
    return true;
}

enum proto_err relay_on_erasure_ask(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const handhold_ErasureAsk *ask = &core->in.to_relay.body.erasure_ask;
    const char *ref = ask->which_subject == handhold_ErasureAsk_customer_ref_tag ? ask->subject.customer_ref : NULL;
    handhold_ErasurePlan *body = &core->out.body.erasure_plan;
    struct proto_erasure plan = {0};
    bool more = false;

    if (ask->which_subject != handhold_ErasureAsk_sid_tag && (!ref || !*ref || !proto_value_valid(ref)))
        return PROTO_ERR_FORMAT;
    if (!core->config.erasable)
        return PROTO_ERR_REFUSED;
    if (!may_plan(peer, ask, ref))
        return no_answer(core, peer, PROTO_ERR_REFUSED, unsaid, now);
    bool own = !*ask->log || !strcmp(ask->log, core->origin);
    enum proto_err err = core->config.erasable(core->config.context, own ? "" : ask->log, ref,
                                               ref ? NULL : ask->subject.sid, &plan, &more);
    if (err == PROTO_ERR_STATE)
        return no_answer(core, peer, err, "a session of this person has not ended; stop it, then erase", now);
    if (err == PROTO_ERR_NOT_FOUND)
        return no_answer(core, peer, err, "no log of this name lies at this relay", now);
    if (err)
        return no_answer(core, peer, err, "the stored log cannot be read; run handhold-relay --check", now);
    core->out.which_body = handhold_FromRelay_erasure_plan_tag;
    memset(body, 0, sizeof *body);
    for (size_t i = 0; i < plan.count; i++) {
        body->first[body->first_count++] = plan.ranges[i].first;
        body->last[body->last_count++] = plan.ranges[i].last;
    }
    body->more = more;
    if (own)
        name_ended(core, body);
    relay_peer_send(core, peer, now);
    return PROTO_OK;
}

static enum proto_err read_ended(struct relay_core *core, const handhold_LogRead *ask, struct proto_buf *rows,
                                 handhold_LogPart *body)
{
    struct relay_ended_part part = {.next = 0};
    enum proto_err err =
        core->config.read_ended(core->config.context, ask->ended, ask->sessions, ask->from, rows, &part);

    body->next = part.next;
    if (!err)
        err = PROTO_SET_TEXT(body->log, part.log);
    if (!err)
        err = PROTO_SET_TEXT(body->checkpoint, part.checkpoint);
    return err ? err : PROTO_SET_TEXT(body->known, part.known);
}

/* That the log is read stands in it before it is read. Who looks for one session, to act on it, says so by the act. */
static bool may_read(struct relay_peer *peer, const handhold_LogRead *ask)
{
    return peer->may_read || (strlen(ask->beginning) >= BEGINNING_MIN && !ask->cases_of[0] && look_up(peer));
}

enum proto_err relay_on_log_read(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const handhold_LogRead ask = core->in.to_relay.body.log_read;
    const struct relay_log_asked asked = {ask.from, ask.sessions, ask.beginning, ask.cases_of};
    handhold_LogPart *body = &core->out.body.log_part;
    struct proto_buf rows;

    if (*ask.beginning &&
        (!ask.sessions || ask.ended || strspn(ask.beginning, "0123456789abcdefABCDEF") != strlen(ask.beginning)))
        return PROTO_ERR_FORMAT;
    if (!core->config.read_log || !core->config.read_ended)
        return PROTO_ERR_REFUSED;
    if (!may_read(peer, &ask))
        return no_answer(core, peer, PROTO_ERR_REFUSED, unsaid, now);
    core->out.which_body = handhold_FromRelay_log_part_tag;
    memset(body, 0, sizeof *body);
    proto_buf_init(&rows, sizeof body->rows.bytes);
    enum proto_err err = ask.ended ? read_ended(core, &ask, &rows, body)
                                   : core->config.read_log(core->config.context, &asked, &rows, &body->next);
    if (!err)
        err = PROTO_SET_BYTES(body->rows, rows.bytes, rows.len);
    proto_buf_free(&rows);
    if (err)
        return no_answer(core, peer, err, "the stored log cannot be read; run handhold-relay --check", now);
    relay_peer_send(core, peer, now);
    return PROTO_OK;
}

/* ---- acting ---- */

/* A note on its way: what it says, and what was wrong with it. */
struct acting {
    struct relay_core *core;
    struct relay_peer *peer;
    const handhold_OfficerAct *said;
    struct relay_act *act;
    struct proto_event_note event;
    bool is_erasure;
    const char *why;
};

static enum proto_err refuse(struct acting *a, enum proto_err err, const char *why)
{
    a->why = why;
    return err;
}

static bool set_stop(struct relay_room *room, const char *reason, const char *serial)
{
    if (!room->stop && !(room->stop = calloc(1, sizeof *room->stop)))
        return false;
    snprintf(room->stop->reason, sizeof room->stop->reason, "%s", reason);
    snprintf(room->stop->serial, sizeof room->stop->serial, "%s", serial);
    return true;
}

static void stop_now(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    relay_room_end(core, room, PROTO_END_STOPPED_BY_OFFICER, PROTO_INDEX_RELAY, now);
}

static enum proto_err stop_session(struct acting *a, struct proto_now now)
{
    struct relay_room *room = relay_room_find(a->core, a->event.sid);

    (void)now;
    if (!room || room->ended || !room->opened)
        return refuse(a, PROTO_ERR_NOT_FOUND, "no session of this number is open; handhold-audit list names them");
    if (!a->event.subject[0])
        return refuse(a, PROTO_ERR_RANGE, "both ends read why they were stopped: give a reason");
    if (!set_stop(room, a->event.subject, a->peer->staff->serial))
        return refuse(a, PROTO_ERR_NOMEM, "memory ran out");
    a->act->stops = room;
    return PROTO_OK;
}

static enum proto_err take_policy(struct acting *a, struct proto_now now)
{
    const char *note = a->said->policy_note;

    (void)now;
    if (!a->core->config.check_policy || !a->core->config.take_policy)
        return refuse(a, PROTO_ERR_REFUSED, "this relay takes its policy from its folder alone");
    enum proto_err err = a->core->config.check_policy(a->core->config.context, note);
    if (err)
        return refuse(a, err, "the policy does not verify, or its number is not above the present one");
    a->act->policy = strdup(note);
    return a->act->policy ? PROTO_OK : refuse(a, PROTO_ERR_NOMEM, "memory ran out");
}

/* What is over its time is erased soon after, by a note of the relay's own. */
static enum proto_err retain(struct acting *a, struct proto_now now)
{
    (void)now;
    if (!a->core->policy->keep_days)
        return refuse(a, PROTO_ERR_POLICY, "the policy keeps everything without an end; sign one that has keep DAYS");
    if (!a->core->config.retain)
        return refuse(a, PROTO_ERR_REFUSED, "this relay erases nothing by itself");
    a->core->config.retain(a->core->config.context);
    return PROTO_OK;
}

static enum proto_err note_viewing(struct acting *a, struct proto_now now)
{
    (void)now;
    a->act->views = true;
    return PROTO_OK;
}

/* What an officer may say, and what comes of it at once; erasure and policy happen when the log has the note. */
static const struct {
    enum proto_act action;
    bool of_session; /* else the number of the session is zeros */
    enum proto_err (*on)(struct acting *a, struct proto_now now);
} acts[] = {
    {PROTO_ACT_SESSION_STOPPED, true, stop_session},
    {PROTO_ACT_VIEWED, false, note_viewing},
    {PROTO_ACT_POLICY_SIGNED, false, take_policy},
    {PROTO_ACT_RETENTION_ASKED, false, retain},
};

static enum proto_err act_now(struct acting *a, struct proto_now now)
{
    if (a->is_erasure)
        return PROTO_OK;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (acts[i].action == a->event.action)
            return acts[i].of_session || sodium_is_zero(a->event.sid, sizeof a->event.sid)
                       ? acts[i].on(a, now)
                       : refuse(a, PROTO_ERR_FORMAT, "this act is of no session");
    return refuse(a, PROTO_ERR_REFUSED, "this is no act of an officer");
}

/* What people read of an act was written by somebody's program. Older notes in a log are as they are. */
static enum proto_err check_reason(struct acting *a, const char *reason)
{
    return proto_utf8_reads_as_written(reason, strlen(reason))
               ? PROTO_OK
               : refuse(a, PROTO_ERR_RANGE, "the reason has a character that hides or turns text");
}

/* Numbers and time that both kinds of notes have. */
struct head {
    uint32_t seq;
    bool first;
    const uint8_t *prev;
    int64_t unix_s;
};

/* Before the log has the note: it must not say what cannot be done. */
static enum proto_err check_ended(struct acting *a, const struct proto_erasure *erasure)
{
    const struct relay_core_config *config = &a->core->config;
    enum proto_err err = config->check_ended ? config->check_ended(config->context, erasure) : PROTO_ERR_NOT_FOUND;

    if (err == PROTO_ERR_NOT_FOUND)
        return refuse(a, err, "the log that the note names is no ended one that lies at this relay");
    if (err)
        return refuse(a, err, "the log that the note names cannot be opened, or has no such entries of a session");
    return err;
}

static enum proto_err check_log(struct acting *a, struct proto_erasure *erasure)
{
    if (strcmp(erasure->log, a->core->origin) != 0)
        return check_ended(a, erasure);
    erasure->log[0] = 0;
    return PROTO_OK;
}

/* It may be another log's, whose relay plays it again here. */
static enum proto_err check_event(struct acting *a)
{
    char name[PROTO_EVENT_VALUE_BYTES + 1];
    const char *log = proto_event_note_get(&a->event, "log");

    proto_event_note_text(name, a->core->origin);
    if (!log || strcmp(log, name) != 0)
        return refuse(a, PROTO_ERR_LOG, "the note is not for the log of this relay");
    return a->event.action == PROTO_ACT_SESSION_STOPPED ? check_reason(a, a->event.subject) : PROTO_OK;
}

static enum proto_err read_text(struct acting *a, const struct proto_note_parts *parts, struct head *head)
{
    struct proto_erasure *erasure = &a->act->erasure;

    a->is_erasure = !proto_erasure_parse(parts->text, parts->text_len, erasure);
    if (a->is_erasure && erasure->retention)
        return refuse(a, PROTO_ERR_REFUSED, "retention is the relay's own; an officer's erasure says cause officer");
    if (a->is_erasure) {
        enum proto_err err = check_log(a, erasure);
        if (err)
            return err;
        *head = (struct head){erasure->seq, erasure->first, erasure->prev, erasure->unix_s};
        return check_reason(a, erasure->basis);
    }
    if (proto_event_note_parse(parts->text, parts->text_len, &a->event))
        return refuse(a, PROTO_ERR_FORMAT, "the note is neither an event nor an erasure");
    *head = (struct head){a->event.seq, a->event.first, a->event.prev, a->event.unix_s};
    return check_event(a);
}

static enum proto_err check_chain(struct acting *a, const struct relay_chain *chain, const struct head *head,
                                  struct proto_now now)
{
    int64_t off_s = head->unix_s - now.unix_ms / 1000;

    if (chain->flying)
        return refuse(a, PROTO_ERR_BUSY, "your last note is not in the log yet; wait for its answer");
    if (head->seq != chain->seq + 1 || head->first != (chain->seq == 0) ||
        (chain->seq && memcmp(head->prev, chain->prev, PROTO_HASH_BYTES) != 0))
        return refuse(a, PROTO_ERR_REPLAY, "the note does not continue your last one in the log; connect again");
    if (off_s > RELAY_APPENDER_DATED_S || off_s < -RELAY_APPENDER_DATED_S)
        return refuse(a, PROTO_ERR_CLOCK, "your clock is more than 15 minutes off the relay's; set it");
    a->act->seq = head->seq;
    a->act->unix_s = head->unix_s;
    memcpy(a->act->key, chain->key, sizeof a->act->key);
    return PROTO_OK;
}

static enum proto_err check_note(struct acting *a, struct proto_now now)
{
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1];
    struct proto_note_parts parts;
    struct proto_note_key key;
    struct head head;

    proto_identity_signer_name(a->peer->staff, name);
    if (proto_note_split(&parts, a->said->note.bytes, a->said->note.size) || parts.line_count != 1 ||
        proto_note_key_init(&key, name, a->peer->staff->public_key) ||
        proto_note_verify(a->said->note.bytes, a->said->note.size, &key, 1, NULL, NULL))
        return refuse(a, PROTO_ERR_SIGNATURE, "the note is not signed by the certificate of this connection");
    enum proto_err err = read_text(a, &parts, &head);
    if (err)
        return err;
    struct relay_chain *chain = relay_chain_of(a->core, name);
    if (!chain)
        return refuse(a, PROTO_ERR_NOMEM, "memory ran out");
    proto_sha256(a->act->text_hash, parts.text, parts.text_len);
    return check_chain(a, chain, &head, now);
}

static void refused(struct acting *a, enum proto_err err, struct proto_now now)
{
    handhold_OfficerAnswer *body = &a->core->out.body.officer_answer;

    a->core->out.which_body = handhold_FromRelay_officer_answer_tag;
    memset(body, 0, sizeof *body);
    body->error = err;
    snprintf(body->message, sizeof body->message, "%s", a->why);
    relay_peer_send(a->core, a->peer, now);
}

enum proto_err relay_on_officer_act(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    struct acting a = {.core = core,
                       .peer = peer,
                       .said = &core->in.to_relay.body.officer_act,
                       .act = calloc(1, sizeof *a.act),
                       .why = "memory ran out"};

    if (!a.act)
        return PROTO_ERR_NOMEM;
    a.act->connection = peer->connection;
    enum proto_err err = check_note(&a, now);
    if (!err)
        err = act_now(&a, now);
    struct relay_room *stops = err ? NULL : a.act->stops;
    if (err) {
        free(a.act->policy);
        free(a.act);
    } else {
        err = relay_act_submit(core, a.act, a.is_erasure ? PROTO_LOG_ERASURE : PROTO_LOG_OFFICER_ACT,
                               a.said->note.bytes, a.said->note.size, a.said->r);
    }
    if (!err && stops)
        stop_now(core, stops, now); /* behind its note: the log has that before `ended` */
    if (err)
        refused(&a, err, now);
    return PROTO_OK;
}

enum proto_err relay_core_stop_again(struct relay_core *core, const uint8_t *note, size_t len, struct proto_now now)
{
    struct proto_note_parts parts;
    struct proto_event_note event;
    char serial[2 * PROTO_IDENTITY_SERIAL_BYTES + 1];

    if (proto_note_split(&parts, note, len))
        return PROTO_ERR_FORMAT;
    if (proto_event_note_parse(parts.text, parts.text_len, &event) || event.action != PROTO_ACT_SESSION_STOPPED)
        return PROTO_OK; /* another act */
    struct relay_room *room = relay_room_find(core, event.sid);
    if (!room || room->ended)
        return PROTO_OK;
    if (!proto_identity_signer_serial(parts.lines[0].name, parts.lines[0].name_len, core->org->domain,
                                      PROTO_ROLE_OFFICER, serial))
        return PROTO_ERR_FORMAT;
    if (!set_stop(room, event.subject, serial))
        return PROTO_ERR_NOMEM;
    stop_now(core, room, now);
    return PROTO_OK;
}
