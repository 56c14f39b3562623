/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/broken.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/host/say.h"

static bool path_of(const struct serve *serve, char path[static HOST_PATH_BYTES])
{
    return host_path(path, "%s/relay/broken", serve->folder->dir);
}

static void write_down(struct serve *serve, bool again)
{
    struct serve_broken *broken = &serve->broken;
    char path[HOST_PATH_BYTES];
    enum proto_err err =
        path_of(serve, path) ? host_file_write(path, broken->note, strlen(broken->note), HOST_PUBLIC) : PROTO_ERR_RANGE;

    broken->written = !err;
    if (err && !again)
        host_say_err(path, err);
    else if (!err && again)
        host_say(HOST_INFO, "%s: written now", path);
}

void serve_broken_keep(struct serve *serve, const char *note)
{
    if (*serve->broken.note)
        return;
    snprintf(serve->broken.note, sizeof serve->broken.note, "%s", note);
    write_down(serve, false);
}

void serve_broken_tick(struct serve *serve)
{
    if (*serve->broken.note && !serve->broken.written)
        write_down(serve, true);
}

/* The sentence for people: what was shown, and what is here. */
static void refuse(const char *path, const struct proto_log_checkpoint *shown, const struct relay_log_verdict *verdict,
                   uint64_t size, struct serve_report *report)
{
    char finding[256];

    if (verdict->claim == RELAY_LOG_CLAIM_AHEAD)
        snprintf(finding, sizeof finding,
                 "an end has shown %" PRIu64 " entries signed by this log's key, and the stored log has %" PRIu64
                 ": an old copy was put back, and went on",
                 shown->size, size);
    else
        snprintf(finding, sizeof finding,
                 "an end has shown another log of %" PRIu64 " entries, signed by this log's key", shown->size);
    serve_report_add(report, SERVE_ERROR, path, finding,
                     "put the newest copy of the data folder back; if there is none, an officer ends this log with "
                     "handhold-audit recover");
}

bool serve_broken_check(struct serve *serve, struct serve_report *report)
{
    struct relay_log_verdict verdict = {.claim = RELAY_LOG_CLAIM_FITS};
    char path[HOST_PATH_BYTES], note[PROTO_LOG_CHECKPOINT_MAX] = "";
    struct proto_log_checkpoint shown;
    struct proto_log_seen head;
    struct proto_buf file;

    if (!path_of(serve, path) || !host_file_exists(path))
        return true;
    proto_buf_init(&file, sizeof note - 1);
    enum proto_err err = host_file_read(path, &file);
    if (!err && file.len)
        memcpy(note, file.bytes, file.len);
    proto_buf_free(&file);
    if (err || proto_log_checkpoint_open(&shown, note, strlen(note), serve->folder->log_vkey)) {
        serve_report_add(report, SERVE_WARNING, path, "is no checkpoint of this log, and proves nothing", "remove it");
        return true;
    }
    relay_appender_head(serve->appender, &head);
    err = relay_log_judge(serve->reader, &head, NULL, note, serve->folder->log_vkey, &verdict);
    if (err || verdict.claim != RELAY_LOG_CLAIM_FITS) {
        refuse(path, &shown, &verdict, head.size, report);
        return false;
    }
    host_say(HOST_INFO, "%s: the stored log leads to it, so the newest data folder is back", path);
    if (!report->table)
        (void)unlink(path);
    return true;
}
