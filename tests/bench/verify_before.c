/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/bench/verify_before.h"

#include <stdio.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/seal/kdf.h"
#include "relay/log/writer.h"
#include "tests/bench/bench.h"

enum {
    GROUP = 20000,
    ENTRIES_A_SESSION = 10,
    CUSTOMERS = 1000,
    EVIDENCE_BYTES = 64,
    ENTRY_EVERY_MS = 20, /* ten million in two days and a half: the leaves' seconds repeat, and never go back */
};

struct past {
    struct log_fixture *f;
    struct log_writer writer;
    enum proto_err err;
};

static void must(struct past *p, enum proto_err err)
{
    if (err)
        bench_cannot("the log of before: %s: %s", proto_err_rule(err), relay_store_error(p->f->store));
}

static void node_made(void *context, unsigned level, uint64_t index, const uint8_t hash[PROTO_LOG_HASH_BYTES])
{
    struct past *p = context;

    if (!p->err)
        p->err = log_edge_add(&p->writer.now.edge, level, index, hash, p->f->store);
}

/* Rising, so that their rows are written in order. */
static void sid_of(uint64_t session, uint8_t sid[static RELAY_STORE_SID_BYTES])
{
    memset(sid, 0x5a, RELAY_STORE_SID_BYTES);
    for (int i = 7; i >= 0; i--, session >>= 8)
        sid[i] = (uint8_t)session;
}

static void put_session(struct past *p, uint64_t session)
{
    struct relay_store_session row = {.state = RELAY_STORE_ENDED,
                                      .created_unix_ms = p->f->now_ms,
                                      .expires_unix_ms = p->f->now_ms + PROTO_SESSION_MS};

    sid_of(session, row.sid);
    snprintf(row.agent_id, sizeof row.agent_id, "ada");
    snprintf(row.agent_name, sizeof row.agent_name, "Ada Lovelace");
    snprintf(row.agent_role, sizeof row.agent_role, "agent");
    snprintf(row.customer_ref, sizeof row.customer_ref, "C-%03u", (unsigned)(session % CUSTOMERS));
    snprintf(row.ended_reason, sizeof row.ended_reason, "completed");
    must(p, relay_store_put_session(p->f->store, &row));
}

static void put_entry(struct past *p, uint64_t n)
{
    static const uint8_t evidence[EVIDENCE_BYTES];
    struct proto_log_leaf leaf = {.kind = PROTO_LOG_STATEMENT, .unix_s = p->f->now_ms / 1000};
    struct relay_store_entry entry = {.index = n,
                                      .received_ms = p->f->now_ms,
                                      .evidence = evidence,
                                      .evidence_len = sizeof evidence,
                                      .evidence_line = "verified before"};
    const struct proto_log_sink sink = {node_made, p};
    uint8_t hash[PROTO_LOG_HASH_BYTES];

    proto_sha256(leaf.commitment, &n, sizeof n);
    must(p, proto_log_leaf_encode(entry.leaf, &leaf));
    sid_of(n / ENTRIES_A_SESSION, entry.sid);
    must(p, relay_store_put_entry(p->f->store, &entry));
    proto_log_leaf_hash(hash, entry.leaf);
    must(p, proto_log_tree_append(&p->writer.now.tree, hash, &sink));
    must(p, p->err);
}

static void put_group(struct past *p, uint64_t from, uint64_t to)
{
    struct relay_store_checkpoint head = {0};

    must(p, relay_store_begin(p->f->store));
    for (uint64_t n = from; n < to; n++) {
        p->f->now_ms += ENTRY_EVERY_MS;
        if (n % ENTRIES_A_SESSION == 0)
            put_session(p, n / ENTRIES_A_SESSION);
        put_entry(p, n);
    }
    must(p, log_writer_sign_tree(&p->writer, &head));
    must(p, log_edge_write(&p->writer.now.edge, p->f->store));
    must(p, relay_store_put_checkpoint(p->f->store, &head));
    must(p, relay_store_commit(p->f->store));
    (void)relay_store_tidy(p->f->store, false);
}

void bench_verified_before(struct log_fixture *f, uint64_t entries)
{
    static struct past p;
    char error[RELAY_STORE_ERROR_MAX];
    const struct relay_appender_config config = {.store = f->store, .seed = f->log_seed, .origin = LOG_FIXTURE_ORIGIN};

    p.f = f;
    if (log_writer_init(&p.writer, &config, error) != PROTO_OK)
        bench_cannot("%s", error);
    for (uint64_t n = 0; n < entries; n += GROUP)
        put_group(&p, n, n + GROUP < entries ? n + GROUP : entries);
    log_writer_clear(&p.writer);
    log_fixture_settle(f);
    log_fixture_resume(f); /* its writer reads what is there now, and vouches for it with the next entry */
}
