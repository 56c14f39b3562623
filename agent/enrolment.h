/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/enrolment.h - how an agent comes by an identity: key and request are made here, the authority answers with
 * files, and nothing is kept of an answer that is not for this key.
 *
 *     DIR/ID.key  DIR/ID.csr          made here; the key never leaves
 *     DIR/ID.crt  DIR/ca.crt          of the answer, written together once both are there and fit
 *     DIR/cases.key                   the staff's secret, when the answer brings it
 */
#ifndef AGENT_ENROLMENT_H
#define AGENT_ENROLMENT_H

#include "proto/host/files.h"

#define AGENT_ENROLMENT_WHY_BYTES 512u

struct agent_enrolment {
    char dir[HOST_PATH_BYTES], id[65];
    struct proto_buf request;  /* PEM */
    struct proto_buf leaf, ca; /* of the answer, as far as it has come: PEM */
};

/** Any of these errors: `why` names value, rule and way out. agent_enrolment_clear() in any case. */

/** Makes DIR (0700), ID.key (0600) and ID.csr. FORMAT: id or name. EXISTS: there is such a key already. IO, NOMEM. */
PROTO_MUST_USE enum proto_err agent_enrolment_begin(struct agent_enrolment *e, const char *dir, const char *id,
                                                    const char *name, char why[static AGENT_ENROLMENT_WHY_BYTES]);
/** Takes one up whose answer was not there yet: ID.key and ID.csr are. */
PROTO_MUST_USE enum proto_err agent_enrolment_resume(struct agent_enrolment *e, const char *dir, const char *id,
                                                     char why[static AGENT_ENROLMENT_WHY_BYTES]);
/**
 * A file of the answer, or all of them in one text, in any order. BUSY: something is still missing, `why` says what.
 * OK: all of it is written. FORMAT, KEY, CERT_…: it is none, or not for this key; nothing of it is kept.
 */
PROTO_MUST_USE enum proto_err agent_enrolment_answer(struct agent_enrolment *e, const void *text, size_t len,
                                                     char why[static AGENT_ENROLMENT_WHY_BYTES]);
void agent_enrolment_clear(struct agent_enrolment *e);

#endif
