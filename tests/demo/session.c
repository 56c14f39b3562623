/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of the demo: the customer joins, is asked, allows; what then flows. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/demo/demo.h"
#include "tests/demo/paper.h"

static bool make_clip(struct demo *d, const char *path)
{
    const char *const argv[] = {"handhold-clip", "--seconds", "4", path, NULL};

    if (demo_run(d->bin, argv, NULL) == 0)
        return true;
    fprintf(stderr, "handhold-demo: the sample clip could not be made in %s; is there room for 200 MB?\n", d->work);
    return false;
}

bool demo_join(struct demo *d)
{
    const char *clip = demo_path(d, "clip.y4m");
    const char *const argv[] = {"handhold-client",
                                "--json",
                                "--ca",
                                demo_path(d, "org/ca/ca.crt"),
                                "--camera",
                                d->camera ? d->camera : clip,
                                "--state",
                                "linux",
                                "--keep-picture",
                                demo_path(d, "camera.y4m"),
                                "--keep-sealed",
                                demo_path(d, "sealed.bin"),
                                d->link,
                                NULL};
    json_t *ours, *theirs, *words;

    paper_heading("The customer's companion joins by the link");
    if (!d->camera && !make_clip(d, clip))
        return false;
    d->client = demo_child_start(&d->children, "companion", argv);
    if (!d->client)
        return false;
    ours = demo_child_expect(&d->children, d->client, DEMO_WAIT_MS, "joined", NULL);
    if (!ours)
        return demo_failed(d->client, "the companion has joined");
    theirs = demo_child_expect(&d->children, d->agent, DEMO_WAIT_MS, "joined", NULL);
    if (!theirs)
        return demo_failed(d->agent, "the agent sees the customer");
    paper_item("customer", "reads: %s of %s, %s", demo_text(ours, "peer"), demo_text(ours, "organisation"),
               json_is_true(json_object_get(ours, "verified")) ? "VERIFIED" : "UNVERIFIED");
    paper_line(
        "The agent signed this very handshake with a certificate of the organisation; its root is the one the link "
        "names and the companion was given.");
    words = demo_child_expect(&d->children, d->client, DEMO_WAIT_MS, "check-words", NULL);
    if (words) {
        json_t *list = json_object_get(words, "words");

        paper_item("check words", "%s %s %s %s, the same at both ends: nobody sits between them",
                   json_string_value(json_array_get(list, 0)), json_string_value(json_array_get(list, 1)),
                   json_string_value(json_array_get(list, 2)), json_string_value(json_array_get(list, 3)));
    }
    return true;
}

/* Asks, and answers as a customer who tapped. Returns the unix time of the tap; 0: it failed. */
static int64_t ask_and_answer(struct demo *d, const char *capability, const char *purpose, bool allow)
{
    char command[512], clock[16];
    json_t *asked;

    snprintf(command, sizeof command, "{\"do\":\"request\",\"capability\":\"%s\",\"purpose\":\"%s\"}", capability,
             purpose);
    demo_child_tell(d->agent, command);
    asked = demo_child_expect(&d->children, d->client, DEMO_WAIT_MS, "consent", "capability", capability, "state",
                              "requested", NULL);
    if (!asked) {
        demo_failed(d->client, "the customer is asked");
        return 0;
    }
    paper_clock(clock, demo_number(asked, "time_ms"));
    paper_item(clock, "asked for: %s", capability);
    paper_item("what for", "\"%s\"", demo_text(asked, "purpose"));
    if (demo_number(asked, "max_seconds") > 0)
        paper_item("how long", "%" PRId64 " minutes at most", demo_number(asked, "max_seconds") / 60);
    if (demo_number(asked, "retention_days") > 0)
        paper_item("is kept", "%" PRId64 " days at most", demo_number(asked, "retention_days"));
    snprintf(command, sizeof command, "{\"do\":\"%s\",\"capability\":\"%s\"}", allow ? "grant" : "refuse", capability);
    demo_child_tell(d->client, command);
    return demo_number(asked, "time_ms");
}

bool demo_camera(struct demo *d)
{
    json_t *logged, *granted, *first;
    char clock[16];
    int64_t tap_ms;

    paper_heading("The agent asks for the camera, the customer allows it");
    tap_ms = ask_and_answer(d, "camera", "To see the lights on your router", true);
    if (!tap_ms)
        return false;
    logged = demo_child_expect(&d->children, d->client, DEMO_WAIT_MS, "logged", "action", "grant", "capability",
                               "camera", NULL);
    if (!logged)
        return demo_failed(d->client, "the grant is in the log");
    d->grant_index = demo_number(logged, "index");
    granted = demo_child_expect(&d->children, d->client, DEMO_WAIT_MS, "consent", "capability", "camera", "state",
                                "granted", NULL);
    if (!granted)
        return demo_failed(d->client, "the camera is granted");
    first = demo_child_expect(&d->children, d->agent, DEMO_WAIT_MS, "first-picture", NULL);
    if (!first)
        return demo_failed(d->agent, "the agent has a picture");
    paper_item("answer", "allowed");
    paper_clock(clock, demo_number(logged, "time_ms"));
    paper_item(clock, "the grant is entry %" PRId64 " of the log, and its receipt was verified",
               demo_number(logged, "index"));
    paper_clock(clock, demo_number(granted, "time_ms"));
    paper_item(clock, "only then the key left for the agent, and the camera started");
    paper_clock(clock, demo_number(first, "time_ms"));
    paper_item(clock, "first picture at the agent, %" PRId64 "x%" PRId64 ": %" PRId64 " ms after the tap",
               demo_number(first, "width"), demo_number(first, "height"), demo_number(first, "time_ms") - tap_ms);
    return true;
}

static void put_second(const json_t *video)
{
    const json_t *latency = json_object_get(video, "latency_ms");
    char text[64];

    if (demo_number(latency, "p50") > 0)
        snprintf(text, sizeof text, "%d ms (95%% below %d ms)", (int)demo_number(latency, "p50"),
                 (int)demo_number(latency, "p95") + 1);
    else
        snprintf(text, sizeof text, "not measured yet");
    paper_line("%2d pictures, %4d kbit/s; camera to agent: %s", (int)demo_number(video, "fps"),
               (int)demo_number(video, "kbps"), text);
}

bool demo_figures(struct demo *d)
{
    json_t *video;

    paper_heading("The picture, second by second");
    for (int i = -1; i < d->seconds; i++) {
        video = demo_child_expect(&d->children, d->agent, DEMO_WAIT_MS, "video", "final", "false", NULL);
        if (!video)
            return demo_failed(d->agent, "a picture a second");
        if (i >= 0) /* the first one is of a part of a second */
            put_second(video);
    }
    return true;
}

static void put_state(const json_t *state)
{
    const json_t *value = json_object_get(state, "value");
    char text[64];

    if (json_is_string(value))
        snprintf(text, sizeof text, "%.40s", json_string_value(value));
    else if (json_is_boolean(value))
        snprintf(text, sizeof text, "%s", json_is_true(value) ? "yes" : "no");
    else
        snprintf(text, sizeof text, "%.6g", json_number_value(value));
    paper_line("%-24.24s %-24.24s %s %s", demo_text(state, "device"), demo_text(state, "property"), text,
               demo_text(state, "unit"));
}

bool demo_device_state(struct demo *d)
{
    json_t *state;

    paper_heading("The device speaks for itself, under a consent of its own");
    if (!ask_and_answer(d, "device-state", "To see whether it is online and charged", true))
        return false;
    paper_item("answer", "allowed");
    state = demo_child_expect(&d->children, d->agent, DEMO_WAIT_MS, "state", NULL);
    if (!state)
        return demo_failed(d->agent, "device information arrives");
    demo_children_watch(&d->children, 50); /* the rest of the first telling */
    for (int shown = 0; state && shown < 7; shown++) {
        put_state(state);
        state = demo_child_expect(&d->children, d->agent, 0, "state", NULL);
    }
    return true;
}

bool demo_talk(struct demo *d)
{
    json_t *chat;

    paper_heading("They talk, and the agent points at something");
    demo_child_tell(d->agent, "{\"do\":\"chat\",\"text\":\"The second light blinks: hold it closer, please.\"}");
    demo_child_tell(d->agent, "{\"do\":\"draw\",\"shape\":\"circle\",\"points\":[[0.4,0.5],[0.5,0.6]]}");
    demo_child_tell(d->client, "{\"do\":\"chat\",\"text\":\"Like this?\"}");
    chat = demo_child_expect(&d->children, d->client, DEMO_WAIT_MS, "chat", NULL);
    if (!chat)
        return demo_failed(d->client, "the agent's words arrive");
    paper_item("agent", "%s", demo_text(chat, "text"));
    if (!demo_child_expect(&d->children, d->client, DEMO_WAIT_MS, "mark", "shape", "circle", NULL))
        return demo_failed(d->client, "the agent's circle arrives");
    paper_item("", "(draws a circle on the customer's picture)");
    chat = demo_child_expect(&d->children, d->agent, DEMO_WAIT_MS, "chat", NULL);
    if (!chat)
        return demo_failed(d->agent, "the customer's words arrive");
    paper_item("customer", "%s", demo_text(chat, "text"));
    return true;
}

bool demo_refusal(struct demo *d)
{
    json_t *video;

    paper_heading("A no is a no, and the session goes on");
    if (!ask_and_answer(d, "recording", "To keep it for the report", false))
        return false;
    if (!demo_child_expect(&d->children, d->agent, DEMO_WAIT_MS, "consent", "capability", "recording", "state",
                           "refused", NULL))
        return demo_failed(d->agent, "the agent reads the refusal");
    paper_item("answer", "refused; the agent's end was told, and the log has it");
    while ((video = demo_child_expect(&d->children, d->agent, 0, "video", NULL)) != NULL)
        continue;
    video = demo_child_expect(&d->children, d->agent, DEMO_WAIT_MS, "video", "final", "false", NULL);
    if (!video)
        return demo_failed(d->agent, "the picture goes on");
    paper_line("The camera went on meanwhile: %d pictures in the last second.", (int)demo_number(video, "fps"));
    return true;
}

bool demo_withdrawal(struct demo *d)
{
    int64_t after_ms, late;
    json_t *gone, *final;
    size_t before;

    paper_heading("The customer takes the camera back");
    demo_child_tell(d->client, "{\"do\":\"withdraw\",\"capability\":\"camera\"}");
    gone = demo_child_expect(&d->children, d->client, DEMO_WAIT_MS, "consent", "capability", "camera", "state",
                             "withdrawn", NULL);
    if (!gone)
        return demo_failed(d->client, "the camera is withdrawn");
    d->withdrawn_ms = demo_number(gone, "time_ms");
    final = demo_child_expect(&d->children, d->agent, DEMO_WAIT_MS, "video", "final", "true", NULL);
    if (!final)
        return demo_failed(d->agent, "the agent is told");
    late = demo_number(final, "last_picture_time_ms") - d->withdrawn_ms;
    after_ms = demo_number(final, "time_ms") - d->withdrawn_ms;
    paper_line("Capture stopped, the key is gone, the relay's gate is closed, the agent was told after %" PRId64 " ms.",
               after_ms < 0 ? 0 : after_ms);
    if (late > 0)
        paper_line("Pictures taken before it and still on their way arrived up to %" PRId64 " ms later.", late);
    else
        paper_line("The last picture the agent accepted came %" PRId64 " ms before it.", -late);
    before = demo_child_count(d->agent, "video", "final", "false");
    demo_children_watch(&d->children, 1200);
    paper_line("Watched for another second: %zu pictures got through.",
               demo_child_count(d->agent, "video", "final", "false") - before);
    return demo_child_count(d->agent, "video", "final", "false") == before ||
           demo_failed(d->agent, "no picture after the withdrawal");
}

bool demo_end(struct demo *d)
{
    json_t *ended;

    paper_heading("The agent ends the session");
    demo_child_tell(d->agent, "{\"do\":\"end\"}");
    ended = demo_child_expect(&d->children, d->client, DEMO_WAIT_MS, "ended", NULL);
    if (!ended)
        return demo_failed(d->client, "the session ends");
    if (demo_child_stop(&d->children, d->client, 0, DEMO_WAIT_MS) != 0)
        return demo_failed(d->client, "the companion ends in order");
    if (demo_child_stop(&d->children, d->agent, 0, DEMO_WAIT_MS) != 0)
        return demo_failed(d->agent, "the agent ends in order");
    paper_line("Both ends: %s. The last picture, as each of the three had it:", demo_text(ended, "reason"));
    if (!paper_pictures(d->out, demo_path(d, "camera.y4m"), demo_path(d, "sealed.bin")))
        return demo_failed(NULL, "three pictures to compare");
    paper_line("Whole: %s/camera.png, %s/agent.png, %s/relay.png (sealed bytes as grey dots: noise).", d->out, d->out,
               d->out);
    return true;
}
