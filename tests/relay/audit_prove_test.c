/* SPDX-License-Identifier: Apache-2.0 */
/* What a file of proofs is worth to somebody who has nothing else, and that no changed character gets through. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/companion/receipt.h"
#include "proto/host/files.h"
#include "proto/log/fork.h"
#include "proto/seal/signature.h"
#include "relay/audit/proofs_inside.h"
#include "tests/relay/audit_tool.h"

#define assert_ok(call) assert_int_equal((call), PROTO_OK)
/* Every so many characters one is changed, or the file is cut. Its parts are alike, and a prime meets another character
 * of each. */
#define FLIP_STEP 43
#define CUT_STEP 211

static struct log_fixture shared; /* the story, read only */
static struct proto_buf file;     /* proofs of its first session */

static void make_file(const struct log_fixture *f, const char *session, struct proto_buf *out)
{
    char path[HOST_PATH_BYTES];

    assert_true(host_path(path, "%s/proofs", f->folder));
    audit_tool_expect(f, 0, "proof", "prove %s -o %s --dir %s --key %s/officer/evidence.key", session, path, f->folder,
                      f->folder);
    assert_ok(host_file_check_private(path));
    proto_buf_init(out, PROTO_LOG_PROOFS_FILE_MAX);
    assert_ok(host_file_read(path, out));
}

static int build(void **state)
{
    (void)state;
    log_fixture_open(&shared);
    log_fixture_story(&shared);
    log_fixture_settle(&shared);
    make_file(&shared, "4f2a", &file);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    proto_buf_free(&file);
    log_fixture_close(&shared);
    return 0;
}

/* ---- checking in this process ---- */

struct outcome {
    bool readable, holds;
    size_t proofs, unsigned_notes, unchecked;
    bool key_from_relay, revoked, certificate_ok, certificate_trusted;
    size_t to_agent;
    char why[AUDIT_TEXT_MAX];
};

static struct outcome check(const char *text, size_t len, const struct audit_belief *belief)
{
    static const struct audit_belief nothing;
    struct audit_proved *p = calloc(1, sizeof *p);

    assert_non_null(p);
    struct outcome o = {.readable = audit_proofs_check(text, len, belief ? belief : &nothing, p)};
    o.holds = o.readable && !p->report.wrong;
    o.proofs = p->proofs;
    o.unsigned_notes = p->unsigned_notes;
    o.unchecked = p->report.unchecked_lines;
    o.key_from_relay = p->key_from_relay;
    o.revoked = p->revoked;
    o.certificate_ok = p->certificate_ok;
    o.certificate_trusted = p->certificate_trusted;
    o.to_agent = p->to_agent;
    snprintf(o.why, sizeof o.why, "%s", o.readable ? p->report.findings[0].found : p->trouble);
    audit_proved_clear(p);
    free(p);
    return o;
}

static struct outcome check_file(const struct proto_buf *bytes)
{
    return check((const char *)bytes->bytes, bytes->len, NULL);
}

static char *text_of(const struct proto_buf *bytes)
{
    char *text = calloc(1, bytes->len + 1);

    assert_non_null(text);
    return memcpy(text, bytes->bytes, bytes->len);
}

/* ---- what holds ---- */

static void proofs_of_a_session_hold_without_the_relay(void **state)
{
    struct audit_belief *belief = calloc(1, sizeof *belief);

    (void)state;
    belief->trust = AUDIT_TRUST_KEY;
    snprintf(belief->vkey, sizeof belief->vkey, "%s", shared.log_vkey);
    struct outcome o = check((const char *)file.bytes, file.len, belief);
    if (!o.holds)
        fail_msg("%s", o.why);
    assert_int_equal(o.proofs, 14);
    assert_true(o.key_from_relay && o.certificate_ok && !o.certificate_trusted);
    assert_int_equal(o.unsigned_notes, 0);
    assert_int_equal(o.unchecked, 0);
    belief->trust = AUDIT_TRUST_ORG;
    belief->org = shared.org;
    belief->has_root = true;
    memcpy(belief->root_pin, shared.agent.identity.root_fingerprint, sizeof belief->root_pin);
    o = check((const char *)file.bytes, file.len, belief);
    assert_true(o.holds && o.certificate_trusted);
    free(belief);
}

static void each_part_is_a_proof_that_other_programs_read(void **state)
{
    struct audit_belief *belief = calloc(1, sizeof *belief);
    struct proto_log_proof *proof = malloc(sizeof *proof);
    char *text = text_of(&file), *at = text;
    size_t parts = 0;

    (void)state;
    belief->trust = AUDIT_TRUST_KEY;
    snprintf(belief->vkey, sizeof belief->vkey, "%s", shared.log_vkey);
    for (char *next; (at = strstr(at, "c2sp.org/tlog-proof@v1\n")); at = next) {
        char *end = strstr(at, "\n--- ");
        next = end ? end + 1 : at + strlen(at);
        assert_ok(proto_log_proof_parse(proof, at, (size_t)(next - at)));
        assert_ok(proto_log_proof_check(proof, shared.log_vkey, NULL));
        struct outcome o = check(at, (size_t)(next - at), belief);
        assert_true(o.holds);
        parts++;
    }
    assert_int_equal(parts, 14);
    free(text);
    free(proof);
    free(belief);
}

/* ---- what does not ---- */

/* Words are not authenticated, and the check says so; everything else is. */
static bool is_bound(const char *text, size_t at)
{
    return text + at >= strstr(text, "--- keys\n");
}

static void no_changed_character_gets_through(void **state)
{
    char *text = text_of(&file);
    size_t changed = 0;

    (void)state;
    for (size_t at = 0; at < file.len; at += FLIP_STEP) {
        char was = text[at];
        if (!is_bound(text, at))
            continue;
        text[at] = was == 'A' ? 'B' : 'A';
        struct outcome o = check(text, file.len, NULL);
        if (o.holds)
            fail_msg("character %zu, %c, is not bound: %.60s", at, was, text + at);
        text[at] = was;
        changed++;
    }
    assert_true(changed > 300);
    free(text);
}

static void a_proof_under_the_number_of_another_is_refused(void **state)
{
    char *text = text_of(&file), *number = strstr(text, "--- entry 3\n");

    (void)state;
    assert_non_null(number);
    number[10] = '4';
    assert_false(check(text, file.len, NULL).readable);
    free(text);
}

static void a_file_that_was_cut_anywhere_is_refused(void **state)
{
    char *text = text_of(&file);

    (void)state;
    for (size_t len = 0; len < file.len; len += CUT_STEP) {
        struct outcome o = check(text, len, NULL);
        bool at_a_border = len > 5 && !strncmp(text + len, "--- entry", 9);
        if (o.holds && !at_a_border)
            fail_msg("%zu of %zu bytes hold", len, file.len);
    }
    free(text);
}

static void a_log_of_somebody_else_is_not_believed(void **state)
{
    struct audit_belief *belief = calloc(1, sizeof *belief);
    uint8_t public_key[32], secret_key[64], seed[32] = {9};
    struct proto_note_key key;
    struct proto_buf vkey;

    (void)state;
    proto_sign_keypair(public_key, secret_key, seed);
    assert_ok(proto_note_key_init(&key, LOG_FIXTURE_ORIGIN, public_key));
    proto_buf_init(&vkey, sizeof belief->vkey);
    proto_note_key_format(&key, &vkey);
    memcpy(belief->vkey, vkey.bytes, vkey.len);
    belief->trust = AUDIT_TRUST_KEY;
    struct outcome o = check((const char *)file.bytes, file.len, belief);
    assert_false(o.readable);
    assert_non_null(strstr(o.why, "another"));
    proto_org_init(&belief->org, LOG_FIXTURE_DOMAIN);
    belief->trust = AUDIT_TRUST_ORG;
    o = check((const char *)file.bytes, file.len, belief);
    assert_false(o.readable);
    proto_buf_free(&vkey);
    free(belief);
}

static void a_customers_key_that_did_not_join_is_found(void **state)
{
    char *text = text_of(&file), *line = strstr(text, "customer ");
    struct proto_buf altered;
    struct proto_note_key key;

    (void)state;
    assert_non_null(line);
    proto_buf_init(&altered, PROTO_LOG_PROOFS_FILE_MAX);
    proto_buf_put(&altered, text, (size_t)(line - text));
    assert_ok(proto_note_key_init(&key, "handhold.session/4f2a0101010101010101010101010101",
                                  shared.agent.identity.public_key));
    proto_buf_put_text(&altered, "customer ");
    proto_note_key_format(&key, &altered);
    proto_buf_put_text(&altered, strchr(line, '\n'));
    struct outcome o = check_file(&altered);
    assert_false(o.holds);
    assert_non_null(strstr(o.why, "joined"));
    proto_buf_free(&altered);
    free(text);
}

/* ---- two logs under one key ---- */

static void put_lone(struct proto_buf *out, const char *salt, int64_t unix_s)
{
    struct proto_log_proof *proof = calloc(1, sizeof *proof);
    struct proto_log_leaf leaf = {.kind = PROTO_LOG_RELAY_EVENT, .unix_s = unix_s};
    struct proto_log_checkpoint checkpoint = {.origin = LOG_FIXTURE_ORIGIN, .size = 1};
    struct proto_event_note event = {.seq = 1, .first = true, .action = PROTO_ACT_JOINED};
    uint8_t public_key[32], secret_key[64];
    char name[PROTO_SIGNER_BYTES];
    struct proto_buf text, note;

    proto_sign_keypair(public_key, secret_key, shared.log_seed);
    proto_signer_relay(name, LOG_FIXTURE_ORIGIN);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_event_note_write(&event, &text));
    assert_ok(proto_note_make((const char *)text.bytes, text.len, name, secret_key, &note));
    memcpy(proof->note, note.bytes, note.len);
    proof->note_len = note.len;
    memcpy(proof->salt, salt, 32);
    proto_log_commit(leaf.commitment, proof->salt, proof->note, proof->note_len);
    assert_ok(proto_log_leaf_encode(proof->leaf, &leaf));
    proto_log_leaf_hash(checkpoint.root, proof->leaf); /* a tree of one */
    assert_ok(proto_log_checkpoint_sign(proof->checkpoint, &checkpoint, secret_key));
    assert_ok(proto_log_proofs_add(out, proof));
    proto_buf_free(&text);
    proto_buf_free(&note);
    free(proof);
}

static void a_forked_log_is_called_one(void **state)
{
    struct proto_buf forked;

    (void)state;
    proto_buf_init(&forked, PROTO_LOG_PROOFS_FILE_MAX);
    proto_log_proofs_keys(&forked, shared.log_vkey, NULL);
    put_lone(&forked, "11111111111111111111111111111111", LOG_FIXTURE_BEGIN_MS / 1000);
    assert_true(check_file(&forked).holds);
    put_lone(&forked, "22222222222222222222222222222222", LOG_FIXTURE_BEGIN_MS / 1000);
    struct outcome o = check_file(&forked);
    assert_false(o.holds);
    assert_non_null(strstr(o.why, "FORKED"));
    proto_buf_free(&forked);
}

static void a_certificate_counts_at_the_time_that_the_log_says(void **state)
{
    const int64_t now_s = LOG_FIXTURE_BEGIN_MS / 1000, years_s = 20LL * 365 * 86400,
                  end_s = shared.agent.identity.not_after_s;
    const struct {
        int64_t at_s;
        bool holds;
    } times[] = {{now_s, true},
                 {now_s + years_s, false},
                 {now_s - years_s, false},
                 {end_s - 1, true},
                 {end_s + 3 * 3600, true}, /* a session outlives it */
                 {end_s + 5 * 3600, false}};
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    size_t count = proto_credential_chain(&shared.agent, chain);

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct proto_buf lone;
        proto_buf_init(&lone, PROTO_LOG_PROOFS_FILE_MAX);
        proto_log_proofs_keys(&lone, shared.log_vkey, NULL);
        for (size_t j = 0; j < count; j++)
            proto_log_proofs_certificate(&lone, chain[j].bytes, chain[j].len);
        put_lone(&lone, "11111111111111111111111111111111", times[i].at_s);
        struct outcome o = check_file(&lone);
        assert_int_equal(o.holds && o.certificate_ok, times[i].holds);
        proto_buf_free(&lone);
    }
}

/* ---- receipts ---- */

/* What a session would have told its owner of each of its own notes. */
static void feed(struct client_receipt *receipt, const struct proto_log_proof *proof)
{
    struct proto_log_receipt *from_log = calloc(1, sizeof *from_log);
    struct proto_event event = {.kind = PROTO_EVENT_LOGGED};

    memcpy(from_log->leaf, proof->leaf, sizeof from_log->leaf);
    memcpy(from_log->checkpoint, proof->checkpoint, sizeof from_log->checkpoint);
    from_log->index = proof->index;
    from_log->inclusion = proof->inclusion;
    event.logged.receipt = from_log;
    event.logged.note = proof->note;
    event.logged.r = proof->salt;
    client_receipt_take(receipt, &event);
    free(from_log);
}

/* `of`: whose certificates it brings; NULL: none, as of an older program. */
static void make_receipt(struct proto_buf *out, const struct proto_credential *of)
{
    static const uint8_t sid[PROTO_SID_BYTES] = {0x4f, 0x2a, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct proto_log_proofs *proofs = malloc(sizeof *proofs);
    struct proto_log_proof *proof = malloc(sizeof *proof);
    struct proto_event joined = {.kind = PROTO_EVENT_JOINED}, ended = {.kind = PROTO_EVENT_ENDED};
    struct client_receipt *receipt;
    struct proto_log_leaf leaf;

    joined.joined.peer = of ? of->identity.name : "Ana \033[2JLindqvist"; /* whom no certificate names */
    joined.joined.organisation = LOG_FIXTURE_DOMAIN;
    joined.joined.verified = true;
    ended.ended.reason = PROTO_END_COMPLETED;
    assert_ok(client_receipt_new(&receipt));
    client_receipt_take(receipt, &joined);
    assert_ok(proto_log_proofs_open(proofs, (const char *)file.bytes, file.len));
    while (!proto_log_proofs_next(proofs, proof)) {
        assert_ok(proto_log_leaf_parse(&leaf, proof->leaf));
        if (leaf.kind == PROTO_LOG_STATEMENT)
            feed(receipt, proof);
    }
    client_receipt_take(receipt, &ended);
    struct client_receipt_about about = {.sid = sid,
                                         .customer_key = proofs->customer.public_key,
                                         .log_vkey = shared.log_vkey,
                                         .relay = "https://help.example.org",
                                         .contact = "officer@example.org",
                                         .keep_days = 365,
                                         .now_unix_s = LOG_FIXTURE_BEGIN_MS / 1000 + 100};
    if (of)
        about.chain_len = proto_credential_chain(of, about.chain);
    proto_buf_init(out, CLIENT_RECEIPT_MAX);
    assert_ok(client_receipt_write(receipt, &about, out));
    client_receipt_free(receipt);
    free(proofs);
    free(proof);
}

static void a_receipt_says_what_was_shared_and_proves_each_line(void **state)
{
    static const char *const said[] = {"1. Camera (entry 2)",   "to read the label on the back of the hub",
                                       "you allowed it",        "you took it back",
                                       "for 30 days",           "2. Voice (entry 6)",
                                       "you refused it",        "for 365 days",
                                       "example.org (verified)"};
    struct proto_buf receipt;
    char path[HOST_PATH_BYTES];

    (void)state;
    make_receipt(&receipt, &shared.agent);
    char *text = text_of(&receipt);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (!strstr(text, said[i]))
            fail_msg("it does not say \"%s\":\n%.3000s", said[i], text);
    assert_null(strchr(text, 27));
    struct outcome o = check_file(&receipt);
    if (!o.holds)
        fail_msg("%s", o.why);
    assert_int_equal(o.proofs, 4); /* camera allowed and taken back, voice refused, the end */
    assert_false(o.key_from_relay);
    assert_int_equal(o.unsigned_notes, 0);
    assert_int_equal(o.unchecked, 0);
    assert_true(o.certificate_ok && !o.certificate_trusted);
    assert_int_equal(o.to_agent, 3); /* all but the end, which is for everybody */
    assert_true(host_path(path, "%s/receipt", shared.folder));
    assert_ok(host_file_write(path, receipt.bytes, receipt.len, HOST_PRIVATE));
    audit_tool_expect(&shared, 0, "4 proofs, nothing is wrong; the words in front are the proved ones", "check %s",
                      path);
    audit_tool_expect(&shared, 0, "\"compared\":true", "check --json %s", path);
    audit_tool_expect(&shared, 0, "\"customer_key_from_relay\":false", "check --json %s", path);
    audit_tool_expect(&shared, 0, "as the certificate claims, and not proved", "check %s", path);
    audit_tool_expect(&shared, 0, "under the organisation's root", "check %s --ca %s/ca/ca.crt", path, shared.folder);
    audit_tool_expect(&shared, 0, "\"statements_to_agent\":3", "check --json %s --ca %s/ca/ca.crt --org %s/org.note",
                      path, shared.folder, shared.folder);
    free(text);
    proto_buf_free(&receipt);
}

/* One text for another of its length, in the words that nobody signed. */
static void put_words(struct proto_buf *receipt, const char *from, const char *to)
{
    char *at = memmem(receipt->bytes, receipt->len, from, strlen(from));

    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
}

static void a_receipt_whose_readable_answers_were_changed_is_refused(void **state)
{
    static const struct {
        const char *from, *to, *said;
    } changes[] = {
        {"1. Camera (entry 2)", "1. Cinema (entry 2)", "\"1. Camera (entry 2)\", as the proved notes have it"},
        {"you allowed it", "you refused it", "\"Answer      you allowed it\""},
        {"2. Voice (entry 6)\n", "2. Voice (entry 9)\n", "\"2. Voice (entry 6)\""},
        {"to read the label", "to spy upon you..", "\"Purpose     to read the label"},
        {"for 30 days", "for 90 days", "kept by the organisation for 30 days"},
        {"  example.org (", "  example.com (", "\"Controller  example.org (verified)\""},
        {"Contact     officer@", "Contact     nobody <", "\"Contact     not known\""},
        {"Session     4f2a", "Session     4f2b", "\"Session     4f2a"},
        {"\nAgent       ", "\nAgent      X", "\"Agent       "},
        {"nothing was shown", "nothing was taken", "\"Kept        nothing was shown\""},
        {"stays for good.", "goes away soon.", "stays for good."},
        {"\nUntil       2", "\nUntil       3", "\"Until       2"},
    };
    char path[HOST_PATH_BYTES];

    (void)state;
    assert_true(host_path(path, "%s/changed", shared.folder));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct proto_buf receipt;
        make_receipt(&receipt, &shared.agent);
        put_words(&receipt, changes[i].from, changes[i].to);
        assert_ok(host_file_write(path, receipt.bytes, receipt.len, HOST_PRIVATE));
        audit_tool_expect(&shared, 1, changes[i].said, "check %s", path);
        proto_buf_free(&receipt);
    }
}

/* How it ended the customer's own end signed said, too. A line that was cut may have come between. */
static void a_receipt_says_of_its_end_what_the_customer_signed(void **state)
{
    static const char head[] = "\nEnded       ";
    static const struct {
        const char *ended;
        int code;
    } ends[] = {{"completed", 0}, {"connection-lost", 0}, {"failed", 0}, {"declined", 1}, {"stopped-by-officer", 1}};
    char path[HOST_PATH_BYTES];

    (void)state;
    assert_true(host_path(path, "%s/ended", shared.folder));
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct proto_buf receipt, changed;
        make_receipt(&receipt, &shared.agent);
        const char *text = (const char *)receipt.bytes,
                   *at = (const char *)memmem(text, receipt.len, head, sizeof head - 1) + sizeof head - 1,
                   *rest = (const char *)memchr(at, '\n', receipt.len);
        proto_buf_init(&changed, CLIENT_RECEIPT_MAX);
        proto_buf_put(&changed, text, (size_t)(at - text));
        proto_buf_put_text(&changed, ends[i].ended);
        proto_buf_put(&changed, rest, receipt.len - (size_t)(rest - text));
        assert_ok(host_file_write(path, changed.bytes, changed.len, HOST_PRIVATE));
        audit_tool_expect(&shared, ends[i].code,
                          ends[i].code ? "\"Ended       completed\", as the proved notes have it" : "the proved ones",
                          "check %s", path);
        proto_buf_free(&changed);
        proto_buf_free(&receipt);
    }
}

/* The customer's clock is not the reader's. */
static void a_receipt_from_another_time_zone_holds(void **state)
{
    struct proto_buf receipt;

    (void)state;
    assert_int_equal(setenv("TZ", "IST-5:30", 1), 0);
    tzset();
    make_receipt(&receipt, &shared.agent);
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
    assert_non_null(memmem(receipt.bytes, receipt.len, " +0530", 6));
    struct outcome o = check_file(&receipt);
    if (!o.holds)
        fail_msg("%s", o.why);
    put_words(&receipt, " +0530", " +0430"); /* when it was written: nobody's word */
    assert_true(check_file(&receipt).holds);
    put_words(&receipt, " +0530", " +0430");
    assert_false(check_file(&receipt).holds);
    proto_buf_free(&receipt);
}

static void a_receipt_that_lost_a_proof_is_refused(void **state)
{
    struct proto_buf receipt;
    char path[HOST_PATH_BYTES];

    (void)state;
    make_receipt(&receipt, &shared.agent);
    uint8_t *from = memmem(receipt.bytes, receipt.len, "--- entry 6\n", 12);
    assert_non_null(from);
    uint8_t *to = memmem(from + 1, (size_t)(receipt.bytes + receipt.len - from - 1), "--- entry ", 10);
    assert_non_null(to);
    memmove(from, to, (size_t)(receipt.bytes + receipt.len - to));
    receipt.len -= (size_t)(to - from);
    assert_true(host_path(path, "%s/lost", shared.folder));
    assert_ok(host_file_write(path, receipt.bytes, receipt.len, HOST_PRIVATE));
    audit_tool_expect(&shared, 1, "entry 6", "check %s", path);
    proto_buf_free(&receipt);
}

/* Nobody's numbers show what was cut off at the end, and a customer's last word may be what stood there. */
static void a_receipt_that_breaks_off_says_so(void **state)
{
    struct proto_buf receipt;
    char path[HOST_PATH_BYTES];
    uint8_t *last = NULL, *end;

    (void)state;
    make_receipt(&receipt, &shared.agent);
    for (uint8_t *at = receipt.bytes; (at = memmem(at, (size_t)(receipt.bytes + receipt.len - at), "--- entry ", 10));
         at++)
        last = at;
    assert_non_null(last);
    end = memmem(last, (size_t)(receipt.bytes + receipt.len - last), "\n--- ", 5);
    end = end ? end + 1 : receipt.bytes + receipt.len;
    memmove(last, end, (size_t)(receipt.bytes + receipt.len - end));
    receipt.len -= (size_t)(end - last);
    assert_true(host_path(path, "%s/broken-off", shared.folder));
    assert_ok(host_file_write(path, receipt.bytes, receipt.len, HOST_PRIVATE));
    audit_tool_expect(&shared, 0, "what came after note 4 of the customer", "check --json %s", path);
    proto_buf_free(&receipt);
}

/* Cut out, the certificate would prove another name than the words have. */
static void a_receipt_without_a_certificate_holds_but_for_the_agents_name(void **state)
{
    struct proto_buf receipt;
    char path[HOST_PATH_BYTES];

    (void)state;
    make_receipt(&receipt, NULL);
    assert_true(host_path(path, "%s/nameless", shared.folder));
    assert_ok(host_file_write(path, receipt.bytes, receipt.len, HOST_PRIVATE));
    audit_tool_expect(&shared, 0, "Agent       NOT PROVED: the certificate of the agent", "check %s", path);
    audit_tool_expect(&shared, 0, "proved ones, but for the agent's name", "check %s", path);
    audit_tool_expect(&shared, 0, "\"certificate_missing\":true", "check --json %s", path);
    struct outcome o = check_file(&receipt);
    assert_true(o.holds && !o.certificate_ok);
    assert_int_equal(o.to_agent, 0);
    assert_true(o.unchecked > 0); /* the agent's lines */
    proto_buf_free(&receipt);
}

static void proofs_in_a_page_hold_up_to_their_end(void **state)
{
    static const char around[] = "--- end\n</pre></body></html>\n";
    struct proto_buf receipt;

    (void)state;
    make_receipt(&receipt, &shared.agent);
    proto_buf_put_text(&receipt, around);
    assert_true(check_file(&receipt).holds);
    assert_int_equal(check_file(&receipt).proofs, 4);
    receipt.bytes[receipt.len - (sizeof around - 1) + 4] = 'E'; /* "--- End" ends nothing */
    assert_false(check_file(&receipt).readable);
    proto_buf_free(&receipt);
}

/* ---- the receipt that a phone's page saved ---- */

#define FACTS                                                                                                          \
    "{&quot;form&quot;:1,&quot;language&quot;:&quot;%s&quot;,&quot;name&quot;:&quot;Ada "                              \
    "Lovelace&quot;,&quot;organisation&quot;:&quot;"                                                                   \
    "example.org&quot;,&quot;verified&quot;:true,&quot;relay&quot;:&quot;help.example.org&quot;,&quot;began&quot;:"    \
    "1790000010,&quot;ended&quot;:1790000110,&quot;zone&quot;:120,&quot;keepDays&quot;:365,&quot;contact&quot;:&quot;" \
    "officer@example.org&quot;,&quot;moved&quot;:&quot;&quot;,&quot;carried&quot;:[]}"

/* As client/web/src/receipt/page.ts would have written it. */
static void make_page(struct proto_buf *out, const char *language)
{
    static const struct audit_belief nothing;
    struct audit_proved *proved = calloc(1, sizeof *proved);
    struct proofs_checking *c = calloc(1, sizeof *c);
    struct proto_buf receipt;
    char head[1024];

    make_receipt(&receipt, &shared.agent);
    assert_true(audit_proofs_check((const char *)receipt.bytes, receipt.len, &nothing, proved));
    snprintf(head, sizeof head, "<meta name=\"handhold-receipt\" content=\"" FACTS "\">\n", language);
    c->proved = proved;
    c->file.words = (struct proto_log_span){head, strlen(head)};
    proto_buf_init(out, PROTO_LOG_PROOFS_FILE_MAX);
    assert_true(proofs_write_page(c, out));
    const uint8_t *keys = memmem(receipt.bytes, receipt.len, "--- keys\n", 9);
    proto_buf_put(out, keys, receipt.len - (size_t)(keys - receipt.bytes));
    proto_buf_put_text(out, "--- end\n</pre></body></html>\n");
    audit_proved_clear(proved);
    proto_buf_free(&receipt);
    free(proved);
    free(c);
}

static void expect_page(struct proto_buf *page, int code, const char *said)
{
    char path[HOST_PATH_BYTES];

    assert_true(host_path(path, "%s/page.html", shared.folder));
    assert_ok(host_file_write(path, page->bytes, page->len, HOST_PRIVATE));
    audit_tool_expect(&shared, code, said, "check %s", path);
    proto_buf_free(page);
}

static void a_phones_page_says_what_is_proved_in_its_language(void **state)
{
    static const char *const languages[][2] = {{"en", "<dd>Allowed</dd>"}, {"de", "<dd>Erlaubt</dd>"}};
    struct proto_buf page;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        make_page(&page, languages[i][0]);
        assert_non_null(memmem(page.bytes, page.len, languages[i][1], strlen(languages[i][1])));
        assert_non_null(memmem(page.bytes, page.len, "2026-09-21 16:13", 16)); /* in its own zone */
        expect_page(&page, 0, "the words in front are the proved ones");
    }
}

/* What people have kept since an earlier version is as good as it was; its words are nobody's any more. */
static void a_phones_page_of_another_version_is_not_compared(void **state)
{
    struct proto_buf page;

    (void)state;
    make_page(&page, "en");
    put_words(&page, "form&quot;:1,", "form&quot;:9,");
    expect_page(&page, 0, "words in front were not compared");
}

static void a_phones_page_that_was_changed_is_refused(void **state)
{
    static const struct {
        const char *from, *to, *said;
    } changes[] = {
        {"<dd>Erlaubt</dd>", "<dd>Verbot.</dd>", "<dd>Erlaubt</dd>"},
        {"to read the label", "to spy upon you..", "to read the label"},
        {"30 Tage", "90 Tage", "30 Tage lang"},
        {"bei example.org", "bei example.com", "bei example.org"},
        {"Mit Ada Lovelace", "Mit Eve Lovelace", "Mit Ada Lovelace"},
        {"background:#fff", "display:none   ", "<title>Ihr Beleg"},
        {":&quot;de&quot;", ":&quot;xx&quot;", "another page"},
        {"&quot;Ada Lov", "&quot;Eve Lov", NULL}, /* the certificate knows better */
        {"</pre></body></html>", "<p>Sie log</p> </bod", "the end of the page"},
    };
    struct proto_buf page;

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        make_page(&page, "de");
        put_words(&page, changes[i].from, changes[i].to);
        expect_page(&page, changes[i].said != NULL, changes[i].said ? changes[i].said : "nothing is wrong");
    }
}

/* Another agent of the same organisation, and this one's own certificate in a log of another organisation's root. */
static void a_certificate_that_no_statement_names_is_refused(void **state)
{
    struct audit_belief *belief = calloc(1, sizeof *belief);
    struct proto_buf receipt;

    (void)state;
    make_receipt(&receipt, &shared.officer);
    struct outcome o = check_file(&receipt);
    assert_false(o.holds);
    assert_non_null(strstr(o.why, "another agent's"));
    proto_buf_free(&receipt);
    make_receipt(&receipt, &shared.agent);
    belief->has_root = true;
    o = check((const char *)receipt.bytes, receipt.len, belief);
    assert_false(o.holds);
    assert_non_null(strstr(o.why, "under another root"));
    memcpy(belief->root_pin, shared.agent.identity.root_fingerprint, sizeof belief->root_pin);
    assert_true(check((const char *)receipt.bytes, receipt.len, belief).certificate_trusted);
    proto_buf_free(&receipt);
    free(belief);
}

/* What the authority takes back a relay hears of when somebody brings the note; the customer could not know. */
static void a_certificate_that_was_taken_back_is_told(void **state)
{
    static const struct {
        int64_t since_s;
        bool revoked, holds;
    } rows[] = {{8 * 86400, true, false}, {60, true, true}, {-86400, false, true}};
    struct audit_belief *belief = calloc(1, sizeof *belief);
    struct proto_buf receipt;

    (void)state;
    make_receipt(&receipt, &shared.agent);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        proto_org_init(&belief->org, LOG_FIXTURE_DOMAIN);
        assert_ok(proto_org_revoke(&belief->org, shared.agent.identity.serial,
                                   LOG_FIXTURE_BEGIN_MS / 1000 - rows[i].since_s, "-"));
        struct outcome o = check((const char *)receipt.bytes, receipt.len, belief);
        assert_int_equal(o.revoked, rows[i].revoked);
        assert_int_equal(o.holds, rows[i].holds);
        proto_org_clear(&belief->org);
    }
    proto_buf_free(&receipt);
    free(belief);
}

static void a_receipt_with_another_answer_in_its_proof_is_refused(void **state)
{
    struct proto_log_proofs *proofs = malloc(sizeof *proofs);
    struct proto_log_proof *proof = malloc(sizeof *proof);
    struct proto_buf receipt, altered;

    (void)state;
    make_receipt(&receipt, NULL);
    assert_ok(proto_log_proofs_open(proofs, (const char *)receipt.bytes, receipt.len));
    proto_buf_init(&altered, PROTO_LOG_PROOFS_FILE_MAX);
    proto_log_proofs_keys(&altered, proofs->log_vkey, &proofs->customer);
    assert_ok(proto_log_proofs_next(proofs, proof));
    char *word = strstr(proof->note, "action grant");
    assert_non_null(word);
    memcpy(word, "action leave", 12);
    assert_ok(proto_log_proofs_add(&altered, proof));
    struct outcome o = check_file(&altered);
    assert_false(o.holds);
    assert_non_null(strstr(o.why, "another note"));
    proto_buf_free(&altered);
    proto_buf_free(&receipt);
    free(proofs);
    free(proof);
}

/* Every line below the words: its beginning, its middle and its last character. */
static void a_receipt_that_was_changed_in_any_line_is_refused_with_words(void **state)
{
    struct proto_buf receipt;
    size_t lines = 0;

    (void)state;
    make_receipt(&receipt, &shared.agent);
    char *text = text_of(&receipt);
    for (char *line = strstr(text, "--- keys\n"), *end; line && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        char *const at[] = {line, line + (end - line) / 2, end - 1};
        for (size_t i = 0; end > line && i < sizeof at / sizeof *at; i++) {
            char was = *at[i];
            *at[i] = was == 'A' ? 'B' : 'A';
            struct outcome o = check(text, receipt.len, NULL);
            *at[i] = was;
            if (o.holds || !*o.why)
                fail_msg("it %s: %.*s", o.holds ? "still holds" : "is refused without a word", (int)(end - line), line);
        }
        lines += end > line;
    }
    assert_true(lines > 40);
    assert_true(check(text, receipt.len, NULL).holds);
    free(text);
    proto_buf_free(&receipt);
}

/* ---- the program ---- */

static void the_program_says_what_is_proved_and_what_is_not(void **state)
{
    const char *d = shared.folder;

    (void)state;
    audit_tool_expect(&shared, 0, "nobody but the file itself", "check %s/proofs", d);
    audit_tool_expect(&shared, 0, "words in front were not compared", "check %s/proofs", d);
    audit_tool_expect(&shared, 0, "nothing is wrong", "check - <%s/proofs", d);
    audit_tool_expect(&shared, 0, "nothing is wrong", "check /dev/stdin <%s/proofs", d);
    audit_tool_expect(&shared, 0, "under the organisation's root",
                      "check %s/proofs --ca %s/ca/ca.crt --org %s/org.note", d, d, d);
    audit_tool_expect(&shared, 0, "the one that you gave", "check %s/proofs --key %s/relay/log.vkey", d, d);
    audit_tool_expect(&shared, 0, "\"ok\":true", "check %s/proofs --json --key %s", d, shared.log_vkey);
    audit_tool_expect(&shared, 0, "to read the label", "check %s/proofs --dir %s", d, d);
    audit_tool_expect(&shared, 0, "under the organisation's root", "check %s/proofs --ca %s/ca/ca.crt", d, d);
    audit_tool_expect(&shared, 2, "--ca", "check %s/proofs --org %s/org.note", d, d);
    audit_tool_expect(&shared, 2, "takes the log's key", "check %s/proofs --key nonsense", d);
    audit_tool_expect(&shared, 2, "is not there", "check %s/nothing", d);
    audit_tool_expect(&shared, 1, "neither a file of proofs", "check %s/org.note", d);
    audit_tool_expect(&shared, 2, "--key", "prove 4f2a -o %s/x --dir %s", d, d);
    audit_tool_expect(&shared, 2, "-o", "prove 4f2a --dir %s --key %s/officer/evidence.key", d, d);
}

static void what_was_erased_has_no_proof_and_what_was_proved_still_holds(void **state)
{
    struct log_fixture f;
    struct log_session s;
    struct proto_buf before;
    struct relay_store *store;
    char data[HOST_PATH_BYTES], error[RELAY_STORE_ERROR_MAX];
    uint64_t erased;

    (void)state;
    log_fixture_open(&f);
    log_session_begin(&f, &s, "", "");
    log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_end(&f, &s, PROTO_END_DECLINED);
    log_fixture_settle(&f);
    make_file(&f, "4f", &before);
    assert_true(host_path(data, "%s/data", f.folder));
    assert_ok(relay_store_open(&store, &(struct relay_store_config){.folder = data, .random = f.random}, error));
    assert_ok(relay_store_begin(store));
    assert_ok(relay_store_erase_range(store, 0, 2, &erased));
    assert_ok(relay_store_commit(store));
    assert_ok(relay_store_wipe(store));
    relay_store_close(store);
    audit_tool_expect(&f, 1, "is missing: it has no row", "prove 4f -o %s/x --dir %s --key %s/officer/evidence.key",
                      f.folder, f.folder, f.folder);
    assert_true(check_file(&before).holds);
    proto_buf_free(&before);
    log_fixture_close(&f);
}

/* One note taken out of the middle: whoever reads the session without verifying the log is told. */
static void what_is_missing_and_was_not_erased_is_named_by_every_command(void **state)
{
    static const struct {
        const char *words, *said;
    } commands[] = {{"show 4f", "NO. "},
                    {"export --format jsonl", "\"ok\":false"},
                    {"export --format csv", "\"NO\""},
                    {"prove 4f -o /dev/null", "not all of this session holds"}};
    struct log_fixture f;
    struct log_session s;
    char path[HOST_PATH_BYTES];
    sqlite3 *db;

    (void)state;
    log_fixture_open(&f);
    log_session_begin(&f, &s, "", "");
    log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to read the label", 600);
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    log_fixture_settle(&f);
    assert_true(host_path(path, "%s/data/relay.db", f.folder));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE entry SET evidence=NULL WHERE idx=2", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        audit_tool_expect(&f, 1, commands[i].said, "%s --dir %s --key %s/officer/evidence.key", commands[i].words,
                          f.folder, f.folder);
    log_fixture_close(&f);
}

/* Two checkpoints under the log's key as two ends were shown them, in a file as an end keeps it. */
static void write_fork(const struct log_fixture *f, const struct proto_log_seen *first,
                       const struct proto_log_seen *second, const char *path)
{
    struct proto_log_fork fork = {.kind = first->size == second->size ? PROTO_LOG_FORK_SAME_SIZE
                                                                      : PROTO_LOG_FORK_BAD_PROOF};
    struct proto_log_checkpoint checkpoint = {.origin = LOG_FIXTURE_ORIGIN};
    uint8_t public_key[32], secret[64];
    char note[PROTO_LOG_CHECKPOINT_MAX];
    struct proto_buf text;

    proto_sign_keypair(public_key, secret, f->log_seed);
    snprintf(fork.log_vkey, sizeof fork.log_vkey, "%s", f->log_vkey);
    for (int i = 0; i < 2; i++) {
        const struct proto_log_seen *tree = i ? second : first;
        checkpoint.size = tree->size;
        memcpy(checkpoint.root, tree->root, sizeof checkpoint.root);
        assert_ok(proto_log_checkpoint_sign(note, &checkpoint, secret));
        assert_ok(proto_log_checkpoint_bare(i ? fork.second : fork.first, note, f->log_vkey));
    }
    proto_buf_init(&text, PROTO_LOG_FORK_FILE_MAX);
    assert_ok(proto_log_fork_write(&text, &fork));
    assert_ok(host_file_write(path, text.bytes, text.len, HOST_PRIVATE));
    proto_buf_free(&text);
}

static void make_fork(uint64_t first_size, uint64_t second_size, const char *path)
{
    const struct proto_log_seen first = {.size = first_size}, second = {.size = second_size, .root = {0, 0, 0, 1}};

    write_fork(&shared, &first, &second, path);
}

static void two_checkpoints_that_an_end_kept_are_judged_offline(void **state)
{
    const uint8_t seed[32] = {77};
    uint8_t public_key[32], secret[64];
    struct proto_note_key key;
    struct proto_buf other;
    char path[HOST_PATH_BYTES];

    (void)state;
    proto_sign_keypair(public_key, secret, seed);
    assert_ok(proto_note_key_init(&key, LOG_FIXTURE_ORIGIN, public_key));
    proto_buf_init(&other, PROTO_NOTE_VKEY_MAX);
    proto_note_key_format(&key, &other);
    assert_true(host_path(path, "%s/fork.txt", shared.folder));
    make_fork(12, 12, path);
    audit_tool_expect(&shared, 0, "PROVED", "check %s --key %s", path, shared.log_vkey);
    audit_tool_expect(&shared, 0, "nobody but the file itself", "check %s", path);
    audit_tool_expect(&shared, 0, "\"proved\":true", "check %s --json", path);
    audit_tool_expect(&shared, 1, "is not one of this organisation", "check %s --key %.*s", path, (int)other.len,
                      (const char *)other.bytes);
    proto_buf_free(&other);
    make_fork(12, 13, path);
    audit_tool_expect(&shared, 1, "of two sizes", "check %s --key %s", path, shared.log_vkey);
}

static void flip_tile(const struct log_fixture *f)
{
    char path[HOST_PATH_BYTES];
    sqlite3 *db;
    sqlite3_blob *blob;
    uint8_t byte;

    assert_true(host_path(path, "%s/data/relay.db", f->folder));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_blob_open(db, "main", "tile", "hashes", 0, 1, &blob), SQLITE_OK);
    assert_int_equal(sqlite3_blob_read(blob, &byte, 1, 40), SQLITE_OK);
    byte ^= 1;
    assert_int_equal(sqlite3_blob_write(blob, &byte, 1, 40), SQLITE_OK);
    assert_int_equal(sqlite3_blob_close(blob), SQLITE_OK);
    sqlite3_close(db);
}

/* What two checkpoints of two sizes leave open, the log that is kept now decides. */
static void a_log_that_is_at_hand_decides_what_two_checkpoints_leave_open(void **state)
{
    struct log_fixture f;
    struct log_session s;
    struct proto_log_seen early, late, other, later;
    char path[HOST_PATH_BYTES];

    (void)state;
    log_fixture_open(&f);
    log_session_begin(&f, &s, "", "");
    log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    relay_appender_head(f.appender, &early);
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    relay_appender_head(f.appender, &late);
    log_fixture_settle(&f);
    assert_true(host_path(path, "%s/fork.txt", f.folder));
    other = early;
    other.root[9] ^= 1;
    later = late;
    later.size += 5;

    write_fork(&f, &early, &late, path);
    audit_tool_expect(&f, 1, "REFUTED", "check %s --dir %s", path, f.folder);
    write_fork(&f, &other, &late, path);
    audit_tool_expect(&f, 1, "OPEN", "check %s --key %s", path, f.log_vkey);
    audit_tool_expect(&f, 0, "PROVED", "check %s --dir %s", path, f.folder);
    audit_tool_expect(&f, 0, "\"proved\":true", "check %s --json --dir %s", path, f.folder);
    write_fork(&f, &early, &later, path);
    audit_tool_expect(&f, 1, "fewer entries", "check %s --dir %s", path, f.folder);
    write_fork(&f, &other, &late, path);
    flip_tile(&f); /* then its hashes are not the log's word */
    audit_tool_expect(&f, 1, "damaged", "check %s --dir %s", path, f.folder);
    log_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_checkpoints_that_an_end_kept_are_judged_offline),
        cmocka_unit_test(a_log_that_is_at_hand_decides_what_two_checkpoints_leave_open),
        cmocka_unit_test(proofs_of_a_session_hold_without_the_relay),
        cmocka_unit_test(each_part_is_a_proof_that_other_programs_read),
        cmocka_unit_test(no_changed_character_gets_through),
        cmocka_unit_test(a_proof_under_the_number_of_another_is_refused),
        cmocka_unit_test(a_file_that_was_cut_anywhere_is_refused),
        cmocka_unit_test(a_log_of_somebody_else_is_not_believed),
        cmocka_unit_test(a_customers_key_that_did_not_join_is_found),
        cmocka_unit_test(a_forked_log_is_called_one),
        cmocka_unit_test(a_certificate_counts_at_the_time_that_the_log_says),
        cmocka_unit_test(a_receipt_says_what_was_shared_and_proves_each_line),
        cmocka_unit_test(a_receipt_whose_readable_answers_were_changed_is_refused),
        cmocka_unit_test(a_receipt_says_of_its_end_what_the_customer_signed),
        cmocka_unit_test(a_receipt_from_another_time_zone_holds),
        cmocka_unit_test(a_receipt_that_lost_a_proof_is_refused),
        cmocka_unit_test(a_receipt_that_breaks_off_says_so),
        cmocka_unit_test(a_receipt_without_a_certificate_holds_but_for_the_agents_name),
        cmocka_unit_test(proofs_in_a_page_hold_up_to_their_end),
        cmocka_unit_test(a_phones_page_says_what_is_proved_in_its_language),
        cmocka_unit_test(a_phones_page_of_another_version_is_not_compared),
        cmocka_unit_test(a_phones_page_that_was_changed_is_refused),
        cmocka_unit_test(a_certificate_that_no_statement_names_is_refused),
        cmocka_unit_test(a_certificate_that_was_taken_back_is_told),
        cmocka_unit_test(a_receipt_with_another_answer_in_its_proof_is_refused),
        cmocka_unit_test(a_receipt_that_was_changed_in_any_line_is_refused_with_words),
        cmocka_unit_test(the_program_says_what_is_proved_and_what_is_not),
        cmocka_unit_test(what_was_erased_has_no_proof_and_what_was_proved_still_holds),
        cmocka_unit_test(what_is_missing_and_was_not_erased_is_named_by_every_command),
    };

    return cmocka_run_group_tests(tests, build, tear_down);
}
