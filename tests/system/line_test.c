/* SPDX-License-Identifier: Apache-2.0 */
/* A relay that dies, a line that goes dead, a disk that is full: what was logged stays, and both ends go on. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/house.h"
#include "tests/system/proxy.h"

/* ---- the relay dies ---- */

static void kill_relay(struct house *h)
{
    house_expect_exit(h, h->relay, SIGKILL, -1);
}

static void await_resumed(struct house *h, struct demo_child *agent, struct demo_child *client)
{
    house_await(h, agent, "connection", "state", "resumed", NULL);
    house_await(h, client, "connection", "state", "resumed", NULL);
}

static void await_picture(struct house *h, struct demo_child *agent)
{
    house_forget(agent, "video");
    house_await(h, agent, "video", "final", "false", NULL);
}

static void an_invitation_outlives_a_killed_relay(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;

    kill_relay(h);
    house_restart_relay(h);
    client = house_join(h, agent, "client");
    house_grant(h, agent, client, "camera");
    house_end(h, agent, client);
}

static void a_picture_goes_on_when_a_killed_relay_is_back(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;

    house_live(h, &agent, &client);
    for (int i = 0; i < 2; i++) {
        kill_relay(h);
        house_await(h, agent, "connection", "state", "reconnecting", NULL);
        house_await(h, client, "connection", "state", "reconnecting", NULL);
        house_restart_relay(h);
        await_resumed(h, agent, client);
        await_picture(h, agent);
        house_talk(h, agent, client);
    }
    house_end(h, agent, client);
}

/* The relay is stopped before the answer and killed after it: whatever of it was on the way is lost. */
static void a_grant_that_was_on_its_way_to_a_killed_relay_is_logged_later(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client = house_join(h, agent, "client");

    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"To see it\"}");
    house_await(h, client, "consent", "state", "requested", NULL);
    assert_int_equal(kill(h->relay->pid, SIGSTOP), 0);
    demo_child_tell(client, "{\"do\":\"grant\",\"capability\":\"camera\"}");
    demo_child_tell(client, "{\"do\":\"dance\"}");
    house_await(h, client, "error", NULL); /* so the grant was taken before this */
    kill_relay(h);
    house_restart_relay(h);
    house_await(h, client, "logged", "action", "grant", "capability", "camera", NULL);
    house_await(h, agent, "first-picture", NULL);
    house_await(h, agent, "video", NULL);
    house_end(h, agent, client);
}

static void a_withdrawal_while_the_relay_is_dead_holds_at_once_and_is_logged_later(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;

    house_live(h, &agent, &client);
    kill_relay(h);
    demo_child_tell(client, "{\"do\":\"withdraw\",\"capability\":\"camera\"}");
    house_await(h, client, "consent", "capability", "camera", "state", "withdrawn", NULL);
    house_await(h, client, "capture", "capability", "camera", "on", "false", NULL);
    house_restart_relay(h);
    house_await(h, agent, "consent", "capability", "camera", "state", "withdrawn", NULL);
    house_await(h, client, "logged", "action", "withdraw", "capability", "camera", NULL);
    house_talk(h, agent, client);
    house_end(h, agent, client);
}

static void a_killed_companion_is_missed_and_the_agent_can_still_end(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;

    house_live(h, &agent, &client);
    house_expect_exit(h, client, SIGKILL, -1);
    house_await(h, agent, "connection", "state", "reconnecting", NULL);
    demo_child_tell(agent, "{\"do\":\"end\"}");
    house_await(h, agent, "ended", NULL);
    house_expect_exit(h, agent, 0, 0);
}

/* ---- the line goes dead ---- */

static void a_line_that_goes_dead_is_seen_and_capture_stops_until_it_is_back(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    struct proxy proxy;
    char ini[128], listen[32];
    unsigned port = house_free_port();

    proxy_open(&proxy);
    snprintf(ini, sizeof ini, HOUSE_SETTINGS "host = 127.0.0.1:%u\n", proxy.port);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    house_write(h, "relay/relay.ini", ini, strlen(ini));
    proxy_start(&proxy, port);
    house_start_relay(h, listen);
    house_live(h, &agent, &client);
    proxy_freeze(&proxy);
    house_await(h, agent, "live", "live", "false", NULL);
    house_await(h, client, "capture", "capability", "camera", "on", "false", NULL);
    proxy_thaw(&proxy);
    house_await(h, client, "capture", "capability", "camera", "on", "true", NULL);
    house_await(h, agent, "live", "live", "true", NULL);
    await_picture(h, agent);
    house_talk(h, agent, client);
    house_end(h, agent, client);
    proxy_close(&proxy);
}

static void a_relay_that_hangs_stops_capture_until_it_is_back(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;

    house_live(h, &agent, &client);
    assert_int_equal(kill(h->relay->pid, SIGSTOP), 0);
    house_await(h, agent, "live", "live", "false", NULL);
    house_await(h, client, "capture", "capability", "camera", "on", "false", NULL);
    assert_int_equal(kill(h->relay->pid, SIGCONT), 0);
    house_await(h, client, "capture", "capability", "camera", "on", "true", NULL);
    house_await(h, agent, "live", "live", "true", NULL);
    await_picture(h, agent);
    house_talk(h, agent, client);
    house_end(h, agent, client);
}

/* ---- the disk is full ---- */

static bool has_own_disk; /* else the relay's files may not grow, which to SQLite is much the same */

static void make_small_disk(struct house *h)
{
    assert_int_equal(mkdir(house_path(h, "relay/data"), 0700), 0);
    has_own_disk = mount("none", house_path(h, "relay/data"), "tmpfs", 0, "size=24m,mode=0700") == 0;
}

static void fill_disk(struct house *h)
{
    static const char zeros[512];
    struct rlimit none = {0, RLIM_INFINITY};
    int fd;

    if (!has_own_disk) {
        assert_int_equal(prlimit(h->relay->pid, RLIMIT_FSIZE, &none, NULL), 0);
        return;
    }
    fd = open(house_path(h, "relay/data/filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, zeros, sizeof zeros) > 0)
        continue;
    close(fd);
}

static void empty_disk(struct house *h)
{
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

    if (has_own_disk)
        assert_int_equal(unlink(house_path(h, "relay/data/filler")), 0);
    else
        assert_int_equal(prlimit(h->relay->pid, RLIMIT_FSIZE, &all, NULL), 0);
}

/* Asks and grants until the log has no room; the disk may have had some left. */
static void grant_until_refused(struct house *h, struct demo_child *agent, struct demo_child *client)
{
    for (int i = 0; i < 200; i++) {
        json_t *answer;

        demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"device-state\",\"purpose\":\"To see it\"}");
        house_await(h, client, "consent", "capability", "device-state", "state", "requested", NULL);
        demo_child_tell(client, "{\"do\":\"grant\",\"capability\":\"device-state\"}");
        do {
            answer = house_await(h, client, "consent", "capability", "device-state", NULL);
        } while (!strcmp(house_text(answer, "state"), "requested"));
        if (strcmp(house_text(answer, "state"), "granted") != 0)
            return;
        demo_child_tell(client, "{\"do\":\"withdraw\",\"capability\":\"device-state\"}");
        house_await(h, agent, "consent", "capability", "device-state", "state", "withdrawn", NULL);
    }
    house_fail(h, "the disk is full, and grants are still logged");
}

static void a_grant_that_a_full_disk_cannot_log_is_refused_and_nothing_is_lost(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    const char *by_link[] = {"--state", "linux", NULL, NULL};
    json_t *error;

    make_small_disk(h);
    house_start_relay(h, NULL);
    agent = house_agent(h, "agent", "ana");
    by_link[2] = h->link;
    client = house_client(h, "client", by_link);
    house_await(h, agent, "joined", NULL);
    house_grant(h, agent, client, "camera");
    fill_disk(h);
    grant_until_refused(h, agent, client);
    error = house_await(h, client, "error", NULL);
    house_says(h, house_text(error, "message"), "the log cannot be written", "whoever runs this relay", NULL);
    assert_null(strstr(house_text(error, "message"), h->dir)); /* the relay's folders are no customer's business */
    await_picture(h, agent);                                   /* what was logged goes on */
    house_talk(h, agent, client);
    assert_int_equal(demo_child_count(client, "error", NULL, NULL), 1); /* said once, however often it was tried */
    empty_disk(h);
    house_grant(h, agent, client, "device-state");
    house_end(h, agent, client);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(an_invitation_outlives_a_killed_relay),
        HOUSE_TEST(a_picture_goes_on_when_a_killed_relay_is_back),
        HOUSE_TEST(a_grant_that_was_on_its_way_to_a_killed_relay_is_logged_later),
        HOUSE_TEST(a_withdrawal_while_the_relay_is_dead_holds_at_once_and_is_logged_later),
        HOUSE_TEST(a_killed_companion_is_missed_and_the_agent_can_still_end),
        HOUSE_TEST_WITHOUT_RELAY(a_line_that_goes_dead_is_seen_and_capture_stops_until_it_is_back),
        HOUSE_TEST(a_relay_that_hangs_stops_capture_until_it_is_back),
        HOUSE_TEST_WITHOUT_RELAY(a_grant_that_a_full_disk_cannot_log_is_refused_and_nothing_is_lost),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
