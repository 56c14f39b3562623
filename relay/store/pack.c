/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/store/pack.h"

#include <string.h>

bool store_pack_entry(struct proto_buf *out, const struct relay_store_entry *entry)
{
    size_t line_len = strlen(entry->evidence_line), evidence_len = entry->evidence ? entry->evidence_len : 0;

    if (out->len + 8 + sizeof entry->leaf + sizeof entry->sid + 8 + 1 + 2 + evidence_len + 2 + line_len > out->max ||
        evidence_len > UINT16_MAX)
        return false;
    proto_buf_put_u64(out, entry->index);
    proto_buf_put(out, entry->leaf, sizeof entry->leaf);
    proto_buf_put(out, entry->sid, sizeof entry->sid);
    proto_buf_put_u64(out, (uint64_t)entry->received_ms);
    proto_buf_put_u8(out, !entry->evidence);
    proto_buf_put_lv16(out, entry->evidence, evidence_len);
    proto_buf_put_lv16(out, entry->evidence_line, line_len);
    return !out->failed;
}

enum { TEXTS = 7 };

static void texts_of(const struct relay_store_session *row, const char *texts[static TEXTS], size_t sizes[static TEXTS])
{
    const char *all[TEXTS] = {row->nameplate,    row->agent_id,   row->agent_name,  row->agent_role,
                              row->customer_ref, row->ticket_ref, row->ended_reason};
    const size_t bounds[TEXTS] = {sizeof row->nameplate,   sizeof row->agent_id,     sizeof row->agent_name,
                                  sizeof row->agent_role,  sizeof row->customer_ref, sizeof row->ticket_ref,
                                  sizeof row->ended_reason};

    memcpy(texts, all, sizeof all);
    memcpy(sizes, bounds, sizeof bounds);
}

bool store_pack_session(struct proto_buf *out, const struct relay_store_session *row)
{
    const char *texts[TEXTS];
    size_t sizes[TEXTS], need = 16 + 1 + 32 + 8 + 8 + 32 + 8 + 32;

    texts_of(row, texts, sizes);
    for (size_t i = 0; i < TEXTS; i++)
        need += 1 + strlen(texts[i]);
    if (out->len + need > out->max)
        return false;
    proto_buf_put(out, row->sid, sizeof row->sid);
    proto_buf_put_u8(out, (uint8_t)row->state);
    proto_buf_put(out, row->agent_fingerprint, sizeof row->agent_fingerprint);
    proto_buf_put_u64(out, (uint64_t)row->created_unix_ms);
    proto_buf_put_u64(out, (uint64_t)row->expires_unix_ms);
    proto_buf_put(out, row->cs_pub, sizeof row->cs_pub);
    proto_buf_put_u64(out, row->event_seq);
    proto_buf_put(out, row->event_prev, sizeof row->event_prev);
    for (size_t i = 0; i < TEXTS; i++)
        proto_buf_put_lv8(out, texts[i], strlen(texts[i]));
    return !out->failed;
}

enum proto_err store_unpack_entry(struct proto_reader *r, struct relay_store_entry *out,
                                  char line[static PROTO_LOG_EVIDENCE_LINE_MAX])
{
    size_t len = 0;

    memset(out, 0, sizeof *out);
    out->index = proto_read_u64(r);
    proto_read_into(r, out->leaf, sizeof out->leaf);
    proto_read_into(r, out->sid, sizeof out->sid);
    out->received_ms = (int64_t)proto_read_u64(r);
    uint8_t erased = proto_read_u8(r);
    const uint8_t *evidence = proto_read_lv16(r, &out->evidence_len);
    const uint8_t *text = proto_read_lv16(r, &len);
    if (r->failed || erased > 1 || (erased && out->evidence_len) || len >= PROTO_LOG_EVIDENCE_LINE_MAX ||
        memchr(text, 0, len))
        return PROTO_ERR_FORMAT;
    out->evidence = erased ? NULL : evidence;
    memcpy(line, text, len);
    line[len] = 0;
    out->evidence_line = line;
    return PROTO_OK;
}

enum proto_err store_unpack_session(struct proto_reader *r, struct relay_store_session *out)
{
    const char *texts[TEXTS];
    size_t sizes[TEXTS];

    memset(out, 0, sizeof *out);
    proto_read_into(r, out->sid, sizeof out->sid);
    out->state = (enum relay_store_state)proto_read_u8(r);
    proto_read_into(r, out->agent_fingerprint, sizeof out->agent_fingerprint);
    out->created_unix_ms = (int64_t)proto_read_u64(r);
    out->expires_unix_ms = (int64_t)proto_read_u64(r);
    proto_read_into(r, out->cs_pub, sizeof out->cs_pub);
    out->event_seq = proto_read_u64(r);
    proto_read_into(r, out->event_prev, sizeof out->event_prev);
    texts_of(out, texts, sizes);
    for (size_t i = 0; i < TEXTS; i++) {
        size_t len = 0;
        const uint8_t *text = proto_read_lv8(r, &len);
        if (r->failed || len >= sizes[i] || memchr(text, 0, len))
            return PROTO_ERR_FORMAT;
        memcpy((char *)out + (texts[i] - (const char *)out), text, len);
    }
    return out->state < RELAY_STORE_WAITING || out->state > RELAY_STORE_ENDED ? PROTO_ERR_FORMAT : PROTO_OK;
}

bool store_pack_case(struct proto_buf *out, const struct relay_store_case *one)
{
    if (out->len + sizeof one->sid + 8 + 8 + 2 + one->len > out->max || one->len > UINT16_MAX)
        return false;
    proto_buf_put(out, one->sid, sizeof one->sid);
    proto_buf_put_u64(out, (uint64_t)one->time_ms);
    proto_buf_put_u64(out, (uint64_t)one->until_ms);
    proto_buf_put_lv16(out, one->sealed, one->len);
    return !out->failed;
}

enum proto_err store_unpack_case(struct proto_reader *r, struct relay_store_case *out)
{
    memset(out, 0, sizeof *out);
    proto_read_into(r, out->sid, sizeof out->sid);
    out->time_ms = (int64_t)proto_read_u64(r);
    out->until_ms = (int64_t)proto_read_u64(r);
    out->sealed = proto_read_lv16(r, &out->len);
    return r->failed || !out->len ? PROTO_ERR_FORMAT : PROTO_OK;
}
