/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/log/fork.h - two checkpoints of one log that cannot both be true, as a file that is judged offline.
 *
 *     <words for people; no line begins with "--- ">
 *     --- fork <same-size|bad-proof|no-proof>
 *     log <vkey>
 *     --- checkpoint
 *     <the signed note of the smaller, or of the end that writes>
 *     --- checkpoint
 *     <the signed note of the larger, or of the other end>
 *     --- proof                      bad-proof alone: what the relay offered
 *     <b64 hash> …
 *
 * Two roots of one size, both signed, prove a fork to everybody. With two sizes the notes alone contradict nothing:
 * that the log's owner has no proof from one to the other is what this end saw, and what anybody can ask again.
 */
#ifndef PROTO_LOG_FORK_H
#define PROTO_LOG_FORK_H

#include "proto/log/checkpoint.h"

/* Bytes of a checkpoint with no line but the log's own: three lines of text, one of signature, and a NUL. */
#define PROTO_LOG_BARE_MAX 1280
#define PROTO_LOG_FORK_FILE_MAX 16384

enum proto_log_fork_kind { PROTO_LOG_FORK_SAME_SIZE, PROTO_LOG_FORK_BAD_PROOF, PROTO_LOG_FORK_NO_PROOF };

struct proto_log_fork {
    enum proto_log_fork_kind kind;
    char log_vkey[PROTO_NOTE_VKEY_MAX + 1];
    char first[PROTO_LOG_BARE_MAX], second[PROTO_LOG_BARE_MAX]; /* notes, NUL-terminated */
    struct proto_log_hashes proof;                              /* of BAD_PROOF */
};

/** The note without the lines of witnesses, so that it has a known length. LOG: the log's key did not sign it. */
PROTO_MUST_USE enum proto_err proto_log_checkpoint_bare(char out[static PROTO_LOG_BARE_MAX], const char *note,
                                                        const char *log_vkey);
const char *proto_log_fork_name(enum proto_log_fork_kind kind); /* "same-size" */
/** Appends the file. */
PROTO_MUST_USE enum proto_err proto_log_fork_write(struct proto_buf *out, const struct proto_log_fork *fork);
/** Whether a text is such a file at all. */
bool proto_log_fork_is(const char *text, size_t len);
/** Takes a file apart; FORMAT. Nothing is verified. */
PROTO_MUST_USE enum proto_err proto_log_fork_parse(struct proto_log_fork *out, const char *text, size_t len);
/**
 * OK: the two are a fork, beyond doubt: one size, two roots. STATE: both are the log's, and alone contradict nothing.
 * LOG: one of the two was not signed by that key, or they are one and the same. The checkpoints are given back.
 */
PROTO_MUST_USE enum proto_err proto_log_fork_check(const struct proto_log_fork *fork, const char *log_vkey,
                                                   struct proto_log_checkpoint *first,
                                                   struct proto_log_checkpoint *second);

#endif
