/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/session_world.h"

#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "tests/proto/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN WORLD_DOMAIN "/audit"

bool session_world_inside;

static struct proto_session *end_of(const struct session_world *sw, bool customer)
{
    return customer ? sw->customer : sw->agent;
}

static struct sw_message *message_of(bool from_customer, const uint8_t *bytes, size_t len)
{
    struct sw_message *message = malloc(sizeof *message + len);

    assert_non_null(message);
    *message = (struct sw_message){.from_customer = from_customer, .len = len};
    memcpy(message->bytes, bytes, len);
    return message;
}

static void append(struct sw_message ***last, struct sw_message *message)
{
    **last = message;
    *last = &message->next;
}

static struct sw_message *take_row(struct sw_message **first, struct sw_message ***last)
{
    struct sw_message *row = *first;

    *first = NULL;
    *last = first;
    return row;
}

static void drop_row(struct sw_message **first, struct sw_message ***last)
{
    struct sw_message *row = take_row(first, last);

    while (row) {
        struct sw_message *gone = row;
        row = row->next;
        free(gone);
    }
}

/* ---- events ---- */

static void copy_text(char to[static SW_TEXT], const char *from)
{
    size_t len = from ? strnlen(from, SW_TEXT - 1) : 0;

    memset(to, 0, SW_TEXT);
    memcpy(to, from ? from : "", len);
}

static void note_event(struct session_world *sw, bool customer, const struct proto_event *e)
{
    size_t *count = customer ? &sw->customer_event_count : &sw->agent_event_count;
    struct sw_event *row = customer ? sw->customer_events : sw->agent_events;

    assert_in_range(*count, 0, SW_EVENTS_MAX - 1);
    struct sw_event *out = &row[(*count)++];
    *out = (struct sw_event){.kind = e->kind, .at_ms = sw->now.mono_ms};
    switch (e->kind) {
    case PROTO_EVENT_INVITE:
        snprintf(sw->link, sizeof sw->link, "%s", e->invite.link ? e->invite.link : "");
        snprintf(sw->code, sizeof sw->code, "%s", e->invite.code ? e->invite.code : "");
        break;
    case PROTO_EVENT_JOINED:
        out->verified = e->joined.verified;
        copy_text(out->text, e->joined.peer);
        break;
    case PROTO_EVENT_CONSENT:
        out->capability = e->consent.capability;
        out->state = e->consent.state;
        out->number = e->consent.request;
        out->len = e->consent.of;
        out->on = e->consent.extended;
        copy_text(out->text, e->consent.purpose);
        break;
    case PROTO_EVENT_LOGGED:
        out->capability = e->logged.capability;
        copy_text(out->text, e->logged.action);
        break;
    case PROTO_EVENT_CAPTURE:
        out->capability = e->capture.capability;
        out->on = e->capture.on;
        break;
    case PROTO_EVENT_MEDIA:
        out->capability = e->media.capability;
        snprintf(out->text, SW_TEXT, "%.*s", (int)(e->media.len < SW_TEXT ? e->media.len : SW_TEXT - 1),
                 (const char *)e->media.bytes);
        break;
    case PROTO_EVENT_DATA:
        out->number = e->data->which_body;
        if (e->data->which_body == handhold_Data_chat_tag)
            copy_text(out->text, e->data->body.chat.text);
        break;
    case PROTO_EVENT_CONNECTION:
        out->connection = e->connection.state;
        break;
    case PROTO_EVENT_LIVE:
        out->on = e->live;
        break;
    case PROTO_EVENT_CHECK_WORDS:
        snprintf(out->words, sizeof out->words, "%s %s %s %s", e->words[0], e->words[1], e->words[2], e->words[3]);
        break;
    case PROTO_EVENT_BLOCKED:
        out->capability = e->blocked.capability;
        break;
    case PROTO_EVENT_ALARM:
        if (e->alarm.fork)
            snprintf(sw->fork, sizeof sw->fork, "%s", e->alarm.fork);
        __attribute__((fallthrough));
    case PROTO_EVENT_ERROR:
        out->err = e->error.err;
        copy_text(out->text, e->error.message);
        break;
    case PROTO_EVENT_ENDED:
        out->reason = e->ended.reason;
        copy_text(out->text, e->ended.message);
        break;
    case PROTO_EVENT_EXPIRING:
        out->capability = e->expiring.capability;
        out->number = e->expiring.left_s;
        break;
    case PROTO_EVENT_HOLD:
        out->on = e->hold.on;
        out->number = e->hold.grace_s;
        break;
    case PROTO_EVENT_STILL:
        out->step = e->still.step;
        out->number = e->still.id;
        out->len = e->still.still.len;
        if (e->still.still.bytes)
            memcpy(sw->still, e->still.still.bytes, out->len < SW_STILL_MAX ? out->len : SW_STILL_MAX);
        break;
    default:
        break;
    }
}

static void take_events(struct session_world *sw, bool customer)
{
    struct proto_session *s = end_of(sw, customer);
    struct proto_event event;

    while (s && proto_session_next_event(s, &event))
        note_event(sw, customer, &event);
}

size_t sw_count(const struct session_world *sw, bool customer, enum proto_event_kind kind)
{
    const struct sw_event *row = customer ? sw->customer_events : sw->agent_events;
    size_t count = customer ? sw->customer_event_count : sw->agent_event_count, found = 0;

    for (size_t i = 0; i < count; i++)
        found += row[i].kind == kind;
    return found;
}

const struct sw_event *sw_last(const struct session_world *sw, bool customer, enum proto_event_kind kind)
{
    const struct sw_event *row = customer ? sw->customer_events : sw->agent_events;

    for (size_t i = customer ? sw->customer_event_count : sw->agent_event_count; i-- > 0;)
        if (row[i].kind == kind)
            return &row[i];
    return NULL;
}

size_t sw_consents(const struct session_world *sw, bool customer, enum proto_capability capability,
                   enum proto_consent_state state)
{
    const struct sw_event *row = customer ? sw->customer_events : sw->agent_events;
    size_t count = customer ? sw->customer_event_count : sw->agent_event_count, found = 0;

    for (size_t i = 0; i < count; i++)
        found += row[i].kind == PROTO_EVENT_CONSENT && row[i].capability == capability && row[i].state == state;
    return found;
}

void sw_forget_events(struct session_world *sw)
{
    sw->customer_event_count = sw->agent_event_count = 0;
}

/* ---- the trace ---- */

static void trace(struct session_world *sw, bool from_customer, uint8_t type, enum proto_control control)
{
    assert_in_range(sw->trace_count, 0, SW_TRACE_MAX - 1);
    sw->trace[sw->trace_count++] = (struct sw_trace){from_customer, type, control, sw->now.mono_ms};
}

size_t sw_first(const struct session_world *sw, size_t from, bool from_customer, uint8_t type,
                enum proto_control control)
{
    for (size_t i = from; i < sw->trace_count; i++)
        if (sw->trace[i].from_customer == from_customer && sw->trace[i].type == type && sw->trace[i].control == control)
            return i;
    return SW_TRACE_MAX;
}

size_t sw_traced(const struct session_world *sw, size_t from, bool from_customer, uint8_t type,
                 enum proto_control control)
{
    size_t count = 0;

    for (size_t at = from; (at = sw_first(sw, at, from_customer, type, control)) < SW_TRACE_MAX; at++)
        count++;
    return count;
}

/* What the receiver would read, without its channel moving on. */
static enum proto_control peek(struct session_world *sw, bool from_customer, const uint8_t *bytes, size_t len)
{
    struct proto_session *receiver = end_of(sw, !from_customer);
    struct proto_noise_channel channel;
    uint8_t *plain = malloc(len);
    size_t plain_len = 0;
    enum proto_control control = 0;

    assert_non_null(plain);
    if (receiver && receiver->pair.up && len > PROTO_ENVELOPE_BYTES) {
        channel = receiver->pair.channel;
        if (!proto_noise_channel_open(&channel, bytes + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES, plain, len,
                                      &plain_len) &&
            plain_len)
            control = plain[0];
    }
    free(plain);
    return control;
}

/* ---- the relay's own words ---- */

void sw_feed(struct session_world *sw, bool to_customer, const uint8_t *bytes, size_t len)
{
    struct proto_session *s = end_of(sw, to_customer);
    uint8_t *exact = malloc(len ? len : 1); /* a sanitizer sees the first step too far */

    assert_non_null(exact);
    memcpy(exact, bytes, len);
    session_world_inside = true;
    if (s && (to_customer ? sw->customer_up : sw->agent_up))
        proto_session_feed(s, exact, len, sw->now);
    session_world_inside = false;
    free(exact);
    take_events(sw, to_customer);
}

void sw_say(struct session_world *sw, bool to_customer, const handhold_FromRelay *message)
{
    struct proto_buf body;
    uint8_t envelope[PROTO_ENVELOPE_BYTES];

    proto_envelope_write(envelope, PROTO_TYPE_RELAY, PROTO_INDEX_RELAY,
                         to_customer ? PROTO_INDEX_CUSTOMER : PROTO_INDEX_AGENT);
    proto_buf_init(&body, PROTO_MAX_RELAY_BYTES);
    proto_buf_put(&body, envelope, sizeof envelope);
    assert_ok(proto_message_encode(&body, handhold_FromRelay_fields, message));
    sw_feed(sw, to_customer, body.bytes, body.len);
    proto_buf_free(&body);
}

static handhold_FromRelay *blank(pb_size_t which)
{
    static handhold_FromRelay message;

    memset(&message, 0, sizeof message);
    message.which_body = which;
    return &message;
}

static void say_peer(struct session_world *sw, bool to_customer)
{
    handhold_FromRelay *m = blank(handhold_FromRelay_peer_tag);

    m->body.peer.index = to_customer ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER;
    m->body.peer.present = to_customer ? sw->seated_agent : sw->seated_customer;
    m->body.peer.connection = to_customer ? sw->agent_connection : sw->customer_connection;
    sw_say(sw, to_customer, m);
}

static void welcome(struct session_world *sw, bool customer, bool back)
{
    handhold_FromRelay *m = blank(handhold_FromRelay_welcome_tag);
    handhold_Welcome *w = &m->body.welcome;
    bool peer = customer ? sw->seated_agent : sw->seated_customer;

    w->returned = back;
    if (customer || back) {
        uint8_t token[PROTO_TOKEN_BYTES];
        memset(token, customer ? 0xc1 : 0xa1, sizeof token);
        w->index = customer ? PROTO_INDEX_CUSTOMER : PROTO_INDEX_AGENT;
        assert_ok(PROTO_SET_BYTES(w->sid, sw->sid, sizeof sw->sid));
        assert_ok(PROTO_SET_BYTES(w->token, token, sizeof token));
    }
    assert_ok(PROTO_SET_TEXT(w->join_host, WORLD_HOST));
    assert_ok(PROTO_SET_TEXT(w->origin, ORIGIN));
    memcpy(w->org_note, sw->base.org_note.bytes, sw->base.org_note.len);
    memcpy(w->policy_note, sw->base.policy_note.bytes, sw->base.policy_note.len);
    if (peer) {
        w->peers_count = 1;
        w->peers[0] = (handhold_Peer){customer ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER, true,
                                      customer ? sw->agent_connection : sw->customer_connection};
    }
    (customer ? (sw->seated_customer = true) : (sw->seated_agent = customer || back));
    sw_say(sw, customer, m);
    if (customer || back)
        say_peer(sw, !customer);
}

static void on_open(struct session_world *sw, const handhold_Open *open)
{
    handhold_FromRelay *m = blank(handhold_FromRelay_opened_tag);

    memcpy(sw->sid, open->sid, sizeof sw->sid);
    memcpy(m->body.opened.sid, open->sid, sizeof open->sid);
    if (open->code_ttl_s)
        snprintf(m->body.opened.nameplate, sizeof m->body.opened.nameplate, "407");
    memset(m->body.opened.token, 0xa1, sizeof m->body.opened.token);
    m->body.opened.index = PROTO_INDEX_AGENT;
    sw->seated_agent = true;
    sw_say(sw, false, m);
}

static void on_gate(struct session_world *sw, const uint8_t *bytes, size_t len)
{
    handhold_FromRelay *m = blank(handhold_FromRelay_gate_answer_tag);
    struct proto_gate gate;

    assert_ok(proto_gate_verify(bytes, len, sw->cs_public, &gate));
    sw->gate[gate.stream] = gate.open && !sw->gate_error;
    m->body.gate_answer.gate_seq = gate.gate_seq;
    if (gate.open && sw->gate_error) {
        m->body.gate_answer.error = sw->gate_error;
        snprintf(m->body.gate_answer.message, sizeof m->body.gate_answer.message, "the test's relay says no");
    }
    sw_say(sw, true, m);
}

/* ---- the log ---- */

static void keep_node(void *context, unsigned level, uint64_t index, const uint8_t hash[PROTO_LOG_HASH_BYTES])
{
    struct session_world *sw = context;

    assert_in_range(level, 0, SW_LEVELS - 1);
    memcpy(sw->node[level][index], hash, 32);
}

static enum proto_err find_node(void *context, unsigned level, uint64_t index, uint8_t out[PROTO_LOG_HASH_BYTES])
{
    memcpy(out, ((struct session_world *)context)->node[level][index], 32);
    return PROTO_OK;
}

static uint64_t log_append(struct session_world *sw, enum proto_log_class kind, const uint8_t commitment[static 32])
{
    struct proto_log_leaf leaf = {.kind = kind, .unix_s = sw->now.unix_ms / 60000 * 60};
    const struct proto_log_sink sink = {keep_node, sw};
    uint8_t leaf_hash[32];
    uint64_t index = 0;

    while (index < sw->tree.size && memcmp(sw->commitment[index], commitment, 32) != 0)
        index++;
    if (index < sw->tree.size)
        return index;
    assert_in_range(index, 0, SW_LEAVES_MAX - 1);
    memcpy(leaf.commitment, commitment, 32);
    memcpy(sw->commitment[index], commitment, 32);
    assert_ok(proto_log_leaf_encode(sw->leaf[index], &leaf));
    proto_log_leaf_hash(leaf_hash, sw->leaf[index]);
    assert_ok(proto_log_tree_append(&sw->tree, leaf_hash, &sink));
    return index;
}

static void set_hashes(pb_size_t *size, uint8_t *bytes, const struct proto_log_hashes *hashes)
{
    *size = (pb_size_t)(hashes->count * 32);
    memcpy(bytes, hashes->hash, *size);
}

static void spoil(const struct session_world *sw, handhold_LogReceipt *m)
{
    switch (sw->spoil) {
    case SW_RECEIPT_INCLUSION:
        m->inclusion.bytes[0] ^= 1;
        break;
    case SW_RECEIPT_CONSISTENCY:
        m->consistency.bytes[0] ^= 1;
        break;
    case SW_RECEIPT_EVIDENCE_LINE:
        m->evidence_line[strlen(m->evidence_line) - 20] ^= 1;
        break;
    case SW_RECEIPT_CHECKPOINT:
        m->checkpoint[strlen(m->checkpoint) - 20] ^= 1;
        break;
    case SW_RECEIPT_LEAF:
        m->leaf.bytes[4] ^= 3;
        break;
    case SW_RECEIPT_INDEX:
        m->index++;
        break;
    case SW_RECEIPT_GOOD:
    case SW_RECEIPT_OTHER_LOG: /* signed otherwise, see below */
    case SW_RECEIPT_SPOILS:
        break;
    }
}

static void send_receipt(struct session_world *sw, bool to_customer, const handhold_LogReceipt *m)
{
    uint8_t envelope[PROTO_ENVELOPE_BYTES];
    struct proto_buf body;

    proto_envelope_write(envelope, PROTO_TYPE_LOG, PROTO_INDEX_RELAY,
                         to_customer ? PROTO_INDEX_CUSTOMER : PROTO_INDEX_AGENT);
    proto_buf_init(&body, PROTO_MAX_LOG_BYTES);
    proto_buf_put(&body, envelope, sizeof envelope);
    assert_ok(proto_message_encode(&body, handhold_LogReceipt_fields, m));
    if (to_customer) {
        trace(sw, false, PROTO_TYPE_LOG, 0);
        sw->log_adds_open--;
    }
    sw_feed(sw, to_customer, body.bytes, body.len);
    proto_buf_free(&body);
}

static void answer_add(struct session_world *sw, bool from_customer, const uint8_t *body, size_t len)
{
    static handhold_LogAdd add;
    static handhold_LogReceipt m;
    struct proto_log_checkpoint checkpoint = {.origin = ORIGIN};
    const uint8_t *secret = sw->spoil == SW_RECEIPT_OTHER_LOG ? sw->other_secret : sw->log_secret;
    const struct proto_log_reader reader = {find_node, sw};
    struct proto_log_hashes hashes = {0};
    uint8_t evidence_hash[32];

    memset(&m, 0, sizeof m);
    assert_ok(proto_message_decode(body, len, handhold_LogAdd_fields, &add, sizeof add));
    memcpy(m.commitment, add.commitment, 32);
    if (sw->log_refuses) {
        m.error = PROTO_ERR_FULL;
        snprintf(m.message, sizeof m.message, "the disk of the log is full");
        send_receipt(sw, from_customer, &m);
        return;
    }
    uint64_t index = log_append(sw, (enum proto_log_class)add.leaf_class, add.commitment);
    proto_sha256(evidence_hash, add.evidence.bytes, add.evidence.size);
    m.index = index;
    assert_ok(PROTO_SET_BYTES(m.leaf, sw->leaf[index], sizeof sw->leaf[index]));
    assert_ok(proto_log_evidence_sign(m.evidence_line, ORIGIN, index, sw->leaf[index], evidence_hash, secret));
    checkpoint.size = sw->tree.size;
    proto_log_tree_root(&sw->tree, checkpoint.root);
    assert_ok(proto_log_checkpoint_sign(m.checkpoint, &checkpoint, secret));
    assert_ok(proto_log_prove_inclusion(&hashes, index, sw->tree.size, &reader));
    set_hashes(&m.inclusion.size, m.inclusion.bytes, &hashes);
    if (add.seen_size) {
        assert_ok(proto_log_prove_consistency(&hashes, add.seen_size, sw->tree.size, &reader));
        set_hashes(&m.consistency.size, m.consistency.bytes, &hashes);
    }
    spoil(sw, &m);
    send_receipt(sw, from_customer, &m);
}

static void on_log_add(struct session_world *sw, bool from_customer, const uint8_t *body, size_t len)
{
    if (from_customer) {
        trace(sw, true, PROTO_TYPE_LOG, 0);
        if (++sw->log_adds_open > sw->log_adds_open_max)
            sw->log_adds_open_max = sw->log_adds_open;
    }
    if (sw->log_silent)
        append(&sw->unanswered_last, message_of(from_customer, body, len));
    else
        answer_add(sw, from_customer, body, len);
}

void sw_answer_log(struct session_world *sw)
{
    struct sw_message *row = take_row(&sw->unanswered, &sw->unanswered_last);

    sw->log_silent = false;
    while (row) {
        struct sw_message *gone = row;
        row = row->next;
        answer_add(sw, gone->from_customer, gone->bytes, gone->len);
        free(gone);
    }
    sw_carry(sw);
}

static void on_consistency(struct session_world *sw, bool from_customer, const handhold_ConsistencyAsk *ask)
{
    handhold_FromRelay *m = blank(handhold_FromRelay_consistency_tag);
    const struct proto_log_reader reader = {find_node, sw};
    struct proto_log_hashes hashes;

    if (proto_log_prove_consistency(&hashes, ask->old_size, ask->new_size, &reader))
        return;
    m->body.consistency.old_size = ask->old_size;
    m->body.consistency.new_size = ask->new_size;
    set_hashes(&m->body.consistency.hashes.size, m->body.consistency.hashes.bytes, &hashes);
    sw_say(sw, from_customer, m);
}

/* ---- carrying ---- */

static void say_over(struct session_world *sw, bool to_customer)
{
    handhold_FromRelay *m = blank(sw->forgot ? handhold_FromRelay_error_tag : handhold_FromRelay_ended_tag);

    if (sw->forgot)
        m->body.error = (handhold_Error){.code = PROTO_ERR_NOT_FOUND, .fatal = true, .message = "this session is over"};
    else
        m->body.ended = sw->over;
    sw_say(sw, to_customer, m);
}

static void on_to_relay(struct session_world *sw, bool from_customer, const uint8_t *body, size_t len)
{
    static handhold_ToRelay m;

    assert_ok(proto_message_decode(body, len, handhold_ToRelay_fields, &m, sizeof m));
    switch (m.which_body) {
    case handhold_ToRelay_hello_tag:
        if (from_customer && m.body.hello.session_key.size == sizeof sw->cs_public)
            memcpy(sw->cs_public, m.body.hello.session_key.bytes, sizeof sw->cs_public);
        if (m.body.hello.which_seat == handhold_Hello_token_tag && (sw->over.reason || sw->forgot))
            say_over(sw, from_customer);
        else
            welcome(sw, from_customer, m.body.hello.which_seat == handhold_Hello_token_tag);
        break;
    case handhold_ToRelay_open_tag:
        on_open(sw, &m.body.open);
        break;
    case handhold_ToRelay_gate_tag:
        on_gate(sw, m.body.gate.bytes, m.body.gate.size);
        break;
    case handhold_ToRelay_consistency_ask_tag:
        if (sw->proves_nothing)
            break;
        on_consistency(sw, from_customer, &m.body.consistency_ask);
        break;
    case handhold_ToRelay_leave_tag: {
        handhold_FromRelay *ended = blank(handhold_FromRelay_ended_tag);
        ended->body.ended.reason = m.body.leave.reason;
        ended->body.ended.by = from_customer ? PROTO_INDEX_CUSTOMER : PROTO_INDEX_AGENT;
        sw_say(sw, true, ended);
        sw_say(sw, false, ended);
        break;
    }
    default:
        break;
    }
}

static void pass_on(struct session_world *sw, bool from_customer, uint8_t *bytes, size_t len)
{
    if (bytes[0] == PROTO_TYPE_MEDIA && !sw->gates_forced && !sw->gate[bytes[3] & 63])
        return;
    if (bytes[0] == PROTO_TYPE_CONTROL && (from_customer ? sw->hold_customer : sw->hold_agent)) {
        append(&sw->held_last, message_of(from_customer, bytes, len));
        return;
    }
    if (sw->hand && !sw->hand(sw, from_customer, bytes, len))
        return;
    sw_feed(sw, !from_customer, bytes, len);
}

void sw_release(struct session_world *sw)
{
    sw->hold_customer = sw->hold_agent = false;
    struct sw_message *row = take_row(&sw->held, &sw->held_last);

    while (row) {
        struct sw_message *gone = row;
        row = row->next;
        sw_feed(sw, !gone->from_customer, gone->bytes, gone->len);
        free(gone);
    }
    sw_carry(sw);
}

static void serve(struct session_world *sw, bool from_customer, uint8_t *bytes, size_t len)
{
    if (sw->keep)
        append(&sw->kept_last, message_of(from_customer, bytes, len));
    if (bytes[0] == PROTO_TYPE_RELAY) {
        on_to_relay(sw, from_customer, bytes + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES);
    } else if (bytes[0] == PROTO_TYPE_LOG) {
        on_log_add(sw, from_customer, bytes + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES);
    } else {
        trace(sw, from_customer, bytes[0], bytes[0] == PROTO_TYPE_CONTROL ? peek(sw, from_customer, bytes, len) : 0);
        pass_on(sw, from_customer, bytes, len);
    }
}

static bool carry_one(struct session_world *sw, bool from_customer)
{
    struct proto_session *s = end_of(sw, from_customer);
    size_t len;

    take_events(sw, from_customer);
    if (!s || !(from_customer ? sw->customer_up : sw->agent_up))
        return false;
    const uint8_t *bytes = proto_session_pending(s, &len);
    if (!bytes)
        return false;
    struct sw_message *message = message_of(from_customer, bytes, len);
    proto_session_sent(s);
    serve(sw, from_customer, message->bytes, len);
    free(message);
    return true;
}

void sw_carry(struct session_world *sw)
{
    bool moved = true;

    while (moved) {
        moved = carry_one(sw, true);
        moved = carry_one(sw, false) || moved;
    }
}

static void tick(struct session_world *sw, bool customer)
{
    struct proto_session *s = end_of(sw, customer);

    if (customer && sw->customer_asleep)
        return;
    session_world_inside = true;
    if (s && sw->now.mono_ms >= proto_session_deadline(s))
        proto_session_tick(s, sw->now);
    session_world_inside = false;
    take_events(sw, customer);
}

void sw_leap(struct session_world *sw, int64_t ms)
{
    sw->now.mono_ms += ms;
    sw->now.unix_ms += ms;
    tick(sw, true);
    tick(sw, false);
    sw_carry(sw);
}

void sw_pass(struct session_world *sw, int64_t ms)
{
    int64_t until = sw->now.mono_ms + ms;

    sw_carry(sw);
    for (unsigned turns = 0; sw->now.mono_ms < until; turns++) {
        int64_t next = until;
        if (sw->customer && !sw->customer_asleep)
            next = proto_earlier(next, proto_session_deadline(sw->customer));
        if (sw->agent)
            next = proto_earlier(next, proto_session_deadline(sw->agent));
        assert_in_range(turns, 0, 200000); /* a deadline that never moves would wake its owner for ever */
        sw_leap(sw, next > sw->now.mono_ms ? next - sw->now.mono_ms : 1);
    }
}

/* ---- connections ---- */

void sw_connect(struct session_world *sw, bool customer)
{
    struct proto_session *s = end_of(sw, customer);

    if (customer) {
        sw->customer_up = true;
        sw->customer_connection++;
    } else {
        sw->agent_up = true;
        sw->agent_connection++;
    }
    session_world_inside = true;
    proto_session_connected(s, sw->now);
    session_world_inside = false;
    sw_carry(sw);
}

void sw_cut(struct session_world *sw, bool customer)
{
    bool *up = customer ? &sw->customer_up : &sw->agent_up,
         *seated = customer ? &sw->seated_customer : &sw->seated_agent;

    *up = *seated = false;
    memset(sw->gate, 0, sizeof sw->gate);
    if (customer)
        sw->log_adds_open = 0;
    session_world_inside = true;
    proto_session_disconnected(end_of(sw, customer), sw->now);
    session_world_inside = false;
    take_events(sw, customer);
    if (customer ? sw->agent_up : sw->customer_up)
        say_peer(sw, !customer);
    sw_carry(sw);
}

/* ---- the world ---- */

void sw_publish(struct session_world *sw)
{
    sw->base.org.number++;
    sw->base.policy.number++;
    world_publish(&sw->base);
}

static void set_log(struct session_world *sw)
{
    uint8_t seed[32];
    struct proto_note_key key;
    struct proto_buf vkey;

    memset(sw->log_seed, 5, sizeof sw->log_seed);
    memset(seed, 6, sizeof seed);
    proto_sign_keypair(sw->log_public, sw->other_secret, seed);
    proto_sign_keypair(sw->log_public, sw->log_secret, sw->log_seed);
    proto_buf_init(&vkey, sizeof sw->log_vkey);
    assert_ok(proto_note_key_init(&key, ORIGIN, sw->log_public));
    proto_note_key_format(&key, &vkey);
    memcpy(sw->log_vkey, vkey.bytes, vkey.len);
    proto_buf_free(&vkey);
    assert_ok(proto_org_add_log(&sw->base.org, sw->log_vkey));
    proto_log_tree_init(&sw->tree);
}

void sw_init(struct session_world *sw, uint8_t seed)
{
    memset(sw, 0, sizeof *sw);
    world_init(&sw->base, seed);
    set_log(sw);
    sw_publish(sw);
    sw->now = (struct proto_now){1000000, (int64_t)WORLD_TIME_S * 1000};
    sw->held_last = &sw->held;
    sw->kept_last = &sw->kept;
    sw->unanswered_last = &sw->unanswered;
    sw->agent_config = (struct proto_agent_config){
        .random = sw->base.random, .credential = &sw->base.agent_credential, .by_code = true};
    sw->customer_config = (struct proto_customer_config){
        .random = sw->base.random,
        .pinned_root = sw->base.agent_credential.identity.root_fingerprint,
        .offers =
            1u << PROTO_CAPABILITY_CAMERA | 1u << PROTO_CAPABILITY_MICROPHONE | 1u << PROTO_CAPABILITY_DEVICE_STATE,
        .client_info = "the customer of a test",
    };
}

void sw_clear(struct session_world *sw)
{
    proto_session_free(sw->customer);
    proto_session_free(sw->agent);
    drop_row(&sw->held, &sw->held_last);
    drop_row(&sw->kept, &sw->kept_last);
    drop_row(&sw->unanswered, &sw->unanswered_last);
    world_clear(&sw->base);
}

void sw_invite(struct session_world *sw)
{
    assert_ok(proto_session_new_agent(&sw->agent, &sw->agent_config, sw->now));
    sw_connect(sw, false);
}

void sw_arrive(struct session_world *sw, bool by_code)
{
    struct proto_customer_config config = sw->customer_config;

    config.link = by_code ? NULL : sw->link;
    config.code = by_code ? sw->code : NULL;
    config.join_host = WORLD_HOST;
    assert_ok(proto_session_new_customer(&sw->customer, &config, sw->now));
    sw_connect(sw, true);
}

void sw_join(struct session_world *sw)
{
    sw_invite(sw);
    sw_arrive(sw, false);
    assert_int_equal(sw_count(sw, true, PROTO_EVENT_JOINED), 1);
    assert_int_equal(sw_count(sw, false, PROTO_EVENT_JOINED), 1);
}

void sw_request(struct session_world *sw, enum proto_capability capability)
{
    assert_ok(proto_session_request(sw->agent, capability, "to see the lamp", 0, sw->now));
    sw_carry(sw);
}

void sw_grant(struct session_world *sw, enum proto_capability capability)
{
    sw_request(sw, capability);
    assert_int_equal(proto_session_consent(sw->customer, capability), PROTO_CONSENT_REQUESTED);
    assert_ok(proto_session_grant(sw->customer, capability, sw->now));
    sw_carry(sw);
    assert_int_equal(sw->customer->grants[capability].phase, GRANT_LIVE);
    assert_int_equal(proto_session_consent(sw->agent, capability), PROTO_CONSENT_GRANTED);
}

enum proto_err sw_push(struct session_world *sw, enum proto_capability capability, const char *text, bool key)
{
    struct proto_frame frame = {
        .bytes = (const uint8_t *)text, .len = strlen(text), .key = key, .capture_mono_ms = sw->now.mono_ms};

    session_world_inside = true;
    enum proto_err err = proto_session_push_frame(sw->customer, capability, &frame, sw->now);
    session_world_inside = false;
    sw_carry(sw);
    return err;
}

enum proto_err sw_chat(struct session_world *sw, bool customer, const char *text)
{
    handhold_Data data = {.which_body = handhold_Data_chat_tag};

    snprintf(data.body.chat.text, sizeof data.body.chat.text, "%s", text);
    session_world_inside = true;
    enum proto_err err = proto_session_send_data(end_of(sw, customer), &data, sw->now);
    session_world_inside = false;
    sw_carry(sw);
    return err;
}
