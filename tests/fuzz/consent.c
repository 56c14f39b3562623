/* SPDX-License-Identifier: Apache-2.0 */
/* Statements, events, evidence and gates: a reader accepts exactly what a writer makes. */
#include <stdlib.h>
#include <string.h>

#include "proto/consent/erasure.h"
#include "proto/consent/evidence.h"
#include "proto/consent/gate.h"
#include "tests/fuzz/fixture.h"
#include "tests/fuzz/targets.h"

/* ---- statement ---- */

static bool feed_statement(const uint8_t *bytes, size_t len)
{
    struct proto_statement statement;
    struct proto_buf again;

    if (proto_statement_parse((const char *)bytes, len, &statement))
        return false;
    proto_buf_init(&again, PROTO_MAX_NOTE_BYTES);
    FUZZ_READY(proto_statement_write(&statement, &again));
    FUZZ_HOLDS(again.len == len && !memcmp(again.bytes, bytes, len));
    FUZZ_HOLDS(proto_value_valid(statement.purpose) && proto_statement_action_name(statement.action));
    proto_buf_free(&again);
    return true;
}

static void seed_statement(struct fuzz_seeds *seeds)
{
    struct proto_buf out;

    for (int action = 0; action < PROTO_STATEMENT_ACTION_COUNT; action++) {
        struct proto_statement statement = fixture_statement();
        statement.action = (enum proto_statement_action)action;
        statement.first = action == 0;
        statement.everyone = action == PROTO_STATEMENT_REKEY || action == PROTO_STATEMENT_END;
        statement.has_key = action == PROTO_STATEMENT_GRANT || action == PROTO_STATEMENT_REKEY;
        statement.capability = action == PROTO_STATEMENT_END ? PROTO_CAPABILITY_NONE : PROTO_CAPABILITY_CAMERA;
        statement.verified = action % 2;
        proto_buf_init(&out, PROTO_MAX_NOTE_BYTES);
        FUZZ_READY(proto_statement_write(&statement, &out));
        if (!proto_statement_parse((const char *)out.bytes, out.len, &statement))
            fuzz_seed_add(seeds, proto_statement_action_name(statement.action), out.bytes, out.len);
        proto_buf_free(&out);
    }
}

const struct fuzz_target fuzz_statement = {"statement", 4096, feed_statement, seed_statement, 0};

/* ---- erasure ---- */

static bool feed_erasure(const uint8_t *bytes, size_t len)
{
    struct proto_erasure erasure;
    struct proto_buf again;

    if (proto_erasure_parse((const char *)bytes, len, &erasure))
        return false;
    proto_buf_init(&again, PROTO_MAX_NOTE_BYTES);
    FUZZ_READY(proto_erasure_write(&erasure, &again));
    FUZZ_HOLDS(again.len == len && !memcmp(again.bytes, bytes, len));
    FUZZ_HOLDS(proto_erasure_names(&erasure, erasure.ranges[0].first) && proto_erasure_size(&erasure) > 0);
    proto_buf_free(&again);
    return true;
}

static void seed_erasure(struct fuzz_seeds *seeds)
{
    struct proto_erasure erasure = {
        .seq = 2, .unix_s = 1767225600, .basis = "Art. 17(1)(b) GDPR", .log = "help.example.org/audit/example.org"};
    struct proto_buf out;

    for (unsigned i = 0; i < 2; i++) {
        erasure.retention = i;
        FUZZ_READY(proto_erasure_add(&erasure, 7 + 4 * i));
        proto_buf_init(&out, PROTO_MAX_NOTE_BYTES);
        FUZZ_READY(proto_erasure_write(&erasure, &out));
        fuzz_seed_add(seeds, i ? "retention" : "officer", out.bytes, out.len);
        proto_buf_free(&out);
    }
}

const struct fuzz_target fuzz_erasure = {"erasure", 4096, feed_erasure, seed_erasure, 0};

/* ---- event ---- */

static bool feed_event(const uint8_t *bytes, size_t len)
{
    struct proto_event_note event;
    struct proto_buf again;

    if (proto_event_note_parse((const char *)bytes, len, &event))
        return false;
    proto_buf_init(&again, PROTO_MAX_NOTE_BYTES);
    FUZZ_READY(proto_event_note_write(&event, &again));
    FUZZ_HOLDS(again.len == len && !memcmp(again.bytes, bytes, len));
    FUZZ_HOLDS(event.detail_count <= PROTO_EVENT_DETAILS);
    for (unsigned i = 0; i < event.detail_count; i++)
        FUZZ_HOLDS(proto_event_note_get(&event, event.details[i].key));
    proto_buf_free(&again);
    return true;
}

static void seed_event(struct fuzz_seeds *seeds)
{
    struct proto_buf out;

    for (int act = 0; act < PROTO_ACT_COUNT; act += 3) {
        struct proto_event_note event = fixture_event();
        event.action = (enum proto_act)act;
        event.first = act == 0;
        if (act == 0) {
            event.detail_count = 0;
            event.subject[0] = 0;
            event.capability = PROTO_CAPABILITY_NONE;
        }
        proto_buf_init(&out, PROTO_MAX_NOTE_BYTES);
        FUZZ_READY(proto_event_note_write(&event, &out));
        fuzz_seed_add(seeds, proto_act_name(event.action), out.bytes, out.len);
        proto_buf_free(&out);
    }
}

const struct fuzz_target fuzz_event = {"event", 4096, feed_event, seed_event, 0};

/* ---- evidence: the first byte says whether the rest is sealed ---- */

static void read_notes(const struct proto_evidence *evidence)
{
    volatile uint8_t sum = 0;

    FUZZ_HOLDS(evidence->count >= 1 && evidence->count <= PROTO_EVIDENCE_NOTES);
    for (size_t i = 0; i < evidence->count; i++)
        for (size_t n = 0; n < evidence->notes[i].len; n++)
            sum = (uint8_t)(sum + evidence->notes[i].bytes[n]);
}

static bool feed_evidence(const uint8_t *bytes, size_t len)
{
    struct proto_evidence evidence;
    struct proto_buf plain, sealed;
    const struct fixture *f = fixture();

    if (!len)
        return false;
    proto_buf_init_secret(&plain, PROTO_MAX_EVIDENCE_BYTES);
    proto_buf_init(&sealed, PROTO_MAX_EVIDENCE_BYTES);
    enum proto_err err = bytes[0] & 1 ? proto_evidence_open(bytes + 1, len - 1, f->evidence_public, f->evidence_secret,
                                                            &plain, &evidence)
                                      : proto_evidence_parse(bytes + 1, len - 1, &evidence);
    if (!err) {
        read_notes(&evidence);
        if (!proto_evidence_seal(&evidence, f->evidence_public, &f->random, &sealed)) {
            struct proto_evidence again;
            struct proto_buf opened;
            proto_buf_init_secret(&opened, PROTO_MAX_EVIDENCE_BYTES);
            FUZZ_READY(
                proto_evidence_open(sealed.bytes, sealed.len, f->evidence_public, f->evidence_secret, &opened, &again));
            FUZZ_HOLDS(again.count == evidence.count && !memcmp(again.r, evidence.r, sizeof again.r));
            proto_buf_free(&opened);
        }
    }
    proto_buf_free(&plain);
    proto_buf_free(&sealed);
    return !err;
}

static void seed_evidence(struct fuzz_seeds *seeds)
{
    static const uint8_t note[] = "a note\n\n\xe2\x80\x94 somebody AAAAAAAA\n";
    struct proto_evidence evidence = {.notes = {{note, sizeof note - 1}, {note, 6}}, .count = 2, .r = {1, 2, 3}};
    struct proto_buf sealed, plain;

    proto_buf_init(&sealed, PROTO_MAX_EVIDENCE_BYTES);
    proto_buf_init(&plain, PROTO_MAX_EVIDENCE_BYTES);
    FUZZ_READY(proto_evidence_seal(&evidence, fixture()->evidence_public, &fixture()->random, &sealed));
    fuzz_seed_add_as(seeds, "sealed", 1, sealed.bytes, sealed.len);
    FUZZ_READY(proto_evidence_open(sealed.bytes, sealed.len, fixture()->evidence_public, fixture()->evidence_secret,
                                   &plain, &evidence));
    fuzz_seed_add_as(seeds, "plain", 0, plain.bytes, plain.len);
    proto_buf_free(&sealed);
    proto_buf_free(&plain);
}

const struct fuzz_target fuzz_evidence = {"evidence", 20000, feed_evidence, seed_evidence, 0};

/* ---- gate: the first byte says whether the customer signs what comes, whatever it is ---- */

static bool feed_gate(const uint8_t *bytes, size_t len)
{
    static const char label[] = "handhold/1 gate";
    struct proto_gate gate;
    uint8_t again[PROTO_GATE_BYTES];

    if (!len)
        return false;
    uint8_t *copy = fuzz_exact(bytes + 1, len - 1);
    if (bytes[0] & 1 && len - 1 == PROTO_GATE_BYTES)
        FUZZ_READY(proto_sign_labelled(copy + PROTO_GATE_BYTES - PROTO_SIGNATURE_BYTES, label, copy + sizeof label,
                                       PROTO_GATE_BYTES - sizeof label - PROTO_SIGNATURE_BYTES, fixture()->cs_secret));
    bool verified = !proto_gate_verify(copy, len - 1, fixture()->cs_public, &gate);
    if (verified) {
        FUZZ_READY(proto_gate_sign(&gate, fixture()->cs_secret, again)); /* Ed25519 signs the same way twice */
        FUZZ_HOLDS(len - 1 == sizeof again && !memcmp(again, copy, sizeof again));
    }
    free(copy);
    return verified;
}

static void seed_gate(struct fuzz_seeds *seeds)
{
    struct proto_gate gate = {.gate_seq = 1,
                              .open = true,
                              .src = 1,
                              .stream = 17,
                              .dst = 2,
                              .capability = PROTO_CAPABILITY_CAMERA,
                              .ttl_s = 600};
    uint8_t bytes[PROTO_GATE_BYTES];

    FUZZ_READY(proto_gate_sign(&gate, fixture()->cs_secret, bytes));
    fuzz_seed_add_as(seeds, "open", 0, bytes, sizeof bytes);
    fuzz_seed_add_as(seeds, "open-signed", 1, bytes, sizeof bytes);
    gate.open = false;
    FUZZ_READY(proto_gate_sign(&gate, fixture()->cs_secret, bytes));
    fuzz_seed_add_as(seeds, "close", 0, bytes, sizeof bytes);
}

const struct fuzz_target fuzz_gate = {"gate", 512, feed_gate, seed_gate, 0};
