/* SPDX-License-Identifier: Apache-2.0 */
/* The table of tests/cut/table.c with the real programs over real TLS, and each message on the way to being joined. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cut/cut.h"
#include "tests/system/house.h"
#include "tests/system/proxy.h"

enum {
    PATIENCE_MS = 30000,
    JOINING_PIECES = 12,
    TRIES_IN_VAIN = 8,  /* about four seconds */
    HALF_BYTES = 20000, /* a part of a photo and a bit */
};
#define NO_COMMAND "dance"

struct place {
    struct house *house; /* borrowed */
    struct demo_child *child[CUT_WHO];
    size_t read[CUT_WHO]; /* of its events */
    struct cut_world world;
    int64_t since_ms, resumed_ms; /* resumed: as the agent's end told */
    unsigned voices;              /* told of since */
    bool away;                    /* the line is */
    bool large;                   /* the picture is, so that a photo has parts */
    bool tried_again;             /* the companion gave up before it had heard anything, and was started once more */
};

/* One relay for all rows, and a proxy before each of its ends. */
static struct proxy proxies[CUT_WHO];
static struct house *the_house;

static struct place *at(void *context)
{
    return context;
}

/* ---- what is heard ---- */

/* Figures of a second may be of what came before the line went: those do not count as something that comes. */
static void hear_media(struct place *p, struct cut_ear *ear, const json_t *e)
{
    const char *event = house_text(e, "event");

    if (!strcmp(event, "connection") && !strcmp(house_text(e, "state"), "resumed")) {
        p->resumed_ms = house_number(e, "time_ms");
        p->voices = 0;
    } else if (!strcmp(event, "first-picture") ||
               (!strcmp(event, "video") && json_is_false(json_object_get(e, "final")) &&
                house_number(e, "last_picture_time_ms") > p->resumed_ms)) {
        cut_hears(ear, "picture");
    } else if (!strcmp(event, "audio") && (p->voices++ || !p->resumed_ms)) {
        cut_hears(ear, "voice");
    }
}

static void hear_event(struct cut_ear *ear, const json_t *e)
{
    const char *event = house_text(e, "event"), *state = house_text(e, "state");

    if (!strcmp(event, "consent"))
        cut_hears(ear, "consent %s %s", house_text(e, "capability"), state);
    else if (!strcmp(event, "connection") || !strcmp(event, "still"))
        cut_hears(ear, "%s %s", event, state);
    else if (!strcmp(event, "capture"))
        cut_hears(ear, "capture %s %s", house_text(e, "capability"),
                  json_is_true(json_object_get(e, "on")) ? "on" : "off");
    else if (!strcmp(event, "chat"))
        cut_hears(ear, "chat %s", house_text(e, "text"));
    else if (!strcmp(event, "paused"))
        cut_hears(ear, "%s by %s", json_is_true(json_object_get(e, "paused")) ? "paused" : "going on",
                  house_text(e, "by"));
    else if (!strcmp(event, "ended"))
        cut_hears(ear, "ended %s", house_text(e, "reason"));
    else if ((!strcmp(event, "error") && !strstr(house_text(e, "message"), NO_COMMAND)) || !strcmp(event, "alarm"))
        cut_hears(ear, "%s %s", event, house_text(e, "code"));
    else if (!strcmp(event, "joined") || !strcmp(event, "goodbye"))
        cut_hears(ear, "%s", event);
    else if (!strcmp(event, "live"))
        cut_hears(ear, "live %s", json_is_true(json_object_get(e, "live")) ? "true" : "false");
}

static void hear_new(struct place *p)
{
    for (int who = 0; who < CUT_WHO; who++)
        for (; p->child[who] && p->read[who] < p->child[who]->count; p->read[who]++) {
            const json_t *event = p->child[who]->events[p->read[who]].json;

            hear_event(&p->world.ear[who], event);
            if (who == CUT_AGENT)
                hear_media(p, &p->world.ear[who], event);
        }
}

static void start_client(struct place *p)
{
    const char *const by_link[] = {p->house->link,
                                   "--microphone",
                                   house_path(p->house, "silence.wav"),
                                   "--camera",
                                   house_path(p->house, p->large ? "large.y4m" : "clip.y4m"),
                                   NULL};

    p->child[CUT_CUSTOMER] = house_client(p->house, "client", by_link);
    p->read[CUT_CUSTOMER] = 0;
    demo_child_tell(p->child[CUT_CUSTOMER], "{\"do\":\"stay\"}"); /* for the good-bye, as a person does */
}

/* Who cannot reach the relay at all says so and ends; the person starts it once more, with the same link. */
static void try_again(struct place *p)
{
    struct demo_child *client = p->child[CUT_CUSTOMER];
    struct cut_ear *ear = &p->world.ear[CUT_CUSTOMER];

    if (!client || client->out >= 0 || p->tried_again || ear->count != 1 || strncmp(ear->text[0], "error", 5) != 0)
        return;
    house_says(p->house, house_text(client->events[0].json, "message"), "; ", NULL); /* and a way out is named */
    house_expect_exit(p->house, client, 0, 1);
    p->tried_again = true;
    ear->count = ear->from = 0;
    start_client(p);
}

static bool hear(void *context)
{
    struct place *p = at(context);

    demo_children_watch(&p->house->children, 20);
    hear_new(p);
    try_again(p);
    return demo_mono_ms() < p->since_ms + PATIENCE_MS;
}

static void anew(void *context)
{
    at(context)->since_ms = demo_mono_ms();
}

/* ---- what is done ---- */

#define ASK(what) "{\"do\":\"request\",\"capability\":\"" what "\",\"purpose\":\"To see it\"}"
#define ANSWER(how, what) "{\"do\":\"" how "\",\"capability\":\"" what "\"}"
static const struct {
    enum cut_who who;
    const char *line; /* "%d": how many times */
} said[CUT_DEEDS] = {
    [CUT_ASK] = {CUT_AGENT, ASK("camera")},
    [CUT_ALLOW] = {CUT_CUSTOMER, ANSWER("grant", "camera")},
    [CUT_NOT_NOW] = {CUT_CUSTOMER, ANSWER("refuse", "camera")},
    [CUT_ASK_STILL] = {CUT_AGENT, ASK("still")},
    [CUT_ALLOW_STILL] = {CUT_CUSTOMER, ANSWER("grant", "still")},
    [CUT_NOT_NOW_STILL] = {CUT_CUSTOMER, ANSWER("refuse", "still")},
    [CUT_ASK_BOTH] = {CUT_AGENT, "{\"do\":\"request\",\"capability\":\"camera\",\"with\":[\"still\"]}"},
    [CUT_ASK_VOICE] = {CUT_AGENT, ASK("microphone")},
    [CUT_ALLOW_VOICE] = {CUT_CUSTOMER, ANSWER("grant", "microphone")},
    [CUT_PHOTO] = {CUT_AGENT, "{\"do\":\"still\"}"},
    [CUT_SEND] = {CUT_CUSTOMER, "{\"do\":\"send\",\"still\":1}"},
    [CUT_CUSTOMER_SAYS] = {CUT_CUSTOMER, "{\"do\":\"chat\",\"text\":\"%d\"}"},
    [CUT_AGENT_SAYS] = {CUT_AGENT, "{\"do\":\"chat\",\"text\":\"%d\"}"},
    [CUT_PAUSE] = {CUT_CUSTOMER, "{\"do\":\"pause\"}"},
    [CUT_GO_ON] = {CUT_CUSTOMER, "{\"do\":\"resume\"}"},
    [CUT_HOLD] = {CUT_AGENT, "{\"do\":\"hold\",\"on\":true}"},
    [CUT_BACK] = {CUT_AGENT, "{\"do\":\"hold\",\"on\":false}"},
    [CUT_WITHDRAW] = {CUT_CUSTOMER, ANSWER("withdraw", "camera")},
    [CUT_GOODBYE] = {CUT_AGENT, "{\"do\":\"end\"}"},
    [CUT_RATE] = {CUT_CUSTOMER, "{\"do\":\"rate\",\"stars\":5,\"solved\":true}"},
    [CUT_LEAVE] = {CUT_CUSTOMER, "{\"do\":\"end\"}"},
    [CUT_END] = {CUT_AGENT, "{\"do\":\"end\"}"},
    [CUT_WRONG_PERSON] = {CUT_AGENT, "{\"do\":\"wrong-person\"}"},
};

/* A command that is none is answered behind those before it: so they have been taken. */
static void take(struct place *p, struct demo_child *child)
{
    size_t errors = demo_child_count(child, "error", NULL, NULL);

    demo_child_tell(child, "{\"do\":\"" NO_COMMAND "\"}");
    for (anew(p); demo_child_count(child, "error", NULL, NULL) == errors && child->out >= 0;)
        if (demo_mono_ms() > p->since_ms + PATIENCE_MS)
            house_fail(p->house, "%s does not answer", child->name);
        else
            demo_children_watch(&p->house->children, 20);
    hear_new(p);
}

/* Open it is when it has come as far as the line lets it. */
static void open_page(struct place *p)
{
    unsigned before = proxy_taken(&proxies[CUT_CUSTOMER]);

    start_client(p);
    for (anew(p); proxy_taken(&proxies[CUT_CUSTOMER]) == before;)
        if (!hear(p))
            house_fail(p->house, "the companion never came to the relay's door");
}

static void deed(void *context, enum cut_deed deed, int number)
{
    struct place *p = at(context);
    struct demo_child *child = p->child[said[deed].who];
    char line[160];

    if (deed == CUT_JOIN)
        open_page(p);
    if (!said[deed].line)
        return;
    snprintf(line, sizeof line, "%s", said[deed].line);
    if (strstr(line, "%d"))
        snprintf(strstr(line, "%d"), 16, "%d\"}", number);
    demo_child_tell(child, line);
    if (deed != CUT_LEAVE && deed != CUT_RATE) /* after this nobody listens any more */
        take(p, child);
}

/* ---- the world ---- */

static void set_line(void *context, enum cut_line how)
{
    static const enum proxy_mode modes[] = {[CUT_HELD] = PROXY_HOLDS,
                                            [CUT_ONE_WAY] = PROXY_HOLDS_BACK,
                                            [CUT_HALF] = PROXY_CARRIES,
                                            [CUT_SILENT] = PROXY_HOLDS,
                                            [CUT_UNHEARD] = PROXY_HOLDS_THERE,
                                            [CUT_WHOLE] = PROXY_CARRIES,
                                            [CUT_CUT] = PROXY_CUTS,
                                            [CUT_AWAY] = PROXY_AWAY};
    struct place *p = at(context);

    while (how == CUT_WHOLE && p->away && proxy_turned_away(&proxies[p->world.cut]) < TRIES_IN_VAIN)
        if (!hear(p))
            house_fail(p->house, "nobody comes back over the line that is away");
    p->away = how == CUT_AWAY;
    proxy_set(&proxies[p->world.cut], modes[how]);
    if (how == CUT_HALF)
        proxy_hold_behind(&proxies[p->world.cut], HALF_BYTES);
}

static bool half(void *context)
{
    return proxy_holds(&proxies[at(context)->world.cut]);
}

static char *export(struct place *p)
{
    const char *const argv[] = {"handhold-audit",
                                "export",
                                "--format",
                                "jsonl",
                                "--dir",
                                house_path(p->house, "relay"),
                                "--key",
                                house_path(p->house, "org/officer/evidence.key"),
                                NULL};

    return house_run(p->house, 0, argv);
}

/* Calls for each note of this session, in order. */
static void each_note(struct place *p, void (*visit)(void *context, const json_t *note), void *context)
{
    char *lines = export(p), *save = NULL;
    bool ours = false;

    for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        json_t *note = json_loads(line, 0, NULL);
        if (!strcmp(house_text(note, "event"), "session"))
            ours = !strcmp(house_text(note, "session"), p->house->session);
        else if (ours)
            visit(context, note);
        json_decref(note);
    }
    free(lines);
}

static void count_note(void *context, const json_t *note)
{
    (void)note;
    ++*(size_t *)context;
}

static size_t logged(void *context)
{
    size_t count = 0;

    if (at(context)->world.ear[CUT_CUSTOMER].count) /* before anybody joined there is nothing to count */
        each_note(at(context), count_note, &count);
    return count;
}

struct reading {
    char *out;
    size_t size;
};

static void add_note(void *context, const json_t *note)
{
    const struct reading *r = context;
    const char *action = house_text(note, "action");
    size_t len = strlen(r->out);

    if (!strcmp(action, "ended"))
        snprintf(r->out + len, r->size - len, ", ended %s", house_text(note, "reason"));
    if (!strcmp(action, "grant") || !strcmp(action, "refuse") || !strcmp(action, "withdraw"))
        snprintf(r->out + len, r->size - len, "%s%s %s", len ? ", " : "", action, house_text(note, "capability"));
}

static void read_log(void *context, char *out, size_t size)
{
    struct reading r = {out, size};

    out[0] = '\0';
    each_note(at(context), add_note, &r);
}

static void over(void *context)
{
    struct place *p = at(context);

    for (int who = 0; who < CUT_WHO; who++) {
        const struct cut_ear *ear = &p->world.ear[who];
        bool wrong = ear->count && !strcmp(ear->text[ear->count - 1], "ended wrong-person"); /* no end in order */

        house_expect_exit(p->house, p->child[who], 0, wrong);
    }
    hear_new(p);
}

static void fail_house(void *context, const char *text)
{
    struct place *p = at(context);

    house_fail(p->house, "the %s's line: %s", p->world.cut == CUT_AGENT ? "agent" : "customer", text);
}

static void begin(struct place *p, enum cut_who line)
{
    for (size_t i = 0; i < the_house->children.count; i++) /* of a test that failed */
        if (the_house->children.all[i] != the_house->relay && the_house->children.all[i]->pid)
            (void)demo_child_stop(&the_house->children, the_house->children.all[i], SIGKILL, PATIENCE_MS);
    house_forget_ended(the_house);
    for (int who = 0; who < CUT_WHO; who++)
        proxy_cut_behind(&proxies[who], 0); /* a session that was shorter has left its cut to whoever comes next */
    *p = (struct place){.house = the_house, .world.cut = line};
    p->world.context = p;
    p->world.deed = deed;
    p->world.line = set_line;
    p->world.half = half;
    p->world.hear = hear;
    p->world.anew = anew;
    p->world.logged = logged;
    p->world.log = read_log;
    p->world.over = over;
    p->world.fail = fail_house;
    p->child[CUT_AGENT] = house_agent(the_house, "agent", "ana");
}

/* ---- the tests ---- */

/* With each change a part, spread over the table and both lines; all of it in the long run. */
static bool is_long(void)
{
    return getenv("HANDHOLD_LONG") || getenv("CUT_ONLY");
}

static void an_instant_of_the_table_on_either_line(void **state)
{
    static struct place place;
    const struct cut_row *row = *state;
    long index = row - cut_rows;

    if (!is_long() && index % 2 != 0) {
        print_message("skipped: in the long run, with HANDHOLD_LONG=1\n");
        skip();
    }
    for (int line = 0; line < CUT_WHO; line++) {
        if (!cut_is_of(row, (enum cut_who)line) || (!is_long() && row->line != CUT_AWAY && index / 2 % CUT_WHO != line))
            continue;
        begin(&place, (enum cut_who)line);
        place.large = row->line == CUT_HALF;
        cut_run(&place.world, row);
    }
}

/* Behind the first piece that is said, the second, … TLS and the handshake of the pair are fewer than that. */
static void after_each_message_of_coming_together(void **state)
{
    static const struct cut_row joining = {.instant = "the two come together",
                                           .before = {CUT_JOIN, CUT_ASK, CUT_ALLOW, CUT_LOOK},
                                           .log = "grant camera, withdraw camera",
                                           .asked = 1};
    static struct place place;
    unsigned step = is_long() ? 1 : 5;

    (void)state;
    for (int line = 0; line < CUT_WHO; line++)
        for (unsigned behind = 1; behind <= JOINING_PIECES; behind += step) {
            begin(&place, (enum cut_who)line);
            proxy_cut_behind(&proxies[line], behind);
            cut_run_long(&place.world, &joining);
        }
}

/* A second of it, in 16 bits at 8 kHz. */
static void write_silence(void)
{
    enum { RATE = 8000, HEADER = 44 };
    static const uint8_t header[HEADER] =
        "RIFF\xa4\x3e\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\x80\x3e\0";
    static uint8_t wav[HEADER + 2 * RATE];

    memcpy(wav, header, sizeof header);
    house_write(the_house, "silence.wav", wav, sizeof wav);
}

static int set_up(void **state)
{
    char ini[128];
    unsigned port[CUT_WHO] = {house_free_port(), house_free_port()};

    (void)state; /* each test has its row there */
    house_setup_without_relay((void **)&the_house);
    for (int who = 0; who < CUT_WHO; who++) {
        proxy_open(&proxies[who]);
        proxy_start(&proxies[who], port[who]);
    }
    snprintf(ini, sizeof ini, HOUSE_SETTINGS "host = 127.0.0.1:%u\n", proxies[CUT_CUSTOMER].port);
    house_write(the_house, "relay/relay.ini", ini, strlen(ini));
    snprintf(the_house->host, sizeof the_house->host, "127.0.0.1:%u", port[CUT_CUSTOMER]);
    snprintf(the_house->staff, sizeof the_house->staff, "127.0.0.1:%u", port[CUT_AGENT]);
    write_silence();
    free(house_run(the_house, 0,
                   (const char *const[]){"handhold-clip", "--size", "640x480", "--seconds", "1",
                                         house_path(the_house, "large.y4m"), NULL}));
    house_restart_relay(the_house); /* at the ports that the proxies carry to */
    snprintf(the_house->staff, sizeof the_house->staff, "127.0.0.1:%u", proxies[CUT_AGENT].port);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    house_teardown((void **)&the_house);
    for (int who = 0; who < CUT_WHO; who++)
        proxy_close(&proxies[who]);
    return 0;
}

int main(void)
{
    return cut_main("after_each_message_of_coming_together", after_each_message_of_coming_together,
                    an_instant_of_the_table_on_either_line, set_up, tear_down);
}
