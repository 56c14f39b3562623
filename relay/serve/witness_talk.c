/* SPDX-License-Identifier: Apache-2.0 */
/* One checkpoint to one witness, and what comes back (C2SP tlog-witness). */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/loop.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/serve/doubt.h"
#include "relay/serve/witness_inside.h"

enum {
    RETRY_FIRST_MS = 1000,
    RETRY_LAST_MS = 5 * 60 * 1000,
    BODY_BYTES = PROTO_LOG_CHECKPOINT_MAX + 32 + PROTO_LOG_PROOF_MAX * 48,
};

/* ---- what is sent ---- */

/* The text and the log's own line: what others put under an earlier one is not this witness's matter. */
static size_t bare_len(const char *note)
{
    const char *lines = strstr(note, "\n\n"), *end = lines ? strchr(lines + 2, '\n') : NULL;

    return end ? (size_t)(end + 1 - note) : 0;
}

static bool write_body(struct serve_witness *w, const char *note, uint64_t size, struct proto_buf *body)
{
    static const size_t text_bytes = sodium_base64_ENCODED_LEN(PROTO_LOG_HASH_BYTES, sodium_base64_VARIANT_ORIGINAL);
    char text[64];
    struct proto_log_hashes proof = {.count = 0};

    if (w->has && w->has < size && relay_log_consistency(w->store, w->has, size, &proof))
        return false;
    proto_buf_printf(body, "old %" PRIu64 "\n", w->has);
    for (size_t i = 0; i < proof.count; i++) {
        sodium_bin2base64(text, text_bytes, proof.hash[i], PROTO_LOG_HASH_BYTES, sodium_base64_VARIANT_ORIGINAL);
        proto_buf_printf(body, "%s\n", text);
    }
    proto_buf_put_u8(body, '\n');
    proto_buf_put(body, note, bare_len(note));
    return !body->failed;
}

/* ---- what comes back ---- */

/* Under the lock: the newest cosigned checkpoint gets this line too, or gives way to a newer one. */
static void publish(struct serve_witnesses *all, const char *note, uint64_t size, const char *line, size_t len)
{
    struct proto_buf merged;
    size_t bare = bare_len(note);
    bool same = all->note_size == size && !strncmp(all->note, note, bare);

    if (size < all->note_size)
        return;
    proto_buf_init(&merged, PROTO_LOG_CHECKPOINT_MAX - 1);
    if (same)
        proto_buf_put(&merged, all->note, strlen(all->note));
    else
        proto_buf_put(&merged, note, bare);
    if (!merged.failed && !proto_note_add_line(&merged, line, len) && !merged.failed) {
        memcpy(all->note, merged.bytes, merged.len);
        all->note[merged.len] = 0;
        all->note_size = size;
        all->note_ms = host_now().mono_ms;
        all->figures.size = size;
    }
    proto_buf_free(&merged);
}

static bool verifies(const struct serve_witness *w, const char *note, const char *line, size_t len)
{
    struct proto_buf whole;

    proto_buf_init(&whole, PROTO_LOG_CHECKPOINT_MAX);
    proto_buf_put(&whole, note, bare_len(note));
    bool fine = !whole.failed && !proto_note_add_line(&whole, line, len) && !whole.failed &&
                !proto_note_verify(whole.bytes, whole.len, &w->key, 1, NULL, NULL);
    proto_buf_free(&whole);
    return fine;
}

/* Of the lines that came the one that is this witness's. */
static bool take_lines(struct serve_witness *w, const char *note, uint64_t size)
{
    struct serve_witnesses *all = w->all;

    for (const char *line = w->post.answer; *line;) {
        size_t len = strcspn(line, "\n") + 1;
        if (line[len - 1] != '\n')
            break;
        if (verifies(w, note, line, len)) {
            /* stored with the checkpoint and in receipts while it is the newest; served for a while in any case */
            (void)!relay_appender_cosign(all->serve->appender, &w->key, line, len);
            pthread_mutex_lock(&all->lock);
            publish(all, note, size, line, len);
            all->figures.cosigned++;
            pthread_mutex_unlock(&all->lock);
            return true;
        }
        line += len;
    }
    return false;
}

static void say_failed(struct serve_witness *w, const char *why)
{
    pthread_mutex_lock(&w->all->lock);
    w->all->figures.failed++;
    bool ending = w->all->ending;
    pthread_mutex_unlock(&w->all->lock);
    if (!w->failing && !ending)
        host_say(HOST_WARN, "witness %s does not cosign: %.200s; the relay goes on trying", w->setting->url, why);
    w->failing = true;
    w->pause_ms = w->pause_ms ? 2 * w->pause_ms : RETRY_FIRST_MS;
    w->pause_ms = w->pause_ms > RETRY_LAST_MS ? RETRY_LAST_MS : w->pause_ms;
}

static void say_cosigned(struct serve_witness *w, uint64_t size)
{
    if (w->failing || !w->done)
        host_say(HOST_INFO, "witness %s cosigns, %" PRIu64 " entries so far", w->key.name, size);
    w->failing = false;
    w->pause_ms = 0;
    w->done = w->has = size;
}

/* What it knows of is not what is here, and this relay must not go on. */
static void object(struct serve_witness *w, const char *finding)
{
    struct serve_witnesses *all = w->all;

    pthread_mutex_lock(&all->lock);
    bool first = !all->objection[0];
    if (first)
        snprintf(all->objection, sizeof all->objection, "witness %.100s: %s", w->key.name, finding);
    pthread_mutex_unlock(&all->lock);
    w->failing = true; /* whoever ends the relay says why */
    if (first && all->keeps) {
        struct serve_doubt doubt = {.said = ""};
        snprintf(doubt.witness, sizeof doubt.witness, "%s", w->setting->vkey);
        snprintf(doubt.said, sizeof doubt.said, "%s", finding);
        serve_doubt_keep(all->serve, &doubt);
    }
    if (first)
        host_loop_wake(all->serve->loop);
}

/* 409: it has another size than we thought, or another tree of this size. True: it is to be asked again. */
static bool take_size(struct serve_witness *w, uint64_t size)
{
    char *end, finding[160];
    uint64_t has = strtoull(w->post.answer, &end, 10);

    if (end == w->post.answer || strcmp(end, "\n") != 0 || (has == w->has && has != size))
        return false;
    if (has <= size && has != w->has) {
        w->has = has;
        return true;
    }
    if (has > size)
        snprintf(finding, sizeof finding,
                 "it has seen %" PRIu64 " entries of this log, and there are %" PRIu64 ": an old copy was put back",
                 has, size);
    else
        snprintf(finding, sizeof finding, "it has seen other %" PRIu64 " entries of this log: there are two histories",
                 has);
    object(w, finding);
    return false;
}

/* 422: what it has is not the beginning of what is here. */
static void take_refusal(struct serve_witness *w)
{
    char finding[160];

    snprintf(finding, sizeof finding,
             "the %" PRIu64 " entries of this log that it has seen are not the first %" PRIu64
             " of those that are here: there are two histories",
             w->has, w->has);
    object(w, finding);
}

void serve_witness_push(struct serve_witness *w)
{
    char note[PROTO_LOG_CHECKPOINT_MAX], url[SERVE_HOST_BYTES + 32], *reason = w->post.reason;
    struct proto_log_checkpoint at;
    struct proto_buf body;

    relay_appender_checkpoint(w->all->serve->appender, note);
    if (!*note || proto_log_checkpoint_open(&at, note, strlen(note), w->all->serve->folder->log_vkey))
        return;
    snprintf(url, sizeof url, "%s/add-checkpoint", w->setting->url);
    w->post.url = url;
    w->post.body = &body;
    *reason = 0;
    for (int i = 0; i < 3; i++) { /* it may have to say twice what it has: it may be shared with other relays */
        proto_buf_init(&body, BODY_BYTES);
        bool made = write_body(w, note, at.size, &body);
        long status = made ? serve_post(&w->post) : 0;
        proto_buf_free(&body);
        if (status == 200 && take_lines(w, note, at.size)) {
            say_cosigned(w, at.size);
            return;
        }
        if (status == 409 && take_size(w, at.size))
            continue;
        if (status == 422 && w->has && w->has < at.size)
            take_refusal(w);
        if (status == 200)
            snprintf(reason, SERVE_POST_REASON_BYTES, "its answer has no line that its key made for this checkpoint");
        else if (status)
            snprintf(reason, SERVE_POST_REASON_BYTES, "HTTP %ld", status);
        break;
    }
    say_failed(w, *reason ? reason : "the log could not be read");
}
