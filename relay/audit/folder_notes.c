/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/folder_notes.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

static void say(const char *dir, enum proto_taken_note which, const struct log_note *note)
{
    char path[HOST_PATH_BYTES];

    if (!note->err || !host_path(path, "%s/%s", dir, proto_taken_file(which)))
        return;
    errno = note->system;
    if (note->err == PROTO_ERR_NOT_FOUND)
        host_say_error(path, "is not there", "name the folder of the organisation, or of its relay, with --dir");
    else if (note->err == PROTO_ERR_IO || note->err == PROTO_ERR_NOMEM)
        host_say_err(path, note->err);
    else
        host_say_error(path, proto_err_rule(note->err), "bring the right one back from the authority");
}

struct log_notes *audit_folder_notes(const char *dir, struct proto_der root_der)
{
    struct log_notes *notes = calloc(1, sizeof *notes);
    struct proto_identity_root root;
    enum proto_err err = notes ? proto_identity_read_root(root_der, &root) : PROTO_ERR_NOMEM;

    if (!err && log_notes_read(notes, dir, root_der, &root))
        return notes;
    if (err)
        host_say_err(dir, err);
    for (enum proto_taken_note which = 0; !err && which < PROTO_TAKEN_COUNT; which++)
        say(dir, which, &notes->note[which]);
    free(notes);
    return NULL;
}

void audit_notes_taken(const char *dir, struct proto_taken taken[static PROTO_TAKEN_COUNT])
{
    char data[HOST_PATH_BYTES], error[RELAY_STORE_ERROR_MAX];
    struct relay_store_config config = {.folder = data, .read_only = true, .random = host_random()};
    struct relay_store *store = NULL;

    memset(taken, 0, PROTO_TAKEN_COUNT * sizeof *taken);
    if (!host_path(data, "%s/data", dir) || !host_file_exists(data) || relay_store_open(&store, &config, error))
        return;
    if (log_notes_taken(store, taken)) /* verify names what is wrong there */
        memset(taken, 0, PROTO_TAKEN_COUNT * sizeof *taken);
    relay_store_close(store);
}

uint64_t audit_notes_policy_elsewhere(const char *dir, const struct proto_policy *here)
{
    struct proto_taken taken[PROTO_TAKEN_COUNT], is = {.number = here->number};

    memcpy(is.hash, here->text_hash, sizeof is.hash);
    audit_notes_taken(dir, taken);
    return proto_taken_follows(&taken[PROTO_TAKEN_POLICY], &is) ? taken[PROTO_TAKEN_POLICY].number : 0;
}

bool audit_notes_are_newest(const char *dir, const struct log_notes *notes)
{
    static const char *const way_out[PROTO_TAKEN_COUNT] = {
        [PROTO_TAKEN_ORG] = "copy the authority's newest org.note here",
        [PROTO_TAKEN_POLICY] = "put the newest back, or sign one that follows it: policy sign FILE --dir D --identity "
                               "D/staff/officer"};
    struct proto_taken taken[PROTO_TAKEN_COUNT];
    char path[HOST_PATH_BYTES], rule[128];
    bool fine = true;

    audit_notes_taken(dir, taken);
    for (enum proto_taken_note which = 0; which < PROTO_TAKEN_COUNT; which++) {
        if (!proto_taken_follows(&taken[which], &notes->note[which].is) ||
            !host_path(path, "%s/%s", dir, proto_taken_file(which)))
            continue;
        snprintf(rule, sizeof rule, "is number %" PRIu64 ", and by the log %s %" PRIu64 " is in force",
                 notes->note[which].is.number,
                 notes->note[which].is.number == taken[which].number ? "another number" : "number",
                 taken[which].number);
        host_say_error(path, rule, way_out[which]);
        fine = false;
    }
    return fine;
}

void audit_notes_of_authority(struct audit_organisation *o, const char *ca)
{
    char beside[HOST_PATH_BYTES], folder[HOST_PATH_BYTES], path[HOST_PATH_BYTES];
    struct proto_org *org = calloc(1, sizeof *org);
    struct proto_buf note;

    proto_buf_init(&note, PROTO_ORG_NOTE_BYTES);
    if (org && host_path(beside, "%s", ca) && host_path(folder, "%s", dirname(beside)) &&
        host_path(path, "%s/../org.note", folder) && !host_file_read(path, &note) &&
        !proto_org_verify(org, note.bytes, note.len, o->root.public_key, o->root.domain, o->org.number + 1)) {
        o->org_served = o->org.number;
        o->org = *org;
    }
    proto_buf_free(&note);
    free(org);
}

void audit_notes_judge(const struct audit_own *own, const struct audit_organisation *o, struct audit_report *report)
{
    struct proto_taken is[PROTO_TAKEN_COUNT] = {
        [PROTO_TAKEN_ORG].number = o->org.number, [PROTO_TAKEN_POLICY].number = o->policy.number};

    report->org_served = o->org_served;
    if (own->policy_signed > own->policy_in_force) {
        report->policy_waits = own->policy_signed;
        report->policy_waits_at = own->policy_signed_at;
    }
    report->policy_late = own->late;
    report->policy_first = o->policy_before ? o->policy_first : 0;
    memcpy(is[PROTO_TAKEN_ORG].hash, o->org.text_hash, sizeof is->hash);
    memcpy(is[PROTO_TAKEN_POLICY].hash, o->policy.text_hash, sizeof is->hash);
    for (enum proto_taken_note which = 0; !o->ended && which < PROTO_TAKEN_COUNT; which++) {
        const struct proto_taken *taken = &own->taken[which];
        if (!proto_taken_follows(taken, &is[which]))
            continue;
        if (which == PROTO_TAKEN_POLICY && !o->is_copy)
            report->policy_elsewhere = taken->number;
        else
            audit_found(audit_expected(audit_at_entry(audit_wrong(report, proto_taken_file(which), "number"),
                                                      own->taken_at[which]),
                                       "number %" PRIu64 ", which the relay put in force", taken->number),
                        "%s %" PRIu64, is[which].number == taken->number ? "another number" : "number",
                        is[which].number);
    }
}
