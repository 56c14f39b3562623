/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/pairing/words.h - the check words: forty bits as four words that two people can compare by voice.
 *
 * 1024 common English words of 3 to 7 letters that are easily told apart; no word begins another, so a word that was
 * half heard never passes for a whole one. The list is part of the protocol: its order never changes.
 */
#ifndef PROTO_PAIRING_WORDS_H
#define PROTO_PAIRING_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_WORDS_COUNT = 1024,
    PROTO_WORD_LETTERS_MAX = 7,
    PROTO_CHECK_WORDS = 4,
    PROTO_SAS_BYTES = 5, /* four times ten bits */
};

/** Word number `index`; NULL from PROTO_WORDS_COUNT on. Static text. */
const char *proto_word(size_t index);
/** The four words of forty bits, ten at a time from the highest. Static texts. */
void proto_words_of(const uint8_t sas[static PROTO_SAS_BYTES], const char *out[static PROTO_CHECK_WORDS]);

#endif
