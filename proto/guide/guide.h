/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/guide/guide.h - a guide: steps that agent and customer see side by side, and that tick themselves when the
 * product says that they are done.
 *
 * A guide is plain data. Who reads it from a file (agent/guides) fills this struct; who runs it (run.h) borrows it.
 * Nothing here reads a file or a clock, and there is no language to parse: a condition is a small tree of tables.
 */
#ifndef PROTO_GUIDE_GUIDE_H
#define PROTO_GUIDE_GUIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/util/err.h"

enum {
    PROTO_GUIDE_STEPS_MAX = 32, /* GuideState holds as many */
    PROTO_GUIDE_NODES_MAX = 256,
    PROTO_GUIDE_DEPTH_MAX = 8,
    PROTO_GUIDE_FITS_MAX = 32,
    PROTO_GUIDE_NOTES_MAX = 16,
    PROTO_GUIDE_LANGUAGES_MAX = 8,
    PROTO_GUIDE_SEARCH_MAX = 48,
    PROTO_GUIDE_ID_BYTES = 65,   /* with the final NUL, as all of these */
    PROTO_GUIDE_NAME_BYTES = 49, /* of a property or check */
    PROTO_GUIDE_LABEL_BYTES = 65,
    PROTO_GUIDE_LANGUAGE_BYTES = 17,
    PROTO_GUIDE_PICTURE_BYTES = 128 * 1024, /* a step's picture: 64 parts on the wire */
};

/* ---------------------------------------------------------------- conditions */

/* Which devices are meant. Empty fields mean any. */
struct proto_guide_pick {
    bool subject; /* the device that the guide was begun for */
    char id[PROTO_GUIDE_LABEL_BYTES], kind[PROTO_GUIDE_NAME_BYTES];
    char maker[PROTO_GUIDE_LABEL_BYTES], model[PROTO_GUIDE_LABEL_BYTES], firmware[PROTO_GUIDE_LABEL_BYTES];
};

enum proto_guide_op {
    PROTO_GUIDE_ALL,
    PROTO_GUIDE_ANY,
    PROTO_GUIDE_NOT,
    PROTO_GUIDE_PROPERTY, /* some device that is picked has a property of this name that passes the test */
    PROTO_GUIDE_CHECK,  /* some result of this check passes the test: `is` by its status, above and below by its figure
                         */
    PROTO_GUIDE_DEVICE, /* some device is picked */
};

enum proto_guide_test { PROTO_GUIDE_IS, PROTO_GUIDE_ABOVE, PROTO_GUIDE_BELOW, PROTO_GUIDE_KNOWN };
enum proto_guide_type { PROTO_GUIDE_TEXT, PROTO_GUIDE_NUMBER, PROTO_GUIDE_TRUTH };

struct proto_guide_node {
    enum proto_guide_op op;
    uint16_t child, next; /* places in the guide's nodes; 0: none (node 0 is nobody's child) */
    struct proto_guide_pick of;
    char name[PROTO_GUIDE_NAME_BYTES];
    enum proto_guide_test test;
    enum proto_guide_type type; /* of `is` */
    char text[PROTO_GUIDE_LABEL_BYTES];
    double number;
    bool truth;
    uint32_t for_ms; /* it must have been so for this long */
};

/* ---------------------------------------------------------------- the guide */

/* A text in each language of the guide, by its place in `languages`; NULL: none. Owned. */
struct proto_guide_words {
    char *in[PROTO_GUIDE_LANGUAGES_MAX];
};

struct proto_guide_step {
    char id[PROTO_GUIDE_ID_BYTES];
    struct proto_guide_words title, text, caution, point, help, picture_alt;
    uint32_t expect_s;
    char picture[PROTO_GUIDE_LABEL_BYTES]; /* a file beside the guide; "" for none */
    char picture_mime[33];
    uint8_t *picture_bytes; /* owned; NULL until somebody reads it */
    size_t picture_len;
    uint16_t show_when, done_when;          /* nodes; 0: always shown, never by itself */
    uint8_t on_done, on_failed, on_skipped; /* the step that follows; 0: the next one */
};

struct proto_guide {
    char id[PROTO_GUIDE_ID_BYTES];
    uint32_t version;
    char languages[PROTO_GUIDE_LANGUAGES_MAX][PROTO_GUIDE_LANGUAGE_BYTES];
    size_t language_count;
    struct proto_guide_words title, summary;
    struct proto_guide_words search[PROTO_GUIDE_SEARCH_MAX]; /* words and phrases that people look for */
    size_t search_count;
    struct proto_guide_pick fits[PROTO_GUIDE_FITS_MAX]; /* for devices like any of these; none: for every home */
    size_t fit_count;
    struct proto_guide_words
        notes[PROTO_GUIDE_NOTES_MAX]; /* what an agent should know: immature features, what does not go together */
    size_t note_count;
    uint16_t symptoms, solved_when; /* nodes; 0: none */
    uint8_t link;                   /* of the chain, where its fault lies: 1 phone … 6 product; 0: not said */
    struct proto_guide_step steps[PROTO_GUIDE_STEPS_MAX];
    size_t step_count;
    struct proto_guide_node nodes[PROTO_GUIDE_NODES_MAX]; /* from 1 */
    size_t node_count;                                    /* with the unused first */
};

/** The guide's language for somebody who speaks `wish` ("de-AT" takes "de"); its first one when it has no such. */
size_t proto_guide_language(const struct proto_guide *guide, const char *wish);
/** A text in that language, else in the first; "" when there is none. Borrowed. */
const char *proto_guide_say(const struct proto_guide_words *words, size_t language);
#define PROTO_GUIDE_LINKS "phone, wifi, router, internet, cloud, product"
/** Its number, which is that of CheckResult.link; 0: there is none of this name. */
uint8_t proto_guide_link_from_name(const char *name);
/** Every check that there is (client/checks/kinds.c, and those that the page knows by the same names). */
#define PROTO_GUIDE_CHECKS                                                                                             \
    "clock, wifi, gateway, dns, internet, portal, ipv6, cloud, mqtt, product, throughput, port, ping, certificate, "   \
    "firmware, chain"
/** Is it one of them? */
bool proto_guide_check_known(const char *name);
/** 1 to 64 of a-z, 0-9 and -, beginning with a letter. */
bool proto_guide_id_ok(const char *id);
/** Frees what it owns; the struct itself is the caller's. */
void proto_guide_clear(struct proto_guide *guide);

#endif
