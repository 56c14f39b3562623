/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of staff, as the authority keeps them: whose key it was that signed a line months ago. */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/log/leaf.h"
#include "proto/seal/kdf.h"
#include "relay/audit/organisation.h"

#define BETWEEN_MAX (PROTO_IDENTITY_CHAIN_MAX - 1) /* leaf, and an authority below the root */

/* A chain that holds at two times holds between them: so few are judged more than three times. */
struct audit_judged {
    pthread_mutex_t lock;
    struct {
        bool any;
        int64_t from_s, to_s; /* both included */
        struct proto_identity identity;
        struct proto_note_key key; /* under which it signs; made once, for the check of a point costs a signature */
    } of[];                        /* in the order of staff */
};

struct audit_staff {
    uint8_t fingerprint[32];
    struct proto_certificate chain[BETWEEN_MAX]; /* owned */
    size_t chain_len;
};

static int by_fingerprint(const void *a, const void *b)
{
    return memcmp(a, b, 32); /* the first member */
}

/* A file that holds no certificate is somebody else's business: what it lacks shows as an unchecked line. */
static bool add_file(struct audit_organisation *o, const char *path, size_t *room)
{
    struct audit_staff one = {.chain_len = 0};
    struct proto_buf pem;

    if (o->staff_count == *room) {
        size_t more = *room ? *room * 2 : 64;
        struct audit_staff *bigger = realloc(o->staff, more * sizeof *bigger);
        if (!bigger)
            return false;
        o->staff = bigger;
        *room = more;
    }
    proto_buf_init(&pem, PROTO_PEM_BYTES);
    enum proto_err err = host_file_read(path, &pem);
    if (!err)
        err = proto_certificates_of_pem(pem.bytes, pem.len, one.chain, BETWEEN_MAX, &one.chain_len);
    proto_buf_free(&pem);
    if (err)
        return true;
    proto_sha256(one.fingerprint, one.chain[0].bytes, one.chain[0].len);
    o->staff[o->staff_count++] = one;
    return true;
}

static bool add_folder(struct audit_organisation *o, const char *name, size_t *room)
{
    char path[HOST_PATH_BYTES];
    DIR *folder = host_path(path, "%s/%s", o->dir, name) ? opendir(path) : NULL;
    bool fine = true;

    for (struct dirent *entry; fine && folder && (entry = readdir(folder));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot && !strcmp(dot, ".crt") && host_path(path, "%s/%s/%s", o->dir, name, entry->d_name))
            fine = add_file(o, path, room);
    }
    if (folder)
        closedir(folder);
    return fine;
}

bool audit_staff_load(struct audit_organisation *o)
{
    size_t room = 0;

    bool fine = add_folder(o, "ca/issued", &room);
    o->has_issued = o->staff_count > 0;
    if (!fine || !add_folder(o, "staff", &room)) {
        host_say_err("certificates", PROTO_ERR_NOMEM);
        return false;
    }
    if (!o->staff_count)
        return true;
    qsort(o->staff, o->staff_count, sizeof *o->staff, by_fingerprint);
    o->judged = calloc(1, sizeof *o->judged + o->staff_count * sizeof o->judged->of[0]);
    if (!o->judged) {
        host_say_err("certificates", PROTO_ERR_NOMEM);
        return false;
    }
    pthread_mutex_init(&o->judged->lock, NULL);
    return true;
}

void audit_staff_free(struct audit_organisation *o)
{
    for (size_t i = 0; i < o->staff_count; i++)
        proto_certificates_free(o->staff[i].chain, o->staff[i].chain_len);
    free(o->staff);
    if (o->judged)
        pthread_mutex_destroy(&o->judged->lock);
    free(o->judged);
    o->judged = NULL;
    o->staff = NULL;
    o->staff_count = 0;
}

static const struct audit_staff *staff_of(const struct audit_organisation *o, const uint8_t fingerprint[static 32])
{
    return o->staff_count ? bsearch(fingerprint, o->staff, o->staff_count, sizeof *o->staff, by_fingerprint) : NULL;
}

size_t audit_staff_chain(const struct audit_organisation *o, const uint8_t fingerprint[static 32],
                         struct proto_der chain[static PROTO_IDENTITY_CHAIN_MAX])
{
    const struct audit_staff *found = staff_of(o, fingerprint);
    size_t count = 0;

    for (; found && count < found->chain_len; count++)
        chain[count] = (struct proto_der){found->chain[count].bytes, found->chain[count].len};
    if (found)
        chain[count++] = (struct proto_der){o->root_der.bytes, o->root_der.len};
    return count;
}

static enum proto_err judge_chain(const struct audit_organisation *o, const uint8_t fingerprint[static 32],
                                  int64_t at_s, struct proto_identity *out)
{
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    size_t count = audit_staff_chain(o, fingerprint, chain);

    return proto_identity_verify_chain(chain, count, o->root.fingerprint, sizeof o->root.fingerprint, at_s, out);
}

/* Also at the ends of the certificate's own time, so that the next one who asks need not. */
static enum proto_err judge_at(const struct audit_organisation *o, size_t index, int64_t at_s,
                               struct proto_identity *out)
{
    const uint8_t *fingerprint = o->staff[index].fingerprint;
    enum proto_err err = judge_chain(o, fingerprint, at_s, out);
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1];
    struct proto_identity other;

    if (err || o->judged->of[index].any)
        return err;
    o->judged->of[index].any = true;
    o->judged->of[index].identity = *out;
    proto_identity_signer_name(out, name);
    if (proto_note_key_init(&o->judged->of[index].key, name, out->public_key))
        memset(&o->judged->of[index].key, 0, sizeof o->judged->of[index].key);
    o->judged->of[index].from_s = judge_chain(o, fingerprint, out->not_before_s, &other) ? at_s : out->not_before_s;
    o->judged->of[index].to_s = judge_chain(o, fingerprint, out->not_after_s - 1, &other) ? at_s : out->not_after_s - 1;
    return PROTO_OK;
}

static enum proto_err judge(const struct audit_organisation *o, size_t index, int64_t at_s, struct proto_identity *out)
{
    enum proto_err err = PROTO_OK;

    pthread_mutex_lock(&o->judged->lock);
    if (o->judged->of[index].any && at_s >= o->judged->of[index].from_s && at_s <= o->judged->of[index].to_s)
        *out = o->judged->of[index].identity;
    else
        err = judge_at(o, index, at_s, out);
    pthread_mutex_unlock(&o->judged->lock);
    return err;
}

enum proto_err audit_staff_find(const struct audit_organisation *o, const uint8_t fingerprint[static 32], int64_t at_s,
                                struct proto_identity *out)
{
    const struct audit_staff *found = staff_of(o, fingerprint);

    memset(out, 0, sizeof *out);
    if (!found)
        return PROTO_ERR_NOT_FOUND;
    return judge(o, (size_t)(found - o->staff), at_s, out);
}

enum proto_err audit_staff_find_serial(const struct audit_organisation *o, const char *serial, int64_t at_s,
                                       struct proto_identity *out)
{
    for (size_t i = 0; i < o->staff_count; i++) {
        struct proto_identity one;
        /* judged at the time of the note: one that did not hold then reads as not there */
        enum proto_err found = audit_staff_find(o, o->staff[i].fingerprint, at_s, &one);
        if (!found && !strcmp(one.serial, serial)) {
            *out = one;
            return PROTO_OK;
        }
    }
    memset(out, 0, sizeof *out);
    return PROTO_ERR_NOT_FOUND;
}

/* ---- at an entry of the log ---- */

/* Revocations are added at the end of the note, and none is taken out: the first so many are those that it had. One
 * that is later than the entry is of another line of notes, from a folder that was put back. */
void audit_staff_note_revoked(struct audit_organisation *o, size_t revoked, uint64_t entry, int64_t leaf_s)
{
    for (size_t i = 0; i < revoked && i < o->org.revoked_count; i++)
        if (!o->revoked_before[i] && o->org.revoked[i].time_s < leaf_s + PROTO_LOG_TIME_GRAIN_S) {
            o->revoked_before[i] = entry + 1;
            o->revoked_s[i] = leaf_s;
        }
}

uint64_t audit_staff_taken_back(const struct audit_organisation *o, const char *serial, int64_t *leaf_s)
{
    const struct proto_org_revoked *revoked = proto_org_find_revoked(&o->org, serial);

    *leaf_s = revoked ? o->revoked_s[revoked - o->org.revoked] : 0;
    return revoked ? o->revoked_before[revoked - o->org.revoked] : 0;
}

static bool is_out(const struct audit_organisation *o, const char *serial, uint64_t entry, int64_t leaf_s,
                   int64_t brought_s)
{
    const struct proto_org_revoked *revoked = proto_org_find_revoked(&o->org, serial);
    int64_t taken_s;
    uint64_t before = audit_staff_taken_back(o, serial, &taken_s);

    return revoked && (revoked->time_s + brought_s <= leaf_s || (before && entry >= before));
}

enum proto_err audit_staff_revoked(const struct audit_organisation *o, const char *serial, uint64_t entry,
                                   int64_t leaf_s)
{
    return is_out(o, serial, entry, leaf_s, 0) ? PROTO_ERR_CERT_REVOKED : PROTO_OK;
}

enum proto_err audit_staff_out(const struct audit_organisation *o, const char *serial, uint64_t entry, int64_t leaf_s)
{
    return is_out(o, serial, entry, leaf_s, AUDIT_BROUGHT_S) ? PROTO_ERR_CERT_REVOKED : PROTO_OK;
}

/* It held at some time of the leaf's minute. */
enum proto_err audit_staff_held(const struct audit_organisation *o, const uint8_t fingerprint[static 32],
                                uint64_t entry, int64_t leaf_s)
{
    struct proto_identity found;
    enum proto_err err = audit_staff_find(o, fingerprint, leaf_s, &found);

    if (err && err != PROTO_ERR_NOT_FOUND)
        err = audit_staff_find(o, fingerprint, leaf_s + PROTO_LOG_TIME_GRAIN_S - 1, &found);
    return err ? err : audit_staff_out(o, found.serial, entry, leaf_s);
}

enum proto_err audit_staff_find_signer(const struct audit_organisation *o, const char *serial, uint64_t entry,
                                       int64_t leaf_s, struct proto_identity *out)
{
    enum proto_err err = audit_staff_find_serial(o, serial, leaf_s, out);

    if (err == PROTO_ERR_NOT_FOUND)
        err = audit_staff_find_serial(o, serial, leaf_s + PROTO_LOG_TIME_GRAIN_S - 1, out);
    return err ? err : audit_staff_revoked(o, serial, entry, leaf_s);
}

bool audit_staff_key(const struct audit_organisation *o, const uint8_t fingerprint[static 32],
                     struct proto_note_key *key)
{
    const struct audit_staff *found = staff_of(o, fingerprint);

    if (!found)
        return false;
    pthread_mutex_lock(&o->judged->lock);
    *key = o->judged->of[found - o->staff].key;
    pthread_mutex_unlock(&o->judged->lock);
    return key->name[0] != 0;
}
