/* SPDX-License-Identifier: Apache-2.0 */
/* The table of tests/cut/table.c in the simulated world, on either line; and a cut behind every single message. */
#include "tests/proto/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/consent/statement.h"
#include "proto/seal/note.h"
#include "tests/cut/cut.h"
#include "tests/simulation/sim.h"

enum { PATIENCE_MS = 60000, AWAY_MS = 20000, STILL_BYTES = 5 * PROTO_STILL_PART_BYTES };

struct place {
    struct sim sim;
    struct cut_world world;
    int64_t since_ms;
};

static struct place *at(void *context)
{
    return context;
}

static struct sim_end *end_of(struct place *p, enum cut_who who)
{
    return who == CUT_AGENT ? &p->sim.sessions[0].agent : &p->sim.sessions[0].customer;
}

/* ---- what is heard ---- */

static void hear_data(struct cut_ear *ear, const struct sim_end *end, const handhold_Data *data)
{
    if (data->which_body == handhold_Data_chat_tag)
        cut_hears(ear, "chat %u", end->chat_got + 1);
    else if (data->which_body == handhold_Data_paused_tag)
        cut_hears(ear, "%s by %s", data->body.paused.paused ? "paused" : "going on", data->body.paused.by);
    else if (data->which_body == handhold_Data_goodbye_tag)
        cut_hears(ear, "goodbye");
}

static void hear_event(void *context, const struct sim_end *end, const struct proto_event *e)
{
    struct cut_ear *ear = &at(context)->world.ear[end->customer ? CUT_CUSTOMER : CUT_AGENT];

    switch (e->kind) {
    case PROTO_EVENT_JOINED:
        cut_hears(ear, "joined");
        break;
    case PROTO_EVENT_CONSENT:
        cut_hears(ear, "consent %s %s", proto_capability_name(e->consent.capability),
                  proto_consent_state_name(e->consent.state));
        break;
    case PROTO_EVENT_CONNECTION:
        cut_hears(ear, "connection %s", proto_connection_state_name(e->connection.state));
        break;
    case PROTO_EVENT_CAPTURE:
        cut_hears(ear, "capture %s %s", proto_capability_name(e->capture.capability), e->capture.on ? "on" : "off");
        break;
    case PROTO_EVENT_MEDIA:
        if (e->media.capability == PROTO_CAPABILITY_CAMERA || e->media.capability == PROTO_CAPABILITY_MICROPHONE)
            cut_hears(ear, e->media.capability == PROTO_CAPABILITY_CAMERA ? "picture" : "voice");
        break;
    case PROTO_EVENT_LIVE:
        cut_hears(ear, "live %s", e->live ? "true" : "false");
        break;
    case PROTO_EVENT_STILL:
        cut_hears(ear, "still %s",
                  e->still.step == PROTO_STILL_STEP_ASKED ? "taken" : proto_still_step_name(e->still.step));
        break;
    case PROTO_EVENT_HOLD:
        cut_hears(ear, "%s by agent", e->hold.on ? "paused" : "going on");
        break;
    case PROTO_EVENT_DATA:
        hear_data(ear, end, e->data);
        break;
    case PROTO_EVENT_ALARM:
    case PROTO_EVENT_ERROR:
        cut_hears(ear, "error %s", proto_err_name(e->error.err));
        break;
    case PROTO_EVENT_ENDED:
        cut_hears(ear, "ended %s", proto_end_name(e->ended.reason));
        break;
    default:
        break;
    }
}

/* ---- what is done ---- */

static bool hear(void *context)
{
    struct place *p = at(context);

    return sim_step(&p->sim) && !p->sim.failure[0] && p->sim.now.mono_ms < p->since_ms + PATIENCE_MS;
}

static enum proto_err say(struct place *p, struct sim_end *end)
{
    handhold_Data data = {.which_body = handhold_Data_chat_tag};

    snprintf(data.body.chat.text, sizeof data.body.chat.text, SIM_PLANT " %u %u", end->home->number,
             end->chat_sent + 1);
    enum proto_err err = proto_session_send_data(end->session, &data, p->sim.now);
    end->chat_sent += !err;
    return err;
}

static enum proto_err send_photo(struct place *p, struct sim_end *customer)
{
    static uint8_t bytes[STILL_BYTES];
    const struct proto_still still = {bytes, sizeof bytes, 640, 480, "image/jpeg"};
    uint32_t id = customer->still;

    sim_still_fill(customer->home, id, bytes, sizeof bytes);
    enum proto_err err = proto_session_still_send(customer->session, id, &still, p->sim.now);
    if (!err)
        customer->home->still_sent[id] = sizeof bytes;
    return err;
}

/* Who has no sheet before them cannot tap. */
static enum proto_err allow(struct place *p, struct sim_end *customer, enum proto_capability capability)
{
    unsigned before = customer->home->grant_count;

    if (customer->asked & 1u << capability)
        sim_customer_allows(&p->sim, customer, capability);
    if (customer->home->grant_count == before)
        return PROTO_ERR_CONSENT;
    customer->asked &= ~(1u << capability);
    return PROTO_OK;
}

static enum proto_err not_now(struct place *p, struct sim_end *customer, enum proto_capability capability)
{
    if (!(customer->asked & 1u << capability))
        return PROTO_ERR_CONSENT;
    customer->asked &= ~(1u << capability);
    return proto_session_refuse(customer->session, capability, p->sim.now);
}

static enum proto_err ask(struct place *p, const enum proto_capability *row, size_t count)
{
    return proto_session_request_many(end_of(p, CUT_AGENT)->session, row, count, SIM_PURPOSE, 0, p->sim.now);
}

/* The page is open as soon as it has reached the relay, or would have. */
static enum proto_err join(struct place *p, struct sim_end *customer)
{
    if (!customer->session)
        sim_customer_arrives(&p->sim, &p->sim.sessions[0]);
    return customer->line.up ? PROTO_OK : PROTO_ERR_STATE;
}

static enum proto_err hold(struct place *p, struct sim_end *agent, bool on)
{
    enum proto_err err = proto_session_hold(agent->session, on, p->sim.now);

    if (!err)
        agent->on_hold = on;
    return err;
}

static enum proto_err goodbye(struct place *p, struct sim_end *agent)
{
    enum proto_err err = proto_session_goodbye(agent->session, p->sim.now);

    agent->goodbye = !err;
    return err;
}

static enum proto_err rate(struct place *p, struct sim_end *customer)
{
    enum proto_err err = proto_session_rate(customer->session, 5, true, p->sim.now);

    if (!err)
        proto_session_end(customer->session, PROTO_END_COMPLETED, p->sim.now);
    return err;
}

static enum proto_err try_of_customer(struct place *p, enum cut_deed deed)
{
    struct sim_end *customer = end_of(p, CUT_CUSTOMER);
    struct proto_now now = p->sim.now;

    switch (deed) {
    case CUT_JOIN:
        return join(p, customer);
    case CUT_ALLOW:
        return allow(p, customer, PROTO_CAPABILITY_CAMERA);
    case CUT_ALLOW_STILL:
        return allow(p, customer, PROTO_CAPABILITY_STILL);
    case CUT_ALLOW_VOICE:
        return allow(p, customer, PROTO_CAPABILITY_MICROPHONE);
    case CUT_NOT_NOW:
        return not_now(p, customer, PROTO_CAPABILITY_CAMERA);
    case CUT_NOT_NOW_STILL:
        return not_now(p, customer, PROTO_CAPABILITY_STILL);
    case CUT_SEND:
        return send_photo(p, customer);
    case CUT_CUSTOMER_SAYS:
        return say(p, customer);
    case CUT_PAUSE:
    case CUT_GO_ON:
        return proto_session_pause(customer->session, deed == CUT_PAUSE, "customer", "asked", now);
    case CUT_WITHDRAW:
        return proto_session_withdraw(customer->session, PROTO_CAPABILITY_CAMERA, now);
    case CUT_RATE:
        return rate(p, customer);
    case CUT_LEAVE:
        proto_session_end(customer->session, PROTO_END_CUSTOMER_LEFT, now);
        return PROTO_OK;
    default:
        return PROTO_OK;
    }
}

static enum proto_err try_of_agent(struct place *p, enum cut_deed deed)
{
    static const enum proto_capability wanted[] = {PROTO_CAPABILITY_CAMERA, PROTO_CAPABILITY_STILL},
                                       voice = PROTO_CAPABILITY_MICROPHONE;
    struct sim_end *agent = end_of(p, CUT_AGENT);
    struct proto_now now = p->sim.now;
    uint32_t id;

    switch (deed) {
    case CUT_ASK:
        return ask(p, wanted, 1);
    case CUT_ASK_STILL:
        return ask(p, wanted + 1, 1);
    case CUT_ASK_BOTH:
        return ask(p, wanted, 2);
    case CUT_ASK_VOICE:
        return ask(p, &voice, 1);
    case CUT_PHOTO:
        return proto_session_still_ask(agent->session, &id, now);
    case CUT_AGENT_SAYS:
        return say(p, agent);
    case CUT_HOLD:
    case CUT_BACK:
        return hold(p, agent, deed == CUT_HOLD);
    case CUT_GOODBYE:
        return goodbye(p, agent);
    case CUT_END:
    case CUT_WRONG_PERSON:
        proto_session_end(agent->session, deed == CUT_END ? PROTO_END_COMPLETED : PROTO_END_WRONG_PERSON, now);
        return PROTO_OK;
    default:
        return PROTO_OK;
    }
}

/* What cannot be done while the line is away is tried again when it is back, as people do. */
static void deed(void *context, enum cut_deed deed, int number)
{
    struct place *p = at(context);
    enum proto_err err;

    (void)number;
    p->since_ms = p->sim.now.mono_ms;
    while (((err = try_of_customer(p, deed)) != PROTO_OK || (err = try_of_agent(p, deed)) != PROTO_OK) && hear(p))
        continue;
    if (err)
        fail_msg("deed %d was refused: %s", (int)deed, proto_err_name(err));
}

/* ---- the world ---- */

static void set_line(void *context, enum cut_line how)
{
    struct place *p = at(context);
    struct sim_connection *line = &end_of(p, p->world.cut)->line;

    line->held = how == CUT_HELD || how == CUT_SILENT;
    line->deaf = how == CUT_ONE_WAY;
    line->mute = how == CUT_UNHEARD;
    line->hold_behind = how == CUT_HALF ? STILL_BYTES / 2 : 0;
    if (how == CUT_CUT || how == CUT_AWAY)
        sim_net_cut(&p->sim, line);
    while (how == CUT_WHOLE && line->away && p->sim.now.mono_ms < p->since_ms + AWAY_MS && hear(p))
        continue;
    line->away = how == CUT_AWAY;
}

static bool half(void *context)
{
    struct place *p = at(context);

    return end_of(p, p->world.cut)->line.held;
}

static void anew(void *context)
{
    at(context)->since_ms = at(context)->sim.now.mono_ms;
}

static enum proto_err count_entry(void *context, const struct relay_store_entry *entry)
{
    (void)entry;
    ++*(size_t *)context;
    return PROTO_OK;
}

static size_t logged(void *context)
{
    struct place *p = at(context);
    size_t count = 0;

    assert_int_equal(relay_store_each_entry_of(p->sim.store, p->sim.sessions[0].sid, count_entry, &count), PROTO_OK);
    return count;
}

struct reading {
    const struct sim *sim;
    char *out;
    size_t size;
};

static void read_note(struct reading *r, const struct proto_evidence_note *note)
{
    struct proto_note_parts parts;
    struct proto_statement st;
    struct proto_event_note event;
    size_t len = strlen(r->out);

    assert_int_equal(proto_note_split(&parts, note->bytes, note->len), PROTO_OK);
    if (!proto_event_note_parse(parts.text, parts.text_len, &event) && event.action == PROTO_ACT_ENDED)
        snprintf(r->out + len, r->size - len, ", ended %s", proto_event_note_get(&event, "reason"));
    if (proto_statement_parse(parts.text, parts.text_len, &st) ||
        (st.action != PROTO_STATEMENT_GRANT && st.action != PROTO_STATEMENT_WITHDRAW &&
         st.action != PROTO_STATEMENT_REFUSE))
        return;
    snprintf(r->out + len, r->size - len, "%s%s %s", len ? ", " : "", proto_statement_action_name(st.action),
             proto_capability_name(st.capability));
}

static enum proto_err read_entry(void *context, const struct relay_store_entry *entry)
{
    struct reading *r = context;
    struct proto_evidence evidence;
    struct proto_buf plain;

    proto_buf_init(&plain, PROTO_MAX_EVIDENCE_BYTES);
    assert_int_equal(proto_evidence_open(entry->evidence, entry->evidence_len, r->sim->policy.evidence_key,
                                         r->sim->evidence_secret, &plain, &evidence),
                     PROTO_OK);
    for (size_t i = 0; i < evidence.count; i++)
        read_note(r, &evidence.notes[i]);
    proto_buf_free(&plain);
    return PROTO_OK;
}

static void read_log(void *context, char *out, size_t size)
{
    struct place *p = at(context);
    struct reading r = {&p->sim, out, size};

    out[0] = '\0';
    assert_int_equal(relay_store_each_entry_of(p->sim.store, p->sim.sessions[0].sid, read_entry, &r), PROTO_OK);
}

/* A while longer, for what is still owed to the log. */
static void over(void *context)
{
    struct place *p = at(context);

    anew(context);
    while (sim_step(&p->sim) && p->sim.now.mono_ms < p->since_ms + PATIENCE_MS)
        continue;
}

static void fail_world(void *context, const char *text)
{
    struct place *p = at(context);

    fail_msg("the %s's line, message %llu: %s%s%s", p->world.cut == CUT_AGENT ? "agent" : "customer",
             (unsigned long long)end_of(p, p->world.cut)->line.cut_at, p->sim.failure, p->sim.failure[0] ? "\n" : "",
             text);
    abort();
}

static struct place *begin(enum cut_who line, uint64_t seed)
{
    struct place *p = test_calloc(1, sizeof *p);

    sim_begin(&p->sim, NULL, seed, 1, (struct sim_faults){0});
    p->sim.scripted = true;
    p->sim.verbose = getenv("CUT_VERBOSE") != NULL;
    p->sim.heard = hear_event;
    p->sim.context = p;
    p->world.cut = line;
    p->world.context = p;
    p->world.deed = deed;
    p->world.line = set_line;
    p->world.half = half;
    p->world.hear = hear;
    p->world.anew = anew;
    p->world.logged = logged;
    p->world.log = read_log;
    p->world.over = over;
    p->world.fail = fail_world;
    p->world.sees_each = true;
    anew(p);
    while (!p->sim.sessions[0].sid_known && hear(p))
        continue;
    return p;
}

static void end(struct place *p)
{
    if (!p->sim.failure[0])
        sim_judge_log(&p->sim);
    if (p->sim.failure[0])
        fail_world(p, "");
    sim_end(&p->sim);
    test_free(p);
}

/* ---- the tests ---- */

static void an_instant_of_the_table_on_either_line(void **state)
{
    const struct cut_row *row = *state;

    for (int line = 0; line < CUT_WHO; line++) {
        if (!cut_is_of(row, (enum cut_who)line))
            continue;
        struct place *p = begin((enum cut_who)line, (uint64_t)(row - cut_rows) + 1);
        cut_run(&p->world, row);
        end(p);
    }
}

/* Until a cut comes later than all that is said. */
static void behind_every_single_message_of_a_session(void **state)
{
    uint64_t at_message = 1, carried = 0;

    (void)state;
    for (int line = 0; line < CUT_WHO; line++, at_message = 1) {
        do {
            struct place *p = begin((enum cut_who)line, at_message);
            end_of(p, p->world.cut)->line.cut_at = at_message;
            cut_run_long(&p->world, &cut_long_session);
            carried = end_of(p, p->world.cut)->line.carried;
            end(p);
        } while (at_message++ < carried);
        print_message("         the %s's line was cut behind each of %llu messages\n",
                      line == CUT_AGENT ? "agent" : "customer", (unsigned long long)carried);
        assert_true(carried > 50);
    }
}

int main(void)
{
    return cut_main("behind_every_single_message_of_a_session", behind_every_single_message_of_a_session,
                    an_instant_of_the_table_on_either_line, NULL, NULL);
}
