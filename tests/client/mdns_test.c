/* SPDX-License-Identifier: Apache-2.0 */
/* A printer at the far end of a cable, announced by a real Avahi: it comes, it leaves, it comes back. Run by mdns.sh.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/state/sources.h"
#include "tests/proto/test.h"

static const char *folder, *announcement;
static struct client_state_model *model;
static char heard[1 << 16];

static bool on_device(void *context, const struct client_state_device *d)
{
    (void)context;
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s%s %s [%s] [%s] [%s]\n", d->gone ? "-" : "", d->id,
             d->kind, d->name, d->maker, d->model);
    return true;
}

static bool on_property(void *context, const struct client_state_property *p)
{
    (void)context;
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s.%s=%s\n", p->device, p->name,
             p->type == CLIENT_STATE_BOOL ? (p->value.boolean ? "yes" : "no") : p->value.text);
    return true;
}

static const struct client_state_sink sink = {on_device, on_property, NULL};

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void await(struct client_state_source *s, const char *line)
{
    int64_t until = mono_ms() + 40000;

    while (!strstr(heard, line)) {
        if (mono_ms() > until)
            fail_msg("not told: %s in\n%s", line, heard);
        poll(NULL, 0, 20);
        client_state_source_poll(s, (struct proto_now){mono_ms(), 1700000000000}, model);
        client_state_model_flush(model, &sink);
    }
    heard[0] = '\0';
}

static void announce(bool on)
{
    char command[512];

    if (on)
        snprintf(command, sizeof command, "cp %s %s/", announcement, folder);
    else
        snprintf(command, sizeof command, "rm %s/printer.service", folder);
    assert_int_equal(system(command), 0); /* NOLINT: paths of mdns.sh */
}

static void a_printer_comes_and_leaves_and_comes_back(void **state)
{
    struct client_state_source *s;
    char why[CLIENT_STATE_WHY_BYTES];

    (void)state;
    assert_ok(client_state_model_new(&model));
    assert_ok(client_state_source_open("mdns", (struct client_state_log){NULL, NULL}, &s, why));
    announce(true);
    await(s, "mdns/office-far printer [Office Printer] [Acme] [Acme Laser 5]\nmdns/office-far.availability=yes\n");
    announce(false);
    await(s, "mdns/office-far.availability=no\n");
    assert_int_equal(client_state_model_devices(model), 1); /* what was here is known */
    announce(true);
    await(s, "mdns/office-far.availability=yes\n");
    client_state_source_rest(s);
    client_state_model_retell(model);
    await(s, "mdns/office-far.availability=yes\n"); /* nobody flickers because nobody read for a while */
    client_state_source_free(s);
    client_state_model_free(model);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_printer_comes_and_leaves_and_comes_back)};

    if (argc != 3)
        return 77; /* alone it has no far end */
    folder = argv[1];
    announcement = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
