/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/rights.h"

#include <stdio.h>
#include <unistd.h>

/* Whoever can read one of these is the organisation, or can open everybody's evidence. */
static const char *const authority_keys[] = {"ca/ca.key", "ca/tls.key", "officer/evidence.key", "staff/cases.key"};

/*
 * Whoever can read one of these is this relay, or knows its customers; `others`: the rights that nobody else may have.
 * A public certificate's key is often shared with a group that other servers are of, and is no reason to shut out
 * staff.
 */
static const struct {
    const char *name;
    mode_t others;
    enum serve_level level;
} own_files[] = {
    {"relay/relay.key", 0077, SERVE_ERROR}, {"relay/log.key", 0077, SERVE_ERROR},
    {"data/token.key", 0077, SERVE_ERROR},  {"data/relay.db", 0077, SERVE_ERROR},
    {"data/keys.db", 0077, SERVE_ERROR},    {"public/privkey.pem", 0027, SERVE_WARNING},
};

/* Whoever can write into one of these puts other keys, settings or notes in the place of ours. */
static const char *const own_folders[] = {"",    "/relay",     "/data",     "/public",
                                          "/ca", "/relay.ini", "/org.note", "/policy.note"};

static void check_own_folders(const struct serve_folder *folder, struct serve_report *report)
{
    char path[HOST_PATH_BYTES], way_out[HOST_PATH_BYTES + 16];
    struct stat there;

    for (size_t i = 0; i < sizeof own_folders / sizeof *own_folders; i++) {
        if (!host_path(path, "%s%s", folder->dir, own_folders[i]) || stat(path, &there) ||
            !(there.st_mode & (S_IWGRP | S_IWOTH)))
            continue;
        snprintf(way_out, sizeof way_out, "chmod go-w %s", path);
        serve_report_add(report, SERVE_WARNING, path, "others on this machine can change what is there", way_out);
    }
}

static bool check_authority_keys(const struct serve_folder *folder, bool allowed, struct serve_report *report)
{
    static const char finding[] = "this relay's user can read a private key of the organisation";
    char path[HOST_PATH_BYTES];
    bool found = false;

    for (size_t i = 0; i < sizeof authority_keys / sizeof *authority_keys; i++) {
        if (!serve_folder_path(folder, path, authority_keys[i], report))
            return false;
        if (access(path, R_OK))
            continue;
        if (!allowed || report->table || !found) /* allowed: said once */
            serve_report_add(report, allowed ? SERVE_WARNING : SERVE_ERROR, path, finding,
                             allowed
                                 ? "fine for trying out; for real use give the relay what export-relay writes, alone"
                                 : "run it in a folder made by handhold-certs export-relay, as a user of its own");
        found = true;
    }
    if (!found)
        serve_report_fine(report, folder->dir, "holds no private key of the organisation that this user can read");
    return allowed || !found;
}

static bool check_own_files(const struct serve_folder *folder, struct serve_report *report)
{
    char path[HOST_PATH_BYTES], way_out[HOST_PATH_BYTES + 16];
    struct stat file;
    bool found = false, refused = false;

    for (size_t i = 0; i < sizeof own_files / sizeof *own_files; i++) {
        if (!serve_folder_path(folder, path, own_files[i].name, report))
            return false;
        if (stat(path, &file) || !(file.st_mode & own_files[i].others))
            continue;
        snprintf(way_out, sizeof way_out, "chmod 600 %s", path);
        serve_report_add(report, own_files[i].level, path, "others on this machine can read or change it", way_out);
        found = true;
        refused |= own_files[i].level == SERVE_ERROR;
    }
    if (!found)
        serve_report_fine(report, folder->dir, "nobody else can read the relay's keys and databases");
    return !refused;
}

bool serve_rights_check(const struct serve_folder *folder, bool allowed, struct serve_report *report)
{
    bool authority = check_authority_keys(folder, allowed, report);

    check_own_folders(folder, report);
    return (authority || report->table) && check_own_files(folder, report) && authority;
}
