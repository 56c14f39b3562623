/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go_log_dump FOLDER: a small log, as files under the paths by which the relay serves it, with a receipt and an older
 * checkpoint. Leaf n commits to "note n" under a salt that follows from n.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/log/proof.h"
#include "proto/seal/signature.h"
#include "relay/log/appender.h"
#include "relay/log/tiles_http.h"

#define ORIGIN "relay.example/audit/acme.example"
enum { ENTRIES = 66000, OLDER = 41000, RECEIPT = 513, GROUP = 1000 }; /* three levels of tiles */

static const char *folder;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "go_log_dump: %s\n", what);
    exit(1);
}

static void save(const char *name, const void *bytes, size_t len)
{
    char path[512];

    must(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path, "the path is too long");
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        must(mkdir(path, 0755) == 0 || errno == EEXIST, path);
        *slash = '/';
    }
    FILE *file = fopen(path, "wb");
    must(file && fwrite(bytes, 1, len, file) == len && fclose(file) == 0, path);
}

static void fill(void *context, uint8_t *out, size_t len)
{
    (void)context;
    memset(out, 7, len);
}

static int64_t unix_ms(void *context)
{
    (void)context;
    return 1760000039123;
}

static size_t note_of(uint64_t n, char note[32], uint8_t salt[PROTO_LOG_SALT_BYTES])
{
    memset(salt, (int)(n % 255), PROTO_LOG_SALT_BYTES);
    return (size_t)snprintf(note, 32, "note %llu\n", (unsigned long long)n);
}

static void append(struct relay_appender *log, uint64_t from, uint64_t to)
{
    static struct relay_result result;
    uint8_t salt[PROTO_LOG_SALT_BYTES];
    char note[32];

    for (uint64_t n = from; n < to; n++) {
        struct relay_job job = {.has_entry = true, .kind = PROTO_LOG_STATEMENT, .evidence = salt, .evidence_len = 32};
        size_t len = note_of(n, note, salt);
        proto_log_commit(job.commitment, salt, note, len);
        must(relay_appender_push(log, &job) == PROTO_OK, "push");
    }
    must(relay_appender_step(log), "step");
    while (relay_appender_take_result(log, &result))
        must(result.err == PROTO_OK, result.text);
}

static bool save_tile(struct relay_store *store, const char *path)
{
    struct relay_tiles_answer answer;
    struct proto_buf bytes;
    bool found;

    proto_buf_init(&bytes, RELAY_TILES_BYTES_MAX);
    found = relay_tiles_get(store, path, strlen(path), &bytes, &answer) == PROTO_OK;
    if (found)
        save(path, bytes.bytes, bytes.len);
    proto_buf_free(&bytes);
    return found;
}

static void index_text(char out[32], uint64_t n)
{
    if (n >= 1000)
        snprintf(out, 32, "x%03u/%03u", (unsigned)(n / 1000), (unsigned)(n % 1000));
    else
        snprintf(out, 32, "%03u", (unsigned)n);
}

/* Every full tile of a level, then its partial one. */
static void save_level(struct relay_store *store, const char *level, uint64_t hashes)
{
    char path[RELAY_TILES_PATH_MAX], index[32];
    uint64_t n = 0;

    for (; n < hashes / 256; n++) {
        index_text(index, n);
        snprintf(path, sizeof path, "tile/%s/%s", level, index);
        must(save_tile(store, path), path);
    }
    index_text(index, n);
    snprintf(path, sizeof path, "tile/%s/%s.p/%u", level, index, (unsigned)(hashes % 256));
    must(hashes % 256 == 0 || save_tile(store, path), path);
}

static void save_receipt(struct relay_store *store, const char *checkpoint)
{
    static struct proto_log_proof proof;
    struct relay_store_entry entry;
    struct proto_buf text;

    proof.index = RECEIPT;
    proof.note_len = note_of(RECEIPT, proof.note, proof.salt);
    must(relay_store_get_entry(store, RECEIPT, &entry) == PROTO_OK, "the receipt's entry");
    memcpy(proof.leaf, entry.leaf, sizeof proof.leaf);
    must(relay_log_inclusion(store, RECEIPT, ENTRIES, &proof.inclusion) == PROTO_OK, "the receipt's proof");
    snprintf(proof.checkpoint, sizeof proof.checkpoint, "%s", checkpoint);
    proto_buf_init(&text, PROTO_LOG_PROOF_FILE_MAX);
    must(proto_log_proof_write(&text, &proof) == PROTO_OK, "the receipt");
    save("receipt.tlog-proof", text.bytes, text.len);
    proto_buf_free(&text);
}

static void save_vkey(const uint8_t seed[32])
{
    uint8_t public_key[32], secret_key[64];
    struct proto_note_key key;
    struct proto_buf vkey;

    proto_sign_keypair(public_key, secret_key, seed);
    must(proto_note_key_init(&key, ORIGIN, public_key) == PROTO_OK, "the key");
    proto_buf_init(&vkey, PROTO_NOTE_VKEY_MAX);
    proto_note_key_format(&key, &vkey);
    save("log.vkey", vkey.bytes, vkey.len);
    proto_buf_free(&vkey);
}

int main(int argc, char **argv)
{
    static const uint8_t seed[32] = {3};
    char error[RELAY_STORE_ERROR_MAX], checkpoint[PROTO_LOG_CHECKPOINT_MAX];
    struct relay_store_config in_memory = {.random = {.fill = fill}};
    struct relay_appender_config config = {.seed = seed, .origin = ORIGIN, .unix_ms = unix_ms};
    struct relay_appender *log;

    must(argc == 2 && sodium_init() >= 0, "name one folder");
    folder = argv[1];
    must(relay_store_open(&config.store, &in_memory, error) == PROTO_OK, error);
    must(relay_appender_start(&log, &config, error) == PROTO_OK, error);
    for (uint64_t n = 0; n < ENTRIES; n += GROUP) {
        append(log, n, n + GROUP);
        if (n + GROUP != OLDER)
            continue;
        relay_appender_checkpoint(log, checkpoint);
        save("checkpoint.older", checkpoint, strlen(checkpoint));
    }
    must(save_tile(config.store, "checkpoint"), "the checkpoint");
    save_level(config.store, "0", ENTRIES);
    save_level(config.store, "1", ENTRIES / 256);
    save_level(config.store, "2", ENTRIES / 65536);
    save_level(config.store, "entries", ENTRIES);
    relay_appender_checkpoint(log, checkpoint);
    save_receipt(config.store, checkpoint);
    save_vkey(seed);
    relay_appender_free(log);
    relay_store_close(config.store);
    return 0;
}
