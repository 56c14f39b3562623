/* SPDX-License-Identifier: Apache-2.0 */
/* --stats of the companion: what became of each picture of the camera here, and a disk that is full is told once. */
#include "tests/client/folder.h"

#include "client/companion/video.h"
#include "proto/host/world.h"
#include "proto/media/send.h"
#include "tests/proto/session_world.h"

enum { W = 64, H = 48, PICTURE_MS = 40 };

static struct session_world sw;
static struct folder folder;
static struct client_mask mask;
static struct client_video *video;
static struct proto_now now;

static const char *write_clip(void)
{
    static const char header[] = "YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420jpeg\nFRAME\n";
    static uint8_t clip[sizeof header - 1 + W * H * 3 / 2];

    memset(clip, 128, sizeof clip);
    memcpy(clip, header, sizeof header - 1);
    return folder_write(&folder, "clip.y4m", clip, sizeof clip);
}

static void start(const char *stats)
{
    char why[CLIENT_WHY_BYTES] = "", clip[256];

    snprintf(clip, sizeof clip, "%s", write_clip());
    assert_ok(client_video_new(&video, clip, &mask, 0, false, stats, why));
    now = host_now(); /* what is told of a picture that left is by that clock */
    assert_ok(client_video_start(video, now.mono_ms, why));
}

static void picture(int64_t later_ms)
{
    char why[CLIENT_WHY_BYTES] = "";

    now.mono_ms += later_ms;
    assert_ok(client_video_tick(video, sw.customer, now, why));
}

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 4);
    sw_join(&sw);
    sw_grant(&sw, PROTO_CAPABILITY_CAMERA);
    folder_make(&folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    client_video_free(video);
    video = NULL;
    folder_remove(&folder);
    sw_clear(&sw);
    return 0;
}

/* Nothing is acknowledged: what is on its way is overdue soon, and what comes then is left out until a second has gone
 * by. */
static void each_picture_of_the_camera_has_a_line(void **state)
{
    char path[256], line[512], seen[64] = "";
    struct client_video_figures figures;
    FILE *file;

    (void)state;
    snprintf(path, sizeof path, "%s", folder_path(&folder, "stats"));
    start(path);
    picture(0);
    picture(PICTURE_MS);
    picture(PROTO_SEND_TRY_MS - 100);
    assert_true(client_video_keeps_stats(video));
    client_video_figures(video, &figures);
    assert_int_equal(figures.pictures, 2);
    assert_int_equal(figures.left_out, 1);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        bool sent = strstr(line, "\"outcome\":\"sent\"") && strstr(line, "\"sent_ms\":") && strstr(line, "\"obj\":");
        assert_non_null(strstr(line, "\"captured_ms\":"));
        strcat(seen, sent ? "sent " : strstr(line, "\"outcome\":\"left-out\"}") ? "left-out " : line);
    }
    fclose(file);
    assert_string_equal(seen, "sent sent left-out ");
}

static void what_cannot_be_written_is_told_once(void **state)
{
    (void)state;
    start("/dev/full");
    assert_true(client_video_keeps_stats(video)); /* nothing was to be written yet */
    picture(0);
    assert_false(client_video_keeps_stats(video));
    picture(PICTURE_MS);
    assert_true(client_video_keeps_stats(video));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_picture_of_the_camera_has_a_line, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_told_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
