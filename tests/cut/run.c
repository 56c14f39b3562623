/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cut/cut.h"

/* By what it is known that a deed has come through. "#" is how often it was done. */
static const struct through {
    const char *name, *heard[CUT_WHO];
    bool ends;
} deeds[CUT_DEEDS] = {
    [CUT_JOIN] = {"join", {"joined", "joined"}, false},
    [CUT_ASK] = {"ask for the camera", {"consent camera requested", NULL}, false},
    [CUT_ALLOW] = {"allow the camera", {"consent camera granted", "consent camera granted"}, false},
    [CUT_NOT_NOW] = {"Not now, to the camera", {"consent camera refused", "consent camera refused"}, false},
    [CUT_LOOK] = {"look", {NULL, "picture"}, false},
    [CUT_ASK_STILL] = {"ask for photos", {"consent still requested", NULL}, false},
    [CUT_ALLOW_STILL] = {"allow photos", {"consent still granted", "consent still granted"}, false},
    [CUT_NOT_NOW_STILL] = {"Not now, to photos", {"consent still refused", "consent still refused"}, false},
    [CUT_ASK_BOTH] = {"ask for both", {"consent still requested", NULL}, false},
    [CUT_ASK_VOICE] = {"ask for the voice", {"consent microphone requested", NULL}, false},
    [CUT_ALLOW_VOICE] = {"allow the voice", {"consent microphone granted", "consent microphone granted"}, false},
    [CUT_LISTEN] = {"listen", {NULL, "voice"}, false},
    [CUT_PHOTO] = {"want a photo", {"still taken", NULL}, false},
    [CUT_SEND] = {"send the photo", {"still whole", "still whole"}, false},
    [CUT_CUSTOMER_SAYS] = {"say something", {NULL, "chat #"}, false},
    [CUT_AGENT_SAYS] = {"say something", {"chat #", NULL}, false},
    [CUT_PAUSE] = {"pause", {NULL, "paused by customer"}, false},
    [CUT_GO_ON] = {"go on", {NULL, "going on by customer"}, false},
    [CUT_HOLD] = {"hold", {"paused by agent", NULL}, false},
    [CUT_BACK] = {"come back", {"going on by agent", NULL}, false},
    [CUT_WITHDRAW] = {"take the camera back", {"consent camera withdrawn", "consent camera withdrawn"}, false},
    [CUT_GOODBYE] = {"end, as the agent", {"goodbye", NULL}, false},
    [CUT_RATE] = {"rate", {"ended completed", "ended completed"}, true},
    [CUT_LEAVE] = {"end, as the customer", {"ended customer-left", "ended customer-left"}, true},
    [CUT_END] = {"end, with nobody there", {"ended completed", "ended completed"}, true},
    [CUT_WRONG_PERSON] = {"end: wrong person", {"ended wrong-person", "ended wrong-person"}, true},
};

/* Of those that are done while the line is away. */
static enum cut_who done_by(enum cut_deed deed)
{
    return deed == CUT_LEAVE ? CUT_CUSTOMER : CUT_AGENT;
}

struct playing {
    struct cut_world *w;
    const struct cut_row *row;
    int done[CUT_DEEDS];
    enum cut_deed doing;   /* waited for; CUT_DONE: nothing */
    int vain;              /* answers to a question that had gone with the line */
    size_t since[CUT_WHO]; /* of what each has heard: from the cut on */
    bool over;
};

static bool comes_without_end(const char *text)
{
    return !strcmp(text, "picture") || !strcmp(text, "voice");
}

void cut_hears(struct cut_ear *ear, const char *format, ...)
{
    va_list args;

    if (ear->count == CUT_HEARD_MAX)
        return;
    va_start(args, format);
    vsnprintf(ear->text[ear->count], CUT_TEXT_BYTES, format, args);
    va_end(args);
    /* pictures and a voice come without end: one that nobody has waited for yet is enough to know */
    if (!comes_without_end(ear->text[ear->count]) || ear->count == ear->from ||
        strcmp(ear->text[ear->count - 1], ear->text[ear->count]) != 0)
        ear->count++;
}

static const char *name_of(int who)
{
    return who == CUT_AGENT ? "agent" : "customer";
}

__attribute__((format(printf, 2, 3), noreturn)) static void fail(const struct playing *p, const char *format, ...)
{
    static char text[8192];
    va_list args;
    int at = snprintf(text, sizeof text, "cut while %s: ", p->row->instant);

    va_start(args, format);
    at += vsnprintf(text + at, sizeof text - (size_t)at, format, args);
    va_end(args);
    for (int who = 0; who < CUT_WHO; who++) {
        const struct cut_ear *ear = &p->w->ear[who];
        at += snprintf(text + at, sizeof text - (size_t)at, "\n  the %s read:", name_of(who));
        for (size_t i = 0; i < ear->count && at < (int)sizeof text - 200; i++)
            at += snprintf(text + at, sizeof text - (size_t)at, "%s %s", i ? "," : "", ear->text[i]);
    }
    p->w->fail(p->w->context, text);
    abort();
}

static int count(const struct cut_ear *ear, const char *text)
{
    int n = 0;

    for (size_t i = 0; i < ear->count; i++)
        n += strncmp(ear->text[i], text, strlen(text)) == 0;
    return n;
}

static const char asked_for[] = "consent camera requested";

/* Waits for it; the next wait of this end is for something that comes later. A question that went with the
 * line just as it was answered is answered when it comes back. */
static void await(struct playing *p, enum cut_who who, const char *text)
{
    struct cut_ear *ear = &p->w->ear[who];

    for (p->w->anew(p->w->context);; ear->from++) {
        while (ear->from >= ear->count)
            if (!p->w->hear(p->w->context) && ear->from >= ear->count)
                fail(p, "the %s did not read \"%s\"", name_of((int)who), text);
        if (!strcmp(ear->text[ear->from], text))
            break;
        if (p->doing == CUT_ALLOW && who == CUT_CUSTOMER && !strcmp(ear->text[ear->from], asked_for) &&
            count(ear, "error") > p->vain) {
            p->vain++;
            p->w->deed(p->w->context, p->doing, p->done[p->doing]);
        }
    }
    ear->from++;
}

static void await_through(struct playing *p, enum cut_deed deed)
{
    char text[CUT_TEXT_BYTES];

    for (int who = 0; who < CUT_WHO; who++) {
        const char *heard = deeds[deed].heard[who];
        if (!heard)
            continue;
        snprintf(text, sizeof text, "%s", heard);
        if (strchr(text, '#'))
            snprintf(strchr(text, '#'), 8, "%d", p->done[deed]);
        await(p, (enum cut_who)who, text);
    }
    p->over = p->over || deeds[deed].ends;
}

static void forget(struct playing *p)
{
    for (int who = 0; who < CUT_WHO; who++)
        p->w->ear[who].from = p->w->ear[who].count;
}

static void act(struct playing *p, enum cut_deed deed)
{
    forget(p);
    p->w->deed(p->w->context, deed, ++p->done[deed]);
}

/* By whoever is back, that is: what was on its way as the line went may still be told of. */
static void judge_never(struct playing *p)
{
    for (int who = 0; who < CUT_WHO; who++) {
        const struct cut_ear *ear = &p->w->ear[who];
        bool back = false;

        for (size_t i = p->since[who]; p->row->never[who] && i < ear->count; i++) {
            back = back || !strcmp(ear->text[i], "connection resumed");
            if (back && !strcmp(ear->text[i], p->row->never[who]))
                fail(p, "\"%s\" was read by the %s before %s", ear->text[i], name_of(who), deeds[p->row->until].name);
        }
    }
}

static void all(struct playing *p, const enum cut_deed *list)
{
    for (int i = 0; i < CUT_DEEDS_MAX && list[i] != CUT_DONE; i++) {
        if (p->row->until && list == p->row->after && list[i] == p->row->until)
            judge_never(p);
        act(p, list[i]);
        p->doing = list[i];
        await_through(p, list[i]);
        p->doing = CUT_DONE;
    }
}

/* Who is to be told that nothing is heard of the other, before the line is cut. */
static bool is_told(const struct playing *p, int who)
{
    return p->row->line == CUT_UNHEARD || (p->row->line == CUT_SILENT && (enum cut_who)who != p->w->cut);
}

/* What the line does at the instant, until it is cut. */
static void wait_for_the_cut(struct playing *p, size_t logged)
{
    struct cut_world *w = p->w;

    w->anew(w->context);
    while ((p->row->line == CUT_ONE_WAY && w->logged(w->context) == logged) ||
           (p->row->line == CUT_HALF && !w->half(w->context)))
        if (!w->hear(w->context))
            fail(p, p->row->line == CUT_HALF ? "half of it never passed" : "nothing came to the log");
    for (int who = 0; who < CUT_WHO; who++)
        if (is_told(p, who))
            await(p, (enum cut_who)who, "live false");
}

static void cut(struct playing *p)
{
    size_t logged = p->w->logged(p->w->context);
    const struct cut_ear *agent = &p->w->ear[CUT_AGENT];
    bool away = p->row->line == CUT_AWAY;

    forget(p);
    for (int who = 0; who < CUT_WHO; who++)
        p->since[who] = p->w->ear[who].count;
    p->w->line(p->w->context, p->row->line);
    if (away)
        await(p, done_by(p->row->at), "connection reconnecting");
    if (p->row->at)
        act(p, p->row->at);
    else
        forget(p);
    size_t seen = agent->count;
    wait_for_the_cut(p, logged);
    p->w->line(p->w->context, away ? CUT_WHOLE : CUT_CUT);
    for (int who = 0; who < CUT_WHO; who++) {
        if (is_told(p, who))
            await(p, (enum cut_who)who, "live true");
        for (int i = 0; i < CUT_READS_MAX && p->row->reads[who][i]; i++)
            await(p, (enum cut_who)who, p->row->reads[who][i]);
    }
    for (; away && p->w->sees_each && seen < agent->count; seen++)
        if (!strcmp(agent->text[seen], "picture"))
            fail(p, "a picture came after the end");
    p->over = p->over || p->row->ended;
}

/* Once, and in order. */
static void judge_chat(const struct playing *p, enum cut_who who, int said)
{
    const struct cut_ear *ear = &p->w->ear[who];
    char text[CUT_TEXT_BYTES];
    int next = 1;

    for (size_t i = 0; i < ear->count; i++) {
        if (strncmp(ear->text[i], "chat ", 5) != 0)
            continue;
        snprintf(text, sizeof text, "chat %d", next++);
        if (strcmp(ear->text[i], text) != 0)
            fail(p, "\"%s\" came where \"%s\" was next", ear->text[i], text);
    }
    if (next != said + 1)
        fail(p, "%d of %d things that were said came", next - 1, said);
}

static void judge(struct playing *p, int asked)
{
    const struct cut_ear *customer = &p->w->ear[CUT_CUSTOMER];
    int questions = count(customer, asked_for) + count(customer, "consent still requested") +
                    count(customer, "consent microphone requested");
    char log[1024], right[1024];

    if (questions > asked)
        fail(p, "the customer was asked %d times, and %d are right", questions, asked);
    for (int who = 0; who < CUT_WHO; who++)
        if (count(&p->w->ear[who], "error") > (who == CUT_CUSTOMER ? p->vain : 0) || count(&p->w->ear[who], "alarm"))
            fail(p, "an error was told");
    judge_chat(p, CUT_AGENT, p->done[CUT_CUSTOMER_SAYS]);
    judge_chat(p, CUT_CUSTOMER, p->done[CUT_AGENT_SAYS]);
    if (count(&p->w->ear[CUT_AGENT], "still whole") != p->done[CUT_SEND])
        fail(p, "%d photos were sent, and others came", p->done[CUT_SEND]);
    p->w->log(p->w->context, log, sizeof log);
    snprintf(right, sizeof right, "%s, ended %s", p->row->log, p->row->end ? p->row->end : "completed");
    if (strcmp(log, right) != 0)
        fail(p, "the log holds \"%s\", and \"%s\" is right", log, right);
}

static void finish(struct playing *p)
{
    static const enum cut_deed end[] = {CUT_GOODBYE, CUT_RATE, CUT_DONE};

    if (!p->over)
        all(p, p->done[CUT_GOODBYE] ? end + 1 : end);
    p->w->over(p->w->context);
}

bool cut_is_of(const struct cut_row *row, enum cut_who line)
{
    return row->line != CUT_AWAY || done_by(row->at) == line;
}

void cut_run(struct cut_world *w, const struct cut_row *row)
{
    struct playing p = {.w = w, .row = row};

    all(&p, row->before);
    cut(&p);
    if (!row->ended)
        all(&p, row->after);
    finish(&p);
    judge(&p, row->asked);
}

void cut_run_long(struct cut_world *w, const struct cut_row *row)
{
    struct playing p = {.w = w, .row = row};

    all(&p, row->before);
    all(&p, row->after);
    finish(&p);
    judge(&p, row->asked + 1); /* the sheet that was open when the line went */
}
