/* SPDX-License-Identifier: Apache-2.0 */
/* Statements, events and gates: fields, signed text, note. */
#include <stdio.h>
#include <string.h>

#include "proto/consent/gate.h"
#include "proto/consent/statement.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "tests/vectors/write.h"

#define DOMAIN "example.org"
#define AGENT_SIGNER DOMAIN "/agent/4000000000000002"

static const struct row {
    enum proto_statement_action action;
    enum proto_capability capability;
    uint32_t epoch, max_s, retention_days;
    bool everyone, cosigned;
    const char *purpose;
} rows[] = {
    {PROTO_STATEMENT_REFUSE, PROTO_CAPABILITY_LOCATION, 0, 60, 0, false, false, PROTO_PURPOSE_FORBIDDEN},
    {PROTO_STATEMENT_GRANT, PROTO_CAPABILITY_CAMERA, 1, 1800, 0, false, true, "to see the lamp on the “Control” box"},
    {PROTO_STATEMENT_REKEY, PROTO_CAPABILITY_CAMERA, 2, 1800, 0, true, true, ""},
    {PROTO_STATEMENT_GRANT, PROTO_CAPABILITY_DEVICE_STATE, 3, 0, 30, false, false, "to read its fünf values"},
    {PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_CAMERA, 2, 1800, 0, false, true, PROTO_PURPOSE_EXPIRED},
    {PROTO_STATEMENT_END, PROTO_CAPABILITY_NONE, 0, 0, 0, true, false, "completed"},
};

static void put_prev(json_t *object, bool first, const uint8_t prev[static 32])
{
    if (first)
        put_list(object, "prev", json_null());
    else
        put_hex(object, "prev", prev, 32);
}

static json_t *statement(const struct row *row, struct proto_statement *st, const uint8_t customer[static 64],
                         const uint8_t agent[static 64], unsigned number)
{
    char name[PROTO_SIGNER_BYTES];
    struct proto_buf text, note, line;
    uint8_t key[32];
    json_t *object = json_object();

    st->action = row->action;
    st->capability = row->capability;
    st->epoch = row->epoch;
    st->max_s = row->max_s;
    st->retention_days = row->retention_days;
    st->everyone = row->everyone;
    st->has_key = row->action == PROTO_STATEMENT_GRANT || row->action == PROTO_STATEMENT_REKEY;
    snprintf(st->purpose, sizeof st->purpose, "%s", row->purpose);
    fill(key, sizeof key, number);
    proto_key_commit(st->key_commit, (uint64_t)row->epoch << 10 | 1 << 6 | 9, key);
    fill(st->ui_text, sizeof st->ui_text, 60 + number);
    fill(st->ui_build, sizeof st->ui_build, 80);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&line, 1024);
    MUST(proto_statement_write(st, &text));
    proto_signer_customer(name, st->sid);
    MUST(proto_note_make((const char *)text.bytes, text.len, name, customer, &note));
    if (row->cosigned) {
        MUST(proto_note_sign((const char *)text.bytes, text.len, AGENT_SIGNER, agent, &line));
        MUST(proto_note_add_line(&note, (const char *)line.bytes, line.len));
    }
    put_number(object, "seq", st->seq);
    put_prev(object, st->first, st->prev);
    put_number(object, "time", (uint64_t)st->unix_s);
    put_text(object, "action", proto_statement_action_name(st->action));
    put_text(object, "capability", proto_capability_name(st->capability));
    if (st->everyone) {
        put_list(object, "grantee", json_null());
    } else {
        put_hex(object, "grantee", st->grantee, sizeof st->grantee);
        put_text(object, "role", proto_role_name(st->role));
    }
    put_text(object, "domain", st->domain);
    put_list(object, "verified", json_boolean(st->verified));
    put_number(object, "epoch", st->epoch);
    put_number(object, "max_s", st->max_s);
    put_number(object, "retention_days", st->retention_days);
    if (st->has_key)
        put_hex(object, "key_commit", st->key_commit, 32);
    else
        put_list(object, "key_commit", json_null());
    put_text(object, "purpose", st->purpose);
    put_hex(object, "ui_text", st->ui_text, 32);
    put_hex(object, "ui_build", st->ui_build, 32);
    put_list(object, "cosigned", json_boolean(row->cosigned));
    put_text_n(object, "text", text.bytes, text.len);
    put_text_n(object, "note", note.bytes, note.len);
    proto_sha256(st->prev, text.bytes, text.len);
    put_hex(object, "stmt_hash", st->prev, 32);
    st->first = false;
    st->seq++;
    st->unix_s += 61;
    proto_buf_free(&text);
    proto_buf_free(&note);
    proto_buf_free(&line);
    return object;
}

json_t *vectors_statements(void)
{
    uint8_t seed[32], public[32], customer[64], agent_public[32], agent[64];
    char name[PROTO_SIGNER_BYTES];
    struct proto_statement st = {
        .seq = 1, .first = true, .unix_s = 1767225600, .role = PROTO_ROLE_AGENT, .verified = true, .domain = DOMAIN};
    json_t *root = json_object(), *list = json_array();

    fill(st.sid, sizeof st.sid, 1);
    fill(st.grantee, sizeof st.grantee, 3);
    make_key(seed, agent_public, agent, 4);
    make_key(seed, public, customer, 2);
    proto_signer_customer(name, st.sid);
    put_hex(root, "session", st.sid, sizeof st.sid);
    put_hex(root, "customer_seed", seed, sizeof seed);
    put_vkey(root, "customer_vkey", name, public);
    put_vkey(root, "agent_vkey", AGENT_SIGNER, agent_public);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        add(list, statement(&rows[i], &st, customer, agent, (unsigned)i));
    put_list(root, "statements", list);
    return root;
}

/* ---- events ---- */

static const struct event_row {
    enum proto_act action;
    enum proto_capability capability;
    const char *subject;
    struct {
        const char *key, *value;
    } details[3];
} event_rows[] = {
    {PROTO_ACT_CREATED,
     PROTO_CAPABILITY_NONE,
     "Ada Agent 4000000000000002",
     {{"ticket", "T-17"}, {"customer", "c-4711"}}},
    {PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "customer", {{0}}},
    {PROTO_ACT_GATE_OPENED, PROTO_CAPABILITY_CAMERA, "", {{"stream", "9"}, {"src", "1"}, {"leaf", "00ff"}}},
    {PROTO_ACT_STOPPED, PROTO_CAPABILITY_CAMERA, "", {{"frames", "300"}, {"bytes", "1234567"}, {"stream", "9"}}},
    {PROTO_ACT_ENDED, PROTO_CAPABILITY_NONE, "", {{"reason", "completed"}}},
};

static json_t *event(const struct event_row *row, struct proto_event_note *e, const uint8_t secret[static 64],
                     const char *signer)
{
    struct proto_buf text, note;
    json_t *object = json_object(), *details = json_object();

    e->action = row->action;
    e->capability = row->capability;
    e->detail_count = 0;
    snprintf(e->subject, sizeof e->subject, "%s", row->subject);
    for (size_t i = 0; i < 3 && row->details[i].key; i++) {
        MUST(proto_event_note_detail(e, row->details[i].key, "%s", row->details[i].value));
        put_text(details, row->details[i].key, row->details[i].value);
    }
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    MUST(proto_event_note_write(e, &text));
    MUST(proto_note_make((const char *)text.bytes, text.len, signer, secret, &note));
    put_number(object, "seq", e->seq);
    put_prev(object, e->first, e->prev);
    put_number(object, "time", (uint64_t)e->unix_s);
    put_text(object, "action", proto_act_name(e->action));
    put_text(object, "capability", proto_capability_name(e->capability));
    put_text(object, "subject", e->subject);
    put_list(object, "details", details);
    put_text_n(object, "text", text.bytes, text.len);
    put_text_n(object, "note", note.bytes, note.len);
    proto_sha256(e->prev, text.bytes, text.len);
    e->first = false;
    e->seq++;
    e->unix_s += 7;
    proto_buf_free(&text);
    proto_buf_free(&note);
    return object;
}

json_t *vectors_events(void)
{
    uint8_t seed[32], public[32], secret[64];
    char signer[PROTO_SIGNER_BYTES];
    struct proto_event_note e = {.seq = 1, .first = true, .unix_s = 1767225600};
    json_t *root = json_object(), *list = json_array();

    fill(e.sid, sizeof e.sid, 1);
    make_key(seed, public, secret, 5);
    proto_signer_relay(signer, "help.example.org/audit/" DOMAIN);
    put_hex(root, "session", e.sid, sizeof e.sid);
    put_vkey(root, "relay_vkey", signer, public);
    for (size_t i = 0; i < sizeof event_rows / sizeof *event_rows; i++)
        add(list, event(&event_rows[i], &e, secret, signer));
    put_list(root, "events", list);
    return root;
}

/* ---- gates ---- */

json_t *vectors_gates(void)
{
    uint8_t seed[32], public[32], secret[64], bytes[PROTO_GATE_BYTES];
    json_t *root = json_object(), *list = json_array();

    make_key(seed, public, secret, 2);
    put_hex(root, "cs_pub", public, sizeof public);
    put_hex(root, "cs_seed", seed, sizeof seed);
    for (unsigned i = 0; i < 3; i++) {
        struct proto_gate gate = {.gate_seq = i ? i * 70000 : 1,
                                  .open = i != 1,
                                  .src = 1,
                                  .stream = (uint8_t)(9 + i),
                                  .dst = 2,
                                  .capability = i == 2 ? PROTO_CAPABILITY_DEVICE_STATE : PROTO_CAPABILITY_CAMERA,
                                  .ttl_s = i ? 0 : 1800};
        json_t *object = json_object();

        fill(gate.sid, sizeof gate.sid, 1);
        fill(gate.grantee, sizeof gate.grantee, 3);
        if (gate.open)
            fill(gate.leaf_hash, sizeof gate.leaf_hash, 6);
        MUST(proto_gate_sign(&gate, secret, bytes));
        put_hex(object, "session", gate.sid, sizeof gate.sid);
        put_number(object, "gate_seq", gate.gate_seq);
        put_list(object, "open", json_boolean(gate.open));
        put_number(object, "src", gate.src);
        put_number(object, "stream", gate.stream);
        put_number(object, "dst", gate.dst);
        put_number(object, "capability", gate.capability);
        put_hex(object, "grantee", gate.grantee, sizeof gate.grantee);
        put_number(object, "ttl_s", gate.ttl_s);
        put_hex(object, "leaf_hash", gate.leaf_hash, sizeof gate.leaf_hash);
        put_hex(object, "gate", bytes, sizeof bytes);
        add(list, object);
    }
    put_list(root, "gates", list);
    return root;
}
