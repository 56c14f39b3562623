/* SPDX-License-Identifier: Apache-2.0 */
/* ConsistencyAsk: an end has seen two trees and wants to know that one continues the other. */
#include <string.h>

#include "proto/log/checkpoint.h"
#include "relay/core/on.h"
#include "relay/core/peers.h"
#include "relay/core/state.h"

enum proto_err relay_on_consistency_ask(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const handhold_ConsistencyAsk ask = core->in.to_relay.body.consistency_ask;
    handhold_Consistency *body = &core->out.body.consistency;
    struct proto_log_hashes hashes = {0};
    enum proto_err err = ask.old_size && ask.old_size <= ask.new_size
                             ? core->config.consistency(core->config.context, ask.old_size, ask.new_size, &hashes)
                             : PROTO_ERR_RANGE;

    if (err) {
        relay_peer_tell(core, peer, now, err, "there is no proof from %llu to %llu entries",
                        (unsigned long long)ask.old_size, (unsigned long long)ask.new_size);
        return PROTO_OK;
    }
    core->out.which_body = handhold_FromRelay_consistency_tag;
    memset(body, 0, sizeof *body);
    body->old_size = ask.old_size;
    body->new_size = ask.new_size;
    core->config.checkpoint(core->config.context, body->checkpoint);
    err = PROTO_SET_BYTES(body->hashes, hashes.hash, hashes.count * PROTO_LOG_HASH_BYTES);
    if (!err)
        relay_peer_send(core, peer, now);
    return PROTO_OK;
}
