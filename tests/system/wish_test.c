/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent may ask for beside a look: several things at once, light, zoom, photos; a hold, more time, a good-bye.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/house.h"

static struct demo_child *join(struct house *h, struct demo_child *agent, const char *const *more)
{
    struct demo_child *client = house_client(h, "client", more);

    house_await(h, agent, "joined", NULL);
    house_await(h, client, "joined", NULL);
    return client;
}

static void answer(struct house *h, struct demo_child *agent, struct demo_child *client, const char *what,
                   const char *capability, const char *state)
{
    char line[128];

    snprintf(line, sizeof line, "{\"do\":\"%s\",\"capability\":\"%s\"}", what, capability);
    demo_child_tell(client, line);
    house_await(h, agent, "consent", "capability", capability, "state", state, NULL);
}

static void read_light(const struct house *h, char *text, size_t size)
{
    FILE *file = fopen(house_path(h, "light"), "r");

    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void light_and_zoom_are_asked_with_the_camera_and_each_is_answered_by_itself(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client;
    const char *const more[] = {"--torch", house_path(h, "light"), h->link, NULL};
    char light[8];
    json_t *asked;

    house_write(h, "light", "0\n", 2);
    client = join(h, agent, more);
    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"camera\",\"with\":[\"torch\",\"zoom\"],"
                           "\"purpose\":\"To see the label\"}");
    asked = house_await(h, client, "consent", "capability", "zoom", "state", "requested", NULL);
    assert_int_equal(house_number(asked, "of"), 3);
    answer(h, agent, client, "grant", "camera", "granted");
    answer(h, agent, client, "grant", "torch", "granted");
    answer(h, agent, client, "refuse", "zoom", "refused");
    house_await(h, agent, "camera-state", "can_torch", "true", "torch", "false", NULL);
    demo_child_tell(agent, "{\"do\":\"zoom\",\"factor\":2}"); /* what was refused is refused */
    house_says(h, house_text(house_await(h, agent, "error", NULL), "message"), "zoom", "request zoom first", NULL);
    demo_child_tell(agent, "{\"do\":\"torch\",\"on\":true}");
    house_await(h, client, "camera-control", "torch", "true", NULL);
    house_await(h, agent, "camera-state", "torch", "true", NULL);
    read_light(h, light, sizeof light);
    assert_string_equal(light, "1\n");
    answer(h, agent, client, "withdraw", "torch", "withdrawn"); /* and the light goes out with its consent */
    house_talk(h, agent, client);
    read_light(h, light, sizeof light);
    assert_string_equal(light, "0\n");
    house_end(h, agent, client);
}

static void a_photo_is_seen_covered_and_sent_by_the_person_alone(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    json_t *taken, *whole;
    struct stat about;
    char path[HOUSE_PATH_BYTES];

    agent = house_agent(h, "agent", "ana");
    client = house_join(h, agent, "client");
    demo_child_tell(agent, "{\"do\":\"still\"}");
    house_says(h, house_text(house_await(h, agent, "error", NULL), "message"), "still", "request still first", NULL);
    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"still\",\"purpose\":\"To read the label\"}");
    house_await(h, client, "consent", "capability", "still", "state", "requested", NULL);
    answer(h, agent, client, "grant", "still", "granted");
    demo_child_tell(agent, "{\"do\":\"still\"}");
    taken = house_await(h, client, "still", "state", "taken", NULL); /* the camera itself was never granted */
    snprintf(path, sizeof path, "%s", house_text(taken, "file"));
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 077, 0); /* nobody else may look */
    demo_child_tell(client, "{\"do\":\"mask\",\"still\":1,\"rect\":[0,0,160,120]}");
    house_await(h, client, "still", "state", "taken", NULL);
    house_talk(h, agent, client);
    assert_int_equal(demo_child_count(agent, "still", NULL, NULL), 0); /* nothing of it leaves before the word */
    demo_child_tell(client, "{\"do\":\"send\",\"still\":1}");
    whole = house_await(h, agent, "still", "state", "whole", NULL);
    assert_int_equal(house_number(whole, "width"), 320);
    assert_int_equal(house_number(whole, "height"), 240);
    house_await(h, client, "still", "state", "whole", NULL);
    assert_int_not_equal(stat(path, &about), 0);                  /* what was looked at is not left behind */
    assert_int_equal(stat(house_text(whole, "file"), &about), 0); /* kept: the customer was told for how long */
    assert_int_equal(about.st_size, house_number(whole, "bytes"));
    house_await(h, agent, "logged", "action", "still-taken", NULL);
    demo_child_tell(agent, "{\"do\":\"still\"}");
    house_await(h, client, "still", "state", "taken", NULL);
    demo_child_tell(client, "{\"do\":\"discard\",\"still\":2}");
    house_await(h, agent, "still", "state", "discarded", NULL);
    demo_child_tell(client, "{\"do\":\"send\",\"still\":2}"); /* discarded is discarded */
    house_says(h, house_text(house_await(h, client, "error", NULL), "message"), "no such photo", NULL);
    house_end(h, agent, client);
}

static void on_hold_nothing_flows_and_coming_back_asks_nothing(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    size_t seconds;

    house_live(h, &agent, &client);
    demo_child_tell(agent, "{\"do\":\"hold\",\"on\":true}");
    house_await(h, client, "paused", "paused", "true", "by", "agent", "reason", "hold", NULL);
    house_await(h, client, "capture", "capability", "camera", "on", "false", NULL);
    house_talk(h, agent, client);
    seconds = demo_child_count(agent, "video", NULL, NULL);
    for (int i = 0; i < 3; i++)
        house_talk(h, agent, client);
    assert_in_range(demo_child_count(agent, "video", NULL, NULL), seconds, seconds + 1); /* of the second it began in */
    house_forget(agent, "video");
    demo_child_tell(agent, "{\"do\":\"hold\",\"on\":false}");
    house_await(h, client, "paused", "paused", "false", "by", "agent", NULL);
    house_await(h, client, "capture", "capability", "camera", "on", "true", NULL);
    house_await(h, agent, "video", "final", "false", NULL);
    assert_int_equal(demo_child_count(client, "consent", "state", "requested"), 1);
    house_end(h, agent, client);
}

static void what_ends_soon_goes_on_by_one_word_of_the_customer(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client = house_join(h, agent, "client");
    json_t *more;

    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"A glance\",\"seconds\":4}");
    house_await(h, client, "consent", "state", "requested", NULL);
    demo_child_tell(client, "{\"do\":\"extend\",\"capability\":\"camera\"}");
    house_says(h, house_text(house_await(h, client, "error", NULL), "message"), "nothing of that ends soon", NULL);
    demo_child_tell(client, "{\"do\":\"grant\",\"capability\":\"camera\"}");
    house_await(h, agent, "first-picture", NULL);
    house_await(h, client, "expiring", "capability", "camera", NULL);
    demo_child_tell(client, "{\"do\":\"extend\",\"capability\":\"camera\"}");
    more = house_await(h, agent, "consent", "capability", "camera", "state", "granted", "extended", "true", NULL);
    assert_in_range(house_number(more, "max_seconds"), 3, 4);
    house_await(h, client, "expiring", "capability", "camera", NULL); /* and again, before the new end */
    house_await(h, agent, "consent", "capability", "camera", "state", "expired", NULL);
    assert_int_equal(demo_child_count(agent, "first-picture", NULL, NULL), 1); /* it never stopped between */
    house_end(h, agent, client);
}

static void a_good_bye_takes_everything_back_and_the_customer_has_the_last_word(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    json_t *rating;

    house_live(h, &agent, &client);
    demo_child_tell(client, "{\"do\":\"rate\",\"stars\":4,\"solved\":true}");
    demo_child_tell(client, "{\"do\":\"point\",\"x\":0.25,\"y\":0.75}");
    house_await(h, agent, "pointer", NULL); /* so the word before it was read, before there is a good-bye */
    demo_child_tell(agent, "{\"do\":\"end\"}");
    house_await(h, client, "goodbye", NULL);
    house_await(h, agent, "consent", "capability", "camera", "state", "withdrawn", NULL);
    rating = house_await(h, agent, "rating", NULL);
    assert_int_equal(house_number(rating, "stars"), 4);
    assert_true(json_is_true(json_object_get(rating, "solved")));
    house_await(h, agent, "ended", "reason", "completed", NULL);
    house_await(h, client, "ended", "reason", "completed", NULL);
    house_expect_exit(h, agent, 0, 0);
    house_expect_exit(h, client, 0, 0);
    assert_string_equal(house_text(agent->events[agent->count - 1].json, "event"), "ended"); /* the last of all */
}

static void a_wrong_person_ends_it_at_once_and_the_invitation_with_it(void **state)
{
    struct house *h = *state;
    struct demo_child *agent, *client;
    const char *const again[] = {"handhold-client", "--ca", house_path(h, "org/ca/ca.crt"), h->link, NULL};

    house_live(h, &agent, &client);
    demo_child_tell(agent, "{\"do\":\"wrong-person\"}");
    house_await(h, client, "capture", "capability", "camera", "on", "false", NULL);
    house_await(h, agent, "ended", "reason", "wrong-person", NULL);
    house_await(h, client, "ended", "reason", "wrong-person", NULL);
    house_expect_exit(h, agent, 0, 1);
    house_expect_exit(h, client, 0, 1);
    house_refused(h, 1, again, "invitation", NULL);
    agent = house_agent(h, "agent-2", "ana"); /* and one that nobody has used yet */
    demo_child_tell(agent, "{\"do\":\"wrong-person\"}");
    house_await(h, agent, "ended", "reason", "wrong-person", NULL);
    house_expect_exit(h, agent, 0, 1);
    house_refused(h, 1, again, "invitation", NULL);
}

static void a_question_that_a_relay_took_away_when_it_died_comes_again(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client = house_join(h, agent, "client");

    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"To see it\"}");
    house_await(h, client, "consent", "capability", "camera", "state", "requested", NULL);
    house_expect_exit(h, h->relay, SIGKILL, -1);
    house_await(h, client, "consent", "capability", "camera", "state", "none", NULL);
    house_restart_relay(h);
    house_await(h, client, "consent", "capability", "camera", "state", "requested", "purpose", "To see it", NULL);
    demo_child_tell(client, "{\"do\":\"grant\",\"capability\":\"camera\"}");
    house_await(h, agent, "first-picture", NULL);
    house_end(h, agent, client);
}

static void input_that_ends_while_a_question_is_open_is_a_no(void **state)
{
    struct house *h = *state;
    struct demo_child *agent = house_agent(h, "agent", "ana"), *client = house_join(h, agent, "client");

    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"To see it\"}");
    house_await(h, client, "consent", "capability", "camera", "state", "requested", NULL);
    close(client->in);
    client->in = -1;
    house_await(h, agent, "consent", "capability", "camera", "state", "refused", NULL);
    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"device-state\",\"purpose\":\"To see it\"}");
    house_await(h, agent, "consent", "capability", "device-state", NULL);
    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"zoom\",\"purpose\":\"To see it\"}");
    house_await(h, agent, "consent", "capability", "zoom", "state", "refused", NULL);
    house_end(h, agent, client);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(light_and_zoom_are_asked_with_the_camera_and_each_is_answered_by_itself),
        HOUSE_TEST(a_photo_is_seen_covered_and_sent_by_the_person_alone),
        HOUSE_TEST(on_hold_nothing_flows_and_coming_back_asks_nothing),
        HOUSE_TEST(what_ends_soon_goes_on_by_one_word_of_the_customer),
        HOUSE_TEST(a_good_bye_takes_everything_back_and_the_customer_has_the_last_word),
        HOUSE_TEST(a_wrong_person_ends_it_at_once_and_the_invitation_with_it),
        HOUSE_TEST(a_question_that_a_relay_took_away_when_it_died_comes_again),
        HOUSE_TEST(input_that_ends_while_a_question_is_open_is_a_no),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
