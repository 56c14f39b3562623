/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/proto/vectors.h - test vectors from JSON files, for every test that has some.
 *
 * The folder is $HANDHOLD_VECTORS, or the one that was known when the tests were built. When there is none, the test
 * that asks says so and is skipped; a file that is missing from a folder that is there, or is damaged, fails the test.
 */
#ifndef TESTS_PROTO_VECTORS_H
#define TESTS_PROTO_VECTORS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/** The document `path` ("sframe/test-vectors.json") inside the folder; the caller gives it back with json_decref(). */
json_t *vectors_load(const char *path);
/** The whole file as text with a NUL behind it; the caller frees it. */
char *vectors_read(const char *path, size_t *len);
/** Members; a missing one, or one of another type, fails the test. Borrowed. */
json_t *vectors_get(const json_t *object, const char *key);
const char *vectors_text(const json_t *object, const char *key);
uint64_t vectors_number(const json_t *object, const char *key); /* up to 2^64 - 1 */

/** Bytes decoded from hex; `bytes` is exactly `len` long on the heap, so that a sanitizer sees the first step too far.
 */
struct vectors_bytes {
    uint8_t *bytes; /* never NULL */
    size_t len;
};
struct vectors_bytes vectors_hex(const json_t *object, const char *key);
struct vectors_bytes vectors_hex_of(const char *hex);
struct vectors_bytes vectors_copy(const void *bytes, size_t len);
void vectors_bytes_free(struct vectors_bytes *bytes);

#endif
