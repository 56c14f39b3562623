/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/relay/serve_world.h"

#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 30000, LOOK_MS = 20 };

struct place place; /* one organisation for all; each test starts its own relay */
struct host_loop *loop;

int serve_set_up(void **state)
{
    (void)state;
    place_init(&place);
    return host_loop_new(&loop) ? -1 : 0;
}

int serve_tear_down(void **state)
{
    (void)state;
    host_loop_free(loop);
    place_clear(&place);
    return 0;
}

int serve_start(void **state)
{
    (void)state;
    place_start(&place, NULL);
    return 0;
}

int serve_stop(void **state)
{
    (void)state;
    host_loop_wake(loop); /* lines that were cleared are closed in the next pass; the relay waits for them otherwise */
    host_loop_step(loop);
    if (place.relay)
        assert_int_equal(place_stop(&place, SIGTERM), 0);
    return 0;
}

long serve_place_of_table(const char *name)
{
    sqlite3_stmt *row;
    sqlite3 *db;

    assert_int_equal(sqlite3_open_v2(place_path(&place, "data/relay.db"), &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT (rootpage-1)*page_size FROM sqlite_schema, pragma_page_size "
                                        "WHERE name=?",
                                        -1, &row, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    long at = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return at;
}

int serve_get(unsigned port, const char *sni, const char *host, const char *identity, const char *path,
              char reply[static PLACE_OUTPUT_BYTES])
{
    char request[512];
    int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host);

    return place_talk(&place, port, sni, identity, request, (size_t)len, NULL, reply);
}

void serve_expect(unsigned port, const char *identity, const char *path, const char *answer)
{
    char reply[PLACE_OUTPUT_BYTES];

    assert_true(serve_get(port, NULL, "127.0.0.1", identity, path, reply) > 0);
    if (!strstr(reply, answer))
        fail_msg("%s: \"%s\" is not in: %s", path, answer, reply);
}

const handhold_ToRelay serve_staff_hello = {.which_body = handhold_ToRelay_hello_tag,
                                            .body.hello = {.which_seat = handhold_Hello_staff_tag, .seat.staff = true}};

void serve_open_session(struct line_end *end, handhold_Opened *opened)
{
    handhold_ToRelay open = {.which_body = handhold_ToRelay_open_tag,
                             .body.open = {.link_ttl_s = 600, .code_ttl_s = 600}};

    randombytes_buf(open.body.open.sid, 16);
    line_end_connect(end, loop, place.staff_url, place_path(&place, "ca/ca.crt"), place_path(&place, "staff/anna"));
    line_end_run(end, line_end_is_open);
    line_end_ask(end, &serve_staff_hello, handhold_FromRelay_welcome_tag);
    line_end_ask(end, &open, handhold_FromRelay_opened_tag);
    *opened = end->last.body.opened;
    assert_memory_equal(opened->sid, open.body.open.sid, 16);
    assert_int_equal(opened->index, 2);
    assert_true(strlen(opened->nameplate) >= 3);
}

void serve_join(struct line_end *customer, const handhold_Opened *opened, uint8_t session_key[static 32])
{
    handhold_ToRelay hello = {.which_body = handhold_ToRelay_hello_tag,
                              .body.hello = {.which_seat = handhold_Hello_sid_tag}};
    uint8_t secret[crypto_sign_SECRETKEYBYTES];

    memcpy(hello.body.hello.seat.sid, opened->sid, 16);
    hello.body.hello.session_key.size = 32;
    crypto_sign_keypair(session_key, secret);
    memcpy(hello.body.hello.session_key.bytes, session_key, 32);
    line_end_connect(customer, loop, place.public_url, place_path(&place, "ca/ca.crt"), NULL);
    line_end_run(customer, line_end_is_open);
    line_end_ask(customer, &hello, handhold_FromRelay_welcome_tag);
    assert_int_equal(customer->last.body.welcome.index, 1);
}

int serve_count_entries(void)
{
    sqlite3 *db;
    sqlite3_stmt *count = NULL;
    int entries = 0;

    if (sqlite3_open_v2(place_path(&place, "data/relay.db"), &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT count(*) FROM entry", -1, &count, NULL) == SQLITE_OK &&
        sqlite3_step(count) == SQLITE_ROW)
        entries = sqlite3_column_int(count, 0);
    sqlite3_finalize(count);
    sqlite3_close(db);
    return entries;
}

static void wait_for_entries(int wanted)
{
    for (int waited = 0; serve_count_entries() < wanted; waited += LOOK_MS) {
        assert_true(waited < WAIT_MS);
        usleep(LOOK_MS * 1000);
    }
}

static bool is_sent(const struct line_end *end)
{
    return !end->out.len;
}

void serve_begin_session(struct line_end *agent, struct line_end *customer)
{
    handhold_ToRelay key = {.which_body = handhold_ToRelay_session_key_tag};
    int entries = serve_count_entries();
    handhold_Opened opened;

    serve_open_session(agent, &opened);
    serve_join(customer, &opened, key.body.session_key.session_key);
    line_end_send(agent, &key);
    line_end_run(agent, is_sent);
    wait_for_entries(entries + 2); /* created, joined: live, for the next start to find */
}
