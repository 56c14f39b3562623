/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-relay setup on a server of the operator's own kind: another folder, another user, and a second try. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/relay/place.h"

static char folder[64];

static const char *below(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/handhold-setup-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static int setup(char output[static PLACE_OUTPUT_BYTES], const char *hooks, const char *staff_host)
{
    const char *arguments[] = {"setup",         "--host",
                               "a.example.com", "--dir",
                               below("relay"),  "--authority",
                               below("org"),    "--user",
                               "nobody",        "--hooks",
                               below(hooks),    "--units",
                               below("units"),  staff_host ? "--staff-host" : NULL,
                               staff_host,      NULL};

    return place_run(output, "handhold-relay", arguments);
}

static const char *read_text(const char *path)
{
    static char text[PLACE_OUTPUT_BYTES];
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

static void expect_line(const char *text, const char *name, const char *value)
{
    char line[256];

    snprintf(line, sizeof line, "\n%s=%s\n", name, value);
    if (!strstr(text, line))
        fail_msg("%s is not in: %s", line, text);
}

static void a_setup_that_failed_is_run_again(void **state)
{
    char output[PLACE_OUTPUT_BYTES];
    FILE *file = fopen(below("no-folder"), "w");

    (void)state;
    assert_non_null(file);
    fclose(file);
    assert_int_equal(setup(output, "no-folder", NULL), 1);
    assert_int_equal(access(below("relay/relay.ini"), F_OK), -1);
    if (setup(output, "hooks", NULL))
        fail_msg("%s", output);
    assert_non_null(strstr(output, "is ready"));
    assert_int_equal(access(below("relay/relay.ini"), R_OK), 0);
    assert_int_equal(access(below("hooks/handhold-relay"), X_OK), 0);
    assert_int_equal(setup(output, "hooks", NULL), 1); /* now it is set up */
    assert_non_null(strstr(output, "set up here already"));
}

static void the_unit_is_of_that_folder_and_that_user(void **state)
{
    char output[PLACE_OUTPUT_BYTES];
    const char *unit;

    (void)state;
    if (setup(output, "hooks", NULL))
        fail_msg("%s", output);
    unit = read_text(below("units/handhold-relay.service"));
    expect_line(unit, "User", "nobody");
    expect_line(unit, "Group", "nogroup");
    expect_line(unit, "ReadWritePaths", below("relay"));
    expect_line(unit, "ProtectSystem", "strict");
    assert_null(strstr(unit, "StateDirectory"));
    assert_non_null(strstr(unit, below("relay")));
    if (!getuid()) {
        struct stat settings;
        assert_int_equal(stat(below("relay/relay.ini"), &settings), 0);
        assert_int_not_equal(settings.st_uid, 0);
    }
}

/* The name is in relay.ini alone: who corrects it there, or sets up again, has a hook that knows. */
static void the_hook_takes_the_host_that_the_settings_have(void **state)
{
    static const char again[] = "cd %s && rm relay/relay.ini";
    static const char renew[] =
        "cd %s && echo 'host = b.example.com:443' >relay/relay.ini && mkdir live && "
        "echo k >live/privkey.pem && echo c >live/fullchain.pem && "
        "RENEWED_DOMAINS='x.example.com b.example.com' RENEWED_LINEAGE=live hooks/handhold-relay";
    char output[PLACE_OUTPUT_BYTES], command[512];

    (void)state;
    if (setup(output, "hooks", NULL))
        fail_msg("%s", output);
    snprintf(command, sizeof command, again, folder);
    assert_int_equal(system(command), 0);
    if (setup(output, "hooks", NULL))
        fail_msg("%s", output);
    assert_non_null(strstr(output, "its domain, which customers read as verified"));
    snprintf(command, sizeof command, renew, folder);
    if (!getuid()) { /* it gives the files to the relay's user */
        assert_int_equal(system(command), 0);
        assert_string_equal(read_text(below("relay/public/fullchain.pem")), "c\n");
    }
    snprintf(command, sizeof command, "cd %s && rm relay/relay.ini && echo '# mine' >>hooks/handhold-relay", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(setup(output, "hooks", NULL), 1);
    assert_non_null(strstr(output, "is not what this setup would write"));
}

static void strangers_and_staff_have_two_hosts(void **state)
{
    char output[PLACE_OUTPUT_BYTES];

    (void)state;
    assert_int_equal(setup(output, "hooks", "a.example.com"), 2);
    assert_non_null(strstr(output, "give staff another one"));
    assert_int_equal(access(below("org"), F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_setup_that_failed_is_run_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_unit_is_of_that_folder_and_that_user, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_hook_takes_the_host_that_the_settings_have, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strangers_and_staff_have_two_hosts, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
