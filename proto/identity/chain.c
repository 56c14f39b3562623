/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/chain.h"

#include <stdlib.h>
#include <string.h>

enum proto_err proto_identity_chain_set(struct proto_identity_chain *chain, const struct proto_der *ders, size_t count)
{
    struct proto_identity_chain fresh = {.count = count};
    size_t total = 0;

    if (count > PROTO_IDENTITY_CHAIN_MAX)
        return PROTO_ERR_RANGE;
    for (size_t i = 0; i < count; total += ders[i++].len)
        if (ders[i].len > PROTO_IDENTITY_DER_BYTES)
            return PROTO_ERR_RANGE;
    if (total && !(fresh.bytes = malloc(total)))
        return PROTO_ERR_NOMEM;
    for (size_t i = 0, at = 0; i < count; at += ders[i++].len) {
        memcpy(fresh.bytes + at, ders[i].bytes, ders[i].len);
        fresh.len[i] = ders[i].len;
    }
    proto_identity_chain_clear(chain);
    *chain = fresh;
    return PROTO_OK;
}

size_t proto_identity_chain_get(const struct proto_identity_chain *chain,
                                struct proto_der out[static PROTO_IDENTITY_CHAIN_MAX])
{
    for (size_t i = 0, at = 0; i < chain->count; at += chain->len[i++])
        out[i] = (struct proto_der){chain->bytes + at, chain->len[i]};
    return chain->count;
}

void proto_identity_chain_clear(struct proto_identity_chain *chain)
{
    free(chain->bytes);
    *chain = (struct proto_identity_chain){.count = 0};
}
