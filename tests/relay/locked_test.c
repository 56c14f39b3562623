/* SPDX-License-Identifier: Apache-2.0 */
/* Where a certificate's private key lies in this process, and what is left of it. */
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "relay/serve/blocks.h"
#include "relay/serve/harden.h"
#include "relay/serve/locked.h"
#include "relay/serve/pair.h"
#include "tests/asan.h"
#include "tests/scratch.h"

/* A piece of the key in one of the shapes in which it goes through a program; masked, so that it is no find itself. */
enum { PIECE_BYTES = 24, SHAPES = 3, MASK = 0x5a };
enum { SHAPE_WORDS, SHAPE_DER, SHAPE_PEM };
struct secret {
    uint8_t piece[SHAPES][PIECE_BYTES];
};
static const struct kind {
    const char *name, *number;
    int bits;          /* RSA; 0: P-256 */
    unsigned pem_line; /* which has a piece of `number`, or of another part of the key */
} kinds[] = {{"ec", OSSL_PKEY_PARAM_PRIV_KEY, 0, 2}, {"rsa", OSSL_PKEY_PARAM_RSA_FACTOR1, 2048, 15}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static char folder[64];
static struct secret secrets[KINDS];
static bool refuse_lock;

int __real_sodium_mlock(void *bytes, size_t len);
int __wrap_sodium_mlock(void *bytes, size_t len);
int __wrap_sodium_mlock(void *bytes, size_t len)
{
    return refuse_lock ? -1 : __real_sodium_mlock(bytes, len);
}

static const char *path_of(const struct kind *kind, const char *what)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s.%s", folder, kind->name, what);
    return path;
}

/* ---- a key that this process has never seen: made by a child ---- */

static void mask(uint8_t out[static PIECE_BYTES], const uint8_t *piece, bool backwards)
{
    for (int i = 0; i < PIECE_BYTES; i++)
        out[i] = piece[backwards ? PIECE_BYTES - 1 - i : i] ^ MASK;
}

static void write_secret(const struct kind *kind, EVP_PKEY *key)
{
    struct secret secret;
    BIGNUM *number = NULL;
    uint8_t bytes[512];
    char line[128];
    FILE *file = fopen(path_of(kind, "key"), "r");

    EVP_PKEY_get_bn_param(key, kind->number, &number);
    int len = BN_bn2binpad(number, bytes, kind->bits ? kind->bits / 16 : 32);
    mask(secret.piece[SHAPE_DER], bytes + len - PIECE_BYTES, false);
    mask(secret.piece[SHAPE_WORDS], bytes + len - PIECE_BYTES, true);
    for (unsigned i = 0; i < kind->pem_line && fgets(line, sizeof line, file); i++)
        ;
    mask(secret.piece[SHAPE_PEM], (uint8_t *)line + 64 - PIECE_BYTES, false);
    fclose(file);
    file = fopen(path_of(kind, "secret"), "w");
    fwrite(&secret, sizeof secret, 1, file);
    fclose(file);
}

static void make_pair(const struct kind *kind)
{
    EVP_PKEY *key = kind->bits ? EVP_RSA_gen((unsigned)kind->bits) : EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    FILE *file;

    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 365 * 24 * 3600);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, EVP_sha256());
    umask(077);
    file = fopen(path_of(kind, "crt"), "w");
    PEM_write_X509(file, cert);
    fclose(file);
    file = fopen(path_of(kind, "key"), "w");
    PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    write_secret(kind, key);
}

static int set_up(void **state)
{
    int status;

    (void)state;
    snprintf(folder, sizeof folder, "%s/handhold-locked-XXXXXX", scratch_parent());
    assert_non_null(mkdtemp(folder));
    for (unsigned i = 0; i < KINDS; i++) {
        pid_t child = fork();
        if (!child) {
            make_pair(&kinds[i]);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        FILE *file = fopen(path_of(&kinds[i], "secret"), "r");
        assert_non_null(file);
        assert_int_equal(fread(&secrets[i], sizeof secrets[i], 1, file), 1);
        fclose(file);
    }
    return serve_locked_set_up() ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"crt", "key", "secret"};

    (void)state;
    for (unsigned i = 0; i < KINDS; i++)
        for (unsigned name = 0; name < sizeof names / sizeof *names; name++)
            unlink(path_of(&kinds[i], names[name]));
    return rmdir(folder);
}

/* ---- where it lies ---- */

struct places {
    unsigned locked, elsewhere;
};

__attribute__((no_sanitize("address"))) static bool is_at(const volatile uint8_t *at, const uint8_t *piece)
{
    for (int i = 0; i < PIECE_BYTES; i++)
        if (at[i] != (piece[i] ^ MASK))
            return false;
    return true;
}

__attribute__((no_sanitize("address"))) static void search(const uint8_t *from, const uint8_t *to,
                                                           const struct secret *secret, struct places *places)
{
    for (const volatile uint8_t *at = from; at + PIECE_BYTES <= (const volatile uint8_t *)to; at++)
        for (int shape = 0; shape < SHAPES; shape++)
            if (*at == (secret->piece[shape][0] ^ MASK) && is_at(at, secret->piece[shape]))
                ++*(serve_locked_has((const void *)at) ? &places->locked : &places->elsewhere);
}

/* Everything that this process may write to, but what a sanitizer keeps books in. */
static struct places find(const struct secret *secret)
{
    static const size_t books_bytes = (size_t)1 << 30;
    static char line[512]; /* no buffers of the heap while the heap is looked through */
    struct places places = {0, 0};
    FILE *maps = fopen("/proc/self/maps", "r");

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char rights[8];

        if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3 && !strncmp(rights, "rw", 2) &&
            to - from < books_bytes)
            search((const uint8_t *)from, (const uint8_t *)to, secret, &places);
    }
    fclose(maps);
    return places;
}

static struct serve_pair read_pair(const struct kind *kind, struct serve_report *report)
{
    struct serve_pair pair = {.renew = ""};

    snprintf(pair.cert, sizeof pair.cert, "%s", path_of(kind, "crt"));
    snprintf(pair.key, sizeof pair.key, "%s", path_of(kind, "key"));
    assert_true(serve_pair_read(&pair, NULL, report));
    return pair;
}

/* A server that shows the pair, and a client that trusts everybody, in memory. */
static void shake_hands(const struct serve_pair *pair)
{
    SSL_CTX *server_ctx = SSL_CTX_new(TLS_server_method()), *client_ctx = SSL_CTX_new(TLS_client_method());
    SSL *server, *client;
    BIO *ends[2];
    int done = 0;

    assert_true(serve_pair_use(pair, server_ctx));
    server = SSL_new(server_ctx);
    client = SSL_new(client_ctx);
    assert_int_equal(BIO_new_bio_pair(&ends[0], 0, &ends[1], 0), 1);
    SSL_set_bio(server, ends[0], ends[0]);
    SSL_set_bio(client, ends[1], ends[1]);
    assert_true(serve_pair_show(pair, server));
    for (int turns = 0; done != 2 && turns < 20; turns++) {
        done = SSL_connect(client) == 1;
        done += SSL_accept(server) == 1;
    }
    assert_int_equal(done, 2);
    SSL_free(server);
    SSL_free(client);
    SSL_CTX_free(server_ctx);
    SSL_CTX_free(client_ctx);
}

static void a_private_key_lies_in_locked_memory_alone_and_nothing_of_it_is_left(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KINDS; i++) {
        struct serve_report report = {0};
        struct serve_pair pair = read_pair(&kinds[i], &report);
        struct places places = find(&secrets[i]);

        assert_int_equal(report.warnings, 0);
        assert_int_not_equal(places.locked, 0);
        assert_int_equal(places.elsewhere, 0);
        shake_hands(&pair);
        places = find(&secrets[i]);
        assert_int_not_equal(places.locked, 0);
        assert_int_equal(places.elsewhere, 0);
        serve_pair_clear(&pair);
        places = find(&secrets[i]);
        assert_int_equal(places.locked, 0);
        assert_int_equal(places.elsewhere, 0);
    }
}

/* As often as an operator sends SIGHUP. */
static void keys_that_are_read_again_need_no_more_room(void **state)
{
    struct serve_report report = {0};
    size_t used = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct serve_pair pair = read_pair(&kinds[i % KINDS], &report);

        serve_pair_clear(&pair);
        if (i == KINDS)
            used = serve_locked_used();
    }
    assert_int_equal(serve_locked_used(), used);
    assert_in_range(used, 0, SERVE_LOCKED_BYTES / 2);
    assert_int_equal(report.warnings, 0);
}

static void what_is_taken_never_overlaps_and_comes_back_whole(void **state)
{
    enum { MANY = 64 };
    static uint8_t *blocks[MANY];
    size_t before = serve_locked_used(), sizes[MANY];

    (void)state;
    for (unsigned turn = 0; turn < 4 * MANY; turn++) {
        unsigned i = turn * 29 % MANY; /* prime to it: in another order than they lie */

        if (blocks[i]) {
            for (size_t at = 0; at < sizes[i]; at++)
                assert_int_equal(blocks[i][at], i + 1);
            serve_locked_give(blocks[i]);
        }
        sizes[i] = turn * 37 % 1500;
        blocks[i] = serve_locked_take(sizes[i]);
        assert_non_null(blocks[i]);
        assert_true(serve_locked_has(blocks[i]) && serve_locked_size(blocks[i]) >= sizes[i]);
        memset(blocks[i], (int)i + 1, sizes[i]);
    }
    for (unsigned i = 0; i < MANY; i++)
        serve_locked_give(blocks[i]);
    assert_int_equal(serve_locked_used(), before);
}

static void without_room_a_key_is_loaded_all_the_same_and_the_operator_hears_of_it(void **state)
{
    static void *blocks[SERVE_LOCKED_BYTES / 64];
    struct serve_report report = {0};
    struct serve_pair pair;
    size_t count = 0;

    (void)state;
    while ((blocks[count] = serve_locked_take(1)))
        count++;
    assert_null(serve_locked_take(1));
    pair = read_pair(&kinds[0], &report);
    assert_int_equal(report.warnings, 1);
    shake_hands(&pair);
    while (count)
        serve_locked_give(blocks[--count]);
    serve_pair_clear(&pair);
}

#ifndef TESTS_HAVE_ASAN /* which takes mlock() away */
static void the_kernel_has_locked_it(void **state)
{
    char line[128] = "";
    struct rlimit limit;
    FILE *status = fopen("/proc/self/status", "r");

    (void)state;
    assert_non_null(status);
    while (fgets(line, sizeof line, status) && strncmp(line, "VmLck:", 6) != 0)
        ;
    fclose(status);
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
    if (limit.rlim_cur > 2 * SERVE_LOCKED_BYTES)
        assert_true(atoi(line + strlen("VmLck:")) >= SERVE_LOCKED_BYTES / 1024);
}
#endif

static void a_system_that_locks_nothing_is_a_warning_with_the_way_out(void **state)
{
    static struct serve_folder empty;
    struct serve_report report = {0};
    char text[512];
    int own = dup(STDERR_FILENO), ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    refuse_lock = true;
    dup2(ends[1], STDERR_FILENO);
    serve_harden(&empty, &report);
    dup2(own, STDERR_FILENO);
    refuse_lock = false;
    close(ends[1]);
    text[read(ends[0], text, sizeof text - 1)] = 0;
    close(ends[0]);
    close(own);
    assert_int_equal(report.warnings, 1);
    assert_int_equal(report.errors, 0);
    assert_non_null(strstr(text, "memory: keys may be swapped out"));
    assert_non_null(strstr(text, "LimitMEMLOCK=1M"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_private_key_lies_in_locked_memory_alone_and_nothing_of_it_is_left),
        cmocka_unit_test(keys_that_are_read_again_need_no_more_room),
        cmocka_unit_test(what_is_taken_never_overlaps_and_comes_back_whole),
        cmocka_unit_test(without_room_a_key_is_loaded_all_the_same_and_the_operator_hears_of_it),
#ifndef TESTS_HAVE_ASAN
        cmocka_unit_test(the_kernel_has_locked_it),
#endif
        cmocka_unit_test(a_system_that_locks_nothing_is_a_warning_with_the_way_out), /* the last: it hardens */
    };

    serve_blocks_set_up();
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
