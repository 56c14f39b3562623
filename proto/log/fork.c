/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/log/fork.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/log/text.h"
#include "proto/seal/base64.h"

#define MARK "--- "
#define HEAD MARK "fork "
#define CHECKPOINT MARK "checkpoint"
#define PROOF MARK "proof"

static const struct {
    const char *name, *words;
} kinds[] = {
    [PROTO_LOG_FORK_SAME_SIZE] = {"same-size", "They are of one size and have two roots: no log can have both."},
    [PROTO_LOG_FORK_BAD_PROOF] = {"bad-proof", "The relay was asked to prove that the second continues the first. What "
                                               "it offered, below, does not."},
    [PROTO_LOG_FORK_NO_PROOF] = {"no-proof",
                                 "The relay was asked to prove that the second continues the first. It went "
                                 "on passing messages and did not answer."},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *proto_log_fork_name(enum proto_log_fork_kind kind)
{
    return kinds[kind].name;
}

enum proto_err proto_log_checkpoint_bare(char out[static PROTO_LOG_BARE_MAX], const char *note, const char *log_vkey)
{
    size_t len = strnlen(note, PROTO_LOG_CHECKPOINT_MAX);
    struct proto_log_checkpoint checkpoint;
    struct proto_note_parts parts;
    struct proto_note_key key;

    out[0] = '\0';
    if (proto_log_checkpoint_open(&checkpoint, note, len, log_vkey) || proto_note_split(&parts, note, len) ||
        proto_note_key_parse(&key, log_vkey, strlen(log_vkey)))
        return PROTO_ERR_LOG;
    for (size_t i = 0; i < parts.line_count; i++) {
        const struct proto_note_line *line = &parts.lines[i];
        if (line->name_len != strlen(key.name) || memcmp(line->name, key.name, line->name_len) != 0 ||
            memcmp(line->id, key.id, sizeof key.id) != 0)
            continue;
        if (parts.text_len + 1 + line->line_len >= PROTO_LOG_BARE_MAX)
            return PROTO_ERR_RANGE;
        snprintf(out, PROTO_LOG_BARE_MAX, "%.*s\n%.*s", (int)parts.text_len, parts.text, (int)line->line_len,
                 line->line);
        return PROTO_OK;
    }
    return PROTO_ERR_LOG;
}

/* ---- the file ---- */

enum proto_err proto_log_fork_write(struct proto_buf *out, const struct proto_log_fork *fork)
{
    proto_buf_printf(out,
                     "Two checkpoints of one log, both under its key, as two ends of a session were shown them.\n%s\n"
                     "Keep this file. handhold-audit check judges it, without asking anybody.\n" HEAD "%s\nlog %s\n",
                     kinds[fork->kind].words, kinds[fork->kind].name, fork->log_vkey);
    for (int i = 0; i < 2; i++) {
        proto_buf_put_text(out, CHECKPOINT "\n");
        proto_buf_put_text(out, i ? fork->second : fork->first);
    }
    if (fork->kind == PROTO_LOG_FORK_BAD_PROOF)
        proto_buf_put_text(out, PROOF "\n");
    for (size_t i = 0; fork->kind == PROTO_LOG_FORK_BAD_PROOF && i < fork->proof.count; i++) {
        proto_base64_put(out, fork->proof.hash[i], PROTO_LOG_HASH_BYTES);
        proto_buf_put_text(out, "\n");
    }
    return out->failed ? PROTO_ERR_FULL : PROTO_OK;
}

static bool begins(const char *text, size_t len, const char *with)
{
    return len >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

/* Where the first line is that begins so; `len` when there is none. */
static size_t find_line(const char *text, size_t len, const char *with)
{
    size_t at = 0;

    while (at < len && !begins(text + at, len - at, with)) {
        const char *lf = memchr(text + at, '\n', len - at);
        at = lf ? (size_t)(lf - text) + 1 : len;
    }
    return at;
}

bool proto_log_fork_is(const char *text, size_t len)
{
    size_t at = find_line(text, len, MARK);

    return begins(text + at, len - at, HEAD);
}

static enum proto_err take_head(struct proto_log_fork *out, struct proto_log_lines *lines)
{
    struct proto_log_line line, log;
    unsigned kind = 0;

    if (proto_log_line_next(lines, &line) || proto_log_line_next(lines, &log) || !begins(line.text, line.len, HEAD) ||
        !begins(log.text, log.len, "log ") || log.len - 4 >= sizeof out->log_vkey)
        return PROTO_ERR_FORMAT;
    line.text += sizeof HEAD - 1;
    line.len -= sizeof HEAD - 1;
    while (kind < KINDS && (strlen(kinds[kind].name) != line.len || memcmp(kinds[kind].name, line.text, line.len) != 0))
        kind++;
    if (kind == KINDS)
        return PROTO_ERR_FORMAT;
    out->kind = (enum proto_log_fork_kind)kind;
    memcpy(out->log_vkey, log.text + 4, log.len - 4);
    return PROTO_OK;
}

static enum proto_err take_checkpoint(char out[static PROTO_LOG_BARE_MAX], struct proto_log_lines *lines)
{
    struct proto_log_line line;

    if (proto_log_line_next(lines, &line) || line.len != sizeof CHECKPOINT - 1 ||
        memcmp(line.text, CHECKPOINT, line.len) != 0)
        return PROTO_ERR_FORMAT;
    size_t len = find_line(lines->at, (size_t)(lines->end - lines->at), MARK);
    if (len == 0 || len >= PROTO_LOG_BARE_MAX || memchr(lines->at, '\0', len))
        return PROTO_ERR_FORMAT;
    memcpy(out, lines->at, len);
    lines->at += len;
    return PROTO_OK;
}

static enum proto_err take_proof(struct proto_log_hashes *out, struct proto_log_lines *lines)
{
    struct proto_log_line line;

    if (proto_log_line_next(lines, &line) || line.len != sizeof PROOF - 1 || memcmp(line.text, PROOF, line.len) != 0)
        return PROTO_ERR_FORMAT;
    while (lines->at < lines->end) {
        if (out->count == PROTO_LOG_PROOF_MAX || proto_log_line_next(lines, &line) ||
            proto_log_line_hash(&line, out->hash[out->count++]))
            return PROTO_ERR_FORMAT;
    }
    return PROTO_OK;
}

enum proto_err proto_log_fork_parse(struct proto_log_fork *out, const char *text, size_t len)
{
    memset(out, 0, sizeof *out);
    if (len > PROTO_LOG_FORK_FILE_MAX)
        return PROTO_ERR_FORMAT;
    size_t at = find_line(text, len, MARK);
    struct proto_log_lines lines = {text + at, text + len};
    enum proto_err err = take_head(out, &lines);

    if (!err)
        err = take_checkpoint(out->first, &lines);
    if (!err)
        err = take_checkpoint(out->second, &lines);
    if (!err && out->kind == PROTO_LOG_FORK_BAD_PROOF)
        err = take_proof(&out->proof, &lines);
    if (!err && lines.at != lines.end)
        err = PROTO_ERR_FORMAT;
    if (err)
        memset(out, 0, sizeof *out);
    return err;
}

enum proto_err proto_log_fork_check(const struct proto_log_fork *fork, const char *log_vkey,
                                    struct proto_log_checkpoint *first, struct proto_log_checkpoint *second)
{
    if (proto_log_checkpoint_open(first, fork->first, strlen(fork->first), log_vkey) ||
        proto_log_checkpoint_open(second, fork->second, strlen(fork->second), log_vkey))
        return PROTO_ERR_LOG;
    if (first->size != second->size)
        return PROTO_ERR_STATE;
    return memcmp(first->root, second->root, sizeof first->root) != 0 ? PROTO_OK : PROTO_ERR_LOG;
}
