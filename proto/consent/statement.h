/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/consent/statement.h - what the customer decided and what others did, as short texts that are signed
 * (PROTOCOL.md, Notes).
 *
 * A statement is the customer's; an event is the agent's, the relay's or the officer's. Each is the text of a C2SP
 * signed note: exactly the lines below, each ended by a line feed, UTF-8 without control characters, at most
 * PROTO_MAX_VALUE_BYTES a value. Per signer `seq` starts at 1 and has no gap, and `prev` is the SHA-256 of the signer's
 * previous text: nothing can be taken out.
 */
#ifndef PROTO_CONSENT_STATEMENT_H
#define PROTO_CONSENT_STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/util/buf.h"
#include "proto/util/err.h"
#include "proto/wire/capability.h"
#include "proto/wire/limits.h"

/*        id        name in the note */
#define PROTO_STATEMENT_ACTION_LIST(X)                                                                                 \
    X(GRANT, "grant")                                                                                                  \
    X(WITHDRAW, "withdraw")                                                                                            \
    X(REKEY, "rekey")                                                                                                  \
    X(JOIN, "join")                                                                                                    \
    X(LEAVE, "leave")                                                                                                  \
    X(REFUSE, "refuse")                                                                                                \
    X(END, "end")

enum proto_statement_action {
#define PROTO_ACTION_ENUM(id, name) PROTO_STATEMENT_##id,
    PROTO_STATEMENT_ACTION_LIST(PROTO_ACTION_ENUM)
#undef PROTO_ACTION_ENUM
        PROTO_STATEMENT_ACTION_COUNT
};

/* Purposes that the customer's own end writes, where no agent's words apply. */
#define PROTO_PURPOSE_EXPIRED "expired"
#define PROTO_PURPOSE_USED "used"
#define PROTO_PURPOSE_CONNECTION_LOST "connection lost"
#define PROTO_PURPOSE_NOT_LOGGED "not logged" /* no receipt in time: the grant is taken back, its key never left */
#define PROTO_PURPOSE_BLOCKED "blocked"       /* refused by the device: no camera, or the system said no */
#define PROTO_PURPOSE_FORBIDDEN                                                                                        \
    "policy forbids" /* refused without asking: the organisation's policy does not allow it */
#define PROTO_PURPOSE_UNVERIFIED "unverified organisation"
#define PROTO_PURPOSE_WORDS "check words not compared"
#define PROTO_PURPOSE_NO_GATE "refused by the relay"
#define PROTO_PURPOSE_ENDED "ended"
#define PROTO_PURPOSE_HELD_TOO_LONG "held too long" /* the agent did not come back within the grace time */
/** True for one of these. Nobody may ask in such words: a refusal that quotes them would look as if no person had made
 * it. */
bool proto_purpose_is_machines(const char *purpose);

/** May a request give it? None of these, and not "-", which stands in a statement for no purpose. */
bool proto_purpose_may_be_given(const char *purpose);

struct proto_statement {
    uint8_t sid[PROTO_SID_BYTES];
    uint32_t seq;
    bool first;                     /* prev is "-" */
    uint8_t prev[PROTO_HASH_BYTES]; /* SHA-256 of the previous text */
    int64_t unix_s;                 /* customer's clock */
    enum proto_statement_action action;
    enum proto_capability capability;
    bool everyone;                     /* grantee "-": all live grantees (rekey), or nobody in particular */
    uint8_t grantee[PROTO_HASH_BYTES]; /* SHA-256 of the leaf certificate */
    enum proto_role role;
    char domain[256];
    bool verified;
    uint32_t epoch, max_s, retention_days; /* max_s 0: until the session ends */
    bool has_key;
    uint8_t key_commit[PROTO_HASH_BYTES];
    char purpose[PROTO_MAX_VALUE_BYTES + 1];
    uint8_t ui_text[PROTO_HASH_BYTES],
        ui_build[PROTO_HASH_BYTES]; /* what was on the screen, and which program showed it */
};

/**
 * What `ui` commits to: H of the words that stood before the customer, in English whatever language the screen has, so
 * that whoever has the statement makes them again. `capability` NONE: "-".
 */
void proto_statement_shown(uint8_t out[static PROTO_HASH_BYTES], enum proto_capability capability, const char *purpose,
                           uint32_t max_s);
/**
 * A grant, and a person's refusal, say what was shown: is their `ui` of that? Of the others nobody can make the words
 * again, and it is true.
 */
bool proto_statement_shows_itself(const struct proto_statement *statement);
/** Appends the text. RANGE: a value is over its bound, holds a control character or is not UTF-8. */
PROTO_MUST_USE enum proto_err proto_statement_write(const struct proto_statement *statement, struct proto_buf *out);
/** Strict: accepts exactly what write makes. FORMAT otherwise, and `*out` is zeroed. */
PROTO_MUST_USE enum proto_err proto_statement_parse(const char *text, size_t len, struct proto_statement *out);
const char *proto_statement_action_name(enum proto_statement_action action);

/*        id               name in the note     who acts */
#define PROTO_ACT_LIST(X)                                                                                              \
    X(CREATED, "created")                                                                                              \
    X(JOINED, "joined")                                                                                                \
    X(LOST, "lost")                                                                                                    \
    X(RETURNED, "returned")                                                                                            \
    X(GATE_OPENED, "gate-opened")                                                                                      \
    X(GATE_CLOSED, "gate-closed")                                                                                      \
    X(STARTED, "started")                                                                                              \
    X(STOPPED, "stopped")                                                                                              \
    X(BLOCKED, "blocked")                                                                                              \
    X(GATE_REFUSED, "gate-refused")                                                                                    \
    X(TRANSFERRED, "transferred")                                                                                      \
    X(ENDED, "ended")                                                                                                  \
    X(VIEWING_STARTED, "viewing-started")                                                                              \
    X(VIEWING_STOPPED, "viewing-stopped")                                                                              \
    X(STILL_TAKEN, "still-taken")                                                                                      \
    X(RECORDING_STARTED, "recording-started")                                                                          \
    X(RECORDING_STOPPED, "recording-stopped")                                                                          \
    X(COMMAND_EXECUTED, "command-executed")                                                                            \
    X(SESSION_STOPPED, "session-stopped")                                                                              \
    X(VIEWED, "viewed")                                                                                                \
    X(POLICY_SIGNED, "policy-signed")                                                                                  \
    X(POLICY_TAKEN, "policy-taken")                                                                                    \
    X(ORG_TAKEN, "org-taken")                                                                                          \
    X(RECOVERED, "recovered")                                                                                          \
    X(RETENTION_ASKED, "retention-asked")                                                                              \
    X(CERTIFICATE_RENEWED, "certificate-renewed")                                                                      \
    X(REFUSED, "refused")

enum proto_act {
#define PROTO_ACTION_ENUM(id, name) PROTO_ACT_##id,
    PROTO_ACT_LIST(PROTO_ACTION_ENUM)
#undef PROTO_ACTION_ENUM
        PROTO_ACT_COUNT
};

enum { PROTO_EVENT_DETAILS = 8, PROTO_EVENT_VALUE_BYTES = 96 };

struct proto_event_note {
    uint8_t sid[PROTO_SID_BYTES];
    uint32_t seq;
    bool first;
    uint8_t prev[PROTO_HASH_BYTES];
    int64_t unix_s;
    enum proto_act action;
    enum proto_capability capability;        /* NONE: "-" */
    char subject[PROTO_MAX_VALUE_BYTES + 1]; /* whom or what it is about; empty: "-" */
    struct {
        char key[25], value[PROTO_EVENT_VALUE_BYTES + 1]; /* key of a-z and -, value without space; sorted by key, which write does */
    } details[PROTO_EVENT_DETAILS];
    unsigned detail_count;
};

PROTO_MUST_USE enum proto_err proto_event_note_write(const struct proto_event_note *event, struct proto_buf *out);
PROTO_MUST_USE enum proto_err proto_event_note_parse(const char *text, size_t len, struct proto_event_note *out);
const char *proto_act_name(enum proto_act action);
/** Adds key=value (printf). RANGE when the table is full or a value is over its bound. */
PROTO_MUST_USE enum proto_err proto_event_note_detail(struct proto_event_note *event, const char *key,
                                                      const char *format, ...) __attribute__((format(printf, 3, 4)));
/**
 * Any text as the value of a detail: what may not stand there is %XX. A text that is too long is cut, and ends with "~" and
 * half of its SHA-256: whoever has the whole of it can tell whether it was this one.
 */
void proto_event_note_text(char out[static PROTO_EVENT_VALUE_BYTES + 1], const char *text);
/** The value of a detail, or NULL. */
const char *proto_event_note_get(const struct proto_event_note *event, const char *key);

/* Names under which notes are signed; buffers of PROTO_SIGNER_BYTES. */
enum { PROTO_SIGNER_BYTES = 600 };
void proto_signer_customer(char out[static PROTO_SIGNER_BYTES],
                           const uint8_t sid[static PROTO_SID_BYTES]);            /* handhold.session/<sid> */
void proto_signer_relay(char out[static PROTO_SIGNER_BYTES], const char *origin); /* <origin>/events */

/** H("handhold/1 keycommit" | KID u64 | base_key): what a statement says of a key without showing it. */
void proto_key_commit(uint8_t out[static PROTO_HASH_BYTES], uint64_t kid,
                      const uint8_t base_key[static PROTO_KEY_BYTES]);

/** True for UTF-8 text of at most PROTO_MAX_VALUE_BYTES without control characters (C0, DEL, C1, line separators). */
bool proto_value_valid(const char *text);

#endif
