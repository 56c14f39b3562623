/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/view.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void agent_view_init(struct agent_view *v, enum proto_role role)
{
    memset(v, 0, sizeof *v);
    v->role = role;
    v->connection = PROTO_CONNECTION_RECONNECTING;
    v->picture_ms = v->pointed_ms = PROTO_NEVER;
    v->live = true;
    for (size_t i = 0; i < PROTO_CAPABILITY_COUNT; i++)
        v->consents[i].until_ms = PROTO_NEVER;
}

static void forget_line(struct agent_view_chat *line)
{
    if (line->text)
        sodium_memzero(line->text, strlen(line->text));
    free(line->text);
    line->text = NULL;
}

void agent_view_clear(struct agent_view *v)
{
    for (size_t i = 0; i < AGENT_VIEW_CHAT_MAX; i++)
        forget_line(&v->chat[i]);
    sodium_memzero(v, sizeof *v);
}

/* ---- what happens ---- */

static void put(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

static void add_chat(struct agent_view *v, const char *text, bool mine, struct proto_now now)
{
    struct agent_view_chat *line = &v->chat[v->chat_count % AGENT_VIEW_CHAT_MAX];

    forget_line(line);
    line->text = strdup(text);
    line->unix_ms = now.unix_ms;
    line->mine = mine;
    v->chat_count++;
    v->version++;
}

void agent_view_said(struct agent_view *v, const char *text, struct proto_now now)
{
    add_chat(v, text, true, now);
}

void agent_view_hold(struct agent_view *v, bool held, struct proto_now now)
{
    v->held = held;
    v->held_ms = now.mono_ms;
    v->version++;
}

/* An alarm until whoever raised it finds them the same; another one stays. */
static void compared(struct agent_view *v, const char *alarm, bool same)
{
    if (!same)
        agent_view_tell(v, AGENT_VIEW_ALARM, alarm);
    else if (!strcmp(v->notice, alarm))
        agent_view_tell(v, AGENT_VIEW_NOTICE, "");
    v->version++;
}

void agent_view_compared(struct agent_view *v, bool same)
{
    v->words_ours = same ? AGENT_VIEW_WORDS_SAME : AGENT_VIEW_WORDS_DIFFER;
    compared(v,
             N_("The check words differ: somebody may be listening in. End this session and invite again. If "
                "it was a slip, compare once more."),
             same);
}

void agent_view_asked_photo(struct agent_view *v)
{
    v->awaits_photo = true;
    v->version++;
}

void agent_view_said_goodbye(struct agent_view *v)
{
    v->goodbye = true;
    v->held = false;
    v->version++;
}

static void end(struct agent_view *v, enum proto_end reason, struct proto_now now)
{
    if (v->phase != AGENT_VIEW_ENDED)
        v->ended_ms = now.mono_ms;
    v->phase = AGENT_VIEW_ENDED;
    v->end = reason;
    v->version++;
}

void agent_view_take_line(struct agent_view *v, bool there)
{
    v->version += v->line_away == there;
    v->line_away = !there;
}

void agent_view_take_chat(struct agent_view *v, size_t waits)
{
    v->version += v->chat_waits != waits;
    v->chat_waits = waits;
}

void agent_view_end_waits(struct agent_view *v, enum proto_end reason, struct proto_now now)
{
    bool waits = reason != PROTO_END_NONE;

    if (waits == v->end_waits)
        return;
    v->end_waits = waits;
    v->version++;
    if (waits)
        end(v, reason, now);
}

void agent_view_tell(struct agent_view *v, enum agent_view_level level, const char *text)
{
    v->notices++;
    v->notice_level = level;
    v->notice_passes = false;
    put(v->notice, sizeof v->notice, text);
    v->version++;
}

void agent_view_refused(struct agent_view *v, const char *what, enum proto_err err)
{
    char text[AGENT_VIEW_TEXT_BYTES];

    snprintf(text, sizeof text, "%s: %s; %s", what, proto_err_rule(err), proto_err_way_out(err));
    agent_view_tell(v, AGENT_VIEW_WARNING, text);
}

void agent_view_take_policy(struct agent_view *v, const struct proto_policy *policy)
{
    v->has_policy = policy != NULL;
    if (policy)
        v->policy = *policy;
    v->version++;
}

static void on_consent(struct agent_view *v, const struct proto_event *e, struct proto_now now)
{
    struct agent_view_consent *c;

    if ((unsigned)e->consent.capability >= PROTO_CAPABILITY_COUNT)
        return;
    c = &v->consents[e->consent.capability];
    c->was_granted = c->state == PROTO_CONSENT_GRANTED;
    c->state = e->consent.state;
    c->since_ms = now.mono_ms;
    c->until_ms = PROTO_NEVER;
    if (c->state == PROTO_CONSENT_REQUESTED)
        put(c->purpose, sizeof c->purpose, e->consent.purpose);
    put(c->reason, sizeof c->reason, c->state == PROTO_CONSENT_REQUESTED ? "" : e->consent.purpose);
    if (c->state == PROTO_CONSENT_GRANTED && e->consent.max_s > 0)
        c->until_ms = now.mono_ms + (int64_t)e->consent.max_s * 1000;
    if (c->state == PROTO_CONSENT_GRANTED)
        v->refusals = 0;
    if (c->state == PROTO_CONSENT_REFUSED)
        v->refusals++;
    if (e->consent.capability == PROTO_CAPABILITY_CAMERA && c->state != PROTO_CONSENT_GRANTED)
        v->has_camera = false;
    if (e->consent.capability == PROTO_CAPABILITY_STILL && c->state != PROTO_CONSENT_GRANTED)
        v->awaits_photo = false;
}

static void on_paused(struct agent_view *v, const handhold_Paused *p)
{
    v->paused = p->paused;
    put(v->pause_by, sizeof v->pause_by, p->paused ? p->by : "");
    put(v->pause_reason, sizeof v->pause_reason, p->paused ? p->reason : "");
}

static void on_data(struct agent_view *v, const handhold_Data *data, struct proto_now now)
{
    switch (data->which_body) {
    case handhold_Data_chat_tag:
        add_chat(v, data->body.chat.text, false, now);
        break;
    case handhold_Data_paused_tag:
        on_paused(v, &data->body.paused);
        break;
    case handhold_Data_check_words_tag:
        v->words_theirs = data->body.check_words.match ? AGENT_VIEW_WORDS_SAME : AGENT_VIEW_WORDS_DIFFER;
        compared(v,
                 N_("The customer says that the check words differ: somebody may be listening in. End this "
                    "session and invite again."),
                 data->body.check_words.match);
        break;
    case handhold_Data_camera_state_tag:
        v->camera = data->body.camera_state;
        v->has_camera = true;
        break;
    case handhold_Data_pointer_tag:
        v->their_u = (double)data->body.pointer.x;
        v->their_v = (double)data->body.pointer.y;
        v->pointed_ms = now.mono_ms;
        break;
    case handhold_Data_rating_tag:
        v->stars = data->body.rating.stars;
        v->solved = data->body.rating.solved;
        break;
    default:
        break;
    }
}

/* What the person does with a photo; the photo itself is the window's. */
static void on_still(struct agent_view *v, enum proto_still_step step)
{
    v->awaits_photo = step == PROTO_STILL_STEP_ASKED || step == PROTO_STILL_STEP_SENDING;
    if (step == PROTO_STILL_STEP_DISCARDED)
        agent_view_tell(v, AGENT_VIEW_NOTICE, N_("The customer looked at the photo and did not send it."));
    if (step == PROTO_STILL_STEP_FAILED)
        agent_view_tell(v, AGENT_VIEW_NOTICE,
                        N_("There is no photo: the device could not take one, or its consent ended."));
}

static void on_invite(struct agent_view *v, const struct proto_event *e, struct proto_now now)
{
    if (v->phase == AGENT_VIEW_CONNECTING)
        v->phase = AGENT_VIEW_INVITED;
    v->connection = PROTO_CONNECTION_CONNECTED;
    v->invited_ms = now.mono_ms;
    v->link_s = e->invite.link_s;
    v->code_s = e->invite.code_s;
    put(v->link, sizeof v->link, e->invite.link);
    put(v->code, sizeof v->code, e->invite.code);
    put(v->address, sizeof v->address, e->invite.address);
    put(v->sid, sizeof v->sid, e->invite.sid_hex);
}

static void on_joined(struct agent_view *v, const struct proto_event *e, struct proto_now now)
{
    v->phase = AGENT_VIEW_JOINED;
    v->live = true;
    v->connection = PROTO_CONNECTION_CONNECTED;
    v->joined_ms = now.mono_ms;
    put(v->peer, sizeof v->peer, e->joined.peer);
    sodium_memzero(v->link, sizeof v->link); /* it was for one use */
    sodium_memzero(v->code, sizeof v->code);
}

static void on_ended(struct agent_view *v, const struct proto_event *e, struct proto_now now)
{
    end(v, e->ended.reason, now);
    v->end_waits = false;
    put(v->end_message, sizeof v->end_message, e->ended.message);
}

/* What the relay said of itself before the line was lost is over when it is back. */
static void on_connection(struct agent_view *v, enum proto_connection_state state)
{
    v->connection = state;
    if (state != PROTO_CONNECTION_RESUMED || !v->notice_passes)
        return;
    agent_view_tell(v, AGENT_VIEW_NOTICE, "");
}

void agent_view_event(struct agent_view *v, const struct proto_event *e, struct proto_now now)
{
    switch (e->kind) {
    case PROTO_EVENT_INVITE:
        on_invite(v, e, now);
        break;
    case PROTO_EVENT_JOINED:
        on_joined(v, e, now);
        break;
    case PROTO_EVENT_CONSENT:
        on_consent(v, e, now);
        break;
    case PROTO_EVENT_DATA:
        on_data(v, e->data, now);
        break;
    case PROTO_EVENT_CONNECTION:
        on_connection(v, e->connection.state);
        break;
    case PROTO_EVENT_LIVE:
        v->live = e->live;
        break;
    case PROTO_EVENT_CHECK_WORDS:
        for (size_t i = 0; i < 4; i++)
            put(v->words[i], sizeof v->words[i], e->words[i]);
        v->words_ours = v->words_theirs = AGENT_VIEW_WORDS_OPEN;
        break;
    case PROTO_EVENT_STILL:
        on_still(v, e->still.step);
        break;
    case PROTO_EVENT_ALARM:
        agent_view_tell(v, AGENT_VIEW_ALARM, e->alarm.message ? e->alarm.message : proto_err_rule(e->alarm.err));
        break;
    case PROTO_EVENT_ERROR:
        agent_view_tell(v, AGENT_VIEW_WARNING, e->error.message ? e->error.message : proto_err_rule(e->error.err));
        v->notice_passes = true;
        break;
    case PROTO_EVENT_ENDED:
        on_ended(v, e, now);
        break;
    default:
        return;
    }
    v->version++;
}

/* ---- what is so ---- */

enum agent_view_customer agent_view_customer(const struct agent_view *v)
{
    /*                         who       reason         shown as */
    static const struct {
        const char *by, *reason;
        enum agent_view_customer customer;
    } pauses[] = {{NULL, "page-hidden", AGENT_VIEW_CUSTOMER_HIDDEN},
                  {NULL, "phone-call", AGENT_VIEW_CUSTOMER_CALL},
                  {NULL, "camera-lost", AGENT_VIEW_CUSTOMER_NO_CAMERA},
                  {NULL, "microphone-lost", AGENT_VIEW_CUSTOMER_NO_MICROPHONE},
                  {"agent", NULL, AGENT_VIEW_CUSTOMER_HELD}};

    if (v->phase == AGENT_VIEW_ENDED)
        return AGENT_VIEW_CUSTOMER_LEFT;
    if (v->phase != AGENT_VIEW_JOINED)
        return AGENT_VIEW_CUSTOMER_AWAITED;
    if (v->line_away)
        return AGENT_VIEW_CUSTOMER_CUT;
    if (!v->live || v->connection == PROTO_CONNECTION_LOST || v->connection == PROTO_CONNECTION_RECONNECTING)
        return AGENT_VIEW_CUSTOMER_SILENT;
    if (v->goodbye)
        return AGENT_VIEW_CUSTOMER_PARTING;
    if (v->held)
        return AGENT_VIEW_CUSTOMER_HELD;
    if (!v->paused)
        return AGENT_VIEW_CUSTOMER_HERE;
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++)
        if ((!pauses[i].by || !strcmp(pauses[i].by, v->pause_by)) &&
            (!pauses[i].reason || !strcmp(pauses[i].reason, v->pause_reason)))
            return pauses[i].customer;
    return AGENT_VIEW_CUSTOMER_PAUSED;
}

const char *agent_view_customer_words(enum agent_view_customer customer)
{
    static const char *const words[] = {
        [AGENT_VIEW_CUSTOMER_AWAITED] = N_("Waiting for the customer"),
        [AGENT_VIEW_CUSTOMER_HERE] = N_("The customer is here"),
        [AGENT_VIEW_CUSTOMER_HIDDEN] = N_("The customer is looking at another page"),
        [AGENT_VIEW_CUSTOMER_CALL] = N_("The customer is on a phone call"),
        [AGENT_VIEW_CUSTOMER_PAUSED] = N_("Paused by the customer"),
        [AGENT_VIEW_CUSTOMER_NO_CAMERA] = N_("The customer's device has lost its camera"),
        [AGENT_VIEW_CUSTOMER_NO_MICROPHONE] = N_("The customer's device has lost its microphone"),
        [AGENT_VIEW_CUSTOMER_HELD] = N_("On hold: nothing is sent"),
        [AGENT_VIEW_CUSTOMER_PARTING] = N_("Good-bye is said: the customer has the last word"),
        [AGENT_VIEW_CUSTOMER_SILENT] = N_("Nothing is heard of the customer's device"),
        [AGENT_VIEW_CUSTOMER_CUT] = N_("Your own line is interrupted"),
        [AGENT_VIEW_CUSTOMER_LEFT] = N_("The session is over"),
    };

    return words[customer];
}

bool agent_view_is_blocked(const struct agent_view *v, enum proto_capability capability)
{
    const struct agent_view_consent *c = &v->consents[capability];

    return c->state == PROTO_CONSENT_BLOCKED && c->was_granted;
}

enum agent_view_ask agent_view_may_ask(const struct agent_view *v, enum proto_capability capability)
{
    const struct agent_view_consent *c = &v->consents[capability];

    if (v->phase != AGENT_VIEW_JOINED)
        return AGENT_VIEW_ASK_NOBODY;
    if (v->goodbye)
        return AGENT_VIEW_ASK_GOODBYE;
    if (v->has_policy && !(v->policy.rules[capability].roles & 1u << v->role))
        return AGENT_VIEW_ASK_POLICY;
    if (c->state == PROTO_CONSENT_GRANTED)
        return AGENT_VIEW_ASK_GRANTED;
    if (c->state == PROTO_CONSENT_REQUESTED)
        return AGENT_VIEW_ASK_OPEN;
    if (c->state == PROTO_CONSENT_BLOCKED && !c->was_granted)
        return AGENT_VIEW_ASK_CANNOT;
    if (v->refusals >= PROTO_REFUSALS_MUTE)
        return AGENT_VIEW_ASK_SILENCED;
    return AGENT_VIEW_ASK_MAY;
}

const char *agent_view_ask_words(enum agent_view_ask ask)
{
    static const char *const words[] = {
        [AGENT_VIEW_ASK_MAY] = "",
        [AGENT_VIEW_ASK_NOBODY] = N_("The customer has to join first."),
        [AGENT_VIEW_ASK_GOODBYE] = N_(
            "Everything was taken back. It ends when the customer has rated, or in half a minute; End once more ends "
            "it now."),
        [AGENT_VIEW_ASK_OPEN] = N_("The customer is reading your question."),
        [AGENT_VIEW_ASK_GRANTED] = N_("Granted. Only the customer takes it back."),
        [AGENT_VIEW_ASK_POLICY] = N_("Your organisation's policy does not allow this."),
        [AGENT_VIEW_ASK_SILENCED] =
            N_("The customer said no three times in a row: nothing more is asked in this session."),
        [AGENT_VIEW_ASK_CANNOT] = N_("The customer's device cannot do this."),
    };

    return words[ask];
}

const char *agent_view_state_words(const struct agent_view *v, enum proto_capability capability)
{
    static const char *const words[] = {
        [PROTO_CONSENT_NONE] = N_("Not asked"),       [PROTO_CONSENT_REQUESTED] = N_("Asked…"),
        [PROTO_CONSENT_GRANTED] = N_("Granted"),      [PROTO_CONSENT_REFUSED] = N_("Not now"),
        [PROTO_CONSENT_WITHDRAWN] = N_("Taken back"), [PROTO_CONSENT_EXPIRED] = N_("Time is over"),
        [PROTO_CONSENT_BLOCKED] = N_("Not possible"),
    };
    enum agent_view_ask ask = agent_view_may_ask(v, capability);

    if (ask == AGENT_VIEW_ASK_POLICY)
        return N_("Not allowed");
    if (ask == AGENT_VIEW_ASK_SILENCED && v->consents[capability].state == PROTO_CONSENT_REFUSED)
        return N_("Refused");
    if (agent_view_is_blocked(v, capability))
        return N_("Blocked by the phone");
    return words[v->consents[capability].state];
}

int64_t agent_view_left_ms(const struct agent_view *v, enum proto_capability capability, int64_t now_ms)
{
    const struct agent_view_consent *c = &v->consents[capability];

    if (c->state != PROTO_CONSENT_GRANTED || c->until_ms == PROTO_NEVER)
        return -1;
    return c->until_ms > now_ms ? c->until_ms - now_ms : 0;
}

int64_t agent_view_hold_left_ms(const struct agent_view *v, int64_t now_ms)
{
    int64_t grace_ms = (v->has_policy ? v->policy.grace_s : PROTO_POLICY_GRACE_S) * (int64_t)1000;
    int64_t left_ms = v->held_ms + grace_ms - now_ms;

    if (!v->held)
        return -1;
    return left_ms > 0 ? left_ms : 0;
}

int64_t agent_view_picture_age_ms(const struct agent_view *v, int64_t now_ms)
{
    if (v->picture_ms == PROTO_NEVER)
        return -1;
    return now_ms > v->picture_ms ? now_ms - v->picture_ms : 0;
}

bool agent_view_their_pointer(const struct agent_view *v, int64_t now_ms, double *x, double *y)
{
    if (v->pointed_ms == PROTO_NEVER || now_ms - v->pointed_ms >= AGENT_VIEW_POINTER_MS)
        return false;
    *x = v->their_u;
    *y = v->their_v;
    return true;
}

bool agent_view_not_live(const struct agent_view *v, int64_t now_ms)
{
    int64_t age_ms = agent_view_picture_age_ms(v, now_ms);

    return age_ms >= 0 && (age_ms >= PROTO_STALE_MS || !v->live);
}

const char *agent_view_end_words(enum proto_end end)
{
    static const char *const words[PROTO_END_COUNT] = {
        [PROTO_END_NONE] = N_("The session is over"),
        [PROTO_END_COMPLETED] = N_("The session is completed"),
        [PROTO_END_DECLINED] = N_("The customer declined"),
        [PROTO_END_CUSTOMER_LEFT] = N_("The customer has left"),
        [PROTO_END_AGENT_LEFT] = N_("You have left the session"),
        [PROTO_END_CONNECTION_LOST] = N_("The connection was lost"),
        [PROTO_END_EXPIRED] = N_("The invitation has run out"),
        [PROTO_END_WRONG_PERSON] = N_("Ended: it was the wrong person"),
        [PROTO_END_STOPPED_BY_OFFICER] = N_("A privacy officer has stopped the session"),
        [PROTO_END_FAILED] = N_("The session has failed"),
    };

    return words[(unsigned)end < PROTO_END_COUNT ? end : PROTO_END_NONE];
}

const char *agent_view_end_note(const struct agent_view *v)
{
    if (v->end_waits)
        return N_(
            "Your line is down. The customer is told as soon as it is back; until then nothing is shared. You need "
            "not wait here.");
    switch (v->end) {
    case PROTO_END_COMPLETED:
    case PROTO_END_AGENT_LEFT:
    case PROTO_END_WRONG_PERSON:
    case PROTO_END_STOPPED_BY_OFFICER:
        return v->end_message;
    default: /* the title says it */
        return "";
    }
}

bool agent_view_has_customer(const struct agent_view *v)
{
    return v->phase == AGENT_VIEW_INVITED || v->phase == AGENT_VIEW_JOINED;
}

size_t agent_view_chat_waits(const struct agent_view *v)
{
    enum agent_view_customer is = agent_view_customer(v);

    return is == AGENT_VIEW_CUSTOMER_CUT || is == AGENT_VIEW_CUSTOMER_SILENT ? v->chat_waits : 0;
}

const struct agent_view_chat *agent_view_chat_line(const struct agent_view *v, uint64_t n)
{
    const struct agent_view_chat *line = &v->chat[n % AGENT_VIEW_CHAT_MAX];

    return n < v->chat_count && v->chat_count - n <= AGENT_VIEW_CHAT_MAX && line->text ? line : NULL;
}
