/* SPDX-License-Identifier: Apache-2.0 */
/* What a customer allows, and what then flows, and for how long. */
#include <fcntl.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/house.h"

/* ---- answers ---- */

static void a_refusal_is_told_and_the_session_goes_on(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;

    house_live(h, &agent, &client);
    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"recording\",\"purpose\":\"To keep it\"}");
    house_await(h, client, "consent", "capability", "recording", "state", "requested", "purpose", "To keep it", NULL);
    demo_child_tell(client, "{\"do\":\"refuse\",\"capability\":\"recording\"}");
    house_await(h, agent, "consent", "capability", "recording", "state", "refused", NULL);
    house_forget(agent, "video");
    house_await(h, agent, "video", "final", "false", NULL); /* the camera does not mind */
    house_talk(h, agent, client);
    house_end(h, agent, client);
}

static void a_grant_is_in_the_log_before_anything_is_captured(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    size_t logged = SIZE_MAX, capture = SIZE_MAX;

    house_live(h, &agent, &client);
    for (size_t i = client->count; i > 0; i--) {
        const char *event = house_text(client->events[i - 1].json, "event");

        if (!strcmp(event, "logged"))
            logged = i;
        else if (!strcmp(event, "capture"))
            capture = i;
    }
    assert_true(logged < capture && capture != SIZE_MAX);
    house_end(h, agent, client);
}

/* After the withdrawal both ends talk, so that whatever was under way has come; then no picture may have come. */
static void after_a_withdrawal_no_picture_gets_through(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    json_t *last;
    size_t seconds;

    house_live(h, &agent, &client);
    demo_child_tell(client, "{\"do\":\"withdraw\",\"capability\":\"camera\"}");
    house_await(h, client, "capture", "capability", "camera", "on", "false", NULL);
    house_await(h, agent, "consent", "capability", "camera", "state", "withdrawn", NULL);
    last = house_await(h, agent, "video", "final", "true", NULL);
    assert_true(house_number(last, "total_frames") > 0);
    seconds = demo_child_count(agent, "video", NULL, NULL);
    for (int i = 0; i < 3; i++)
        house_talk(h, agent, client);
    house_end(h, agent, client);
    assert_int_equal(demo_child_count(agent, "video", NULL, NULL), seconds);
    assert_int_equal(demo_child_count(agent, "first-picture", NULL, NULL), 1);
}

static void what_was_withdrawn_can_be_asked_for_and_granted_again(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;

    house_live(h, &agent, &client);
    demo_child_tell(client, "{\"do\":\"withdraw\",\"capability\":\"camera\"}");
    house_await(h, agent, "video", "final", "true", NULL);
    house_forget(agent, "video");
    house_grant(h, agent, client, "camera");
    house_end(h, agent, client);
}

static void a_grant_ends_when_its_time_has_come(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client = house_join(h, agent, "client");
    size_t seconds;

    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"A glance\",\"seconds\":2}");
    assert_int_equal(house_number(house_await(h, client, "consent", "state", "requested", NULL), "max_seconds"), 2);
    demo_child_tell(client, "{\"do\":\"grant\",\"capability\":\"camera\"}");
    house_await(h, agent, "first-picture", NULL);
    house_await(h, client, "consent", "capability", "camera", "state", "expired", NULL);
    house_await(h, client, "capture", "capability", "camera", "on", "false", NULL);
    house_await(h, agent, "consent", "capability", "camera", "state", "expired", NULL);
    house_talk(h, agent, client);
    seconds = demo_child_count(agent, "video", NULL, NULL);
    house_talk(h, agent, client);
    assert_int_equal(demo_child_count(agent, "video", NULL, NULL), seconds);
    house_end(h, agent, client);
}

static void while_paused_nothing_flows_and_then_it_goes_on(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    size_t seconds;

    house_live(h, &agent, &client);
    demo_child_tell(client, "{\"do\":\"pause\"}");
    house_await(h, agent, "paused", "paused", "true", "by", "customer", "reason", "asked", NULL);
    house_await(h, client, "capture", "capability", "camera", "on", "false", NULL);
    house_talk(h, agent, client);
    seconds = demo_child_count(client, "sending", NULL, NULL);
    house_talk(h, agent, client);
    assert_int_equal(demo_child_count(client, "sending", NULL, NULL), seconds);
    demo_child_tell(client, "{\"do\":\"resume\"}");
    house_await(h, agent, "paused", "paused", "false", NULL);
    house_forget(agent, "video");
    house_await(h, agent, "video", "final", "false", NULL);
    house_end(h, agent, client);
}

static void with_consent_none_every_request_is_refused(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    const char *const more[] = {"--consent", "none", h->link, NULL};

    client = house_client(h, "client", more);
    house_await(h, agent, "joined", NULL);
    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"To see it\"}");
    house_await(h, agent, "consent", "capability", "camera", "state", "refused", NULL);
    house_end(h, agent, client);
}

static void a_capability_that_is_not_in_the_policy_or_unknown_is_named(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client = house_join(h, agent, "client");

    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"kitchen\"}");
    house_says(h, house_text(house_await(h, agent, "error", NULL), "message"), "kitchen", "no such capability",
               "camera", NULL);
    demo_child_tell(client, "{\"do\":\"grant\",\"capability\":\"kitchen\"}");
    house_says(h, house_text(house_await(h, client, "error", NULL), "message"), "kitchen", "no such capability",
               "camera", NULL);
    demo_child_tell(client, "{\"do\":\"grant\",\"capability\":\"camera\"}"); /* nobody asked */
    house_says(h, house_text(house_await(h, client, "error", NULL), "message"), "camera", NULL);
    house_talk(h, agent, client);
    house_end(h, agent, client);
}

static void a_command_that_is_not_known_is_named_and_nothing_is_lost(void **state)
{
    static const char *const wrong[] = {"{\"do\":\"dance\"}", "dance", "{\"do\":7}", "[]", "{\"do\":\"chat\"}"};
    static const char *const named[] = {"dance", "dance", "\"do\":7", "[]", "chat"};
    struct house *h = *state;
    struct demo_child *both[2];

    house_live(h, &both[0], &both[1]);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        for (int end = 0; end < 2; end++) {
            demo_child_tell(both[end], wrong[i]);
            house_says(h, house_text(house_await(h, both[end], "error", NULL), "message"), named[i], NULL);
        }
    house_talk(h, both[0], both[1]);
    house_end(h, both[0], both[1]);
}

static void a_command_that_is_too_long_is_left_out(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    static char line[70001];

    house_live(h, &agent, &client);
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    assert_int_equal(write(agent->in, line, sizeof line), sizeof line);
    house_says(h, house_text(house_await(h, agent, "error", NULL), "message"), "65536", NULL);
    assert_int_equal(write(client->in, line, sizeof line), sizeof line);
    house_says(h, house_text(house_await(h, client, "error", NULL), "message"), "8192", NULL);
    house_talk(h, agent, client);
    house_end(h, agent, client);
}

/* ---- what flows ---- */

static void the_agent_is_told_how_late_the_picture_is(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    json_t *latency, *video;

    house_live(h, &agent, &client);
    do {
        video = house_await(h, agent, "video", NULL);
        latency = json_object_get(video, "latency_ms");
    } while (house_number(latency, "max") == 0); /* the clocks have not met yet */
    assert_int_equal(house_number(video, "width"), 320);
    assert_int_equal(house_number(video, "height"), 240);
    assert_true(json_number_value(json_object_get(latency, "p50")) >= 0);
    assert_true(json_number_value(json_object_get(latency, "p95")) >=
                json_number_value(json_object_get(latency, "p50")));
    assert_true(house_number(latency, "p95") < HOUSE_WAIT_MS); /* a duration, and not a time of day */
    house_end(h, agent, client);
}

/* A picture of one white, so that the mask alone can be black. */
static void write_white(const struct house *h, const char *name)
{
    enum { WIDTH = 320, HEIGHT = 240, PIXELS = WIDTH * HEIGHT };
    static char frame[PIXELS + PIXELS / 2];
    FILE *file = fopen(house_path(h, name), "wb");

    assert_non_null(file);
    memset(frame, (char)235, PIXELS);
    memset(frame + PIXELS, (char)128, PIXELS / 2);
    fprintf(file, "YUV4MPEG2 W%d H%d F30:1 Ip A1:1 C420jpeg\n", WIDTH, HEIGHT);
    for (int i = 0; i < 10; i++) {
        fputs("FRAME\n", file);
        fwrite(frame, 1, sizeof frame, file);
    }
    assert_int_equal(fclose(file), 0);
}

static int grey_at(const png_bytep pixels, int width, int x, int y)
{
    return pixels[y * width + x];
}

static void a_mask_is_in_the_picture_that_the_agent_decodes(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    const char *const more[] = {"--camera", house_path(h, "white.y4m"), "--mask", "64,48,96,64", h->link, NULL};
    png_image png = {.version = PNG_IMAGE_VERSION};
    png_bytep pixels;

    write_white(h, "white.y4m");
    client = house_client(h, "client", more);
    house_await(h, agent, "joined", NULL);
    house_grant(h, agent, client, "camera");
    house_end(h, agent, client);
    assert_int_equal(png_image_begin_read_from_file(&png, house_path(h, "agent.png")), 1);
    png.format = PNG_FORMAT_GRAY;
    pixels = malloc(PNG_IMAGE_SIZE(png));
    assert_non_null(pixels);
    assert_int_equal(png_image_finish_read(&png, NULL, pixels, 0, NULL), 1);
    assert_true(png.width == 320 && png.height == 240);
    assert_true(grey_at(pixels, 320, 112, 80) < 60); /* in its middle */
    assert_true(grey_at(pixels, 320, 68, 52) < 60);  /* in its corner */
    assert_true(grey_at(pixels, 320, 20, 20) > 200); /* outside */
    assert_true(grey_at(pixels, 320, 240, 180) > 200);
    free(pixels);
}

static void a_product_tells_its_state_its_secrets_stay_with_it_and_what_it_said_before_too(void **state)
{
    static const char before[] = "{\"device\":\"early\",\"kind\":\"light\"}\n{\"device\":\"early\",\"prop";
    static const char told[] = "erty\":\"power\",\"value\":1}\n"
                               "{\"device\":\"router\",\"kind\":\"router\",\"maker\":\"Example\"}\n"
                               "{\"device\":\"router\",\"property\":\"wifi_password\",\"value\":\"hunter2hunter2\"}\n"
                               "{\"device\":\"router\",\"property\":\"temperature\",\"value\":41.5}\n";
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    char source[HOUSE_PATH_BYTES + 8];
    const char *const more[] = {"--state", source, h->link, NULL};
    json_t *value;
    int fifo;

    snprintf(source, sizeof source, "json:%s", house_path(h, "state"));
    assert_int_equal(mkfifo(house_path(h, "state"), 0600), 0);
    client = house_client(h, "client", more);
    house_await(h, agent, "joined", NULL);
    fifo = open(house_path(h, "state"), O_WRONLY | O_CLOEXEC);
    assert_true(fifo >= 0);
    assert_int_equal(write(fifo, before, sizeof before - 1), sizeof before - 1);
    house_grant(h, agent, client, "device-state");
    assert_int_equal(write(fifo, told, sizeof told - 1), sizeof told - 1);
    value = house_await(h, agent, "state", "device", "router", "property", "temperature", NULL);
    assert_true(json_number_value(json_object_get(value, "value")) > 41.4);
    assert_string_equal(house_text(value, "unit"), "°C");
    close(fifo);
    house_end(h, agent, client);
    for (size_t i = 0; i < agent->count; i++) {
        char *line = json_dumps(agent->events[i].json, 0);

        assert_null(strstr(line, "hunter2"));
        assert_null(strstr(line, "early"));
        free(line);
    }
}

/* ---- several at once ---- */

static void two_sessions_at_once_do_not_mix(void **state)
{
    struct house *h = *state;
    struct demo_child *agents[2], *clients[2];

    agents[0] = house_agent(h, "agent-1", "ana");
    clients[0] = house_join(h, agents[0], "client-1");
    agents[1] = house_agent(h, "agent-2", "ben");
    clients[1] = house_join(h, agents[1], "client-2");
    assert_string_equal(house_text(clients[1]->events[0].json, "event"), "joined");
    assert_string_equal(house_text(clients[1]->events[0].json, "peer"), "Ben Okafor");
    house_grant(h, agents[0], clients[0], "camera");
    house_grant(h, agents[1], clients[1], "camera");
    for (int i = 0; i < 3; i++) {
        house_talk(h, agents[0], clients[0]);
        house_talk(h, agents[1], clients[1]);
    }
    demo_child_tell(clients[0], "{\"do\":\"withdraw\",\"capability\":\"camera\"}");
    house_await(h, agents[0], "consent", "state", "withdrawn", NULL);
    house_forget(agents[1], "video");
    house_await(h, agents[1], "video", "final", "false", NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(demo_child_count(agents[i], "chat", NULL, NULL), 3);
        assert_int_equal(demo_child_count(clients[i], "chat", NULL, NULL), 3);
    }
    assert_int_equal(demo_child_count(agents[1], "consent", "state", "withdrawn"), 0);
    house_end(h, agents[0], clients[0]);
    house_talk(h, agents[1], clients[1]);
    house_end(h, agents[1], clients[1]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_refusal_is_told_and_the_session_goes_on),
        HOUSE_TEST(a_grant_is_in_the_log_before_anything_is_captured),
        HOUSE_TEST(after_a_withdrawal_no_picture_gets_through),
        HOUSE_TEST(what_was_withdrawn_can_be_asked_for_and_granted_again),
        HOUSE_TEST(a_grant_ends_when_its_time_has_come),
        HOUSE_TEST(while_paused_nothing_flows_and_then_it_goes_on),
        HOUSE_TEST(with_consent_none_every_request_is_refused),
        HOUSE_TEST(a_capability_that_is_not_in_the_policy_or_unknown_is_named),
        HOUSE_TEST(a_command_that_is_not_known_is_named_and_nothing_is_lost),
        HOUSE_TEST(a_command_that_is_too_long_is_left_out),
        HOUSE_TEST(the_agent_is_told_how_late_the_picture_is),
        HOUSE_TEST(a_mask_is_in_the_picture_that_the_agent_decodes),
        HOUSE_TEST(a_product_tells_its_state_its_secrets_stay_with_it_and_what_it_said_before_too),
        HOUSE_TEST(two_sessions_at_once_do_not_mix),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
