/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any sequence of messages to the relay's core. Nobody here proves anything to anybody: connections of strangers, staff
 * and an officer say what the input makes them say, in the order in which it wants it, while the log works or does not.
 * session.c does the same between genuine ends, which costs a hundred times as much.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/targets.h"
#include "tests/relay/core_world.h"

enum { CONNECTIONS = 8, SESSIONS = 4, KEPT = 8, STEPS_MAX = 200, ROWS_MOST = 40, STRANGERS = 2 };

enum step {
    STEP_CONNECT,
    STEP_CLOSE,
    STEP_HELLO,
    STEP_OPEN,
    STEP_KEY,
    STEP_GATE,
    STEP_LOG,
    STEP_LEAVE,
    STEP_ASK,  /* any kind of question, its body any bytes */
    STEP_SEND, /* any type of message, its body any bytes */
    STEP_MEDIA,
    STEP_AGAIN, /* what was said before, some bits of it turned */
    STEP_HEAR,
    STEP_WORK, /* the log answers */
    STEP_DISK, /* … with an error from now on, or well again */
    STEP_TIME,
    STEP_ORDER, /* the operator's */
    STEPS
};

struct talk {
    struct world w;
    struct session sessions[SESSIONS];
    uint32_t connections[CONNECTIONS]; /* 0: none */
    bool staff[CONNECTIONS];
    struct fuzz_bytes in;
    struct {
        uint8_t bytes[1024];
        size_t len;
    } kept[KEPT];
    unsigned kept_count, opened, gates;
};

/* ---- what is heard ---- */

/* Whatever a core says can be read, fits, and tells a stranger nothing that is staff's. */
static void watch(struct talk *t, bool staff, const uint8_t *message, size_t len)
{
    static handhold_FromRelay heard;
    struct proto_envelope envelope;

    FUZZ_HOLDS(len >= PROTO_ENVELOPE_BYTES && len <= proto_type_max_bytes(message[0]));
    if (message[0] == PROTO_TYPE_MEDIA) {
        FUZZ_HOLDS(t->gates); /* a customer has signed for one */
        return;
    }
    FUZZ_HOLDS(!proto_envelope_parse(message, len, &envelope));
    if (envelope.type != PROTO_TYPE_RELAY)
        return;
    FUZZ_HOLDS(!proto_message_decode(message + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES,
                                     handhold_FromRelay_fields, &heard, sizeof heard));
    switch (heard.which_body) {
    case handhold_FromRelay_opened_tag:
    case handhold_FromRelay_erasure_plan_tag:
    case handhold_FromRelay_officer_answer_tag:
    case handhold_FromRelay_log_part_tag:
    case handhold_FromRelay_renew_answer_tag:
    case handhold_FromRelay_renew_request_tag:
    case handhold_FromRelay_kept_part_tag:
    case handhold_FromRelay_kept_answer_tag:
        FUZZ_HOLDS(staff);
    }
}

static void hear(struct talk *t, unsigned i, unsigned most)
{
    const uint8_t *message;
    size_t len;

    while (most-- && t->connections[i] &&
           (message = relay_core_pending(t->w.core, t->connections[i], &len, t->w.now))) {
        watch(t, t->staff[i], message, len);
        relay_core_sent(t->w.core, t->connections[i]);
    }
}

static void leave(struct talk *t, unsigned i)
{
    if (!t->connections[i])
        return;
    hear(t, i, 1000);
    relay_core_closed(t->w.core, t->connections[i], t->w.now);
    t->connections[i] = 0;
}

static void obey(struct talk *t)
{
    uint32_t connection;
    bool close;

    while (relay_core_next_wake(t->w.core, &connection, &close))
        for (unsigned i = 0; close && i < CONNECTIONS; i++)
            if (t->connections[i] == connection)
                leave(t, i);
}

static void hold(struct talk *t)
{
    struct relay_core_figures figures;
    uint64_t open = 0;

    obey(t);
    for (unsigned i = 0; i < CONNECTIONS; i++)
        open += t->connections[i] != 0;
    relay_core_figures(t->w.core, &figures);
    FUZZ_HOLDS(figures.connections == open);
    FUZZ_HOLDS(figures.sessions_live + figures.sessions_waiting <= (uint64_t)t->w.limits.sessions);
    FUZZ_HOLDS(figures.queue_bytes <= (uint64_t)t->w.limits.queue_bytes_all);
}

/* ---- what is said ---- */

static void say(struct talk *t, unsigned i, const uint8_t *message, size_t len)
{
    if (!t->connections[i])
        return;
    if (len <= sizeof t->kept[0].bytes) {
        memcpy(t->kept[t->kept_count % KEPT].bytes, message, len);
        t->kept[t->kept_count++ % KEPT].len = len;
    }
    if (len && !relay_core_takes(t->w.core, t->connections[i], message[0], len)) {
        leave(t, i);
        return;
    }
    uint8_t *exact = fuzz_exact(message, len);
    enum proto_err err = relay_core_feed(t->w.core, t->connections[i], exact, len, t->w.now);

    free(exact);
    if (err)
        leave(t, i);
}

static void say_enveloped(struct talk *t, unsigned i, enum proto_type type, uint8_t src, uint8_t dst,
                          const uint8_t *body, size_t len)
{
    uint8_t *message = malloc(PROTO_ENVELOPE_BYTES + len);

    FUZZ_HOLDS(message);
    proto_envelope_write(message, type, src, dst);
    if (len)
        memcpy(message + PROTO_ENVELOPE_BYTES, body, len);
    say(t, i, message, PROTO_ENVELOPE_BYTES + len);
    free(message);
}

static void say_to_relay(struct talk *t, unsigned i, uint8_t src, const handhold_ToRelay *message)
{
    struct proto_buf body;

    proto_buf_init(&body, PROTO_MAX_RELAY_BYTES);
    if (!proto_message_encode(&body, handhold_ToRelay_fields, message))
        say_enveloped(t, i, PROTO_TYPE_RELAY, src, 0, body.bytes, body.len);
    proto_buf_free(&body);
}

static struct session *some_session(struct talk *t)
{
    return &t->sessions[fuzz_u8(&t->in) % SESSIONS];
}

/* The seat of whoever says it, mostly: 1 a stranger, 2 one of staff. */
static uint8_t some_index(struct talk *t, unsigned i)
{
    uint8_t how = fuzz_u8(&t->in);

    return how < 240 ? (t->staff[i] ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER) : (uint8_t)(how & 3);
}

static void step_connect(struct talk *t, unsigned i)
{
    static const char *const addresses[STRANGERS] = {"192.0.2.1", "2001:db8::1"};
    uint8_t who = fuzz_u8(&t->in) % (STRANGERS + WORLD_STAFF);

    leave(t, i);
    t->staff[i] = who >= STRANGERS;
    if (!relay_core_open(t->w.core, ++t->w.connections, addresses[who % STRANGERS],
                         t->staff[i] ? &t->w.staff[who - STRANGERS] : NULL, t->w.now))
        t->connections[i] = t->w.connections;
}

static void step_hello(struct talk *t, unsigned i)
{
    static handhold_ToRelay hello;
    const struct session *s = some_session(t);
    handhold_Hello *body = &hello.body.hello;

    hello = (handhold_ToRelay){.which_body = handhold_ToRelay_hello_tag};
    switch (fuzz_u8(&t->in) % 6) {
    case 0:
        body->which_seat = handhold_Hello_staff_tag;
        body->seat.staff = true;
        break;
    case 1:
        body->which_seat = handhold_Hello_sid_tag;
        memcpy(body->seat.sid, s->sid, sizeof s->sid);
        break;
    case 2:
        body->which_seat = handhold_Hello_nameplate_tag;
        memcpy(body->seat.nameplate, s->nameplate, sizeof s->nameplate);
        break;
    case 3:
        body->which_seat = handhold_Hello_token_tag;
        memcpy(body->seat.token, t->staff[i] ? s->agent_token : s->customer_token, 32);
        break;
    case 4:
        body->which_seat = handhold_Hello_beside_tag;
        break;
    }
    (void)!PROTO_SET_BYTES(body->session_key, s->cs_public, 32);
    say_to_relay(t, i, 0, &hello);
}

/* What an end learns of its seat, so that it can come back to it. */
static void learn(struct talk *t, struct session *s, unsigned i)
{
    const handhold_FromRelay *heard;

    if (!t->connections[i])
        return;
    world_work(&t->w);
    heard = world_hear(&t->w, t->connections[i],
                       t->staff[i] ? handhold_FromRelay_opened_tag : handhold_FromRelay_welcome_tag);
    if (!heard)
        return;
    if (!t->staff[i]) {
        memcpy(s->customer_token, heard->body.welcome.token.bytes, 32);
        return;
    }
    memcpy(s->agent_token, heard->body.opened.token, 32);
    memcpy(s->nameplate, heard->body.opened.nameplate, sizeof s->nameplate);
    s->nameplate[sizeof s->nameplate - 1] = 0;
}

static void step_open(struct talk *t, unsigned i)
{
    struct session *s = some_session(t);

    if (t->opened == ROWS_MOST || !t->connections[i])
        return;
    t->opened++;
    if (session_ask(&t->w, s, t->connections[i]))
        leave(t, i);
    else
        learn(t, s, i);
}

static void step_key(struct talk *t, unsigned i)
{
    static handhold_ToRelay message;

    message = (handhold_ToRelay){.which_body = handhold_ToRelay_session_key_tag};
    memcpy(message.body.session_key.session_key, some_session(t)->cs_public, 32);
    say_to_relay(t, i, some_index(t, i), &message);
}

/* For the newest statement in the log, signed by the customer of some session. */
static void step_gate(struct talk *t, unsigned i)
{
    static handhold_ToRelay message;
    struct session *s = some_session(t);
    uint8_t how = fuzz_u8(&t->in), bytes[PROTO_GATE_BYTES];
    struct proto_gate gate = {.gate_seq = s->gate_seq + (how & 3),
                              .open = !(how & 4),
                              .src = how & 8 ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER,
                              .dst = how & 8 ? PROTO_INDEX_CUSTOMER : PROTO_INDEX_AGENT,
                              .stream = fuzz_u8(&t->in),
                              .capability = (enum proto_capability)(fuzz_u8(&t->in) % PROTO_CAPABILITY_COUNT),
                              .ttl_s = fuzz_u8(&t->in)};

    for (size_t at = t->w.entry_count; at--;)
        if (t->w.entries[at].kind == PROTO_LOG_STATEMENT) {
            memcpy(gate.leaf_hash, t->w.entries[at].leaf_hash, sizeof gate.leaf_hash);
            break;
        }
    memcpy(gate.sid, s->sid, sizeof gate.sid);
    memcpy(gate.grantee, t->w.staff[how >> 4 & 1].fingerprint, sizeof gate.grantee);
    if (!t->connections[i] || proto_gate_sign(&gate, s->cs_secret, bytes))
        return;
    t->gates++;
    s->gate_seq += how & 3;
    message = (handhold_ToRelay){.which_body = handhold_ToRelay_gate_tag};
    (void)!PROTO_SET_BYTES(message.body.gate, bytes, sizeof bytes);
    say_to_relay(t, i, some_index(t, i), &message);
}

static void step_log(struct talk *t, unsigned i)
{
    uint8_t commitment[32] = {fuzz_u8(&t->in)}, kind = fuzz_u8(&t->in);

    if (t->connections[i] &&
        session_log(&t->w, t->connections[i], some_index(t, i),
                    kind < 200 ? PROTO_LOG_STATEMENT : (enum proto_log_class)(kind & 7), commitment))
        leave(t, i);
}

static void step_ask(struct talk *t, unsigned i)
{
    uint8_t body[4 + 4096], tag = fuzz_u8(&t->in), src = fuzz_u8(&t->in) & 3;
    size_t got, at = 0;
    const uint8_t *bytes = fuzz_take_lv(&t->in, &got);

    got = got < 4096 ? got : 4096;
    if (tag % 32 > 15) /* protobuf: field << 3 | kind, a number of seven bits a byte */
        body[at++] = (uint8_t)(tag % 32 << 3 | 2 | 0x80), body[at++] = 1;
    else
        body[at++] = (uint8_t)(tag % 32 << 3 | 2);
    if (got > 127)
        body[at++] = (uint8_t)(got | 0x80), body[at++] = (uint8_t)(got >> 7);
    else
        body[at++] = (uint8_t)got;
    memcpy(body + at, bytes, got);
    say_enveloped(t, i, PROTO_TYPE_RELAY, src, 0, body, at + got);
}

static void step_send(struct talk *t, unsigned i)
{
    static const enum proto_type types[] = {PROTO_TYPE_HANDSHAKE, PROTO_TYPE_CONTROL, PROTO_TYPE_LOG, PROTO_TYPE_RELAY};
    uint8_t how = fuzz_u8(&t->in);
    size_t got;
    const uint8_t *body = fuzz_take_lv(&t->in, &got);

    say_enveloped(t, i, types[how & 3], how >> 2 & 3, how >> 4 & 3, body, got);
}

static void step_media(struct talk *t, unsigned i)
{
    uint8_t message[PROTO_MEDIA_HEADER_BYTES + 255] = {PROTO_TYPE_MEDIA};
    size_t len = PROTO_MEDIA_HEADER_BYTES;

    for (size_t at = 1; at < PROTO_MEDIA_HEADER_BYTES; at++)
        message[at] = fuzz_u8(&t->in);
    len += fuzz_u8(&t->in);
    say(t, i, message, len);
}

static void step_again(struct talk *t, unsigned i)
{
    uint8_t which = fuzz_u8(&t->in), turns = fuzz_u8(&t->in) & 3;

    if (!t->kept_count)
        return;
    unsigned one = which % (t->kept_count < KEPT ? t->kept_count : KEPT);
    size_t len = t->kept[one].len;
    uint8_t copy[sizeof t->kept[0].bytes];

    memcpy(copy, t->kept[one].bytes, len);
    for (; turns && len; turns--) {
        uint16_t where = fuzz_u16(&t->in);
        copy[where % len] ^= fuzz_u8(&t->in);
    }
    say(t, i, copy, len);
}

/* Bounds that are reached in a few steps, where the defaults take hundreds. */
static void narrow(struct talk *t)
{
    t->w.limits.log_pending = 1;
    t->w.limits.waiting_per_staff = 1;
    t->w.limits.messages_per_second = 20;
    t->w.limits.queue_bytes_all = 1 << 22;
    FUZZ_READY(relay_core_set_limits(t->w.core, &t->w.limits));
}

static void step_order(struct talk *t, uint8_t what)
{
    switch (what % 8) {
    case 0:
    case 1:
        relay_core_set_full(t->w.core, what % 8);
        break;
    case 2:
        if (!t->w.org.revoked_count)
            FUZZ_READY(proto_org_revoke(&t->w.org, t->w.staff[1].serial, t->w.now.unix_ms / 1000, "lost card"));
        t->w.org.number++;
        FUZZ_READY(relay_core_set_notes(t->w.core, "org", &t->w.org, "policy", &t->w.policy, t->w.now));
        break;
    case 3:
        narrow(t);
        break;
    case 4:
        relay_core_expire_kept(t->w.core, t->w.now);
        break;
    case 5:
        relay_core_drain(t->w.core, t->w.now);
        break;
    case 6: /* a crash: what is durable comes back */
        memset(t->connections, 0, sizeof t->connections);
        world_restart(&t->w);
        break;
    default:
        t->w.writer_full = !t->w.writer_full;
    }
}

static void take_step(struct talk *t)
{
    uint8_t step = fuzz_u8(&t->in) % STEPS, how = fuzz_u8(&t->in);
    unsigned i = how % CONNECTIONS;
    static void (*const says[STEPS])(struct talk *, unsigned) = {
        [STEP_CONNECT] = step_connect, [STEP_CLOSE] = leave,      [STEP_HELLO] = step_hello, [STEP_OPEN] = step_open,
        [STEP_KEY] = step_key,         [STEP_GATE] = step_gate,   [STEP_LOG] = step_log,     [STEP_ASK] = step_ask,
        [STEP_SEND] = step_send,       [STEP_MEDIA] = step_media, [STEP_AGAIN] = step_again};

    if (says[step])
        says[step](t, i);
    else if (step == STEP_LEAVE && t->connections[i]) {
        if (session_leave(&t->w, t->connections[i], some_index(t, i), (enum proto_end)(how >> 3)))
            leave(t, i);
    } else if (step == STEP_HEAR)
        hear(t, i, how >> 3);
    else if (step == STEP_WORK)
        world_work_some(&t->w, how & 15);
    else if (step == STEP_DISK)
        t->w.disk_full = how & 1;
    else if (step == STEP_TIME)
        world_pass(&t->w, (int64_t)1 << (how % 22)); /* to 35 minutes */
    else if (step == STEP_ORDER)
        step_order(t, how);
    hold(t);
}

/* ---- a play ---- */

/* 0: nobody is there. 1: an agent. 2: a session that waits. 3: one that is live. 4: one whose camera is open. */
static void begin(struct talk *t, unsigned upto)
{
    struct session *s = &t->sessions[0];

    world_furnish(&t->w);
    t->w.signs_nothing = true;
    t->w.limits.connections = t->w.limits.sessions = t->w.limits.renewals = 16; /* tables are made for as many */
    world_begin(&t->w);
    if (!upto)
        return;
    t->connections[0] = world_connect(&t->w, &t->w.staff[0], "198.51.100.1");
    t->staff[0] = true;
    FUZZ_READY(session_hello_staff(&t->w, t->connections[0]));
    if (upto < 2)
        return;
    FUZZ_READY(session_ask(&t->w, s, t->connections[0]));
    learn(t, s, 0);
    if (upto < 3)
        return;
    session_join(&t->w, s);
    t->connections[1] = s->customer;
    FUZZ_READY(session_key(&t->w, s));
    world_work(&t->w);
    if (upto < 4)
        return;
    session_open_gate(&t->w, s, PROTO_INDEX_CUSTOMER, 17, PROTO_CAPABILITY_CAMERA);
    t->gates++;
}

/* When everybody has gone, nothing waits for anybody. */
static void finish(struct talk *t)
{
    struct relay_core_figures figures;

    for (unsigned i = 0; i < CONNECTIONS; i++)
        leave(t, i);
    relay_core_figures(t->w.core, &figures);
    FUZZ_HOLDS(!figures.connections && !figures.queue_bytes);
    world_free(&t->w);
}

static bool feed_relay_talk(const uint8_t *bytes, size_t len)
{
    static struct talk t;

    memset((char *)&t + sizeof t.w, 0, sizeof t - sizeof t.w);
    t.in = (struct fuzz_bytes){bytes, bytes + len};
    begin(&t, fuzz_u8(&t.in) % 5);
    for (unsigned i = 0; i < STEPS_MAX && fuzz_more(&t.in); i++)
        take_step(&t);
    finish(&t);
    return true;
}

static const struct {
    const char *name;
    size_t len;
    uint8_t steps[40];
} scripts[] = {
    {"from-nothing", 24, {0, STEP_CONNECT, 0, 2, STEP_HELLO, 0,        0, 0, STEP_OPEN, 0,         0, STEP_CONNECT, 1,
                          0, STEP_HELLO,   1, 0, 1,          STEP_KEY, 0, 0, 0,         STEP_WORK, 15}},
    {"media", 23, {4, STEP_MEDIA, 1, 1, 1, 17, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 99, STEP_HEAR, 0xf8, 0}},
    {"comes-back", 15, {3, STEP_CLOSE, 1, STEP_TIME, 12, STEP_CONNECT, 1, 0, STEP_HELLO, 1, 0, 3, STEP_HEAR, 0xf9, 0}},
    {"gate", 15, {3, STEP_LOG, 1, 7, 0, 0, STEP_WORK, 15, STEP_GATE, 1, 0, 1, 17, 3, 60}},
    {"leaves", 7, {4, STEP_LEAVE, 9, 0, STEP_WORK, 15, STEP_HEAR}},
    {"by-code", 12, {2, STEP_CONNECT, 1, 1, STEP_HELLO, 1, 0, 2, STEP_WORK, 15, STEP_HEAR, 0xf9}},
    {"restart", 13, {4, STEP_ORDER, 6, STEP_CONNECT, 0, 2, STEP_HELLO, 0, 0, 3, STEP_WORK, 15, 0}},
    {"disk-full", 12, {4, STEP_DISK, 1, STEP_LOG, 1, 9, 0, 0, STEP_WORK, 15, STEP_TIME, 20}},
    {"sealed", 14, {3, STEP_SEND, 1, 0x24, 0, 3, 'a', 'b', 'c', STEP_AGAIN, 1, 0, 1, 0}},
    {"officer", 18, {0, STEP_CONNECT, 2, 6, STEP_HELLO, 2, 0, 0, STEP_ASK, 2, 9, 0, 0, 4, 8, 1, 16, 0}},
    {"kept", 13, {3, STEP_ASK, 0, 20, 2, 0, 4, 8, 1, 18, 0, STEP_HEAR, 0xf8}},
    {"revoked", 14, {1, STEP_CONNECT, 3, 3, STEP_HELLO, 3, 0, 0, STEP_OPEN, 3, 1, STEP_ORDER, 2, 0}},
    {"beside", 14, {3, STEP_CONNECT, 2, 1, STEP_HELLO, 2, 0, 4, STEP_HEAR, 0xfa, STEP_TIME, 17, STEP_HEAR, 2}},
    {"narrow", 9, {4, STEP_ORDER, 3, STEP_OPEN, 0, 1, STEP_OPEN, 0, 2}},
};

static void seed_relay_talk(struct fuzz_seeds *seeds)
{
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        fuzz_seed_add(seeds, scripts[i].name, scripts[i].steps, scripts[i].len);
}

const struct fuzz_target fuzz_relay_talk = {"relay_talk", 4096, feed_relay_talk, seed_relay_talk, 0};
