/* SPDX-License-Identifier: Apache-2.0 */
/* tail: new entries as they come, a line each, in words. */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "relay/audit/acts.h"
#include "relay/audit/commands.h"
#include "relay/audit/minutes.h"
#include "relay/audit/phrases.h"
#include "relay/audit/remote.h"
#include "relay/audit/session.h"
#include "relay/audit/times.h"
#include "relay/audit/whole.h"

#define POLL_MS 500
#define REMOTE_POLL_MS 1000 /* a question to the relay each time */

struct tailing {
    struct audit_organisation *o;
    struct audit_report *report; /* of one entry's session, used again and again */
    bool wrong;
};

/* What the leaf alone says, and the row. */
struct sight {
    uint64_t index;
    struct proto_log_leaf leaf;
    int64_t received_ms;
    uint8_t sid[RELAY_STORE_SID_BYTES];
    const char *state; /* "sealed", "erased", …, of what is not told in words */
};

static const char sealed[] = "sealed", erased[] = "erased";
static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static const char *class_words(enum proto_log_class kind)
{
    static const char *const words[] = {[PROTO_LOG_STATEMENT] = "the customer decided something",
                                        [PROTO_LOG_AGENT_EVENT] = "the agent did something",
                                        [PROTO_LOG_ERASURE] = "evidence was erased",
                                        [PROTO_LOG_RELAY_EVENT] = "the relay saw something",
                                        [PROTO_LOG_OFFICER_ACT] = "an officer did something"};

    return kind >= PROTO_LOG_STATEMENT && kind <= PROTO_LOG_OFFICER_ACT ? words[kind] : "an entry of no known class";
}

static void print_line(const struct sight *s, int64_t unix_s, const char *words)
{
    char when[AUDIT_TIME_MAX], clock[AUDIT_TIME_MAX], sid[2 * RELAY_STORE_SID_BYTES + 1];

    audit_time_short(when, unix_s);
    audit_time_clock(clock, unix_s);
    sodium_bin2hex(sid, sizeof sid, s->sid, sizeof s->sid);
    if (sodium_is_zero(s->sid, sizeof s->sid)) /* of no session */
        snprintf(sid, sizeof sid, "-");
    printf("%.10s %s  %-8.8s  %6" PRIu64 "  %s\n", when, clock, sid, s->index, words);
}

static void print_sealed(const struct sight *s)
{
    char sid[2 * RELAY_STORE_SID_BYTES + 1], words[128];

    sodium_bin2hex(sid, sizeof sid, s->sid, sizeof s->sid);
    if (audit_options.json) {
        host_json_event("entry", "{s:I,s:I,s:s,s:i,s:b,s:s}", "entry", (json_int_t)s->index, "time",
                        (json_int_t)(s->received_ms / 1000), "session", sid, "class", (int)s->leaf.kind, "erased",
                        s->state == erased, "state", s->state);
        return;
    }
    snprintf(words, sizeof words, "%s (%s)", class_words(s->leaf.kind), s->state);
    print_line(s, s->received_ms / 1000, words);
}

/* What officers do is not sealed. */
static void print_act(const struct sight *s, const struct audit_act *act)
{
    struct sight about = *s;
    char sid[2 * RELAY_STORE_SID_BYTES + 1] = "";

    memcpy(about.sid, act->sid, sizeof about.sid);
    if (!sodium_is_zero(act->sid, sizeof act->sid))
        sodium_bin2hex(sid, sizeof sid, act->sid, sizeof act->sid);
    if (audit_options.json)
        host_json_event("act", "{s:I,s:I,s:s,s:s,s:s}", "entry", (json_int_t)s->index, "time", (json_int_t)act->unix_s,
                        "action", act->action, "session", sid, "words", act->words);
    else
        print_line(&about, act->unix_s, act->words);
}

/* Notes of this entry; renewed keys, which nobody decided, have no words. */
static void print_notes(const struct sight *s, const struct audit_session *session)
{
    char phrase[AUDIT_PHRASE_MAX], sid[2 * RELAY_STORE_SID_BYTES + 1];

    sodium_bin2hex(sid, sizeof sid, s->sid, sizeof s->sid);
    for (size_t i = 0; i < session->count; i++) {
        if (session->notes[i].entry != s->index)
            continue;
        audit_phrase(session, i, phrase);
        if (!audit_options.json) {
            if (*phrase)
                print_line(s, audit_note_time(&session->notes[i]), phrase);
            continue;
        }
        json_t *line = audit_note_json(session, i);
        if (line)
            json_object_set_new(line, "session", json_string(sid));
        host_json_line(line);
    }
}

/* SEALED: it can be opened, and `row` is of its session. */
static const char *state_of(struct audit_organisation *o, const struct relay_store_entry *entry, bool altered,
                            struct relay_store_session *row)
{
    bool has_row = relay_store_get_session(o->rows, entry->sid, row) == PROTO_OK;

    if (altered)
        return "ALTERED: it does not open under its key";
    if (entry->evidence && has_row)
        return sealed;
    if (audit_whole_erased(o, entry->index))
        return erased;
    if (!entry->evidence)
        return "MISSING: no note says that it was erased";
    return sodium_is_zero(entry->sid, sizeof entry->sid) ? "no note that can be read" : "of a session that is MISSING";
}

static enum proto_err print_entry(struct tailing *t, uint64_t index)
{
    struct relay_store_entry entry;
    struct relay_store_session row;
    struct audit_session session;
    struct audit_act act;
    enum proto_err err = relay_store_get_entry(t->o->log, index, &entry);
    struct sight s = {.index = index, .received_ms = entry.received_ms, .state = sealed};

    if (err && err != PROTO_ERR_CRYPTO)
        return err;
    if (proto_log_leaf_parse(&s.leaf, entry.leaf))
        s.leaf.kind = 0;
    memcpy(s.sid, entry.sid, sizeof s.sid);
    if (audit_act_read(t->o, &entry, &act)) {
        print_act(&s, &act);
        return PROTO_OK;
    }
    s.state = state_of(t->o, &entry, err != PROTO_OK, &row);
    t->wrong = t->wrong || (s.state != sealed && s.state != erased);
    if (!t->o->can_open || s.state != sealed) {
        print_sealed(&s);
        return PROTO_OK;
    }
    memset(t->report, 0, sizeof *t->report);
    err = audit_session_read(&session, t->o, &row, t->report);
    audit_session_make_plain(&session);
    if (!err)
        print_notes(&s, &session);
    bool wrong = t->report->wrong || session.incomplete;
    if (!err && wrong && audit_options.json)
        host_json_event("not-whole", "{s:I}", "entry", (json_int_t)index);
    else if (!err && wrong)
        print_line(&s, s.received_ms / 1000, "NOT ALL OF THIS SESSION HOLDS: see handhold-audit show");
    t->wrong = t->wrong || wrong;
    audit_session_clear(&session);
    return err;
}

static uint64_t size_of(const struct audit_organisation *o)
{
    struct relay_store_checkpoint checkpoint;

    return relay_store_get_checkpoint(o->log, &checkpoint) ? 0 : checkpoint.size;
}

static enum proto_err follow(struct tailing *t)
{
    uint64_t size = size_of(t->o), lines = (uint64_t)audit_options.lines, next = size > lines ? size - lines : 0;
    enum proto_err err = PROTO_OK;

    while (!stopped && !err) {
        for (; next < size && !stopped && !err; next++) {
            audit_begin_moment(t->o);
            err = print_entry(t, next);
            audit_end_moment(t->o);
        }
        fflush(stdout);
        if (audit_options.once || ferror(stdout))
            break;
        poll(NULL, 0, audit_remote_stays() ? REMOTE_POLL_MS : POLL_MS); /* a signal ends it */
        if (audit_remote_stays() && !stopped && !audit_remote_more())
            return stopped ? PROTO_OK : PROTO_ERR_IO;
        size = size_of(t->o);
        if (size < next && size) {
            host_say(HOST_ERROR, "the log has become smaller: %" PRIu64 " entries; it was put back to an older copy",
                     size);
            return PROTO_ERR_LOG;
        }
    }
    if (err)
        host_say(HOST_ERROR, "entry %" PRIu64 ": %s", next - 1, relay_store_error(t->o->log));
    return err;
}

int audit_tail(void)
{
    struct audit_organisation o;
    struct tailing t = {&o, calloc(1, sizeof *t.report), false};
    struct sigaction action = {.sa_handler = stop};

    if (!audit_options.once)
        audit_remote_stay(&stopped);
    if (!t.report || !audit_enter(&o, NULL)) {
        free(t.report);
        return HOST_EXIT_USAGE;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    bool known = audit_whole_know(&o);
    t.wrong = known && audit_whole_say(&o, NULL);
    enum proto_err err = known ? follow(&t) : PROTO_ERR_IO;
    audit_close(&o);
    free(t.report);
    return err || t.wrong ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
}
