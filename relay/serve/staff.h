/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/staff.h - who a client certificate belongs to, and whether that person may come in.
 */
#ifndef RELAY_SERVE_STAFF_H
#define RELAY_SERVE_STAFF_H

#include "relay/serve/serve.h"

enum serve_staff_errand {
    SERVE_STAFF_READS,   /* the log */
    SERVE_STAFF_WATCHES, /* health and figures: the role integrator may, too */
    /* A WebSocket, where a certificate may have ended for as long as a session can last: its end comes back to the
     * session that it opened, and the core lets it do nothing else. */
    SERVE_STAFF_COMES_BACK,
};

/**
 * Holds the certificate of this connection to the profile, to our root, to the newest org.note, and to the roles that
 * have business here. The errors of proto_identity_verify_chain() and proto_org_admits(); REFUSED without a
 * certificate; CERT_ROLE for another role. On an error `out` is all zero.
 */
PROTO_MUST_USE enum proto_err serve_staff_identify(const struct serve *serve, struct lws *wsi,
                                                   enum serve_staff_errand errand, struct proto_identity *out);

/** As relay_core_config wants it; `context` is the serve. */
enum proto_err serve_staff_check_certificate(void *context, const char *pem, struct proto_identity *out);

#endif
