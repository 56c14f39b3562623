/* SPDX-License-Identifier: Apache-2.0 */
/* When it is recorded: from the consent to its end, and what is said when the session ends first. */
#include "tests/proto/test.h"

#include "tests/proto/session_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/desk/tape.h"
#include "proto/host/world.h"

static struct {
    char folder[64], path[96];
    struct agent_desk_tape *tape;
    int began, ended;
    enum proto_err err;
    uint64_t bytes;
} t;

static void on_told(void *context, bool on, enum proto_err err, const char *path, uint64_t bytes)
{
    (void)context;
    assert_string_equal(path, t.path);
    t.began += on;
    t.ended += !on;
    t.err = err;
    t.bytes = bytes;
}

static int begin(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    strcpy(t.folder, "/tmp/handhold-tape-XXXXXX");
    if (!mkdtemp(t.folder))
        return -1;
    snprintf(t.path, sizeof t.path, "%s/a.hhr", t.folder);
    sw_init(&sw, 44);
    sw.customer_config.offers |= 1u << PROTO_CAPABILITY_RECORDING;
    return 0;
}

static int finish(void **state)
{
    agent_desk_tape_free(t.tape);
    unlink(t.path);
    (void)rmdir(t.folder);
    return sw_teardown(state);
}

static void record(void)
{
    const struct agent_desk_tape_config config = {
        .session = sw.agent, .random = host_random(), .path = t.path, .told = on_told};
    struct proto_event granted = {.kind = PROTO_EVENT_CONSENT,
                                  .consent = {PROTO_CAPABILITY_RECORDING, PROTO_CONSENT_GRANTED, .purpose = ""}};

    assert_ok(proto_session_request(sw.agent, PROTO_CAPABILITY_RECORDING, "to show a colleague", 600, sw.now));
    sw_carry(&sw);
    assert_ok(proto_session_grant(sw.customer, PROTO_CAPABILITY_RECORDING, sw.now));
    sw_pass(&sw, 600);
    assert_ok(agent_desk_tape_new(&t.tape, &config));
    agent_desk_tape_event(t.tape, &granted, sw.now);
    assert_int_equal(t.began, 1);
    assert_int_equal(t.err, PROTO_OK);
}

static void withdraw(void)
{
    struct proto_event withdrawn = {.kind = PROTO_EVENT_CONSENT,
                                    .consent = {PROTO_CAPABILITY_RECORDING, PROTO_CONSENT_WITHDRAWN, .purpose = ""}};

    agent_desk_tape_event(t.tape, &withdrawn, sw.now);
}

static void it_ends_with_its_consent(void **state)
{
    (void)state;
    sw_join(&sw);
    record();
    assert_ok(proto_session_withdraw(sw.customer, PROTO_CAPABILITY_RECORDING, sw.now));
    sw_pass(&sw, 600);
    withdraw();
    assert_false(agent_desk_tape_runs(t.tape));
    assert_int_equal(t.ended, 1);
    assert_int_equal(t.err, PROTO_OK);
    assert_true(t.bytes > 0);
    assert_int_equal(agent_desk_tape_run(t.tape, true, sw.now), PROTO_ERR_CONSENT);
}

/* The line does not come back: nobody can be told of the end, and the file is as good as any. */
static void a_session_that_is_over_before_it_is_no_fault_of_the_recording(void **state)
{
    struct proto_event ended = {.kind = PROTO_EVENT_ENDED, .ended = {.message = ""}};

    (void)state;
    sw_join(&sw);
    record();
    sw_cut(&sw, false);
    sw_pass(&sw, 200000);
    assert_true(proto_session_over(sw.agent));
    withdraw();
    agent_desk_tape_event(t.tape, &ended, sw.now);
    assert_int_equal(t.ended, 1);
    assert_int_equal(t.err, PROTO_OK);
    assert_true(t.bytes > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_ends_with_its_consent, begin, finish),
        cmocka_unit_test_setup_teardown(a_session_that_is_over_before_it_is_no_fault_of_the_recording, begin, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
