/* SPDX-License-Identifier: Apache-2.0 */
/* client/companion/second_inside.h - what the files of the second device share; nobody else includes it. */
#ifndef CLIENT_COMPANION_SECOND_INSIDE_H
#define CLIENT_COMPANION_SECOND_INSIDE_H

#include "client/checks/checks.h"
#include "client/companion/report.h"
#include "client/companion/second.h"
#include "proto/beside/beside.h"
#include "proto/host/connection.h"

enum { QUEUE_BYTES = 1 << 20, AGAIN_MS = 1000, REFUSED_MAX = 16 };

struct second {
    const struct client_second_config *config;
    /* Owned */
    struct host_loop *loop;
    struct host_timer *timer;
    struct host_connection *connection;
    struct client_report *report;
    struct client_checks *checks;
    struct proto_buf out; /* messages behind their length u32 */
    size_t out_at;
    struct proto_beside pair;
    uint8_t token[PROTO_TOKEN_BYTES], sid[PROTO_SID_BYTES];
    bool has_token, over;
    bool capturing; /* the sources are read; follows the pair */
    int64_t again_ms;
    handhold_CheckResult refused[REFUSED_MAX]; /* checks that were not begun, and nobody was told yet */
    size_t refused_count;
    handhold_CheckResult found; /* taken, and not told yet */
    bool has_found;
    int exit_code;
};

/* second_line.c: messages to the relay */
void client_second_send(void *context, const uint8_t *bytes, size_t len); /* to the first device, sealed */
void client_second_hello(struct second *second);
const uint8_t *client_second_pending(void *context, size_t *len);
void client_second_sent(void *context);

/* second_home.c: as struct client_report_way has them; sources and checks */
bool client_second_may_push(void *context);
enum proto_err client_second_push(void *context, const uint8_t *bytes, size_t len);
/** Begins or stops reading as `pair` has it: after whatever may have changed that. */
void client_second_follow(struct second *second);
void client_second_hide(struct second *second, const handhold_BesideHide *hide);
void client_second_take_checks(struct second *second);
void client_second_ask_check(struct second *second, const handhold_CheckAsk *ask);

#endif
