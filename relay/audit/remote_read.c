/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a relay elsewhere, copied so that every command reads it as it reads one that lies here. */
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/host/pause.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/log/checkpoint.h"
#include "relay/audit/commands.h"
#include "relay/audit/copy.h"
#include "relay/audit/ended.h"
#include "relay/audit/remote.h"
#include "relay/log/tiles.h"
#include "relay/store/pack.h"

enum { ROUNDS_MAX = 20 }; /* a relay that goes on meanwhile is asked again until nothing came in between */

static char folder[HOST_PATH_BYTES]; /* of the copy; empty: none */

struct copying {
    struct audit_officer *o;
    struct relay_store *store;
    struct proto_log_tree tree;
    struct log_edge edge;
    char vkey[PROTO_ORG_VKEY_BYTES + 1];
    unsigned ended; /* the log in data.ended-N; 0: the relay's own */
    uint64_t stood; /* entries of the newest checkpoint that was kept */
    uint64_t began; /* entries that the log had before any was copied: what they say was erased is not given any more */
    uint64_t followed; /* what the entries before it say was erased is erased in the copy, too */
    enum proto_err err;
};

/* ---- the notes ---- */

static bool put_file(const char *name, const void *bytes, size_t len)
{
    char path[HOST_PATH_BYTES];
    enum proto_err err =
        host_path(path, "%s/%s", folder, name) ? host_file_write(path, bytes, len, HOST_PRIVATE) : PROTO_ERR_RANGE;

    if (err)
        host_say_err(name, err);
    return !err;
}

/* Where the root lies, the authority keeps whom it issued what: so agents' own keys are known here too. */
static void link_certificates(void)
{
    char ca[HOST_PATH_BYTES], issued[HOST_PATH_BYTES], real[PATH_MAX], path[HOST_PATH_BYTES];

    if (host_path(ca, "%s", audit_options.ca) && host_path(issued, "%s/issued", dirname(ca)) &&
        realpath(issued, real) && host_path(path, "%s/ca/issued", folder) && symlink(real, path))
        host_say_err(issued, PROTO_ERR_IO); /* then agents' lines are checked under the key that the relay recorded */
}

static bool put_notes(struct copying *c)
{
    char path[HOST_PATH_BYTES];
    struct proto_buf ca;
    size_t len = strlen(c->o->origin);

    for (size_t i = 0; i < c->o->org.log_count; i++)
        if (!strncmp(c->o->org.logs[i], c->o->origin, len) && c->o->org.logs[i][len] == '+')
            snprintf(c->vkey, sizeof c->vkey, "%s", c->o->org.logs[i]);
    if (!*c->vkey) {
        host_say_error(c->o->origin, "is a log that org.note does not name", "take nothing of it for proved");
        return false;
    }
    proto_buf_init(&ca, PROTO_PEM_BYTES);
    bool fine = host_path(path, "%s/ca", folder) && !host_folder_make(path, HOST_PRIVATE) &&
                host_path(path, "%s/relay", folder) && !host_folder_make(path, HOST_PRIVATE) &&
                !host_file_read(audit_options.ca, &ca) && put_file("ca/ca.crt", ca.bytes, ca.len) &&
                put_file("org.note", c->o->org_note.bytes, c->o->org_note.len) &&
                put_file("policy.note", c->o->policy_note.bytes, c->o->policy_note.len) &&
                put_file("relay/log.vkey", c->vkey, strlen(c->vkey));
    proto_buf_free(&ca);
    if (fine)
        link_certificates();
    return fine;
}

/* ---- the log ---- */

static void node_made(void *context, unsigned level, uint64_t index, const uint8_t hash[PROTO_LOG_HASH_BYTES])
{
    struct copying *c = context;

    if (!c->err)
        c->err = log_edge_add(&c->edge, level, index, hash, c->store);
}

static enum proto_err take_entry(struct copying *c, struct proto_reader *r)
{
    char line[PROTO_LOG_EVIDENCE_LINE_MAX];
    struct proto_log_sink sink = {node_made, c};
    struct relay_store_entry entry;
    uint8_t hash[PROTO_LOG_HASH_BYTES];
    enum proto_err err = store_unpack_entry(r, &entry, line);

    if (!err)
        err = entry.index == c->tree.size ? relay_store_import_entry(c->store, &entry) : PROTO_ERR_LOG;
    if (err)
        return err;
    proto_log_leaf_hash(hash, entry.leaf);
    err = proto_log_tree_append(&c->tree, hash, &sink);
    return err ? err : c->err;
}

static enum proto_err take_session(struct copying *c, struct proto_reader *r)
{
    struct relay_store_session row;
    enum proto_err err = store_unpack_session(r, &row);

    return err ? err : relay_store_import_session(c->store, &row);
}

static bool take_part(struct copying *c, enum proto_err (*take)(struct copying *c, struct proto_reader *r))
{
    const handhold_LogPart *part = &c->o->in.body.log_part;
    struct proto_reader r = proto_reader_of(part->rows.bytes, part->rows.size);
    enum proto_err err = relay_store_begin(c->store);

    while (!err && proto_reader_left(&r))
        err = take(c, &r);
    if (!err)
        err = log_edge_write(&c->edge, c->store);
    err = err ? err : relay_store_commit(c->store);
    if (err) {
        relay_store_rollback(c->store);
        host_say_error("the relay's log", proto_err_rule(err),
                       "what it gave cannot be kept; use programs of one version");
    }
    return !err;
}

static bool is_not_here(const struct copying *c)
{
    return c->ended && !c->o->in.body.log_part.log[0];
}

/* What of an ended log is not there, so that it cannot be asked for, is not there in the copy either. */
static bool read_all(struct copying *c, bool sessions)
{
    static handhold_ToRelay ask;
    uint64_t next = sessions ? 0 : c->tree.size;

    do {
        ask = (handhold_ToRelay){.which_body = handhold_ToRelay_log_read_tag,
                                 .body.log_read = {.from = next, .sessions = sessions, .ended = c->ended}};
        if (!audit_line_ask(c->o, &ask, handhold_FromRelay_log_part_tag))
            return false;
        if (is_not_here(c))
            return true;
        if (!take_part(c, sessions ? take_session : take_entry))
            return false;
        next = c->o->in.body.log_part.next;
    } while (next);
    return true;
}

static enum proto_err take_case(struct copying *c, struct proto_reader *r)
{
    struct relay_store_case one;
    enum proto_err err = store_unpack_case(r, &one);

    if (!err)
        err = relay_store_put_case(c->store, &one);
    return err == PROTO_ERR_STATE ? PROTO_OK : err; /* its session came, or went, since the rows were read */
}

/* What is remembered of a person's visits is asked for when all that is kept of them is exported. A relay that knows no
 * such question answers with entries, and those are no cases. */
static bool read_cases(struct copying *c)
{
    static handhold_ToRelay ask;
    uint64_t next = 0;

    if (!audit_options.format || !audit_options.filter.customer)
        return true;
    do {
        ask = (handhold_ToRelay){.which_body = handhold_ToRelay_log_read_tag, .body.log_read = {.from = next}};
        if (PROTO_SET_TEXT(ask.body.log_read.cases_of, audit_options.filter.customer)) {
            host_say_error("--customer", "is longer than a reference can be", "give it as list shows it");
            return false;
        }
        if (!audit_line_ask(c->o, &ask, handhold_FromRelay_log_part_tag) || !take_part(c, take_case))
            return false;
        next = c->o->in.body.log_part.next;
    } while (next);
    return true;
}

static bool keep_checkpoint(struct copying *c, const struct relay_store_checkpoint *stored)
{
    enum proto_err err = relay_store_begin(c->store);
    if (!err)
        err = relay_store_put_checkpoint(c->store, stored);
    err = err ? err : relay_store_commit(c->store);
    if (err)
        host_say_err(folder, err);
    else
        c->stood = stored->size;
    return !err;
}

/* The newest checkpoint; *stands when it is of exactly what was copied. */
static bool read_checkpoint(struct copying *c, bool *stands)
{
    static handhold_ToRelay ask;
    struct relay_store_checkpoint stored = {.size = c->tree.size};
    struct proto_log_checkpoint opened;

    ask = (handhold_ToRelay){.which_body = handhold_ToRelay_consistency_ask_tag,
                             .body.consistency_ask = {.old_size = 1, .new_size = c->tree.size}};
    if (!audit_line_ask(c->o, &ask, handhold_FromRelay_consistency_tag))
        return false;
    const char *note = c->o->in.body.consistency.checkpoint;
    if (proto_log_checkpoint_open(&opened, note, strlen(note), c->vkey)) {
        host_say_error("the relay's checkpoint", "is not signed by the log's key", "take nothing of it for proved");
        return false;
    }
    *stands = opened.size == c->tree.size;
    if (!*stands)
        return true;
    snprintf(stored.note, sizeof stored.note, "%s", note);
    memcpy(stored.root, opened.root, sizeof stored.root);
    return keep_checkpoint(c, &stored);
}

/* Somebody may be erased while their log is copied, or kept up. */
static bool follow_erasures(struct copying *c)
{
    bool fine = audit_copy_follow(c->store, c->o->origin, c->followed);

    c->followed = c->tree.size;
    return fine;
}

static bool copy_log(struct copying *c)
{
    bool stands = false;

    for (int round = 0; round < ROUNDS_MAX && !stands; round++)
        if (!read_all(c, false) || !follow_erasures(c) || !read_all(c, true) || !read_checkpoint(c, &stands))
            return false;
    if (!stands)
        host_say_error("the relay", "writes faster than it can be read from here", "try again when less is going on");
    return stands;
}

static bool open_data(struct copying *c)
{
    char path[HOST_PATH_BYTES], error[RELAY_STORE_ERROR_MAX];
    struct relay_store_config config = {.folder = path, .random = host_random()};

    if ((c->ended ? host_path(path, "%s/data.ended-%u", folder, c->ended) : host_path(path, "%s/data", folder)) &&
        !relay_store_open(&c->store, &config, error))
        return true;
    host_say(HOST_ERROR, "%s", error);
    return false;
}

static bool open_copy(struct copying *c)
{
    return audit_copy_folder(folder) && open_data(c);
}

/* ---- the logs before it ---- */

/* The checkpoint as it was found there: whether it holds is for verify to say. */
static bool put_checkpoint(struct copying *c, const char *note)
{
    struct relay_store_checkpoint stored = {.size = c->tree.size};
    struct proto_log_checkpoint opened;

    if (!*note)
        return true;
    snprintf(stored.note, sizeof stored.note, "%s", note);
    if (!proto_log_checkpoint_open(&opened, note, strlen(note), c->vkey)) {
        stored.size = opened.size;
        memcpy(stored.root, opened.root, sizeof stored.root);
    }
    return keep_checkpoint(c, &stored);
}

static bool fill_ended(struct copying *c)
{
    const handhold_LogPart *part = &c->o->in.body.log_part;
    char name[64];

    if (!open_data(c) || !read_all(c, false) || is_not_here(c) || !read_all(c, true))
        return false;
    snprintf(c->vkey, sizeof c->vkey, "%s", part->log);
    snprintf(name, sizeof name, "data.ended-%u/log.vkey", c->ended);
    if (!put_file(name, part->log, strlen(part->log)))
        return false;
    snprintf(name, sizeof name, "data.ended-%u/checkpoint", c->ended);
    return put_file(name, part->known, strlen(part->known)) && put_checkpoint(c, part->checkpoint);
}

/* One of them, and `*n` of the one before it. What cannot be had is missing in the copy, which verify says. */
static void copy_ended(struct audit_officer *o, unsigned *n)
{
    struct copying *c = calloc(1, sizeof *c);
    struct audit_ended before;
    char path[HOST_PATH_BYTES];
    unsigned here = *n;

    *n = 0;
    if (!c)
        return;
    *c = (struct copying){.o = o, .ended = here};
    proto_log_tree_init(&c->tree);
    bool fine = fill_ended(c);
    if (fine && audit_ended_find(&before, c->store) && before.n < here)
        *n = before.n;
    relay_store_close(c->store);
    if (!fine && host_path(path, "%s/data.ended-%u", folder, here))
        audit_copy_remove(path);
    free(c);
}

/* The present log is read again behind them: it says what was erased of them meanwhile. */
static bool copy_before(struct copying *c)
{
    struct audit_ended before;
    unsigned n = audit_ended_find(&before, c->store) ? before.n : 0;

    if (!n)
        return true;
    while (n)
        copy_ended(c->o, &n);
    return copy_log(c) && audit_copy_follow_ended(folder, &c->o->org, c->store, c->began);
}

/* ---- keeping it up ---- */

static struct copying *kept; /* whose connection stays; NULL: none */
static const volatile sig_atomic_t *stay_until;
static const char *viewing; /* what is read, as the log has it */

void audit_remote_stay(const volatile sig_atomic_t *until)
{
    stay_until = until;
}

bool audit_remote_stays(void)
{
    return kept != NULL;
}

/* Its name, its certificate or ours: time alone mends none of them. */
static bool is_for_good(enum proto_err err)
{
    return err == PROTO_ERR_CERT_CHAIN || err == PROTO_ERR_CERT_NAME || err == PROTO_ERR_CERT_REVOKED ||
           err == PROTO_ERR_CERT_ROLE || err == PROTO_ERR_CERT_EXPIRED || err == PROTO_ERR_CERT_PROFILE;
}

/* By each connection: the relay lets nothing be read that the log does not say to be read. */
static bool say_viewing(struct audit_officer *o, uint64_t *entry)
{
    struct proto_event_note event = {.action = PROTO_ACT_VIEWED};
    struct audit_answer answer = {.index = 0};

    snprintf(event.subject, sizeof event.subject, "%s", viewing);
    bool fine = audit_officer_event(o, &event, NULL, &answer);
    *entry = answer.index;
    return fine;
}

static bool connect_again(struct audit_officer *o)
{
    uint64_t entry;

    host_say(HOST_WARN, "%.*s; connecting again", (int)strcspn(o->trouble, ";"), o->trouble);
    for (unsigned tries = 0; !*o->until; tries++) {
        poll(NULL, 0, (int)host_pause_ms(tries, randombytes_random())); /* a signal ends it */
        if (!*o->until && audit_line_again(o, audit_options.relay, audit_options.ca, audit_options.identity) &&
            say_viewing(o, &entry))
            return true;
        if (o->closed && is_for_good(o->closed_by))
            host_say(HOST_ERROR, "%s", o->trouble);
        if (!o->closed || is_for_good(o->closed_by))
            return false;
    }
    return false;
}

/* A relay that was started anew, or handed over to a newer program, has the same log, and as much of it. */
static bool come_back(struct copying *c)
{
    struct audit_officer *o = c->o;
    char origin[sizeof o->origin];
    uint8_t root[PROTO_LOG_HASH_BYTES];
    struct relay_store_checkpoint now;
    uint64_t before = c->tree.size;

    memcpy(origin, o->origin, sizeof origin);
    if (!connect_again(o))
        return false;
    if (strcmp(origin, o->origin) != 0) {
        host_say_error(o->origin, "is the log that the relay keeps now: the one before was ended", "begin again");
        return false;
    }
    c->stood = 0;
    if (!copy_log(c)) {
        if (!o->closed && !*o->until)
            host_say_error("the relay's log", "is not the one that was read before, or was put back to an older copy",
                           "handhold-audit verify says which");
        return o->closed;
    }
    proto_log_tree_root(&c->tree, root);
    if (relay_store_get_checkpoint(c->store, &now) || memcmp(now.root, root, sizeof root) != 0) {
        host_say_error("the relay's log", "does not continue the one that was read before",
                       "keep what you have: handhold-audit verify holds it to what was signed");
        return false;
    }
    host_say(HOST_INFO, "connected again: %" PRIu64 " entries came meanwhile", c->tree.size - before);
    return true;
}

bool audit_remote_more(void)
{
    for (;;) {
        if (!kept->o->closed && read_all(kept, false) && (kept->tree.size == kept->stood || copy_log(kept)))
            return true;
        if (!kept->o->closed || *kept->o->until || !come_back(kept))
            return false;
    }
}

const char *audit_remote_copy(const char *what)
{
    static struct audit_officer o;
    struct copying *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->o = &o;
    proto_log_tree_init(&c->tree);
    viewing = what;
    bool fine = audit_officer_open(&o) && say_viewing(&o, &c->began);
    c->followed = c->began;
    fine = fine && open_copy(c) && put_notes(c) && copy_log(c) && read_cases(c) && copy_before(c);
    if (fine && stay_until) { /* until the program ends */
        kept = c;
        o.until = stay_until;
        return folder;
    }
    relay_store_close(c->store);
    audit_officer_close(&o);
    free(c);
    return fine ? folder : NULL;
}
