/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recover: an officer ends a log that cannot be continued, and opens the one that follows it.
 *
 * The new log is made whole beside the old one before anything moves, so whatever interrupts this, the folder is either
 * as it was or one rename away from done; and until it is done no relay starts on it, since relay/checkpoint is signed
 * by a key that is not the relay's any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/seal/note.h"
#include "relay/audit/commands.h"
#include "relay/audit/ended.h"
#include "relay/audit/remote.h"
#include "relay/audit/session.h"
#include "relay/audit/times.h"

enum { KNOWN_MAX = 4 }; /* the log's own, the one beside it, what an end showed, what was given */

struct recovering {
    struct audit_officer officer;
    char dir[HOST_PATH_BYTES], data[HOST_PATH_BYTES], fresh[HOST_PATH_BYTES], away[HOST_PATH_BYTES];
    char new_vkey[PROTO_ORG_VKEY_BYTES + 1], old_vkey[PROTO_ORG_VKEY_BYTES + 1];
    struct known {
        struct proto_log_checkpoint at;
        char note[PROTO_LOG_CHECKPOINT_MAX];
    } known[KNOWN_MAX]; /* what the old log's key signed, of all that is at hand */
    size_t known_count;
    const struct known *worst; /* of them: the one that the note is about */
    struct audit_ended ended;
    int lock;    /* of the data folder: no relay runs; -1: none */
    bool finish; /* a run before this one was interrupted: `fresh_note` alone is missing */
    char fresh_note[PROTO_LOG_CHECKPOINT_MAX];
};

/* ---- what there is ---- */

static bool is_there(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0;
}

static bool read_new_key(struct recovering *r)
{
    char path[HOST_PATH_BYTES];
    struct proto_buf file;

    proto_buf_init(&file, PROTO_ORG_VKEY_BYTES + 1);
    bool fine = host_path(path, "%s/relay/log.vkey", r->dir) && !host_file_read(path, &file);
    size_t len = file.len && file.bytes[file.len - 1] == '\n' ? file.len - 1 : file.len;
    fine = fine && len && len < sizeof r->new_vkey;
    if (fine) {
        memcpy(r->new_vkey, file.bytes, len);
        fine = proto_org_has_log(&r->officer.org, r->new_vkey);
    }
    proto_buf_free(&file);
    if (!fine)
        host_say_error(path, "is not the key of a log that org.note lists",
                       "unpack the export that handhold-certs wrote after new-log");
    return fine;
}

/* Takes a checkpoint when a log of the organisation, but not the new one, signed it. */
static bool take_checkpoint(struct recovering *r, const char *note, size_t len)
{
    const struct proto_org *org = &r->officer.org;
    struct proto_log_checkpoint opened;

    for (size_t i = 0; i < org->log_count; i++) {
        if (!strcmp(org->logs[i], r->new_vkey) || proto_log_checkpoint_open(&opened, note, len, org->logs[i]))
            continue;
        if (r->old_vkey[0] && strcmp(r->old_vkey, org->logs[i]) != 0)
            return false; /* of a log that ended before */
        snprintf(r->old_vkey, sizeof r->old_vkey, "%s", org->logs[i]);
        struct known *known = r->known_count < KNOWN_MAX ? &r->known[r->known_count] : NULL;
        if (!known || len >= sizeof known->note)
            return false;
        known->at = opened;
        memcpy(known->note, note, len);
        r->known_count++;
        return true;
    }
    return false;
}

static bool take_file(struct recovering *r, const char *path, bool asked_for)
{
    struct proto_buf file;

    if (!asked_for && !host_file_exists(path))
        return true;
    proto_buf_init(&file, PROTO_LOG_CHECKPOINT_MAX);
    enum proto_err err = host_file_read(path, &file);
    bool taken = !err && take_checkpoint(r, (const char *)file.bytes, file.len);
    proto_buf_free(&file);
    if (err)
        host_say_err(path, err);
    else if (asked_for && !taken)
        host_say_error(path, "is not a checkpoint of the log that is to be ended",
                       "give one that its own key signed, as a witness or an end kept it");
    return !asked_for || taken;
}

static bool lock_data(struct recovering *r)
{
    char path[HOST_PATH_BYTES];

    r->lock = -1;
    if (!is_there(r->data))
        return true;
    if (!host_path(path, "%s/writer.lock", r->data))
        return false;
    r->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (r->lock < 0) {
        host_say(HOST_ERROR, "%s: %s; run this as the user whose folder it is", path, strerror(errno));
        return false;
    }
    if (flock(r->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    host_say_error(r->dir, "a relay runs on this folder", "stop it; its log is not ended while it writes it");
    return false;
}

static bool is_of_new_log(struct recovering *r, const char *note)
{
    struct proto_log_checkpoint opened;

    if (proto_log_checkpoint_open(&opened, note, strlen(note), r->new_vkey))
        return false;
    snprintf(r->fresh_note, sizeof r->fresh_note, "%s", note);
    return true;
}

/* The old data has moved and the new has not: the run before was interrupted in between. */
static bool is_half_moved(struct recovering *r)
{
    struct relay_store_config config = {.folder = r->fresh, .read_only = true, .random = host_random()};
    char error[RELAY_STORE_ERROR_MAX];
    struct relay_store_checkpoint stored;
    struct relay_store *store = NULL;

    if (is_there(r->data) || !is_there(r->fresh) || relay_store_open(&store, &config, error))
        return false;
    r->finish = !relay_store_get_checkpoint(store, &stored) && is_of_new_log(r, stored.note);
    relay_store_close(store);
    return r->finish;
}

/* Against each that is known: another history is worse than a shorter one, and of two the larger tells more. */
static void judge(struct recovering *r, struct relay_store *store, bool present)
{
    static const unsigned bad[AUDIT_FOUND_COUNT] = {
        [AUDIT_FOUND_SMALLER] = 1, [AUDIT_FOUND_ANOTHER] = 2, [AUDIT_FOUND_DAMAGED] = 3, [AUDIT_FOUND_GONE] = 3};

    for (size_t i = 0; i < r->known_count; i++) {
        struct audit_ended ended = r->ended;
        audit_ended_judge(&ended, store, present, &r->known[i].at);
        if (r->worst && (bad[ended.found] < bad[r->ended.found] ||
                         (bad[ended.found] == bad[r->ended.found] && r->known[i].at.size < r->worst->at.size)))
            continue;
        r->worst = &r->known[i];
        r->ended = ended;
    }
}

static bool look(struct recovering *r)
{
    struct relay_store_config config = {.folder = r->data, .read_only = true, .random = host_random()};
    char error[RELAY_STORE_ERROR_MAX], path[HOST_PATH_BYTES];
    struct relay_store_checkpoint stored;
    struct relay_store *store = NULL;
    struct proto_note_key key;
    bool present = is_there(r->data);

    if (present && relay_store_open(&store, &config, error)) {
        host_say(HOST_WARN, "%s", error);
        store = NULL;
    }
    bool has = store && !relay_store_get_checkpoint(store, &stored);
    bool is_new = has && is_of_new_log(r, stored.note);
    if (has && !is_new)
        (void)take_checkpoint(r, stored.note, strlen(stored.note));
    bool fine = host_path(path, "%s/relay/checkpoint", r->dir) && take_file(r, path, false) &&
                host_path(path, "%s/relay/broken", r->dir) && take_file(r, path, false) &&
                (!audit_options.checkpoint || take_file(r, audit_options.checkpoint, true));
    if (fine && is_new && r->old_vkey[0]) {
        r->finish = true;
    } else if (fine && is_new) {
        host_say_error(r->dir,
                       "its log is signed by the key that the relay has now: there is no key for a log after it",
                       "run handhold-certs new-log, export-relay, and unpack that here");
        fine = false;
    } else if (fine && !r->old_vkey[0]) {
        host_say_error(r->dir, "holds no checkpoint of the log that is to be ended",
                       "give one that a witness or an end kept: --checkpoint FILE");
        fine = false;
    }
    if (fine && !r->finish) {
        judge(r, store, present);
        fine = !proto_note_key_parse(&key, r->old_vkey, strlen(r->old_vkey));
        proto_event_note_text(r->ended.log, key.name);
        memcpy(r->ended.key, key.public_key, sizeof r->ended.key);
        r->ended.size = r->worst->at.size;
        memcpy(r->ended.root, r->worst->at.root, sizeof r->ended.root);
        snprintf(r->ended.reason, sizeof r->ended.reason, "%s", audit_options.reason);
    }
    relay_store_close(store);
    return fine;
}

/* ---- asking ---- */

static const char *const found_words[AUDIT_FOUND_COUNT] = {
    [AUDIT_FOUND_WHOLE] = "all that is known to have been signed for is here",
    [AUDIT_FOUND_SMALLER] = "fewer entries are here than were signed for: an older copy was put back",
    [AUDIT_FOUND_ANOTHER] = "what is here is not what was signed for: another history under the same key",
    [AUDIT_FOUND_DAMAGED] = "what is here does not match its own checkpoint, or cannot be read",
    [AUDIT_FOUND_GONE] = "no log is here",
};

static bool confirmed(const struct recovering *r)
{
    char line[16] = "";

    fprintf(stderr,
            "The log     %s\nSigned for  %llu entries, by a checkpoint that is at hand\nFound       %llu entries: %s\n",
            r->ended.log, (unsigned long long)r->ended.size, (unsigned long long)r->ended.stored,
            found_words[r->ended.found]);
    if (r->ended.found == AUDIT_FOUND_SMALLER)
        fprintf(stderr,
                "Erased      what entries %llu to %llu may have erased is here again: afterwards, erase it again\n",
                (unsigned long long)r->ended.stored, (unsigned long long)r->ended.size - 1);
    if (audit_options.yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        host_say_error("recover", "ends this log for good, and nobody is at a terminal to confirm it", "give --yes");
        return false;
    }
    fprintf(stderr, "If a newer copy of the data folder is anywhere, put that back instead. End this log? [y/N] ");
    return fgets(line, sizeof line, stdin) && (!strcmp(line, "y\n") || !strcmp(line, "yes\n"));
}

/* ---- doing it ---- */

/* What a run before this one may have left half made. */
static bool clear_fresh(const struct recovering *r)
{
    static const char *const names[] = {"relay.db",    "relay.db-wal", "relay.db-shm", "keys.db",  "keys.db-wal",
                                        "keys.db-shm", "writer.lock",  "reserve",      "token.key"};
    char path[HOST_PATH_BYTES];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (host_path(path, "%s/%s", r->fresh, names[i]))
            (void)unlink(path);
    if (rmdir(r->fresh) == 0 || errno == ENOENT)
        return true;
    host_say_error(r->fresh, "is in the way", "look into it, and move it elsewhere");
    return false;
}

/* The log that follows, with its entry 0; `checkpoint` is its first. */
static bool make_fresh(struct recovering *r, char checkpoint[static PROTO_LOG_CHECKPOINT_MAX])
{
    struct audit_officer *o = &r->officer;
    struct relay_store_config config = {.folder = r->fresh, .random = host_random()};
    char error[RELAY_STORE_ERROR_MAX];
    struct proto_event_note event;
    struct audit_answer answer;

    if (!clear_fresh(r))
        return false;
    snprintf(o->folder, sizeof o->folder, "%s", r->fresh);
    if (relay_store_open(&o->store, &config, error)) {
        host_say(HOST_ERROR, "%s", error);
        return false;
    }
    if (audit_ended_write(&r->ended, &event) || !audit_local_appender(o, r->dir, NULL) ||
        !audit_officer_event(o, &event, NULL, &answer))
        return false;
    relay_appender_checkpoint(o->appender, checkpoint);
    audit_local_close(o);
    return true;
}

static bool keep_beside(const struct recovering *r, const char *folder)
{
    char path[HOST_PATH_BYTES];
    enum proto_err err = PROTO_OK;

    if (!is_there(folder))
        err = host_folder_make(folder, HOST_PRIVATE);
    if (!err && host_path(path, "%s/log.vkey", folder))
        err = host_file_write(path, r->old_vkey, strlen(r->old_vkey), HOST_PUBLIC);
    if (!err && host_path(path, "%s/checkpoint", folder))
        err = host_file_write(path, r->worst->note, strlen(r->worst->note), HOST_PUBLIC);
    if (err)
        host_say_err(folder, err);
    return !err;
}

/* What an end proved against the old log, and what a witness said, go with it. */
static void move_proof(const struct recovering *r)
{
    static const char *const names[] = {"broken", "doubted"};
    char from[HOST_PATH_BYTES], to[HOST_PATH_BYTES];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (host_path(from, "%s/relay/%s", r->dir, names[i]) && host_path(to, "%s/%s", r->away, names[i]) &&
            is_there(from) && rename(from, to))
            host_say(HOST_WARN, "%s: %s; it is of the log that has ended: remove it", from, strerror(errno));
}

static bool change_over(const struct recovering *r, const char *checkpoint)
{
    char path[HOST_PATH_BYTES];

    if ((!r->finish && is_there(r->data) && rename(r->data, r->away)) ||
        (is_there(r->fresh) && rename(r->fresh, r->data))) {
        host_say(HOST_ERROR, "%s cannot be moved: %s; nothing is lost: run the same command again", r->data,
                 strerror(errno));
        return false;
    }
    enum proto_err err = host_path(path, "%s/relay/checkpoint", r->dir)
                             ? host_file_write(path, checkpoint, strlen(checkpoint), HOST_PUBLIC)
                             : PROTO_ERR_RANGE;
    if (err)
        host_say_err(path, err);
    return !err;
}

static bool find_place(struct recovering *r)
{
    for (r->ended.n = 1; r->ended.n <= AUDIT_ENDED_MAX; r->ended.n++)
        if (host_path(r->away, "%s/data.ended-%u", r->dir, r->ended.n) && !is_there(r->away))
            return true;
    host_say_error(r->dir, "has as many ended logs as an organisation can list", "begin anew with another folder");
    return false;
}

static void say_done(const struct recovering *r)
{
    size_t name = strcspn(r->new_vkey, "+");

    if (audit_options.json) {
        host_json_event("recovered", "{s:s,s:i,s:s,s:I,s:I,s:s#,s:s}", "log", r->ended.log, "ended", (int)r->ended.n,
                        "found", audit_found_name(r->ended.found), "size", (json_int_t)r->ended.size, "stored",
                        (json_int_t)r->ended.stored, "new_log", r->new_vkey, (int)name, "data", r->away);
        return;
    }
    printf("Ended       %s\nKept        %s, to be verified and read with --ended %u\n", r->ended.log, r->away,
           r->ended.n);
    printf("Opened      %.*s; its entry 0 is your note, signed by %s\n", (int)name, r->new_vkey,
           r->officer.credential.identity.name);
    printf("Next        start the relay, then handhold-audit verify\n");
}

static int recover(struct recovering *r)
{
    char checkpoint[PROTO_LOG_CHECKPOINT_MAX];

    if (!read_new_key(r) || !lock_data(r) || (!is_half_moved(r) && !look(r)))
        return HOST_EXIT_FAILED;
    if (r->finish) {
        if (!change_over(r, r->fresh_note))
            return HOST_EXIT_FAILED;
        host_say(HOST_INFO, "%s: what was begun before is done; start the relay", r->dir);
        return HOST_EXIT_FINE;
    }
    if (!find_place(r) || !confirmed(r))
        return HOST_EXIT_FAILED;
    if (!make_fresh(r, checkpoint) || !keep_beside(r, is_there(r->data) ? r->data : r->away) ||
        !change_over(r, checkpoint))
        return HOST_EXIT_FAILED;
    move_proof(r);
    say_done(r);
    return HOST_EXIT_FINE;
}

int audit_recover(void)
{
    static struct recovering r;
    int code = HOST_EXIT_USAGE;

    if (!audit_reason("is read by whoever verifies the log", ""))
        return code;
    if (!audit_options.dir || audit_options.relay) {
        host_say_error("--dir", "is missing: a log is ended where it lies, while no relay runs", "give --dir D");
        return code;
    }
    r.lock = -1;
    if (host_path(r.dir, "%s", audit_options.dir) && host_path(r.data, "%s/data", r.dir) &&
        host_path(r.fresh, "%s/data.new", r.dir) && audit_officer_identify(&r.officer) &&
        audit_local_notes(&r.officer, r.dir))
        code = recover(&r);
    if (r.lock >= 0)
        close(r.lock);
    audit_officer_close(&r.officer);
    return code;
}
