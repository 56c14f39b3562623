/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/util/utf8.h - UTF-8, strictly (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef PROTO_UTIL_UTF8_H
#define PROTO_UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Takes one character from *at (before `end`) and moves *at behind it; false, and *at stays, when there is none. */
bool proto_utf8_next(const uint8_t **at, const uint8_t *end, uint32_t *rune);
/** All of it is UTF-8. Empty is fine. */
bool proto_utf8_valid(const char *text, size_t len);
/** C0 controls (LF among them), DEL and C1 controls. */
bool proto_utf8_is_control(uint32_t rune);
/** Whatever Unicode calls white space. */
bool proto_utf8_is_space(uint32_t rune);
/** What turns or hides text: signs of direction (UAX #9), of no width, of line and paragraph, tags. */
bool proto_utf8_is_hiding(uint32_t rune);
/** For a screen: moves *at behind the next character, or byte that is of none (there is one before `end`). 0: it may be
 * shown as it is; else what stands in for it: `control` for a control character, a blank for one that hides or turns
 * text, a question mark for what is no UTF-8. */
char proto_utf8_stand_in(const uint8_t **at, const uint8_t *end, char control);
/** The same of a whole text, in place. */
void proto_utf8_calm(char *text, char control);
/** Bytes of whole characters at the beginning of `text`, at most `most`. */
size_t proto_utf8_cut(const char *text, size_t most);
/** As much as fits into `size` bytes with its end, not cut inside a character. `size` is not 0. */
void proto_utf8_copy(char *to, size_t size, const char *from);
/** All of it is UTF-8 without control characters; `except` is one that may stand ('\n'), or 0. Empty is fine. */
bool proto_utf8_is_clean(const void *text, size_t len, uint32_t except);
/** A text that people put their name or their reason into: UTF-8, no control characters, and nothing that hides or
 * turns text but the joiners that some scripts and pictures need (U+200C, U+200D). Empty is fine. */
bool proto_utf8_reads_as_written(const char *text, size_t len);

#endif
