/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two devices of one person, and whoever sits between them: genuine messages are carried, turned, dropped and made up
 * as the input says. Nobody who lacks the code is let in, and nothing is heard that was not said.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/beside/beside.h"
#include "tests/fuzz/targets.h"

enum { MAIL_MAX = 64, STEPS_MAX = 64, SAID_MAX = 16 };

/* What one has sent and the other not yet taken. */
struct mail {
    uint8_t *bytes[MAIL_MAX]; /* owned */
    size_t len[MAIL_MAX], count;
};

struct pair {
    struct proto_beside ends[2]; /* the first device, the second */
    struct mail to[2];
    struct proto_random_seeded seeded;
    uint32_t said, heard; /* frames of the second: the last numbers */
    uint32_t floor;       /* what was read up to here was read under an older word of the first */
    int64_t now_ms;
    bool touched; /* somebody between them did more than carry */
};

static void send_to(struct pair *p, int whom, const uint8_t *bytes, size_t len)
{
    struct mail *mail = &p->to[whom];

    FUZZ_HOLDS(len > 0 && len <= PROTO_BESIDE_MESSAGE_MAX);
    if (mail->count == MAIL_MAX)
        return;
    mail->bytes[mail->count] = fuzz_exact(bytes, len);
    mail->len[mail->count++] = len;
}

static void from_first(void *context, const uint8_t *bytes, size_t len)
{
    send_to(context, 1, bytes, len);
}

static void from_second(void *context, const uint8_t *bytes, size_t len)
{
    send_to(context, 0, bytes, len);
}

static void take(struct pair *p, int whom, const uint8_t *bytes, size_t len, bool made_up)
{
    struct proto_beside *end = &p->ends[whom];
    handhold_BesideData *data = calloc(1, sizeof *data);
    enum proto_err err;

    FUZZ_HOLDS(data != NULL);
    enum proto_beside_kind kind = proto_beside_take(end, bytes, len, p->now_ms, data, &err);

    FUZZ_HOLDS(!made_up || (kind != PROTO_BESIDE_UP && kind != PROTO_BESIDE_DATA));
    FUZZ_HOLDS(kind != PROTO_BESIDE_BROKEN || !end->up);
    FUZZ_HOLDS(kind != PROTO_BESIDE_BURNT || end->guesses >= PROTO_BESIDE_GUESSES);
    if (kind == PROTO_BESIDE_UP && whom == 0)
        proto_beside_capture(end, end->wanted);
    if (kind == PROTO_BESIDE_DATA && whom == 0) {
        uint32_t number = 0;

        FUZZ_HOLDS(data->which_body == handhold_BesideData_frame_tag && data->body.frame.size == sizeof number);
        memcpy(&number, data->body.frame.bytes, sizeof number);
        FUZZ_HOLDS(number > p->heard && number <= p->said); /* in order, once, and really said */
        FUZZ_HOLDS(end->wanted && number > p->floor);       /* under the word that holds */
        p->heard = number;
    }
    free(data);
}

static void drop_first(struct mail *mail)
{
    free(mail->bytes[0]);
    mail->count--;
    memmove(mail->bytes, mail->bytes + 1, mail->count * sizeof *mail->bytes);
    memmove(mail->len, mail->len + 1, mail->count * sizeof *mail->len);
}

static void carry(struct pair *p, int whom)
{
    struct mail *mail = &p->to[whom];

    if (!mail->count)
        return;
    take(p, whom, mail->bytes[0], mail->len[0], false);
    drop_first(mail);
}

static void carry_all(struct pair *p)
{
    p->now_ms += PROTO_BESIDE_BEAT_MS;
    for (int i = 0; i < 2; i++)
        proto_beside_tick(&p->ends[i], p->now_ms);
    while (p->to[0].count || p->to[1].count) {
        carry(p, 1);
        carry(p, 0);
    }
}

/* A new connection of both. */
static void meet(struct pair *p)
{
    uint8_t sid[PROTO_SID_BYTES];
    struct proto_random random = proto_random_from_seeded(&p->seeded);

    proto_random_fill(&random, sid, sizeof sid);
    proto_beside_present(&p->ends[1], true, sid);
    proto_beside_present(&p->ends[0], true, sid);
}

static void say(struct pair *p)
{
    uint32_t number = p->said + 1;

    if (p->said < SAID_MAX && proto_beside_tell(&p->ends[1], (const uint8_t *)&number, sizeof number) == PROTO_OK)
        p->said++;
}

static void change_mind(struct pair *p)
{
    p->floor = p->said;
    proto_beside_capture(&p->ends[0], !p->ends[0].wanted);
}

static void begin(struct pair *p)
{
    static const uint8_t seed[32] = {7};
    struct proto_invite_code code;

    proto_random_seeded_init(&p->seeded, seed);
    struct proto_random random = proto_random_from_seeded(&p->seeded);

    FUZZ_READY(proto_invite_code_new(&code, "4071", &random));
    for (int i = 0; i < 2; i++) {
        p->ends[i] = (struct proto_beside){
            .first = i == 0, .random = random, .send = i ? from_second : from_first, .context = p};
        FUZZ_READY(proto_beside_begin(&p->ends[i], "help.example.org", &code));
    }
    proto_beside_capture(&p->ends[0], true);
    meet(p);
}

/* One decision of whoever sits between the two. */
static void step(struct pair *p, struct fuzz_bytes *in)
{
    uint8_t what = fuzz_u8(in);
    int whom = what & 1;
    struct mail *mail = &p->to[whom];
    const uint8_t *bytes;
    size_t len;

    p->touched = p->touched || (what >> 1) % 8 >= 4;
    switch ((what >> 1) % 8) {
    case 0:
    case 1:
        carry(p, whom);
        break;
    case 2:
        carry_all(p);
        break;
    case 3:
        say(p);
        break;
    case 4:
        whom ? change_mind(p) : meet(p);
        break;
    case 5: /* made up */
        bytes = fuzz_take_lv(in, &len);
        if (len && len <= PROTO_BESIDE_MESSAGE_MAX)
            take(p, whom, bytes, len, true);
        break;
    case 6: /* turned */
        if (mail->count)
            mail->bytes[0][fuzz_u16(in) % mail->len[0]] ^= (uint8_t)(1 + fuzz_u8(in) % 255);
        break;
    default: /* dropped */
        if (mail->count)
            drop_first(mail);
        break;
    }
}

static bool feed(const uint8_t *bytes, size_t len)
{
    struct fuzz_bytes in = {bytes, bytes + len};
    struct pair *p = calloc(1, sizeof *p);
    bool good;

    FUZZ_HOLDS(p != NULL);
    begin(p);
    for (int i = 0; i < STEPS_MAX && fuzz_more(&in); i++)
        step(p, &in);
    good = p->ends[0].up && p->ends[1].up && p->heard == p->said;
    for (int i = 0; i < 2; i++) {
        while (p->to[i].count)
            drop_first(&p->to[i]);
        proto_beside_clear(&p->ends[i]);
    }
    free(p);
    return good;
}

static void seeds(struct fuzz_seeds *seeds)
{
    static const uint8_t linked[] = {2 << 1, 3 << 1, 3 << 1, 2 << 1};
    static const uint8_t twice[] = {2 << 1, 3 << 1, 4 << 1 | 1, 4 << 1 | 1, 2 << 1, 3 << 1, 2 << 1};
    static const uint8_t again[] = {2 << 1, 3 << 1, 2 << 1, 4 << 1, 2 << 1, 3 << 1, 2 << 1};

    fuzz_seed_add(seeds, "linked", linked, sizeof linked);
    fuzz_seed_add(seeds, "allowed-twice", twice, sizeof twice);
    fuzz_seed_add(seeds, "again", again, sizeof again);
}

const struct fuzz_target fuzz_beside = {"beside", 1024, feed, seeds, 300};
