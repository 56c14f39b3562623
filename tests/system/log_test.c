/* SPDX-License-Identifier: Apache-2.0 */
/* The log as others read it: verified over HTTP by a program of theirs, and cosigned by a witness that is not ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/system/house.h"

/* The programs in Go, made once a run; skips the test where Go is not. */
static const char *go_program(struct house *h, const char *name)
{
    static char paths[4][HOUSE_PATH_BYTES];
    static unsigned next;
    char command[2 * HOUSE_PATH_BYTES];

    snprintf(command, sizeof command, "%s %s >%s", HOUSE_GO_BUILD, HOUSE_GO, house_path(h, "go.out"));
    int status = system(command); /* NOLINT: words of this house */
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("skipped: Go, or its log packages, are not on this machine\n");
        skip();
    }
    assert_int_equal(status, 0);
    char *path = paths[next++ % 4];
    snprintf(path, HOUSE_PATH_BYTES, "%s/%s", HOUSE_GO, name);
    return path;
}

static void set_up_relay(struct house *h, const char *settings)
{
    char text[2048];

    snprintf(text, sizeof text, "%s%s", HOUSE_SETTINGS, settings);
    house_write(h, "relay/relay.ini", text, strlen(text));
    house_start_relay(h, NULL);
}

static void visit(struct house *h, const char *receipt)
{
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    const char *const more[] = {h->link, receipt ? "--receipt" : NULL, receipt, NULL};

    client = house_client(h, "client", more);
    house_await(h, client, "joined", "verified", "true", NULL);
    house_await(h, agent, "joined", NULL);
    house_grant(h, agent, client, "camera");
    house_end(h, agent, client);
}

static char *go_verify(struct house *h, int code, const char *end, const char *const *more)
{
    char url[96];
    const char *argv[16] = {go_program(h, "verify"), "-ca", house_path(h, "org/ca/ca.crt"), "-url", url};
    size_t n = 5;

    snprintf(url, sizeof url, "https://%s", end);
    while (*more)
        argv[n++] = *more++;
    argv[n++] = house_path(h, "verifier");
    return house_run(h, code, argv);
}

static void says(struct house *h, char *text, const char *what)
{
    if (!strstr(text, what))
        house_fail(h, "\"%s\" is not in:\n%s", what, text);
    free(text);
}

static void a_verifier_of_others_reads_the_log_over_http_and_refuses_each_altered_one(void **state)
{
    struct house *h = *state;

    go_program(h, "verify");
    assert_int_equal(mkdir(house_path(h, "verifier"), 0700), 0);
    set_up_relay(h, "public_log = yes\n");
    visit(h, NULL);
    free(house_run(
        h, 0,
        (const char *const[]){"/bin/cp", house_path(h, "relay/relay/log.vkey"), house_path(h, "verifier"), NULL}));
    free(go_verify(h, 0, h->host, (const char *const[]){"-save", NULL}));
    visit(h, house_path(h, "verifier/receipt.txt"));
    free(house_run(h, 0,
                   (const char *const[]){"handhold-audit", "prove", h->session, "-o",
                                         house_path(h, "verifier/proofs.txt"), "--dir", house_path(h, "relay"), "--key",
                                         house_path(h, "org/officer/evidence.key"), NULL}));
    says(h, go_verify(h, 0, h->host, (const char *const[]){NULL}), "receipt.txt, proof 0, \"handhold/1 statement\"");
    says(h, go_verify(h, 0, h->staff, (const char *const[]){"-identity", house_path(h, "org/staff/ana"), NULL}),
         "refused: 10 altered logs");
}

/* What the public end shows is the operator's choice; the staff end asks who reads. */
static void the_public_end_serves_no_log_unless_it_is_told_to(void **state)
{
    struct house *h = *state;

    go_program(h, "verify");
    assert_int_equal(mkdir(house_path(h, "verifier"), 0700), 0);
    set_up_relay(h, "");
    visit(h, NULL);
    free(house_run(
        h, 0,
        (const char *const[]){"/bin/cp", house_path(h, "relay/relay/log.vkey"), house_path(h, "verifier"), NULL}));
    says(h, go_verify(h, 1, h->host, (const char *const[]){"-save", NULL}), "404");
    says(h, go_verify(h, 1, h->staff, (const char *const[]){"-save", NULL}),
         "the checkpoint: Get"); /* no certificate */
    free(go_verify(h, 0, h->staff, (const char *const[]){"-save", "-identity", house_path(h, "org/staff/ana"), NULL}));
}

/* ---- witnesses ---- */

static struct demo_child *start_witness(struct house *h, const char *option, const char *value,
                                        char settings[static 1024])
{
    char vkey[512] = "";
    FILE *file = fopen(house_path(h, "relay/relay/log.vkey"), "re");

    assert_non_null(file);
    assert_non_null(fgets(vkey, sizeof vkey, file));
    fclose(file);
    const char *const argv[] = {go_program(h, "witness"), option, value, vkey, NULL};
    struct demo_child *witness = demo_child_start(&h->children, "witness", argv);
    assert_non_null(witness);
    json_t *ready = house_await(h, witness, "ready", NULL);
    snprintf(settings, 1024, "public_log = yes\nwitness = %s %s\n", house_text(ready, "url"),
             house_text(ready, "vkey"));
    return witness;
}

static void await_word(struct house *h, const char *word)
{
    char command[HOUSE_PATH_BYTES * 2];

    snprintf(command, sizeof command, "grep -rqs '%s' %s", word, h->dir);
    for (int i = 0; i < 400; i++) {
        if (system(command) == 0) /* NOLINT: words of this house */
            return;
        demo_children_watch(&h->children, 50);
    }
    house_fail(h, "nobody said \"%s\"", word);
}

static void a_witness_of_others_cosigns_what_the_relay_serves(void **state)
{
    struct house *h = *state;
    char settings[1024], *vkey;

    go_program(h, "verify");
    assert_int_equal(mkdir(house_path(h, "verifier"), 0700), 0);
    struct demo_child *witness = start_witness(h, "-fail", "2", settings);
    vkey = strrchr(settings, ' ') + 1;
    set_up_relay(h, settings);
    visit(h, NULL);
    house_await_number(h, witness, "cosigned", "size", 1);
    house_forget(witness, "cosigned");
    visit(h, NULL); /* on a tree that it has already: consistency is proved to it */
    house_await_number(h, witness, "cosigned", "size", 14);
    free(house_run(
        h, 0,
        (const char *const[]){"/bin/cp", house_path(h, "relay/relay/log.vkey"), house_path(h, "verifier"), NULL}));
    await_word(h, "does not cosign: HTTP 503");
    vkey[strcspn(vkey, "\n")] = 0;
    free(go_verify(h, 0, h->host, (const char *const[]){"-save", "-witness", vkey, NULL}));
    house_expect_exit(h, witness, SIGTERM, -1);
}

static void put_back(struct house *h)
{
    house_copy(h, "yesterday", "relay/data");
    house_copy(h, "yesterday.checkpoint", "relay/relay/checkpoint");
}

static void expect_relay_to_end(struct house *h)
{
    house_expect_exit(h, h->relay, 0, 1);
    h->relay = NULL;
}

/* Data and checkpoint of yesterday are put back together: nothing in the folder tells, and the witness does. */
static void a_folder_that_was_put_back_whole_serves_nobody_where_a_witness_has_seen_more(void **state)
{
    struct house *h = *state;
    char settings[1024];

    go_program(h, "verify");
    struct demo_child *witness = start_witness(h, "-size", "0", settings);
    set_up_relay(h, settings);
    visit(h, NULL);
    house_stop_relay(h);
    house_copy(h, "relay/data", "yesterday");
    house_copy(h, "relay/relay/checkpoint", "yesterday.checkpoint");
    house_restart_relay(h); /* it has answered before anybody is served */
    visit(h, NULL);
    house_await_number(h, witness, "cosigned", "size", 14);
    house_stop_relay(h);
    house_copy(h, "relay/data", "today");
    house_copy(h, "relay/relay/checkpoint", "today.checkpoint");
    put_back(h);
    house_relay_refuses(h, "an old copy was put back");
    assert_int_equal(kill(witness->pid, SIGSTOP), 0);
    house_relay_refuses(h, "said so before and does not answer now"); /* its silence takes nothing back */
    assert_int_equal(kill(witness->pid, SIGCONT), 0);
    house_copy(h, "today", "relay/data"); /* the first way out */
    house_copy(h, "today.checkpoint", "relay/relay/checkpoint");
    house_restart_relay(h);
    await_word(h, "has cosigned what is here since");
    house_stop_relay(h);
    assert_int_equal(kill(witness->pid, SIGSTOP), 0);
    house_restart_relay(h); /* and nothing is left of it */
    house_stop_relay(h);
    assert_int_equal(kill(witness->pid, SIGCONT), 0);
    house_expect_exit(h, witness, SIGTERM, -1);
}

/* Its first answer tells nothing, the second that what it has seen is not what is here. */
static void what_a_witness_says_later_ends_the_relay(void **state)
{
    static const struct {
        const char *size, *said;
    } rows[] = {{"4711", "it has seen 4711 entries of this log"},
                {"1", "are not the first 1 of those that are here: there are two histories"}};
    struct house *h = *state;
    char settings[1024];

    go_program(h, "verify");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_up_relay(h, "");
        visit(h, NULL);
        house_stop_relay(h);
        struct demo_child *witness = start_witness(h, "-size", rows[i].size, settings);
        demo_child_tell(witness, "fail");
        house_await(h, witness, "told", "word", "fail", NULL);
        set_up_relay(h, settings);
        demo_child_tell(witness, "work");
        expect_relay_to_end(h);
        await_word(h, rows[i].said);
        house_relay_refuses(h, rows[i].said);
        house_expect_exit(h, witness, SIGTERM, -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST_WITHOUT_RELAY(a_verifier_of_others_reads_the_log_over_http_and_refuses_each_altered_one),
        HOUSE_TEST_WITHOUT_RELAY(a_witness_of_others_cosigns_what_the_relay_serves),
        HOUSE_TEST_WITHOUT_RELAY(a_folder_that_was_put_back_whole_serves_nobody_where_a_witness_has_seen_more),
        HOUSE_TEST_WITHOUT_RELAY(what_a_witness_says_later_ends_the_relay),
        HOUSE_TEST_WITHOUT_RELAY(the_public_end_serves_no_log_unless_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
