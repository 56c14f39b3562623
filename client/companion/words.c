/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/words.h"

#include <inttypes.h>
#include <string.h>

void client_words_peer(struct proto_buf *out, const struct client_peer *peer)
{
    proto_words_clean(out, peer->name);
    proto_buf_put_text(out, " of ");
    proto_words_clean(out, peer->organisation);
    proto_buf_put_text(out, peer->verified ? " (VERIFIED)" : " (UNVERIFIED - ANYONE CAN CLAIM THIS NAME)");
}

static void put_until(struct proto_buf *out, uint32_t max_s)
{
    if (max_s == 0) {
        proto_buf_put_text(out, "until you take it back or the session ends");
        return;
    }
    proto_buf_put_text(out, "for ");
    proto_words_duration(out, max_s);
    proto_buf_put_text(out, " at most; you can take it back at any time");
}

static void put_kept(struct proto_buf *out, uint32_t days)
{
    if (days == 0)
        proto_buf_put_text(out, "nothing beyond the record that you were asked");
    else
        proto_buf_printf(out, "what is stored of it, %" PRIu32 " day%s", days, days == 1 ? "" : "s");
}

void client_words_question(struct proto_buf *out, const struct client_question *q)
{
    const char *label = proto_capability_label(q->capability);

    proto_buf_put_text(out, "\n");
    if (!q->peer.verified)
        proto_buf_put_text(out, "  !! UNVERIFIED ORGANISATION. Anyone can claim this name.\n"
                                "  !! Go on only if you know for certain who this is.\n");
    proto_buf_put_text(out, "  Who         ");
    client_words_peer(out, &q->peer);
    proto_buf_printf(out, "\n  Asks for    %s\n  Says why    \"", label ? label : "something unknown");
    proto_words_clean(out, q->purpose);
    proto_buf_put_text(out, "\"\n  How long    ");
    put_until(out, q->max_s);
    proto_buf_put_text(out, "\n  Is kept     ");
    put_kept(out, q->retention_days);
    if (q->of > 1)
        proto_buf_printf(out, "\n  Question    %u of %u; each is answered by itself", q->place, q->of);
    proto_buf_put_text(out, "\n  Allow? [y/N] ");
}

void client_words_graph(struct proto_buf *out, const double *values, size_t count)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    enum { BARS = sizeof bars / sizeof *bars };
    double top = 0;

    for (size_t i = 0; i < count; i++)
        top = values[i] > top ? values[i] : top;
    for (size_t i = 0; i < count; i++)
        proto_buf_put_text(out, bars[top > 0 && values[i] > 0 ? (int)(values[i] / top * (BARS - 1) + 0.5) : 0]);
}

static void put_quality(struct proto_buf *out, const struct client_status *s)
{
    static const struct {
        const char *quality, *words;
    } all[] = {{"good", "good picture"},
               {"smaller", "smaller picture, the line carries no more"},
               {"poor", "poor picture, the line carries little"},
               {"stills", "sharp stills, the line carries very little"}};

    for (size_t i = 0; s->quality && i < sizeof all / sizeof *all; i++)
        if (!strcmp(s->quality, all[i].quality))
            proto_buf_printf(out, " · %s ", all[i].words);
    if (s->quality)
        client_words_graph(out, s->kbps, s->seconds);
}

static void put_sending(struct proto_buf *out, const struct client_status *s)
{
    proto_buf_put_text(out, "SENDING ");
    for (size_t i = 0; i < s->count; i++) {
        const char *label = proto_capability_label(s->sending[i].capability);

        if (i > 0)
            proto_buf_put_text(out, ", ");
        proto_buf_put_text(out, label ? label : "?");
        if (s->sending[i].left_s >= 0) {
            proto_buf_put_text(out, " (");
            proto_words_duration(out, s->sending[i].left_s);
            proto_buf_put_text(out, " left)");
        }
    }
    proto_buf_put_text(out, " to ");
    client_words_peer(out, &s->peer);
    put_quality(out, s);
}

static void put_allowed(struct proto_buf *out, const struct client_status *s)
{
    bool first = true;

    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        if (!(s->allowed & 1u << c))
            continue;
        proto_buf_put_text(out, first ? "; also allowed: " : ", ");
        proto_buf_put_text(out, proto_capability_label((enum proto_capability)c));
        first = false;
    }
}

void client_words_status(struct proto_buf *out, const struct client_status *s)
{
    if (s->over)
        proto_buf_put_text(out, "The session is over. Nothing is sent.");
    else if (!s->connected)
        proto_buf_put_text(out, s->peer.name ? "Connecting again. Nothing is sent." : "Connecting. Nothing is sent.");
    else if (!s->peer.name)
        proto_buf_put_text(out, "Waiting for the agent. Nothing is sent.");
    else if (s->held)
        proto_buf_put_text(out, "ON HOLD by the agent. Nothing is sent.");
    else if (s->paused)
        proto_buf_put_text(out, "PAUSED. Nothing is sent. r goes on, q ends.");
    else if (s->count == 0) {
        proto_buf_put_text(out, "Nothing is sent. With you: ");
        client_words_peer(out, &s->peer);
        put_allowed(out, s);
    } else {
        put_sending(out, s);
        put_allowed(out, s);
    }
}
