/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent and a customer say to a relay before their first frame may pass. */
#include <openssl/pem.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/gate.h"
#include "proto/log/leaf.h"
#include "proto/seal/kdf.h"
#include "proto/wire/message.h"
#include "tests/bench/relay_load_inside.h"

static handhold_ToRelay to_relay;
static handhold_FromRelay from_relay;

void load_fail(struct load *load, const char *format, ...)
{
    va_list arguments;

    if (load->failed)
        return;
    load->failed = true;
    va_start(arguments, format);
    vsnprintf(load->why, sizeof load->why, format, arguments);
    va_end(arguments);
}

/* The relay holds a gate to the certificate of who is connected. */
bool load_prelude_set_up(struct load *load, char error[static 256])
{
    char file[512];
    unsigned char *der = NULL;

    snprintf(file, sizeof file, "%s.crt", load->config.identity);
    FILE *pem = fopen(file, "r");
    X509 *certificate = pem ? PEM_read_X509(pem, NULL, NULL, NULL) : NULL;
    int len = certificate ? i2d_X509(certificate, &der) : -1;
    if (len > 0)
        proto_sha256(load->grantee, der, (size_t)len);
    else
        snprintf(error, 256, "%.200s: is not a certificate", file);
    OPENSSL_free(der);
    X509_free(certificate);
    if (pem)
        fclose(pem);
    return len > 0;
}

/* ---- saying ---- */

static void send_message(struct load_end *end, enum proto_type type, const pb_msgdesc_t *fields, const void *message)
{
    uint8_t envelope[PROTO_ENVELOPE_BYTES];
    struct proto_buf buf;

    proto_buf_init(&buf, PROTO_MAX_RELAY_BYTES);
    proto_envelope_write(envelope, type, end->session->step == STEP_LINES ? 0 : end->index, PROTO_INDEX_RELAY);
    proto_buf_put(&buf, envelope, sizeof envelope);
    if (proto_message_encode(&buf, fields, message) || buf.failed)
        load_fail(end->session->load, "a message of ours does not encode");
    else
        line_send(&end->line, buf.bytes, buf.len);
    proto_buf_free(&buf);
}

static void say(struct load_end *end, pb_size_t tag)
{
    to_relay.which_body = tag;
    send_message(end, PROTO_TYPE_RELAY, handhold_ToRelay_fields, &to_relay);
    memset(&to_relay, 0, sizeof to_relay);
}

static void open_session(struct load_end *agent)
{
    to_relay.body.hello.which_seat = handhold_Hello_staff_tag;
    to_relay.body.hello.seat.staff = true;
    say(agent, handhold_ToRelay_hello_tag);
    memcpy(to_relay.body.open.sid, agent->session->sid, sizeof agent->session->sid);
    to_relay.body.open.link_ttl_s = 4 * 3600;
    say(agent, handhold_ToRelay_open_tag);
    agent->session->step = STEP_OPENING;
}

static void join(struct load_end *customer)
{
    struct load_session *session = customer->session;

    to_relay.body.hello.which_seat = handhold_Hello_sid_tag;
    memcpy(to_relay.body.hello.seat.sid, session->sid, sizeof session->sid);
    if (PROTO_SET_BYTES(to_relay.body.hello.session_key, session->public_key, sizeof session->public_key))
        abort();
    say(customer, handhold_ToRelay_hello_tag);
    session->step = STEP_JOINING;
}

static void name_key(struct load_end *agent)
{
    memcpy(to_relay.body.session_key.session_key, agent->session->public_key, 32);
    say(agent, handhold_ToRelay_session_key_tag);
}

static void log_grant(struct load_end *customer)
{
    static handhold_LogAdd add;

    memset(&add, 0, sizeof add);
    add.leaf_class = PROTO_LOG_STATEMENT;
    proto_sha256(add.commitment, customer->session->sid, sizeof customer->session->sid);
    if (PROTO_SET_BYTES(add.evidence, "what the officers could open", 28))
        abort();
    customer->session->step = STEP_LOGGING;
    send_message(customer, PROTO_TYPE_LOG, handhold_LogAdd_fields, &add);
}

/* The picture, the customer's voice, and the agent's. */
static const struct {
    uint8_t src, stream, dst;
    enum proto_capability capability;
} gates[] = {
    {PROTO_INDEX_CUSTOMER, 1, PROTO_INDEX_AGENT, PROTO_CAPABILITY_CAMERA},
    {PROTO_INDEX_CUSTOMER, 2, PROTO_INDEX_AGENT, PROTO_CAPABILITY_MICROPHONE},
    {PROTO_INDEX_AGENT, 1, PROTO_INDEX_CUSTOMER, PROTO_CAPABILITY_MICROPHONE},
    {PROTO_INDEX_AGENT, 2, PROTO_INDEX_CUSTOMER, PROTO_CAPABILITY_MICROPHONE},
};
enum { GATES = sizeof gates / sizeof *gates };

static void open_gates(struct load_end *customer, const handhold_LogReceipt *receipt)
{
    struct load_session *session = customer->session;

    if (receipt->error) {
        load_fail(session->load, "the log refused a grant: %.100s", receipt->message);
        return;
    }
    session->step = STEP_GATES;
    for (size_t i = 0; i < GATES; i++) {
        struct proto_gate gate = {.gate_seq = ++session->gate_seq,
                                  .open = true,
                                  .src = gates[i].src,
                                  .stream = gates[i].stream,
                                  .dst = gates[i].dst,
                                  .capability = gates[i].capability,
                                  .ttl_s = 4 * 3600};
        uint8_t bytes[PROTO_GATE_BYTES];

        memcpy(gate.sid, session->sid, sizeof gate.sid);
        memcpy(gate.grantee, session->load->grantee, sizeof gate.grantee);
        proto_log_leaf_hash(gate.leaf_hash, receipt->leaf.bytes);
        if (proto_gate_sign(&gate, session->secret, bytes) || PROTO_SET_BYTES(to_relay.body.gate, bytes, sizeof bytes))
            abort();
        say(customer, handhold_ToRelay_gate_tag);
    }
}

void load_prelude_opened(struct load_end *end)
{
    struct load_session *session = end->session;

    if (session->end[0].line.state != LINE_OPEN || session->end[1].line.state != LINE_OPEN)
        return;
    crypto_sign_keypair(session->public_key, session->secret);
    randombytes_buf(session->sid, sizeof session->sid);
    open_session(&session->end[1]);
}

/* ---- hearing ---- */

static void on_gate_answer(struct load_session *session)
{
    if (from_relay.body.gate_answer.error)
        load_fail(session->load, "a gate was refused: %.100s", from_relay.body.gate_answer.message);
    else if (++session->gates_answered == GATES)
        load_session_live(session);
}

void load_prelude_heard(struct load_end *end, const uint8_t *message, size_t len)
{
    struct load_session *session = end->session;
    static handhold_LogReceipt receipt;

    if (message[0] == PROTO_TYPE_LOG && session->step == STEP_LOGGING &&
        !proto_message_decode(message + 4, len - 4, handhold_LogReceipt_fields, &receipt, sizeof receipt)) {
        open_gates(end, &receipt);
        return;
    }
    if (message[0] != PROTO_TYPE_RELAY ||
        proto_message_decode(message + 4, len - 4, handhold_FromRelay_fields, &from_relay, sizeof from_relay))
        return;
    switch (from_relay.which_body) {
    case handhold_FromRelay_error_tag:
        load_fail(session->load, "the relay said: %.150s", from_relay.body.error.message);
        break;
    case handhold_FromRelay_opened_tag:
        join(&session->end[0]);
        break;
    case handhold_FromRelay_welcome_tag:
        if (end->index == PROTO_INDEX_CUSTOMER) {
            name_key(&session->end[1]);
            log_grant(end);
        }
        break;
    case handhold_FromRelay_gate_answer_tag:
        on_gate_answer(session);
        break;
    default:
        break;
    }
}
