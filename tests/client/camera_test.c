/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/camera.h"
#include "client/companion/camera_y4m.h"
#include "proto/util/time.h"
#include "tests/client/folder.h"

#define HEADER "YUV4MPEG2 W16 H16 F10:1 Ip A1:1 C420jpeg\n"
#define PIXELS (16 * 16 * 3 / 2)

static struct folder folder;

static int set_up(void **state)
{
    (void)state;
    folder_make(&folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

/* `frames` frames under `header`; frame number n is n all over. Returns its length. */
static size_t make_clip(uint8_t *out, const char *header, const char *frame_line, size_t pixels, int frames)
{
    size_t len = strlen(header);

    memcpy(out, header, len);
    for (int i = 0; i < frames; i++) {
        memcpy(out + len, frame_line, strlen(frame_line));
        len += strlen(frame_line);
        memset(out + len, i, pixels);
        len += pixels;
    }
    return len;
}

static struct client_camera *open_clip(const char *header, const char *frame_line, size_t pixels, int frames)
{
    static uint8_t bytes[1 << 20];
    struct client_camera *camera;
    char why[CLIENT_WHY_BYTES];

    folder_write(&folder, "clip.y4m", bytes, make_clip(bytes, header, frame_line, pixels, frames));
    if (client_camera_open(folder.file, &camera, why) != PROTO_OK)
        fail_msg("%s", why);
    assert_string_equal(why, "");
    return camera;
}

static int next(struct client_camera *camera, int64_t now_ms)
{
    char why[CLIENT_WHY_BYTES];
    struct client_frame frame;

    return client_camera_next(camera, now_ms, &frame, why) == CLIENT_CAMERA_FRAME ? frame.plane[0][0] : -1;
}

static void a_clip_is_paced_at_its_own_rate_and_begins_again_at_its_end(void **state)
{
    struct client_camera *camera = open_clip(HEADER, "FRAME\n", PIXELS, 3);
    char why[CLIENT_WHY_BYTES];

    (void)state;
    assert_int_equal(client_camera_fps(camera), 10);
    assert_int_equal(next(camera, 5000), -1); /* not started */
    assert_int_equal(camera->deadline_ms, PROTO_NEVER);
    assert_ok(client_camera_start(camera, 5000, why));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(camera->deadline_ms, 5000 + 100 * i);
        assert_int_equal(next(camera, 4999 + 100 * i), -1);
        assert_int_equal(next(camera, 5000 + 100 * i), i % 3);
        assert_int_equal(next(camera, 5000 + 100 * i), -1);
    }
    assert_int_equal(camera->skipped, 0);
    client_camera_free(camera);
}

static void a_rate_that_is_no_whole_number_does_not_drift(void **state)
{
    struct client_camera *camera = open_clip("YUV4MPEG2 W16 H16 F30000:1001\n", "FRAME\n", PIXELS, 2);
    char why[CLIENT_WHY_BYTES];
    int frames = 0;

    (void)state;
    assert_int_equal(client_camera_fps(camera), 30);
    assert_ok(client_camera_start(camera, 0, why));
    for (; camera->deadline_ms < 1001000; frames++)
        assert_int_equal(next(camera, camera->deadline_ms), frames % 2);
    assert_int_equal(frames, 30000);
    assert_int_equal(camera->skipped, 0);
    client_camera_free(camera);
}

static void a_slow_caller_gets_the_newest_picture_and_the_others_are_counted(void **state)
{
    struct client_camera *camera = open_clip(HEADER, "FRAME\n", PIXELS, 7);
    struct client_frame frame;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    assert_ok(client_camera_start(camera, 0, why));
    assert_int_equal(next(camera, 0), 0);
    assert_int_equal(client_camera_next(camera, 590, &frame, why), CLIENT_CAMERA_FRAME);
    assert_int_equal(frame.plane[0][0], 5);
    assert_int_equal(frame.capture_ms, 500);
    assert_int_equal(camera->skipped, 4);
    client_camera_stop(camera);
    assert_int_equal(next(camera, 5000), -1);
    assert_ok(client_camera_start(camera, 9000, why)); /* from the beginning again */
    assert_int_equal(next(camera, 9000), 0);
    client_camera_free(camera);
}

static void every_form_of_header_that_is_promised_is_taken(void **state)
{
    static const struct {
        const char *header, *frame;
        size_t pixels;
        int width, height;
    } cases[] = {
        {"YUV4MPEG2 W16 H16 F30:1\n", "FRAME\n", PIXELS, 16, 16},
        {"YUV4MPEG2 F30:1 H16 W16 I? XANY=thing C420mpeg2\n", "FRAME Ip XA=1\n", PIXELS, 16, 16},
        {"YUV4MPEG2 W16  H16 F30:1 C420paldv\n", "FRAME\n", PIXELS, 16, 16},
        {"YUV4MPEG2 W17 H19 F30:1 C420\n", "FRAME\n", 17 * 19 + 2 * 9 * 10, 17, 19},
        {"YUV4MPEG2 W17 H19 F30:1 Cmono\n", "FRAME\n", 17 * 19, 17, 19},
        {"YUV4MPEG2 W16 H16 F16777216:559240\n", "FRAME\n", PIXELS, 16, 16},
    };
    struct client_frame frame;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client_camera *camera = open_clip(cases[i].header, cases[i].frame, cases[i].pixels, 2);

        assert_int_equal(client_camera_fps(camera), 30);
        assert_ok(client_camera_start(camera, 0, why));
        assert_int_equal(next(camera, 0), 0);
        assert_int_equal(client_camera_next(camera, 34, &frame, why), CLIENT_CAMERA_FRAME);
        assert_int_equal(frame.width, cases[i].width);
        assert_int_equal(frame.height, cases[i].height);
        assert_int_equal(frame.plane[0][16 * 16 - 1], 1);
        assert_int_equal(frame.plane[1][0], strstr(cases[i].header, "mono") ? 128 : 1);
        client_camera_free(camera);
    }
}

static void each_broken_clip_has_one_error_that_names_file_rule_and_way_out(void **state)
{
    static const struct {
        const char *header, *frame;
        size_t pixels;
        int frames;
        const char *rule;
    } cases[] = {
        {"", "", 0, 0, "does not begin with \"YUV4MPEG2 \""},
        {"RIFF....AVI LIST", "", 0, 0, "does not begin with"},
        {"YUV4MPEG2", "", 0, 0, "does not begin with"},
        {"YUV4MPEG2 W16 H16 F30:1", "", 0, 0, "header line does not end"},
        {"YUV4MPEG2 H16 F30:1\n", "FRAME\n", PIXELS, 1, "does not tell the width"},
        {"YUV4MPEG2 W16 F30:1\n", "FRAME\n", PIXELS, 1, "does not tell the height"},
        {"YUV4MPEG2 W16 H16\n", "FRAME\n", PIXELS, 1, "does not tell the frame rate"},
        {"YUV4MPEG2 W0 H16 F30:1\n", "FRAME\n", PIXELS, 1, "the width is \"0\""},
        {"YUV4MPEG2 W15 H16 F30:1\n", "FRAME\n", PIXELS, 1, "the width is \"15\""},
        {"YUV4MPEG2 W16 H-16 F30:1\n", "FRAME\n", PIXELS, 1, "the height is \"-16\""},
        {"YUV4MPEG2 W16 H4097 F30:1\n", "FRAME\n", PIXELS, 1, "must be 16 to 4096 pixels"},
        {"YUV4MPEG2 W99999999999999999999 H16 F30:1\n", "FRAME\n", PIXELS, 1, "must be 16 to 4096 pixels"},
        {"YUV4MPEG2 W16 H16 F30:1 C444\n", "FRAME\n", PIXELS, 1, "the colour form is \"C444\""},
        {"YUV4MPEG2 W16 H16 F30:1 C420p10\n", "FRAME\n", PIXELS, 1, "the colour form is \"C420p10\""},
        {"YUV4MPEG2 W16 H16 F0:1\n", "FRAME\n", PIXELS, 1, "the frame rate is \"0:1\""},
        {"YUV4MPEG2 W16 H16 F30:0\n", "FRAME\n", PIXELS, 1, "the frame rate is \"30:0\""},
        {"YUV4MPEG2 W16 H16 F30\n", "FRAME\n", PIXELS, 1, "the frame rate is \"30\""},
        {"YUV4MPEG2 W16 H16 F1:2\n", "FRAME\n", PIXELS, 1, "1 to 120 frames a second"},
        {"YUV4MPEG2 W16 H16 F121:1\n", "FRAME\n", PIXELS, 1, "1 to 120 frames a second"},
        {"YUV4MPEG2 W16 H16 F999999937:99999989\n", "FRAME\n", PIXELS, 1, "a simpler fraction"},
        {"YUV4MPEG2 W16 H16 F30:1 It\n", "FRAME\n", PIXELS, 1, "interlaced"},
        {"YUV4MPEG2 W16 H16 F30:1 Zebra\n", "FRAME\n", PIXELS, 1, "unknown part \"Zebra\""},
        {HEADER, "", 0, 0, "holds no frame"},
        {HEADER, "FRAME\n", PIXELS - 1, 1, "frame 1 is cut off: 383 of 384"},
        {HEADER, "FRAME\n", 0, 1, "frame 1 is cut off: 0 of 384"},
        {HEADER, "FRAME", 0, 1, "frame 1 does not begin"},
        {HEADER, "FRAMES\n", PIXELS, 1, "frame 1 does not begin"},
        {HEADER, "FR\n", PIXELS, 1, "frame 1 does not begin"},
        {HEADER, "FRAME\n", PIXELS + 3, 2, "frame 2 does not begin"},
    };
    static uint8_t bytes[1 << 16];
    struct client_camera *camera;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = make_clip(bytes, cases[i].header, cases[i].frame, cases[i].pixels, cases[i].frames);

        folder_write(&folder, "broken.y4m", bytes, len);
        assert_int_equal(client_camera_open(folder.file, &camera, why), PROTO_ERR_FORMAT);
        assert_null(camera);
        if (!strstr(why, cases[i].rule))
            fail_msg("\"%s\" does not say \"%s\"", why, cases[i].rule);
        assert_non_null(strstr(why, folder.file));
        assert_non_null(strstr(why, "; give a whole Y4M file"));
    }
}

static void a_clip_whose_last_frame_is_cut_off_is_refused_at_once_and_not_in_mid_session(void **state)
{
    static uint8_t bytes[1 << 16];
    struct client_camera *camera;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    folder_write(&folder, "cut.y4m", bytes, make_clip(bytes, HEADER, "FRAME\n", PIXELS, 5) - 100);
    assert_int_equal(client_camera_open(folder.file, &camera, why), PROTO_ERR_FORMAT);
    assert_non_null(strstr(why, "frame 5 is cut off: 284 of 384 bytes"));
}

static void what_is_no_file_says_so(void **state)
{
    static const struct {
        const char *spec, *says;
        enum proto_err err;
    } cases[] = {
        {"/nowhere/at/all.y4m", "cannot be opened: No such file", PROTO_ERR_IO},
        {"clip.avi", "a camera is a FILE.y4m, a /dev/videoN or none", PROTO_ERR_ARGUMENT},
        {"", "a camera is a FILE.y4m", PROTO_ERR_ARGUMENT},
        {"/dev/null", "/dev/null: it is not a Video4Linux device", PROTO_ERR_FORMAT},
        {"/dev/no-such-video", "/dev/no-such-video: it cannot be opened", PROTO_ERR_IO},
    };
    struct client_camera *camera;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(client_camera_open(cases[i].spec, &camera, why), cases[i].err);
        if (!strstr(why, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", why, cases[i].says);
        assert_null(camera);
    }
    assert_ok(client_camera_open("none", &camera, why));
    assert_null(camera);
    folder_path(&folder, "folder.y4m/x");
    *strrchr(folder.file, '/') = '\0';
    assert_int_equal(client_camera_open(folder.file, &camera, why), PROTO_ERR_FORMAT);
    assert_non_null(strstr(why, "not a regular file"));
    assert_int_equal(mkfifo(folder_path(&folder, "fifo.y4m"), 0600), 0); /* must not wait for a writer */
    assert_int_equal(client_camera_open(folder.file, &camera, why), PROTO_ERR_FORMAT);
    assert_non_null(strstr(why, "not a regular file"));
}

static void a_file_without_rights_says_so(void **state)
{
    struct client_camera *camera;
    char why[CLIENT_WHY_BYTES];
    bool root = geteuid() == 0; /* who may read everything: be somebody else for a moment */
    enum proto_err err;

    (void)state;
    folder_write(&folder, "mine.y4m", "", 0);
    assert_int_equal(chmod(folder.path, 0755), 0);
    assert_int_equal(chmod(folder.file, 0), 0);
    assert_int_equal(root ? seteuid(65534) : 0, 0);
    err = client_camera_open(folder.file, &camera, why);
    assert_int_equal(root ? seteuid(0) : 0, 0);
    assert_int_equal(err, PROTO_ERR_IO);
    assert_non_null(strstr(why, "Permission denied; check the name and its rights"));
}

static void a_file_that_is_shortened_while_it_is_shown_is_a_lost_camera(void **state)
{
    struct client_camera *camera = open_clip(HEADER, "FRAME\n", PIXELS, 3);
    struct client_frame frame;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    assert_ok(client_camera_start(camera, 0, why));
    assert_int_equal(next(camera, 0), 0);
    assert_int_equal(truncate(folder.file, 600), 0);
    assert_int_equal(client_camera_next(camera, 100, &frame, why), CLIENT_CAMERA_LOST);
    assert_non_null(strstr(why, "became shorter"));
    assert_null(frame.plane[0]);
    client_camera_free(camera);
}

static void no_mutation_of_a_clip_does_harm(void **state)
{
    static uint8_t whole[1 << 12], bytes[1 << 12];
    size_t len = make_clip(whole, HEADER, "FRAME\n", PIXELS, 3);
    uint32_t random = 20240601;
    int opened = 0;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct client_camera *camera;
        char why[CLIENT_WHY_BYTES];
        size_t cut = len;

        memcpy(bytes, whole, len);
        for (int k = 0; k < 1 + round % 4; k++) {
            random = random * 1664525u + 1013904223u;
            /* half of them in the header, where the rules are */
            bytes[(random >> 8) % (random >> 31 ? len : sizeof HEADER)] = (uint8_t)(random >> 3);
        }
        if (round % 5 == 0)
            cut = random % len;
        folder_write(&folder, "mutant.y4m", bytes, cut);
        if (client_camera_open(folder.file, &camera, why) != PROTO_OK) {
            assert_true(strlen(why) > 40);
            continue;
        }
        opened++;
        assert_ok(client_camera_start(camera, 1000, why));
        for (int64_t at = 1000; at < 5000; at += 700)
            next(camera, at);
        next(camera, INT64_C(1) << 33); /* three months later */
        client_camera_free(camera);
    }
    assert_in_range(opened, 100, 1900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clip_is_paced_at_its_own_rate_and_begins_again_at_its_end),
        cmocka_unit_test(a_rate_that_is_no_whole_number_does_not_drift),
        cmocka_unit_test(a_slow_caller_gets_the_newest_picture_and_the_others_are_counted),
        cmocka_unit_test(every_form_of_header_that_is_promised_is_taken),
        cmocka_unit_test(each_broken_clip_has_one_error_that_names_file_rule_and_way_out),
        cmocka_unit_test(a_clip_whose_last_frame_is_cut_off_is_refused_at_once_and_not_in_mid_session),
        cmocka_unit_test(what_is_no_file_says_so),
        cmocka_unit_test(a_file_without_rights_says_so),
        cmocka_unit_test(a_file_that_is_shortened_while_it_is_shown_is_a_lost_camera),
        cmocka_unit_test(no_mutation_of_a_clip_does_harm),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
