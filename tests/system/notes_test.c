/* SPDX-License-Identifier: Apache-2.0 */
/* org.note and policy.note only go forward: through exports, copies that are put back, and the end of a log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/house.h"

/* ---- what people do ---- */

/* Words as for a shell; what it printed is forgotten. */
static void run(struct house *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void run(struct house *h, const char *format, ...)
{
    char command[1024], here[1200];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    snprintf(here, sizeof here, "cd %s && %s", h->dir, command);
    free(house_run(h, 0, (const char *const[]){"/bin/sh", "-c", here, NULL}));
}

static void says(struct house *h, char *text, const char *what)
{
    if (!strstr(text, what))
        house_fail(h, "\"%s\" is not in:\n%s", what, text);
    free(text);
}

/* The next policy: nobody may ask for the camera. */
static void sign_policy(struct house *h, bool dir, const char *said)
{
    const char *file = house_path(h, "policy.txt");

    run(h, "rm -f policy.txt");
    free(house_officer(h, 0, dir, (const char *const[]){"policy", "print", "-o", file, NULL}));
    run(h, "sed -i 's/^allow camera.*/deny camera/' policy.txt");
    says(h, house_officer(h, 0, dir, (const char *const[]){"policy", "sign", file, NULL}), said);
}

static void take_back(struct house *h, const char *id)
{
    free(house_run(h, 0,
                   (const char *const[]){"handhold-certs", "revoke", "--dir", house_path(h, "org"), "--id", id, NULL}));
}

/* As every ninety days: the relay's certificate and what else it needs, over the folder that it has. */
static void bring_an_export(struct house *h)
{
    const char *org = house_path(h, "org"), *tar = house_path(h, "next.tar");

    free(house_run(h, 0,
                   (const char *const[]){"handhold-certs", "issue", "--dir", org, "relay", "--host", "127.0.0.1",
                                         "--host", "localhost", NULL}));
    free(house_run(h, 0, (const char *const[]){"handhold-certs", "export-relay", "--dir", org, "-o", tar, NULL}));
    run(h, "tar -xpf next.tar -C relay");
}

/* ---- what is so ---- */

/* It says why, and does not start; and so does a check of the folder. */
static void refuses(struct house *h, const char *word, const char *way_out)
{
    const char *const start[] = {"handhold-relay", "--dir",          house_path(h, "relay"), "--listen",
                                 "127.0.0.1:0",    "--staff-listen", "127.0.0.1:0",          NULL};
    const char *const check[] = {"handhold-relay", "--dir",          house_path(h, "relay"), "--check", "--listen",
                                 "127.0.0.1:0",    "--staff-listen", "127.0.0.1:0",          NULL};

    house_refused(h, 1, start, word, way_out, NULL);
    says(h, house_run(h, 1, check), word);
}

static void has_number(struct house *h, const char *file, unsigned number)
{
    run(h, "grep -qx 'number %u' %s", number, file);
}

/* By the relay, within a second of its own. */
static void await_number(struct house *h, const char *file, unsigned number)
{
    char command[256];

    snprintf(command, sizeof command, "grep -qx 'number %u' %s", number, house_path(h, file));
    for (int i = 0; i < 400 && system(command) != 0; i++) /* NOLINT: words of this file */
        demo_children_watch(&h->children, 50);
    has_number(h, file, number);
}

static void who_was_revoked_is_refused(struct house *h, const char *id)
{
    char identity[32];
    struct demo_child *agent;

    snprintf(identity, sizeof identity, "%s", id);
    agent = house_agent_start(h, "revoked", identity, NULL);
    house_await(h, agent, "error", "code", "CERT_REVOKED", NULL);
    house_expect_exit(h, agent, 0, 1);
}

static void verified(struct house *h)
{
    says(h,
         house_officer(h, 0, false,
                       (const char *const[]){"verify", "--key", house_path(h, "org/officer/evidence.key"), NULL}),
         "nothing is wrong.");
}

static void an_export_takes_no_policy_back_and_brings_who_was_revoked(void **state)
{
    struct house *h = *state;

    sign_policy(h, false, "policy 2");
    take_back(h, "ana");
    bring_an_export(h); /* its policy is the first; its org.note is the third */
    await_number(h, "relay/policy.note", 2);
    has_number(h, "relay/org.note", 3);
    says(h, house_officer(h, 0, false, (const char *const[]){"policy", "check", house_path(h, "policy.txt"), NULL}),
         "this is policy 2");
    who_was_revoked_is_refused(h, "ana");
    verified(h);
    house_stop_relay(h);
    bring_an_export(h); /* while no relay runs */
    has_number(h, "relay/policy.note", 1);
    says(h, house_officer(h, 0, true, (const char *const[]){"policy", "check", house_path(h, "policy.txt"), NULL}),
         "this is policy 2");
    house_restart_relay(h);
    await_number(h, "relay/policy.note", 2);
    sign_policy(h, false, "policy 3");
    verified(h);
}

static void an_older_org_note_lets_nobody_back_in(void **state)
{
    struct house *h = *state;

    house_copy(h, "relay/org.note", "org.before");
    take_back(h, "ana");
    house_copy(h, "org/org.note", "relay/org.note");
    await_number(h, "relay/relay/org.note", 3);
    house_copy(h, "org.before", "relay/org.note");
    await_number(h, "relay/org.note", 3);
    who_was_revoked_is_refused(h, "ana");
    house_stop_relay(h);
    house_copy(h, "org.before", "relay/org.note");
    house_restart_relay(h);
    who_was_revoked_is_refused(h, "ana");
    has_number(h, "relay/org.note", 3);
    verified(h);
    house_stop_relay(h);
    house_copy(h, "org.before", "relay/org.note");
    house_copy(h, "org.before", "relay/relay/org.note"); /* then the log knows */
    refuses(h, "by the log number 3 is in force", "copy the authority's newest org.note");
    house_copy(h, "org/org.note", "relay/org.note");
    house_restart_relay(h);
}

/* What is in policy.txt, on the authority's folder. */
static void sign_at_authority(struct house *h, int code, const char *said)
{
    says(h,
         house_run(h, code,
                   (const char *const[]){"handhold-audit", "policy", "sign", house_path(h, "policy.txt"), "--dir",
                                         house_path(h, "org"), "--identity", house_path(h, "org/staff/officer"), NULL}),
         said);
}

static void an_officer_who_was_revoked_signs_no_policy(void **state)
{
    struct house *h = *state;
    const char *org = house_path(h, "org"), *file = house_path(h, "policy.txt");

    free(house_run(h, 0, (const char *const[]){"handhold-audit", "policy", "print", "-o", file, "--dir", org, NULL}));
    house_copy(h, "org/policy.note", "before");
    take_back(h, "officer");
    sign_at_authority(h, 2, "revoked");
    run(h, "cmp org/policy.note before");
}

static void another_note_of_the_same_number_is_none(void **state)
{
    struct house *h = *state;

    sign_policy(h, false, "policy 2");
    house_copy(h, "relay/policy.note", "second");
    run(h, "sed -i 's/^deny camera.*/allow camera 60 0 agent/' policy.txt");
    sign_at_authority(h, 0, "policy 2");
    house_stop_relay(h);
    house_copy(h, "org/policy.note", "relay/policy.note");
    house_restart_relay(h);
    run(h, "cmp second relay/policy.note");
    verified(h);
    house_stop_relay(h);
    house_copy(h, "org/policy.note", "relay/policy.note");
    run(h, "rm relay/relay/policy.note");
    refuses(h, "is another policy 2 than the one that the log says", "policy sign");
    sign_policy(h, true, "policy 3");
    house_restart_relay(h);
}

static char *recover(struct house *h, int code)
{
    return house_officer(h, code, true, (const char *const[]){"recover", "--reason", "the disk failed", "--yes", NULL});
}

static void end_log(struct house *h)
{
    free(house_run(h, 0, (const char *const[]){"handhold-certs", "new-log", "--dir", house_path(h, "org"), NULL}));
    bring_an_export(h);
}

static void the_log_that_follows_begins_with_the_policy_of_the_one_that_ended(void **state)
{
    struct house *h = *state;

    sign_policy(h, false, "policy 2");
    house_stop_relay(h);
    house_copy(h, "relay/policy.note", "second");
    end_log(h);
    has_number(h, "relay/policy.note", 1);
    house_copy(h, "relay/relay/policy.note", "kept");
    run(h, "rm relay/relay/policy.note"); /* as before there was one */
    says(h, recover(h, 2), "is number 1, and by the log number 2 is in force");
    house_copy(h, "kept", "relay/relay/policy.note");
    free(recover(h, 0));
    house_restart_relay(h);
    await_number(h, "relay/policy.note", 2);
    says(h, house_officer(h, 0, false, (const char *const[]){"tail", "--once", NULL}), "put policy 2 in force");
    house_stop_relay(h);
    bring_an_export(h);
    run(h, "rm relay/relay/policy.note");
    refuses(h, "by the log policy 2 is in force", "policy sign");
    sign_policy(h, true, "policy 3");
    house_restart_relay(h);
    verified(h);
}

static void a_copy_of_a_relay_has_its_newest_notes(void **state)
{
    struct house *h = *state;

    sign_policy(h, false, "policy 2");
    take_back(h, "ana");
    house_copy(h, "org/org.note", "relay/org.note");
    await_number(h, "relay/relay/org.note", 3);
    free(house_run(h, 0,
                   (const char *const[]){"handhold-relay", "--dir", house_path(h, "relay"), "--backup",
                                         house_path(h, "copy"), NULL}));
    house_stop_relay(h);
    run(h, "rm -rf relay/* && cp -a copy lost"); /* the machine is lost whole */
    bring_an_export(h);
    run(h, "mkdir -m 700 relay/data && mv copy/*.db relay/data/ && mv copy/checkpoint copy/*.note relay/relay/ && "
           "rmdir copy");
    house_write(h, "relay/relay.ini", HOUSE_SETTINGS, strlen(HOUSE_SETTINGS));
    house_restart_relay(h);
    await_number(h, "relay/policy.note", 2);
    who_was_revoked_is_refused(h, "ana");
    verified(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(an_export_takes_no_policy_back_and_brings_who_was_revoked),
        HOUSE_TEST(an_older_org_note_lets_nobody_back_in),
        HOUSE_TEST(an_officer_who_was_revoked_signs_no_policy),
        HOUSE_TEST(another_note_of_the_same_number_is_none),
        HOUSE_TEST(the_log_that_follows_begins_with_the_policy_of_the_one_that_ended),
        HOUSE_TEST(a_copy_of_a_relay_has_its_newest_notes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
