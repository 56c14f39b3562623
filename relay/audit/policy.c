/* SPDX-License-Identifier: Apache-2.0 */
/* policy: the present one as a file to edit, what an edited one would change, and putting it in force. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/statement.h"
#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/seal/box.h"
#include "proto/seal/kdf.h"
#include "proto/util/utf8.h"
#include "relay/audit/commands.h"
#include "relay/audit/folder_notes.h"
#include "relay/audit/organisation.h"
#include "relay/audit/policy_words.h"
#include "relay/audit/remote.h"

/* ---- the present one ---- */

/* From the folder alone: the authority's machine has no log. */
static bool load_present(struct audit_officer *o)
{
    struct log_notes *notes = NULL;
    char path[HOST_PATH_BYTES];
    struct proto_buf ca;
    enum proto_err err = PROTO_OK;

    proto_buf_init(&ca, PROTO_PEM_BYTES);
    if (!o->root.bytes) {
        err = host_path(path, "%s/ca/ca.crt", audit_options.dir) ? host_file_read(path, &ca) : PROTO_ERR_RANGE;
        if (!err)
            err = proto_root_of_pem(ca.bytes, ca.len, &o->root, NULL);
    }
    if (err == PROTO_ERR_NOT_FOUND)
        host_say_error(path, "is not there", "name the folder of the organisation with --dir");
    else if (err)
        host_say_err(path, err);
    else
        notes = audit_folder_notes(audit_options.dir, (struct proto_der){o->root.bytes, o->root.len});
    proto_buf_free(&ca);
    bool fine = notes != NULL;
    if (fine) {
        o->org = notes->org;
        o->policy = notes->policy;
    }
    free(notes);
    return fine;
}

/* A policy that was signed through the relay does not come to the authority by itself, but perhaps a copy of its log.
 * 0: what is here is in force, as far as is known. */
static uint64_t elsewhere(const struct audit_officer *o)
{
    return o->connection ? 0 : audit_notes_policy_elsewhere(audit_options.dir, &o->policy);
}

static void say_elsewhere(const struct audit_officer *o)
{
    uint64_t in_force = elsewhere(o);

    if (in_force)
        host_say(HOST_WARN,
                 "policy " AUDIT_POLICY_ELSEWHERE ", and is what is meant here: with --relay it is the one in force",
                 in_force, o->policy.number);
}

/* With --relay the officer asks it; with --dir the folder says it, and only signing needs an identity. */
static bool open_present(struct audit_officer *o, bool signs)
{
    if (audit_options.relay)
        return audit_officer_open(o);
    if (!audit_options.dir) {
        host_say_error("--relay, --dir", "one of them says which policy is in force",
                       "give --dir D, or --relay URL --identity D/staff/officer --ca D/ca/ca.crt");
        return false;
    }
    if ((signs && !audit_officer_identify(o)) || !load_present(o))
        return false;
    enum proto_err err = signs ? proto_org_admits(&o->org, &o->credential.identity) : PROTO_OK;
    if (err)
        host_say_err(audit_options.identity, err);
    else
        say_elsewhere(o);
    return !err;
}

/* ---- the edited one ---- */

/* "FILE:14: grace 601", as far as a line of it is readable at all. */
static void say_fault(const struct proto_buf *file, const struct proto_policy_fault *fault)
{
    const char *at = (const char *)file->bytes, *end = at + file->len;
    char place[HOST_PATH_BYTES + 128];
    size_t len = 0;

    for (size_t line = 1; line < fault->line && at < end; line++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        at = next ? next + 1 : end;
    }
    while (at + len < end && at[len] != '\n' && at[len] != '\r' && len < 80)
        len++;
    if (fault->line)
        snprintf(place, sizeof place, "%s:%zu: %.*s", audit_options.file, fault->line, (int)len, at);
    else
        snprintf(place, sizeof place, "%s", audit_options.file);
    host_say_error(place, fault->rule, "policy print shows each line and what it means");
}

/* To a key of small order nothing can be sealed: it is no key. */
static bool can_be_sealed_to(const uint8_t key[static PROTO_BOX_KEY_BYTES])
{
    static const uint8_t any[PROTO_BOX_KEY_BYTES] = {1};
    uint8_t plain = 0, sealed[1 + PROTO_BOX_OVERHEAD];

    return !proto_box_seal(sealed, &plain, sizeof plain, key, any);
}

/* A capability without a line is denied: so of a file that was cut the rest would be forbidden, without a word. */
static bool names_all(const struct proto_buf *file)
{
    char value[HOST_PATH_BYTES + 64], line[64];

    for (int c = PROTO_CAPABILITY_NONE + 1; c < PROTO_CAPABILITY_COUNT; c++) {
        const char *name = proto_capability_name((enum proto_capability)c);
        bool found = false;
        for (int deny = 0; deny < 2 && !found; deny++) {
            int len = snprintf(line, sizeof line, "\n%s %s", deny ? "deny" : "allow", name);
            const char *at = (const char *)memmem(file->bytes, file->len, line, (size_t)len);
            found = at && (at + len == (const char *)file->bytes + file->len || strchr(" \t\r\n", at[len]));
        }
        if (!found) {
            snprintf(value, sizeof value, "%s: %s", audit_options.file, name);
            snprintf(line, sizeof line, "is the file whole? write deny %s, or who may ask", name);
            host_say_error(value, "has no line, and would be forbidden", line);
            return false;
        }
    }
    return true;
}

/* Agents choose from them, and customers read them. */
static const char *wrong_with_purpose(const char *purpose)
{
    if (!proto_utf8_reads_as_written(purpose, strlen(purpose)))
        return "has a purpose with a character that hides or turns text";
    return !proto_purpose_may_be_given(purpose)
               ? "has a purpose that is what a program writes itself, so that no request can give it"
               : NULL;
}

static bool purposes_fit(const struct proto_policy *edited)
{
    for (uint32_t i = 0; i < edited->purpose_count; i++) {
        const char *wrong = wrong_with_purpose(edited->purposes[i]);
        if (!wrong)
            continue;
        host_say_error(audit_options.file, wrong, "say it in words that people read as they are written");
        return false;
    }
    return true;
}

static bool fits_here(const struct audit_officer *o, const struct proto_policy *edited)
{
    char value[2 * HOST_PATH_BYTES], way_out[PROTO_IDENTITY_DOMAIN_BYTES + 64];

    if (strcmp(edited->domain, o->policy.domain) != 0) {
        snprintf(value, sizeof value, "%s: domain %s", audit_options.file, edited->domain);
        snprintf(way_out, sizeof way_out, "write domain %s", o->policy.domain);
        host_say_error(value, "a policy is for its own organisation, and this one has another domain", way_out);
        return false;
    }
    if (!can_be_sealed_to(edited->evidence_key)) {
        snprintf(value, sizeof value, "%s: evidence", audit_options.file);
        host_say_error(value, "nothing can be sealed to this key", "take the line that policy print shows");
        return false;
    }
    return purposes_fit(edited);
}

/* Bytes of the mark that editors elsewhere put before UTF-8, and nobody sees. */
static size_t mark_at(const struct proto_buf *file)
{
    return file->len >= 3 && !memcmp(file->bytes, "\xEF\xBB\xBF", 3) ? 3 : 0;
}

static bool read_edited(const struct audit_officer *o, struct proto_policy *edited)
{
    struct proto_policy_fault fault;
    struct proto_buf file;
    bool fine = false;

    if (!audit_options.file) {
        host_say_error("FILE", "is missing", "policy print -o FILE writes the present policy to edit");
        return false;
    }
    proto_buf_init(&file, PROTO_POLICY_NOTE_BYTES);
    enum proto_err err = host_file_read(audit_options.file, &file);
    if (err == PROTO_ERR_RANGE || err == PROTO_ERR_FULL)
        host_say_error(audit_options.file, "is larger than a policy can be, which is 8192 bytes",
                       "policy print -o FILE writes the present policy to edit");
    else if (err)
        host_say_err(audit_options.file, err);
    else if (proto_policy_parse(edited, file.bytes + mark_at(&file), file.len - mark_at(&file), &fault))
        say_fault(&file, &fault);
    else
        fine = names_all(&file) && fits_here(o, edited);
    proto_buf_free(&file);
    return fine;
}

/* A slip in the evidence line would seal all that follows to nobody: who changes it shows that it can be opened. */
static bool holds_new_key(const struct audit_officer *o, const struct proto_policy *edited)
{
    struct audit_keys keys;

    if (!memcmp(o->policy.evidence_key, edited->evidence_key, sizeof edited->evidence_key))
        return true;
    if (!audit_options.key) {
        host_say_error("evidence", "names another key than the policy that is in force",
                       "show with --key FILE that you hold its private half, or take the line that policy print shows");
        return false;
    }
    bool fine = audit_read_keys(audit_options.key, &keys);
    if (fine && !audit_keys_have(&keys, edited->evidence_key)) {
        host_say_error(audit_options.key, "is not the private half of the key that the evidence line names",
                       "without it nobody could open what is sealed from now on");
        fine = false;
    }
    sodium_memzero(&keys, sizeof keys);
    return fine;
}

/* ---- the commands ---- */

/* Below the line that says what this text is; above all others. */
static void print_policy(const struct proto_policy *policy, uint64_t in_force, struct proto_buf *out)
{
    struct proto_buf text;

    proto_buf_init(&text, 2 * PROTO_POLICY_NOTE_BYTES);
    proto_policy_print(policy, &text);
    const uint8_t *end = text.len ? memchr(text.bytes, '\n', text.len) : NULL;
    size_t first = end ? (size_t)(end - text.bytes) + 1 : 0;
    proto_buf_put(out, text.bytes, first);
    if (in_force)
        proto_buf_printf(out, "# NOT THE POLICY IN FORCE: policy " AUDIT_POLICY_ELSEWHERE ".\n", in_force,
                         policy->number);
    proto_buf_put(out, text.bytes + first, text.len - first);
    out->failed = out->failed || text.failed;
    proto_buf_free(&text);
}

static int print_present(struct audit_officer *o)
{
    uint64_t in_force = elsewhere(o);
    struct proto_buf text;
    enum proto_err err = PROTO_OK;

    proto_buf_init(&text, 2 * PROTO_POLICY_NOTE_BYTES);
    print_policy(&o->policy, in_force, &text);
    if (text.failed)
        err = PROTO_ERR_NOMEM;
    else if (audit_options.output)
        err = host_file_create(audit_options.output, text.bytes, text.len, HOST_PUBLIC);
    else if (audit_options.json)
        host_json_event("policy", "{s:I,s:I,s:s#}", "number", (json_int_t)o->policy.number, "in_force",
                        (json_int_t)(in_force ? in_force : o->policy.number), "text", (const char *)text.bytes,
                        text.len);
    else
        fwrite(text.bytes, 1, text.len, stdout);
    if (err)
        host_say_err(audit_options.output ? audit_options.output : "policy", err);
    else if (audit_options.json && audit_options.output)
        host_json_event("written", "{s:s,s:I,s:I}", "file", audit_options.output, "number",
                        (json_int_t)o->policy.number, "in_force", (json_int_t)(in_force ? in_force : o->policy.number));
    proto_buf_free(&text);
    return err ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
}

static int check_edited(struct audit_officer *o)
{
    static struct proto_policy edited; /* large */

    if (!read_edited(o, &edited))
        return HOST_EXIT_USAGE;
    uint64_t in_force = elsewhere(o);
    size_t changes = audit_policy_changes(&o->policy, &edited, audit_options.json);
    if (audit_options.json)
        host_json_event("policy-checked", "{s:I,s:I,s:I}", "number", (json_int_t)o->policy.number, "in_force",
                        (json_int_t)(in_force ? in_force : o->policy.number), "changes", (json_int_t)changes);
    else if (changes)
        printf("%zu %s against policy %" PRIu64 ".\n", changes, changes == 1 ? "change" : "changes", o->policy.number);
    else
        printf("Nothing would change: this is policy %" PRIu64 ".\n", o->policy.number);
    if (!audit_options.json && in_force)
        printf("Policy " AUDIT_POLICY_ELSEWHERE ".\n", in_force, o->policy.number);
    return HOST_EXIT_FINE;
}

static bool send_policy(struct audit_officer *o, const struct proto_policy *policy, const char *note,
                        struct audit_answer *answer)
{
    struct proto_event_note event = {.action = PROTO_ACT_POLICY_SIGNED};
    char hex[2 * PROTO_HASH_BYTES + 1];

    sodium_bin2hex(hex, sizeof hex, policy->text_hash, PROTO_HASH_BYTES);
    return !proto_event_note_detail(&event, "number", "%" PRIu64, policy->number) &&
           !proto_event_note_detail(&event, "hash", "%s", hex) &&
           !proto_event_note_detail(&event, "keep", "%" PRIu32, policy->keep_days) &&
           audit_officer_event(o, &event, note, answer);
}

static bool write_policy(const struct proto_buf *note)
{
    char path[HOST_PATH_BYTES];
    enum proto_err err = host_path(path, "%s/policy.note", audit_options.dir)
                             ? host_file_write(path, note->bytes, note->len, HOST_PUBLIC)
                             : PROTO_ERR_RANGE;

    if (err)
        host_say_err("policy.note", err);
    return !err;
}

static void say_signed(const struct audit_officer *o, const struct proto_policy *policy,
                       const struct audit_answer *answer)
{
    if (audit_options.json && o->connection)
        host_json_event("policy-signed", "{s:I,s:I}", "number", (json_int_t)policy->number, "entry",
                        (json_int_t)answer->index);
    else if (audit_options.json)
        host_json_event("policy-signed", "{s:I}", "number", (json_int_t)policy->number);
    else if (o->connection)
        printf("In force    policy %" PRIu64 ", signed by %s\nLogged      entry %" PRIu64 "\n", policy->number,
               o->credential.identity.name, answer->index);
    else
        printf("Written     policy %" PRIu64 " in %s/policy.note, signed by %s.\n"
               "            A relay that reads this folder takes it within a second, or when it\n"
               "            starts, and logs that it did. Copy it to relays elsewhere.\n",
               policy->number, audit_options.dir, o->credential.identity.name);
}

/* A relay takes none below the one in force, and its log knows which that is. */
static uint64_t present_number(const struct audit_officer *o)
{
    struct proto_taken taken[PROTO_TAKEN_COUNT] = {{0}};

    if (!o->connection)
        audit_notes_taken(audit_options.dir, taken);
    return taken[PROTO_TAKEN_POLICY].number > o->policy.number ? taken[PROTO_TAKEN_POLICY].number : o->policy.number;
}

static int sign_edited(struct audit_officer *o)
{
    static struct proto_policy edited; /* large */
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    struct proto_policy_signer signer = {&o->credential.identity, chain, proto_credential_chain(&o->credential, chain),
                                         o->credential.secret_key};
    struct audit_answer answer = {0};
    struct proto_buf note;

    if (!read_edited(o, &edited) || !holds_new_key(o, &edited))
        return HOST_EXIT_USAGE;
    (void)audit_policy_changes(&o->policy, &edited, audit_options.json); /* a line that is missing changes something */
    edited.number = present_number(o) + 1;
    edited.time_s = host_now().unix_ms / 1000;
    proto_buf_init(&note, PROTO_POLICY_NOTE_BYTES);
    enum proto_err err = proto_policy_sign(&edited, &signer, &note);
    proto_buf_put_u8(&note, 0);
    if (err || note.failed)
        host_say_err(audit_options.file, err ? err : PROTO_ERR_RANGE);
    bool fine = !err && !note.failed;
    note.len -= fine;
    fine = fine && (o->connection ? send_policy(o, &edited, (const char *)note.bytes, &answer) : write_policy(&note));
    proto_buf_free(&note);
    if (fine)
        say_signed(o, &edited, &answer);
    return fine ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}

int audit_policy(void)
{
    static const struct {
        const char *word;
        bool signs;
        int (*run)(struct audit_officer *o);
    } commands[] = {{"print", false, print_present}, {"check", false, check_edited}, {"sign", true, sign_edited}};
    static struct audit_officer o;
    int code = HOST_EXIT_USAGE;

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(commands[i].word, audit_options.action) && open_present(&o, commands[i].signs))
            code = commands[i].run(&o);
    audit_officer_close(&o);
    return code;
}
