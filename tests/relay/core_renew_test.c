/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that are renewed through the core: it keeps requests and answers, and can make none of either. */
#include <stdio.h>
#include <string.h>

#include "tests/relay/core_fixture.h"

enum { DAY_S = 86400 };

static uint32_t agent, officer;

static uint32_t come_in(unsigned who)
{
    uint32_t connection = world_connect(&w, &w.staff[who], NULL);

    assert_ok(session_hello_staff(&w, connection));
    world_silence(&w, connection);
    return connection;
}

static int begin(void **state)
{
    (void)state;
    world_new(&w);
    agent = come_in(0);
    officer = come_in(4);
    w.certificate = w.staff[0];
    memset(w.certificate.fingerprint, 0x77, sizeof w.certificate.fingerprint);
    strcpy(w.certificate.serial, "0facade");
    w.certificate.not_after_s += 30 * DAY_S;
    return 0;
}

static enum proto_err ask(uint32_t connection)
{
    handhold_ToRelay message = {.which_body = handhold_ToRelay_renew_ask_tag,
                                .body.renew_ask.request = "what proves that I hold the key"};

    return world_say(&w, connection, 0, &message);
}

static enum proto_err look(uint32_t connection, bool watch)
{
    handhold_ToRelay message = {.which_body = handhold_ToRelay_renew_read_tag, .body.renew_read.watch = watch};

    return world_say(&w, connection, 0, &message);
}

/* What the relay says to it. */
static enum proto_err give(uint32_t connection, const char *certificate, enum proto_err refusal)
{
    handhold_ToRelay message = {.which_body = handhold_ToRelay_renew_give_tag};
    handhold_RenewGive *body = &message.body.renew_give;

    memcpy(body->fingerprint, w.staff[0].fingerprint, sizeof body->fingerprint);
    snprintf(body->certificate, sizeof body->certificate, "%s", certificate);
    body->error = refusal;
    snprintf(body->message, sizeof body->message, "%s", refusal ? "Ada: the certificate was revoked; ask" : "");
    enum proto_err err = world_say(&w, connection, 0, &message);
    if (err)
        return err;
    world_work(&w);
    const handhold_FromRelay *heard = world_hear(&w, connection, handhold_FromRelay_officer_answer_tag);
    assert_non_null(heard);
    return (enum proto_err)heard->body.officer_answer.error;
}

static const handhold_RenewAnswer *answer(void)
{
    const handhold_FromRelay *heard = world_hear(&w, agent, handhold_FromRelay_renew_answer_tag);

    return heard ? &heard->body.renew_answer : NULL;
}

static void ask_and_wait(void)
{
    assert_ok(ask(agent));
    const handhold_RenewAnswer *said = answer();
    assert_non_null(said);
    assert_int_equal(said->error, 0);
    assert_string_equal(said->certificate, "");
}

static void a_new_certificate_is_in_the_log_before_anybody_has_it(void **state)
{
    (void)state;
    ask_and_wait();
    assert_ok(look(officer, false));
    const handhold_RenewRequest *request =
        &world_hear(&w, officer, handhold_FromRelay_renew_request_tag)->body.renew_request;
    assert_int_equal(request->waiting, 1);
    assert_memory_equal(request->fingerprint.bytes, w.staff[0].fingerprint, 32);
    assert_string_equal(request->request, "what proves that I hold the key");

    handhold_ToRelay message = {.which_body = handhold_ToRelay_renew_give_tag,
                                .body.renew_give.certificate = "the new one"};
    memcpy(message.body.renew_give.fingerprint, w.staff[0].fingerprint, 32);
    size_t before = w.entry_count;
    assert_ok(world_say(&w, officer, 0, &message));
    assert_null(answer()); /* not before it is durable */
    world_work(&w);
    assert_int_equal(w.entry_count, before + 1);
    assert_int_equal(w.entries[before].kind, PROTO_LOG_OFFICER_ACT);
    assert_non_null(strstr((const char *)w.entries[before].evidence + 40, "certificate-renewed"));
    assert_string_equal(answer()->certificate, "the new one");
    assert_int_equal(world_hear(&w, officer, handhold_FromRelay_officer_answer_tag)->body.officer_answer.error, 0);
}

static void who_watches_hears_of_a_request_as_it_comes(void **state)
{
    (void)state;
    assert_ok(look(officer, true));
    assert_int_equal(world_hear(&w, officer, handhold_FromRelay_renew_request_tag)->body.renew_request.waiting, 0);
    ask_and_wait();
    assert_int_equal(world_hear(&w, officer, handhold_FromRelay_renew_request_tag)->body.renew_request.waiting, 1);
    relay_core_closed(w.core, officer, w.now);
    assert_ok(ask(agent)); /* nobody watches any more: it waits */
    assert_non_null(answer());
}

static void an_answer_waits_for_an_asker_who_has_left(void **state)
{
    (void)state;
    ask_and_wait();
    relay_core_closed(w.core, agent, w.now);
    assert_ok(give(officer, "the new one", PROTO_OK));
    agent = come_in(0);
    assert_ok(ask(agent));
    assert_string_equal(answer()->certificate, "the new one");
    assert_ok(ask(agent)); /* it was fetched; this is a new request */
    assert_string_equal(answer()->certificate, "");
}

static void another_persons_key_role_name_or_a_shorter_life_is_not_taken(void **state)
{
    const struct proto_identity good = w.certificate;

    (void)state;
    ask_and_wait();
    w.certificate.public_key[0] ^= 1;
    assert_int_equal(give(officer, "x", PROTO_OK), PROTO_ERR_KEY);
    w.certificate = good;
    w.certificate.role = PROTO_ROLE_OFFICER;
    assert_int_equal(give(officer, "x", PROTO_OK), PROTO_ERR_CERT_ROLE);
    w.certificate = good;
    strcpy(w.certificate.email, "mallory@example.org");
    assert_int_equal(give(officer, "x", PROTO_OK), PROTO_ERR_CERT_NAME);
    w.certificate = good;
    w.certificate.not_after_s = w.staff[0].not_after_s;
    assert_int_equal(give(officer, "x", PROTO_OK), PROTO_ERR_CERT_EXPIRED);
    w.certificate = good;
    w.certificate_err = PROTO_ERR_CERT_CHAIN; /* not of our root */
    assert_int_equal(give(officer, "x", PROTO_OK), PROTO_ERR_CERT_CHAIN);
    w.certificate_err = PROTO_OK;
    assert_ok(proto_org_revoke(&w.org, w.staff[0].serial, w.now.unix_ms / 1000, "-"));
    assert_ok(relay_core_set_notes(w.core, "org", &w.org, "policy", &w.policy, w.now));
    assert_int_equal(give(officer, "x", PROTO_OK), PROTO_ERR_CERT_REVOKED);
    assert_null(answer());
}

static void a_refusal_reaches_the_asker_with_its_reason(void **state)
{
    (void)state;
    ask_and_wait();
    assert_ok(give(officer, "", PROTO_ERR_CERT_REVOKED));
    const handhold_RenewAnswer *said = answer();
    assert_int_equal(said->error, PROTO_ERR_CERT_REVOKED);
    assert_string_equal(said->message, "Ada: the certificate was revoked; ask");
    assert_int_equal(give(officer, "x", PROTO_OK), PROTO_ERR_NOT_FOUND);
}

static void a_log_that_is_full_keeps_the_certificate_back(void **state)
{
    (void)state;
    ask_and_wait();
    w.disk_full = true;
    assert_int_not_equal(give(officer, "the new one", PROTO_OK), PROTO_OK);
    const handhold_RenewAnswer *said = answer();
    assert_int_equal(said->error, PROTO_ERR_BUSY);
    assert_string_equal(said->certificate, "");
}

static void only_an_officer_reads_and_answers_requests_and_only_staff_ask(void **state)
{
    struct session s;

    (void)state;
    assert_int_equal(look(agent, false), PROTO_ERR_CERT_ROLE);
    agent = come_in(0);
    assert_int_equal(give(agent, "x", PROTO_OK), PROTO_ERR_CERT_ROLE);
    session_live(&w, &s);
    assert_int_equal(ask(s.customer), PROTO_ERR_STATE);
}

static void above_the_bound_only_those_who_left_make_room(void **state)
{
    (void)state;
    world_free(&w);
    world_new(&w);
    relay_core_free(w.core);
    w.limits.renewals = 1;
    world_begin(&w);
    agent = come_in(0);
    uint32_t other = come_in(1);
    ask_and_wait();
    assert_ok(ask(other));
    world_expect_error(&w, other, PROTO_ERR_BUSY, false);
    relay_core_closed(w.core, agent, w.now);
    assert_ok(ask(other));
    assert_non_null(world_hear(&w, other, handhold_FromRelay_renew_answer_tag));
}

static void a_certificate_that_has_ended_leads_back_to_its_session_and_nowhere_else(void **state)
{
    struct session s;

    (void)state;
    session_live(&w, &s);
    w.now.unix_ms = w.staff[0].not_after_s * 1000;
    assert_int_equal(ask(agent), PROTO_ERR_CERT_EXPIRED);
    uint32_t back = world_connect(&w, &w.staff[0], NULL);
    assert_int_equal(session_hello_staff(&w, back), PROTO_ERR_CERT_EXPIRED);
    back = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_token(&w, &s, back, s.agent_token));
    assert_true(world_hear(&w, back, handhold_FromRelay_welcome_tag)->body.welcome.returned);
}

static void every_bound_of_the_list_that_was_reached_is_counted(void **state)
{
    (void)state;
    world_expect_bounds(BOUNDS_RENEW);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, core_end)
    const struct CMUnitTest tests[] = {
        TEST(a_new_certificate_is_in_the_log_before_anybody_has_it),
        TEST(who_watches_hears_of_a_request_as_it_comes),
        TEST(an_answer_waits_for_an_asker_who_has_left),
        TEST(another_persons_key_role_name_or_a_shorter_life_is_not_taken),
        TEST(a_refusal_reaches_the_asker_with_its_reason),
        TEST(a_log_that_is_full_keeps_the_certificate_back),
        TEST(only_an_officer_reads_and_answers_requests_and_only_staff_ask),
        TEST(above_the_bound_only_those_who_left_make_room),
        TEST(a_certificate_that_has_ended_leads_back_to_its_session_and_nowhere_else),
        cmocka_unit_test(every_bound_of_the_list_that_was_reached_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
