/* SPDX-License-Identifier: Apache-2.0 */
/* What a start refuses, and what --check says of it: the value, the rule, the way out. */
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "relay/serve/locked.h"
#include "tests/asan.h"
#include "tests/relay/serve_world.h"

/* ---- a certificate that ends soon ---- */

/* A relay that runs with it warns, and its metrics have the end. */
static void expect_said_and_measured(struct place *other)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
                      metric[] = "\nhandhold_certificate_end_seconds{certificate=\"own\"} ";
    char output[PLACE_OUTPUT_BYTES];
    const char *at;

    other->listens = true;
    place_start(other, NULL);
    assert_true(place_talk(other, other->staff_port, NULL, "anna", request, sizeof request - 1, NULL, output) > 0);
    assert_non_null(strstr(output, "strict-transport-security: max-age=31536000")); /* it is not for localhost */
    at = strstr(output, metric);
    assert_non_null(at);
    assert_in_range(atoll(at + strlen(metric)) - time(NULL), 9 * 24 * 3600, 10 * 24 * 3600);
    assert_int_equal(place_stop(other, SIGTERM), 0);
    if (!strstr(place_said(other), "relay.crt") || !strstr(place_said(other), "issue a new one"))
        fail_msg("%s", place_said(other));
}

static void a_check_fails_two_weeks_before_the_certificate_ends(void **state)
{
    struct place other;
    char output[PLACE_OUTPUT_BYTES];

    (void)state;
    place_init(&other);
    assert_int_equal(place_run_relay(&other, output, (const char *const[]){"--allow-private-keys", "--check", NULL}),
                     0);
    assert_int_equal(place_run(output, "handhold-certs",
                               (const char *const[]){"issue", "--dir", other.dir, "relay", "--host", "127.0.0.1",
                                                     "--days", "10", NULL}),
                     0);
    assert_int_equal(place_run_relay(&other, output, (const char *const[]){"--allow-private-keys", "--check", NULL}),
                     1);
    assert_non_null(strstr(output, "issue a new one"));
    expect_said_and_measured(&other);
    place_clear(&other);
}

/* ---- what a running one has given up ---- */

/* The line of /proc/PID/`file` that begins with `name`. */
static void proc_line(const char *file, const char *name, char line[static 256])
{
    char path[64];
    FILE *all;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)place.relay, file);
    all = fopen(path, "r");
    assert_non_null(all);
    while (fgets(line, 256, all) && strncmp(line, name, strlen(name)))
        ;
    fclose(all);
    assert_int_equal(strncmp(line, name, strlen(name)), 0);
}

static void a_running_relay_has_no_core_dumps_no_new_privileges_and_keys_that_stay_in_memory(void **state)
{
    struct rlimit cores;
    char line[256];

    (void)state;
    place_start(&place, NULL);
    assert_int_equal(prlimit(place.relay, RLIMIT_CORE, NULL, &cores), 0);
    assert_int_equal(cores.rlim_cur, 0);
    assert_int_equal(cores.rlim_max, 0);
    proc_line("status", "NoNewPrivs:", line);
    assert_int_equal(atoi(line + strlen("NoNewPrivs:")), 1);
    proc_line("status", "Umask:", line);
    assert_int_equal(strtol(line + strlen("Umask:"), NULL, 8), 077);
#ifndef TESTS_HAVE_ASAN
    struct rlimit locked;
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &locked), 0);
    proc_line("status", "VmLck:", line);
    if (locked.rlim_cur >= 1 << 20 && atoi(line + strlen("VmLck:")) < SERVE_LOCKED_BYTES / 1024)
        fail_msg("%s", line);
#endif
}

/* Whoever started it: else root would make files there that the relay itself could not read. */
static void root_becomes_the_owner_of_the_folder(void **state)
{
    enum { NOBODY = 65534 };
    struct place other;
    struct stat made;
    char output[PLACE_OUTPUT_BYTES], owner[16], line[256];
    unsigned real, effective;

    (void)state;
    if (getuid())
        skip();
    place_init(&other);
    snprintf(owner, sizeof owner, "%d:%d", NOBODY, NOBODY);
    snprintf(line, sizeof line, "chown -R %s %s", owner, other.dir);
    assert_int_equal(system(line), 0);
    assert_int_equal(place_run_relay(&other, output, (const char *const[]){"--allow-private-keys", "--check", NULL}),
                     0);
    assert_int_equal(stat(place_path(&other, "data"), &made), -1); /* who looks makes nothing */
    place_start(&place, NULL);
    proc_line("status", "Uid:", line);
    assert_int_equal(atoi(line + strlen("Uid:")), 0); /* its folder is root's */
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    place_start(&other, NULL);
    assert_int_equal(stat(place_path(&other, "data/token.key"), &made), 0);
    assert_int_equal(made.st_uid, NOBODY);
    place.relay = other.relay;
    proc_line("status", "Uid:", line);
    assert_int_equal(sscanf(line, "Uid: %u %u", &real, &effective), 2);
    assert_int_equal(real, NOBODY);
    assert_int_equal(effective, NOBODY);
    proc_line("status", "CapPrm:", line);
    assert_int_equal(strtoull(line + strlen("CapPrm:"), NULL, 16), 1u << 10); /* a port below 1024 */
    place.relay = 0;
    assert_int_equal(place_stop(&other, SIGTERM), 0);
    place_clear(&other);
}

/* ---- what a start refuses ---- */

/* Expected to end by itself with `code`, saying each of `says`. */
static void refused(const char *const *more, int code, const char *const *says)
{
    char output[PLACE_OUTPUT_BYTES];
    int rc = place_run_relay(&place, output, more);

    for (; *says; says++)
        if (!strstr(output, *says))
            fail_msg("\"%s\" is not in: %s", *says, output);
    assert_int_equal(rc, code);
}

#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})

static void private_keys_of_the_organisation_are_not_for_a_relay(void **state)
{
    (void)state;
    refused(NULL, 2, WITH("ca/ca.key", "can read a private key", "export-relay"));
    refused(WITH("--check"), 1, WITH("ca/ca.key", "officer/evidence.key", "ca/tls.key", "error"));
}

static void what_others_can_read_is_named(void **state)
{
    static const char *const names[] = {"relay/relay.key", "relay/log.key", "data/token.key", "data/keys.db"};

    (void)state;
    place_start(&place, NULL); /* makes the last two */
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(chmod(place_path(&place, names[i]), 0640), 0);
        refused(WITH("--allow-private-keys"), 2, WITH(names[i], "others on this machine can read", "chmod 600 /"));
        assert_int_equal(chmod(place_path(&place, names[i]), 0600), 0);
    }
}

static void a_port_in_use_is_named(void **state)
{
    char address[32], output[PLACE_OUTPUT_BYTES];
    struct place second;

    (void)state;
    place_start(&place, NULL);
    snprintf(address, sizeof address, "127.0.0.1:%u", place.public_port);
    place_init(&second);
    assert_int_equal(place_run(output, "handhold-relay",
                               WITH("--dir", second.dir, "--allow-private-keys", "--listen", address, "--staff-listen",
                                    "127.0.0.1:0")),
                     1);
    assert_non_null(strstr(output, address));
    assert_non_null(strstr(output, "in use"));
    place_clear(&second);
}

static bool is_listened_on(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    bool answered = !connect(fd, (const struct sockaddr *)&to, sizeof to);
    close(fd);
    return answered;
}

/* A copy of a folder that is looked at has the same setting. */
static void a_unix_socket_in_use_is_named_and_stays_and_a_stale_one_goes(void **state)
{
    char settings[384], file[256], path[256], output[PLACE_OUTPUT_BYTES];
    struct place second;

    (void)state;
    snprintf(path, sizeof path, "%s", place_path(&place, "plain"));
    snprintf(settings, sizeof settings, "host = localhost:8443\nplain_listen = unix:%s\nforwarded_from = unix\n", path);
    place_write(&place, "plain.ini", settings, strlen(settings));
    snprintf(file, sizeof file, "%s", place_path(&place, "plain.ini"));
    place_start(&place, WITH("--config", file));
    place_init(&second);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(place_run_relay(&second, output,
                                         i ? WITH("--config", file, "--allow-private-keys")
                                           : WITH("--config", file, "--allow-private-keys", "--check")),
                         1);
        if (!strstr(output, "in use") || !strstr(output, "give another path"))
            fail_msg("%s", output);
        assert_true(is_listened_on(path));
    }
    place_clear(&second);
    assert_int_equal(place_stop(&place, SIGKILL), 128 + SIGKILL);
    assert_false(is_listened_on(path));
    place_start(&place, WITH("--config", file));
    assert_true(is_listened_on(path));
}

static void a_folder_has_one_relay_at_a_time(void **state)
{
    (void)state;
    place_start(&place, NULL);
    refused(WITH("--allow-private-keys"), 1, WITH("data"));
}

static void a_setting_that_is_not_known_is_named_with_its_line(void **state)
{
    static const char unknown[] = "; settings\n\nhost = localhost\nqueue_byte = 5\n";
    static const char wrong[] = "queue_ms = soon\n";
    static const char broken[] = "host\n";
    const char *file = place_path(&place, "wrong.ini");

    (void)state;
    place_write(&place, "wrong.ini", unknown, sizeof unknown - 1);
    refused(WITH("--config", file), 2, WITH("wrong.ini:4", "queue_byte", "is queue_bytes meant?"));
    place_write(&place, "wrong.ini", wrong, sizeof wrong - 1);
    refused(WITH("--config", file), 2, WITH("wrong.ini:1", "queue_ms = soon", "whole number from 1"));
    place_write(&place, "wrong.ini", broken, sizeof broken - 1);
    refused(WITH("--config", file), 2, WITH("wrong.ini:1", "NAME = VALUE"));
    refused(WITH("--config", "/nonexistent.ini"), 2, WITH("/nonexistent.ini"));
}

static void the_printed_settings_can_be_read_again(void **state)
{
    char output[PLACE_OUTPUT_BYTES], settings[PLACE_OUTPUT_BYTES];
    size_t len = 0;

    (void)state;
    assert_int_equal(place_run(output, "handhold-relay", WITH("--print-config")), 0);
    for (const char *at = output; *at; at++)
        if (*at != ';' || at[1] == ' ') /* the settings lose their mark, the words keep it */
            settings[len++] = *at;
    place_write(&place, "printed.ini", settings, len);
    assert_int_equal(
        place_run_relay(&place, output,
                        WITH("--check", "--allow-private-keys", "--config", place_path(&place, "printed.ini"))),
        0);
    assert_non_null(strstr(output, "printed.ini"));
}

static void damage(const char *name, const char *bytes, int code, const char *const *says)
{
    char saved[256];

    snprintf(saved, sizeof saved, "%s.saved", place_path(&place, name));
    assert_int_equal(rename(place_path(&place, name), saved), 0);
    if (bytes)
        place_write(&place, name, bytes, strlen(bytes));
    refused(WITH("--allow-private-keys"), code, says);
    (void)unlink(place_path(&place, name));
    assert_int_equal(rename(saved, place_path(&place, name)), 0);
}

static void a_missing_or_damaged_file_is_named(void **state)
{
    (void)state;
    damage("org.note", NULL, 2, WITH("org.note", "missing"));
    damage("policy.note", "handhold/1 policy\n", 2, WITH("policy.note"));
    damage("relay/relay.crt", NULL, 2, WITH("relay.crt", "missing", "handhold-certs issue"));
    damage("relay/relay.key", "no key\n", 2, WITH("relay.key", "does not belong"));
    damage("relay/log.key", NULL, 2, WITH("log.key", "missing"));
    damage("ca/ca.crt", "x\n", 2, WITH("ca.crt"));
}

static void a_key_of_another_relay_is_named(void **state)
{
    struct place other;
    char pem[4096];
    FILE *file;

    (void)state;
    place_init(&other);
    file = fopen(place_path(&other, "relay/relay.key"), "rb");
    assert_non_null(file);
    pem[fread(pem, 1, sizeof pem - 1, file)] = 0;
    fclose(file);
    damage("relay/relay.key", pem, 2, WITH("relay.key", "does not belong to relay.crt"));
    place_clear(&other);
}

static void an_expired_certificate_is_not_served(void **state)
{
    EVP_PKEY *key = NULL;
    X509 *expired = X509_new();
    BIO *pem = BIO_new(BIO_s_mem());
    FILE *file = fopen(place_path(&place, "relay/relay.key"), "rb");
    char text[4096];
    int len;

    (void)state;
    key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    assert_non_null(key);
    fclose(file);
    X509_gmtime_adj(X509_getm_notBefore(expired), -7200);
    X509_gmtime_adj(X509_getm_notAfter(expired), -3600);
    X509_set_pubkey(expired, key);
    assert_true(X509_sign(expired, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(pem, expired), 1);
    len = BIO_read(pem, text, sizeof text - 1);
    text[len] = 0;
    damage("relay/relay.crt", text, 2, WITH("relay.crt", "has ended on", "issue a new one"));
    BIO_free(pem);
    X509_free(expired);
    EVP_PKEY_free(key);
}

static int keep_version(void *version, int count, char **values, char **names)
{
    (void)count, (void)names;
    snprintf(version, 64, "PRAGMA user_version=%s", values[0]);
    return 0;
}

static void a_database_of_a_newer_relay_is_left_alone(void **state)
{
    sqlite3 *db;
    char before[64] = "";

    (void)state;
    place_start(&place, NULL);
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    assert_int_equal(sqlite3_open(place_path(&place, "data/relay.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version", keep_version, before, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    refused(WITH("--allow-private-keys"), 1, WITH("data", "99"));
    assert_int_equal(sqlite3_open(place_path(&place, "data/relay.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, before, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* New keys would hide that the old ones are gone, until somebody needs the evidence. */
static void a_log_without_the_keys_to_its_evidence_is_not_continued(void **state)
{
    struct line_end agent;
    handhold_Opened opened;
    char aside[256];

    place_start(&place, NULL);
    serve_open_session(&agent, &opened);
    line_end_clear(&agent);
    assert_int_equal(serve_stop(state), 0);
    snprintf(aside, sizeof aside, "%s.aside", place_path(&place, "data/keys.db"));
    assert_int_equal(rename(place_path(&place, "data/keys.db"), aside), 0);
    for (int i = 0; i < 2; i++)
        refused(i ? WITH("--allow-private-keys") : WITH("--check", "--allow-private-keys"), 1,
                WITH("data/keys.db", "is missing", "put back the keys.db of the same copy", "recover"));
    assert_int_not_equal(access(place_path(&place, "data/keys.db"), F_OK), 0);
    assert_int_equal(rename(aside, place_path(&place, "data/keys.db")), 0);
    place_start(&place, NULL);
}

static void an_unwritable_data_folder_is_named(void **state)
{
    char aside[256];

    (void)state;
    snprintf(aside, sizeof aside, "%s.aside", place_path(&place, "data"));
    assert_int_equal(rename(place_path(&place, "data"), aside), 0);
    place_write(&place, "data", "x", 1); /* a file where the folder should be: no right helps */
    refused(WITH("--allow-private-keys"), 1, WITH("/data"));
    assert_int_equal(unlink(place_path(&place, "data")), 0);
    assert_int_equal(rename(aside, place_path(&place, "data")), 0);
}

static void a_check_of_a_whole_folder_finds_no_error(void **state)
{
    char output[PLACE_OUTPUT_BYTES];

    (void)state;
    if (place_run_relay(&place, output, WITH("--check", "--allow-private-keys")))
        fail_msg("%s", strlen(output) > 900 ? output + strlen(output) - 900 : output);
    assert_non_null(strstr(output, "0 errors"));
    assert_non_null(strstr(output, "relay.crt"));
    assert_null(strstr(output, "ready"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITHOUT(a_check_fails_two_weeks_before_the_certificate_ends),
        WITHOUT(a_running_relay_has_no_core_dumps_no_new_privileges_and_keys_that_stay_in_memory),
        WITHOUT(root_becomes_the_owner_of_the_folder),
        WITHOUT(private_keys_of_the_organisation_are_not_for_a_relay),
        WITHOUT(what_others_can_read_is_named),
        WITHOUT(a_port_in_use_is_named),
        WITHOUT(a_unix_socket_in_use_is_named_and_stays_and_a_stale_one_goes),
        WITHOUT(a_folder_has_one_relay_at_a_time),
        WITHOUT(a_setting_that_is_not_known_is_named_with_its_line),
        WITHOUT(the_printed_settings_can_be_read_again),
        WITHOUT(a_missing_or_damaged_file_is_named),
        WITHOUT(a_key_of_another_relay_is_named),
        WITHOUT(an_expired_certificate_is_not_served),
        WITHOUT(a_database_of_a_newer_relay_is_left_alone),
        WITHOUT(a_log_without_the_keys_to_its_evidence_is_not_continued),
        WITHOUT(an_unwritable_data_folder_is_named),
        WITHOUT(a_check_of_a_whole_folder_finds_no_error),
    };

    return cmocka_run_group_tests(tests, serve_set_up, serve_tear_down);
}
