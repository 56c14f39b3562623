/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/remote.h - an officer who acts: through a running relay's staff end, or on the folder of a stopped one.
 *
 * Either way the act is a note that the officer's own key signs, it is in the log before anything is said to be done,
 * and the proof that it is there is checked here. With --relay the note goes over mutual TLS; with --dir the log is
 * written by this program, which the lock of the data folder allows only while no relay runs.
 */
#ifndef RELAY_AUDIT_REMOTE_H
#define RELAY_AUDIT_REMOTE_H

#include <signal.h>

#include "proto/consent/erasure.h"
#include "proto/consent/statement.h"
#include "proto/identity/credential.h"
#include "proto/identity/org.h"
#include "proto/identity/policy.h"
#include "proto/util/random.h"
#include "proto/wire/message.h"
#include "relay/log/appender.h"
#include "relay/log/ended.h"

struct host_connection;
struct host_loop;

struct audit_officer {
    struct proto_credential credential; /* secret; wiped */
    struct proto_certificate root;      /* owned */
    struct proto_org org;
    struct proto_policy policy;
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1]; /* as which the notes are signed */
    uint32_t seq;                               /* of the officer's last note in the log; 0: none */
    uint8_t prev[PROTO_HASH_BYTES];

    /* With --relay */
    struct host_loop *loop; /* owned, as the connection */
    struct host_connection *connection;
    struct proto_buf out;
    handhold_FromRelay in;
    bool opened, closed, heard;
    enum proto_err closed_by;           /* why, when closed */
    const volatile sig_atomic_t *until; /* borrowed; NULL: a line that is lost is an error. Else it is made again, by
                                         * whoever asks, until this is set */
    unsigned again; /* so often was the last note written anew, because somebody else's came before it */
    bool first;     /* what the note says is done before the log has it: IO says that it waits */
    struct proto_buf org_note, policy_note; /* as the relay serves them */
    char trouble[512];

    /* Either way: the log's name; ended logs that lie there, known when their own log was planned */
    char origin[PROTO_LOG_ORIGIN_MAX + 1];
    char ended[LOG_ENDED_MAX][PROTO_ERASURE_LOG_MAX + 1];
    size_t ended_count;

    /* With --dir */
    struct relay_store *store; /* owned: the writer, and so the lock */
    struct relay_appender *appender;
    char folder[1024];
    const char *dir;
};

enum { AUDIT_ACT_DIGITS = 4 }; /* of a session's number, at least: what an officer does is not taken back */

/* What the relay, or the log, answered to an act. */
struct audit_answer {
    uint64_t index, erased;
    char message[256];
};

/**
 * By audit_options: --identity, and --relay with --ca, or --dir. False: one error was said. audit_officer_close() in
 * any case; `*o` need not be initialised.
 */
bool audit_officer_open(struct audit_officer *o);
void audit_officer_close(struct audit_officer *o);
/** Only who it is, from --identity and --dir: for what is signed and not logged by this program. */
bool audit_officer_identify(struct audit_officer *o);

/**
 * The session of the present log whose number begins with these digits, AUDIT_ACT_DIGITS or more of them; all 32 are
 * taken as they are, for what they name may be in an ended log. `running`: those that have ended are not meant. False:
 * an error was said.
 */
bool audit_officer_find(struct audit_officer *o, const char *begins, bool running, uint8_t sid[static PROTO_SID_BYTES]);

/**
 * What an erasure would destroy, which may be nothing; `*more`: not all fits one note. `log`: origin of an ended log;
 * "": the present one, which also sets o->ended. False: an error was said.
 */
bool audit_officer_plan(struct audit_officer *o, const char *log, const char *ref, const uint8_t sid[PROTO_SID_BYTES],
                        struct proto_erasure *plan, bool *more);
/** Signs and does it, in the log that `plan` names; "": the present one. It has ranges and basis, too. */
bool audit_officer_erase(struct audit_officer *o, const struct proto_erasure *plan, struct audit_answer *answer);
/** The same for an event: action, session, subject and details are set; `policy_note` may be NULL. */
bool audit_officer_event(struct audit_officer *o, const struct proto_event_note *event, const char *policy_note,
                         struct audit_answer *answer);

/**
 * remote_read.c: by --relay, --identity and --ca, a copy of the organisation's notes and of the log in a folder of its
 * own, which is gone when the program ends. That somebody `viewed` it is in the log first. NULL: an error was said.
 */
const char *audit_remote_copy(const char *what);
/** Before it: the connection stays, so that the copy can be kept up, until a signal sets this. */
void audit_remote_stay(const volatile sig_atomic_t *until);
/** Does it stay? */
bool audit_remote_stays(void);
/**
 * Takes over what was logged since. A connection that is lost is made again, as ends do it, and both are said. False:
 * said, or the signal came; the copy is as it was.
 */
bool audit_remote_more(void);

/* remote_local.c: --dir */
/** Reads and verifies D's notes into o->org and o->policy. False: said. */
bool audit_local_notes(struct audit_officer *o, const char *dir);
/** Starts the appender of o->store with D's log key; `checkpoint` (NULL: none) vouches for it. False: said. */
bool audit_local_appender(struct audit_officer *o, const char *dir, const char *checkpoint);
bool audit_local_open(struct audit_officer *o, const char *dir);
bool audit_local_plan(struct audit_officer *o, const char *log, const struct log_ended_subject *subject,
                      struct proto_erasure *plan, bool *more);
bool audit_local_add(struct audit_officer *o, enum proto_log_class kind, const struct proto_buf *note,
                     const uint8_t r[static PROTO_LOG_SALT_BYTES], const struct proto_erasure *erasure,
                     struct relay_result *result);
void audit_local_close(struct audit_officer *o);

/* remote_line.c: --relay */
bool audit_line_open(struct audit_officer *o, const char *url, const char *ca, const char *identity);
/** Sends and waits for this answer; an Error of the relay, a closed line and silence are said. */
bool audit_line_ask(struct audit_officer *o, const handhold_ToRelay *message, pb_size_t answer);
/** The next answer to the same question, however long it takes; false: the line is lost, which was said. */
bool audit_line_hear(struct audit_officer *o);
/** After it was lost. False: not yet (o->closed), or never (said). */
bool audit_line_again(struct audit_officer *o, const char *url, const char *ca, const char *identity);
void audit_line_close(struct audit_officer *o);

#endif
