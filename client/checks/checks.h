/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/checks/checks.h - what is wrong between a phone and the product, found by trying it out.
 *
 * Whoever may read the device's state may ask for a check by name; the customer sees it run. Each check tries one thing
 * within a time-out, and answers with a figure, the rule that it was held against, and what to do. Several run at once,
 * each on a thread of its own that waits for nothing but its socket, its time-out and its cancellation: stop() ends all
 * of them within milliseconds, and nothing that they still find is told.
 *
 *      ask -> (thread) RUNNING … PASS | WARN | FAIL | NOT_CHECKED | CANCELLED -> take, on the loop, after a wake
 *
 * "chain" asks for all that stand in the table with a link, and then says which link of the chain
 * phone - Wi-Fi - router - internet - cloud - product is the first broken one: it explains those behind it (chain.h).
 */
#ifndef CLIENT_CHECKS_CHECKS_H
#define CLIENT_CHECKS_CHECKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/state/source.h"
#include "proto/util/err.h"
#include "proto/util/time.h"

enum {
    CLIENT_CHECKS_AT_ONCE = 4,
    CLIENT_CHECKS_MAX = 48,            /* asked for and not yet answered */
    CLIENT_CHECKS_NAMED_A_MINUTE = 30, /* hosts that the agent names: a home is looked at, not searched through */
    CLIENT_CHECK_NAME_BYTES = 33,
    CLIENT_CHECK_TARGET_BYTES = 129,
};

enum client_check_status { /* the numbers stand in CheckResult */
                           CLIENT_CHECK_RUNNING = 1,
                           CLIENT_CHECK_PASS,
                           CLIENT_CHECK_WARN,
                           CLIENT_CHECK_FAIL,
                           CLIENT_CHECK_NOT_CHECKED, /* this end cannot: no right, no such part, nothing is set */
                           CLIENT_CHECK_CANCELLED,
};
const char *client_check_status_name(enum client_check_status status); /* "pass"; "not-checked" */

enum client_check_link { /* the numbers stand in CheckResult */
                         CLIENT_LINK_NONE,
                         CLIENT_LINK_PHONE,
                         CLIENT_LINK_WIFI,
                         CLIENT_LINK_ROUTER,
                         CLIENT_LINK_INTERNET,
                         CLIENT_LINK_CLOUD,
                         CLIENT_LINK_PRODUCT,
                         CLIENT_LINK_COUNT
};
const char *client_check_link_name(enum client_check_link link); /* "router" */

struct client_check_result {
    uint32_t id; /* of the ask */
    char check[CLIENT_CHECK_NAME_BYTES], target[CLIENT_CHECK_TARGET_BYTES];
    enum client_check_status status;
    enum client_check_link link;
    bool has_value;
    double value;
    char unit[17], figure[65], rule[161], detail[257], advice[257];
    uint32_t duration_ms;
    int64_t unix_ms;
    bool last; /* nothing more comes for this id */
};

/* What the checks of this home are held against; from a file, or the defaults. All texts are owned copies. */
struct client_check_config {
    char internet[129]; /* host:port that speaks TLS; empty: not checked. The companion sets its relay's */
    char cloud[129];    /* host:port of the product's cloud, TLS */
    char product[129];  /* host:port of the product in this home, TCP */
    char mqtt[129];     /* host:port of the broker */
    char mqtt_ca[256];  /* a CA file: the broker is spoken to by TLS */
    char mqtt_user[65], mqtt_password_file[256];
    char portal[257];      /* http://host/path that answers 204 where nothing is in between */
    char time[129];        /* host[:port] of a time server (SNTP) */
    char dns_name[129];    /* a name that must resolve */
    char dns_servers[257]; /* "ADDRESS[:PORT] …" instead of the system's */
    char gateway[65];      /* instead of the system's */
    char ca[256];          /* CA file for internet and cloud; empty: the system's */
    char firmware[256];    /* JSON file: {"devices":[{"maker":…,"model":…,"latest":…,"bad":[…]}]} */
    char targets[9];       /* what an agent may name: none, local (private addresses), any */
    int64_t timeout_ms;    /* of one check */
    char root[256];        /* tests: a tree of /proc and /etc of its own */
};
void client_check_config_defaults(struct client_check_config *config);
/** An ini file with one section [checks] and the names above. On error `why` names value, rule and way out. */
PROTO_MUST_USE enum proto_err client_check_config_read(struct client_check_config *config, const char *path, char *why,
                                                       size_t why_bytes);

struct client_checks;

/** `woken` is called on any thread when take() has something; it must only wake its loop. `config` is copied. */
PROTO_MUST_USE enum proto_err client_checks_new(struct client_checks **out, const struct client_check_config *config,
                                                void (*woken)(void *context), void *context);
/**
 * Asks. `model` (may be NULL) is what the sources have said, `session_kbps` what this session carries now, below 0:
 * nothing. NOT_FOUND: there is no such check; FULL: CLIENT_CHECKS_MAX; RANGE: a name is too long; BUSY: more than
 * CLIENT_CHECKS_NAMED_A_MINUTE targets. A target outside `targets` is answered as not checked: its name is looked up
 * once, and what is then tried is that very address, whatever a name server says the next time.
 */
PROTO_MUST_USE enum proto_err client_checks_ask(struct client_checks *checks, uint32_t id, const char *check,
                                                const char *target, uint64_t agent_unix_ms, double session_kbps,
                                                const struct client_state_model *model, struct proto_now now);
/** 0: all. Each answers as cancelled. */
void client_checks_cancel(struct client_checks *checks, uint32_t id);
/** Cancels all, and drops what was not taken: the consent is gone. Returns when no thread touches a socket any more. */
void client_checks_stop(struct client_checks *checks);
/** The next result, RUNNING ones too. False: none. */
bool client_checks_take(struct client_checks *checks, struct client_check_result *out);
void client_checks_free(struct client_checks *checks); /* NULL is fine */

/** "gateway, dns, …" for messages. Static text. */
const char *client_check_names(void);

#endif
