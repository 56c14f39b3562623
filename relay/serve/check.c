/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/check.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/host/world.h"
#include "proto/util/buf.h"
#include "relay/serve/guard.h"
#include "relay/serve/whole.h"
#include "relay/store/store.h"

enum { CLOCK_MS = 5 * 60 * 1000 }; /* an entry may be that much ahead of the clock */
static const uint64_t disk_bytes = 512u << 20, mb = 1 << 20;

/* On an error *out is NULL. */
static enum proto_err open_to_read(struct relay_store **out, const struct serve_folder *folder,
                                   char error[static RELAY_STORE_ERROR_MAX])
{
    struct relay_store_config config = {.folder = folder->data, .read_only = true, .random = host_random()};

    *out = NULL;
    *error = 0;
    return relay_store_open(out, &config, error);
}

static const char stored_way_out[] = "handhold-audit verify names what is wrong in the stored log";

void serve_check_unread(struct serve_report *report, const struct serve_folder *folder, const struct relay_store *store,
                        enum proto_err err)
{
    if (relay_store_is_damaged(store))
        serve_report_stored(report, folder->dir, folder->data, relay_store_error(store), NULL);
    else
        serve_report_add(report, SERVE_ERROR, folder->data, proto_err_rule(err), stored_way_out);
}

void serve_check_log(struct serve_folder *folder, struct serve_report *report)
{
    char error[RELAY_STORE_ERROR_MAX];
    struct relay_store_checkpoint stored;
    struct proto_log_checkpoint opened;
    struct relay_store *store;

    if (open_to_read(&store, folder, error)) {
        if (serve_guard_is_full(folder->data))
            return; /* said with the disk */
        serve_report_stored(report, folder->dir, folder->data, error, "stop the relay, and check again");
        return;
    }
    enum proto_err err = relay_store_get_checkpoint(store, &stored);
    if (!err && proto_log_checkpoint_open(&opened, stored.note, strlen(stored.note), folder->log_vkey))
        serve_report_add(report, SERVE_ERROR, folder->data, "its newest checkpoint is not signed by this log's key",
                         stored_way_out);
    else if (err && err != PROTO_ERR_NOT_FOUND)
        serve_report_stored(report, folder->dir, folder->data, relay_store_error(store), proto_err_way_out(err));
    else
        serve_report_fine(report, folder->data,
                          "%llu entries; whether all of it is whole, a start or handhold-audit "
                          "verify says",
                          (unsigned long long)(err ? 0 : stored.size));
    relay_store_close(store);
}

void serve_check_runs(const struct serve_folder *folder, struct serve_report *report)
{
    serve_report_fine(report, folder->data, "a relay is running on this folder, and has its ports");
}

void serve_check_beside(struct serve_folder *folder, struct serve_report *report)
{
    serve_check_runs(folder, report);
    serve_check_log(folder, report);
}

/* The size that relay/checkpoint vouches for; 0: nothing that this log's key has signed. */
static uint64_t vouched(const struct serve_folder *folder)
{
    struct proto_log_checkpoint checkpoint = {0};
    struct proto_buf note;
    bool fine;

    proto_buf_init(&note, PROTO_LOG_CHECKPOINT_MAX);
    fine = !host_file_read(folder->checkpoint, &note) &&
           !proto_log_checkpoint_open(&checkpoint, (const char *)note.bytes, note.len, folder->log_vkey);
    proto_buf_free(&note);
    return fine ? checkpoint.size : 0;
}

/* The file first: the relay that still runs writes it behind the database. */
bool serve_check_successor(const struct serve_folder *folder, struct serve_report *report)
{
    char error[RELAY_STORE_ERROR_MAX];
    struct relay_store *store;
    struct relay_store_checkpoint stored = {0};
    uint64_t size = vouched(folder);
    enum proto_err err = open_to_read(&store, folder, error);

    if (err == PROTO_ERR_VERSION) {
        serve_report_stored(report, folder->dir, folder->data, error, proto_err_way_out(err));
        return false;
    }
    if (!err)
        err = relay_store_get_checkpoint(store, &stored);
    relay_store_close(store);
    if ((err && err != PROTO_ERR_NOT_FOUND) || stored.size >= size)
        return true; /* what else is wrong the opening says */
    serve_report_add(report, SERVE_ERROR, folder->checkpoint,
                     "vouches for more entries than the stored log has: an old copy was put back",
                     "put the newest data folder back, or let an officer run handhold-audit recover");
    return false;
}

static void check_disk(const struct serve_folder *folder, struct serve_report *report)
{
    struct statvfs disk;
    char finding[128];

    if (statvfs(folder->data, &disk) && statvfs(folder->dir, &disk)) /* data is made by the first start */
        return;
    uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    snprintf(finding, sizeof finding, "%llu MB are free on its disk; a full one ends all that is granted",
             (unsigned long long)(free_bytes / mb));
    if (serve_guard_is_full(folder->data))
        serve_report_add(report, SERVE_ERROR, folder->data, "its disk is full, so no session can begin",
                         "make room there");
    else if (free_bytes < disk_bytes)
        serve_report_add(report, SERVE_WARNING, folder->data, finding, "make room before it is full");
    else
        serve_report_fine(report, folder->data, "%llu MB are free on its disk", (unsigned long long)(free_bytes / mb));
}

/* What was logged is past. A clock behind it would date what comes before what was. */
static void check_clock(const struct serve_folder *folder, struct serve_report *report)
{
    char error[RELAY_STORE_ERROR_MAX], finding[160], when[32];
    struct relay_store *store = NULL;
    struct relay_store_checkpoint stored;
    struct relay_store_entry newest = {0};
    int64_t now_ms = host_now().unix_ms;
    struct tm tm;

    if (serve_folder_has_log(folder) && !open_to_read(&store, folder, error) &&
        !relay_store_get_checkpoint(store, &stored) && stored.size)
        (void)!relay_store_get_entry(store, stored.size - 1, &newest);
    relay_store_close(store);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M UTC", gmtime_r(&(time_t){(time_t)(now_ms / 1000)}, &tm));
    if (newest.received_ms <= now_ms + CLOCK_MS) {
        serve_report_fine(report, "clock", "%s", when);
        return;
    }
    snprintf(finding, sizeof finding, "it is %s here, and the newest entry of the log is %lld minutes later", when,
             (long long)((newest.received_ms - now_ms) / 60000));
    serve_report_add(report, SERVE_WARNING, "clock", finding, "set this machine's clock (timedatectl)");
}

static void check_networks(const struct serve_config *config, struct serve_report *report)
{
    static const char finding[] =
        "everybody is believed, so anybody chooses the address that bounds and log lines know",
                      way_out[] = "name the addresses of your own proxies";

    if (serve_networks_have_everybody(&config->proxy_protocol_from))
        serve_report_add(report, SERVE_WARNING, "proxy_protocol_from", finding, way_out);
    if (serve_networks_have_everybody(&config->forwarded_from))
        serve_report_add(report, SERVE_WARNING, "forwarded_from", finding, way_out);
}

/* Everybody behind such a proxy has its address: one stranger's guesses would keep all of them waiting. */
static void check_behind(const struct serve_config *config, struct serve_report *report)
{
    if (*config->plain_listen && !config->forwarded_from.count && !config->forwarded_from.local)
        serve_report_add(report, SERVE_WARNING, "plain_listen",
                         "forwarded_from is not set, so all who come by the proxy share the bounds of one address",
                         "let the proxy set Forwarded, and name it: forwarded_from = 127.0.0.1, or unix");
}

static void check_guides(const struct serve_config *config, struct serve_report *report)
{
    struct stat there;

    if (!*config->guides)
        return;
    if (!stat(config->guides, &there) && S_ISDIR(there.st_mode) && !access(config->guides, R_OK | X_OK))
        serve_report_fine(report, config->guides, "the folder of guides");
    else
        serve_report_add(report, SERVE_WARNING, config->guides, "guides is no folder that this relay can read",
                         "make it, or take the line out for the folder guides beside relay");
}

void serve_check_machine(const struct serve_config *config, const struct serve_folder *folder,
                         struct serve_report *report)
{
    check_networks(config, report);
    check_behind(config, report);
    check_guides(config, report);
    check_disk(folder, report);
    serve_whole_check(folder, report);
    check_clock(folder, report);
}
