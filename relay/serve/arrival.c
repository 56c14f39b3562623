/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/arrival.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct serve_arrival {
    struct serve_arrival *next, *prev;
    struct list *in;
    struct lws *wsi;           /* NULL until it is adopted */
    struct relay_tally *tally; /* held */
    int64_t since_ms;
    const void *end; /* borrowed */
    struct serve_arrivals *all;
    bool each; /* the address is its own */
    struct head {
        int64_t bytes;  /* of the request that comes … */
        unsigned lines; /* … so many lines of it … */
        size_t line;    /* … and of the one that is not whole yet, so much */
    } head;
    char address[SERVE_ADDRESS_BYTES];
};

/* Where a TLS connection has its arrival. */
static int of_ssl(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

/* In the order of their time, so that only the first must be looked at. */
struct list {
    struct serve_arrival *first, *last;
};

struct serve_arrivals {
    const struct relay_limits *limits;
    struct relay_tallies addresses;
    struct list opening, asking;
    struct serve_arrival_figures figures;
    serve_arrivals_refused on_refused; /* NULL: nobody asks by whom */
    void *context;
};

const struct serve_refusal_kind serve_refusals[SERVE_REFUSALS] = {
#define SERVE_REFUSAL_KIND(name, bound) {#name, bound},
    SERVE_REFUSAL_LIST(SERVE_REFUSAL_KIND)
#undef SERVE_REFUSAL_KIND
};

enum proto_err serve_arrivals_new(struct serve_arrivals **out, const struct relay_limits *limits,
                                  const struct proto_random *random)
{
    struct serve_arrivals *arrivals = calloc(1, sizeof *arrivals);

    *out = arrivals;
    if (!arrivals)
        return PROTO_ERR_NOMEM;
    arrivals->limits = limits;
    return relay_tallies_init(&arrivals->addresses, (size_t)limits->connections, random);
}

void serve_arrivals_on_refused(struct serve_arrivals *arrivals, serve_arrivals_refused on_refused, void *context)
{
    arrivals->on_refused = on_refused;
    arrivals->context = context;
}

static void append(struct list *list, struct serve_arrival *arrival)
{
    arrival->in = list;
    arrival->next = NULL;
    arrival->prev = list->last;
    *(list->last ? &list->last->next : &list->first) = arrival;
    list->last = arrival;
}

static void leave(struct serve_arrival *arrival)
{
    struct list *list = arrival->in;

    *(arrival->prev ? &arrival->prev->next : &list->first) = arrival->next;
    *(arrival->next ? &arrival->next->prev : &list->last) = arrival->prev;
}

void serve_arrivals_drop(struct serve_arrivals *arrivals, struct serve_arrival *arrival, int64_t now_ms)
{
    if (!arrival)
        return;
    if (arrival->wsi) {
        SSL *ssl = lws_get_ssl(arrival->wsi);

        if (ssl)
            serve_arrival_speaks(NULL, ssl);
        lws_set_opaque_user_data(arrival->wsi, NULL);
    }
    leave(arrival);
    arrivals->figures.under_way--;
    arrival->tally->connections--;
    relay_tally_drop(&arrivals->addresses, arrival->tally, now_ms);
    free(arrival);
}

void serve_arrivals_free(struct serve_arrivals *arrivals)
{
    if (!arrivals)
        return;
    while (arrivals->opening.first)
        serve_arrivals_drop(arrivals, arrivals->opening.first, 0);
    while (arrivals->asking.first)
        serve_arrivals_drop(arrivals, arrivals->asking.first, 0);
    relay_tallies_free(&arrivals->addresses);
    free(arrivals);
}

void serve_arrivals_note(struct serve_arrivals *arrivals, enum serve_refusal why, unsigned times)
{
    arrivals->figures.refused[why] += times;
}

void serve_arrivals_refuse(struct serve_arrivals *arrivals, const char *address, enum serve_refusal why)
{
    const struct serve_refusal_kind *kind = &serve_refusals[why];

    serve_arrivals_note(arrivals, why, 1);
    if (arrivals->on_refused)
        arrivals->on_refused(arrivals->context, address,
                             kind->bound == RELAY_BOUNDS ? kind->name : relay_limit_name(kind->bound));
}

static bool may_come(struct serve_arrivals *arrivals, struct relay_tally *tally, const char *address, int64_t now_ms)
{
    const struct relay_limits *limits = arrivals->limits;
    struct relay_pace pace = {limits->arrivals_per_address_minute, 60000, limits->arrivals_per_address_minute};

    if (tally->connections >= limits->handshakes_per_address)
        serve_arrivals_refuse(arrivals, address, SERVE_REFUSED_handshakes_per_address);
    else if (!relay_bucket_take(&tally->bucket, &pace, 1, now_ms))
        serve_arrivals_refuse(arrivals, address, SERVE_REFUSED_arrivals_per_address);
    else
        return true;
    return false;
}

struct serve_arrival *serve_arrivals_take(struct serve_arrivals *arrivals, const char *address, const void *end,
                                          bool each, int64_t now_ms)
{
    uint8_t key[RELAY_TALLY_KEY_BYTES];
    struct relay_tally *tally;
    struct serve_arrival *arrival;

    if (arrivals->figures.under_way >= (uint64_t)arrivals->limits->handshakes) {
        serve_arrivals_refuse(arrivals, address, SERVE_REFUSED_handshakes);
        return NULL;
    }
    relay_address_key(address, key);
    tally = relay_tally_take(&arrivals->addresses, key);
    if (!tally)
        return NULL;
    arrival = !each || may_come(arrivals, tally, address, now_ms) ? calloc(1, sizeof *arrival) : NULL;
    if (!arrival) {
        relay_tally_drop(&arrivals->addresses, tally, now_ms);
        return NULL;
    }
    tally->connections++;
    arrivals->figures.under_way++;
    arrival->tally = tally;
    arrival->all = arrivals;
    arrival->each = each;
    arrival->end = end;
    arrival->since_ms = now_ms;
    snprintf(arrival->address, sizeof arrival->address, "%s", address);
    append(&arrivals->opening, arrival);
    return arrival;
}

void serve_arrival_adopted(struct serve_arrival *arrival, struct lws *wsi)
{
    arrival->wsi = wsi;
    lws_set_opaque_user_data(wsi, arrival);
}

/* ---- the heads of requests ---- */

void serve_arrival_speaks(struct serve_arrival *arrival, SSL *ssl)
{
    (void)SSL_set_ex_data(ssl, of_ssl(), arrival);
}

/* A lone LF ends a line, too (RFC 9112, 2.2). Whoever sends a body has no other request that would be answered. */
static bool fits(struct head *head, const uint8_t *bytes, size_t len, int64_t most)
{
    for (size_t i = 0; i < len; i++) {
        if (++head->bytes > most)
            return false;
        if (bytes[i] == '\n') {
            *head = head->line ? (struct head){head->bytes, head->lines + 1, 0} : (struct head){0};
        } else if (bytes[i] != '\r') {
            head->line++;
        }
    }
    return true;
}

/* libwebsockets has a bound of its own, and answers nothing then. RFC 9112, 3; RFC 6585, 5. */
bool serve_arrival_reads(SSL *ssl, const uint8_t *bytes, size_t len)
{
    static const char rest[] = "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    struct serve_arrival *arrival = SSL_get_ex_data(ssl, of_ssl());
    char answer[128];

    if (!arrival || fits(&arrival->head, bytes, len, arrival->all->limits->header_bytes))
        return true;
    serve_arrivals_refuse(arrival->all, arrival->address, SERVE_REFUSED_header);
    snprintf(answer, sizeof answer, "HTTP/1.1 %s%s",
             arrival->head.lines ? "431 Request Header Fields Too Large" : "414 URI Too Long", rest);
    (void)SSL_write(ssl, answer, (int)strlen(answer));
    return false;
}

const char *serve_arrival_address(struct lws *wsi)
{
    const struct serve_arrival *arrival = lws_get_opaque_user_data(wsi);

    return arrival ? arrival->address : NULL;
}

const void *serve_arrival_end(struct lws *wsi)
{
    const struct serve_arrival *arrival = lws_get_opaque_user_data(wsi);

    return arrival ? arrival->end : NULL;
}

bool serve_arrival_may_ask(struct serve_arrivals *arrivals, struct lws *wsi, int64_t now_ms)
{
    const struct serve_arrival *arrival = lws_get_opaque_user_data(wsi);
    int64_t rate = arrivals->limits->requests_per_address_minute;
    struct relay_pace pace = {rate, 60000, rate};

    if (!arrival || !arrival->each || relay_bucket_take(&arrival->tally->asked, &pace, 1, now_ms))
        return true;
    serve_arrivals_refuse(arrivals, arrival->address, SERVE_REFUSED_requests_per_address);
    return false;
}

bool serve_arrival_asked(struct serve_arrivals *arrivals, struct lws *wsi, int64_t now_ms)
{
    struct serve_arrival *arrival = lws_get_opaque_user_data(wsi);

    if (!arrival || arrival->in == &arrivals->asking)
        return false;
    leave(arrival);
    arrival->since_ms = now_ms;
    append(&arrivals->asking, arrival);
    return true;
}

void serve_arrival_over(struct serve_arrivals *arrivals, struct lws *wsi, int64_t now_ms)
{
    serve_arrivals_drop(arrivals, lws_get_opaque_user_data(wsi), now_ms);
}

static void close_late(struct serve_arrivals *arrivals, struct list *list, int64_t most_ms, enum serve_refusal why,
                       int64_t now_ms)
{
    while (list->first && now_ms - list->first->since_ms > most_ms) {
        struct lws *wsi = list->first->wsi;

        serve_arrivals_refuse(arrivals, list->first->address, why);
        serve_arrivals_drop(arrivals, list->first, now_ms);
        if (wsi) /* at once: a time-out of libwebsockets' own would take the place of a later end */
            lws_set_timeout(wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
    }
}

void serve_arrivals_tick(struct serve_arrivals *arrivals, int64_t now_ms)
{
    close_late(arrivals, &arrivals->opening, arrivals->limits->opening_ms, SERVE_REFUSED_opening, now_ms);
    close_late(arrivals, &arrivals->asking, arrivals->limits->page_ms, SERVE_REFUSED_page, now_ms);
    relay_tallies_tick(&arrivals->addresses, now_ms);
}

void serve_arrivals_figures(const struct serve_arrivals *arrivals, struct serve_arrival_figures *out)
{
    *out = arrivals->figures;
}
