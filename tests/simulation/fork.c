/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay that keeps a second log under its key, and shows it to agents alone: the same as the first up to what its
 * agent has seen by then, and another from there on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/header.h"
#include "proto/wire/message.h"
#include "tests/simulation/sim.h"

struct sim_fork {
    struct relay_store *store;
    struct relay_appender *appender;
    int64_t unix_ms; /* of the entry that is being written */
    bool parted;     /* it is another log from here on */
};

static int64_t unix_ms(void *context)
{
    return ((struct sim_fork *)context)->unix_ms;
}

struct sim_fork *sim_fork_new(struct sim *sim, const char *origin)
{
    struct sim_fork *fork = calloc(1, sizeof *fork);
    struct relay_store_config store = {.random = sim->random};
    char error[RELAY_STORE_ERROR_MAX] = "memory ran out";
    struct relay_appender_config config = {
        .seed = sim->log_seed, .origin = origin, .unix_ms = unix_ms, .context = fork};

    if (!fork || relay_store_open(&fork->store, &store, error)) {
        sim_fail(sim, "%s", error);
        free(fork);
        return NULL;
    }
    config.store = fork->store;
    if (relay_appender_start(&fork->appender, &config, error))
        sim_fail(sim, "%s", error);
    return fork;
}

void sim_fork_free(struct sim_fork *fork)
{
    if (!fork)
        return;
    relay_appender_free(fork->appender);
    relay_store_close(fork->store);
    free(fork);
}

void sim_judge_forks(struct sim *sim)
{
    for (unsigned i = 0; i < sim->session_count && !sim->failure[0]; i++) {
        const struct sim_session *s = &sim->sessions[i];
        int64_t until_ms = proto_earlier(s->customer.ended_ms, s->agent.ended_ms);

        sim->forks += s->customer.told_of_fork + s->agent.told_of_fork;
        if (!s->forked_ms || until_ms - s->forked_ms < SIM_FORK_SEEN_MS)
            continue;
        if (!s->agent.told_of_fork || (s->fork_taken && !s->customer.told_of_fork))
            sim_fail(sim, "invariant 7: session %u: two logs for %lld ms, and the %s does not know", i,
                     (long long)(until_ms - s->forked_ms), s->agent.told_of_fork ? "customer" : "agent");
        else if (s->fork_taken && (!s->customer.has_proof || !s->agent.has_proof))
            sim_fail(sim, "invariant 7: session %u: an end knows of two logs and cannot show it", i);
    }
}

static bool add(struct sim *sim, struct relay_job *job, int64_t at_unix_ms, struct relay_result *result)
{
    sim->fork->unix_ms = at_unix_ms;
    bool done = !relay_appender_push(sim->fork->appender, job) && relay_appender_step(sim->fork->appender) &&
                relay_appender_take_result(sim->fork->appender, result);
    if (!done)
        sim_fail(sim, "the second log cannot be written");
    return done;
}

static enum proto_err copy_entry(void *context, const struct relay_store_entry *entry)
{
    static struct relay_result result;
    struct proto_log_leaf leaf;
    struct relay_job job = {.has_entry = true, .evidence = entry->evidence, .evidence_len = entry->evidence_len};

    if (proto_log_leaf_parse(&leaf, entry->leaf))
        return PROTO_ERR_FORMAT;
    job.kind = leaf.kind;
    memcpy(job.commitment, leaf.commitment, sizeof job.commitment);
    return add(context, &job, entry->received_ms, &result) ? PROTO_OK : PROTO_ERR_IO;
}

/* As long as it is the first log's copy it may follow it. */
static void follow(struct sim *sim, uint64_t size)
{
    struct proto_log_seen head;

    relay_appender_head(sim->fork->appender, &head);
    if (!sim->fork->parted && size > head.size &&
        relay_store_each_entry(sim->store, head.size, size, copy_entry, sim) != PROTO_OK)
        sim_fail(sim, "the second log cannot follow the first");
}

static void answer(struct sim *sim, struct sim_end *end, enum proto_type type, const pb_msgdesc_t *fields,
                   const void *message)
{
    uint8_t envelope[PROTO_ENVELOPE_BYTES];
    struct proto_buf bytes;

    proto_buf_init(&bytes, PROTO_MAX_LOG_BYTES);
    proto_envelope_write(envelope, type, PROTO_INDEX_RELAY, PROTO_INDEX_AGENT);
    proto_buf_put(&bytes, envelope, sizeof envelope);
    if (proto_message_encode(&bytes, fields, message) || bytes.failed)
        sim_fail(sim, "the second log's answer is too long");
    else
        sim_net_tell(sim, end, bytes.bytes, bytes.len);
    proto_buf_free(&bytes);
}

static void take_add(struct sim *sim, struct sim_end *end, const uint8_t *body, size_t len)
{
    static handhold_LogAdd ask;
    static handhold_LogReceipt m;
    static struct relay_result result;
    const struct proto_log_receipt *r = &result.receipt;
    struct relay_job job = {.has_entry = true};

    memset(&m, 0, sizeof m);
    if (proto_message_decode(body, len, handhold_LogAdd_fields, &ask, sizeof ask))
        return;
    follow(sim, ask.seen_size);
    job.kind = (enum proto_log_class)ask.leaf_class;
    job.evidence = ask.evidence.bytes;
    job.evidence_len = ask.evidence.size;
    job.seen_size = ask.seen_size;
    memcpy(job.commitment, ask.commitment, sizeof job.commitment);
    if (!add(sim, &job, sim->now.unix_ms, &result) || result.err)
        return; /* whoever has seen more than this log has is not answered */
    sim->fork->parted = true;
    memcpy(m.commitment, ask.commitment, sizeof m.commitment);
    m.index = r->index;
    if (PROTO_SET_BYTES(m.leaf, r->leaf, sizeof r->leaf) || PROTO_SET_TEXT(m.evidence_line, r->evidence_line) ||
        PROTO_SET_TEXT(m.checkpoint, r->checkpoint) ||
        PROTO_SET_BYTES(m.inclusion, r->inclusion.hash, r->inclusion.count * PROTO_LOG_HASH_BYTES) ||
        PROTO_SET_BYTES(m.consistency, r->consistency.hash, r->consistency.count * PROTO_LOG_HASH_BYTES))
        sim_fail(sim, "the second log's receipt is too long");
    if (!end->home->forked_ms)
        end->home->forked_ms = sim->now.mono_ms;
    answer(sim, end, PROTO_TYPE_LOG, handhold_LogReceipt_fields, &m);
}

bool sim_fork_takes(struct sim *sim, struct sim_end *end, const uint8_t *bytes, size_t len)
{
    struct proto_envelope envelope;

    if (!sim->fork || end->customer || proto_envelope_parse(bytes, len, &envelope) || envelope.type != PROTO_TYPE_LOG)
        return false;
    take_add(sim, end, bytes + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES);
    return true;
}
