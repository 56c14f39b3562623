/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/officer.h"

#include <inttypes.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/seal/note.h"
#include "relay/serve/check.h"
#include "relay/store/pack.h"

#define DAY_MS INT64_C(86400000)
#define JUMP_MS (3 * DAY_MS) /* over a long weekend nothing may be logged */

/* ---- what would be erased ---- */

static enum proto_err add_index(void *context, uint64_t index)
{
    return proto_erasure_add(context, index);
}

enum proto_err serve_officer_erasable(void *context, const char *log, const char *ref, const uint8_t sid[16],
                                      struct proto_erasure *out, bool *more)
{
    const struct log_ended_subject subject = {.ref = ref, .sid = sid};
    struct serve *serve = context;

    if (*log)
        return serve_ended_plan(serve, log, &subject, out, more);
    enum proto_err err = relay_store_each_erasable(serve->reader, ref, sid, add_index, out);
    *more = err == PROTO_ERR_FULL;
    return *more || err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err;
}

/* ---- policy ---- */

enum proto_err serve_officer_check_policy(void *context, const char *note)
{
    static struct proto_policy policy; /* large; one thread reads notes */
    struct serve *serve = context;
    struct proto_der root = {serve->folder->root_der.bytes, serve->folder->root_der.len};

    return proto_policy_verify(&policy, note, strlen(note), root, &serve->folder->notes.org,
                               serve->folder->notes.policy.number + 1);
}

enum proto_err serve_officer_take_policy(void *context, const char *note)
{
    struct serve *serve = context;
    char path[HOST_PATH_BYTES];
    enum proto_err err = serve_officer_check_policy(serve, note);

    if (!err)
        err = host_path(path, "%s/policy.note", serve->folder->dir)
                  ? host_file_write(path, note, strlen(note), HOST_PUBLIC)
                  : PROTO_ERR_RANGE;
    if (!err)
        serve_take_notes(serve);
    else
        host_say_err("policy.note", err);
    return err;
}

/* ---- the stored log as bytes ---- */

struct reading {
    struct proto_buf *out;
    uint64_t *next, from, seen;
};

static enum proto_err put_entry(void *context, const struct relay_store_entry *entry)
{
    struct reading *r = context;

    if (!store_pack_entry(r->out, entry))
        return PROTO_ERR_FULL;
    *r->next = entry->index + 1;
    return PROTO_OK;
}

/* Evidence that does not open is left out: whoever verifies the copy names what no note says was erased. */
static enum proto_err put_entries(struct relay_store *store, struct reading *r)
{
    struct relay_store_entry entry;
    enum proto_err err;

    while ((err = relay_store_each_entry(store, *r->next, UINT64_MAX, put_entry, r)) == PROTO_ERR_CRYPTO &&
           relay_store_get_entry(store, *r->next, &entry) == PROTO_ERR_CRYPTO) {
        entry.evidence = NULL;
        err = put_entry(r, &entry);
        if (err)
            break;
    }
    return err;
}

static enum proto_err put_session(void *context, const struct relay_store_session *row)
{
    struct reading *r = context;

    if (r->seen++ < r->from)
        return PROTO_OK;
    if (!store_pack_session(r->out, row))
        return PROTO_ERR_FULL;
    *r->next = r->seen;
    return PROTO_OK;
}

static enum proto_err put_case(void *context, const struct relay_store_case *one)
{
    struct reading *r = context;

    if (!store_pack_case(r->out, one))
        return PROTO_ERR_FULL;
    *r->next = one->row + 1;
    return PROTO_OK;
}

enum proto_err serve_officer_read(struct relay_store *store, const struct relay_log_asked *asked, struct proto_buf *out,
                                  uint64_t *next)
{
    struct reading r = {.out = out, .next = next, .from = asked->from};
    enum proto_err err;

    *next = asked->from;
    if (*asked->cases_of)
        err = relay_store_each_case(store, asked->cases_of, host_now().unix_ms, r.from, put_case, &r);
    else if (!asked->sessions)
        err = put_entries(store, &r);
    else
        err = *asked->beginning ? relay_store_each_session_beginning(store, asked->beginning, put_session, &r)
                                : relay_store_each_session(store, true, put_session, &r);
    if (err == PROTO_ERR_FULL && *next > asked->from)
        return PROTO_OK;
    if (!err)
        *next = 0; /* the visit came to its end */
    return err;
}

enum proto_err serve_officer_read_log(void *context, const struct relay_log_asked *asked, struct proto_buf *out,
                                      uint64_t *next)
{
    return serve_officer_read(((struct serve *)context)->reader, asked, out, next);
}

/* ---- after a start ---- */

/* What a visit of the log's own entries collects; notes are read again from the store, whose parts are lent. */
struct own {
    bool (*take)(void *context, const uint8_t *note, size_t len, enum proto_log_class kind);
    void *context;
    bool failed;
};

static enum proto_err visit_own(void *context, const struct relay_store_entry *entry)
{
    struct own *own = context;
    struct proto_evidence evidence;
    struct proto_log_leaf leaf;
    uint8_t c[PROTO_LOG_HASH_BYTES];

    if (!entry->evidence || proto_log_leaf_parse(&leaf, entry->leaf) ||
        (leaf.kind != PROTO_LOG_ERASURE && leaf.kind != PROTO_LOG_OFFICER_ACT))
        return PROTO_OK;
    if (proto_evidence_parse(entry->evidence, entry->evidence_len, &evidence) || evidence.count != 1)
        return PROTO_ERR_FORMAT;
    proto_log_commit(c, evidence.r, evidence.notes[0].bytes, evidence.notes[0].len);
    if (memcmp(c, leaf.commitment, sizeof c) != 0) /* not the note that the leaf stands for: it moves nothing */
        return PROTO_ERR_FORMAT;
    return own->take(own->context, evidence.notes[0].bytes, evidence.notes[0].len, leaf.kind) ? PROTO_OK
                                                                                              : PROTO_ERR_FORMAT;
}

static bool each_own(const struct serve *serve, struct own *own, struct serve_report *report)
{
    static const uint8_t none[RELAY_STORE_SID_BYTES];
    enum proto_err err = relay_store_each_entry_of(serve->reader, none, visit_own, own);

    if (err)
        serve_check_unread(report, serve->folder, serve->reader, err);
    return !err;
}

bool serve_officer_erase_again(struct serve *serve, struct serve_report *report)
{
    uint64_t erased = 0;
    enum proto_err err = log_erase_again(serve->writer, serve->folder->origin, &erased);

    if (err == PROTO_ERR_FORMAT || relay_store_is_damaged(serve->writer))
        serve_check_unread(report, serve->folder, serve->writer, err);
    else if (err)
        serve_report_add(report, SERVE_ERROR, serve->folder->data, relay_store_error(serve->writer),
                         proto_err_way_out(err));
    if (erased)
        host_say(HOST_WARN, "%" PRIu64 " entries that the log says were erased had evidence again: erased", erased);
    if (!err)
        serve_ended_erase_again(serve, report);
    return !err;
}

/* 0: there is none, or it cannot be read: others say so. */
static int64_t newest_entry_ms(struct serve *serve)
{
    struct relay_store_checkpoint checkpoint;
    struct relay_store_entry entry;

    if (relay_store_get_checkpoint(serve->reader, &checkpoint) || !checkpoint.size ||
        relay_store_get_entry(serve->reader, checkpoint.size - 1, &entry))
        return 0;
    return entry.received_ms;
}

/*
 * Erasing cannot be undone, and who sets the clock forward for a moment would have everything erased. At a start the
 * calendar is held against the newest entry, later against the clock that nobody sets.
 */
static void look_at_clock(struct serve *serve, struct proto_now now)
{
    int64_t offset_ms = now.unix_ms - now.mono_ms, ahead_ms = 0, newest_ms = 0;

    if (serve->clock_offset_ms)
        ahead_ms = offset_ms - serve->clock_offset_ms;
    else if ((newest_ms = newest_entry_ms(serve)))
        ahead_ms = now.unix_ms - newest_ms;
    serve->clock_offset_ms = offset_ms;
    if (ahead_ms > JUMP_MS) {
        serve->retain_from_ms = now.mono_ms + DAY_MS;
        serve->jump_untold_ms = ahead_ms;
    }
}

static bool restore_act(void *context, const uint8_t *note, size_t len, enum proto_log_class kind)
{
    struct serve *serve = context;

    (void)kind;
    return !relay_core_restore_act(serve->core, note, len);
}

/* An older note is as well signed as the newest, and may allow what that one has forbidden since. */
static bool notes_are_newest(struct serve *serve, struct serve_report *report)
{
    static const char *const way_out[PROTO_TAKEN_COUNT] = {
        [PROTO_TAKEN_ORG] = "copy the authority's newest org.note here",
        [PROTO_TAKEN_POLICY] = "put the newest back, or have an officer sign one that follows it: handhold-audit "
                               "policy sign FILE --dir D --identity D/staff/officer"};
    struct relay_note_back back;
    char place[HOST_PATH_BYTES + 16], finding[160];

    if (!relay_core_check_notes(serve->core, &back))
        return true;
    const char *noun = back.which == PROTO_TAKEN_ORG ? "number" : "policy";
    snprintf(place, sizeof place, "%s/%s", serve->folder->dir, proto_taken_file(back.which));
    if (back.number == back.in_force)
        snprintf(finding, sizeof finding, "is another %s %" PRIu64 " than the one that the log says is in force", noun,
                 back.in_force);
    else
        snprintf(finding, sizeof finding,
                 "is %s %" PRIu64 ", and by the log %s %" PRIu64 " is in force: an older one was put back", noun,
                 back.number, noun, back.in_force);
    serve_report_add(report, SERVE_ERROR, place, finding, way_out[back.which]);
    return false;
}

bool serve_officer_restore(struct serve *serve, struct serve_report *report)
{
    struct own own = {.take = restore_act, .context = serve};

    look_at_clock(serve, host_now()); /* before this start adds an entry */
    return each_own(serve, &own, report) && notes_are_newest(serve, report);
}

static bool stop_again(void *context, const uint8_t *note, size_t len, enum proto_log_class kind)
{
    struct serve *serve = context;

    return kind != PROTO_LOG_OFFICER_ACT || !relay_core_stop_again(serve->core, note, len, host_now());
}

bool serve_officer_stop_again(struct serve *serve, struct serve_report *report)
{
    struct own own = {.take = stop_again, .context = serve};

    return each_own(serve, &own, report);
}

void serve_officer_begin(struct serve *serve)
{
    serve_folder_keep_notes(serve->folder);
    relay_core_note_notes(serve->core, host_now());
}

/* ---- retention ---- */

void serve_officer_retain_soon(void *context)
{
    struct serve *serve = context;

    look_at_clock(serve, host_now());
    serve->retained_day = 0;   /* the watch looks each second */
    serve->retain_from_ms = 0; /* the officer's clock is near this one, or the act was refused */
    serve->jump_untold_ms = 0;
}

static bool is_clock_settled(struct serve *serve)
{
    struct proto_now now = host_now();

    look_at_clock(serve, now);
    if (serve->jump_untold_ms && serve->folder->notes.policy.keep_days) {
        host_say(HOST_WARN,
                 "the clock is %" PRId64 " days ahead of the newest entry, or jumped by that: nothing is erased by its "
                 "time for a day. If the clock is right, an officer can say so now: handhold-audit retain",
                 serve->jump_untold_ms / DAY_MS);
        serve->jump_untold_ms = 0;
    }
    return now.mono_ms >= serve->retain_from_ms;
}

void serve_officer_retain(struct serve *serve, bool now)
{
    bool settled = is_clock_settled(serve);
    struct proto_erasure what = {.count = 0};
    const struct proto_policy *policy = &serve->folder->notes.policy;
    int64_t unix_ms = host_now().unix_ms, today = unix_ms / DAY_MS;
    enum proto_err err;

    if (now)
        serve->retained_day = 0;
    if (!policy->keep_days || !settled || serve->retained_day == today)
        return;
    err = relay_store_each_stale(serve->reader, unix_ms - policy->keep_days * DAY_MS, add_index, &what);
    if (!err && !what.count)
        serve_ended_stale(serve, unix_ms - policy->keep_days * DAY_MS, &what);
    if (err && err != PROTO_ERR_FULL) { /* the watch looks again in a second, and says so once a day */
        if (serve->untold_day != today)
            host_say(HOST_WARN, "what is over its time could not be looked for: %s; tried again",
                     relay_store_error(serve->reader));
        serve->untold_day = today;
        return;
    }
    if (!what.count) { /* all gone; tomorrow again */
        serve->retained_day = today;
        return;
    }
    snprintf(what.basis, sizeof what.basis, "policy %" PRIu64 ": kept for %" PRIu32 " days", policy->number,
             policy->keep_days);
    err = relay_core_retain(serve->core, &what, host_now());
    if (!err)
        host_say(HOST_INFO, "%" PRIu64 " entries are older than the policy's %" PRIu32 " days, and are erased",
                 proto_erasure_size(&what), policy->keep_days);
}
