/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th allocation fails, for every n: joining, a grant, frames, a withdrawal and the end. Nothing crashes, nothing
 * leaks (the sanitizer looks), no frame is opened that no logged grant covers, and when memory is back a session goes
 * on or has ended.
 *
 * The linker puts the allocators of this file in front of those that proto calls; OpenSSL is given them through its own
 * hook.
 */
#include "tests/proto/test.h"

#include "tests/proto/session_test.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *p, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *p, size_t len);

static uint64_t calls, fail_at, fail_for; /* the fail_at-th call and the fail_for that follow; 0: none */
static bool libraries_too;

static bool fails(void)
{
    if (!session_world_inside)
        return false;
    calls++;
    return fail_at && calls >= fail_at && calls < fail_at + fail_for;
}

void *__wrap_malloc(size_t len)
{
    return fails() ? NULL : __real_malloc(len);
}
void *__wrap_calloc(size_t count, size_t len)
{
    return fails() ? NULL : __real_calloc(count, len);
}
void *__wrap_realloc(void *p, size_t len)
{
    return fails() ? NULL : __real_realloc(p, len);
}

static void *openssl_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return libraries_too && fails() ? NULL : __real_malloc(len);
}
static void *openssl_realloc(void *p, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return libraries_too && fails() ? NULL : __real_realloc(p, len);
}
static void openssl_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* As much of a session's life as memory lets happen; a step that fails is simply the end of that step. */
static void live(void)
{
    sw_pass(&sw, 100);
    session_world_inside = true;
    bool asked = !proto_session_request(sw.agent, CAMERA, "to see the lamp", 0, sw.now);
    session_world_inside = false;
    sw_pass(&sw, 100);
    session_world_inside = true;
    bool granted = asked && !proto_session_grant(sw.customer, CAMERA, sw.now);
    session_world_inside = false;
    sw_pass(&sw, 3000);
    for (int i = 0; i < 3; i++)
        (void)!sw_push(&sw, CAMERA, "frame", true);
    (void)!sw_chat(&sw, true, "hello");
    if (sw_count(&sw, false, PROTO_EVENT_MEDIA))
        assert_true(granted && sw.tree.size >= 1);
    session_world_inside = true;
    if (granted)
        (void)!proto_session_withdraw(sw.customer, CAMERA, sw.now);
    session_world_inside = false;
    assert_null(sw.customer->grants[CAMERA].key);
    sw_pass(&sw, 200);
}

static bool try_once(uint64_t at, uint64_t how_long)
{
    struct proto_customer_config config;

    sw_init(&sw, 61);
    calls = 0;
    fail_at = 0;
    sw_invite(&sw);
    config = sw.customer_config;
    config.link = sw.link;
    fail_at = at;
    fail_for = how_long;
    session_world_inside = true;
    enum proto_err err = proto_session_new_customer(&sw.customer, &config, sw.now);
    session_world_inside = false;
    if (err) {
        assert_int_equal(err, PROTO_ERR_NOMEM);
        assert_null(sw.customer);
    } else {
        sw_connect(&sw, true);
        live();
        bool was_reached = calls >= at;
        fail_at = 0; /* memory is back */
        sw_pass(&sw, 2 * PROTO_HANDSHAKE_WAIT_MS + 5000);
        bool stands = sw.customer->pair.up && sw.agent->pair.up;
        proto_session_end(sw.customer, PROTO_END_COMPLETED, sw.now);
        proto_session_end(sw.agent, PROTO_END_COMPLETED, sw.now);
        sw_pass(&sw, 120000);
        assert_true(stands || sw.customer->over || sw.agent->over);
        assert_true(proto_session_over(sw.customer) && proto_session_over(sw.agent));
        sw_clear(&sw);
        return was_reached;
    }
    sw_clear(&sw);
    return true;
}

/* Each of its own, and from each a burst. Without the libraries' own there are few enough for every n. */
static void each_allocation_of_ours_may_fail(void **state)
{
    (void)state;
    libraries_too = false;
    uint64_t n = 1;
    for (; try_once(n, 1); n++)
        assert_in_range(n, 1, 20000);
    print_message("%llu allocations, each failed once\n", (unsigned long long)n - 1);
    assert_true(n > 100); /* the hook sees them */
    for (uint64_t at = 1; at < n; at += 9)
        try_once(at, 40);
}

static void the_libraries_allocations_may_fail(void **state)
{
    (void)state;
    libraries_too = true;
    uint64_t n = 1;
    while (try_once(n, 1))
        n += 1 + n / 25;
    for (uint64_t at = 1; at < n; at += 1 + at / 8)
        try_once(at, 25);
    libraries_too = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_of_ours_may_fail),
        cmocka_unit_test(the_libraries_allocations_may_fail),
    };

    if (!CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
