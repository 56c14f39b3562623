/* SPDX-License-Identifier: Apache-2.0 */
/* tests/relay/bounds.h - which test reaches a bound that core_limits_test does not; each asks there for its figure. */
#ifndef TESTS_RELAY_BOUNDS_H
#define TESTS_RELAY_BOUNDS_H

enum bounds_test {
    BOUNDS_COUNT,
    BOUNDS_JOINS,
    BOUNDS_MOVE,
    BOUNDS_RENEW,
    BOUNDS_BESIDE,
    BOUNDS_SETTINGS,
    BOUNDS_ATTACK,
    BOUNDS_LIES,
};

static const struct bounds_row {
    const char *bound;
    enum bounds_test test;
} bounds_elsewhere[] = {
    {"connections", BOUNDS_COUNT},
    {"connections_per_address", BOUNDS_COUNT},
    {"connections_per_staff", BOUNDS_COUNT},
    {"sessions", BOUNDS_COUNT},
    {"sessions_per_staff", BOUNDS_COUNT},
    {"opens_per_staff_minute", BOUNDS_COUNT},
    {"waiting_per_staff", BOUNDS_COUNT},
    {"memory_bytes", BOUNDS_COUNT},
    {"join_failures_per_address_minute", BOUNDS_JOINS},
    {"join_wait_ms", BOUNDS_JOINS},
    {"lookups_per_nameplate", BOUNDS_JOINS},
    {"hello_ms", BOUNDS_JOINS},
    {"confirm_ms", BOUNDS_JOINS},
    {"grace_ms", BOUNDS_JOINS},
    {"returns_per_seat_minute", BOUNDS_JOINS},
    {"move_ms", BOUNDS_MOVE},
    {"renewals", BOUNDS_RENEW},
    {"besides", BOUNDS_BESIDE},
    {"besides_per_address", BOUNDS_BESIDE},
    {"beside_ms", BOUNDS_BESIDE},
    {"handshakes", BOUNDS_SETTINGS},
    {"handshakes_per_address", BOUNDS_SETTINGS},
    {"arrivals_per_address_minute", BOUNDS_SETTINGS},
    {"requests_per_address_minute", BOUNDS_SETTINGS},
    {"opening_ms", BOUNDS_ATTACK},
    {"page_ms", BOUNDS_ATTACK},
    {"chatter_bytes_per_second", BOUNDS_ATTACK},
    {"log_requests", BOUNDS_ATTACK},
    {"queue_ms", BOUNDS_ATTACK},
    {"header_bytes", BOUNDS_LIES},
};
enum { BOUNDS_ELSEWHERE = sizeof bounds_elsewhere / sizeof *bounds_elsewhere };

#endif
