/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device state beside a picture, a voice and words, on a line of 500 kbit/s: ten thousand changes a second delay none
 * of them by more than one small piece of state takes, and what is told is the newest.
 */
#include "tests/proto/test.h"

#include <stdio.h>
#include <string.h>

#include "client/companion/report.h"
#include "tests/proto/session_world.h"

enum {
    LINE_BYTES_PER_S = 500000 / 8,
    RUN_MS = 8000,
    VALUES = 2000,
    CHANGES_PER_MS = 10,
    PICTURE_BYTES = 1400, /* thirty a second: 336 kbit/s */
    PICTURE_MS = 33,
    VOICE_BYTES = 80, /* 32 kbit/s */
    VOICE_MS = 20,
    WORDS_MS = 500,
    WAITING = 512,
};

/* When each message of a stream was handed over, oldest first. */
struct row {
    int64_t at_ms[WAITING];
    size_t first, count;
    int64_t worst_ms, all_ms;
    unsigned left;
};

struct race {
    struct session_world *sw;
    struct client_report *report; /* NULL: no state is told */
    struct row picture, voice;
    int64_t words_ms, words_worst_ms; /* handed over at; PROTO_NEVER: none waits */
    double room;                      /* bytes that the line has carried of what is first */
    uint32_t next, told_bytes;
};

static struct session_world sw;

static void hand_over(struct race *race, struct row *row, enum proto_capability capability, size_t len)
{
    static uint8_t bytes[PICTURE_BYTES];
    const struct proto_frame frame = {.bytes = bytes, .len = len, .key = true, .capture_mono_ms = sw.now.mono_ms};

    assert_ok(proto_session_push_frame(race->sw->customer, capability, &frame, race->sw->now));
    assert_true(row->count < WAITING);
    row->at_ms[(row->first + row->count++) % WAITING] = race->sw->now.mono_ms;
}

static void leave(struct row *row, int64_t now_ms)
{
    int64_t took = now_ms - row->at_ms[row->first];

    assert_true(row->count > 0);
    row->first = (row->first + 1) % WAITING;
    row->count--;
    row->left++;
    row->all_ms += took;
    row->worst_ms = took > row->worst_ms ? took : row->worst_ms;
}

/* A millisecond of the line. */
static void carry(struct race *race)
{
    struct proto_session *s = race->sw->customer;
    const uint8_t *bytes;
    size_t len;

    race->room += LINE_BYTES_PER_S / 1000.0;
    while ((bytes = proto_session_pending(s, &len)) && race->room >= (double)len) {
        uint8_t stream = bytes[0] == PROTO_TYPE_MEDIA ? bytes[3] : 0;

        race->room -= (double)len;
        if (stream && stream == s->grants[PROTO_CAPABILITY_CAMERA].stream)
            leave(&race->picture, race->sw->now.mono_ms);
        else if (stream && stream == s->grants[PROTO_CAPABILITY_MICROPHONE].stream)
            leave(&race->voice, race->sw->now.mono_ms);
        else if (stream)
            race->told_bytes += (uint32_t)len;
        proto_session_sent(s);
    }
    if (!bytes && race->room > 0)
        race->room = 0; /* an idle line saves nothing up */
    if (race->words_ms != PROTO_NEVER && !s->out.control.first) {
        int64_t took = race->sw->now.mono_ms - race->words_ms;

        race->words_worst_ms = took > race->words_worst_ms ? took : race->words_worst_ms;
        race->words_ms = PROTO_NEVER;
    }
}

static void change(struct race *race)
{
    struct client_state_property property = {
        .device = "home", .type = CLIENT_STATE_NUMBER, .unix_ms = race->sw->now.unix_ms};

    for (int i = 0; i < CHANGES_PER_MS; i++, race->next++) {
        snprintf(property.name, sizeof property.name, "value_%u", race->next % VALUES);
        property.value.number = race->next;
        client_report_property(race->report, "test", &property);
    }
}

static void run(struct race *race)
{
    handhold_Data words = {.which_body = handhold_Data_chat_tag};

    race->words_ms = PROTO_NEVER;
    strcpy(words.body.chat.text, "Is it the lamp on the left?");
    for (int ms = 0; ms < RUN_MS; ms++) {
        race->sw->now.mono_ms++;
        race->sw->now.unix_ms++;
        if (race->report) {
            change(race);
            if (race->sw->now.mono_ms >= client_report_deadline(race->report, race->sw->now.mono_ms))
                client_report_tick(race->report, race->sw->customer, race->sw->now);
        }
        if (ms % PICTURE_MS == 0)
            hand_over(race, &race->picture, PROTO_CAPABILITY_CAMERA, PICTURE_BYTES);
        if (ms % VOICE_MS == 0)
            hand_over(race, &race->voice, PROTO_CAPABILITY_MICROPHONE, VOICE_BYTES);
        if (ms % WORDS_MS == 0 && race->words_ms == PROTO_NEVER) {
            assert_ok(proto_session_send_data(race->sw->customer, &words, race->sw->now));
            race->words_ms = race->sw->now.mono_ms;
        }
        carry(race);
    }
}

static void begin(void)
{
    sw_init(&sw, 9);
    sw_join(&sw);
    sw_grant(&sw, PROTO_CAPABILITY_CAMERA);
    sw_grant(&sw, PROTO_CAPABILITY_MICROPHONE);
    sw_grant(&sw, PROTO_CAPABILITY_DEVICE_STATE);
    sw_carry(&sw);
}

static void say(const char *who, const struct race *race)
{
    print_message(
        "%s: voice %.1f ms, %lld at most; picture %.1f ms, %lld at most; words %lld at most; state %u bytes/s\n", who,
        (double)race->voice.all_ms / race->voice.left, (long long)race->voice.worst_ms,
        (double)race->picture.all_ms / race->picture.left, (long long)race->picture.worst_ms,
        (long long)race->words_worst_ms, race->told_bytes * 1000 / RUN_MS);
}

static void ten_thousand_changes_a_second_delay_no_voice_no_picture_and_no_words(void **state)
{
    enum { ONE_PIECE_MS = 1400 * 1000 / LINE_BYTES_PER_S + 1 }; /* with what belongs to it */
    const struct client_state_device home = {.id = "home", .kind = "hub", .seen_by = "test"};
    static struct race without, with;
    char why[CLIENT_STATE_WHY_BYTES];

    (void)state;
    without.sw = with.sw = &sw;
    begin();
    run(&without);
    sw_clear(&sw);
    begin();
    assert_ok(client_report_new(&with.report, NULL, 0, NULL, why));
    client_report_device(with.report, &home, false);
    client_report_start(with.report, sw.now);
    run(&with);
    client_report_free(with.report);
    sw_clear(&sw);
    say("alone", &without);
    say("beside 10 000 changes a second", &with);
    assert_true(with.told_bytes > RUN_MS); /* and state is told all the while */
    assert_in_range(with.voice.worst_ms, 0, without.voice.worst_ms + ONE_PIECE_MS);
    assert_in_range(with.picture.worst_ms, 0, without.picture.worst_ms + 2 * ONE_PIECE_MS);
    assert_in_range(with.words_worst_ms, 0, without.words_worst_ms + ONE_PIECE_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_changes_a_second_delay_no_voice_no_picture_and_no_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
