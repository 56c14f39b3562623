/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/util/err.h - one list of errors for the whole house, and one translator.
 *
 * A function that can fail returns `enum proto_err`; PROTO_OK is 0. Each error has a name (for logs and JSON), the
 * rule that was broken and the way out, both as sentences for people, so that no call site invents its own words.
 * Add an error as a line of PROTO_ERR_LIST; nothing else needs to change.
 */
#ifndef PROTO_UTIL_ERR_H
#define PROTO_UTIL_ERR_H

#define PROTO_MUST_USE __attribute__((warn_unused_result))

/*        name               rule that was broken                                          way out */
#define PROTO_ERR_LIST(X)                                                                                              \
    X(OK, "nothing is wrong", "")                                                                                      \
    X(NOMEM, "memory ran out", "close other programs, or raise the limit of this one")                                 \
    X(ARGUMENT, "a caller broke the contract of a function", "this is a defect of Handhold; please report it")         \
    X(RANGE, "a value or a length is outside its named bound", "send a value within the bound")                        \
    X(FORMAT, "the bytes do not have the form that the protocol lays down",                                            \
      "use the same version of Handhold at both ends")                                                                 \
    X(VERSION, "the peer speaks another version of the protocol", "update the older end")                              \
    X(STATE, "this message or command does not belong here", "start the session again")                                \
    X(CRYPTO, "a sealed message does not open: it was altered, replayed or meant for somebody else",                   \
      "start the session again; if it happens again, somebody on the way tampers with it")                             \
    X(SIGNATURE, "a signature does not verify", "do not trust this peer; ask the organisation")                        \
    X(KEY, "a public key is unusable (small order, or not a point)", "do not trust this peer; ask the organisation")   \
    X(CERT_CHAIN, "the certificate does not chain to the root that was pinned",                                        \
      "ask the organisation for a new invitation")                                                                     \
    X(CERT_PROFILE, "the certificate breaks the profile of Handhold staff certificates",                               \
      "issue it again with handhold-certs")                                                                            \
    X(CERT_ROLE, "the certificate does not have the role that this needs", "use a certificate of the right role")      \
    X(CERT_NAME, "the certificate names somebody outside the organisation's domain",                                   \
      "issue it again with handhold-certs")                                                                            \
    X(CERT_EXPIRED, "the certificate has ended", "issue a new one with handhold-certs issue")                          \
    X(CERT_REVOKED, "the certificate was revoked by its organisation", "ask the organisation for a new one")           \
    X(CLOCK, "the clocks of the two ends differ by more than a day", "set the clock of the device that is wrong")      \
    X(ORG, "the organisation's note does not verify or is older than one already seen", "ask the organisation")        \
    X(POLICY, "the organisation's policy forbids this", "ask the privacy officer to change the policy")                \
    X(CONSENT, "there is no consent for this", "ask the customer first")                                               \
    X(LOG, "the log's answer does not verify", "do not trust this relay; keep the evidence and ask the organisation")  \
    X(REPLAY, "a message came twice, too late or out of order", "")                                                    \
    X(LINK, "the link is not a whole Handhold link", "copy the whole link, with everything behind the #")              \
    X(CODE, "the code is not a Handhold code, or has a typing error", "read the code again, digit by digit")           \
    X(BURNT, "the invitation was used already or tried too often", "ask for a new invitation")                         \
    X(EXPIRED, "the time for this has run out", "ask for a new invitation")                                            \
    X(TIMEOUT, "the other end did not answer in time", "check the connection and try again")                           \
    X(IO, "reading or writing failed", "check the file, its folder and its rights")                                    \
    X(FULL, "a bounded buffer is full", "wait until what is in it has gone")                                           \
    X(BUSY, "the relay takes no more of this now", "try again in a moment")                                            \
    X(REFUSED, "the relay refused this", "read the reason it gave")                                                    \
    X(NOT_FOUND, "there is nothing under that name", "check the name")                                                 \
    X(EXISTS, "there is something under that name already", "choose another name, or move the old one away first")

enum proto_err {
#define PROTO_ERR_ENUM(name, rule, way_out) PROTO_ERR_##name,
    PROTO_ERR_LIST(PROTO_ERR_ENUM)
#undef PROTO_ERR_ENUM
        PROTO_ERR_COUNT
};
#define PROTO_OK PROTO_ERR_OK

/** The short name ("CERT_EXPIRED") for logs and JSON; "unknown" out of range. Static text. */
const char *proto_err_name(enum proto_err err);
/** The rule that was broken, as a sentence without a full stop. Static text. */
const char *proto_err_rule(enum proto_err err);
/** What to do about it, as a sentence without a full stop; may be empty. Static text. */
const char *proto_err_way_out(enum proto_err err);

#endif
