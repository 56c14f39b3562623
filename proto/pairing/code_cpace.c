/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/pairing/code_cpace.h"

#include <sodium.h>
#include <string.h>

static void put_text(struct proto_buf *ci, const char *text)
{
    proto_cpace_put_lv(ci, text, strlen(text));
}

enum proto_err proto_code_cpace(struct proto_cpace *out, enum proto_cpace_role role, const struct proto_code_run *run,
                                const struct proto_random *random)
{
    char prs[PROTO_NAMEPLATE_MAX + PROTO_CODE_SECRET_DIGITS + 1];
    uint8_t sid[PROTO_SID_BYTES + PROTO_PAIRING_NC_BYTES], drawn[PROTO_CPACE_RANDOM_BYTES];
    size_t plate = strlen(run->code->nameplate);
    struct proto_buf ci;
    enum proto_err err = PROTO_ERR_NOMEM;

    memcpy(prs, run->code->nameplate, plate);
    memcpy(prs + plate, run->code->secret, PROTO_CODE_SECRET_DIGITS);
    memcpy(sid, run->sid, PROTO_SID_BYTES);
    memcpy(sid + PROTO_SID_BYTES, run->nonce, PROTO_PAIRING_NC_BYTES);
    proto_buf_init(&ci, PROTO_CPACE_INPUT_MAX);
    put_text(&ci, run->channel);
    put_text(&ci, run->join_host);
    put_text(&ci, run->parties[0]);
    put_text(&ci, run->parties[1]);
    proto_random_fill(random, drawn, sizeof drawn);
    const struct proto_cpace_input input = {.prs = prs,
                                            .prs_len = plate + PROTO_CODE_SECRET_DIGITS,
                                            .ci = ci.bytes,
                                            .ci_len = ci.len,
                                            .sid = sid,
                                            .sid_len = sizeof sid};

    if (!ci.failed)
        err = proto_cpace_init(out, role, &input, run->ad, run->ad_len, drawn);
    proto_buf_free(&ci);
    sodium_memzero(prs, sizeof prs);
    sodium_memzero(drawn, sizeof drawn);
    return err;
}
