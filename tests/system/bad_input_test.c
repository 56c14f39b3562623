/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong input to the real programs: one clear line that names value, rule and way out, and the right exit code. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/proto/test.h"

/* A whole link to a port where nobody listens. */
#define LINK "https://127.0.0.1:1/j#AQCI2y_N51HjmxNmMhKE2taGAwk_jDmpgq2CATKWMimMRM2dYQjm4jdUciKXkO5e_8Q"
#define AGENT "--headless", "--relay", "https://127.0.0.1:1"

static char folder[] = "/tmp/handhold-bad-input.XXXXXX";

/* Runs bin/argv[0] in `folder` with nothing on stdin; its stderr in `said`. Returns the exit code. */
static int run(const char *const *argv, char *said, size_t size)
{
    char path[1024];
    int ends[2], status;
    size_t len = 0;
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        int nothing = open("/dev/null", O_RDWR);

        snprintf(path, sizeof path, "%s/%s", HANDHOLD_BIN, argv[0]);
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        if (chdir(folder) == 0)
            execv(path, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(ends[1]);
    while (len + 1 < size && (n = read(ends[0], said + len, size - 1 - len)) > 0)
        len += (size_t)n;
    said[len] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

struct wrong {
    const char *argv[12];
    int code;
    const char *says[3]; /* value, rule, way out */
};

static void check(const struct wrong *cases, size_t count)
{
    char said[8192];

    for (size_t i = 0; i < count; i++) {
        int code = run(cases[i].argv, said, sizeof said);

        if (code != cases[i].code)
            print_error("case %zu said: %s\n", i, said);
        assert_int_equal(code, cases[i].code);
        for (size_t s = 0; s < 3 && cases[i].says[s]; s++) {
            if (!strstr(said, cases[i].says[s]))
                print_error("case %zu: \"%s\" is not in: %s\n", i, cases[i].says[s], said);
            assert_non_null(strstr(said, cases[i].says[s]));
        }
    }
}

static void the_companion_names_what_is_wrong_with_its_command_line(void **state)
{
    static const struct wrong cases[] = {
        {{"handhold-client"}, 2, {"LINK", "one invitation is needed", "--code CODE"}},
        {{"handhold-client", LINK, "--code", "1"}, 2, {"LINK and --code", "one invitation"}},
        {{"handhold-client", "https://127.0.0.1:1/j"}, 2, {"not a whole Handhold link", "everything behind the #"}},
        {{"handhold-client", "https://127.0.0.1:1/j#AQCI2y"}, 2, {"not a whole Handhold link"}},
        {{"handhold-client", "--code", "12"}, 2, {"not a Handhold code", "digit by digit"}},
        {{"handhold-client", "--code", "915 065 628 6"}, 2, {"--code", "does not say where", "--relay"}},
        {{"handhold-client", "--code", "915 065 628 6", "--relay", "http://x"}, 2, {"http://x", "https://host"}},
        {{"handhold-client", LINK, "--consent", "camera,webcam"}, 2, {"\"webcam\"", "no capability", "device-state"}},
        {{"handhold-client", LINK, "--camera", "missing.y4m"}, 2, {"missing.y4m", "--camera none"}},
        {{"handhold-client", LINK, "--camera", "broken.y4m"}, 2, {"broken.y4m"}},
        {{"handhold-client", LINK, "--mask", "1,2"}, 2, {"\"1,2\"", "X,Y,WIDTH,HEIGHT"}},
        {{"handhold-client", LINK, "--microphone", "missing.wav"}, 2, {"missing.wav"}},
        {{"handhold-client", LINK, "--speaker", "heard.wav"}, 2, {"--speaker", "--microphone SOURCE"}},
        {{"handhold-client", LINK, "--ca", "missing.crt"}, 2, {"missing.crt"}},
        {{"handhold-client", LINK, "--state", "frob"}, 2, {"frob", "linux"}},
        {{"handhold-client", LINK, "--colour"}, 2, {"--colour", "is not an option", "--help"}},
    };

    (void)state;
    check(cases, sizeof cases / sizeof *cases);
}

static void a_secret_in_a_damaged_link_is_never_shown(void **state)
{
    const char *const argv[] = {"handhold-client", "https://127.0.0.1:1/j#AQCIsecretsecret", NULL};
    char said[8192];

    (void)state;
    assert_int_equal(run(argv, said, sizeof said), 2);
    assert_null(strstr(said, "secretsecret"));
}

static void the_agent_names_what_is_wrong_with_its_command_line(void **state)
{
    static const struct wrong cases[] = {
        {{"handhold-agent", AGENT, "--identity", "nobody", "--ca", "missing.crt"}, 2, {"nobody.crt", "check the name"}},
        {{"handhold-agent", "--relay", "https://x", "--identity", "a", "--ca", "b"}, 2, {"no window", "--headless"}},
        {{"handhold-agent", "--headless", "--identity", "a", "--ca", "b"}, 2, {"--relay URL", "is missing"}},
        {{"handhold-agent", AGENT, "--identity", "a", "--ca", "b", "--request", "x"},
         2,
         {"\"x\"", "no capability", "camera"}},
        /* what would keep a picture of the camera without a consent for that */
        {{"handhold-agent", AGENT, "--identity", "a", "--ca", "b", "--snapshot", "c.png"}, 2, {"--snapshot", "--help"}},
        {{"handhold-agent", "enrol", "--id", "Not An Id", "--name", "Ada"}, 2, {"Not An Id", "a-z", "ada"}},
        {{"handhold-agent", "enrol", "--id", "ada"}, 2, {"--name NAME", "is missing"}},
    };

    (void)state;
    check(cases, sizeof cases / sizeof *cases);
}

static void a_relay_that_is_not_there_is_said_once_and_ends_with_1(void **state)
{
    static const struct wrong cases[] = {
        {{"handhold-client", LINK}, 1, {"127.0.0.1:1", "not reachable", "check the address"}},
    };

    (void)state;
    check(cases, sizeof cases / sizeof *cases);
}

static void enrolling_twice_never_overwrites_a_key(void **state)
{
    static const struct wrong cases[] = {
        {{"handhold-agent", "enrol", "--id", "ada", "--name", "Ada Lovelace"}, 0, {NULL}},
        {{"handhold-agent", "enrol", "--id", "ada", "--name", "Ada Lovelace"},
         1,
         {"ada.key", "already", "move the old one"}},
    };

    (void)state;
    check(cases, sizeof cases / sizeof *cases);
}

static int make_folder(void **state)
{
    char path[128];
    FILE *file;

    (void)state;
    if (!mkdtemp(folder) || setenv("XDG_STATE_HOME", folder, 1) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/broken.y4m", folder);
    file = fopen(path, "w");
    if (!file)
        return -1;
    fputs("YUV4MPEG2 W640 H480 F30:1\nFRAME\nshort", file);
    return fclose(file);
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"broken.y4m", "ada.key", "ada.csr"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_companion_names_what_is_wrong_with_its_command_line),
        cmocka_unit_test(a_secret_in_a_damaged_link_is_never_shown),
        cmocka_unit_test(the_agent_names_what_is_wrong_with_its_command_line),
        cmocka_unit_test(a_relay_that_is_not_there_is_said_once_and_ends_with_1),
        cmocka_unit_test(enrolling_twice_never_overwrites_a_key),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
