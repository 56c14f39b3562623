/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state/lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct client_state_lookup {
    atomic_int holders; /* the owner and the thread: who lets go last frees it */
    atomic_int found;
    char host[];
};

static void let_go(struct client_state_lookup *l)
{
    if (atomic_fetch_sub(&l->holders, 1) == 1)
        free(l);
}

static void *look(void *context)
{
    struct client_state_lookup *l = context;
    struct addrinfo *list = NULL;
    int error = getaddrinfo(l->host, NULL, &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &list);

    if (!error)
        freeaddrinfo(list);
    atomic_store(&l->found, error ? CLIENT_STATE_NOT_FOUND : CLIENT_STATE_FOUND);
    let_go(l);
    return NULL;
}

struct client_state_lookup *client_state_lookup_new(const char *host)
{
    struct client_state_lookup *l = calloc(1, sizeof *l + strlen(host) + 1);
    pthread_attr_t apart;
    pthread_t thread;

    if (!l)
        return NULL;
    memcpy(l->host, host, strlen(host) + 1);
    atomic_init(&l->holders, 2);
    pthread_attr_init(&apart);
    pthread_attr_setdetachstate(&apart, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &apart, look, l) != 0) {
        free(l);
        l = NULL;
    }
    pthread_attr_destroy(&apart);
    return l;
}

enum client_state_found client_state_lookup_ask(struct client_state_lookup *l)
{
    return (enum client_state_found)atomic_load(&l->found);
}

void client_state_lookup_free(struct client_state_lookup *l)
{
    if (l)
        let_go(l);
}
