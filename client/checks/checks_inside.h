/* SPDX-License-Identifier: Apache-2.0 */
/* client/checks/checks_inside.h - who runs and who waits: shared by checks.c and ask.c alone. */
#ifndef CLIENT_CHECKS_CHECKS_INSIDE_H
#define CLIENT_CHECKS_CHECKS_INSIDE_H

#include <pthread.h>

#include "client/checks/inside.h"

enum { RESULTS_MAX = 4 * CLIENT_CHECKS_MAX };

struct job {
    const struct check_kind *kind; /* NULL: this place is free */
    struct check_run run;
    bool of_chain;
};

struct client_checks {
    struct client_check_config config;
    void (*woken)(void *context);
    void *context;
    pthread_t threads[CLIENT_CHECKS_AT_ONCE];
    size_t thread_count;
    /* Under the lock */
    pthread_mutex_t lock;
    pthread_cond_t change;
    struct job *waiting[CLIENT_CHECKS_MAX], *running[CLIENT_CHECKS_MAX];
    size_t waiting_count, running_count;
    struct client_check_result results[RESULTS_MAX]; /* a ring */
    size_t first, count;
    struct client_check_result parts[CLIENT_CHECKS_MAX]; /* of the chain that runs */
    size_t part_count;
    uint32_t chain_id;                              /* 0: none runs */
    int64_t named_ms[CLIENT_CHECKS_NAMED_A_MINUTE]; /* a ring: when a target of the agent's was taken */
    size_t named_next;
    bool ending;
};

/** With the lock held. A ring that nobody empties loses its oldest. */
void check_tell(struct client_checks *checks, const struct client_check_result *result);

#endif
