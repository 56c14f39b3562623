/* SPDX-License-Identifier: Apache-2.0 */
/* open: a recording, opened with the officers' key into a file. Who opened which is in the log before it is open. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/seal/box.h"
#include "proto/seal/vault.h"
#include "relay/audit/commands.h"
#include "relay/audit/filter.h"
#include "relay/audit/phrases.h"
#include "relay/audit/remote.h"
#include "relay/audit/times.h"

enum { READ_BYTES = PROTO_VAULT_RECORD_BYTES + PROTO_VAULT_OVERHEAD };

struct recording {
    FILE *in;
    int out;
    struct proto_vault vault;
    uint8_t *sealed, *plain; /* owned */
    uint8_t hash[32];        /* of the sealed file */
    uint64_t bytes, written;
    struct {
        bool known, sound; /* an agent's program noted this hash and size when it stopped recording */
        char sid[2 * RELAY_STORE_SID_BYTES + 1], agent[RELAY_STORE_TEXT_MAX + 1];
        int64_t unix_s;
        uint64_t entry;
    } of;
};

static bool fail(const char *path)
{
    host_say_err(path, PROTO_ERR_IO);
    return false;
}

static bool hash_file(struct recording *r)
{
    crypto_hash_sha256_state state;
    size_t len;

    crypto_hash_sha256_init(&state);
    while ((len = fread(r->sealed, 1, READ_BYTES, r->in)) > 0) {
        crypto_hash_sha256_update(&state, r->sealed, len);
        r->bytes += len;
    }
    crypto_hash_sha256_final(&state, r->hash);
    return !ferror(r->in) && fseek(r->in, 0, SEEK_SET) == 0;
}

static bool read_keys(struct audit_keys *keys)
{
    if (!audit_options.key) {
        host_say_error("--key", "is missing: a recording is sealed to the officers",
                       "give --key D/officer/evidence.key");
        return false;
    }
    return audit_read_keys(audit_options.key, keys);
}

static bool open_head(struct recording *r)
{
    uint8_t head[PROTO_VAULT_HEAD_BYTES];
    struct audit_keys keys;
    enum proto_err err = PROTO_ERR_FORMAT;

    if (!read_keys(&keys))
        return false;
    if (fread(head, 1, sizeof head, r->in) == sizeof head)
        err = PROTO_ERR_CRYPTO;
    for (size_t i = 0; i < keys.count && err == PROTO_ERR_CRYPTO; i++)
        err = proto_vault_open(&r->vault, head, keys.public_key[i], keys.secret[i]);
    sodium_memzero(&keys, sizeof keys);
    if (err == PROTO_ERR_CRYPTO)
        host_say_error(audit_options.file, "is sealed to another key, or its beginning was altered", "give that key");
    else if (err != PROTO_OK)
        host_say_error(audit_options.file, "is no recording", "give a file that handhold-agent wrote");
    return err == PROTO_OK;
}

/* In the log before anything is open. */
static bool log_viewing(struct recording *r)
{
    static struct audit_officer officer;
    struct proto_event_note event = {.action = PROTO_ACT_VIEWED};
    struct audit_answer answer;
    char hex[65];
    bool fine;

    sodium_bin2hex(hex, sizeof hex, r->hash, sizeof r->hash);
    snprintf(event.subject, sizeof event.subject, "recording %s", hex);
    fine = audit_officer_open(&officer) && audit_officer_event(&officer, &event, NULL, &answer);
    if (fine && !audit_options.json)
        printf("Logged      entry %" PRIu64 ": %s opens this recording\n", answer.index,
               officer.credential.identity.name);
    audit_officer_close(&officer);
    return fine;
}

/* ---- which session it is of ---- */

static enum proto_err visit(void *context, const struct audit_session *session, const struct audit_report *judged)
{
    struct recording *r = context;
    uint8_t hash[32];
    uint64_t bytes;

    for (size_t i = 0; i < session->count; i++) {
        const struct audit_note *note = &session->notes[i];
        if (note->by != AUDIT_AGENT || note->event.action != PROTO_ACT_RECORDING_STOPPED ||
            !audit_detail_hash(&note->event, "hash", hash) || memcmp(hash, r->hash, sizeof hash) != 0 ||
            !audit_detail_number(&note->event, "bytes", &bytes) || bytes != r->bytes)
            continue;
        r->of.known = true;
        r->of.sound = !judged->wrong && !session->incomplete;
        r->of.entry = note->entry;
        r->of.unix_s = note->event.unix_s;
        sodium_bin2hex(r->of.sid, sizeof r->of.sid, session->row.sid, sizeof session->row.sid);
        snprintf(r->of.agent, sizeof r->of.agent, "%s", audit_agent_name(session));
    }
    return PROTO_OK;
}

/* A recording is sealed to a key that everybody may know: only the log says which are ours. False: it cannot be read.
 */
static bool find_session(struct recording *r)
{
    const struct audit_filter all = {.since_ms = INT64_MIN, .until_ms = INT64_MAX};
    struct audit_organisation *o = calloc(1, sizeof *o);
    const char *copy = o ? audit_remote_copy("the log, opened, for a recording") : NULL;
    enum proto_err err = PROTO_ERR_IO;

    if (copy && audit_open(o, copy, audit_options.key)) {
        o->is_copy = true;
        err = audit_each_session(o, &all, visit, r);
        audit_close(o);
    }
    free(o);
    return !err;
}

static bool say_session(const struct recording *r)
{
    char when[AUDIT_TIME_MAX];

    if (!r->of.known) {
        host_say_error(audit_options.file, "is not, as it is, a recording of any session in this log",
                       "it was altered or cut off, is of another log (an ended one, say), or of nobody");
        return false;
    }
    if (!audit_options.json) {
        audit_time_short(when, r->of.unix_s);
        printf("Session     %.8s, %s, until %s: entry %" PRIu64 " has this hash and size\n", r->of.sid, r->of.agent,
               when, r->of.entry);
    }
    if (!r->of.sound)
        host_say_error(r->of.sid, "this session does not hold in all its notes",
                       "handhold-audit verify names what is wrong");
    return r->of.sound;
}

/* One record behind the other; `err` of the first that does not open. */
static enum proto_err write_plain(struct recording *r)
{
    size_t have = 0, len;
    uint64_t offset;

    for (;;) {
        const uint8_t *at = r->sealed;
        size_t left = have += fread(r->sealed + have, 1, READ_BYTES - have, r->in);
        enum proto_err err = proto_vault_read(&r->vault, &at, &left, &offset, r->plain, &len);

        if (err != PROTO_OK || r->vault.ended)
            return err;
        if (pwrite(r->out, r->plain, len, (off_t)offset) != (ssize_t)len)
            return PROTO_ERR_IO;
        r->written = offset + len > r->written ? offset + len : r->written;
        memmove(r->sealed, at, left);
        have = left;
    }
}

static int finish(struct recording *r, enum proto_err err)
{
    char hex[65];

    if (err == PROTO_ERR_IO) {
        fail(audit_options.output);
        return HOST_EXIT_FAILED;
    }
    sodium_bin2hex(hex, sizeof hex, r->hash, sizeof r->hash);
    if (audit_options.json)
        host_json_event("opened", "{s:s,s:s,s:I,s:b,s:s*}", "file", audit_options.output, "hash", hex, "bytes",
                        (json_int_t)r->written, "whole", (int)(err == PROTO_OK), "session",
                        r->of.known ? r->of.sid : NULL);
    else
        printf("Opened      %s, %" PRIu64 " bytes\nHash        %s\n", audit_options.output, r->written, hex);
    bool known = say_session(r);
    if (err == PROTO_OK)
        return known ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
    host_say_error(audit_options.file,
                   err == PROTO_ERR_NOT_FOUND ? "was cut off: its end is missing" : "was altered behind what is opened",
                   "what opened is in the file");
    return HOST_EXIT_FAILED;
}

static int play(struct recording *r)
{
    enum proto_err err;

    if (!hash_file(r)) {
        fail(audit_options.file);
        return HOST_EXIT_FAILED;
    }
    if (!open_head(r))
        return HOST_EXIT_USAGE;
    if (host_file_exists(audit_options.output)) {
        host_say_err(audit_options.output, PROTO_ERR_EXISTS);
        return HOST_EXIT_FAILED;
    }
    if (!log_viewing(r) || !find_session(r))
        return HOST_EXIT_FAILED;
    r->out = open(audit_options.output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (r->out < 0) {
        fail(audit_options.output);
        return HOST_EXIT_FAILED;
    }
    err = write_plain(r);
    if (close(r->out) != 0)
        err = PROTO_ERR_IO;
    return finish(r, err);
}

int audit_play(void)
{
    struct recording r = {.in = fopen(audit_options.file, "rbe"), .out = -1};
    int code = HOST_EXIT_USAGE;

    r.sealed = malloc(READ_BYTES);
    r.plain = malloc(PROTO_VAULT_RECORD_BYTES);
    if (!r.in)
        fail(audit_options.file);
    else if (!r.sealed || !r.plain)
        host_say_err(audit_options.file, PROTO_ERR_NOMEM);
    else
        code = play(&r);
    if (r.in)
        fclose(r.in);
    if (r.plain)
        sodium_memzero(r.plain, PROTO_VAULT_RECORD_BYTES);
    free(r.plain);
    free(r.sealed);
    proto_vault_clear(&r.vault);
    return code;
}
