/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RenewAsk, RenewRead, RenewGive: a certificate that ends soon, and the authority that is somewhere else.
 *
 * The relay holds no key that could sign one, and wants none. It keeps a request until an officer's connection, which
 * speaks for the authority, fetches it, and keeps the answer until the asker fetches that. A new certificate stands in
 * the log before anybody is given it, so none comes about unseen. Nothing of this survives a restart: who asks, asks
 * again, and the authority answers the same request with the same certificate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/core/acts.h"
#include "relay/core/on.h"
#include "relay/core/peers.h"
#include "relay/core/state.h"

static void free_one(struct relay_renewal *renewal)
{
    if (!renewal)
        return;
    free(renewal->request);
    free(renewal->certificate);
    free(renewal);
}

void relay_renewals_clear(struct relay_core *core)
{
    for (size_t i = 0; i < core->renewal_count; i++)
        free_one(core->renewals[i]);
    free(core->renewals);
    core->renewals = NULL;
    core->renewal_count = 0;
}

static struct relay_renewal *find(const struct relay_core *core, const uint8_t fingerprint[static PROTO_HASH_BYTES])
{
    for (size_t i = 0; i < core->renewal_count; i++)
        if (!memcmp(core->renewals[i]->staff.fingerprint, fingerprint, PROTO_HASH_BYTES))
            return core->renewals[i];
    return NULL;
}

static void drop_at(struct relay_core *core, size_t at)
{
    free_one(core->renewals[at]);
    core->renewal_count--;
    memmove(core->renewals + at, core->renewals + at + 1, (core->renewal_count - at) * sizeof(struct relay_renewal *));
}

static void drop(struct relay_core *core, const struct relay_renewal *renewal)
{
    for (size_t i = 0; i < core->renewal_count; i++)
        if (core->renewals[i] == renewal) {
            drop_at(core, i);
            return;
        }
}

/* The staff connection of this number, while it is still of that certificate. */
static struct relay_peer *asker(const struct relay_core *core, const struct relay_renewal *renewal)
{
    struct relay_peer *peer = relay_peer_find(core, renewal->connection);

    return peer && peer->state == RELAY_PEER_STAFF && peer->staff &&
                   !memcmp(peer->staff->fingerprint, renewal->staff.fingerprint, PROTO_HASH_BYTES)
               ? peer
               : NULL;
}

/* ---- to the one who asked ---- */

static void tell_asker(struct relay_core *core, struct relay_peer *peer, const struct relay_renewal *renewal,
                       struct proto_now now)
{
    handhold_RenewAnswer *body = &core->out.body.renew_answer;
    bool answered = renewal->state == RELAY_RENEWAL_ANSWERED;

    core->out.which_body = handhold_FromRelay_renew_answer_tag;
    memset(body, 0, sizeof *body);
    if (answered) {
        body->error = renewal->err;
        snprintf(body->message, sizeof body->message, "%s", renewal->message);
        if (!renewal->err && PROTO_SET_TEXT(body->certificate, renewal->certificate))
            return; /* cannot be: it came through the same bound */
    }
    relay_peer_send(core, peer, now);
}

/* Somebody who hears it at once needs no place in the queue any more. */
static void deliver(struct relay_core *core, struct relay_renewal *renewal, struct proto_now now)
{
    struct relay_peer *peer = asker(core, renewal);

    if (!peer || renewal->state != RELAY_RENEWAL_ANSWERED)
        return;
    tell_asker(core, peer, renewal, now);
    drop(core, renewal);
}

/* ---- to whoever speaks for the authority ---- */

static uint32_t waiting(const struct relay_core *core)
{
    uint32_t count = 0;

    for (size_t i = 0; i < core->renewal_count; i++)
        count += core->renewals[i]->state == RELAY_RENEWAL_WAITING;
    return count;
}

static void tell_authority(struct relay_core *core, struct relay_peer *peer, const struct relay_renewal *renewal,
                           struct proto_now now)
{
    handhold_RenewRequest *body = &core->out.body.renew_request;

    core->out.which_body = handhold_FromRelay_renew_request_tag;
    memset(body, 0, sizeof *body);
    if (renewal) {
        body->waiting = waiting(core);
        if (PROTO_SET_BYTES(body->fingerprint, renewal->staff.fingerprint, PROTO_HASH_BYTES) ||
            PROTO_SET_TEXT(body->request, renewal->request))
            return;
    }
    relay_peer_send(core, peer, now);
}

static void tell_watcher(struct relay_core *core, const struct relay_renewal *renewal, struct proto_now now)
{
    struct relay_peer *peer = core->renew_watcher ? relay_peer_find(core, core->renew_watcher) : NULL;

    if (peer && peer->state == RELAY_PEER_STAFF && peer->staff && peer->staff->role == PROTO_ROLE_OFFICER)
        tell_authority(core, peer, renewal, now);
    else
        core->renew_watcher = 0;
}

/* ---- asking ---- */

/* Those whose certificate has ended can be given nothing; above the bound, neither can who left. */
static void make_room(struct relay_core *core, struct proto_now now)
{
    for (size_t i = core->renewal_count; i-- > 0;)
        if (core->renewals[i]->state != RELAY_RENEWAL_NOTING &&
            core->renewals[i]->staff.not_after_s <= now.unix_ms / 1000)
            drop_at(core, i);
    for (size_t i = 0; i < core->renewal_count && core->renewal_count >= (size_t)core->limits.renewals;)
        if (core->renewals[i]->state != RELAY_RENEWAL_NOTING && !asker(core, core->renewals[i]))
            drop_at(core, i);
        else
            i++;
}

static struct relay_renewal *add(struct relay_core *core, const struct relay_peer *peer, struct proto_now now)
{
    make_room(core, now);
    if (core->renewal_count >= (size_t)core->limits.renewals) {
        relay_reached(core, peer->connection, RELAY_BOUND_renewals);
        return NULL;
    }
    struct relay_renewal **more = realloc(core->renewals, (core->renewal_count + 1) * sizeof(struct relay_renewal *));
    if (!more)
        return NULL;
    core->renewals = more;
    more[core->renewal_count] = calloc(1, sizeof **more);
    if (more[core->renewal_count])
        more[core->renewal_count]->staff = *peer->staff;
    return more[core->renewal_count] ? more[core->renewal_count++] : NULL;
}

enum proto_err relay_on_renew_ask(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const char *said = core->in.to_relay.body.renew_ask.request;
    struct relay_renewal *renewal = find(core, peer->staff->fingerprint);
    bool is_new = !renewal;

    if (!*said)
        return PROTO_ERR_FORMAT;
    if (!core->config.check_certificate)
        return PROTO_ERR_REFUSED;
    if (is_new && !(renewal = add(core, peer, now))) {
        relay_peer_tell(core, peer, now, PROTO_ERR_BUSY, "too many certificates wait to be renewed; ask again later");
        return PROTO_OK;
    }
    renewal->connection = peer->connection;
    if (renewal->state == RELAY_RENEWAL_WAITING) {
        char *request = strdup(said);
        if (!request && is_new)
            drop(core, renewal);
        if (!request)
            return PROTO_ERR_NOMEM;
        free(renewal->request);
        renewal->request = request;
    }
    if (renewal->state == RELAY_RENEWAL_ANSWERED) {
        deliver(core, renewal, now);
        return PROTO_OK;
    }
    tell_asker(core, peer, renewal, now);
    if (renewal->state == RELAY_RENEWAL_WAITING)
        tell_watcher(core, renewal, now);
    return PROTO_OK;
}

/* ---- answering ---- */

enum proto_err relay_on_renew_read(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    if (!waiting(core))
        tell_authority(core, peer, NULL, now);
    for (size_t i = 0; i < core->renewal_count; i++)
        if (core->renewals[i]->state == RELAY_RENEWAL_WAITING)
            tell_authority(core, peer, core->renewals[i], now);
    if (core->in.to_relay.body.renew_read.watch)
        core->renew_watcher = peer->connection;
    return PROTO_OK;
}

/* The same person in the same role with the same key, for longer: nothing else comes by this way. */
static enum proto_err check(struct relay_core *core, const struct relay_renewal *renewal, const char *certificate,
                            struct proto_identity *out)
{
    const struct proto_identity *was = &renewal->staff;
    enum proto_err err = core->config.check_certificate(core->config.context, certificate, out);

    if (err)
        return err;
    if (memcmp(out->public_key, was->public_key, sizeof out->public_key) != 0)
        return PROTO_ERR_KEY;
    if (out->role != was->role)
        return PROTO_ERR_CERT_ROLE;
    if (strcmp(out->email, was->email) != 0 || strcmp(out->name, was->name) != 0)
        return PROTO_ERR_CERT_NAME;
    if (out->not_after_s <= was->not_after_s)
        return PROTO_ERR_CERT_EXPIRED;
    err = proto_org_admits(core->org, was);
    return err ? err : proto_org_admits(core->org, out);
}

static void answer_giver(struct relay_core *core, uint32_t connection, enum proto_err err, const char *message,
                         struct proto_now now)
{
    struct relay_peer *peer = relay_peer_find(core, connection);
    handhold_OfficerAnswer *body = &core->out.body.officer_answer;

    if (!peer || peer->state != RELAY_PEER_STAFF || !peer->staff || peer->staff->role != PROTO_ROLE_OFFICER)
        return;
    core->out.which_body = handhold_FromRelay_officer_answer_tag;
    memset(body, 0, sizeof *body);
    body->error = err;
    snprintf(body->message, sizeof body->message, "%.255s", message);
    relay_peer_send(core, peer, now);
}

static void refuse(struct relay_core *core, struct relay_renewal *renewal, enum proto_err err, const char *message)
{
    renewal->state = RELAY_RENEWAL_ANSWERED;
    renewal->err = err;
    snprintf(renewal->message, sizeof renewal->message, "%s", message);
    core->figures.renewals_refused++;
}

enum proto_err relay_on_renew_give(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const handhold_RenewGive *said = &core->in.to_relay.body.renew_give;
    struct relay_renewal *renewal = find(core, said->fingerprint);

    if (!renewal || renewal->state != RELAY_RENEWAL_WAITING) {
        answer_giver(core, peer->connection, PROTO_ERR_NOT_FOUND, "no request for this certificate waits any more",
                     now);
        return PROTO_OK;
    }
    if (!*said->certificate) {
        if (!said->error || said->error >= PROTO_ERR_COUNT || !*said->message)
            return PROTO_ERR_FORMAT;
        refuse(core, renewal, (enum proto_err)said->error, said->message);
        answer_giver(core, peer->connection, PROTO_OK, "", now);
        deliver(core, renewal, now);
        return PROTO_OK;
    }
    enum proto_err err = check(core, renewal, said->certificate, &renewal->renewed);
    char *certificate = err ? NULL : strdup(said->certificate);
    if (!certificate) {
        answer_giver(core, peer->connection, err ? err : PROTO_ERR_NOMEM,
                     "this is not the same person's certificate with the same key and role, for longer", now);
        return PROTO_OK;
    }
    renewal->certificate = certificate;
    renewal->giver = peer->connection;
    memcpy(renewal->officer, peer->staff->serial, sizeof renewal->officer);
    renewal->state = RELAY_RENEWAL_TO_NOTE;
    relay_act_note_renewals(core, now);
    return PROTO_OK;
}

/* ---- the log ---- */

struct relay_renewal *relay_renewal_to_note(const struct relay_core *core)
{
    for (size_t i = 0; i < core->renewal_count; i++)
        if (core->renewals[i]->state == RELAY_RENEWAL_TO_NOTE)
            return core->renewals[i];
    return NULL;
}

void relay_renewal_noted(struct relay_core *core, const uint8_t fingerprint[static PROTO_HASH_BYTES],
                         enum proto_err err, struct proto_now now)
{
    struct relay_renewal *renewal = find(core, fingerprint);

    if (!renewal || renewal->state != RELAY_RENEWAL_NOTING)
        return;
    if (err) {
        refuse(core, renewal, PROTO_ERR_BUSY, "the log cannot take it now; it is asked for again later");
    } else {
        renewal->state = RELAY_RENEWAL_ANSWERED;
        core->figures.renewals++;
    }
    answer_giver(core, renewal->giver, err, err ? "the log cannot take it now" : "", now);
    deliver(core, renewal, now);
}
