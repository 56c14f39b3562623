/* SPDX-License-Identifier: Apache-2.0 */
/* relay/serve/witness_inside.h - a witness and its thread (witness.c), and what it is asked and answers
 * (witness_talk.c). */
#ifndef RELAY_SERVE_WITNESS_INSIDE_H
#define RELAY_SERVE_WITNESS_INSIDE_H

#include <pthread.h>

#include "proto/seal/note.h"
#include "relay/serve/post.h"
#include "relay/serve/witness.h"

struct serve_witness {
    struct serve_witnesses *all;
    const struct serve_witness_setting *setting; /* borrowed */
    struct proto_note_key key;
    struct relay_store *store; /* owned; the thread's */
    pthread_t thread;
    bool running;
    uint64_t has;     /* size of the tree that it has of this log, as far as is known */
    uint64_t done;    /* size of the last one that it cosigned */
    int64_t pause_ms; /* before the next try after a failure */
    bool failing;     /* said once */
    bool asked;       /* once at least, and it answered or failed; under the lock */
    bool agreed;      /* it cosigned what it was asked for last; under the lock */
    struct serve_post post;
};

struct serve_witnesses {
    struct serve *serve; /* borrowed */
    bool keeps;          /* what one says against this log; a check leaves nothing behind */
    struct serve_witness each[SERVE_WITNESSES_MAX];
    size_t count;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t size; /* of the log, when it was last poked */
    bool ending;
    char objection[SERVE_POST_REASON_BYTES]; /* of the first that has seen another log; empty: nobody has */
    /* The newest cosigned checkpoint */
    char note[PROTO_LOG_CHECKPOINT_MAX];
    uint64_t note_size;
    int64_t note_ms;
    struct serve_witness_figures figures;
};

/** One checkpoint, on its thread. What is wrong was said, and the next try waits for pause_ms. */
void serve_witness_push(struct serve_witness *w);

#endif
