/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/test.h"

#include "tests/proto/pairing_world.h"

#include <string.h>

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_init(&w, 7);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    world_clear(&w);
    return 0;
}

/* ---- what a pairing gives ---- */

static void check_one_way(struct proto_noise_channel *from, struct proto_noise_channel *to)
{
    uint8_t sealed[64], plain[64];
    size_t sealed_len, plain_len;

    for (uint8_t i = 0; i < 3; i++) {
        assert_ok(proto_noise_channel_seal(from, &i, 1, sealed, sizeof sealed, &sealed_len));
        assert_ok(proto_noise_channel_open(to, sealed, sealed_len, plain, sizeof plain, &plain_len));
        assert_int_equal(plain_len, 1);
        assert_int_equal(plain[0], i);
    }
}

static void check_channels(void)
{
    struct proto_noise_channel customer, agent, again;

    assert_ok(proto_pairing_take_channel(w.customer, &customer));
    assert_ok(proto_pairing_take_channel(w.agent, &agent));
    assert_int_equal(proto_pairing_take_channel(w.agent, &again), PROTO_ERR_STATE);
    check_one_way(&customer, &agent);
    check_one_way(&agent, &customer);
    proto_noise_channel_clear(&customer);
    proto_noise_channel_clear(&agent);
}

static void check_words(void)
{
    struct proto_check customer = proto_pairing_result(w.customer)->check;
    const struct proto_check *agent = &proto_pairing_result(w.agent)->check;
    const char *hers[PROTO_CHECK_WORDS], *his[PROTO_CHECK_WORDS];

    assert_false(customer.revealed);
    assert_int_equal(proto_check_words(&customer, hers), PROTO_ERR_STATE);
    assert_ok(proto_check_reveal(&customer, agent->n_a));
    assert_int_equal(proto_check_reveal(&customer, agent->n_a), PROTO_ERR_STATE);
    assert_ok(proto_check_words(&customer, hers));
    assert_ok(proto_check_words(agent, his));
    for (int i = 0; i < PROTO_CHECK_WORDS; i++)
        assert_string_equal(hers[i], his[i]);
}

static void check_pair(enum proto_pairing_mode mode)
{
    const struct proto_pairing_result *c = proto_pairing_result(w.customer), *a = proto_pairing_result(w.agent);

    assert_non_null(c);
    assert_non_null(a);
    assert_int_equal(c->mode, mode);
    assert_int_equal(a->mode, mode);
    assert_memory_equal(c->hash, a->hash, sizeof c->hash);
    assert_memory_equal(c->sid, a->sid, sizeof c->sid);
    assert_memory_equal(c->cs_public, w.cs_public, sizeof w.cs_public);
    assert_memory_equal(a->cs_public, w.cs_public, sizeof w.cs_public);
    assert_memory_equal(c->resume_psk, a->resume_psk, sizeof c->resume_psk);
    assert_memory_equal(c->resume_id, a->resume_id, sizeof c->resume_id);
    assert_string_equal(a->client_info, "Handhold companion, Debian 12");
    assert_string_equal(c->agent.name, "Ada Agent");
    assert_string_equal(c->agent.domain, WORLD_DOMAIN);
    assert_int_equal(c->agent.role, PROTO_ROLE_AGENT);
    assert_int_equal(c->org.number, 3);
    assert_int_equal(c->policy.number, 2);
    assert_string_equal(c->policy.officer.name, "Olga Officer");
    assert_int_equal(c->agent_unix_s, WORLD_TIME_S);
    assert_int_equal(proto_pairing_deadline(w.customer), PROTO_NEVER);
    check_words();
    check_channels();
}

static void a_link_pairs_two_ends(void **state)
{
    (void)state;
    assert_true(world_pair(&w, PROTO_PAIRING_LINK));
    assert_int_equal(w.carried, 4);
    check_pair(PROTO_PAIRING_LINK);
}

static void a_code_pairs_two_ends(void **state)
{
    (void)state;
    assert_true(world_pair(&w, PROTO_PAIRING_CODE));
    assert_int_equal(w.carried, 6);
    assert_int_equal(w.guard.wrong, 0);
    assert_false(w.guard.running);
    check_pair(PROTO_PAIRING_CODE);
}

static void a_resume_pairs_the_same_ends_under_a_new_key_each_time(void **state)
{
    uint8_t before[PROTO_KEY_BYTES];

    (void)state;
    assert_true(world_pair(&w, PROTO_PAIRING_CODE));
    world_settle(&w);
    for (int i = 0; i < 3; i++) {
        memcpy(before, w.customer_keys.newest.psk, sizeof before);
        assert_true(world_pair(&w, PROTO_PAIRING_RESUME));
        check_pair(PROTO_PAIRING_RESUME);
        world_settle(&w);
        assert_memory_not_equal(before, w.customer_keys.newest.psk, sizeof before);
    }
}

static void the_first_message_says_which_attempt_it_wants(void **state)
{
    enum proto_pairing_mode mode;
    const uint8_t bad[][2] = {{2, 1}, {3, 0}, {3, 2}, {3, 3}, {3, 5}, {4, 1}, {5, 1}, {0, 0}};

    (void)state;
    assert_ok(proto_pairing_first_mode((const uint8_t[]){1, 0}, 2, &mode));
    assert_int_equal(mode, PROTO_PAIRING_CODE);
    assert_ok(proto_pairing_first_mode((const uint8_t[]){3, 1}, 2, &mode));
    assert_int_equal(mode, PROTO_PAIRING_LINK);
    assert_ok(proto_pairing_first_mode((const uint8_t[]){3, 4}, 2, &mode));
    assert_int_equal(mode, PROTO_PAIRING_RESUME);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(proto_pairing_first_mode(bad[i], 2, &mode), PROTO_ERR_FORMAT);
    assert_int_equal(proto_pairing_first_mode(bad[0], 0, &mode), PROTO_ERR_FORMAT);
}

/* ---- every byte counts ---- */

static bool flip(struct world *world, size_t number, struct world_message *message)
{
    if (number == world->aim)
        message->bytes[world->byte / 8] ^= (uint8_t)(1u << world->byte % 8);
    return true;
}

static bool cut(struct world *world, size_t number, struct world_message *message)
{
    if (number == world->aim)
        message->len = world->byte;
    return true;
}

/* The relay's hand on message `aim`, at every place that `step` reaches, is refused by whom it reaches. */
static void try_message(enum proto_pairing_mode mode, size_t aim, size_t places, size_t step)
{
    for (w.byte = 0; w.byte < places; w.byte += step) {
        memset(&w.guard, 0, sizeof w.guard);
        w.aim = aim;
        assert_false(world_pair(&w, mode));
        assert_null(proto_pairing_result(w.agent));
        assert_true(w.agent_err != PROTO_OK || w.customer_err != PROTO_OK);
        if (!w.log[aim].to_agent || aim == 0)
            assert_null(proto_pairing_result(w.customer));
    }
}

static void try_all(enum proto_pairing_mode mode, bool flipped)
{
    size_t len[WORLD_MESSAGES_MAX], count;

    if (mode == PROTO_PAIRING_RESUME) {
        assert_true(world_pair(&w, PROTO_PAIRING_LINK));
        world_settle(&w);
    }
    assert_true(world_pair(&w, mode));
    count = w.carried;
    for (size_t i = 0; i < count; i++)
        len[i] = w.log[i].len;
    w.relay = flipped ? flip : cut;
    /* A step of seven bits puts a hand on every byte, and in turn on each of its bits; the long chain of AUTH_A is gone
     * through whole in one mode. */
    for (size_t i = 0; i < count; i++) {
        size_t coarse = len[i] > 400 && mode != PROTO_PAIRING_LINK;

        try_message(mode, i, flipped ? 8 * len[i] : len[i], flipped ? (coarse ? 61 : 7) : (coarse ? 17 : 1));
    }
    w.relay = NULL;
    memset(&w.guard, 0, sizeof w.guard);
    assert_true(world_pair(&w, mode));
}

static void a_flipped_bit_of_a_link_handshake_is_refused(void **state)
{
    (void)state;
    try_all(PROTO_PAIRING_LINK, true);
}
static void a_flipped_bit_of_a_code_handshake_is_refused(void **state)
{
    (void)state;
    try_all(PROTO_PAIRING_CODE, true);
}
static void a_flipped_bit_of_a_resume_is_refused(void **state)
{
    (void)state;
    try_all(PROTO_PAIRING_RESUME, true);
}
static void a_cut_message_is_refused(void **state)
{
    (void)state;
    try_all(PROTO_PAIRING_LINK, false);
    try_all(PROTO_PAIRING_CODE, false);
    try_all(PROTO_PAIRING_RESUME, false);
}

static bool lengthen(struct world *world, size_t number, struct world_message *message)
{
    if (number == world->aim)
        message->bytes[message->len++] = 0;
    return true;
}

static void a_byte_too_many_is_refused(void **state)
{
    (void)state;
    w.relay = lengthen;
    for (w.aim = 0; w.aim < 6; w.aim++) {
        memset(&w.guard, 0, sizeof w.guard);
        assert_false(world_pair(&w, PROTO_PAIRING_CODE));
        assert_null(proto_pairing_result(w.agent));
    }
}

/* ---- the end of an attempt ---- */

static void an_attempt_that_failed_says_why_for_ever_and_sends_nothing(void **state)
{
    size_t len;

    (void)state;
    w.relay = flip;
    w.aim = 1;
    w.byte = 80;
    assert_false(world_pair(&w, PROTO_PAIRING_LINK));
    assert_int_equal(w.customer_err, PROTO_ERR_CRYPTO);
    assert_int_equal(proto_pairing_feed(w.customer, w.log[1].bytes, w.log[1].len, w.now), PROTO_ERR_CRYPTO);
    assert_int_equal(proto_pairing_tick(w.customer, w.now), PROTO_ERR_CRYPTO);
    assert_null(proto_pairing_pending(w.customer, &len));
    assert_null(proto_pairing_result(w.customer));
    assert_int_equal(proto_pairing_deadline(w.customer), PROTO_NEVER);
    assert_int_equal(proto_pairing_take_channel(w.customer, &(struct proto_noise_channel){0}), PROTO_ERR_STATE);
}

static void a_message_after_success_changes_nothing(void **state)
{
    (void)state;
    assert_true(world_pair(&w, PROTO_PAIRING_LINK));
    assert_int_equal(proto_pairing_feed(w.agent, w.log[0].bytes, w.log[0].len, w.now), PROTO_ERR_STATE);
    assert_int_equal(proto_pairing_feed(w.customer, w.log[1].bytes, w.log[1].len, w.now), PROTO_ERR_STATE);
    check_pair(PROTO_PAIRING_LINK);
}

static void silence_ends_an_attempt_at_its_deadline(void **state)
{
    struct proto_now later = w.now;

    (void)state;
    world_prepare(&w, PROTO_PAIRING_LINK);
    world_start(&w);
    later.mono_ms = proto_pairing_deadline(w.agent) - 1;
    assert_ok(proto_pairing_tick(w.agent, later));
    later.mono_ms++;
    assert_int_equal(later.mono_ms - w.now.mono_ms, PROTO_HANDSHAKE_WAIT_MS);
    assert_int_equal(proto_pairing_tick(w.agent, later), PROTO_ERR_TIMEOUT);
    assert_int_equal(proto_pairing_feed(w.customer, w.log[0].bytes, 1, later), PROTO_ERR_TIMEOUT);
}

static void an_attempt_that_lacks_something_does_not_start(void **state)
{
    struct proto_pairing *p;
    char info[PROTO_CLIENT_INFO_MAX + 2];

    (void)state;
    world_prepare(&w, PROTO_PAIRING_CODE);
    struct proto_pairing_customer c = w.customer_config;
    struct proto_pairing_agent a = w.agent_config;
#define REFUSED(end, config, field, value, want)                                                                       \
    do {                                                                                                               \
        config.field = value;                                                                                          \
        assert_int_equal(proto_pairing_##end##_new(&p, &config, w.now), want);                                         \
        assert_null(p);                                                                                                \
        config = w.end##_config;                                                                                       \
    } while (0)
    REFUSED(customer, c, sid, NULL, PROTO_ERR_ARGUMENT);
    REFUSED(customer, c, join_host, "Help.example.org", PROTO_ERR_ARGUMENT);
    REFUSED(customer, c, code, NULL, PROTO_ERR_ARGUMENT);
    REFUSED(customer, c, cs_secret_key, NULL, PROTO_ERR_ARGUMENT);
    REFUSED(customer, c, org_note, NULL, PROTO_ERR_ARGUMENT);
    REFUSED(customer, c, roles, 0, PROTO_ERR_ARGUMENT);
    REFUSED(customer, c, mode, PROTO_PAIRING_INVITE, PROTO_ERR_ARGUMENT);
    REFUSED(customer, c, client_info, "two\nlines", PROTO_ERR_RANGE);
    REFUSED(agent, a, guard, NULL, PROTO_ERR_ARGUMENT);
    REFUSED(agent, a, credential, NULL, PROTO_ERR_ARGUMENT);
    memset(info, 'x', sizeof info - 1);
    info[sizeof info - 1] = '\0';
    REFUSED(customer, c, client_info, info, PROTO_ERR_RANGE);
}

/* ---- clocks ---- */

static void only_a_clock_that_is_more_than_a_day_off_is_an_error(void **state)
{
    static const struct {
        int64_t ahead_s;
        enum proto_err want;
    } rows[] = {{0, PROTO_OK},
                {PROTO_CLOCK_TOLERANCE_S, PROTO_OK},
                {-PROTO_CLOCK_TOLERANCE_S, PROTO_OK},
                {PROTO_CLOCK_TOLERANCE_S + 1, PROTO_ERR_CLOCK},
                {-PROTO_CLOCK_TOLERANCE_S - 1, PROTO_ERR_CLOCK}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w.customer_ahead_s = rows[i].ahead_s;
        assert_int_equal(world_pair(&w, PROTO_PAIRING_LINK), rows[i].want == PROTO_OK);
        assert_int_equal(w.customer_err, rows[i].want);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_link_pairs_two_ends),
        CASE(a_code_pairs_two_ends),
        CASE(a_resume_pairs_the_same_ends_under_a_new_key_each_time),
        CASE(the_first_message_says_which_attempt_it_wants),
        CASE(a_flipped_bit_of_a_link_handshake_is_refused),
        CASE(a_flipped_bit_of_a_code_handshake_is_refused),
        CASE(a_flipped_bit_of_a_resume_is_refused),
        CASE(a_cut_message_is_refused),
        CASE(a_byte_too_many_is_refused),
        CASE(an_attempt_that_failed_says_why_for_ever_and_sends_nothing),
        CASE(a_message_after_success_changes_nothing),
        CASE(silence_ends_an_attempt_at_its_deadline),
        CASE(an_attempt_that_lacks_something_does_not_start),
        CASE(only_a_clock_that_is_more_than_a_day_off_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
