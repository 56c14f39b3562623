/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's end keeps what it sees: said in the log when it begins, and with size and hash when it ends. */
#include "proto/session/internal.h"

enum proto_err proto_session_recorded(struct proto_session *s, bool began, uint64_t bytes,
                                      const uint8_t hash[static 32], struct proto_now now)
{
    s->now = now;
    if (s->side != SIDE_AGENT || !s->joined || (s->over && began))
        return PROTO_ERR_STATE;
    if (s->over)
        return PROTO_OK; /* nobody is there to be told: in the log it ends with the session */
    if (began && s->held[PROTO_CAPABILITY_RECORDING].state != PROTO_CONSENT_GRANTED)
        return PROTO_ERR_CONSENT;
    outbox_recording(s, began, bytes, hash);
    return PROTO_OK;
}
