/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/log/notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/host/files.h"
#include "proto/log/leaf.h"
#include "proto/seal/note.h"

/* One file that may become the note that counts. */
struct candidate {
    char text[PROTO_ORG_NOTE_BYTES + 1];
    struct proto_org org;
    struct proto_policy policy;
    struct proto_taken is;
};

static const size_t note_bytes[PROTO_TAKEN_COUNT] = {
    [PROTO_TAKEN_ORG] = PROTO_ORG_NOTE_BYTES, [PROTO_TAKEN_POLICY] = PROTO_POLICY_NOTE_BYTES};

static bool same(const struct proto_taken *a, const struct proto_taken *b)
{
    return a->number == b->number && !memcmp(a->hash, b->hash, sizeof a->hash);
}

static enum proto_err read_text(struct candidate *c, const char *path, size_t max)
{
    struct proto_buf file;

    proto_buf_init(&file, max);
    enum proto_err err = host_file_read(path, &file);
    if (!err && (!file.len || memchr(file.bytes, 0, file.len)))
        err = PROTO_ERR_FORMAT;
    if (!err) {
        memcpy(c->text, file.bytes, file.len);
        c->text[file.len] = 0;
    }
    proto_buf_free(&file);
    return err;
}

/* A policy is held to the newest org.note, which says whose certificates were taken back. */
static enum proto_err read_one(struct candidate *c, enum proto_taken_note which, const struct log_notes *notes,
                               const char *path, struct proto_der root_der, const struct proto_identity_root *root)
{
    enum proto_err err = read_text(c, path, note_bytes[which]);

    c->is = (struct proto_taken){0};
    if (err)
        return err;
    if (which == PROTO_TAKEN_ORG) {
        err = proto_org_verify(&c->org, c->text, strlen(c->text), root->public_key, root->domain, 0);
        c->is.number = c->org.number;
        memcpy(c->is.hash, c->org.text_hash, sizeof c->is.hash);
    } else {
        err = proto_policy_verify(&c->policy, c->text, strlen(c->text), root_der, &notes->org, 0);
        c->is.number = c->policy.number;
        memcpy(c->is.hash, c->policy.text_hash, sizeof c->is.hash);
    }
    return err;
}

static void take(struct log_notes *notes, enum proto_taken_note which, const struct candidate *c)
{
    struct log_note *note = &notes->note[which];

    if (proto_taken_follows(&note->is, &c->is) || same(&note->is, &c->is))
        return;
    memcpy(note->text, c->text, sizeof note->text);
    note->is = c->is;
    note->kept = false;
    if (which == PROTO_TAKEN_ORG)
        notes->org = c->org;
    else
        notes->policy = c->policy;
}

/* What lies in D/relay first: of two with one number it is the one that was served. */
static bool read_both(struct log_notes *notes, enum proto_taken_note which, const char *dir, struct proto_der root_der,
                      const struct proto_identity_root *root)
{
    struct candidate *c = calloc(1, sizeof *c); /* large */
    struct log_note *note = &notes->note[which];
    char path[HOST_PATH_BYTES];
    struct proto_taken kept = {0};

    note->err = c ? PROTO_OK : PROTO_ERR_NOMEM;
    if (c && host_path(path, "%s/relay/%s", dir, proto_taken_file(which)) &&
        !read_one(c, which, notes, path, root_der, root)) {
        take(notes, which, c);
        kept = c->is;
    }
    if (!note->err && !host_path(path, "%s/%s", dir, proto_taken_file(which)))
        note->err = PROTO_ERR_RANGE;
    if (!note->err) {
        if (stat(path, &note->seen)) /* before it is read: a change in between is seen as one */
            note->seen = (struct stat){0};
        note->err = read_one(c, which, notes, path, root_der, root);
        note->system = errno;
    }
    if (!note->err) {
        take(notes, which, c);
        note->there = c->is;
    }
    note->kept = same(&kept, &note->is);
    free(c);
    return !note->err;
}

bool log_notes_read(struct log_notes *notes, const char *dir, struct proto_der root_der,
                    const struct proto_identity_root *root)
{
    bool org = read_both(notes, PROTO_TAKEN_ORG, dir, root_der, root);

    if (!notes->note[PROTO_TAKEN_ORG].is.number)
        return false;
    return read_both(notes, PROTO_TAKEN_POLICY, dir, root_der, root) && org;
}

bool log_note_is_back(const struct log_note *note)
{
    return !note->err && !same(&note->there, &note->is);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool log_notes_changed(const struct log_notes *notes, const char *dir)
{
    char path[HOST_PATH_BYTES];
    struct stat now;

    for (enum proto_taken_note which = 0; which < PROTO_TAKEN_COUNT; which++)
        if (host_path(path, "%s/%s", dir, proto_taken_file(which)) && !stat(path, &now) &&
            !same_file(&now, &notes->note[which].seen))
            return true;
    return false;
}

/* ---- what is written ---- */

static enum proto_err put(const struct log_note *note, const char *path)
{
    return host_file_write(path, note->text, strlen(note->text), HOST_PUBLIC);
}

static enum proto_err keep(struct log_note *note, enum proto_taken_note which, const char *dir)
{
    char kept[HOST_PATH_BYTES], path[HOST_PATH_BYTES];
    enum proto_err err = PROTO_OK;

    if (!host_path(kept, "%s/relay/%s", dir, proto_taken_file(which)) ||
        !host_path(path, "%s/%s", dir, proto_taken_file(which)))
        return PROTO_ERR_RANGE;
    if (!note->kept)
        err = put(note, kept);
    note->kept = !err;
    if (err || !log_note_is_back(note))
        return err;
    err = put(note, path);
    if (err)
        return err;
    note->there = note->is;
    if (stat(path, &note->seen)) /* our own change is none */
        note->seen = (struct stat){0};
    return PROTO_OK;
}

enum proto_err log_notes_keep(struct log_notes *notes, const char *dir)
{
    enum proto_err first = PROTO_OK;

    for (enum proto_taken_note which = 0; which < PROTO_TAKEN_COUNT; which++) {
        enum proto_err err = keep(&notes->note[which], which, dir);
        first = first ? first : err;
    }
    return first;
}

/* ---- what the log says ---- */

static enum proto_err visit(void *context, const struct relay_store_entry *entry)
{
    struct proto_evidence evidence;
    struct proto_event_note event;
    struct proto_note_parts parts;
    struct proto_log_leaf leaf;
    uint8_t c[PROTO_LOG_HASH_BYTES];

    if (!entry->evidence || proto_log_leaf_parse(&leaf, entry->leaf) || leaf.kind != PROTO_LOG_OFFICER_ACT ||
        proto_evidence_parse(entry->evidence, entry->evidence_len, &evidence) || evidence.count != 1)
        return PROTO_OK;
    proto_log_commit(c, evidence.r, evidence.notes[0].bytes, evidence.notes[0].len);
    if (!memcmp(c, leaf.commitment, sizeof c) &&
        !proto_note_split(&parts, evidence.notes[0].bytes, evidence.notes[0].len) &&
        !proto_event_note_parse(parts.text, parts.text_len, &event))
        (void)proto_taken_read(context, &event);
    return PROTO_OK;
}

enum proto_err log_notes_taken(struct relay_store *store, struct proto_taken taken[static PROTO_TAKEN_COUNT])
{
    static const uint8_t none[RELAY_STORE_SID_BYTES];

    memset(taken, 0, PROTO_TAKEN_COUNT * sizeof *taken);
    return relay_store_each_entry_of(store, none, visit, taken);
}
