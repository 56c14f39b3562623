/* SPDX-License-Identifier: Apache-2.0 */
/* An officer on the machine of a relay that does not run: this program is the log's writer meanwhile. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "relay/audit/folder_notes.h"
#include "relay/audit/remote.h"

static int64_t unix_ms(void *context)
{
    (void)context;
    return host_now().unix_ms;
}

static bool read_file(const char *dir, const char *name, struct proto_buf *out)
{
    char path[HOST_PATH_BYTES];
    enum proto_err err = host_path(path, "%s/%s", dir, name) ? host_file_read(path, out) : PROTO_ERR_RANGE;

    if (err == PROTO_ERR_NOT_FOUND)
        host_say_error(path, "is not there", "name the folder that the relay is started with");
    else if (err)
        host_say_err(path, err);
    return !err;
}

bool audit_local_notes(struct audit_officer *o, const char *dir)
{
    struct log_notes *notes = audit_folder_notes(dir, (struct proto_der){o->root.bytes, o->root.len});

    if (!notes)
        return false;
    bool fine = audit_notes_are_newest(dir, notes);
    o->org = notes->org;
    o->policy = notes->policy;
    free(notes);
    enum proto_err err = fine ? proto_org_admits(&o->org, &o->credential.identity) : PROTO_OK;
    if (err)
        host_say_err(dir, err);
    return fine && !err;
}

/* The origin is the name in the log's verifier key. */
bool audit_local_appender(struct audit_officer *o, const char *dir, const char *checkpoint)
{
    char error[RELAY_STORE_ERROR_MAX] = "";
    uint8_t seed[32] = {0};
    struct proto_buf key, vkey;
    struct relay_appender_config config = {
        .store = o->store, .seed = seed, .origin = o->origin, .checkpoint_file = checkpoint, .unix_ms = unix_ms};

    proto_buf_init_secret(&key, PROTO_PEM_BYTES);
    proto_buf_init(&vkey, PROTO_ORG_VKEY_BYTES + 1);
    bool fine = read_file(dir, "relay/log.key", &key) && read_file(dir, "relay/log.vkey", &vkey);
    const void *plus = fine ? memchr(vkey.bytes, '+', vkey.len) : NULL;
    size_t len = plus ? (size_t)((const uint8_t *)plus - vkey.bytes) : 0;
    fine = fine && len && len < sizeof o->origin && !proto_seed_of_pem(key.bytes, key.len, seed);
    if (fine) {
        memcpy(o->origin, vkey.bytes, len);
        o->origin[len] = 0;
        fine = !relay_appender_start(&o->appender, &config, error);
        if (!fine)
            host_say(HOST_ERROR, "%s", error);
    }
    sodium_memzero(seed, sizeof seed);
    proto_buf_free(&key);
    proto_buf_free(&vkey);
    return fine;
}

/* The officer's chain, out of the log itself. */
static enum proto_err visit_own(void *context, const struct relay_store_entry *entry)
{
    struct audit_officer *o = context;
    struct proto_evidence evidence;
    struct proto_note_parts parts;
    struct proto_event_note event;
    struct proto_erasure erasure;

    if (!entry->evidence || proto_evidence_parse(entry->evidence, entry->evidence_len, &evidence) ||
        proto_note_split(&parts, evidence.notes[evidence.count - 1].bytes, evidence.notes[evidence.count - 1].len) ||
        parts.lines[0].name_len != strlen(o->name) || memcmp(parts.lines[0].name, o->name, strlen(o->name)) != 0)
        return PROTO_OK;
    if (!proto_erasure_parse(parts.text, parts.text_len, &erasure))
        o->seq = erasure.seq;
    else if (!proto_event_note_parse(parts.text, parts.text_len, &event))
        o->seq = event.seq;
    else
        return PROTO_ERR_FORMAT;
    proto_sha256(o->prev, parts.text, parts.text_len);
    return PROTO_OK;
}

bool audit_local_open(struct audit_officer *o, const char *dir)
{
    static const uint8_t none[RELAY_STORE_SID_BYTES];
    char error[RELAY_STORE_ERROR_MAX], checkpoint[HOST_PATH_BYTES];
    struct relay_store_config config = {.folder = o->folder, .random = host_random()};

    if (!audit_local_notes(o, dir))
        return false;
    snprintf(o->folder, sizeof o->folder, "%s/data", dir);
    o->dir = dir;
    if (!host_file_exists(o->folder)) {
        host_say_error(o->folder, "there is no log here", "name the folder that the relay was started with");
        return false;
    }
    if (relay_store_open(&o->store, &config, error)) {
        if (strstr(error, "in use"))
            host_say_error(dir, "a relay runs on this folder", "ask it, with --relay URL --ca FILE instead of --dir");
        else
            host_say(HOST_ERROR, "%s", error);
        return false;
    }
    if (!host_path(checkpoint, "%s/relay/checkpoint", dir) || !audit_local_appender(o, dir, checkpoint))
        return false;
    enum proto_err err = relay_store_each_entry_of(o->store, none, visit_own, o);
    if (err)
        host_say_err(o->folder, err);
    return !err;
}

static enum proto_err add_index(void *context, uint64_t index)
{
    return proto_erasure_add(context, index);
}

static void find_ended(struct audit_officer *o)
{
    struct log_ended *all = calloc(LOG_ENDED_MAX, sizeof *all);

    o->ended_count = all ? log_ended_find(o->dir, &o->org, all) : 0;
    for (size_t i = 0; i < o->ended_count; i++)
        memcpy(o->ended[i], all[i].origin, sizeof all[i].origin);
    free(all);
}

static bool plan_ended(const struct audit_officer *o, const char *log, const struct log_ended_subject *subject,
                       struct proto_erasure *plan, bool *more)
{
    char error[RELAY_STORE_ERROR_MAX];
    struct log_ended ended;

    if (!log_ended_get(o->dir, &o->org, log, &ended)) {
        host_say_error(log, "is an ended log whose data is not here", "bring its folder data.ended-N back");
        return false;
    }
    enum proto_err err = log_ended_plan(&ended, subject, plan, more, error);
    if (err)
        host_say(HOST_ERROR, "%s: %s", ended.folder, error);
    return !err;
}

bool audit_local_plan(struct audit_officer *o, const char *log, const struct log_ended_subject *subject,
                      struct proto_erasure *plan, bool *more)
{
    if (*log)
        return plan_ended(o, log, subject, plan, more);
    find_ended(o);
    enum proto_err err = subject->before_ms
                             ? relay_store_each_stale(o->store, subject->before_ms, add_index, plan)
                             : relay_store_each_erasable(o->store, subject->ref, subject->sid, add_index, plan);
    *more = err == PROTO_ERR_FULL;
    if (!err || *more || err == PROTO_ERR_NOT_FOUND)
        return true;
    host_say(HOST_ERROR, "%s", relay_store_error(o->store));
    return false;
}

static void erase_ended(const struct audit_officer *o, const struct proto_erasure *erasure, struct relay_result *result)
{
    char error[RELAY_STORE_ERROR_MAX] = "its folder is not here";
    struct log_ended ended;

    if (!log_ended_get(o->dir, &o->org, erasure->log, &ended) ||
        log_ended_erase(&ended, erasure->ranges, erasure->count, &result->erased, error))
        snprintf(result->text, sizeof result->text,
                 "the log has your note, but the ended log could not be written: %.150s; the relay's next start does "
                 "it again",
                 error);
}

bool audit_local_add(struct audit_officer *o, enum proto_log_class kind, const struct proto_buf *note,
                     const uint8_t r[static PROTO_LOG_SALT_BYTES], const struct proto_erasure *erasure,
                     struct relay_result *result)
{
    struct proto_evidence evidence = {.notes = {{note->bytes, note->len}}, .count = 1};
    struct relay_job job = {.closing = true, .has_entry = true, .kind = kind};
    struct proto_buf plain;

    proto_buf_init(&plain, PROTO_MAX_EVIDENCE_BYTES);
    memcpy(evidence.r, r, sizeof evidence.r);
    proto_log_commit(job.commitment, r, note->bytes, note->len);
    enum proto_err err = proto_evidence_write(&evidence, &plain);
    job.evidence = plain.bytes;
    job.evidence_len = plain.len;
    if (erasure && !erasure->log[0]) {
        job.erase = erasure->ranges;
        job.erase_count = erasure->count;
    }
    if (!err)
        err = relay_appender_push(o->appender, &job);
    if (!err && (!relay_appender_step(o->appender) || !relay_appender_take_result(o->appender, result)))
        err = PROTO_ERR_IO;
    proto_buf_free(&plain);
    if (err || result->err) {
        host_say_error(o->folder, err ? proto_err_rule(err) : result->text, "nothing of it was done");
        return false;
    }
    if (erasure && erasure->log[0])
        erase_ended(o, erasure, result);
    return true;
}

void audit_local_close(struct audit_officer *o)
{
    relay_appender_free(o->appender);
    relay_store_close(o->store);
    o->appender = NULL;
    o->store = NULL;
}
