/* SPDX-License-Identifier: Apache-2.0 */
/* --stats of the agent without a window: a line for each frame, in the order of their numbers, and no silent loss. */
#include "tests/proto/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/headless_inside.h"
#include "proto/host/say.h"

enum { STREAM = 3, TEXT_MAX = 4096 };

static struct agent_headless_config config;
static struct headless h;
static char path[] = "/tmp/handhold-stats-XXXXXX";

static int open_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    close(fd);
    config.stats = path;
    h = (struct headless){.config = &config};
    return fd < 0 || headless_stats_open(&h) != HOST_EXIT_FINE;
}

static int remove_file(void **state)
{
    (void)state;
    (void)headless_stats_close(&h);
    unlink(path);
    memcpy(strrchr(path, '-'), "-XXXXXX", 7);
    return 0;
}

/* Frame `obj` is told of; one that cannot be decoded as it comes, the others when it is their turn to be shown. */
static void frame(uint8_t stream, uint32_t obj, const char *outcome)
{
    struct proto_media_header header = {.stream = stream, .obj = obj, .tid = 1};
    const bool vain = !strcmp(outcome, "undecodable"), decoded = !strcmp(outcome, "decoded");
    const struct agent_desk_frame f = {.header = &header,
                                       .payload = vain ? NULL : (const uint8_t *)"picture",
                                       .bytes = 7,
                                       .captured_ms = 1000 + obj,
                                       .arrived_ms = 2000 + obj,
                                       .decoded_ms = decoded ? 3000 + obj : 0,
                                       .outcome = outcome,
                                       .width = decoded ? 640 : 0,
                                       .height = decoded ? 360 : 0};

    headless_stats_frame(&h, &f);
}

/* Number and outcome of each line. */
static void must_read(const char *expected)
{
    char text[TEXT_MAX] = "", line[512];
    FILE *file = fopen(path, "r");

    assert_true(headless_stats_close(&h));
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        const char *number = strstr(line, "\"obj\":"), *outcome = strstr(line, "\"outcome\":\"");
        assert_true(number && outcome);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%ld %.*s", *text ? ", " : "",
                 strtol(number + 6, NULL, 10), (int)strcspn(outcome + 11, "\""), outcome + 11);
    }
    fclose(file);
    assert_string_equal(text, expected);
}

static void one_that_never_came_has_its_line_between_its_neighbours(void **state)
{
    (void)state;
    frame(STREAM, 5, "decoded");
    frame(STREAM, 6, "overtaken");
    frame(STREAM, 9, "decoded");
    must_read("5 decoded, 6 overtaken, 7 left-out-by-relay, 8 left-out-by-relay, 9 decoded");
}

static void what_went_with_a_connection_was_left_out_by_nobody(void **state)
{
    (void)state;
    frame(STREAM, 1, "decoded");
    headless_stats_cut(&h);
    frame(STREAM, 3, "decoded");
    frame(STREAM, 5, "decoded");
    must_read("1 decoded, 2 lost-with-connection, 3 decoded, 4 left-out-by-relay, 5 decoded");
}

/* It is told of as it comes, while those before it are still held back. */
static void one_that_cannot_be_decoded_waits_for_its_turn(void **state)
{
    (void)state;
    frame(STREAM, 1, "decoded");
    frame(STREAM, 4, "undecodable");
    frame(STREAM, 2, "decoded");
    frame(STREAM, 5, "decoded");
    frame(STREAM, 7, "undecodable");
    must_read("1 decoded, 2 decoded, 3 left-out-by-relay, 4 undecodable, 5 decoded, 6 left-out-by-relay, "
              "7 undecodable");
}

static void another_consent_is_another_row_of_numbers(void **state)
{
    (void)state;
    frame(STREAM, 8, "decoded");
    frame(STREAM, 9, "undecodable");
    frame(STREAM + 1, 1, "decoded");
    frame(STREAM + 1, 5000, "decoded"); /* a hole that nobody can have made */
    must_read("8 decoded, 9 undecodable, 1 decoded, 5000 decoded");
}

static void what_it_says_of_a_frame_are_its_times_and_its_size(void **state)
{
    char line[512] = "";
    FILE *file;

    (void)state;
    frame(STREAM, 2, "decoded");
    assert_true(headless_stats_close(&h));
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    assert_string_equal(line,
                        "{\"obj\":2,\"layer\":1,\"key\":false,\"bytes\":7,\"width\":640,\"height\":360,"
                        "\"captured_ms\":1002,\"decoded_ms\":3002,\"arrived_ms\":2002,\"outcome\":\"decoded\"}\n");
}

static void a_disk_that_is_full_is_no_whole_file_however_little_was_written(void **state)
{
    (void)state;
    for (uint32_t frames = 1; frames <= 1000; frames += 999) {
        assert_true(headless_stats_close(&h));
        config.stats = "/dev/full";
        assert_int_equal(headless_stats_open(&h), HOST_EXIT_FINE);
        for (uint32_t obj = 1; obj <= frames; obj++)
            frame(STREAM, obj, "decoded");
        assert_false(headless_stats_close(&h));
    }
}

static void a_file_that_cannot_be_made_is_a_wrong_option(void **state)
{
    (void)state;
    assert_true(headless_stats_close(&h));
    config.stats = "/nonexistent/stats";
    assert_int_equal(headless_stats_open(&h), HOST_EXIT_USAGE);
    assert_false(headless_stats_close(&h));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_file, remove_file)
    const struct CMUnitTest tests[] = {
        TEST(one_that_never_came_has_its_line_between_its_neighbours),
        TEST(what_went_with_a_connection_was_left_out_by_nobody),
        TEST(one_that_cannot_be_decoded_waits_for_its_turn),
        TEST(another_consent_is_another_row_of_numbers),
        TEST(what_it_says_of_a_frame_are_its_times_and_its_size),
        TEST(a_disk_that_is_full_is_no_whole_file_however_little_was_written),
        TEST(a_file_that_cannot_be_made_is_a_wrong_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
