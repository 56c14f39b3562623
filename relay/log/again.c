/* SPDX-License-Identifier: Apache-2.0 */
/* At a start: what the log says was erased, and somebody put back, is destroyed again. */
#include <stdlib.h>

#include "relay/log/ended.h"

enum { INDEX_IS_CHEAPER = 8 }; /* to read a row costs as much as so many entries of the index of those with evidence */

/* ---- newer notes, or all of them beside older keys: evidence and keys ---- */

static enum proto_err erase(struct relay_store *store, const struct proto_entries *ranges, size_t count,
                            uint64_t *erased)
{
    enum proto_err err = relay_store_begin(store);

    for (size_t i = 0; !err && i < count; i++)
        err = relay_store_erase_range(store, ranges[i].first, ranges[i].last, erased);
    if (err) {
        relay_store_rollback(store);
        return err;
    }
    err = relay_store_commit(store);
    return err ? err : relay_store_wipe(store);
}

static enum proto_err erase_left(struct relay_store *store, const struct log_ranges *ranges, uint64_t *erased)
{
    enum proto_err err = PROTO_OK;

    for (size_t i = 0; !err && i < ranges->count; i++)
        if (!relay_store_is_erased(store, ranges->at[i].first, ranges->at[i].last))
            err = erase(store, &ranges->at[i], 1, erased);
    return err;
}

/* ---- all notes: what is there in spite of them ---- */

struct looking {
    const struct log_ranges *named; /* rising, apart */
    struct log_ranges back;         /* owned */
};

static int by_first(const void *a, const void *b)
{
    const struct proto_entries *x = a, *y = b;

    return x->first < y->first ? -1 : x->first > y->first;
}

/* In their order, each entry once; how many entries they are. */
static uint64_t sort(struct log_ranges *ranges)
{
    uint64_t entries = 0;
    size_t count = 0;

    if (ranges->count)
        qsort(ranges->at, ranges->count, sizeof *ranges->at, by_first);
    for (size_t i = 0; i < ranges->count; i++) {
        struct proto_entries *last = count ? &ranges->at[count - 1] : NULL;
        if (!last || ranges->at[i].first > last->last)
            ranges->at[count++] = ranges->at[i];
        else if (ranges->at[i].last > last->last)
            last->last = ranges->at[i].last;
    }
    ranges->count = count;
    for (size_t i = 0; i < count; i++)
        entries += ranges->at[i].last - ranges->at[i].first + 1;
    return entries;
}

static int within(const void *key, const void *range)
{
    const uint64_t *index = key;
    const struct proto_entries *r = range;

    return *index < r->first ? -1 : *index > r->last;
}

static enum proto_err visit_there(void *context, uint64_t index)
{
    struct looking *l = context;

    if (!bsearch(&index, l->named->at, l->named->count, sizeof *l->named->at, within))
        return PROTO_OK;
    struct proto_entries *more = realloc(l->back.at, (l->back.count + 1) * sizeof *more);
    if (!more)
        return PROTO_ERR_NOMEM;
    l->back.at = more;
    l->back.at[l->back.count++] = (struct proto_entries){index, index};
    return PROTO_OK;
}

/* Whichever is less to read: what was erased, or what was not. */
static enum proto_err erase_back(struct relay_store *store, struct log_ranges *named, uint64_t size, uint64_t *erased)
{
    struct looking l = {.named = named};
    bool few = sort(named) < size / INDEX_IS_CHEAPER;
    enum proto_err err = PROTO_OK;

    if (named->count && !few)
        err = relay_store_each_kept(store, visit_there, &l);
    for (size_t i = 0; !err && few && i < named->count; i++)
        err = relay_store_each_kept_in(store, named->at[i].first, named->at[i].last, visit_there, &l);
    if (!err && l.back.count)
        err = erase(store, l.back.at, l.back.count, erased);
    free(l.back.at);
    return err;
}

/* A log that is smaller than what was noted is an older copy beside newer keys: all of it is looked at. */
enum proto_err log_erase_again(struct relay_store *store, const char *log, uint64_t *erased)
{
    struct relay_store_checkpoint newest;
    struct log_ranges newer = {NULL, 0}, all = {NULL, 0};
    enum proto_err err = relay_store_get_checkpoint(store, &newest);
    uint64_t size = err ? 0 : newest.size, noted = relay_store_noted_erased(store);

    if (err == PROTO_ERR_NOT_FOUND)
        err = PROTO_OK;
    if (!err)
        err = log_erased_ranges(store, log, noted > size ? 0 : noted, &newer);
    if (!err)
        err = erase_left(store, &newer, erased);
    if (!err)
        err = log_erased_ranges(store, log, 0, &all);
    if (!err)
        err = erase_back(store, &all, size, erased);
    if (!err)
        err = relay_store_note_erased(store, size);
    free(newer.at);
    free(all.at);
    return err;
}
