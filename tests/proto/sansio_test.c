/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The libraries of the protocol own no socket and read no clock: what they import is read from their symbols (nm -u)
 * and held against a table of what they may not call. A library that is opened by a name that is not in the table is
 * not caught, so the table names whole families.
 */
#include "tests/proto/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name, or the beginning of names when it ends in '*'. */
static const struct rule {
    const char *name, *why;
} forbidden[] = {
    {"socket*", "sockets belong to the owner"},
    {"connect", "sockets belong to the owner"},
    {"bind", "sockets belong to the owner"},
    {"listen", "sockets belong to the owner"},
    {"accept*", "sockets belong to the owner"},
    {"send", "sockets belong to the owner"},
    {"sendto", "sockets belong to the owner"},
    {"sendm*", "sockets belong to the owner"},
    {"recv*", "sockets belong to the owner"},
    {"getaddrinfo*", "names are resolved by the owner"},
    {"gethostby*", "names are resolved by the owner"},
    {"getnameinfo", "names are resolved by the owner"},
    {"poll", "waiting belongs to the owner"},
    {"ppoll", "waiting belongs to the owner"},
    {"select", "waiting belongs to the owner"},
    {"pselect", "waiting belongs to the owner"},
    {"epoll_*", "waiting belongs to the owner"},
    {"eventfd*", "waiting belongs to the owner"},
    {"timerfd_*", "waiting belongs to the owner"},
    {"sleep", "time passes when the owner says so"},
    {"usleep", "time passes when the owner says so"},
    {"nanosleep", "time passes when the owner says so"},
    {"clock*", "time is an argument"},
    {"time", "time is an argument"},
    {"gettimeofday", "time is an argument"},
    {"times", "time is an argument"},
    {"ftime", "time is an argument"},
    {"localtime*", "the zone of a machine is not part of a protocol"},
    {"mktime", "the zone of a machine is not part of a protocol"},
    {"strftime*", "the words of a machine are not part of a protocol"},
    {"setlocale", "the words of a machine are not part of a protocol"},
    {"X509_cmp_current_time", "time is an argument"},
    {"X509_gmtime_adj", "time is an argument"},
    {"X509_time_adj*", "time is an argument"},
    {"open", "files belong to the owner"},
    {"open64", "files belong to the owner"},
    {"openat*", "files belong to the owner"},
    {"__open*", "files belong to the owner"},
    {"creat*", "files belong to the owner"},
    {"read", "files belong to the owner"},
    {"__read_chk", "files belong to the owner"},
    {"pread*", "files belong to the owner"},
    {"readv", "files belong to the owner"},
    {"write", "files belong to the owner"},
    {"writev", "files belong to the owner"},
    {"pwrite*", "files belong to the owner"},
    {"close", "files belong to the owner"},
    {"stat*", "files belong to the owner"},
    {"lstat*", "files belong to the owner"},
    {"fstat*", "files belong to the owner"},
    {"access", "files belong to the owner"},
    {"unlink*", "files belong to the owner"},
    {"rename*", "files belong to the owner"},
    {"mkdir*", "files belong to the owner"},
    {"opendir", "files belong to the owner"},
    {"mmap*", "files belong to the owner"},
    {"fopen*", "files belong to the owner"},
    {"fdopen", "files belong to the owner"},
    {"freopen*", "files belong to the owner"},
    {"fread", "files belong to the owner"},
    {"fwrite", "files belong to the owner"},
    {"fgets", "files belong to the owner"},
    {"getline", "files belong to the owner"},
    {"printf", "what people read comes out as events"},
    {"puts", "what people read comes out as events"},
    {"putchar", "what people read comes out as events"},
    {"fputs", "what people read comes out as events"},
    {"fputc", "what people read comes out as events"},
    {"fprintf", "what people read comes out as events"},
    {"vfprintf", "what people read comes out as events"},
    {"__printf_chk", "what people read comes out as events"},
    {"__fprintf_chk", "what people read comes out as events"},
    {"perror", "what people read comes out as events"},
    {"syslog", "what people read comes out as events"},
    {"stdout", "what people read comes out as events"},
    {"stderr", "what people read comes out as events"},
    {"stdin", "what people say comes in as commands"},
    {"BIO_new_file", "files belong to the owner"},
    {"BIO_new_fp", "files belong to the owner"},
    {"BIO_read_filename", "files belong to the owner"},
    {"BIO_new_connect", "sockets belong to the owner"},
    {"BIO_new_socket", "sockets belong to the owner"},
    {"SSL_*", "TLS belongs to the owner"},
    {"X509_load_*", "files belong to the owner"},
    {"X509_STORE_load_*", "files belong to the owner"},
    {"X509_STORE_set_default_paths*", "whom to trust is an argument"},
    {"CONF_*", "the configuration of a machine is not part of a protocol"},
    {"getenv", "the environment is the owner's"},
    {"secure_getenv", "the environment is the owner's"},
    {"setenv", "the environment is the owner's"},
    {"environ", "the environment is the owner's"},
    {"getpid", "who runs it makes no difference"},
    {"getuid", "who runs it makes no difference"},
    {"gethostname", "where it runs makes no difference"},
    {"fork", "processes belong to the owner"},
    {"exec*", "processes belong to the owner"},
    {"posix_spawn*", "processes belong to the owner"},
    {"system", "processes belong to the owner"},
    {"popen", "processes belong to the owner"},
    {"pthread_*", "one thread at a time, which is the owner's"},
    {"ioctl", "devices belong to the owner"},
    {"fcntl*", "devices belong to the owner"},
    {"syscall", "a way round this table"},
    {"dlopen", "a way round this table"},
    {"dlsym", "a way round this table"},
    {"exit", "the owner ends programs"},
    {"_exit", "the owner ends programs"},
    {"rand*", "randomness is an argument (also libsodium's randombytes)"},
    {"srand*", "randomness is an argument"},
    {"random", "randomness is an argument"},
    {"drand48", "randomness is an argument"},
    {"lrand48", "randomness is an argument"},
    {"arc4random*", "randomness is an argument"},
    {"getrandom", "randomness is an argument"},
    {"getentropy", "randomness is an argument"},
    {"RAND_*", "randomness is an argument"},
    {"sodium_init", "the owner starts the library, which draws"},
    {"BN_rand*", "randomness is an argument"},
    {"BN_priv_rand*", "randomness is an argument"},
    {"EVP_PKEY_keygen*", "draws a key by itself"},
    {"EVP_PKEY_Q_keygen", "draws a key by itself"},
    {"EVP_PKEY_generate", "draws a key by itself"},
    {"EVP_PKEY_paramgen*", "draws a key by itself"},
    {"EVP_RAND_*", "randomness is an argument"},
    {"EVP_CIPHER_CTX_rand_key", "draws a key by itself"},
    {"EVP_SealInit", "draws a key by itself"},
    {"crypto_*_keypair", "draws a key by itself"},
    {"crypto_*_keygen", "draws a key by itself"},
    {"crypto_*_random", "draws a scalar by itself"},
    {"crypto_box_seal", "draws an ephemeral key by itself"},
    {"crypto_box_curve25519xchacha20poly1305_seal", "draws an ephemeral key by itself"},
    {"crypto_pwhash_str*", "draws a salt by itself"},
    {"crypto_secretstream_*_init_push", "draws a header by itself"},
};

/* Names that a rule above would catch, and may be called. */
static const struct rule allowed[] = {
    {"crypto_sign_seed_keypair", "the key pair of a seed that the caller gives"},
    {"crypto_box_seed_keypair", "the key pair of a seed that the caller gives"},
    {"crypto_box_seal_open", "opening draws nothing"},
};

/* One '*', anywhere. */
static bool matches(const char *pattern, const char *name)
{
    const char *star = strchr(pattern, '*');

    if (!star)
        return !strcmp(pattern, name);
    size_t head = (size_t)(star - pattern), tail = strlen(star + 1), len = strlen(name);
    return len >= head + tail && !strncmp(pattern, name, head) && !strcmp(name + len - tail, star + 1);
}

static const struct rule *find(const struct rule *rules, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (matches(rules[i].name, name))
            return &rules[i];
    return NULL;
}

/* How many symbols of the file are forbidden; `seen` counts all that it imports. */
static unsigned read_symbols(const char *path, unsigned *seen, bool say)
{
    char command[4096], line[1024], name[1024];
    unsigned bad = 0;

    *seen = 0;
    snprintf(command, sizeof command, "nm -u '%s'", path);
    FILE *nm = popen(command, "r");
    assert_non_null(nm);
    while (fgets(line, sizeof line, nm)) {
        if (sscanf(line, " U %1023s", name) != 1 && sscanf(line, " w %1023s", name) != 1)
            continue;
        name[strcspn(name, "@")] = '\0';
        (*seen)++;
        const struct rule *rule = find(forbidden, sizeof forbidden / sizeof *forbidden, name);
        if (!rule || find(allowed, sizeof allowed / sizeof *allowed, name))
            continue;
        bad++;
        if (say)
            print_message("%s calls %s: %s\n", path, name, rule->why);
    }
    assert_int_equal(pclose(nm), 0);
    return bad;
}

static void no_library_of_the_protocol_has_a_socket_a_clock_a_file_or_randomness(void **state)
{
    char paths[] = SANSIO_LIBRARIES;
    unsigned libraries = 0, seen, total = 0, bad = 0;

    (void)state;
    for (char *path = strtok(paths, ","); path; path = strtok(NULL, ",")) {
        bad += read_symbols(path, &seen, true);
        total += seen; /* a small one may import nothing at all */
        libraries++;
    }
    assert_true(total > 200); /* they were read */
    assert_int_equal(libraries, SANSIO_COUNT);
    assert_int_equal(bad, 0);
}

static void a_library_that_reads_the_clock_is_caught(void **state)
{
    unsigned seen;

    (void)state;
    assert_int_equal(read_symbols(SANSIO_CONTROL, &seen, false), 3); /* time, getenv and randombytes_buf */
    assert_true(seen >= 4);
}

static void the_tables_say_what_they_mean(void **state)
{
    static const char *const caught[] = {"time",
                                         "clock_gettime",
                                         "randombytes",
                                         "randombytes_uniform",
                                         "crypto_box_keypair",
                                         "RAND_bytes",
                                         "getrandom",
                                         "fopen64",
                                         "crypto_core_ristretto255_scalar_random"};
    static const char *const free_to_call[] = {"memcpy", "crypto_sign_detached", "timeless", "proto_random_fill",
                                               "reader"};

    (void)state;
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        assert_non_null(find(forbidden, sizeof forbidden / sizeof *forbidden, caught[i]));
    for (size_t i = 0; i < sizeof free_to_call / sizeof *free_to_call; i++)
        assert_null(find(forbidden, sizeof forbidden / sizeof *forbidden, free_to_call[i]));
    assert_non_null(find(allowed, sizeof allowed / sizeof *allowed, "crypto_sign_seed_keypair"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_library_of_the_protocol_has_a_socket_a_clock_a_file_or_randomness),
        cmocka_unit_test(a_library_that_reads_the_clock_is_caught),
        cmocka_unit_test(the_tables_say_what_they_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
