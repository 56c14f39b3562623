/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/whole.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/host/say.h"
#include "relay/audit/commands.h"
#include "relay/audit/find.h"
#include "relay/audit/remembered.h"
#include "relay/audit/stops.h"
#include "relay/audit/verify.h"
#include "relay/log/tiles.h"

enum { BEYOND_MAX = 2 }; /* findings behind the first that are said */

struct audit_whole {
    /* Owned */
    struct audit_organisation again; /* handles of its own: those of `o` are in the middle of sessions and entries */
    uint8_t *found, *erased;         /* a bit for each entry of the signed log */
    struct audit_own own;
    struct audit_stops stops;
    struct audit_report report;
    struct audit_log log;
    struct { /* sessions that are missing, as they are met */
        uint8_t sid[RELAY_STORE_SID_BYTES];
        uint64_t first, last, count; /* of their entries */
    } losing;
    uint64_t lost, lost_entries;
    uint64_t own_places;  /* entries that are to be the log's own */
    struct gone_session { /* erased as a whole */
        uint64_t first, count;
    } * gone; /* owned */
    size_t gone_count, gone_room;
    uint8_t going[RELAY_STORE_SID_BYTES]; /* the last of them */
    bool no_memory;
    struct { /* the lowest tile that was proved last */
        bool proved;
        uint64_t n;
        size_t count;
        uint8_t hashes[RELAY_STORE_TILE_WIDTH * PROTO_LOG_HASH_BYTES];
    } tile;
    struct log_tile_reader tiles;
};

/* ---- a bit for each entry ---- */

static void set(uint8_t *bits, uint64_t at)
{
    bits[at / 8] |= (uint8_t)(1 << at % 8);
}

static bool is_set(const uint8_t *bits, uint64_t at)
{
    return bits[at / 8] >> at % 8 & 1;
}

static bool make_bits(struct audit_whole *w)
{
    w->found = calloc(w->log.size / 8 + 1, 1);
    w->erased = audit_own_bits(&w->own, w->log.size);
    return w->found && w->erased;
}

/* ---- accounting for all entries ---- */

static void name_lost(struct audit_whole *w)
{
    if (!w->losing.count)
        return;
    struct audit_finding *f = audit_at_session(audit_wrong(&w->report, "session", "sid"), w->losing.sid);
    audit_found(audit_expected(f,
                               "a row of this session, or a note that it was erased: %" PRIu64
                               " of the entries %" PRIu64 " to %" PRIu64 " are its own",
                               w->losing.count, w->losing.first, w->losing.last),
                "neither");
    w->lost++;
    w->lost_entries += w->losing.count;
    w->losing.count = 0;
}

static void lose(struct audit_whole *w, const uint8_t sid[static RELAY_STORE_SID_BYTES], uint64_t index)
{
    if (memcmp(w->losing.sid, sid, sizeof w->losing.sid) != 0)
        name_lost(w);
    if (!w->losing.count++) {
        memcpy(w->losing.sid, sid, sizeof w->losing.sid);
        w->losing.first = w->losing.last = index;
    }
    w->losing.first = index < w->losing.first ? index : w->losing.first;
    w->losing.last = index > w->losing.last ? index : w->losing.last;
}

static void count_gone(struct audit_whole *w, const uint8_t sid[static RELAY_STORE_SID_BYTES], uint64_t index)
{
    if (w->gone_count && !memcmp(w->going, sid, sizeof w->going)) {
        struct gone_session *last = &w->gone[w->gone_count - 1];
        last->first = index < last->first ? index : last->first;
        last->count++;
        return;
    }
    if (w->gone_count == w->gone_room) {
        size_t more = w->gone_room ? w->gone_room * 2 : 64;
        struct gone_session *bigger = realloc(w->gone, more * sizeof *bigger);
        w->no_memory = w->no_memory || !bigger;
        if (!bigger)
            return;
        w->gone = bigger;
        w->gone_room = more;
    }
    memcpy(w->going, sid, sizeof w->going);
    w->gone[w->gone_count++] = (struct gone_session){index, 1};
}

static enum proto_err visit_place(void *context, const uint8_t sid[RELAY_STORE_SID_BYTES], uint64_t index, bool has_row)
{
    struct audit_whole *w = context;

    if (index >= w->log.size)
        return PROTO_OK; /* came since, or is named as a stray */
    w->own_places += !is_set(w->found, index) && sodium_is_zero(sid, RELAY_STORE_SID_BYTES);
    set(w->found, index);
    if (has_row || sodium_is_zero(sid, RELAY_STORE_SID_BYTES))
        return PROTO_OK;
    if (is_set(w->erased, index))
        count_gone(w, sid, index);
    else
        lose(w, sid, index);
    return PROTO_OK;
}

static void name_unfound(struct audit_whole *w, uint64_t index)
{
    struct relay_store_entry entry;
    enum proto_err err = relay_store_get_entry(w->again.log, index, &entry);

    if (err == PROTO_ERR_NOT_FOUND)
        audit_found(audit_expected(audit_at_entry(audit_wrong(&w->report, "entry", "idx"), index),
                                   "an entry; the log has %" PRIu64, w->log.size),
                    "no row of that number");
    else
        audit_name_unfiled(&w->report, entry.sid, index);
}

static void account(struct audit_whole *w)
{
    enum proto_err err = relay_store_each_place(w->again.rows, visit_place, w);

    name_lost(w);
    if (err)
        audit_found(audit_expected(audit_wrong(&w->report, "place", "row"), "rows that can be read"), "%s",
                    relay_store_error(w->again.rows));
    if (!err && w->own_places > w->own.met)
        audit_found(audit_expected(audit_wrong(&w->report, "entry", "idx"),
                                   "%" PRIu64 " entries of the log itself, as tables begun and place have them",
                                   w->own_places),
                    "%" PRIu64, w->own.met);
    for (uint64_t at = 0; !err && at < w->log.size; at++)
        if (!is_set(w->found, at) && w->report.wrong < AUDIT_FINDINGS_MAX)
            name_unfound(w, at);
        else
            w->report.wrong += !is_set(w->found, at);
}

/* ---- the whole ---- */

/* Files before the checkpoint, and that before all else: what is read later may be newer, and is never older. */
static enum proto_err glance(struct audit_whole *w)
{
    struct audit_log_plan plan = {.glance = true};
    struct audit_remembered seen;

    audit_judge_name(&w->again, &w->report);
    if (!audit_remembered_load(&w->again, &seen)) /* said */
        audit_found(audit_expected(audit_wrong(&w->report, "remembered", "file"), "what was verified here before"),
                    "a file that this program did not write");
    plan.seen = seen.leaves;
    return audit_log_verify(&w->again, &plan, &w->report, &w->log);
}

static enum proto_err look(struct audit_whole *w)
{
    enum proto_err err = audit_own_read(&w->own, &w->again, &w->report);

    if (!err)
        err = audit_own_read_later(&w->own, &w->again, &w->report);
    if (!err && w->report.followed.has)
        audit_before_hold(&w->again, &w->report.followed, &w->log, &w->report);
    if (!err)
        err = audit_stops_read(&w->stops, w->again.rows);
    if (!err && w->log.signed_ok) {
        if (!make_bits(w))
            return PROTO_ERR_NOMEM;
        account(w);
        if (w->no_memory)
            return PROTO_ERR_NOMEM;
    }
    audit_causes_first(&w->report);
    return err;
}

bool audit_whole_beside(const struct audit_organisation *o, char out[static AUDIT_TEXT_MAX])
{
    char which[AUDIT_ENDED_MAX * 16] = "";
    size_t count = 0, len = 0;

    for (unsigned n = 1; n <= AUDIT_ENDED_MAX && !o->ended && !o->is_one_of_all; n++)
        if (audit_is_here(o->dir, n) && len < sizeof which) {
            len += (size_t)snprintf(which + len, sizeof which - len, "%s--ended %u", len ? ", " : "", n);
            count++;
        }
    snprintf(out, AUDIT_TEXT_MAX,
             count > 1 ? "%zu logs that were ended lie beside this one, and their sessions are not told here: %s"
                       : "%zu log that was ended lies beside this one, and its sessions are not told here: %s",
             count, which);
    return count > 0;
}

bool audit_whole_know(struct audit_organisation *o)
{
    char beside[AUDIT_TEXT_MAX];
    struct audit_whole *w = o->whole ? NULL : calloc(1, sizeof *w);
    enum proto_err err = w ? PROTO_OK : PROTO_ERR_NOMEM;

    if (o->whole)
        return true;
    if (w && !audit_open_again(&w->again, o)) { /* said */
        audit_close_again(&w->again);
        free(w);
        return false;
    }
    if (!err) { /* as of one moment */
        o->whole = w;
        err = glance(w);
        audit_begin_moment(&w->again);
        err = err ? err : look(w);
        o->stops = &w->stops;
        audit_end_moment(&w->again);
        memcpy(o->revoked_before, w->again.revoked_before, sizeof o->revoked_before);
        memcpy(o->revoked_s, w->again.revoked_s, sizeof o->revoked_s);
        o->policy_first = w->again.policy_first;
        o->policy_first_s = w->again.policy_first_s;
        o->policy_end = w->again.policy_end;
        o->policy_before = w->again.policy_before;
        if (audit_whole_beside(o, beside))
            host_say(HOST_WARN, "%s", beside);
    }
    if (err)
        host_say_err("the log", err);
    return !err;
}

void audit_whole_forget(struct audit_organisation *o)
{
    struct audit_whole *w = o->whole;

    o->whole = NULL;
    o->stops = NULL;
    if (!w)
        return;
    audit_stops_free(&w->stops);
    audit_close_again(&w->again);
    audit_own_clear(&w->own);
    audit_log_clear(&w->log);
    free(w->found);
    free(w->erased);
    free(w->gone);
    free(w);
}

/* ---- what is asked of it ---- */

const struct audit_report *audit_whole_report(const struct audit_organisation *o)
{
    return &o->whole->report;
}

static bool is_known(const struct audit_report *r, const struct audit_finding *f)
{
    size_t kept = r->wrong < AUDIT_FINDINGS_MAX ? r->wrong : AUDIT_FINDINGS_MAX;

    for (size_t i = 0; i < kept; i++) {
        const struct audit_finding *known = &r->findings[i];
        if (!strcmp(known->table, f->table) && !strcmp(known->column, f->column) && known->entry == f->entry &&
            !memcmp(known->sid, f->sid, sizeof f->sid))
            return true;
    }
    return false;
}

void audit_whole_add(struct audit_organisation *o, const struct audit_report *more)
{
    struct audit_report *r = &o->whole->report;

    for (size_t i = 0; i < more->wrong && i < AUDIT_FINDINGS_MAX; i++)
        if (!is_known(r, &more->findings[i]))
            *audit_wrong(r, more->findings[i].table, more->findings[i].column) = more->findings[i];
}

uint64_t audit_whole_size(const struct audit_organisation *o)
{
    return o->whole->log.size;
}

uint64_t audit_whole_lost(const struct audit_organisation *o, uint64_t *entries)
{
    *entries = o->whole->lost_entries;
    return o->whole->lost;
}

static enum proto_err visit_time(void *context, uint64_t index, const uint8_t bytes[PROTO_LOG_LEAF_BYTES])
{
    struct proto_log_leaf leaf;

    (void)index;
    *(int64_t *)context = proto_log_leaf_parse(&leaf, bytes) ? 0 : leaf.unix_s * 1000;
    return PROTO_OK;
}

uint64_t audit_whole_gone(const struct audit_organisation *o, int64_t since_ms, int64_t until_ms, uint64_t *entries)
{
    const struct audit_whole *w = o->whole;
    bool all = since_ms == INT64_MIN && until_ms == INT64_MAX;
    uint64_t sessions = 0;

    *entries = 0;
    for (size_t i = 0; i < w->gone_count; i++) {
        int64_t at_ms = 0; /* to the minute, and no closer: so one may be counted at both edges */
        uint64_t first = w->gone[i].first;
        if (!all && (relay_store_each_leaf(w->again.log, first, first + 1, visit_time, &at_ms) ||
                     at_ms + PROTO_LOG_TIME_GRAIN_S * INT64_C(1000) <= since_ms || at_ms >= until_ms))
            continue;
        sessions++;
        *entries += w->gone[i].count;
    }
    return sessions;
}

bool audit_whole_gone_words(const struct audit_organisation *o, int64_t since_ms, int64_t until_ms,
                            char out[static AUDIT_TEXT_MAX])
{
    uint64_t entries, sessions = audit_whole_gone(o, since_ms, until_ms, &entries);

    snprintf(out, AUDIT_TEXT_MAX,
             "%" PRIu64 " session%s of this time, with %" PRIu64
             " entries, by notes of the log; whose %s nobody can tell any more",
             sessions, sessions == 1 ? "" : "s", entries, sessions == 1 ? "it was" : "they were");
    return sessions > 0;
}

bool audit_whole_erased(struct audit_organisation *o, uint64_t index)
{
    struct audit_whole *w = o->whole;

    if (audit_own_names(&w->own, index))
        return true;
    /* it was erased since they were read, perhaps */
    return audit_own_read(&w->own, &w->again, &w->report) != PROTO_OK || audit_own_names(&w->own, index);
}

bool audit_whole_is_gone(const struct audit_organisation *o, uint64_t index)
{
    const struct audit_whole *w = o->whole;

    return w->erased && index < w->log.size && is_set(w->erased, index);
}

struct relay_store *audit_whole_store(const struct audit_organisation *o)
{
    return o->whole->again.rows;
}

/* All hashes of a tile go into the proof of any of them: what holds for one holds for all. */
static bool prove_tile(struct audit_whole *w, uint64_t index)
{
    uint64_t n = index / RELAY_STORE_TILE_WIDTH;
    struct proto_log_hashes proof;

    if (w->tile.proved && w->tile.n == n)
        return true;
    w->tile.n = n;
    log_tile_reader_init(&w->tiles, w->again.rows, NULL);
    const struct proto_log_reader reader = log_tile_reader_of(&w->tiles);
    w->tile.proved = !relay_store_get_tile(w->again.rows, 0, n, w->tile.hashes, &w->tile.count) &&
                     index % RELAY_STORE_TILE_WIDTH < w->tile.count &&
                     !proto_log_prove_inclusion(&proof, index, w->log.size, &reader) &&
                     !proto_log_check_inclusion(w->tile.hashes + index % RELAY_STORE_TILE_WIDTH * PROTO_LOG_HASH_BYTES,
                                                index, w->log.size, w->log.root, &proof);
    return w->tile.proved;
}

bool audit_whole_has(struct audit_organisation *o, uint64_t index, const uint8_t leaf_hash[static 32])
{
    struct audit_whole *w = o->whole;

    if (!w->log.leaves_ok || index >= w->log.size)
        return true;
    return prove_tile(w, index) && !memcmp(w->tile.hashes + index % RELAY_STORE_TILE_WIDTH * PROTO_LOG_HASH_BYTES,
                                           leaf_hash, PROTO_LOG_HASH_BYTES);
}

uint64_t audit_whole_places(struct audit_organisation *o, const uint8_t sid[static RELAY_STORE_SID_BYTES])
{
    uint64_t count;

    return relay_store_count_places(o->whole->again.rows, sid, o->whole->log.size, &count) ? 0 : count;
}

/* ---- a session without a row ---- */

struct gone {
    struct audit_whole *w;
    const char *begins;
    char sid[AUDIT_SID_DIGITS + 1];
    uint64_t entries, erased;
};

static enum proto_err visit_gone(void *context, const uint8_t sid[RELAY_STORE_SID_BYTES], uint64_t index, bool has_row)
{
    struct gone *g = context;
    char hex[AUDIT_SID_DIGITS + 1];

    if (has_row || index >= g->w->log.size || sodium_is_zero(sid, RELAY_STORE_SID_BYTES))
        return PROTO_OK;
    sodium_bin2hex(hex, sizeof hex, sid, RELAY_STORE_SID_BYTES);
    if (strncasecmp(hex, g->begins, strlen(g->begins)) != 0 || (g->entries && strcmp(hex, g->sid) != 0))
        return PROTO_OK; /* the first of them is told of */
    memcpy(g->sid, hex, sizeof hex);
    g->entries++;
    g->erased += is_set(g->w->erased, index);
    return PROTO_OK;
}

bool audit_whole_say_gone(struct audit_organisation *o, const char *begins)
{
    struct gone g = {.w = o->whole, .begins = begins};
    char rule[160];

    if (!o->whole->erased || relay_store_each_place(o->whole->again.rows, visit_gone, &g) || !g.entries)
        return false;
    if (g.erased == g.entries)
        snprintf(rule, sizeof rule, "was erased: of its %" PRIu64 " %s nothing is kept but the leaves", g.entries,
                 g.entries == 1 ? "entry" : "entries");
    else
        snprintf(rule, sizeof rule,
                 "is missing: it has no row, and of its %" PRIu64 " %s no note says that %" PRIu64 " were erased",
                 g.entries, g.entries == 1 ? "entry" : "entries", g.entries - g.erased);
    host_say_error(g.sid, rule,
                   g.erased == g.entries ? "handhold-audit verify says by whom, and why"
                                         : "handhold-audit verify names what is wrong");
    return true;
}

/* ---- in words ---- */

static bool is_about(const struct audit_finding *f, const uint8_t *sid)
{
    return !sid || !f->has_sid || sodium_is_zero(f->sid, sizeof f->sid) || !memcmp(f->sid, sid, sizeof f->sid);
}

bool audit_whole_say(const struct audit_organisation *o, const uint8_t *sid)
{
    const struct audit_report *r = &o->whole->report;
    size_t kept = r->wrong < AUDIT_FINDINGS_MAX ? r->wrong : AUDIT_FINDINGS_MAX, others = 0, said = 0;

    for (size_t i = 0; i < kept; i++) {
        if (!is_about(&r->findings[i], sid)) {
            others++;
            continue;
        }
        if (audit_options.json)
            host_json_line(audit_finding_json(&r->findings[i]));
        else if (said <= BEYOND_MAX)
            audit_finding_print(&r->findings[i], !said);
        said++;
    }
    size_t about = r->wrong - others;
    if (!audit_options.json && about > BEYOND_MAX + 1)
        printf("  and %zu more: handhold-audit verify names them\n", about - BEYOND_MAX - 1);
    return about > 0;
}
