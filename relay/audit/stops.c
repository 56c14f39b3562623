/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/stops.h"

#include <stdlib.h>
#include <string.h>

#include "proto/log/leaf.h"
#include "relay/audit/acts.h"

enum {
    RAN_ON_S = 180,
    STILL_S = 600 /* without an entry: counted as so much at most */
};

static enum proto_err visit(void *context, const struct relay_store_entry *entry)
{
    struct audit_stops *stops = context;
    struct proto_log_leaf leaf;
    struct proto_event_note event;

    if (!audit_act_event(entry, &event) || event.action != PROTO_ACT_SESSION_STOPPED ||
        proto_log_leaf_parse(&leaf, entry->leaf))
        return PROTO_OK;
    struct audit_stop *more = realloc(stops->all, (stops->count + 1) * sizeof *more);
    if (!more)
        return PROTO_ERR_NOMEM;
    stops->all = more;
    more += stops->count++;
    *more = (struct audit_stop){.entry = entry->index, .leaf_s = leaf.unix_s, .said_s = event.unix_s};
    memcpy(more->sid, event.sid, sizeof more->sid);
    return PROTO_OK;
}

static int by_sid(const void *a, const void *b)
{
    return memcmp(((const struct audit_stop *)a)->sid, ((const struct audit_stop *)b)->sid, RELAY_STORE_SID_BYTES);
}

static bool leaf_at(struct relay_store *store, uint64_t index, int64_t *leaf_s)
{
    struct relay_store_entry entry;
    struct proto_log_leaf leaf;

    if (relay_store_get_entry(store, index, &entry) || proto_log_leaf_parse(&leaf, entry.leaf))
        return false;
    *leaf_s = leaf.unix_s;
    return true;
}

/* Leaves come in the order of time, but for a clock that was set: what is found is one of them in any case. */
static void read_times(struct audit_stops *stops, struct relay_store *store)
{
    struct relay_store_checkpoint checkpoint;
    uint64_t from = 0;
    int64_t at_s;

    if (relay_store_get_checkpoint(store, &checkpoint) || !checkpoint.size ||
        !leaf_at(store, checkpoint.size - 1, &stops->newest_s))
        return;
    for (uint64_t to = checkpoint.size; from < to;) {
        uint64_t middle = from + (to - from) / 2;
        if (!leaf_at(store, middle, &at_s))
            return;
        if (at_s > stops->newest_s - RAN_ON_S) {
            to = middle;
        } else {
            stops->ran_s = at_s;
            from = middle + 1;
        }
    }
}

/* The last leaf behind `from` that is not later, where they are in the order of time; `from` when there is none. */
static uint64_t last_until(struct relay_store *store, uint64_t from, uint64_t size, int64_t until_s, int64_t *at_s)
{
    uint64_t found = from;

    for (uint64_t low = from + 1, high = size; low < high;) {
        uint64_t middle = low + (high - low) / 2;
        int64_t leaf_s;
        if (leaf_at(store, middle, &leaf_s) && leaf_s <= until_s) {
            *at_s = leaf_s;
            found = middle;
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return found;
}

bool audit_stops_ran_for(struct relay_store *store, uint64_t after, int64_t from_s, int64_t to_s, int64_t than_s)
{
    struct relay_store_checkpoint checkpoint;
    int64_t ran_s = 0, at_s = from_s;

    if (relay_store_get_checkpoint(store, &checkpoint))
        return false;
    while (ran_s <= than_s && at_s < to_s && after + 1 < checkpoint.size) {
        int64_t next_s = at_s;
        uint64_t next = last_until(store, after, checkpoint.size, at_s + STILL_S, &next_s);
        if (next == after && !leaf_at(store, ++next, &next_s))
            break;
        if (next_s > at_s)
            ran_s += next_s - at_s < STILL_S ? next_s - at_s : STILL_S;
        at_s = next_s;
        after = next;
    }
    return ran_s > than_s;
}

enum proto_err audit_stops_read(struct audit_stops *stops, struct relay_store *store)
{
    static const uint8_t none[RELAY_STORE_SID_BYTES];

    *stops = (struct audit_stops){.count = 0};
    enum proto_err err = relay_store_each_entry_of(store, none, visit, stops);
    if (err == PROTO_ERR_NOMEM)
        return err; /* what cannot be read, the walk over the entries names */
    if (stops->count)
        qsort(stops->all, stops->count, sizeof *stops->all, by_sid);
    read_times(stops, store);
    return PROTO_OK;
}

const struct audit_stop *audit_stops_find(const struct audit_stops *stops,
                                          const uint8_t sid[static RELAY_STORE_SID_BYTES])
{
    struct audit_stop key;

    memcpy(key.sid, sid, sizeof key.sid);
    return stops->count ? bsearch(&key, stops->all, stops->count, sizeof key, by_sid) : NULL;
}

void audit_stops_free(struct audit_stops *stops)
{
    free(stops->all);
    *stops = (struct audit_stops){.count = 0};
}
