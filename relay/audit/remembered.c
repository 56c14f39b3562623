/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/remembered.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/host/say.h"

#define FILE_BYTES (4096 + AUDIT_OPEN_MAX * 64)
#define FIRST_LINE "handhold-audit 1"
#define UNFILED_WORD "\nunfiled "
#define ROW_WORD "\nrow "
#define OPEN_WORD "\nopen "

static bool folder_path(char out[static HOST_PATH_BYTES])
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (state && *state == '/')
        return host_path(out, "%s/handhold/audit", state);
    return home && *home == '/' && host_path(out, "%s/.local/state/handhold/audit", home);
}

/* An origin has slashes; a log that began anew under another key is another log. */
static bool file_path(const struct audit_organisation *o, const char *folder, char out[static HOST_PATH_BYTES])
{
    char name[PROTO_NOTE_NAME_MAX + 1], id[2 * PROTO_NOTE_KEY_ID_BYTES + 1];

    snprintf(name, sizeof name, "%.200s", o->log_key.name);
    for (char *at = name; *at; at++)
        if (*at == '/' || *at == '.')
            *at = '_';
    sodium_bin2hex(id, sizeof id, o->log_key.id, sizeof o->log_key.id);
    return host_path(out, "%s/%s.%s.seen", folder, name, id);
}

static bool read_tree(const char *text, const char *word, struct audit_seen_tree *out)
{
    const char *line = strstr(text, word);
    char hex[2 * PROTO_LOG_HASH_BYTES + 1];
    size_t len = 0;

    return line && sscanf(line + strlen(word), "%" SCNu64 " %64[0-9a-f]", &out->size, hex) == 2 &&
           !sodium_hex2bin(out->root, sizeof out->root, hex, strlen(hex), NULL, &len, NULL) &&
           len == sizeof out->root && out->size <= PROTO_LOG_SIZE_MAX;
}

/* What an interrupted verification left; not there: none did. */
static bool read_reached(const char *text, struct audit_remembered *out)
{
    char sid[2 * RELAY_STORE_SID_BYTES + 1];
    size_t len = 0;
    const char *unfiled = strstr(text, UNFILED_WORD), *row = strstr(text, ROW_WORD);

    if (unfiled &&
        (sscanf(unfiled + strlen(UNFILED_WORD), "%" SCNu64, &out->unfiled) != 1 || out->unfiled > out->leaves.size))
        return false;
    if (!row)
        return true;
    out->row.set = true;
    return sscanf(row + strlen(ROW_WORD), "%" SCNd64 " %32[0-9a-f]", &out->row.created_unix_ms, sid) == 2 &&
           !sodium_hex2bin(out->row.sid, sizeof out->row.sid, sid, strlen(sid), NULL, &len, NULL) &&
           len == sizeof out->row.sid && read_tree(text, "\njudging ", &out->judging) &&
           out->judging.size <= out->leaves.size && !out->notes.size;
}

static bool read_sid(const char *hex, uint8_t sid[static RELAY_STORE_SID_BYTES])
{
    size_t len = 0;

    return !sodium_hex2bin(sid, RELAY_STORE_SID_BYTES, hex, (size_t)2 * RELAY_STORE_SID_BYTES, NULL, &len, NULL) &&
           len == RELAY_STORE_SID_BYTES;
}

static bool read_open(const char *text, struct audit_open *open)
{
    while ((text = strstr(text, OPEN_WORD))) {
        text += strlen(OPEN_WORD);
        if (open->count == AUDIT_OPEN_MAX || strlen(text) < (size_t)2 * RELAY_STORE_SID_BYTES ||
            !read_sid(text, open->sid[open->count++]))
            return false;
    }
    return true;
}

/* What an officer has signed for explains what is missing; what is here is held to that. */
static void follow_officer(const struct audit_organisation *o, struct audit_remembered *seen)
{
    struct audit_ended ending;

    if (!o->ended || !seen->leaves.size || !audit_own_ending(o, &ending) || ending.found == AUDIT_FOUND_WHOLE ||
        (ending.found == AUDIT_FOUND_SMALLER && seen->leaves.size <= ending.stored))
        return;
    memset(seen, 0, sizeof *seen);
    if (ending.found == AUDIT_FOUND_DAMAGED || ending.found == AUDIT_FOUND_GONE)
        return; /* its tree leads nowhere */
    seen->leaves.size = ending.stored;
    memcpy(seen->leaves.root, ending.kept, sizeof seen->leaves.root);
}

bool audit_remembered_load(const struct audit_organisation *o, struct audit_remembered *out)
{
    char folder[HOST_PATH_BYTES], path[HOST_PATH_BYTES];
    struct proto_buf file;

    memset(out, 0, sizeof *out);
    if (!folder_path(folder) || !file_path(o, folder, path) || !host_file_exists(path))
        return true;
    proto_buf_init(&file, FILE_BYTES);
    bool fine = !host_file_read(path, &file);
    proto_buf_put_u8(&file, 0);
    const char *text = (const char *)file.bytes;
    fine = fine && !file.failed && !strncmp(text, FIRST_LINE "\n", sizeof FIRST_LINE) &&
           read_tree(text, "\nleaves ", &out->leaves) && read_tree(text, "\nnotes ", &out->notes) &&
           out->notes.size <= out->leaves.size && read_reached(text, out) && read_open(text, &out->open);
    proto_buf_free(&file);
    if (!fine) {
        memset(out, 0, sizeof *out);
        host_say_error(path, "is not what this program writes there",
                       "find out who changed it; without it nothing is compared with what was verified before");
    }
    if (fine)
        follow_officer(o, out);
    return fine;
}

static void put_tree(struct proto_buf *out, const char *word, const struct audit_seen_tree *tree)
{
    char hex[2 * PROTO_LOG_HASH_BYTES + 1];

    sodium_bin2hex(hex, sizeof hex, tree->root, sizeof tree->root);
    proto_buf_printf(out, "%s %" PRIu64 " %s\n", word, tree->size, hex);
}

static void put_row(struct proto_buf *out, const struct audit_remembered *seen)
{
    char sid[2 * RELAY_STORE_SID_BYTES + 1];

    if (!seen->row.set)
        return;
    put_tree(out, "judging", &seen->judging);
    sodium_bin2hex(sid, sizeof sid, seen->row.sid, sizeof seen->row.sid);
    proto_buf_printf(out, "%s%" PRId64 " %s\n", &ROW_WORD[1], seen->row.created_unix_ms, sid);
}

static void put_open(struct proto_buf *out, const struct audit_open *open)
{
    char sid[2 * RELAY_STORE_SID_BYTES + 1];

    for (size_t i = 0; i < open->count; i++)
        proto_buf_printf(out, "%s%s\n", &OPEN_WORD[1],
                         sodium_bin2hex(sid, sizeof sid, open->sid[i], RELAY_STORE_SID_BYTES));
}

bool audit_remembered_save(const struct audit_organisation *o, const struct audit_remembered *seen)
{
    char folder[HOST_PATH_BYTES], path[HOST_PATH_BYTES];
    struct proto_buf file;
    enum proto_err err = PROTO_ERR_IO;

    if (!folder_path(folder) || !file_path(o, folder, path)) {
        host_say(HOST_WARN, "there is neither XDG_STATE_HOME nor HOME: what was verified is not remembered");
        return false;
    }
    proto_buf_init(&file, FILE_BYTES);
    proto_buf_printf(&file, FIRST_LINE "\nlog %s\n", o->log_vkey);
    put_tree(&file, "leaves", &seen->leaves);
    put_tree(&file, "notes", &seen->notes);
    if (seen->unfiled)
        proto_buf_printf(&file, "%s%" PRIu64 "\n", &UNFILED_WORD[1], seen->unfiled);
    put_row(&file, seen);
    put_open(&file, &seen->open);
    if (!file.failed)
        err = host_folder_make(folder, HOST_PRIVATE);
    if (!err)
        err = host_file_write(path, file.bytes, file.len, HOST_PRIVATE);
    proto_buf_free(&file);
    if (err)
        host_say_err(path, err);
    return !err;
}

void audit_remembered_plan(const struct audit_remembered *seen, bool opens, struct audit_log_plan *plan)
{
    plan->from = opens && seen->notes.size ? seen->notes : opens && seen->row.set ? seen->judging : seen->leaves;
    plan->interrupted = opens && !seen->notes.size;
    plan->open = opens && seen->notes.size ? &seen->open : NULL;
    if (opens && seen->notes.size)
        return;
    plan->unfiled = seen->unfiled < plan->from.size ? seen->unfiled : plan->from.size;
    if (plan->interrupted)
        plan->row = seen->row;
}

bool audit_remembered_reach(struct audit_remembered *seen, const struct audit_reached *reached)
{
    bool further = reached->tree.size > seen->leaves.size;

    if (further) {
        seen->leaves = reached->tree;
        seen->unfiled = reached->unfiled;
    }
    if (!reached->row.set || seen->notes.size)
        return further;
    seen->judging = reached->tree;
    seen->row = reached->row;
    return true;
}
