/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to verify a log, against the bare signatures, unsealings and hashes that it must make: as many of each
 * as the verification itself counted, over bytes of the same length, by the same library in the same run. And what a
 * verification costs that goes on from an earlier one, as each day's does.
 *
 * bench_verify [--sessions N] [--before N] [--make] [--use FOLDER]: the latter alone. N sessions of 11 entries, which
 * are all that a first verification reads, or N entries of sessions that the next day's does not read again
 * (verify_before.h). --make leaves the folder and says its name, --use measures it.
 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/seal/kdf.h"
#include "relay/audit/verify.h"
#include "tests/bench/bench.h"
#include "tests/bench/verify_before.h"
#include "tests/relay/log_fixture.h"

enum {
    SESSIONS = 300,
    SESSIONS_NEW = 100, /* since the verification before */
    ROUNDS = 7,
    NOTE_BYTES = 320,   /* the text of a usual note, which is signed */
    SEALED_BYTES = 520, /* with its lines and its salt, sealed */
    HASHED_BYTES = 300, /* leaves and nodes are shorter, notes and evidence longer */
};

static void add_session(struct log_fixture *f)
{
    struct log_session s;

    log_fixture_pass(f, 60);
    log_session_begin(f, &s, "", "");
    log_session_event(f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_grant(f, &s, PROTO_CAPABILITY_CAMERA, "to read the label on the back of the hub", 600);
    log_session_show(f, &s, PROTO_CAPABILITY_CAMERA, "3");
    log_session_agent_event(f, &s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
    log_session_hide(f, &s, PROTO_CAPABILITY_CAMERA, "3", "1000", "1000000");
    log_session_answer(f, &s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_CAMERA, "");
    log_session_answer(f, &s, PROTO_STATEMENT_END, PROTO_CAPABILITY_NONE, "");
    log_session_end(f, &s, PROTO_END_COMPLETED);
}

/* CPU of all threads; the report of what was counted. `from` NULL: all of it. */
static double verify(const struct log_fixture *f, unsigned threads, const struct proto_log_seen *from,
                     struct audit_report *report, double *wall_us)
{
    struct audit_verified *v = calloc(1, sizeof *v);
    struct audit_organisation o;
    char key[HOST_PATH_BYTES];

    if (!v || !host_path(key, "%s/officer/evidence.key", f->folder) || !audit_open(&o, f->folder, key))
        bench_cannot("the log cannot be opened");
    v->plan.threads = threads;
    if (from) {
        v->plan.from.size = from->size;
        memcpy(v->plan.from.root, from->root, sizeof v->plan.from.root);
        v->plan.seen = v->plan.from;
    }
    double cpu = bench_cpu_us(), wall = bench_wall_us();
    if (audit_verify_all(&o, v, f->now_ms) || v->report.wrong)
        bench_cannot("the log does not verify");
    cpu = bench_cpu_us() - cpu;
    *wall_us = bench_wall_us() - wall;
    *report = v->report;
    audit_close(&o);
    audit_log_clear(&v->log);
    free(v);
    return cpu;
}

static double bare(const struct audit_report *report)
{
    enum { STORED_BYTES = SEALED_BYTES + crypto_box_SEALBYTES };
    static uint8_t note[NOTE_BYTES], plain[SEALED_BYTES], sealed[STORED_BYTES], opened[STORED_BYTES];
    static uint8_t stored[STORED_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES];
    static const uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES], key[32];
    uint8_t sign_public[32], sign_secret[64], box_public[32], box_secret[32], signature[64], hash[32];
    bool fine = true;

    crypto_sign_keypair(sign_public, sign_secret);
    crypto_box_keypair(box_public, box_secret);
    crypto_sign_detached(signature, NULL, note, sizeof note, sign_secret);
    fine = crypto_box_seal(sealed, plain, sizeof plain, box_public) == 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(stored, NULL, sealed, sizeof sealed, NULL, 0, NULL, nonce, key);
    double cpu = bench_cpu_us();
    for (uint64_t i = 0; i < report->opened; i++) /* evidence lies under its customer's key, and is sealed within */
        fine = !crypto_aead_xchacha20poly1305_ietf_decrypt(opened, NULL, NULL, stored, sizeof stored, NULL, 0, nonce,
                                                           key) &&
               fine;
    for (uint64_t i = 0; i < report->signatures; i++)
        fine = !crypto_sign_verify_detached(signature, note, sizeof note, sign_public) && fine;
    for (uint64_t i = 0; i < report->opened; i++)
        fine = !crypto_box_seal_open(plain, sealed, sizeof sealed, box_public, box_secret) && fine;
    for (uint64_t i = 0; i < report->hashes; i++)
        proto_sha256(hash, note, HASHED_BYTES);
    cpu = bench_cpu_us() - cpu;
    if (!fine)
        bench_cannot("the library does not hold what it signed");
    return cpu;
}

/* The same whole log, and what came since `from`; on every core, as the command does it. */
static void measure_daily(const struct log_fixture *f, const struct proto_log_seen *from)
{
    static struct bench_series daily;
    static struct audit_report report;
    double wall;

    for (int round = 0; round < 3; round++) {
        (void)verify(f, 0, from, &report, &wall);
        bench_add(&daily, wall / 1e6);
    }
    bench_limit("verify: what came since the last time, s", bench_median(&daily), 10);
    bench_remark("%llu signatures; the log began with %llu verified entries", (unsigned long long)report.signatures,
                 (unsigned long long)from->size);
}

static void measure_whole(const struct log_fixture *f)
{
    static struct bench_series ours, peer, one, many;
    static struct audit_report report;
    double wall;

    for (int round = 0; round < ROUNDS; round++) {
        bench_add(&ours, verify(f, 1, NULL, &report, &wall));
        bench_add(&one, wall);
        bench_add(&peer, bare(&report));
        (void)verify(f, 0, NULL, &report, &wall);
        bench_add(&many, wall);
    }
    bench_ratio("verify: CPU, against bare signatures, unsealings and hashes", &ours, &peer, 1.2);
    bench_remark(
        "%llu entries, %llu signatures, %llu unsealings, %llu hashes; %.0f entries a second on one thread, %.0f "
        "on all %ld cores",
        (unsigned long long)report.entries, (unsigned long long)report.signatures, (unsigned long long)report.opened,
        (unsigned long long)report.hashes, (double)report.entries / bench_median(&one) * 1e6,
        (double)report.entries / bench_median(&many) * 1e6, sysconf(_SC_NPROCESSORS_ONLN));
}

/* ---- a log that is made in one run and measured in another ---- */

static void note_path(char path[HOST_PATH_BYTES], const struct log_fixture *f)
{
    if (!host_path(path, "%s/bench", f->folder))
        bench_cannot("the path is too long");
}

static void leave(const struct log_fixture *f, const struct proto_log_seen *from)
{
    char path[HOST_PATH_BYTES];

    note_path(path, f);
    FILE *file = fopen(path, "wbe");
    if (!file || fwrite(from, sizeof *from, 1, file) != 1 || fwrite(&f->now_ms, sizeof f->now_ms, 1, file) != 1 ||
        fclose(file) != 0)
        bench_cannot("%s cannot be written", path);
    printf("%s\n", f->folder);
}

static void use(const char *folder)
{
    struct log_fixture f = {.folder = ""};
    struct proto_log_seen from;
    char path[HOST_PATH_BYTES];

    if (strlen(folder) >= sizeof f.folder)
        bench_cannot("the path is too long");
    snprintf(f.folder, sizeof f.folder, "%s", folder);
    note_path(path, &f);
    FILE *file = fopen(path, "rbe");
    if (!file || fread(&from, sizeof from, 1, file) != 1 || fread(&f.now_ms, sizeof f.now_ms, 1, file) != 1)
        bench_cannot("%s: --make leaves it", path);
    fclose(file);
    bench_head();
    measure_daily(&f, &from);
}

static void make(struct log_fixture *f, uint64_t before, unsigned long sessions, struct proto_log_seen *from)
{
    log_fixture_open_in(f, "/tmp"); /* as large as a disk */
    if (before)
        bench_verified_before(f, before);
    for (unsigned long i = 0; i + SESSIONS_NEW < sessions; i++)
        add_session(f);
    relay_appender_head(f->appender, from);
    for (int i = 0; i < SESSIONS_NEW; i++)
        add_session(f);
    log_fixture_settle(f);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"sessions", required_argument, NULL, 's'},
                                            {"before", required_argument, NULL, 'b'},
                                            {"make", no_argument, NULL, 'm'},
                                            {"use", required_argument, NULL, 'u'},
                                            {NULL, 0, NULL, 0}};
    static struct log_fixture f;
    struct proto_log_seen from;
    unsigned long sessions = SESSIONS;
    uint64_t before = 0;
    bool stays = false;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 's')
            sessions = strtoul(optarg, NULL, 10);
        else if (option == 'b')
            before = strtoull(optarg, NULL, 10);
        else if (option == 'm')
            stays = true;
        else if (option == 'u')
            return use(optarg), 0;
        else
            return 2;
    }
    make(&f, before, sessions, &from);
    if (stays)
        return leave(&f, &from), 0;
    bench_head();
    if (sessions == SESSIONS && !before)
        measure_whole(&f);
    measure_daily(&f, &from);
    log_fixture_close(&f);
    return 0;
}
