/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/targets.h - the table of all fuzz targets: every decoder that sees a stranger's bytes.
 *
 * tests/fuzz/CMakeLists.txt reads this list too: one line, one target.
 */
#ifndef TESTS_FUZZ_TARGETS_H
#define TESTS_FUZZ_TARGETS_H

#include "tests/fuzz/fuzz.h"

#define FUZZ_TARGET_LIST(X)                                                                                            \
    X(header, "proto/wire: the clear bytes in front of every message")                                                 \
    X(control, "proto/wire: the frame of sealed control messages")                                                     \
    X(message, "proto/wire: every message of handhold.proto")                                                          \
    X(base64, "proto/seal: both alphabets")                                                                            \
    X(utf8, "proto/seal and proto/wire: the two readers of UTF-8")                                                     \
    X(sframe, "proto/seal: media frames")                                                                              \
    X(noise, "proto/seal: M1, M2 and the channel")                                                                     \
    X(cpace, "proto/seal: the peer's share")                                                                           \
    X(note, "proto/seal: signed notes")                                                                                \
    X(note_key, "proto/seal: verifier keys")                                                                           \
    X(statement, "proto/consent: what a customer signed")                                                              \
    X(event, "proto/consent: what others signed")                                                                      \
    X(erasure, "proto/consent: what an officer signed as destroyed")                                                   \
    X(evidence, "proto/consent: sealed and opened evidence")                                                           \
    X(gate, "proto/consent: what the relay enforces")                                                                  \
    X(checkpoint, "proto/log: the signed size and root")                                                               \
    X(receipt, "proto/log: the log's answer")                                                                          \
    X(merkle, "proto/log: inclusion and consistency")                                                                  \
    X(proof, "proto/log: a receipt as a file")                                                                         \
    X(proofs, "proto/log: many proofs in one file, a page around them")                                                \
    X(fork, "proto/log: the file that shows two trees of one log")                                                     \
    X(chain, "proto/identity: certificates in DER")                                                                    \
    X(pem, "proto/identity: certificates and keys as files")                                                           \
    X(request, "certs: certificate requests")                                                                          \
    X(org, "proto/identity: the organisation's note")                                                                  \
    X(policy, "proto/identity: the officer's note")                                                                    \
    X(policy_text, "proto/identity: a policy as it is edited")                                                         \
    X(link, "proto/pairing: an invitation as pasted")                                                                  \
    X(code, "proto/pairing: an invitation as typed")                                                                   \
    X(auth, "proto/pairing: AUTH_A and AUTH_C")                                                                        \
    X(pairing_customer, "proto/pairing: the handshake at the customer's end")                                          \
    X(pairing_agent, "proto/pairing: the handshake at the agent's end")                                                \
    X(beside, "proto/beside: a customer's two devices, and whoever sits between them")                                 \
    X(layers, "proto/media: replay window and temporal layers")                                                        \
    X(session_customer, "proto/session: a whole session, attacked at the customer's end")                              \
    X(session_agent, "proto/session: a whole session, attacked at the agent's end")                                    \
    X(relay_core, "relay/core: a whole session and strangers, attacked at the relay")                                  \
    X(relay_talk, "relay/core: any sequence of messages of strangers, staff and officers")                             \
    X(y4m, "client: a camera file")                                                                                    \
    X(still, "agent: a photo as a file")                                                                               \
    X(picture, "agent: VP8 packets")                                                                                   \
    X(client_command, "client: JSON commands and typed lines")                                                         \
    X(state_line, "client: what a product's firmware says")                                                            \
    X(template, "client: value templates of announced devices")                                                        \
    X(mqtt, "client: what a broker may send")                                                                          \
    X(guide, "agent: a guide as its author wrote it")                                                                  \
    X(condition, "agent: a condition of a guide, in a home that says anything")                                        \
    X(state_batch, "agent: frames of device state")                                                                    \
    X(agent_command, "agent: JSON commands")                                                                           \
    X(relay_ini, "relay: the operator's file")                                                                         \
    X(frames, "relay: a client's WebSocket frames")                                                                    \
    X(said, "relay: what a proxy in front says of the one behind it")                                                  \
    X(url, "proto/host: where a relay is")

#define FUZZ_DECLARE(name, decoder) extern const struct fuzz_target fuzz_##name;
FUZZ_TARGET_LIST(FUZZ_DECLARE)
#undef FUZZ_DECLARE

size_t fuzz_target_count(void);
const struct fuzz_target *fuzz_target_at(size_t index);
const struct fuzz_target *fuzz_target_find(const char *name); /* NULL: no such target */

#endif
