/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-audit --json: every command, done and refused, prints JSON Lines on stdout and nothing else. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/relay/log_fixture.h"

#define KEYED " --dir @ --key @/officer/evidence.key"

/* @ is the folder of the organisation, whose certificates have run out. `event` is in the last line. What an officer
 * does is in tests/system/officer_test.c. */
static const struct {
    const char *words;
    int code;
    const char *event;
} calls[] = {
    {"verify" KEYED, 0, "verified"},
    {"verify --dir @/nowhere", 2, "error"},
    {"verify --threads much --dir @", 2, "error"},
    {"list" KEYED, 0, "refused"},
    {"list --outcome surprising" KEYED, 2, "error"},
    {"show 4f2a" KEYED, 0, "checked"},
    {"show ffff" KEYED, 1, "error"},
    {"show 4f2a --dir @", 2, "error"},
    {"tail --once" KEYED, 0, "act"},
    {"tail --once --lines many" KEYED, 2, "error"},
    {"export --format jsonl" KEYED, 0, "note"},
    {"export --format html -o @/minutes.html" KEYED, 0, "info"},
    {"export --format csv" KEYED, 2, "error"},
    {"export --format xml" KEYED, 2, "error"},
    {"report" KEYED, 0, "report"},
    {"report --dir @", 2, "error"},
    {"prove 4f2a -o @/proofs" KEYED, 0, "proofs"},
    {"prove 4f2a -o @/nowhere/proofs" KEYED, 1, "error"},
    {"check @/proofs --ca @/ca/ca.crt --org @/org.note", 0, "checked"},
    {"check @/org.note", 1, "error"},
    {"policy print --dir @", 0, "policy"},
    {"policy print --dir @ -o @/policy.txt", 0, "written"},
    {"policy check @/policy.txt --dir @", 0, "policy-checked"},
    {"policy check @/org.note --dir @", 2, "error"},
    {"policy sign @/policy.txt --dir @ --identity @/staff/ada --ca @/ca/ca.crt", 2, "error"},
    {"stop 4f2a0101010101010101010101010101 --reason why --dir @", 2, "error"},
    {"stop 4f2 --reason why --relay https://127.0.0.1:1", 2, "error"},
    {"erase --session 4f2 --reason law --dir @", 2, "error"},
    {"erase --customer C-1001 --reason for-C-1001 --yes --dir @", 2, "error"},
    {"erase --customer C-1001 --reason law --dir @", 2, "error"},
    {"erase --reason law --dir @", 2, "error"},
    {"retain --dir @", 2, "error"},
    {"open @/proofs -o @/film.webm" KEYED, 2, "error"},
    {"recover --reason why --dir @", 2, "error"},
    {"nothing-of-that-name --dir @", 2, "error"},
};

static struct log_fixture f;

static void spell(char *out, size_t capacity, const char *words)
{
    size_t len =
        (size_t)snprintf(out, capacity, "XDG_STATE_HOME=%s/state %s/handhold-audit --json ", f.folder, HANDHOLD_BIN);

    for (const char *at = words; *at; at++) {
        if (*at == '@')
            len += (size_t)snprintf(out + len, capacity - len, "%s", f.folder);
        else
            len += (size_t)snprintf(out + len, capacity - len, "%c", *at);
        assert_true(len < capacity);
    }
    snprintf(out + len, capacity - len, " 2>>%s/said", f.folder);
}

/* The event of the last line; "" when there is none. */
static const char *last_event(FILE *pipe, const char *words)
{
    static char line[1 << 16], event[64];

    event[0] = 0;
    while (fgets(line, sizeof line, pipe)) {
        json_error_t error;
        json_t *object = json_loads(line, 0, &error);
        const char *name = object ? json_string_value(json_object_get(object, "event")) : NULL;
        if (!name)
            fail_msg("%s: not an event: %s", words, line);
        snprintf(event, sizeof event, "%s", name ? name : "");
        json_decref(object);
    }
    return event;
}

static void every_command_prints_json_lines_also_when_it_refuses(void **state)
{
    char command[4096];
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        spell(command, sizeof command, calls[i].words);
        FILE *pipe = popen(command, "r");
        assert_non_null(pipe);
        const char *event = last_event(pipe, calls[i].words);
        int status = pclose(pipe);
        if (WIFEXITED(status) && WEXITSTATUS(status) == calls[i].code &&
            !strcmp(event, calls[i].event ? calls[i].event : ""))
            continue;
        print_message("%s: code %d, expected %d; the last event \"%s\", expected \"%s\"\n", calls[i].words,
                      WEXITSTATUS(status), calls[i].code, event, calls[i].event ? calls[i].event : "");
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

/* So that a command that comes later is not left out. */
static void the_table_above_has_every_command(void **state)
{
    char line[512], word[32];
    bool all = false;

    (void)state;
    FILE *pipe = popen(HANDHOLD_BIN "/handhold-audit --help", "r");
    assert_non_null(pipe);
    while (fgets(line, sizeof line, pipe)) {
        if (strncmp(line, "  ", 2) != 0 || sscanf(line + 2, "%31[a-z] ", word) != 1 || all)
            continue;
        bool has = false;
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
            has = has || !strncmp(calls[i].words, word, strlen(word));
        if (!has)
            fail_msg("%s is in no call", word);
        all = !strcmp(word, "recover"); /* the last one; options and examples follow */
    }
    assert_int_equal(pclose(pipe), 0);
    assert_true(all);
}

static int setup(void **state)
{
    (void)state;
    log_fixture_open(&f);
    log_fixture_story(&f);
    log_fixture_refused(&f, 2);
    log_fixture_settle(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_fixture_close(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_prints_json_lines_also_when_it_refuses),
        cmocka_unit_test(the_table_above_has_every_command),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
