/* SPDX-License-Identifier: Apache-2.0 */
/* To whom: the certificates in a file of proofs, held to the log's time, to the root and to what the customer signed.
 */
#include <stdio.h>
#include <string.h>

#include "proto/seal/base64.h"
#include "proto/wire/limits.h"
#include "relay/audit/proofs_inside.h"

enum { LEAF_STEP_S = 60 }; /* the time in a leaf is cut to it */

struct audit_finding *proofs_wrong(struct proofs_checking *c, const char *part)
{
    return audit_at_entry(audit_wrong(&c->proved->report, "proof", part), c->proof.index);
}

static bool decode_chain(struct proofs_checking *c)
{
    for (size_t i = 0; i < c->file.certificate_count; i++) {
        const struct proto_log_span *from = &c->file.certificates[i];
        if (i == PROTO_IDENTITY_CHAIN_MAX ||
            proto_base64_decode(from->text, from->len, c->der[i], sizeof c->der[i], &c->chain[i].len))
            return false;
        c->chain[i].bytes = c->der[i];
    }
    return c->file.certificate_count >= 2;
}

/* A leaf says the minute; the time is the log's, for the clock of a customer may be a day off. */
static enum proto_err judge_chain(struct proofs_checking *c, const struct proto_log_leaf *leaf,
                                  struct proto_identity *agent)
{
    size_t count = c->file.certificate_count;
    const uint8_t *pin = c->root.fingerprint;
    enum proto_err err = proto_identity_verify_chain(c->chain, count, pin, sizeof c->root.fingerprint,
                                                     leaf->unix_s + LEAF_STEP_S - 1, agent);

    if (err == PROTO_ERR_CERT_EXPIRED)
        err = proto_identity_verify_chain(c->chain, count, pin, sizeof c->root.fingerprint, leaf->unix_s, agent);
    if (err == PROTO_ERR_CERT_EXPIRED) /* a session goes on when it ends, for as long as sessions do */
        err = proto_identity_verify_chain(c->chain, count, pin, sizeof c->root.fingerprint,
                                          leaf->unix_s - PROTO_SESSION_MS / 1000, agent);
    if (err)
        return err;
    const struct proto_org_revoked *revoked = proto_org_find_revoked(&c->belief->org, agent->serial);
    if (!revoked || revoked->time_s > leaf->unix_s)
        return PROTO_OK;
    c->proved->revoked = true;
    return revoked->time_s + AUDIT_BROUGHT_S > leaf->unix_s ? PROTO_OK : PROTO_ERR_CERT_REVOKED;
}

static void not_who(struct proofs_checking *c, const char *expected, const char *found)
{
    audit_found(audit_expected(proofs_wrong(c, "certificate"), "%s", expected), "%s", found);
}

/* Held to its own root, which the file has too, and that one to the root that is believed in. */
void proofs_take_certificate(struct proofs_checking *c, const struct proto_log_leaf *leaf)
{
    struct audit_session *session = &c->proved->session;
    const struct audit_belief *belief = c->belief;
    struct proto_identity agent;

    c->agent_set = true;
    if (!decode_chain(c) || proto_identity_read_root(c->chain[c->file.certificate_count - 1], &c->root)) {
        not_who(c, "the agent's certificate and those above it, up to the root", "something else");
        return;
    }
    enum proto_err err = judge_chain(c, leaf, &agent);
    if (err) {
        not_who(c, "a certificate that held when the log took this entry", proto_err_rule(err));
        return;
    }
    if (strcmp(agent.domain, c->o.root.domain) != 0) {
        not_who(c, "a certificate of the organisation whose log this is", agent.domain);
        return;
    }
    c->proved->certificate_ok = true;
    c->proved->certificate_trusted =
        belief->has_root && !memcmp(c->root.fingerprint, belief->root_pin, sizeof belief->root_pin);
    if (belief->has_root && !c->proved->certificate_trusted)
        not_who(c, "a certificate under the root that was given", "one under another root");
    session->agent = agent;
    session->agent_err = PROTO_OK;
    snprintf(session->row.agent_name, sizeof session->row.agent_name, "%.128s", agent.name);
    audit_agent_key_set(session, &agent);
}

void proofs_check_grantee(struct proofs_checking *c, const struct proto_log_leaf *leaf,
                          const struct proto_statement *st)
{
    struct proto_identity agent;

    if (!c->proved->certificate_ok || st->everyone)
        return;
    if (memcmp(st->grantee, c->proved->session.agent.fingerprint, sizeof st->grantee) != 0) {
        not_who(c, "the certificate that the statement names as its grantee", "another agent's");
        return;
    }
    enum proto_err err = st->action == PROTO_STATEMENT_GRANT ? judge_chain(c, leaf, &agent) : PROTO_OK;
    if (err)
        not_who(c, "a certificate that held when this was allowed", proto_err_rule(err));
    else
        c->proved->to_agent++;
}
