/* SPDX-License-Identifier: Apache-2.0 */
/* A pair is taken when both of its files have come, in whichever order they were copied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "relay/serve/pair.h"
#include "tests/scratch.h"

static char folder[64];
static const char *const names[] = {"now.crt", "now.key", "next.crt", "next.key"};

static const char *path_of(const char *name)
{
    static char paths[2][128];
    static unsigned turn;
    char *path = paths[turn++ % 2];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void make_pair(const char *name)
{
    char command[512];

    snprintf(command, sizeof command,
             "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 60 -subj /CN=relay "
             "-keyout %s.key -out %s.crt 2>/dev/null && chmod 600 %s.key",
             folder, name, name, name);
    assert_int_equal(system(command), 0);
}

static void take_over(const char *what)
{
    char next[16], now[16];

    snprintf(next, sizeof next, "next.%s", what);
    snprintf(now, sizeof now, "now.%s", what);
    assert_int_equal(rename(path_of(next), path_of(now)), 0);
}

static void whichever_file_comes_last_completes_it(void **state)
{
    static const char *const orders[][2] = {{"key", "crt"}, {"crt", "key"}};
    struct serve_pair pair = {.renew = "wait for the next one"};
    struct serve_report report = {0};

    (void)state;
    snprintf(pair.cert, sizeof pair.cert, "%s", path_of("now.crt"));
    snprintf(pair.key, sizeof pair.key, "%s", path_of("now.key"));
    make_pair("now");
    assert_true(serve_pair_read(&pair, NULL, &report));
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        const X509 *before = serve_pair_certificate(&pair);

        assert_false(serve_pair_changed(&pair));
        make_pair("next");
        take_over(orders[i][0]);
        assert_true(serve_pair_changed(&pair));
        assert_false(serve_pair_read(&pair, NULL, &report)); /* half of one, half of the other */
        assert_ptr_equal(serve_pair_certificate(&pair), before);
        assert_false(serve_pair_changed(&pair));
        take_over(orders[i][1]);
        assert_true(serve_pair_changed(&pair));
        assert_true(serve_pair_read(&pair, NULL, &report));
    }
    serve_pair_clear(&pair);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/handhold-pair-XXXXXX", scratch_parent());
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)unlink(path_of(names[i]));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whichever_file_comes_last_completes_it)};

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
