/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/relay/log_fixture.h"

#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "certs/build.h"
#include "certs/pem.h"
#include "proto/consent/evidence.h"
#include "proto/host/files.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "tests/scratch.h"

#define assert_ok(call) assert_int_equal((call), PROTO_OK)
#define DAY_S 86400

const char log_fixture_first_sid[] = "4f2a0101010101010101010101010101";

/* ---- the organisation ---- */

struct authority {
    EVP_PKEY *key;
    X509 *root;
    uint8_t secret_key[64];
    struct proto_buf ca_pem;
};

static void write_file(const struct log_fixture *f, const char *name, const struct proto_buf *content)
{
    char path[HOST_PATH_BYTES];

    assert_false(content->failed);
    assert_true(host_path(path, "%s/%s", f->folder, name));
    assert_ok(host_file_write(path, content->bytes, content->len, HOST_PRIVATE));
}

static void make_folders(const struct log_fixture *f)
{
    static const char *const names[] = {"ca/issued", "officer", "staff", "relay"};
    char path[HOST_PATH_BYTES];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(host_path(path, "%s/%s", f->folder, names[i]));
        assert_ok(host_folder_make(path, HOST_PRIVATE));
    }
}

static struct certs_span span_of(int64_t days)
{
    int64_t begin = LOG_FIXTURE_BEGIN_MS / 1000;

    return (struct certs_span){begin - CERTS_BACKDATE_S, begin + days * DAY_S};
}

static void secret_of(EVP_PKEY *key, uint8_t secret_key[64])
{
    uint8_t seed[32], public_key[32];
    size_t len = sizeof seed;

    assert_int_equal(EVP_PKEY_get_raw_private_key(key, seed, &len), 1);
    proto_sign_keypair(public_key, secret_key, seed);
}

static void make_root(struct log_fixture *f, struct authority *a)
{
    a->key = certs_key_ed25519(&f->random);
    a->root = certs_build_root(a->key, "Example", LOG_FIXTURE_DOMAIN, span_of(3650), &f->random);
    assert_non_null(a->root);
    secret_of(a->key, a->secret_key);
    proto_buf_init(&a->ca_pem, PROTO_PEM_BYTES);
    assert_ok(certs_pem_put_certificate(a->root, &a->ca_pem));
    write_file(f, "ca/ca.crt", &a->ca_pem);
}

static void make_staff(struct log_fixture *f, const struct authority *a, const char *id, const char *name,
                       enum proto_role role, struct proto_credential *out)
{
    const struct certs_leaf about = {id, name, LOG_FIXTURE_DOMAIN, role, span_of(30)};
    EVP_PKEY *key = certs_key_ed25519(&f->random);
    X509 *leaf = certs_build_leaf(key, &about, a->root, a->key, &f->random);
    struct proto_buf certificate, key_pem;
    char path[HOST_PATH_BYTES];

    assert_non_null(leaf);
    proto_buf_init(&certificate, PROTO_PEM_BYTES);
    proto_buf_init_secret(&key_pem, PROTO_PEM_BYTES);
    assert_ok(certs_pem_put_certificate(leaf, &certificate));
    assert_ok(certs_pem_put_private(key, &key_pem));
    assert_ok(proto_credential_of_pem(out, &certificate, &key_pem, &a->ca_pem, LOG_FIXTURE_BEGIN_MS / 1000));
    assert_true(host_path(path, "ca/issued/%s.crt", out->identity.serial));
    write_file(f, path, &certificate);
    proto_buf_free(&certificate);
    proto_buf_free(&key_pem);
    X509_free(leaf);
    EVP_PKEY_free(key);
}

static void make_evidence_key(struct log_fixture *f)
{
    EVP_PKEY *key = certs_key_x25519(&f->random);
    struct proto_buf pem;
    size_t len = sizeof f->evidence_key;

    assert_int_equal(EVP_PKEY_get_raw_public_key(key, f->evidence_key, &len), 1);
    proto_buf_init_secret(&pem, PROTO_PEM_BYTES);
    assert_ok(certs_pem_put_private(key, &pem));
    write_file(f, "officer/evidence.key", &pem);
    proto_buf_free(&pem);
    EVP_PKEY_free(key);
}

static void make_vkey(struct log_fixture *f)
{
    uint8_t public_key[32], secret_key[64];
    struct proto_note_key key;
    struct proto_buf vkey;

    proto_sign_keypair(public_key, secret_key, f->log_seed);
    assert_ok(proto_note_key_init(&key, LOG_FIXTURE_ORIGIN, public_key));
    proto_buf_init(&vkey, PROTO_ORG_VKEY_BYTES + 1);
    proto_note_key_format(&key, &vkey);
    snprintf(f->log_vkey, sizeof f->log_vkey, "%.*s", (int)vkey.len, vkey.bytes);
    proto_buf_put_text(&vkey, "\n");
    write_file(f, "relay/log.vkey", &vkey);
    proto_buf_free(&vkey);
}

void log_fixture_sign_policy(struct log_fixture *f)
{
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    const struct proto_policy_signer signer = {&f->officer.identity, chain, proto_credential_chain(&f->officer, chain),
                                               f->officer.secret_key};
    struct proto_buf note;

    proto_buf_init(&note, PROTO_POLICY_NOTE_BYTES);
    assert_ok(proto_policy_sign(&f->policy, &signer, &note));
    write_file(f, "policy.note", &note);
    proto_buf_free(&note);
}

static void make_notes(struct log_fixture *f, const struct authority *a)
{
    struct proto_buf note;

    proto_org_init(&f->org, LOG_FIXTURE_DOMAIN);
    f->org.number = 1;
    f->org.time_s = LOG_FIXTURE_BEGIN_MS / 1000;
    assert_ok(proto_org_add_log(&f->org, f->log_vkey));
    proto_buf_init(&note, PROTO_ORG_NOTE_BYTES);
    assert_ok(proto_org_sign(&f->org, a->secret_key, &note));
    write_file(f, "org.note", &note);
    proto_buf_free(&note);
    proto_policy_defaults(&f->policy, LOG_FIXTURE_DOMAIN);
    f->policy.number = 1;
    f->policy.time_s = LOG_FIXTURE_BEGIN_MS / 1000;
    memcpy(f->policy.evidence_key, f->evidence_key, sizeof f->policy.evidence_key);
    log_fixture_sign_policy(f);
}

static int64_t clock_of(void *context)
{
    return ((const struct log_fixture *)context)->now_ms;
}

void log_fixture_resume(struct log_fixture *f)
{
    char data[HOST_PATH_BYTES], checkpoint[HOST_PATH_BYTES], error[RELAY_STORE_ERROR_MAX];
    struct relay_store_config store = {.folder = data, .random = f->random};
    struct relay_appender_config log = {.seed = f->log_seed,
                                        .origin = LOG_FIXTURE_ORIGIN,
                                        .checkpoint_file = checkpoint,
                                        .unix_ms = clock_of,
                                        .context = f};

    assert_true(host_path(data, "%s/data", f->folder));
    assert_true(host_path(checkpoint, "%s/relay/checkpoint", f->folder));
    assert_ok(relay_store_open(&f->store, &store, error));
    log.store = f->store;
    assert_ok(relay_appender_start(&f->appender, &log, error));
}

void log_fixture_open(struct log_fixture *f)
{
    log_fixture_open_in(f, scratch_parent());
}

void log_fixture_open_in(struct log_fixture *f, const char *parent)
{
    struct authority a;
    uint8_t seed[32];

    memset(f, 0, sizeof *f);
    memset(seed, 7, sizeof seed);
    assert_true(sodium_init() >= 0);
    proto_random_seeded_init(&f->seeded, seed);
    f->random = proto_random_from_seeded(&f->seeded);
    f->now_ms = LOG_FIXTURE_BEGIN_MS;
    snprintf(f->folder, sizeof f->folder, "%s/handhold-org-XXXXXX", parent);
    assert_non_null(mkdtemp(f->folder));
    proto_random_fill(&f->random, f->log_seed, sizeof f->log_seed);
    make_folders(f);
    make_root(f, &a);
    make_staff(f, &a, "officer", "Privacy Officer", PROTO_ROLE_OFFICER, &f->officer);
    make_staff(f, &a, "ada", "Ada Lovelace", PROTO_ROLE_AGENT, &f->agent);
    memcpy(f->recorded_key, f->agent.identity.public_key, sizeof f->recorded_key);
    make_evidence_key(f);
    make_vkey(f);
    make_notes(f, &a);
    memcpy(f->root_secret, a.secret_key, sizeof f->root_secret);
    log_fixture_resume(f);
    proto_buf_free(&a.ca_pem);
    X509_free(a.root);
    EVP_PKEY_free(a.key);
    sodium_memzero(&a, sizeof a);
}

void log_fixture_settle(struct log_fixture *f)
{
    relay_appender_free(f->appender);
    relay_store_close(f->store);
    f->appender = NULL;
    f->store = NULL;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

void log_fixture_close(struct log_fixture *f)
{
    log_fixture_settle(f);
    proto_credential_clear(&f->officer);
    proto_credential_clear(&f->agent);
    assert_int_equal(nftw(f->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void log_fixture_pass(struct log_fixture *f, int64_t seconds)
{
    f->now_ms += seconds * 1000;
}

/* ---- notes into the log ---- */

/* Some character of the last signature becomes another. */
static void spoil_signature(const struct log_fixture *f, const struct proto_buf *note)
{
    uint8_t *at = note->bytes + note->len - 20;

    if (f->spoil.signature)
        *at = *at == 'A' ? 'B' : 'A';
}

static void spoil_job(struct log_fixture *f, struct relay_job *job)
{
    job->commitment[0] = (uint8_t)(job->commitment[0] ^ f->spoil.commitment);
    if (f->spoil.kind)
        job->kind = job->kind == PROTO_LOG_STATEMENT ? PROTO_LOG_RELAY_EVENT : PROTO_LOG_STATEMENT;
    memset(&f->spoil, 0, sizeof f->spoil);
}

/* Whole into the log, at once; `f->entry` is its place. */
static void push_whole(struct log_fixture *f, const struct relay_job *job, struct relay_result *result)
{
    assert_ok(relay_appender_push(f->appender, job));
    assert_true(relay_appender_step(f->appender));
    assert_true(relay_appender_take_result(f->appender, result));
    assert_ok(result->err);
    f->entry = result->receipt.index;
}

static void append(struct log_fixture *f, struct log_session *s, enum proto_log_class kind, bool with_row,
                   const struct proto_buf *note)
{
    static struct relay_result result;
    struct proto_evidence evidence = {.count = 0};
    struct relay_job job = {
        .ticket = ++f->tickets, .has_entry = true, .kind = kind, .session = with_row ? &s->row : NULL};
    struct proto_buf sealed;

    for (size_t i = 0; kind == PROTO_LOG_STATEMENT && i < s->ride_count; i++)
        evidence.notes[evidence.count++] = (struct proto_evidence_note){s->rides[i].bytes, s->rides[i].len};
    evidence.notes[evidence.count++] = (struct proto_evidence_note){note->bytes, note->len};
    spoil_signature(f, note);
    proto_random_fill(&f->random, evidence.r, sizeof evidence.r);
    proto_buf_init(&sealed, PROTO_MAX_EVIDENCE_BYTES);
    assert_ok(proto_evidence_seal(&evidence, f->evidence_key, &f->random, &sealed));
    proto_log_commit(job.commitment, evidence.r, note->bytes, note->len);
    spoil_job(f, &job);
    memcpy(job.sid, s->row.sid, sizeof job.sid);
    job.evidence = sealed.bytes;
    job.evidence_len = sealed.len;
    push_whole(f, &job, &result);
    proto_log_leaf_hash(f->leaf_hash, result.receipt.leaf);
    proto_buf_free(&sealed);
    for (size_t i = 0; kind == PROTO_LOG_STATEMENT && i < s->ride_count; i++)
        proto_buf_free(&s->rides[i]);
    if (kind == PROTO_LOG_STATEMENT)
        s->ride_count = 0;
}

static void advance(struct log_chain *chain, const struct proto_buf *text)
{
    chain->seq++;
    proto_sha256(chain->prev, text->bytes, text->len);
}

static struct proto_event_note event_of(const struct log_fixture *f, const struct log_session *s,
                                        const struct log_chain *chain, enum proto_act act,
                                        enum proto_capability capability)
{
    struct proto_event_note event = {.seq = chain->seq + 1,
                                     .first = chain->seq == 0,
                                     .unix_s = f->now_ms / 1000 - f->spoil.ago_s,
                                     .action = act,
                                     .capability = capability};

    memcpy(event.sid, s->row.sid, sizeof event.sid);
    memcpy(event.prev, chain->prev, sizeof event.prev);
    return event;
}

static void log_event(struct log_fixture *f, struct log_session *s, struct proto_event_note *event)
{
    struct proto_buf text, note;

    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_event_note_write(event, &text));
    size_t len = text.len;
    proto_buf_put_u8(&text, 0);
    assert_ok(relay_appender_sign_event(f->appender, (const char *)text.bytes, &note));
    s->row.event_seq = event->seq;
    proto_sha256(s->row.event_prev, text.bytes, len);
    append(f, s, PROTO_LOG_RELAY_EVENT, true, &note);
    proto_buf_free(&text);
    proto_buf_free(&note);
}

static struct proto_event_note relay_event(const struct log_fixture *f, const struct log_session *s, enum proto_act act,
                                           enum proto_capability capability)
{
    struct log_chain chain = {(uint32_t)s->row.event_seq, {0}};

    memcpy(chain.prev, s->row.event_prev, sizeof chain.prev);
    return event_of(f, s, &chain, act, capability);
}

static void add_hash(struct proto_event_note *event, const char *key, const uint8_t bytes[32])
{
    char hex[65];

    if (!proto_event_note_get(event, key))
        assert_ok(proto_event_note_detail(event, key, "%s", sodium_bin2hex(hex, sizeof hex, bytes, 32)));
}

/* What the relay adds to each event of a kind. */
static void complete(const struct log_fixture *f, const struct log_session *s, struct proto_event_note *event)
{
    if (event->action == PROTO_ACT_JOINED)
        add_hash(event, "key", s->row.cs_pub);
    if (event->action == PROTO_ACT_GATE_OPENED)
        add_hash(event, "grantee", f->agent.identity.fingerprint);
    if (proto_event_note_get(event, "stream") && event->action != PROTO_ACT_BLOCKED)
        assert_ok(proto_event_note_detail(event, "dst", "2"));
}

void log_session_event(struct log_fixture *f, struct log_session *s, enum proto_act act,
                       enum proto_capability capability, ...)
{
    struct proto_event_note event = relay_event(f, s, act, capability);
    const char *key;
    va_list details;

    va_start(details, capability);
    while ((key = va_arg(details, const char *)))
        assert_ok(proto_event_note_detail(&event, key, "%s", va_arg(details, const char *)));
    va_end(details);
    if (!f->spoil.bare)
        complete(f, s, &event);
    log_event(f, s, &event);
}

void log_session_agent_event(struct log_fixture *f, struct log_session *s, enum proto_act act,
                             enum proto_capability capability)
{
    struct proto_event_note event = event_of(f, s, &s->agent, act, capability);
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1];
    struct proto_buf text, note;

    proto_identity_signer_name(&f->agent.identity, name);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    if (event.first && !f->spoil.bare)
        add_hash(&event, "customer-key", s->seen_by_agent);
    assert_ok(proto_event_note_write(&event, &text));
    assert_ok(proto_note_make((const char *)text.bytes, text.len, name, f->agent.secret_key, &note));
    advance(&s->agent, &text);
    append(f, s, PROTO_LOG_AGENT_EVENT, false, &note);
    proto_buf_free(&text);
    proto_buf_free(&note);
}

/* The agent's line under what the customer signed. */
static void cosign(const struct log_fixture *f, const struct proto_buf *text, struct proto_buf *note)
{
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1];
    struct proto_buf line;

    proto_identity_signer_name(&f->agent.identity, name);
    proto_buf_init(&line, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_note_sign((const char *)text->bytes, text->len, name, f->agent.secret_key, &line));
    assert_ok(proto_note_add_line(note, (const char *)line.bytes, line.len));
    proto_buf_free(&line);
}

void log_session_state(struct log_fixture *f, struct log_session *s, struct proto_statement st)
{
    char name[PROTO_SIGNER_BYTES];
    struct proto_buf text, note;

    memcpy(st.sid, s->row.sid, sizeof st.sid);
    st.seq = s->customer.seq + 1;
    st.first = s->customer.seq == 0;
    memcpy(st.prev, s->customer.prev, sizeof st.prev);
    st.unix_s = f->now_ms / 1000 - f->spoil.ago_s;
    memcpy(st.grantee, f->agent.identity.fingerprint, sizeof st.grantee);
    st.role = f->agent.identity.role;
    snprintf(st.domain, sizeof st.domain, "%s", LOG_FIXTURE_DOMAIN);
    st.verified = true;
    proto_statement_shown(st.ui_text, st.capability, f->spoil.shown ? "something else" : st.purpose, st.max_s);
    f->spoil.shown = false;
    proto_signer_customer(name, s->row.sid);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_statement_write(&st, &text));
    assert_ok(proto_note_make((const char *)text.bytes, text.len, name, s->cs_secret, &note));
    if (!s->lone)
        cosign(f, &text, &note);
    advance(&s->customer, &text);
    proto_buf_free(&text);
    if (st.action == PROTO_STATEMENT_REKEY) {
        assert_true(s->ride_count < LOG_FIXTURE_RIDES);
        s->rides[s->ride_count++] = note;
        return;
    }
    append(f, s, PROTO_LOG_STATEMENT, false, &note);
    if (st.action == PROTO_STATEMENT_GRANT)
        memcpy(s->grant_leaf, f->leaf_hash, sizeof s->grant_leaf);
    proto_buf_free(&note);
}

/* ---- sessions ---- */

static const char *as_detail(const char *text)
{
    static char value[PROTO_EVENT_VALUE_BYTES + 1];

    proto_event_note_text(value, text);
    return value;
}

void log_session_begin(struct log_fixture *f, struct log_session *s, const char *customer, const char *ticket)
{
    uint8_t seed[32];
    struct proto_event_note event;

    memset(s, 0, sizeof *s);
    uint32_t number = ++f->sessions;
    memset(s->row.sid, (uint8_t)number, sizeof s->row.sid);
    s->row.sid[0] = (uint8_t)(number == 1 ? 0x4f : 0xa0 + number);
    s->row.sid[1] = 0x2a;
    s->row.sid[2] = (uint8_t)(number >> 8 ^ number);
    s->row.sid[3] = (uint8_t)(number >> 16 ^ number);
    proto_random_fill(&f->random, seed, sizeof seed);
    proto_sign_keypair(s->row.cs_pub, s->cs_secret, seed);
    memcpy(s->seen_by_agent, s->row.cs_pub, sizeof s->seen_by_agent);
    s->row.state = RELAY_STORE_LIVE;
    memcpy(s->row.agent_fingerprint, f->agent.identity.fingerprint, sizeof s->row.agent_fingerprint);
    snprintf(s->row.agent_id, sizeof s->row.agent_id, "ada");
    snprintf(s->row.agent_name, sizeof s->row.agent_name, "%.128s", f->agent.identity.name);
    snprintf(s->row.agent_role, sizeof s->row.agent_role, "agent");
    snprintf(s->row.customer_ref, sizeof s->row.customer_ref, "%s", customer);
    snprintf(s->row.ticket_ref, sizeof s->row.ticket_ref, "%s", ticket);
    s->row.created_unix_ms = f->now_ms - f->spoil.ago_s * 1000;
    s->row.expires_unix_ms = f->now_ms + PROTO_SESSION_MS;
    event = relay_event(f, s, PROTO_ACT_CREATED, PROTO_CAPABILITY_NONE);
    snprintf(event.subject, sizeof event.subject, "%s %s", s->row.agent_name, f->agent.identity.serial);
    assert_ok(proto_event_note_detail(&event, "role", "agent"));
    assert_ok(proto_event_note_detail(&event, "id", "ada"));
    assert_ok(proto_event_note_detail(&event, "serial", "%s", f->agent.identity.serial));
    add_hash(&event, "fingerprint", f->agent.identity.fingerprint);
    add_hash(&event, "key", f->recorded_key);
    if (*customer)
        assert_ok(proto_event_note_detail(&event, "customer", "%s", as_detail(customer)));
    if (*ticket)
        assert_ok(proto_event_note_detail(&event, "ticket", "%s", as_detail(ticket)));
    log_event(f, s, &event);
}

void log_session_grant(struct log_fixture *f, struct log_session *s, enum proto_capability capability,
                       const char *purpose, uint32_t max_s)
{
    struct proto_statement st = {.action = PROTO_STATEMENT_GRANT,
                                 .capability = capability,
                                 .has_key = true,
                                 .epoch = ++s->epoch,
                                 .max_s = max_s,
                                 .retention_days = 30};

    snprintf(st.purpose, sizeof st.purpose, "%s", purpose);
    memset(st.key_commit, (int)s->epoch, sizeof st.key_commit);
    log_session_state(f, s, st);
}

void log_session_answer(struct log_fixture *f, struct log_session *s, enum proto_statement_action action,
                        enum proto_capability capability, const char *purpose)
{
    struct proto_statement st = {.action = action, .capability = capability};

    if (action == PROTO_STATEMENT_REKEY) {
        st.has_key = st.everyone = true;
        st.epoch = ++s->epoch;
        memset(st.key_commit, (int)s->epoch, sizeof st.key_commit);
    }
    st.everyone = st.everyone || action == PROTO_STATEMENT_END;
    snprintf(st.purpose, sizeof st.purpose, "%s", purpose);
    log_session_state(f, s, st);
}

void log_session_show(struct log_fixture *f, struct log_session *s, enum proto_capability capability,
                      const char *stream)
{
    char leaf[65];

    sodium_bin2hex(leaf, sizeof leaf, s->grant_leaf, sizeof s->grant_leaf);
    log_session_event(f, s, PROTO_ACT_GATE_OPENED, capability, "src", "1", "stream", stream, "leaf", leaf, NULL);
    log_session_event(f, s, PROTO_ACT_STARTED, capability, "src", "1", "stream", stream, NULL);
}

void log_session_hide(struct log_fixture *f, struct log_session *s, enum proto_capability capability,
                      const char *stream, const char *frames, const char *bytes)
{
    char leaf[65];

    sodium_bin2hex(leaf, sizeof leaf, s->grant_leaf, sizeof s->grant_leaf);
    log_session_event(f, s, PROTO_ACT_STOPPED, capability, "src", "1", "stream", stream, "frames", frames, "bytes",
                      bytes, NULL);
    log_session_event(f, s, PROTO_ACT_GATE_CLOSED, capability, "src", "1", "stream", stream, "leaf", leaf, NULL);
}

void log_session_end(struct log_fixture *f, struct log_session *s, enum proto_end reason)
{
    s->row.state = RELAY_STORE_ENDED;
    snprintf(s->row.ended_reason, sizeof s->row.ended_reason, "%s", proto_end_name(reason));
    log_session_event(f, s, PROTO_ACT_ENDED, PROTO_CAPABILITY_NONE, "by", s->ended_by ? s->ended_by : "agent", "reason",
                      proto_end_name(reason), s->stopped_by ? "officer" : NULL, s->stopped_by, NULL);
    for (size_t i = 0; i < s->ride_count; i++)
        proto_buf_free(&s->rides[i]);
    s->ride_count = 0;
}

/* ---- the relay about itself ---- */

void log_fixture_put(struct log_fixture *f, enum proto_log_class kind, const uint8_t *note, size_t len,
                     const uint8_t r[static 32], struct relay_result *result)
{
    struct proto_evidence evidence = {.notes = {{note, len}}, .count = 1};
    struct relay_job job = {.ticket = ++f->tickets, .has_entry = true, .kind = kind};
    struct proto_buf plain;

    memcpy(evidence.r, r, sizeof evidence.r);
    proto_buf_init(&plain, PROTO_MAX_EVIDENCE_BYTES);
    assert_ok(proto_evidence_write(&evidence, &plain));
    proto_log_commit(job.commitment, evidence.r, note, len);
    job.evidence = plain.bytes;
    job.evidence_len = plain.len;
    push_whole(f, &job, result);
    memset(&f->spoil, 0, sizeof f->spoil);
    proto_buf_free(&plain);
}

static void log_own(struct log_fixture *f, enum proto_log_class kind, const struct proto_buf *note)
{
    static struct relay_result result;
    uint8_t r[32];

    proto_random_fill(&f->random, r, sizeof r);
    log_fixture_put(f, kind, note->bytes, note->len, r, &result);
}

static const char *log_named(const struct log_fixture *f)
{
    return f->spoil.log ? f->spoil.log : LOG_FIXTURE_ORIGIN;
}

static void add_log(const struct log_fixture *f, struct proto_event_note *event)
{
    char name[PROTO_EVENT_VALUE_BYTES + 1];

    proto_event_note_text(name, log_named(f));
    assert_ok(proto_event_note_detail(event, "log", "%s", name));
}

/* The next note of the relay's own chain; the text is freed. */
static void sign_own(struct log_fixture *f, enum proto_log_class kind, struct proto_buf *text)
{
    struct proto_buf note;

    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    proto_sha256(f->own.prev, text->bytes, text->len);
    f->own.seq++;
    proto_buf_put_u8(text, 0);
    assert_ok(relay_appender_sign_event(f->appender, (const char *)text->bytes, &note));
    log_own(f, kind, &note);
    proto_buf_free(text);
    proto_buf_free(&note);
}

void log_fixture_refused(struct log_fixture *f, unsigned times)
{
    struct proto_event_note event = {
        .seq = f->own.seq + 1, .first = f->own.seq == 0, .unix_s = f->now_ms / 1000, .action = PROTO_ACT_REFUSED};
    struct proto_buf text;

    memcpy(event.prev, f->own.prev, sizeof event.prev);
    snprintf(event.subject, sizeof event.subject, "%.100s %s", f->agent.identity.name, f->agent.identity.serial);
    assert_ok(proto_event_note_detail(&event, "id", "ada"));
    assert_ok(proto_event_note_detail(&event, "cause", "ticket"));
    assert_ok(proto_event_note_detail(&event, "times", "%u", times));
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_event_note_write(&event, &text));
    sign_own(f, PROTO_LOG_OFFICER_ACT, &text);
}

void log_fixture_taken(struct log_fixture *f, enum proto_act act, uint64_t number, const uint8_t hash[static 32])
{
    struct proto_event_note event = {
        .seq = f->own.seq + 1, .first = f->own.seq == 0, .unix_s = f->now_ms / 1000, .action = act};
    char hex[65];
    struct proto_buf text;

    memcpy(event.prev, f->own.prev, sizeof event.prev);
    assert_ok(proto_event_note_detail(&event, "number", "%llu", (unsigned long long)number));
    assert_ok(proto_event_note_detail(&event, "hash", "%s", sodium_bin2hex(hex, sizeof hex, hash, 32)));
    if (act == PROTO_ACT_ORG_TAKEN)
        assert_ok(proto_event_note_detail(&event, "revoked", "%zu", f->org.revoked_count));
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_event_note_write(&event, &text));
    sign_own(f, PROTO_LOG_OFFICER_ACT, &text);
}

static void write_org(struct log_fixture *f)
{
    struct proto_buf note;

    f->org.number++;
    proto_buf_init(&note, PROTO_ORG_NOTE_BYTES);
    assert_ok(proto_org_sign(&f->org, f->root_secret, &note));
    write_file(f, "org.note", &note);
    proto_buf_free(&note);
}

void log_fixture_revoke(struct log_fixture *f, const struct proto_credential *whose, int64_t time_s)
{
    assert_ok(proto_org_revoke(&f->org, whose->identity.serial, time_s, "-"));
    write_org(f);
}

void log_fixture_list(struct log_fixture *f, const char *origin)
{
    struct proto_note_key key;
    struct proto_buf vkey;

    assert_ok(proto_note_key_init(&key, origin, f->officer.identity.public_key)); /* any other key */
    proto_buf_init(&vkey, PROTO_ORG_VKEY_BYTES + 1);
    proto_note_key_format(&key, &vkey);
    proto_buf_put_u8(&vkey, 0);
    assert_ok(proto_org_add_log(&f->org, (const char *)vkey.bytes));
    proto_buf_free(&vkey);
    write_org(f);
}

void log_fixture_retain(struct log_fixture *f, uint64_t first, uint64_t last, const char *basis)
{
    struct proto_erasure erasure = {.seq = f->own.seq + 1,
                                    .first = f->own.seq == 0,
                                    .unix_s = f->now_ms / 1000,
                                    .retention = true,
                                    .ranges = {{first, last}},
                                    .count = 1};
    struct proto_buf text;

    memcpy(erasure.prev, f->own.prev, sizeof erasure.prev);
    snprintf(erasure.basis, sizeof erasure.basis, "%s", basis);
    snprintf(erasure.log, sizeof erasure.log, "%s", log_named(f));
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_erasure_write(&erasure, &text));
    sign_own(f, PROTO_LOG_ERASURE, &text);
}

/* The first note of an officer; NULL: of nobody. The text is freed. */
static void sign_officer(struct log_fixture *f, enum proto_log_class kind, const struct proto_credential *by,
                         struct proto_buf *text)
{
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1] = LOG_FIXTURE_DOMAIN "/officer/00112233445566778899aabbccddeeff";
    struct proto_buf note;

    if (by)
        proto_identity_signer_name(&by->identity, name);
    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_note_make((const char *)text->bytes, text->len, name, (by ? by : &f->agent)->secret_key, &note));
    log_own(f, kind, &note);
    proto_buf_free(text);
    proto_buf_free(&note);
}

void log_fixture_erasure(struct log_fixture *f, uint64_t first, uint64_t last, const struct proto_credential *by,
                         int64_t ago_s)
{
    struct proto_erasure erasure = {
        .seq = 1, .first = true, .unix_s = f->now_ms / 1000 - ago_s, .ranges = {{first, last}}, .count = 1};
    struct proto_buf text;

    snprintf(erasure.basis, sizeof erasure.basis, "asked for");
    snprintf(erasure.log, sizeof erasure.log, "%s", log_named(f));
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_erasure_write(&erasure, &text));
    sign_officer(f, PROTO_LOG_ERASURE, by, &text);
}

void log_fixture_stopped(struct log_fixture *f, const struct log_session *s, const struct proto_credential *by)
{
    struct proto_event_note event = {
        .seq = 1, .first = true, .unix_s = f->now_ms / 1000 - f->spoil.ago_s, .action = PROTO_ACT_SESSION_STOPPED};
    struct proto_buf text;

    memcpy(event.sid, s->row.sid, sizeof event.sid);
    snprintf(event.subject, sizeof event.subject, "it was enough");
    add_log(f, &event);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_event_note_write(&event, &text));
    sign_officer(f, PROTO_LOG_OFFICER_ACT, by, &text);
}

void log_fixture_signed_policy(struct log_fixture *f, uint64_t number)
{
    struct proto_event_note event = {
        .seq = 1, .first = true, .unix_s = f->now_ms / 1000, .action = PROTO_ACT_POLICY_SIGNED};
    struct proto_buf text;

    assert_ok(proto_event_note_detail(&event, "number", "%llu", (unsigned long long)number));
    add_hash(&event, "hash", (const uint8_t[32]){9});
    add_log(f, &event);
    assert_ok(proto_event_note_detail(&event, "keep", "30"));
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_event_note_write(&event, &text));
    sign_officer(f, PROTO_LOG_OFFICER_ACT, &f->officer, &text);
}

void log_fixture_erase(const struct log_fixture *f, uint64_t first, uint64_t last)
{
    char data[HOST_PATH_BYTES], error[RELAY_STORE_ERROR_MAX];
    struct relay_store *store;
    uint64_t erased = 0;

    assert_true(host_path(data, "%s/data", f->folder));
    assert_ok(relay_store_open(&store, &(struct relay_store_config){.folder = data, .random = f->random}, error));
    assert_ok(relay_store_begin(store));
    assert_ok(relay_store_erase_range(store, first, last, &erased));
    assert_ok(relay_store_commit(store));
    assert_ok(relay_store_wipe(store));
    relay_store_close(store);
}

void log_fixture_took(struct log_fixture *f, uint64_t number, const uint8_t hash[static 32])
{
    struct proto_event_note event = {
        .seq = f->own.seq + 1, .first = f->own.seq == 0, .unix_s = f->now_ms / 1000, .action = PROTO_ACT_POLICY_TAKEN};
    struct proto_buf text;

    memcpy(event.prev, f->own.prev, sizeof event.prev);
    assert_ok(proto_event_note_detail(&event, "number", "%llu", (unsigned long long)number));
    add_hash(&event, "hash", hash);
    assert_ok(proto_event_note_detail(&event, "officer", "%s", f->officer.identity.serial));
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_event_note_write(&event, &text));
    sign_own(f, PROTO_LOG_OFFICER_ACT, &text);
}

/* ---- the story ---- */

static void first_session(struct log_fixture *f)
{
    struct log_session s;

    log_session_begin(f, &s, "C-1001", "T-77");
    log_fixture_pass(f, 21);
    log_session_event(f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_fixture_pass(f, 9);
    log_session_grant(f, &s, PROTO_CAPABILITY_CAMERA, "to read the label on the back of the hub", 600);
    log_session_show(f, &s, PROTO_CAPABILITY_CAMERA, "17");
    log_session_agent_event(f, &s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
    log_fixture_pass(f, 30);
    log_session_answer(f, &s, PROTO_STATEMENT_REKEY, PROTO_CAPABILITY_CAMERA, "");
    log_session_answer(f, &s, PROTO_STATEMENT_REFUSE, PROTO_CAPABILITY_MICROPHONE, "to hear the tone of the line");
    log_fixture_pass(f, 18);
    log_session_hide(f, &s, PROTO_CAPABILITY_CAMERA, "17", "1412", "3141592");
    log_session_answer(f, &s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_CAMERA, "");
    log_session_agent_event(f, &s, PROTO_ACT_VIEWING_STOPPED, PROTO_CAPABILITY_CAMERA);
    log_fixture_pass(f, 2);
    log_session_event(f, &s, PROTO_ACT_BLOCKED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "17", NULL);
    log_fixture_pass(f, 12);
    log_session_answer(f, &s, PROTO_STATEMENT_END, PROTO_CAPABILITY_NONE, proto_end_name(PROTO_END_COMPLETED));
    log_session_end(f, &s, PROTO_END_COMPLETED);
}

static void second_session(struct log_fixture *f)
{
    struct log_session s;

    log_fixture_pass(f, 600);
    log_session_begin(f, &s, "", "");
    log_fixture_pass(f, 40);
    log_session_event(f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "code", NULL);
    s.lone = true;
    log_session_grant(f, &s, PROTO_CAPABILITY_DEVICE_STATE, "to see why the hub is offline", 0);
    log_session_show(f, &s, PROTO_CAPABILITY_DEVICE_STATE, "4");
    log_fixture_pass(f, 70);
    log_session_event(f, &s, PROTO_ACT_LOST, PROTO_CAPABILITY_NONE, "who", "customer", NULL);
    log_session_hide(f, &s, PROTO_CAPABILITY_DEVICE_STATE, "4", "12", "2048");
    log_fixture_pass(f, 61);
    log_session_end(f, &s, PROTO_END_CONNECTION_LOST);
}

void log_fixture_story(struct log_fixture *f)
{
    struct log_session third;

    first_session(f);
    second_session(f);
    log_fixture_pass(f, 300);
    log_session_begin(f, &third, "C-1001", "T-78");
}

/* ---- altered, and as it was ---- */

void log_fixture_alter(const struct log_fixture *f, const char *database, const char *sql)
{
    char path[HOST_PATH_BYTES], *error = NULL;
    sqlite3 *db;

    assert_true(host_path(path, "%s/data/%s", f->folder, database));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    sqlite3_close(db);
}

enum { DATABASES = 2, DATABASE_MAX = 1 << 24 };
static const char *const databases[DATABASES] = {"relay.db", "keys.db"};
static struct proto_buf kept[DATABASES];

void log_fixture_keep(const struct log_fixture *f)
{
    char path[HOST_PATH_BYTES];

    for (int i = 0; i < DATABASES; i++) {
        proto_buf_init(&kept[i], DATABASE_MAX);
        assert_true(host_path(path, "%s/data/%s", f->folder, databases[i]));
        assert_ok(host_file_read(path, &kept[i]));
    }
}

void log_fixture_put_back(const struct log_fixture *f)
{
    static const char *const beside[] = {"-shm", "-wal"};
    char path[HOST_PATH_BYTES];

    for (int i = 0; i < DATABASES; i++) {
        assert_true(host_path(path, "%s/data/%s", f->folder, databases[i]));
        assert_ok(host_file_write(path, kept[i].bytes, kept[i].len, HOST_PRIVATE));
        for (size_t j = 0; j < sizeof beside / sizeof *beside; j++) {
            assert_true(host_path(path, "%s/data/%s%s", f->folder, databases[i], beside[j]));
            (void)remove(path);
        }
    }
}

void log_fixture_forget(void)
{
    for (int i = 0; i < DATABASES; i++)
        proto_buf_free(&kept[i]);
}
