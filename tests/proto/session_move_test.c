/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody asks to go on on another device: an end that cannot hand itself over says no, and its person reads of it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/proto/session_test.h"

/* How many answers the customer's end gave, and of how many bytes. */
static unsigned answers(size_t *bytes)
{
    static handhold_ToRelay m;
    unsigned n = 0;

    *bytes = 0;
    for (const struct sw_message *sent = sw.kept; sent; sent = sent->next) {
        if (sent->bytes[0] != PROTO_TYPE_RELAY ||
            proto_message_decode(sent->bytes + PROTO_ENVELOPE_BYTES, sent->len - PROTO_ENVELOPE_BYTES,
                                 handhold_ToRelay_fields, &m, sizeof m) ||
            m.which_body != handhold_ToRelay_move_answer_tag)
            continue;
        assert_true(sent->from_customer);
        n++;
        *bytes += m.body.move_answer.size;
    }
    return n;
}

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 23);
    sw.keep = true;
    sw_join(&sw);
    return 0;
}

static void ask(bool customer)
{
    static handhold_FromRelay m;

    memset(&m, 0, sizeof m);
    m.which_body = handhold_FromRelay_move_ask_tag;
    m.body.move_ask.size = PROTO_MOVE_BYTES;
    memset(m.body.move_ask.bytes, 7, PROTO_MOVE_BYTES);
    sw_say(&sw, customer, &m);
    sw_carry(&sw);
}

static void the_answer_is_no_and_the_person_reads_of_it(void **state)
{
    size_t bytes;
    (void)state;

    sw_grant(&sw, PROTO_CAPABILITY_CAMERA);
    ask(true);
    assert_int_equal(answers(&bytes), 1);
    assert_int_equal(bytes, 0);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ERROR)->err, PROTO_ERR_BUSY);
    assert_int_equal(proto_session_consent(sw.customer, PROTO_CAPABILITY_CAMERA), PROTO_CONSENT_GRANTED);
    assert_true(proto_session_may_send(sw.customer, PROTO_CAPABILITY_CAMERA));
}

static void an_agent_who_is_asked_says_nothing(void **state)
{
    size_t bytes;
    (void)state;

    ask(false);
    assert_int_equal(answers(&bytes), 0);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_ERROR), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_answer_is_no_and_the_person_reads_of_it, setup, sw_teardown),
        cmocka_unit_test_setup_teardown(an_agent_who_is_asked_says_nothing, setup, sw_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
