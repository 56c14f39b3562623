/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network under a relay goes wrong: a third of all packets lost, a partition that is healed and one that is not, a
 * name server that is silent. Sessions go on or end with the reason that is so, nothing hangs, and the log is whole.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/network/three.h"

static const struct net_line fine = {4e6, 20, 0, 150000, false}, storm = {4e6, 20, 30, 150000, false},
                             cut = {4e6, 20, 0, 150000, true};
/* Whoever is silent is asked soon, and a seat is not kept for long: what a test waits for. */
static const char impatient[] = "ping_s = 1\ngrace_ms = 4000\ndrain_s = 1\n";

static bool skipped(void)
{
    if (net_cannot())
        print_message("skipped: %s\n", net_cannot());
    return net_cannot() != NULL;
}

static void write_settings(const char *settings)
{
    FILE *file = fopen(three_path("relay/relay.ini"), "w");

    THREE_MUST(file && fputs(settings, file) >= 0);
    fclose(file);
}

static void begin(const char *settings)
{
    write_settings(settings);
    THREE_MUST(net_up(&three.net, &fine, 1));
    three_start_relay();
    three_start_ends(three_path("tone.wav"));
}

static json_t *expect(struct demo_child *child, const char *event, const char *field, const char *value)
{
    json_t *found = demo_child_expect(&three.children, child, THREE_WAIT_MS, event, field, value, NULL);

    if (!found)
        print_error("%s: no %s with %s %s\n", child->name, event, field, value);
    THREE_MUST(found);
    return found;
}

/* The relay leaves in order, and the log is whole. */
static void finish(void)
{
    const char *const verify[] = {"handhold-audit",
                                  "verify",
                                  "--dir",
                                  three_path("relay"),
                                  "--key",
                                  three_path("org/officer/evidence.key"),
                                  NULL};
    char *said = NULL;
    int code;

    THREE_MUST(demo_child_stop(&three.children, three.relay, SIGTERM, THREE_WAIT_MS) == 0);
    code = demo_run(HANDHOLD_BIN, verify, &said);
    if (code)
        print_error("%s\n", said ? said : "");
    free(said);
    THREE_MUST(code == 0);
    three_clear();
}

static void leave(void)
{
    demo_child_tell(three.agent, "{\"do\":\"end\"}");
    THREE_MUST(demo_child_stop(&three.children, three.agent, 0, THREE_WAIT_MS) == 0);
    THREE_MUST(demo_child_stop(&three.children, three.client, 0, THREE_WAIT_MS) == 0);
}

static void a_session_lives_where_a_third_of_all_is_lost(void **state)
{
    (void)state;
    if (skipped())
        skip();
    begin("drain_s = 1\n");
    three_talk("before");
    net_set(&three.net, &storm);
    three_talk("in the storm");
    net_set(&three.net, &fine);
    three_talk("after");
    leave();
    finish();
}

static void a_partition_that_is_healed_is_got_over(void **state)
{
    (void)state;
    if (skipped())
        skip();
    begin("ping_s = 1\ndrain_s = 1\n");
    net_set(&three.net, &cut);
    expect(three.client, "connection", "state", "reconnecting");
    net_set(&three.net, &fine);
    expect(three.client, "connection", "state", "resumed");
    three_talk("after");
    leave();
    finish();
}

static void a_partition_that_lasts_ends_the_session_with_its_reason(void **state)
{
    (void)state;
    if (skipped())
        skip();
    begin(impatient);
    net_set(&three.net, &cut);
    expect(three.agent, "ended", "reason", "connection-lost");
    THREE_MUST(demo_child_stop(&three.children, three.agent, 0, THREE_WAIT_MS) >= 0);
    net_set(&three.net, &fine);
    expect(three.client, "ended", "reason", "connection-lost");
    THREE_MUST(demo_child_stop(&three.children, three.client, 0, THREE_WAIT_MS) >= 0);
    finish();
}

/* ---- a name server that hears and says nothing ---- */

/* The first that this machine asks, as an address of the relay's own; a socket takes what comes, and keeps it. */
static pid_t silent_names(void)
{
    char line[256], address[64] = "", command[160];
    FILE *file = fopen("/etc/resolv.conf", "r");
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(53)};

    while (file && !*address && fgets(line, sizeof line, file))
        if (sscanf(line, "nameserver %63[0-9.]", address) != 1)
            *address = 0;
    if (file)
        fclose(file);
    snprintf(command, sizeof command, "ip -n %s addr add %s/32 dev lo 2>/dev/null || true", net_space(NET_RELAY),
             address);
    if (!*address || system(command))
        return 0;
    pid_t pid = fork();
    if (pid)
        return pid;
    int fd = net_enter_socket(NET_RELAY, SOCK_DGRAM);
    if (bind(fd, (struct sockaddr *)&at, sizeof at))
        _exit(1);
    for (;;)
        pause();
}

static void a_relay_without_names_serves_and_leaves_at_once(void **state)
{
    static const char settings[] =
        "drain_s = 1\nwitness = https://witness.example.com "
        "witness.example.com+f0f29265+BEy6bkrQASF0ubQ2qFL8HPWhKs0qPwcpTPP8CEUhbjeq\n";
    pid_t names;

    (void)state;
    if (skipped())
        skip();
    write_settings("drain_s = 1\n");
    THREE_MUST(net_up(&three.net, &fine, 1));
    names = silent_names();
    if (!names) {
        print_message("             this machine asks no name server of its own\n");
        three_clear();
        return;
    }
    write_settings(settings);
    three_start_relay();
    three_start_ends(three_path("tone.wav"));
    three_talk("without names");
    leave();
    finish();
    kill(names, SIGKILL);
    waitpid(names, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_lives_where_a_third_of_all_is_lost),
        cmocka_unit_test(a_partition_that_is_healed_is_got_over),
        cmocka_unit_test(a_partition_that_lasts_ends_the_session_with_its_reason),
        cmocka_unit_test(a_relay_without_names_serves_and_leaves_at_once),
    };

    return cmocka_run_group_tests(tests, three_set_up, three_tear_down);
}
