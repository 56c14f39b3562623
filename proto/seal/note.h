/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/seal/note.h - C2SP signed notes: a text for people, a blank line, one line for each signature.
 *
 *     <text, ends in LF>
 *     <empty line>
 *     U+2014 SPACE <key name> SPACE base64(key id[4] || signature) LF
 *
 * Signed are the bytes of the text with its last LF. Statements, events, policies and checkpoints all have this form,
 * so the tools of the transparency-log world read them. A text is UTF-8 without control characters other than LF; DEL
 * and C1 controls are refused too, beyond the standard, because people read these texts in terminals.
 */
#ifndef PROTO_SEAL_NOTE_H
#define PROTO_SEAL_NOTE_H

#include "proto/util/buf.h"
#include "proto/util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_NOTE_MAX = 65536,                      /* bytes of a whole note */
    PROTO_NOTE_TEXT_MAX = PROTO_NOTE_MAX - 2048, /* of a text to be signed here: leaves room for lines */
    PROTO_NOTE_LINES_MAX = 16,
    PROTO_NOTE_NAME_MAX = 600,       /* two domain names and a path between them */
    PROTO_NOTE_SIGNATURE_MAX = 4096, /* decoded, key id included; lines of other algorithms may be long */
    PROTO_NOTE_KEY_ID_BYTES = 4,
    PROTO_NOTE_KEYS_MAX = 32, /* keys one verification can be given */
    PROTO_NOTE_VKEY_MAX = PROTO_NOTE_NAME_MAX + 1 + 8 + 1 + 44,
};

enum proto_note_type {
    PROTO_NOTE_ED25519 = 0x01, /* signature over the text */
    PROTO_NOTE_COSIGNATURE =
        0x04, /* a witness: u64 time, signature over "cosignature/v1", time and text (C2SP tlog-cosignature) */
};

struct proto_note_key {
    enum proto_note_type type;
    uint8_t id[PROTO_NOTE_KEY_ID_BYTES];
    uint8_t public_key[32];
    char name[PROTO_NOTE_NAME_MAX + 1];
};

/** A name may stand in a signature line: 1 to PROTO_NOTE_NAME_MAX bytes of UTF-8, no space of any kind, no '+'. */
bool proto_note_name_ok(const char *name, size_t len);
/** RANGE: `name` is not a name. KEY: the public key is unusable. Makes an Ed25519 (0x01) key and its id. */
PROTO_MUST_USE enum proto_err proto_note_key_init(struct proto_note_key *key, const char *name,
                                                  const uint8_t public_key[static 32]);
/**
 * The same without the check of the point, which costs as much as a signature's: for a key that signatures are held to
 * and nothing else. Verifying refuses by itself what is no point and what is of small order. RANGE: not a name.
 */
PROTO_MUST_USE enum proto_err proto_note_key_to_verify(struct proto_note_key *key, const char *name,
                                                       const uint8_t public_key[static 32]);
/** The same key under another name; a key was checked when it was made, and is not again. RANGE: not a name. */
PROTO_MUST_USE enum proto_err proto_note_key_rename(struct proto_note_key *key, const struct proto_note_key *from,
                                                    const char *name);
/** Reads "name+hex id+base64(type || key)". FORMAT: not of this form, or the id does not belong to the key. KEY:
 * unusable. */
PROTO_MUST_USE enum proto_err proto_note_key_parse(struct proto_note_key *key, const char *vkey, size_t len);
void proto_note_key_format(const struct proto_note_key *key, struct proto_buf *out); /* appended, no NUL, no LF */

/** One signature line, borrowed from the note. */
struct proto_note_line {
    const char *line; /* from U+2014 to its LF */
    size_t line_len;  /* with the LF */
    const char *name;
    size_t name_len;
    const char *base64;
    size_t base64_len;
    uint8_t id[PROTO_NOTE_KEY_ID_BYTES];
};
struct proto_note_parts {
    const char *text;
    size_t text_len; /* with its last LF */
    struct proto_note_line lines[PROTO_NOTE_LINES_MAX];
    size_t line_count; /* at least 1 */
};

/** The text is fit for a note: not empty, ends in LF, UTF-8, no control characters, room for a signature. FORMAT,
 * RANGE. */
PROTO_MUST_USE enum proto_err proto_note_text_check(const char *text, size_t text_len);
/** Takes a note apart and checks its form, no signature. FORMAT: form. RANGE: note, lines or names beyond the bounds.
 */
PROTO_MUST_USE enum proto_err proto_note_split(struct proto_note_parts *parts, const void *note, size_t len);
/** The bytes of a line behind the key id. RANGE: more than `capacity`. */
PROTO_MUST_USE enum proto_err proto_note_line_signature(const struct proto_note_line *line, uint8_t *out,
                                                        size_t capacity, size_t *out_len);

/**
 * Appends to `out` one signature line over `text` by an Ed25519 key under `name` (not the text itself). The lines of
 * several signers can be made apart and put together with proto_note_add_line(). FORMAT, RANGE: text or name. FULL: out
 * is full.
 */
PROTO_MUST_USE enum proto_err proto_note_sign(const char *text, size_t text_len, const char *name,
                                              const uint8_t secret_key[static 64], struct proto_buf *out);
/**
 * The same for a signer of many: `key` is that of `secret_key`, made once by proto_note_key_init(), whose check of the
 * point costs three times the signature.
 */
PROTO_MUST_USE enum proto_err proto_note_sign_as(const struct proto_note_key *key, const char *text, size_t text_len,
                                                 const uint8_t secret_key[static 64], struct proto_buf *out);
/** Appends a whole note: text, empty line, one signature line. Errors as proto_note_sign(). */
PROTO_MUST_USE enum proto_err proto_note_make(const char *text, size_t text_len, const char *name,
                                              const uint8_t secret_key[static 64], struct proto_buf *out);
/**
 * Adds a signer's line to the whole note in `note`; no signature is checked. FORMAT: not exactly one line. REPLAY: a
 * line of the same name and id is there already. RANGE: bounds. FULL: the buffer. On an error the note is as it was
 * (but for FULL).
 */
PROTO_MUST_USE enum proto_err proto_note_add_line(struct proto_buf *note, const char *line, size_t len);

/**
 * Verifies a note under `count` known keys (at most PROTO_NOTE_KEYS_MAX). Lines of unknown keys (name and id) are
 * ignored; a line of a known key must verify. OK: at least one known key signed; bit i of *which is set for every
 * keys[i] that did, and *text_len is the length of the text at the start of the note. SIGNATURE: a known key's line is
 * wrong, or no known key signed. FORMAT, RANGE as proto_note_split(). On an error *which and *text_len are 0. `which`
 * and `text_len` may be NULL.
 */
PROTO_MUST_USE enum proto_err proto_note_verify(const void *note, size_t len, const struct proto_note_key *keys,
                                                size_t count, size_t *text_len, uint32_t *which);

#endif
