/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/vectors/write.h - vector files written from this implementation, so that another one can be held against its
 * bytes.
 *
 * Everything is made from fixed seeds: two runs write the same files. Bytes are hex; whole numbers that may exceed 2^53
 * are decimal strings; notes, checkpoints and proofs are text as they are.
 */
#ifndef TESTS_VECTORS_WRITE_H
#define TESTS_VECTORS_WRITE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/util/buf.h"
#include "proto/util/err.h"

/* One file each; the caller owns the result. */
json_t *vectors_frames(void);
json_t *vectors_statements(void);
json_t *vectors_events(void);
json_t *vectors_gates(void);
json_t *vectors_log(void);
json_t *vectors_invitations(void);
json_t *vectors_control(void);
json_t *vectors_media(void);
json_t *vectors_playout(void);

/* What is expected to succeed here: anything else ends the program with the place. */
void vectors_must(enum proto_err err, const char *file, int line);
#define MUST(call) vectors_must((call), __FILE__, __LINE__)

void put_text(json_t *object, const char *key, const char *text);
void put_text_n(json_t *object, const char *key, const void *text, size_t len);
void put_hex(json_t *object, const char *key, const void *bytes, size_t len);
void put_number(json_t *object, const char *key, uint64_t number);
void put_big(json_t *object, const char *key, uint64_t number); /* as a decimal string */
void put_list(json_t *object, const char *key, json_t *list);   /* takes the list */
void add(json_t *list, json_t *item);                           /* takes the item */
void put_vkey(json_t *object, const char *key, const char *name, const uint8_t public_key[static 32]);

/** `len` bytes that depend on `number` alone. */
void fill(uint8_t *out, size_t len, unsigned number);
/** The Ed25519 pair of fill(seed, 32, number). */
void make_key(uint8_t seed[static 32], uint8_t public_key[static 32], uint8_t secret_key[static 64], unsigned number);

#endif
