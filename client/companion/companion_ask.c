/* SPDX-License-Identifier: Apache-2.0 */
/* Questions: each of a sheet is put before the person by itself, one after the other. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "client/companion/companion_inside.h"

static void show_first(struct client_companion *c)
{
    struct proto_buf text;

    if (c->asked || !c->question_count || c->config->json || c->config->json_orders)
        return; /* with JSON Lines the consent event is the question, a command the answer */
    c->questions[0].place = ++c->question_place;
    proto_buf_init(&text, 8192);
    client_words_question(&text, &c->questions[0]);
    c->asked = c->questions[0].capability;
    if (isatty(STDIN_FILENO))
        tcflush(STDIN_FILENO, TCIFLUSH); /* what was typed before the question was there is no answer to it */
    client_screen_text(c->screen, &text);
    proto_buf_free(&text);
}

static void add(struct client_companion *c, const struct proto_event *e)
{
    if (c->question_count == PROTO_REQUEST_MAX)
        return;
    if (c->question_count == 0)
        c->question_place = 0;
    snprintf(c->purpose, sizeof c->purpose, "%s", e->consent.purpose ? e->consent.purpose : ""); /* one for a sheet */
    c->questions[c->question_count++] = (struct client_question){.peer = client_companion_peer(c),
                                                                 .capability = e->consent.capability,
                                                                 .purpose = c->purpose,
                                                                 .max_s = e->consent.max_s,
                                                                 .retention_days = e->consent.retention_days,
                                                                 .of = e->consent.of};
}

static void refuse_unread(struct client_companion *c, enum proto_capability capability)
{
    client_companion_say(c, "", "", "* %s: nobody is there to answer, the input has ended; no answer is no",
                         proto_capability_label(capability));
    client_companion_answer(c, capability, false);
}

void client_companion_ask(struct client_companion *c, const struct proto_event *e)
{
    enum proto_capability capability = e->consent.capability;
    enum client_answer rule = client_consent_rule_answer(&c->config->consent, capability);

    if (rule != CLIENT_ANSWER_ASK) {
        client_companion_answer(c, capability, rule == CLIENT_ANSWER_GRANT);
        return;
    }
    if (c->input_ended) {
        refuse_unread(c, capability);
        return;
    }
    add(c, e);
    show_first(c);
}

void client_companion_answered(struct client_companion *c, enum proto_capability capability)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->question_count; i++)
        if (c->questions[i].capability != capability)
            c->questions[kept++] = c->questions[i];
    c->question_count = kept;
    if (c->asked == capability)
        c->asked = PROTO_CAPABILITY_NONE;
    show_first(c);
}

/* Whoever could have answered has gone. What runs goes on: a script may have said all it had to say. */
void client_companion_input_ended(void *context)
{
    struct client_companion *c = context;

    c->input_ended = true;
    while (c->question_count)
        refuse_unread(c, c->questions[0].capability);
    if (c->still.id && c->still.shown)
        client_companion_still_discard(c, c->still.id);
    host_uplink_kick(c->uplink);
}
