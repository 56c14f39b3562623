/* SPDX-License-Identifier: Apache-2.0 */
/* Which guide is proposed first: by what is wrong, by words, and by what helped others; homes broken by a seed. */
#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/desk/cases.h"
#include "agent/desk/guides.h"
#include "agent/guides/read.h"
#include "tests/client/folder.h"

static struct agent_guides library;
static struct agent_desk_devices *home;
static struct agent_desk_guides *guides;
static struct agent_desk_cases *cases;
static struct folder folder;
static struct agent_desk_proposal list[AGENT_DESK_PROPOSALS_MAX];
static size_t count;

static void say(void *context, const char *file, const char *why)
{
    (void)context;
    fail_msg("%s: %s", file, why);
}

static void learned(void *context, const struct proto_guide *guide, const char *model, struct agent_desk_learned *out)
{
    (void)context;
    if (cases)
        agent_desk_cases_learned(cases, guide->id, model, out);
}

static void open_cases(const char *customer)
{
    agent_desk_cases_free(cases);
    assert_ok(agent_desk_cases_open(&cases, folder.path, customer, (struct proto_now){0, 1700000000000}));
}

static void with(const char *guides_folder)
{
    const struct agent_desk_guides_config config = {.devices = home, .learned = learned};
    struct agent_desk_guides_config mine = config;

    assert_ok(agent_guides_load(&library, guides_folder, say, NULL));
    mine.list = (const struct proto_guide *const *)library.list;
    mine.count = library.count;
    assert_ok(agent_desk_guides_new(&guides, &mine));
}

static int set_up(void **state)
{
    (void)state;
    folder_make(&folder);
    cases = NULL;
    guides = NULL;
    return agent_desk_devices_new(&home) != PROTO_OK;
}

static int tear_down(void **state)
{
    (void)state;
    agent_desk_guides_free(guides);
    agent_desk_cases_free(cases);
    agent_desk_devices_free(home);
    agent_guides_clear(&library);
    folder_remove(&folder);
    return 0;
}

static void device(const char *id, const char *kind, const char *model)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_device_tag};

    snprintf(c.body.device.id, sizeof c.body.device.id, "%s", id);
    snprintf(c.body.device.kind, sizeof c.body.device.kind, "%s", kind);
    snprintf(c.body.device.model, sizeof c.body.device.model, "%s", model);
    assert_true(agent_desk_devices_take(home, &c, 0));
}

static handhold_StateChange property(const char *id, const char *name)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_property_tag};

    snprintf(c.body.property.device, sizeof c.body.property.device, "%s", id);
    snprintf(c.body.property.name, sizeof c.body.property.name, "%s", name);
    return c;
}

static void truth(const char *id, const char *name, bool value)
{
    handhold_StateChange c = property(id, name);

    c.body.property.which_value = handhold_Property_truth_tag;
    c.body.property.value.truth = value;
    assert_true(agent_desk_devices_take(home, &c, 0));
}

static void number(const char *id, const char *name, double value)
{
    handhold_StateChange c = property(id, name);

    c.body.property.which_value = handhold_Property_number_tag;
    c.body.property.value.number = value;
    assert_true(agent_desk_devices_take(home, &c, 0));
}

static void check(const char *name, unsigned status)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_check_tag, .body.check.status = status};

    snprintf(c.body.check.check, sizeof c.body.check.check, "%s", name);
    assert_true(agent_desk_devices_take(home, &c, 0));
}

static bool proposed(const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(list[i].guide->id, id))
            return true;
    return false;
}

/* ---- homes broken by a seed ---- */

enum { FAULTS = 4, LAMPS = 20 };
static const char *const guide_of[FAULTS] = {"router-no-internet", "wifi-weak", "lamp-off-mesh", "printer-not-found"};

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* What a home of this many things says, with these faults in it. */
static void break_home(unsigned faults, uint32_t *seed)
{
    char id[16];

    agent_desk_devices_clear(home);
    device("router", "router", "R1");
    device("wlan", "wifi_interface", "");
    device("printer", "printer", "P1");
    truth("router", "connectivity", true);
    truth("printer", "availability", !(faults & 8));
    number("wlan", "signal_strength", faults & 2 ? -76 - (double)(draw(seed) % 15) : -30 - (double)(draw(seed) % 40));
    for (int i = 0; i < LAMPS; i++) {
        snprintf(id, sizeof id, "lamp%d", i);
        device(id, "light", "L1");
        truth(id, "availability", true);
    }
    if (faults & 4) {
        snprintf(id, sizeof id, "lamp%u", draw(seed) % LAMPS);
        truth(id, "availability", false);
    }
    check("clock", 2);
    check("gateway", 2);
    check("wifi", faults & 2 ? 4 : 2);
    check("dns", faults & 1 ? 2 + 2 * (draw(seed) & 1) : 2);
    check("internet", faults & 1 ? 4 : 2);
    check("portal", 5);
}

static void of_one_or_two_faults_each_has_its_guide_and_no_other_is_proposed(void **state)
{
    unsigned false_ones = 0, missed = 0;

    (void)state;
    with(HANDHOLD_GUIDES);
    for (uint32_t run = 1; run <= 500; run++) {
        uint32_t seed = run;
        unsigned faults = 1u << draw(&seed) % FAULTS;

        if (draw(&seed) & 1)
            faults |= 1u << draw(&seed) % FAULTS;
        break_home(faults, &seed);
        count = agent_desk_guides_propose(guides, NULL, list);
        for (unsigned i = 0; i < FAULTS; i++) {
            missed += (faults >> i & 1) && !proposed(guide_of[i]);
            false_ones += !(faults >> i & 1) && proposed(guide_of[i]);
        }
        if (!(faults & (faults - 1)))
            assert_true(faults >> 0 && count > 0);
    }
    print_message("500 homes: %u faults missed, %u false proposals\n", missed, false_ones);
    assert_int_equal(missed, 0);
    assert_int_equal(false_ones, 0);
}

static void words_find_a_guide_in_each_language(void **state)
{
    static const struct {
        const char *words, *guide;
    } cases_of[] = {{"printer offline", "printer-not-found"},
                    {"mein Drucker druckt nicht", "printer-not-found"},
                    {"langsames WLAN", "wifi-weak"},
                    {"the LAMP does not react", "lamp-off-mesh"},
                    {"kein Internet", "router-no-internet"}};

    (void)state;
    with(HANDHOLD_GUIDES);
    for (size_t i = 0; i < sizeof cases_of / sizeof *cases_of; i++) {
        count = agent_desk_guides_propose(guides, cases_of[i].words, list);
        if (!count || strcmp(list[0].guide->id, cases_of[i].guide) != 0)
            fail_msg("%s: %s", cases_of[i].words, count ? list[0].guide->id : "nothing");
    }
    assert_int_equal(agent_desk_guides_propose(guides, "xyzzy quux", list), 0);
}

/* ---- guides, played from the fault to the last tick ---- */

static struct proto_guide_run run;
static int64_t mono_ms;

/* The guide that is proposed first is this, and is begun. */
static void begin(const char *id, const char *subject)
{
    count = agent_desk_guides_propose(guides, NULL, list);
    assert_true(count > 0);
    assert_string_equal(list[0].guide->id, id);
    assert_string_equal(list[0].subject, subject);
    proto_guide_run_start(&run, list[0].guide, subject, mono_ms = 1000);
}

/* Time goes on: the step that is on then. */
static const char *after(int64_t ms)
{
    struct proto_guide_facts facts = agent_desk_devices_facts(home);

    for (mono_ms += ms; proto_guide_run_tick(&run, &facts, mono_ms);)
        ;
    return run.current < run.guide->step_count ? run.guide->steps[run.current].id : "";
}

static void tap(enum proto_guide_act act)
{
    assert_ok(proto_guide_run_act(&run, run.current, act, PROTO_GUIDE_CUSTOMER, mono_ms));
}

static void step_took(size_t step, enum proto_guide_outcome outcome, enum proto_guide_by by)
{
    assert_int_equal(run.steps[step].outcome, outcome);
    assert_int_equal(run.steps[step].by, by);
}

static void weak_wifi_is_played_from_the_fault_to_the_last_tick(void **state)
{
    (void)state;
    with(HANDHOLD_GUIDES);
    device("interface/wlan0", "wifi_interface", "wlan0");
    number("interface/wlan0", "signal_strength", -82);
    begin("wifi-weak", "interface/wlan0");
    assert_string_equal(after(0), "closer");
    assert_string_equal(after(20000), "closer"); /* nobody has moved */
    number("interface/wlan0", "signal_strength", -72);
    assert_string_equal(after(100), "closer"); /* for three seconds */
    assert_string_equal(after(3000), "open-space");
    assert_string_equal(after(9000), "open-space"); /* better, not good */
    tap(PROTO_GUIDE_ACT_FAILED);
    assert_string_equal(after(100), "antennas");
    number("interface/wlan0", "signal_strength", -60);
    assert_string_equal(after(100), "antennas");
    assert_string_equal(after(5000), "");
    assert_int_equal(run.end, PROTO_GUIDE_SOLVED);
    assert_string_equal(run.guide->steps[run.fixed_by].id, "antennas");
    step_took(0, PROTO_GUIDE_DONE, PROTO_GUIDE_ITSELF);
    step_took(1, PROTO_GUIDE_FAILED, PROTO_GUIDE_CUSTOMER);
    step_took(2, PROTO_GUIDE_DONE, PROTO_GUIDE_ITSELF);
    step_took(3, PROTO_GUIDE_NOT_NEEDED, PROTO_GUIDE_NOBODY); /* no extender for a signal that is good */
    count = agent_desk_guides_propose(guides, NULL, list);
    assert_false(proposed("wifi-weak"));
}

static void a_printer_that_was_lost_is_played_from_the_fault_to_the_last_tick(void **state)
{
    (void)state;
    with(HANDHOLD_GUIDES);
    device("printer", "printer", "P1");
    truth("printer", "availability", true);
    count = agent_desk_guides_propose(guides, NULL, list);
    assert_false(proposed("printer-not-found"));
    truth("printer", "availability", false);
    begin("printer-not-found", "printer");
    assert_string_equal(after(0), "awake");
    tap(PROTO_GUIDE_ACT_FAILED);
    assert_string_equal(after(100), "same-network");
    tap(PROTO_GUIDE_ACT_SKIP);
    assert_string_equal(after(60000), "restart");
    truth("printer", "availability", true); /* it was switched off and on */
    assert_string_equal(after(100), "restart");
    assert_string_equal(after(3000), "");
    assert_int_equal(run.end, PROTO_GUIDE_SOLVED);
    assert_string_equal(run.guide->steps[run.fixed_by].id, "restart");
    step_took(0, PROTO_GUIDE_FAILED, PROTO_GUIDE_CUSTOMER);
    step_took(1, PROTO_GUIDE_SKIPPED, PROTO_GUIDE_CUSTOMER);
    step_took(2, PROTO_GUIDE_DONE, PROTO_GUIDE_ITSELF);
    count = agent_desk_guides_propose(guides, NULL, list);
    assert_false(proposed("printer-not-found"));
}

/* ---- learning ---- */

static void write_guide(const char *id)
{
    char text[512], name[64];

    snprintf(text, sizeof text,
             "guide: 1\nid: %s\nversion: 1\nlanguages: [en]\ntitle: {en: T}\nsummary: {en: S}\nfor: [{kind: hub}]\n"
             "symptoms: {of: subject, property: problem, is: true}\nsolved_when: {of: subject, property: problem, is: "
             "false}\n"
             "steps:\n- {id: one, title: {en: T}, text: {en: X}}\n",
             id);
    snprintf(name, sizeof name, "guides/%s.yaml", id);
    folder_write(&folder, name, text, strlen(text));
}

static void a_case(const char *id, bool solved)
{
    proto_guide_run_start(&run, agent_guides_find(&library, id), "hub", 0);
    run.steps[0].shown_ms = 1;
    run.end = solved ? PROTO_GUIDE_SOLVED : PROTO_GUIDE_UNSOLVED;
    run.fixed_by = solved ? 0 : 1;
    agent_desk_cases_run(cases, &run, "H2");
}

static void what_helped_others_on_this_model_stands_first_for_everybody(void **state)
{
    struct agent_desk_count *rows;
    char path[256];
    size_t n;

    (void)state;
    write_guide("guide-a");
    write_guide("guide-b");
    snprintf(path, sizeof path, "%s/guides", folder.path);
    with(path);
    open_cases(NULL);
    device("hub", "hub", "H2");
    truth("hub", "problem", true);
    count = agent_desk_guides_propose(guides, NULL, list);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].guide->id, "guide-a"); /* nothing is known: by name */
    for (int i = 0; i < 20; i++) {
        a_case("guide-a", i % 4 == 0);
        a_case("guide-b", i % 4 != 0);
    }
    open_cases(NULL); /* another agent, on another day */
    count = agent_desk_guides_propose(guides, NULL, list);
    assert_string_equal(list[0].guide->id, "guide-b");
    assert_int_equal(list[0].learned.shown, 20);
    assert_int_equal(list[0].learned.solved, 15);
    device("hub", "hub", "H3"); /* on another model nothing was learned */
    count = agent_desk_guides_propose(guides, NULL, list);
    assert_string_equal(list[0].guide->id, "guide-a");
    assert_ok(agent_desk_cases_report(folder.path, &rows, &n));
    assert_int_equal(n, 4); /* each guide, and its one step */
    assert_int_equal(rows[0].shown, 20);
    assert_int_equal(rows[0].fixed, 5);
    assert_int_equal(rows[3].fixed, 15);
    free(rows);
}

/* ---- cases ---- */

static void a_case_goes_on_its_day_and_by_erasure(void **state)
{
    struct proto_now day = {0, 1700000000000};

    (void)state;
    write_guide("guide-a");
    char path[256];

    snprintf(path, sizeof path, "%s/guides", folder.path);
    with(path);
    open_cases("C-1");
    a_case("guide-a", false);
    agent_desk_cases_close(cases, 30, day);
    open_cases("C-1");
    assert_non_null(agent_desk_cases_before(cases, 0));
    device("hub", "hub", "H9");
    truth("hub", "problem", true);
    count = agent_desk_guides_propose(guides, NULL, list);
    assert_true(list[0].learned.tried && !list[0].learned.tried_solved);
    open_cases("C-2"); /* somebody else's */
    assert_null(agent_desk_cases_before(cases, 0));
    agent_desk_cases_free(cases);
    assert_ok(agent_desk_cases_open(&cases, folder.path, "C-1", (struct proto_now){0, day.unix_ms + 31 * 86400000LL}));
    assert_null(agent_desk_cases_before(cases, 0));
    assert_int_equal(agent_desk_cases_erase(folder.path, "C-1"), PROTO_ERR_NOT_FOUND); /* gone with its day */
    agent_desk_cases_close(cases, 30, day);
    assert_ok(agent_desk_cases_erase(folder.path, "C-1"));
    agent_desk_cases_close(cases, 0, day); /* a policy without retention keeps nothing */
    assert_int_equal(agent_desk_cases_erase(folder.path, "C-1"), PROTO_ERR_NOT_FOUND);
}

/* Files of customers in the folder; none of them is called as a hash of this reference alone would be. */
static size_t case_files(const char *reference)
{
    unsigned char digest[16];
    char hex[2 * sizeof digest + 1];
    DIR *dir = opendir(folder.path);
    size_t n = 0;

    crypto_generichash(digest, sizeof digest, (const unsigned char *)reference, strlen(reference), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    for (const struct dirent *item; (item = readdir(dir)) != NULL;) {
        n += !strncmp(item->d_name, "case-", 5);
        assert_null(strstr(item->d_name, hex));
    }
    closedir(dir);
    return n;
}

static void who_never_comes_back_is_forgotten_on_the_day_all_the_same(void **state)
{
    struct proto_now day = {0, 1700000000000};

    (void)state;
    open_cases("C-1");
    agent_desk_cases_close(cases, 30, day);
    open_cases("C-2");
    agent_desk_cases_close(cases, 60, day);
    assert_int_equal(case_files("C-1"), 2);
    for (int after = 1; after <= 61; after += 30) { /* somebody else comes, on the day and a month later */
        agent_desk_cases_free(cases);
        assert_ok(agent_desk_cases_open(&cases, folder.path, after % 2 ? NULL : "C-3",
                                        (struct proto_now){0, day.unix_ms + after * 86400000LL}));
        assert_int_equal(case_files("C-2"), after == 1 ? 2 : after == 31 ? 1 : 0);
    }
}

enum { WRITERS = 4, LINES = 14, KEPT = WRITERS * LINES / 2 };

/* Whoever rewrites a file waits for those who write to it. */
static void what_others_write_meanwhile_is_not_lost(void **state)
{
    struct proto_now day = {0, 1700000000000};
    size_t kept = 0;

    (void)state;
    open_cases("C-1");
    for (int i = 0; i < WRITERS; i++)
        if (fork() == 0) {
            for (int n = 0; n < LINES; n++) {
                struct agent_desk_cases *mine;

                if (agent_desk_cases_open(&mine, folder.path, "C-1", day) != PROTO_OK)
                    _exit(1);
                agent_desk_cases_close(mine, 0, day);
                agent_desk_cases_close(mine, (uint32_t)(n % 2), day); /* every second one is kept … */
                agent_desk_cases_free(mine);
                if (agent_desk_cases_open(&mine, folder.path, "C-1", (struct proto_now){0, day.unix_ms - 86400000}))
                    _exit(1);
                agent_desk_cases_close(mine, 1, (struct proto_now){0, day.unix_ms - 86400000}); /* … and one is over */
                agent_desk_cases_free(mine);
            }
            _exit(0);
        }
    for (int i = 0, status; i < WRITERS; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    open_cases("C-1");
    while (agent_desk_cases_before(cases, kept))
        kept++;
    assert_int_equal(kept, KEPT);
}

static void a_damaged_folder_loses_no_more_than_what_is_damaged(void **state)
{
    static const char lines[] = "{\"guide\":\"guide-a\",\"model\":\"H2\",\"end\":\"solved\"}\n{broken\n\xff\xfe\n[]\n"
                                "{\"guide\":5}\n{\"guide\":\"guide-a\",\"model\":\"H2\",\"end\":\"left\"}";
    struct agent_desk_learned known;

    (void)state;
    folder_write(&folder, "counts.jsonl", lines, sizeof lines - 1);
    open_cases(NULL);
    agent_desk_cases_learned(cases, "guide-a", "H2", &known);
    assert_int_equal(known.shown, 2);
    assert_int_equal(known.solved, 1);
}

int main(void)
{
#define ONE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ONE(of_one_or_two_faults_each_has_its_guide_and_no_other_is_proposed),
        ONE(words_find_a_guide_in_each_language),
        ONE(weak_wifi_is_played_from_the_fault_to_the_last_tick),
        ONE(a_printer_that_was_lost_is_played_from_the_fault_to_the_last_tick),
        ONE(what_helped_others_on_this_model_stands_first_for_everybody),
        ONE(a_case_goes_on_its_day_and_by_erasure),
        ONE(who_never_comes_back_is_forgotten_on_the_day_all_the_same),
        ONE(what_others_write_meanwhile_is_not_lost),
        ONE(a_damaged_folder_loses_no_more_than_what_is_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
