/* SPDX-License-Identifier: Apache-2.0 */
/* The relay's own notes: notes of its organisation that it took, erasures by retention, certificates it renewed, staff
 * it refused. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "relay/core/acts.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

/* Signs what was written and hands it over. */
static enum proto_err submit_own(struct relay_core *core, struct relay_act *act, enum proto_log_class kind,
                                 struct proto_buf *text)
{
    uint8_t r[PROTO_LOG_SALT_BYTES];
    struct proto_buf note;

    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    proto_sha256(act->text_hash, text->bytes, text->len);
    proto_buf_put_u8(text, 0); /* the signer takes a C text */
    enum proto_err err = text->failed ? PROTO_ERR_NOMEM
                                      : core->config.sign_event(core->config.context, (const char *)text->bytes, &note);
    if (!err && note.failed)
        err = PROTO_ERR_NOMEM;
    if (err) {
        free(act);
    } else {
        proto_random_fill(&core->config.random, r, sizeof r);
        err = relay_act_submit(core, act, kind, note.bytes, note.len, r);
        sodium_memzero(r, sizeof r);
    }
    proto_buf_free(&note);
    return err;
}

static struct relay_chain *own_chain(struct relay_core *core)
{
    char name[PROTO_SIGNER_BYTES];

    proto_signer_relay(name, core->origin);
    return relay_chain_of(core, name);
}

static struct relay_act *own_act(const struct relay_chain *chain)
{
    struct relay_act *act = calloc(1, sizeof *act);

    if (act) {
        memcpy(act->key, chain->key, sizeof act->key);
        act->seq = chain->seq + 1;
    }
    return act;
}

/* Takes `act` and what `text` holds, also when `written` says that it could not be written. */
static enum proto_err submit_written(struct relay_core *core, struct relay_act *act, enum proto_log_class kind,
                                     enum proto_err written, struct proto_buf *text)
{
    enum proto_err err = written;

    if (err)
        free(act);
    else
        err = submit_own(core, act, kind, text);
    proto_buf_free(text);
    return err;
}

enum proto_err relay_core_retain(struct relay_core *core, const struct proto_erasure *what, struct proto_now now)
{
    struct relay_chain *chain = own_chain(core);
    struct proto_buf text;

    if (!chain)
        return PROTO_ERR_NOMEM;
    if (chain->flying)
        return PROTO_ERR_BUSY;
    struct relay_act *act = own_act(chain);
    if (!act)
        return PROTO_ERR_NOMEM;
    act->erasure = *what;
    act->erasure.retention = true;
    act->erasure.seq = act->seq;
    act->erasure.first = act->seq == 1;
    memcpy(act->erasure.prev, chain->prev, sizeof act->erasure.prev);
    act->unix_s = act->erasure.unix_s = now.unix_ms / 1000;
    struct proto_erasure said = act->erasure;
    if (!*said.log)
        snprintf(said.log, sizeof said.log, "%s", core->origin);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    return submit_written(core, act, PROTO_LOG_ERASURE, proto_erasure_write(&said, &text), &text);
}

static struct proto_event_note own_event(const struct relay_chain *chain, enum proto_act action, struct proto_now now)
{
    struct proto_event_note event = {
        .seq = chain->seq + 1, .first = chain->seq == 0, .unix_s = now.unix_ms / 1000, .action = action};

    memcpy(event.prev, chain->prev, sizeof event.prev);
    return event;
}

static enum proto_err submit_event(struct relay_core *core, struct relay_act *act, const struct proto_event_note *event)
{
    struct proto_buf text;

    act->unix_s = event->unix_s;
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    return submit_written(core, act, PROTO_LOG_OFFICER_ACT, proto_event_note_write(event, &text), &text);
}

static void describe_taken(struct proto_event_note *event, const struct relay_core *core, enum proto_taken_note which)
{
    bool org = which == PROTO_TAKEN_ORG;
    char number[24], revoked[12];

    snprintf(number, sizeof number, "%llu", (unsigned long long)(org ? core->org->number : core->policy->number));
    relay_event_text(event, "number", number);
    relay_event_hash(event, "hash", org ? core->org->text_hash : core->policy->text_hash);
    snprintf(revoked, sizeof revoked, "%zu", core->org->revoked_count);
    relay_event_text(event, org ? "revoked" : "officer", org ? revoked : core->policy->officer.serial);
}

static void note_taken(struct relay_core *core, enum proto_taken_note which, struct proto_now now)
{
    static const enum proto_act actions[PROTO_TAKEN_COUNT] = {
        [PROTO_TAKEN_ORG] = PROTO_ACT_ORG_TAKEN, [PROTO_TAKEN_POLICY] = PROTO_ACT_POLICY_TAKEN};
    struct relay_chain *chain = own_chain(core);
    struct relay_act *act = chain && !chain->flying ? own_act(chain) : NULL;

    if (!act)
        return;
    struct proto_event_note event = own_event(chain, actions[which], now);
    act->notes_taken = true;
    act->taken = which;
    describe_taken(&event, core, which);
    core->unnoted[which] = submit_event(core, act, &event) != PROTO_OK;
}

/* What cannot be logged now is when the chain is free again. */
void relay_act_note_taken(struct relay_core *core, struct proto_now now)
{
    for (enum proto_taken_note which = 0; which < PROTO_TAKEN_COUNT; which++)
        if (core->unnoted[which])
            note_taken(core, which, now);
}

static void describe_staff(struct proto_event_note *event, const struct proto_identity *staff)
{
    char id[sizeof staff->email];

    snprintf(id, sizeof id, "%.*s", (int)strcspn(staff->email, "@"), staff->email);
    snprintf(event->subject, sizeof event->subject, "%.*s %s", (int)(sizeof event->subject - sizeof staff->serial - 1),
             staff->name, staff->serial);
    relay_event_text(event, "id", id);
    relay_event_text(event, "role", proto_role_name(staff->role));
    relay_event_text(event, "serial", staff->serial);
}

static void describe_renewal(struct proto_event_note *event, const struct relay_renewal *renewal)
{
    describe_staff(event, &renewal->staff);
    relay_event_text(event, "renewed", renewal->renewed.serial);
    relay_event_hash(event, "key", renewal->staff.public_key);
    relay_event_text(event, "officer", renewal->officer);
}

/* One note of the chain is under way at a time, so one certificate as well. */
void relay_act_note_renewals(struct relay_core *core, struct proto_now now)
{
    struct relay_renewal *renewal = relay_renewal_to_note(core);
    struct relay_chain *chain = renewal ? own_chain(core) : NULL;
    struct relay_act *act = chain && !chain->flying ? own_act(chain) : NULL;

    if (!act)
        return;
    struct proto_event_note event = own_event(chain, PROTO_ACT_CERTIFICATE_RENEWED, now);
    act->notes_renewal = true;
    memcpy(act->renewal, renewal->staff.fingerprint, sizeof act->renewal);
    describe_renewal(&event, renewal);
    renewal->state = RELAY_RENEWAL_NOTING;
    enum proto_err err = submit_event(core, act, &event);
    if (err)
        relay_renewal_noted(core, renewal->staff.fingerprint, err, now);
}

void relay_act_note_refusals(struct relay_core *core, struct proto_now now)
{
    struct relay_refusal *refusal = relay_refusal_to_note(core, now.mono_ms);
    struct relay_chain *chain = refusal ? own_chain(core) : NULL;
    struct relay_act *act = chain && !chain->flying ? own_act(chain) : NULL;
    char times[12];

    if (chain && chain->flying)
        return; /* when that note is durable */
    if (refusal && !act)
        relay_refusal_noted(core, refusal->number, PROTO_ERR_NOMEM, now);
    if (!act)
        return;
    struct proto_event_note event = own_event(chain, PROTO_ACT_REFUSED, now);
    act->refusal = refusal->number;
    describe_staff(&event, &refusal->staff);
    relay_event_hash(&event, "fingerprint", refusal->staff.fingerprint);
    relay_event_text(&event, "cause", relay_refusal_name(refusal->cause));
    snprintf(times, sizeof times, "%u", refusal->times);
    relay_event_text(&event, "times", times);
    refusal->noting = refusal->times;
    enum proto_err err = submit_event(core, act, &event);
    if (err)
        relay_refusal_noted(core, refusal->number, err, now);
}

int64_t relay_refusals_deadline(const struct relay_core *core)
{
    char name[PROTO_SIGNER_BYTES];
    uint8_t key[PROTO_HASH_BYTES];
    int64_t at = relay_refusal_due_ms(core);

    if (at == PROTO_NEVER)
        return at;
    proto_signer_relay(name, core->origin);
    proto_sha256(key, name, strlen(name));
    const struct relay_chain *chain = relay_chain_find(core, key);
    return chain && chain->flying ? PROTO_NEVER : at; /* its result leads on */
}
