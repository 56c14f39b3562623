/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole sessions under attack. An input is a script: its first byte says how far a genuine session goes, the rest are
 * steps of a hostile relay, a hostile peer, strangers at the relay, time, and what people do meanwhile. The promises
 * that stage.c watches must hold whatever the script says.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/session/internal.h"
#include "tests/fuzz/stage.h"
#include "tests/fuzz/targets.h"

enum step {
    STEP_SETTLE,     /* all genuine messages arrive */
    STEP_CARRY,      /* the next genuine message towards the victim, some bits turned */
    STEP_DROP,       /* … left out */
    STEP_AGAIN,      /* one that passed before, once more */
    STEP_RAW,        /* any bytes as a message */
    STEP_RELAY_SAYS, /* any bytes behind the envelope that the victim expects */
    STEP_SEALED,     /* any control message, sealed with the peer's channel */
    STEP_FRAME,      /* a frame of the customer's, its clear header or body turned */
    STEP_PERSON,     /* a person at the victim's end does something */
    STEP_PEER,       /* … at the other end */
    STEP_TIME,
    STEP_LINE,     /* a connection breaks or comes back */
    STEP_STRANGER, /* somebody else at the relay */
    STEPS
};

enum victim { VICTIM_CUSTOMER, VICTIM_AGENT, VICTIM_RELAY };

struct script {
    struct stage *stage;
    struct fuzz_bytes in;
    enum victim victim;
};

struct turns {
    struct fuzz_bytes *in;
    unsigned count;
};

static bool turn(void *context, uint8_t **bytes, size_t *len)
{
    struct turns *turns = context;

    for (unsigned i = 0; i < turns->count; i++) {
        uint16_t where = fuzz_u16(turns->in);
        (*bytes)[where % *len] ^= fuzz_u8(turns->in);
    }
    return true;
}

static bool leave_out(void *context, uint8_t **bytes, size_t *len)
{
    (void)context, (void)bytes, (void)len;
    return false;
}

/* Whose line a step is about, and which way: towards the victim. */
static enum stage_who line_of(const struct script *s, uint8_t how)
{
    if (s->victim == VICTIM_RELAY)
        return how & 1 ? STAGE_AGENT : STAGE_CUSTOMER;
    return s->victim == VICTIM_CUSTOMER ? STAGE_CUSTOMER : STAGE_AGENT;
}

static void give(struct script *s, uint8_t how, const uint8_t *bytes, size_t len)
{
    enum stage_who who = line_of(s, how);

    if (s->victim == VICTIM_RELAY)
        stage_give_relay(s->stage, s->stage->ends[who].connection, bytes, len);
    else
        stage_give_end(s->stage, who, bytes, len);
}

static void carry(struct script *s, uint8_t how, stage_hand *hand, void *context)
{
    stage_carry(s->stage, line_of(s, how), s->victim == VICTIM_RELAY, hand, context);
}

static void step_again(struct script *s, uint8_t how)
{
    if (s->stage->kept_count) {
        size_t i = fuzz_u8(&s->in) % s->stage->kept_count, len = s->stage->kept[i].len;
        uint8_t *copy = fuzz_exact(s->stage->kept[i].bytes, len);
        give(s, how, copy, len);
        free(copy);
    }
}

static void step_enveloped(struct script *s, uint8_t how)
{
    static const enum proto_type types[] = {PROTO_TYPE_RELAY, PROTO_TYPE_LOG, PROTO_TYPE_HANDSHAKE, PROTO_TYPE_CONTROL};
    enum stage_who who = line_of(s, how);
    uint8_t index = who == STAGE_CUSTOMER ? 1 : 2;
    enum proto_type type = types[how >> 1 & 3];
    size_t got;
    const uint8_t *body = fuzz_take_lv(&s->in, &got);
    uint8_t *message = malloc(PROTO_ENVELOPE_BYTES + got);
    uint8_t other = type == PROTO_TYPE_RELAY || type == PROTO_TYPE_LOG ? 0 : (uint8_t)(3 - index);

    FUZZ_HOLDS(message);
    if (s->victim == VICTIM_RELAY)
        proto_envelope_write(message, type, index, other);
    else
        proto_envelope_write(message, type, other, index);
    if (got)
        memcpy(message + PROTO_ENVELOPE_BYTES, body, got);
    give(s, how, message, PROTO_ENVELOPE_BYTES + got);
    free(message);
}

/* The peer is hostile: it holds the pair's keys and says what it likes. Towards the relay there is nothing to seal. */
static void step_sealed(struct script *s)
{
    bool to_customer = s->victim == VICTIM_CUSTOMER;
    struct proto_session *peer = s->stage->ends[to_customer ? STAGE_AGENT : STAGE_CUSTOMER].session;
    struct proto_buf plain;
    uint8_t out[PROTO_ENVELOPE_BYTES + 8192 + PROTO_NOISE_TAG_BYTES];
    enum proto_control msg = (enum proto_control)(fuzz_u8(&s->in) % (PROTO_CONTROL_COUNT + 1));
    size_t got, len;
    const uint8_t *body = fuzz_take_lv(&s->in, &got);

    proto_buf_init(&plain, 8192);
    if (s->victim != VICTIM_RELAY && peer && peer->pair.up && !proto_control_frame(&plain, msg, body, got) &&
        !proto_noise_channel_seal(&peer->pair.channel, plain.bytes, plain.len, out + PROTO_ENVELOPE_BYTES,
                                  sizeof out - PROTO_ENVELOPE_BYTES, &len)) {
        proto_envelope_write(out, PROTO_TYPE_CONTROL, to_customer ? 2 : 1, to_customer ? 1 : 2);
        give(s, 0, out, PROTO_ENVELOPE_BYTES + len);
    }
    proto_buf_free(&plain);
}

static void step_frame(struct script *s, uint8_t how)
{
    struct turns turns = {&s->in, how >> 2 & 3};

    stage_push(s->stage, PROTO_CAPABILITY_CAMERA, how & 1);
    while (stage_carry(s->stage, STAGE_CUSTOMER, true, s->victim == VICTIM_RELAY ? turn : NULL, &turns))
        turns.count = 0;
    while (stage_carry(s->stage, STAGE_AGENT, false, s->victim == VICTIM_AGENT ? turn : NULL, &turns))
        turns.count = 0;
}

static enum proto_capability some_capability(struct script *s)
{
    return (enum proto_capability)(1 + fuzz_u8(&s->in) % (PROTO_CAPABILITY_COUNT - 1));
}

static void customer_does(struct script *s, uint8_t what)
{
    struct stage *stage = s->stage;
    struct proto_session *session = stage->ends[STAGE_CUSTOMER].session;
    handhold_Data chat = {.which_body = handhold_Data_chat_tag, .body.chat.text = "hello"};

    if (!session) {
        stage_arrive(stage);
        return;
    }
    switch (what % 7) {
    case 0:
        stage_grant(stage, some_capability(s));
        break;
    case 1:
        (void)!proto_session_refuse(session, some_capability(s), stage->now);
        break;
    case 2:
        stage_withdraw(stage, some_capability(s));
        break;
    case 3:
        (void)!proto_session_pause(session, fuzz_u8(&s->in) & 1, "customer", "asked", stage->now);
        break;
    case 4:
        (void)!proto_session_send_data(session, &chat, stage->now);
        break;
    case 5:
        (void)!proto_session_blocked(session, some_capability(s), stage->now);
        break;
    default:
        proto_session_end(session, PROTO_END_CUSTOMER_LEFT, stage->now);
    }
}

static void agent_does(struct script *s, uint8_t what)
{
    struct stage *stage = s->stage;
    struct proto_session *session = stage->ends[STAGE_AGENT].session;
    handhold_Data pointer = {.which_body = handhold_Data_pointer_tag, .body.pointer = {.x = 0.5f, .y = 0.5f}};
    handhold_Data words = {.which_body = handhold_Data_check_words_tag, .body.check_words.match = true};

    switch (what % 5) {
    case 0:
        (void)!proto_session_request(session, some_capability(s), "because", fuzz_u8(&s->in), stage->now);
        break;
    case 1:
        proto_session_want_key_frame(session, some_capability(s), stage->now);
        break;
    case 2:
        (void)!proto_session_send_data(session, &pointer, stage->now);
        break;
    case 3:
        (void)!proto_session_send_data(session, &words, stage->now);
        break;
    default:
        proto_session_end(session, PROTO_END_COMPLETED, stage->now);
    }
}

static void step_person(struct script *s, bool customer)
{
    uint8_t what = fuzz_u8(&s->in);

    if (customer)
        customer_does(s, what);
    else
        agent_does(s, what);
    stage_watch(s->stage);
}

static void step_line(struct script *s, uint8_t how)
{
    enum stage_who who = how & 1 ? STAGE_AGENT : STAGE_CUSTOMER;

    if (s->stage->ends[who].connection)
        stage_disconnect(s->stage, who);
    else
        stage_connect(s->stage, who);
    stage_watch(s->stage);
}

/* Somebody at the public end, or with a certificate at the staff end. */
static void step_stranger(struct script *s, uint8_t how)
{
    struct stage *stage = s->stage;
    uint32_t *stranger = &stage->strangers[how % STAGE_STRANGERS];
    size_t got;

    if (!*stranger) {
        bool staff = how & 4;
        if (!relay_core_open(stage->core, ++stage->connections, "203.0.113.5",
                             staff ? &fixture()->officer.identity : NULL, stage->now))
            *stranger = stage->connections;
        return;
    }
    if (how & 8 && stage->kept_count) {
        size_t i = fuzz_u8(&s->in) % stage->kept_count;
        stage_give_relay(stage, *stranger, stage->kept[i].bytes, stage->kept[i].len);
    } else {
        const uint8_t *at = fuzz_take_lv(&s->in, &got);
        stage_give_relay(stage, *stranger, at, got);
    }
    stage_hear(stage, *stranger);
}

static void take_step(struct script *s)
{
    uint8_t step = fuzz_u8(&s->in), how = fuzz_u8(&s->in);
    struct turns turns = {&s->in, 1 + how / 64};
    size_t got;

    switch ((enum step)(step % STEPS)) {
    case STEP_SETTLE:
        stage_settle(s->stage);
        break;
    case STEP_CARRY:
        carry(s, how, how & 2 ? NULL : turn, &turns);
        break;
    case STEP_DROP:
        carry(s, how, leave_out, NULL);
        break;
    case STEP_AGAIN:
        step_again(s, how);
        break;
    case STEP_RAW: {
        const uint8_t *at = fuzz_take_lv(&s->in, &got);
        give(s, how, at, got);
        break;
    }
    case STEP_RELAY_SAYS:
        step_enveloped(s, how);
        break;
    case STEP_SEALED:
        step_sealed(s);
        break;
    case STEP_FRAME:
        step_frame(s, how);
        break;
    case STEP_PERSON:
        step_person(s, s->victim == VICTIM_RELAY ? how & 1 : s->victim == VICTIM_CUSTOMER);
        break;
    case STEP_PEER:
        step_person(s, s->victim == VICTIM_AGENT);
        break;
    case STEP_TIME:
        stage_pass(s->stage, how < 128 ? how * 10 : (how - 127) * 1000);
        break;
    case STEP_LINE:
        step_line(s, how);
        break;
    default:
        step_stranger(s, how);
    }
}

enum { STEPS_MAX = 200 };

static bool play(enum victim victim, const uint8_t *bytes, size_t len)
{
    struct script s = {stage_new(), {bytes, bytes + len}, victim};

    stage_play(s.stage, fuzz_u8(&s.in) % 5);
    for (unsigned i = 0; i < STEPS_MAX && fuzz_more(&s.in); i++)
        take_step(&s);
    bool well = s.stage->ends[STAGE_AGENT].session && !s.stage->ends[STAGE_AGENT].ended;
    stage_free(s.stage);
    return well;
}

/* A statement, an event or a request that a genuine peer could send, so that mutations begin with something whole. */
static void seed_sealed(struct fuzz_seeds *seeds, const char *name, enum proto_control msg, const pb_msgdesc_t *fields,
                        const void *m)
{
    struct proto_buf body, out;

    proto_buf_init(&body, 8192);
    proto_buf_init(&out, 8192);
    FUZZ_READY(proto_message_encode(&body, fields, m));
    proto_buf_put(&out, (const uint8_t[]){3, STEP_SEALED, 0, (uint8_t)msg}, 4);
    proto_buf_put_lv16(&out, body.bytes, body.len);
    proto_buf_put(&out, (const uint8_t[]){STEP_SETTLE, 0}, 2);
    fuzz_seed_add(seeds, name, out.bytes, out.len);
    proto_buf_free(&body);
    proto_buf_free(&out);
}

static void seed_peer(struct fuzz_seeds *seeds)
{
    handhold_ConsentRequest request = {
        .number = 2, .capability = 3, .purpose = "to read the meter", .max_s = 60, .retention_days = 1};
    handhold_Heartbeat beat = {.seq = 2, .mono_ms = 1000100, .peer_seq = 1, .log_size = 1, .log_root = {32, {0}}};
    handhold_Data chat = {.seq = 1, .which_body = handhold_Data_chat_tag, .body.chat.text = "hello"};
    handhold_DataAck ack = {.upto = 1};
    handhold_StatementAck line = {.seq = 1, .line = "\xe2\x80\x94 example.org/agent/1 AAAA\n"};
    handhold_KeyFrameRequest key = {.kid = 1 << 10 | 1 << 6 | 1};
    handhold_Statement statement = {.seq = 2, .note = {4, "text"}};

    seed_sealed(seeds, "sealed-request", PROTO_CONTROL_CONSENT_REQUEST, handhold_ConsentRequest_fields, &request);
    seed_sealed(seeds, "sealed-heartbeat", PROTO_CONTROL_HEARTBEAT, handhold_Heartbeat_fields, &beat);
    seed_sealed(seeds, "sealed-chat", PROTO_CONTROL_DATA, handhold_Data_fields, &chat);
    seed_sealed(seeds, "sealed-ack", PROTO_CONTROL_DATA_ACK, handhold_DataAck_fields, &ack);
    seed_sealed(seeds, "sealed-line", PROTO_CONTROL_STATEMENT_ACK, handhold_StatementAck_fields, &line);
    seed_sealed(seeds, "sealed-key", PROTO_CONTROL_KEY_FRAME_REQUEST, handhold_KeyFrameRequest_fields, &key);
    seed_sealed(seeds, "sealed-statement", PROTO_CONTROL_STATEMENT, handhold_Statement_fields, &statement);
}

/* What the relay may say to an end, and an end to the relay. */
static void seed_clear(struct fuzz_seeds *seeds)
{
    static const uint8_t from_relay[][24] = {
        {5, 4, 0x1a, 4, 0x08, 1, 0x10, 1},               /* Peer */
        {5, 4, 0x22, 4, 0x08, 1, 0x10, 3},               /* GateAnswer */
        {5, 4, 0x32, 2, 0x08, 17},                       /* KeyFrameHint */
        {5, 4, 0x3a, 4, 0x08, 17, 0x10, 5},              /* Blocked */
        {5, 4, 0x42, 4, 0x08, 1, 0x10, 2},               /* Ended */
        {5, 4, 0x4a, 7, 0x08, 3, 0x12, 1, 'x', 0x18, 1}, /* Error */
        {5, 4, 0x2a, 4, 0x08, 1, 0x10, 2},               /* to the relay: ConsistencyAsk */
        {5, 4, 0x32, 2, 0x08, 1},                        /* to the relay: Leave */
    };
    static const uint8_t lengths[] = {6, 6, 4, 6, 6, 9, 6, 4};
    uint8_t script[32];
    char name[] = "clear-0";

    for (size_t i = 0; i < sizeof lengths; i++) {
        size_t len = 0;
        script[len++] = 3;
        script[len++] = STEP_RELAY_SAYS;
        script[len++] = (uint8_t)(i & 1);
        script[len++] = 0;
        script[len++] = lengths[i];
        memcpy(script + len, from_relay[i] + 2, lengths[i]);
        len += lengths[i];
        script[len++] = STEP_SETTLE;
        script[len++] = 0;
        name[6] = (char)('0' + i);
        fuzz_seed_add(seeds, name, script, len);
    }
}

static const struct {
    const char *name;
    size_t len;
    uint8_t steps[32];
} scripts[] = {
    {"joins-later",
     13,
     {0, STEP_PERSON, 1, 0, STEP_CARRY, 2, STEP_CARRY, 3, STEP_SETTLE, 0, STEP_TIME, 127, STEP_SETTLE}},
    {"asked-and-refused", 10, {2, STEP_PERSON, 1, 1, 0, STEP_SETTLE, 0, STEP_TIME, 10, STEP_SETTLE}},
    {"frames",
     15,
     {3, STEP_FRAME, 1, STEP_FRAME, 0, STEP_FRAME, 4, 0, 20, 1, STEP_TIME, 4, STEP_FRAME, 1, STEP_SETTLE}},
    {"resume",
     17,
     {3, STEP_LINE, 0, STEP_TIME, 20, STEP_LINE, 0, STEP_SETTLE, 0, STEP_LINE, 1, STEP_TIME, 140, STEP_LINE, 1,
      STEP_SETTLE, 0}},
    {"again", 14, {3, STEP_AGAIN, 0, 7, STEP_AGAIN, 1, 5, STEP_AGAIN, 0, 3, STEP_SETTLE, 0, STEP_TIME, 130}},
    {"dropped", 14, {2, STEP_PEER, 0, 0, 2, 9, STEP_DROP, 0, STEP_DROP, 1, STEP_SETTLE, 0, STEP_TIME, 140}},
    {"strangers",
     18,
     {1, STEP_STRANGER, 0, STEP_STRANGER, 8, 7, STEP_STRANGER, 5, STEP_STRANGER, 13, 2, STEP_STRANGER, 0, 0, 3, 0x40, 0,
      0}},
    {"withdrawn", 9, {4, STEP_FRAME, 1, STEP_TIME, 60, STEP_SETTLE, 0, STEP_TIME, 200}},
    {"turned", 16, {1, STEP_PERSON, 1, 4, STEP_CARRY, 0, 0, 9, 1, STEP_SETTLE, 0, STEP_TIME, 135, STEP_SETTLE, 0, 0}},
};

static void seed_all(struct fuzz_seeds *seeds)
{
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        fuzz_seed_add(seeds, scripts[i].name, scripts[i].steps, scripts[i].len);
    seed_peer(seeds);
    seed_clear(seeds);
}

static bool feed_session_customer(const uint8_t *bytes, size_t len)
{
    play(VICTIM_CUSTOMER, bytes, len);
    return true;
}

static bool feed_session_agent(const uint8_t *bytes, size_t len)
{
    play(VICTIM_AGENT, bytes, len);
    return true;
}

static bool feed_relay_core(const uint8_t *bytes, size_t len)
{
    play(VICTIM_RELAY, bytes, len);
    return true;
}

const struct fuzz_target fuzz_session_customer = {"session_customer", 2048, feed_session_customer, seed_all, 250};
const struct fuzz_target fuzz_session_agent = {"session_agent", 2048, feed_session_agent, seed_all, 250};
const struct fuzz_target fuzz_relay_core = {"relay_core", 2048, feed_relay_core, seed_all, 250};
