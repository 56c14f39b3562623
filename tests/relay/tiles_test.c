/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "proto/seal/kdf.h"
#include "relay/log/appender.h"
#include "relay/log/tiles_http.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define assert_ok(call) assert_int_equal((call), PROTO_OK)

enum { ENTRIES = 700 };

struct world {
    struct relay_store *store;
    struct relay_appender *log;
};

static int64_t clock_of(void *context)
{
    (void)context;
    return 1760000039123;
}

static void fill(void *context, uint8_t *out, size_t len)
{
    (void)context;
    memset(out, 7, len);
}

static void grow(struct world *w, uint64_t from, uint64_t to)
{
    static struct relay_result result;
    uint8_t evidence[8] = {1};

    for (uint64_t n = from; n < to; n++) {
        struct relay_job job = {.has_entry = true, .kind = PROTO_LOG_STATEMENT, .evidence = evidence};
        job.evidence_len = sizeof evidence;
        proto_sha256(job.commitment, &n, sizeof n);
        assert_ok(relay_appender_push(w->log, &job));
    }
    assert_true(relay_appender_step(w->log));
    while (relay_appender_take_result(w->log, &result))
        assert_ok(result.err);
}

static int setup(void **state)
{
    static const uint8_t seed[32] = {3};
    struct world *w = calloc(1, sizeof *w);
    struct relay_store_config store = {.random = {.fill = fill}};
    struct relay_appender_config config = {.seed = seed, .origin = "relay.example/audit/acme", .unix_ms = clock_of};
    char error[RELAY_STORE_ERROR_MAX];

    assert_true(sodium_init() >= 0);
    assert_ok(relay_store_open(&w->store, &store, error));
    config.store = w->store;
    assert_ok(relay_appender_start(&w->log, &config, error));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    relay_appender_free(w->log);
    relay_store_close(w->store);
    free(w);
    return 0;
}

static void every_path_has_one_spelling(void **state)
{
    static const struct {
        const char *path;
        enum relay_tiles_kind kind;
        unsigned level;
        uint64_t n;
        size_t width;
    } paths[] = {
        {"checkpoint", RELAY_TILES_CHECKPOINT, 0, 0, 256},
        {"tile/0/000", RELAY_TILES_HASHES, 0, 0, 256},
        {"tile/0/000.p/1", RELAY_TILES_HASHES, 0, 0, 1},
        {"tile/6/999.p/255", RELAY_TILES_HASHES, 6, 999, 255},
        {"tile/1/x001/000", RELAY_TILES_HASHES, 1, 1000, 256},
        {"tile/0/x001/x234/067", RELAY_TILES_HASHES, 0, 1234067, 256},
        {"tile/entries/x010/x000/000.p/42", RELAY_TILES_ENTRIES, 0, 10000000, 42},
    };
    struct relay_tiles_path parsed;

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_ok(relay_tiles_path_parse(&parsed, paths[i].path, strlen(paths[i].path)));
        assert_int_equal(parsed.kind, paths[i].kind);
        assert_int_equal(parsed.level, paths[i].level);
        assert_int_equal(parsed.n, paths[i].n);
        assert_int_equal(parsed.width, paths[i].width);
    }
}

static void hostile_paths_are_no_paths(void **state)
{
    static const char *const paths[] = {
        "",
        "/",
        "/checkpoint",
        "checkpoint/",
        "checkpoint\n",
        "Checkpoint",
        "checkpoint?x=1",
        "tile",
        "tile/",
        "tile//000",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/+00",
        "tile/0/-01",
        "tile/0/ 00",
        "tile/0/000/",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/01",
        "tile/0/000.p/1/",
        "tile/0/000.p/1000",
        "tile/0/000.p/-1",
        "tile/0/000.P/1",
        "tile/0/000%2ep/1",
        "tile/0/000.p/1.p/1",
        "tile/00/000",
        "tile/01/000",
        "tile/7/000",
        "tile/64/000",
        "tile/4294967296/000",
        "tile/-1/000",
        "tile/8/0/000",
        "tile/data/000",
        "tile/0/x000/001",
        "tile/0/x000/x001/001",
        "tile/0/001/001",
        "tile/0/x001",
        "tile/0/x001/",
        "tile/0/x001/x001",
        "tile/0/x01/001",
        "tile/0/X001/001",
        "tile/0/x1e3/001",
        "tile/0/x999/x999/x999/x999/x999/999",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/x000/x000/x000/000",
        "tile/0/../checkpoint",
        "tile/../../relay.db",
        "../checkpoint",
        "tile\\0\\000",
        "tile/entries",
        "tile/entries/",
        "tile/entries/0/000",
        "tile/entriesx/000",
    };
    struct relay_tiles_path parsed;
    static const char nul[] = "tile/0/000\0.p/1";

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (relay_tiles_path_parse(&parsed, paths[i], strlen(paths[i])) != PROTO_ERR_FORMAT || parsed.kind != 0)
            fail_msg("taken: %s", paths[i]);
    assert_int_equal(relay_tiles_path_parse(&parsed, nul, sizeof nul - 1), PROTO_ERR_FORMAT);
    for (size_t len = 0; len < sizeof "checkpoint" - 1; len++) /* behind `len` is nothing that may be read */
        assert_int_equal(relay_tiles_path_parse(&parsed, "checkpoint", len), PROTO_ERR_FORMAT);
}

static enum proto_err get(struct world *w, const char *path, struct proto_buf *out, struct relay_tiles_answer *answer)
{
    proto_buf_clear(out);
    return relay_tiles_get(w->store, path, strlen(path), out, answer);
}

static void only_what_the_checkpoint_covers_is_there(void **state)
{
    static const struct {
        const char *path;
        enum proto_err err;
        size_t len;
    } paths[] = {
        {"tile/0/000", PROTO_OK, 8192},
        {"tile/0/001", PROTO_OK, 8192},
        {"tile/0/001.p/7", PROTO_OK, 224}, /* from when it was partial */
        {"tile/0/002", PROTO_ERR_NOT_FOUND, 0},
        {"tile/0/002.p/188", PROTO_OK, 188 * 32},
        {"tile/0/002.p/1", PROTO_OK, 32},
        {"tile/0/002.p/189", PROTO_ERR_NOT_FOUND, 0},
        {"tile/0/003.p/1", PROTO_ERR_NOT_FOUND, 0},
        {"tile/1/000.p/2", PROTO_OK, 64},
        {"tile/1/000.p/3", PROTO_ERR_NOT_FOUND, 0},
        {"tile/1/000", PROTO_ERR_NOT_FOUND, 0},
        {"tile/2/000.p/1", PROTO_ERR_NOT_FOUND, 0},
        {"tile/6/000.p/1", PROTO_ERR_NOT_FOUND, 0},
        {"tile/0/x281/x474/x976/710/655", PROTO_ERR_FORMAT, 0},
        {"tile/0/x281/x474/x976/x710/655", PROTO_ERR_FORMAT, 0}, /* more than any tree has */
        {"tile/0/x281/x474/x976/x709/655", PROTO_ERR_NOT_FOUND, 0},
        {"tile/entries/000", PROTO_OK, 256 * 50},
        {"tile/entries/002.p/188", PROTO_OK, 188 * 50},
        {"tile/entries/002", PROTO_ERR_NOT_FOUND, 0},
    };
    struct world *w = *state;
    struct relay_tiles_answer answer;
    struct proto_buf out;

    proto_buf_init(&out, RELAY_TILES_BYTES_MAX);
    assert_int_equal(get(w, "checkpoint", &out, &answer), PROTO_ERR_NOT_FOUND); /* the empty log */
    assert_int_equal(get(w, "tile/0/000.p/1", &out, &answer), PROTO_ERR_NOT_FOUND);
    grow(w, 0, ENTRIES);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        enum proto_err err = get(w, paths[i].path, &out, &answer);
        if (err != paths[i].err || out.len != paths[i].len)
            fail_msg("%s: %s, %zu bytes", paths[i].path, proto_err_name(err), out.len);
        if (err == PROTO_OK) {
            assert_true(answer.immutable);
            assert_string_equal(answer.content_type, "application/octet-stream");
        }
    }
    assert_ok(get(w, "checkpoint", &out, &answer));
    assert_false(answer.immutable);
    proto_buf_free(&out);
}

static void bundles_and_tiles_are_the_tree(void **state)
{
    struct world *w = *state;
    struct proto_log_tree tree;
    struct proto_log_seen head;
    struct relay_tiles_answer answer;
    struct proto_buf entries, hashes;
    uint8_t root[32], hash[32];

    proto_buf_init(&entries, RELAY_TILES_BYTES_MAX);
    proto_buf_init(&hashes, RELAY_TILES_BYTES_MAX);
    grow(w, 0, 256 + 30);
    proto_log_tree_init(&tree);
    for (int tile = 0; tile < 2; tile++) {
        assert_ok(get(w, tile ? "tile/entries/001.p/30" : "tile/entries/000", &entries, &answer));
        assert_ok(get(w, tile ? "tile/0/001.p/30" : "tile/0/000", &hashes, &answer));
        for (size_t i = 0; i < (tile ? 30 : 256); i++) {
            const uint8_t *at = entries.bytes + 50 * i;
            assert_int_equal(at[0] << 8 | at[1], 48);
            proto_log_leaf_hash(hash, at + 2);
            assert_memory_equal(hash, hashes.bytes + 32 * i, 32);
            assert_ok(proto_log_tree_append(&tree, hash, NULL));
        }
    }
    proto_log_tree_root(&tree, root);
    relay_appender_head(w->log, &head);
    assert_memory_equal(root, head.root, sizeof root);
    proto_buf_free(&entries);
    proto_buf_free(&hashes);
}

static void an_answer_without_room_leaves_nothing_behind(void **state)
{
    struct world *w = *state;
    struct relay_tiles_answer answer;
    struct proto_buf out;

    grow(w, 0, 300);
    proto_buf_init(&out, 600);
    assert_int_equal(get(w, "tile/entries/000", &out, &answer), PROTO_ERR_NOMEM);
    assert_int_equal(out.len, 0);
    proto_buf_free(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_has_one_spelling),      cmocka_unit_test(hostile_paths_are_no_paths),
        TEST(only_what_the_checkpoint_covers_is_there),     TEST(bundles_and_tiles_are_the_tree),
        TEST(an_answer_without_room_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
