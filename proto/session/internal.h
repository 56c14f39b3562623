/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/session/internal.h - the parts of one end, and who owns what. Only the files of proto/session see it.
 *
 *   session.c   the outside: start, connection, feed, pending, commands of both ends
 *   session_tell.c   what the owner is told, and what is so
 *   relay.c     what the relay says and is told (type RELAY)
 *   relay_seat.c     taking a seat there
 *   ending.c    how a session ends, and when: good-byes, grace time, deadlines
 *   pair.c      the pair: channel up and down, heartbeats, control messages out
 *   handshake.c attempts to make a pair
 *   control.c   control messages in
 *   data.c      numbered messages, delivered once and in order across pairs
 *   outbox.c    signed notes, in order, until the log has them; outbox_log.c: on their way there
 *   grants.c    customer: consent is a key - requests, grants, withdrawals, rotation
 *   stills.c    pictures whole, and resumable (stills_send.c, stills_take.c)
 *   hold.c, goodbye.c, camera.c   what an agent may say beside
 *   media.c     frames on their way: acknowledged by the receiver, reported by the relay
 *   talk.c      the agent's voice, there and here
 *   held.c      agent: statements checked, keys held, frames opened (held.h)
 */
#ifndef PROTO_SESSION_INTERNAL_H
#define PROTO_SESSION_INTERNAL_H

#include "proto/consent/gate.h"
#include "proto/consent/statement.h"
#include "proto/log/fork.h"
#include "proto/media/receive.h"
#include "proto/pairing/pairing.h"
#include "proto/seal/note.h"
#include "proto/seal/sframe.h"
#include "proto/session/events.h"
#include "proto/session/outq.h"
#include "proto/session/session.h"

enum side { SIDE_CUSTOMER, SIDE_AGENT };

/* Where an end stands with the relay. */
enum link_state {
    LINK_DOWN,   /* no connection */
    LINK_HELLO,  /* Hello was sent */
    LINK_SEATED, /* Welcome came; an agent's Open may still be under way */
};

/* ---- data.c: one direction pair of numbered messages ---- */
struct data_message {
    struct data_message *next;
    uint64_t seq;
    bool chat;
    size_t len;
    uint8_t bytes[];
};
struct data_channel {
    struct data_message *first, **last; /* sent or to be sent, not acknowledged; owned */
    size_t count;                       /* at most PROTO_MAX_UNACKED */
    uint64_t next_seq;                  /* of the next one to send */
    uint64_t delivered;                 /* highest number delivered here */
};

/* ---- outbox.c ---- */
struct note_entry {
    struct note_entry *next;
    bool rides;     /* a rekey note: no leaf of its own, it goes with the next one */
    bool final;     /* no co-signature is waited for any more */
    bool in_flight; /* LOG_ADD was sent on this connection */
    bool logged;    /* the receipt was verified, of this note or of the one that it rode with */
    bool acked;     /* customer: the peer has the statement */
    bool delayed;   /* the log said no: asked again at final_at_ms */
    int64_t final_at_ms;
    uint32_t seq;
    enum proto_log_class kind;
    enum proto_capability capability;
    const char *action;    /* static text */
    struct proto_buf note; /* owned */
    uint8_t text_hash[32];
    uint8_t r[32];
    uint8_t commitment[32], evidence_hash[32]; /* set when LOG_ADD was made */
    struct proto_buf evidence;                 /* owned; sealed once, so that a repeated LOG_ADD is the same bytes */
    struct proto_log_seen seen;                /* what the receipt must continue */
};
struct outbox {
    struct note_entry *first, **last;
    size_t count;
    uint32_t seq;       /* of the last note signed */
    uint8_t prev[32];   /* hash of its text */
    uint8_t secret[64]; /* signs: the session key or the leaf's key */
    char signer[PROTO_SIGNER_BYTES];
};

/* ---- grants.c ---- */
enum grant_phase {
    GRANT_NONE,
    GRANT_ASKED,     /* the request is before the customer */
    GRANT_LOGGING,   /* granted: the key is made, the note is on its way into the log, nobody has the key */
    GRANT_RELEASING, /* the receipt is verified: gate opened, key sent, waiting for KEY_ACK or half a second */
    GRANT_LIVE,
    GRANT_SUSPENDED, /* the pair is gone: no key; comes back by `rekey` within the grace time */
};
struct grant {
    enum grant_phase phase;
    uint32_t request;  /* number under which it was asked for first */
    uint32_t answered; /* the last such number that was answered */
    bool capturing;    /* the owner was told to capture */
    bool logged;       /* receipt verified, leaf_hash is set */
    bool gate_open;
    uint32_t gate_seq; /* of the last gate sent for it */
    uint8_t stream;    /* alias, drawn once */
    uint32_t epoch;
    uint32_t max_s, retention_days;
    char purpose[PROTO_MAX_VALUE_BYTES + 1];
    struct proto_sframe_key *key;   /* owned; NULL: there is no key */
    struct proto_sframe_key *reply; /* owned; opens the agent's voice under this grant; NULL: it has none */
    struct proto_replay replay;     /* of it */
    uint8_t base_key[32];           /* until the key was acknowledged */
    uint8_t stmt_hash[32];          /* of the statement that commits to the key */
    uint8_t key_commit[32];
    uint8_t leaf_hash[32]; /* of the grant */
    uint32_t grant_seq;    /* statement number of the grant: its receipt releases the key */
    uint64_t counter;      /* frames sealed under the key */
    uint16_t tl0;
    uint32_t object;
    int64_t expires_ms;  /* PROTO_NEVER: with the session */
    int64_t deadline_ms; /* of the phase: receipt, key acknowledgement */
    int64_t rotate_ms;
    bool warned;             /* the owner was told that it ends soon */
    uint32_t extend_seq;     /* statement number of an extension that waits for its receipt; 0: none */
    int64_t extend_until_ms; /* and how long it is granted for then */
};

/* ---- held.c ---- */
struct held_key {
    struct proto_sframe_key *key;   /* owned */
    struct proto_sframe_key *reply; /* owned; seals this end's voice; NULL: there is no way back */
    uint64_t replies;               /* sealed under it */
    uint64_t kid;
    struct proto_replay replay;
    uint64_t expected; /* RELIABLE: the next counter */
    bool extended;     /* since the last of them: between the old end and the new one the relay forwards nothing */
};
struct held {
    enum proto_consent_state state;
    bool requested;   /* asked for, and no statement has answered yet */
    uint32_t request; /* number under which it was asked for first */
    bool viewing;     /* viewing-started was logged */
    bool used;        /* command-executed was logged */
    uint32_t epoch;   /* of the newest statement that commits to a key */
    uint8_t key_commit[32], stmt_hash[32];
    uint8_t stream;
    uint32_t max_s, retention_days;
    int64_t over_ms; /* by this end's own clock; PROTO_NEVER: with the session */
    char purpose[PROTO_MAX_VALUE_BYTES + 1];
    struct held_key now, before; /* before: until the first valid frame of a higher epoch */
    struct proto_layers layers;
    int64_t key_frame_asked_ms;
    uint32_t spoken; /* packets of this end's voice */
    uint64_t frames;
};

/* ---- media.c ---- */
struct media_acks {
    handhold_MediaAck message; /* what arrived and was not told yet */
    int64_t sent_ms;           /* when it was told last */
};

/* ---- held_ask.c ---- */
struct asking {                                     /* the sheet that is before the customer; count 0: none */
    enum proto_capability order[PROTO_REQUEST_MAX]; /* what of it has no answer yet */
    size_t count;
    uint32_t root; /* number of its first request */
    bool waits;    /* it was closed by a lost pair or a hold, and is sent again after it */
    uint32_t max_s, retention_days;
    char purpose[PROTO_MAX_VALUE_BYTES + 1];
};

/* ---- stills ---- */
struct still_out {  /* stills_send.c: at the customer's end */
    uint32_t id;    /* what the person is asked for, or what is on its way; 0: none */
    uint32_t last;  /* highest number that was asked under */
    uint8_t *bytes; /* owned; NULL: the person has not sent it */
    size_t len;
    uint32_t parts, next, sent, acked; /* next to seal; the most that was ever sealed; the agent's end has so many */
};
struct still_in { /* stills_take.c: at the agent's end */
    uint32_t id;  /* 0: none is under way */
    uint32_t last;
    uint8_t *bytes;           /* owned; NULL: not answered yet */
    struct proto_still about; /* what the answer said of it */
    uint32_t parts, next;
    bool told_missing; /* said once that `next` did not come */
    int64_t wait_ms;   /* then it is asked for again */
};

/* ---- seen.c: the log as both ends see it ---- */
struct seen_tree {
    struct proto_log_seen tree;
    char note[PROTO_LOG_BARE_MAX]; /* its signed checkpoint; empty: not known */
};
enum { SEEN_KEPT = 8 };
struct seen_view {
    char note[PROTO_LOG_BARE_MAX]; /* of what this end has seen */
    struct seen_tree peer;         /* what the other end has seen */
    bool asked;                    /* the relay, to prove that `to` continues `from` */
    struct seen_tree from, to;
    struct seen_tree kept[SEEN_KEPT]; /* what this end saw before: one of them may have the size of the other's */
    unsigned kept_next;
    unsigned unanswered;   /* heartbeats that came through the relay meanwhile */
    uint64_t behind, fits; /* size of the other's, smaller than ours; the one that was found to fit */
    unsigned still;        /* heartbeats in which it stayed there */
};

struct pair {
    struct proto_pairing *pairing;      /* an attempt under way; owned */
    struct proto_noise_channel channel; /* live when `up` */
    bool up;
    bool confirmed; /* customer: the agent has sealed something in this pair */
    bool by_code;   /* customer: the attempt is by code */
    struct proto_check check;
    uint32_t hb_seq, hb_peer_seq;
    int64_t hb_sent_ms, hb_heard_ms; /* mono */
    int64_t hb_told_ms;              /* when this end said the newest that the other end has heard, … */
    int64_t hb_untold_ms;            /* … and the first behind it */
    uint64_t hb_peer_mono_ms;
    uint64_t told_size; /* of the log, whose checkpoint the other end was told in this pair */
    bool log_made_up;   /* what the other end said of it was not the log's: nothing more of that is believed */
    int64_t offset_ms, best_rtt_ms; /* peer's media clock = ours + offset; best_rtt < 0: not known */
    int64_t rtt_ms;                 /* of the newest heartbeat; with best_rtt */
    bool stale;
};

struct proto_session {
    enum side side;
    struct proto_random random;
    struct proto_now now; /* of the entry that is being served */
    int64_t start_ms;     /* media time 0 */
    int64_t ends_ms;      /* whatever happens: of an invitation, then of the session */
    struct events events;
    struct outq out;

    /* the relay */
    enum link_state link;
    bool ever_connected, opened; /* opened: agent, the relay has the session */
    bool peer_present;
    uint32_t peer_connection;
    uint8_t sid[PROTO_SID_BYTES];
    bool sid_known;
    uint8_t token[PROTO_TOKEN_BYTES];
    bool token_known;
    char join_host[PROTO_JOIN_HOST_MAX + 1];
    char origin[PROTO_LOG_ORIGIN_MAX + 1];
    struct proto_buf org_note, policy_note;  /* as the relay serves them */
    char log_vkey[PROTO_ORG_VKEY_BYTES + 1]; /* of the log that this relay writes; empty: the organisation names none */
    struct proto_log_verifier log_verifier;  /* of the same */
    struct proto_log_seen seen;
    struct seen_view view;
    bool log_distrusted;        /* a fork was seen: nothing is granted any more */
    enum proto_err log_refusal; /* the log said this last; OK: it took what it was given */

    /* invitation */
    struct proto_invite_link invite_link;
    struct proto_invite_code invite_code;
    bool by_link, by_code, invitation_used;
    uint32_t link_ttl_s, code_ttl_s;
    int64_t link_until_ms, code_until_ms;
    struct proto_code_guard guard;
    char customer_ref[129], reference[129];

    /* the peer */
    struct pair pair;
    struct proto_resume_keys resume;
    bool joined, ever_confirmed;
    unsigned resume_try, failed_attempts; /* customer: which key the next attempt takes; alarms in a row */
    unsigned late_answers;                /* customer: messages that may come yet to attempts that were given up */
    unsigned code_told;                   /* customer: tags that left for a code while nobody proved to know it */
    uint8_t cs_public[32], cs_secret[64]; /* customer: own; agent: only cs_public */
    struct proto_identity agent;          /* who the agent is, at both ends */
    struct proto_identity_chain chain;    /* customer: the agent's certificates */
    struct proto_org org;
    struct proto_policy policy;
    bool verified;
    bool words_matched, words_told;
    const struct proto_credential *credential; /* agent; borrowed */
    char peer_info[PROTO_CLIENT_INFO_MAX + 1];
    uint8_t ctx[32];                      /* H("handhold/1 ctx" | sid | cs_pub), authenticated with every frame */
    int64_t retry_pair_ms, lost_since_ms; /* PROTO_NEVER: not */

    struct data_channel data;
    struct outbox outbox;

    /* both ends count alike */
    uint32_t refusals, refused_request; /* sheets in a row that a person said no to, and the last one's first number */
    bool on_hold, goodbye, rated;       /* the agent has said so; the customer has */
    int64_t goodbye_ms;                 /* then it ends by itself */

    /* customer */
    struct grant grants[PROTO_CAPABILITY_COUNT];
    uint32_t offers;
    uint8_t pinned_root[32], ui_build[32];
    bool has_pin;
    char client_info[PROTO_CLIENT_INFO_MAX + 1];
    uint32_t next_epoch, gate_seq, request_number;
    bool paused; /* at both ends */
    bool heard;  /* the customer wants to hear the agent; at the agent's end */
    int64_t held_since_ms, hold_until_ms, return_ms; /* hold.c: it began; all is withdrawn; all is taken up again */
    struct still_out still_out;

    /* agent */
    struct held held[PROTO_CAPABILITY_COUNT];
    struct media_acks acks;
    uint32_t stmt_seq; /* of the customer's last statement */
    uint8_t stmt_prev[32];
    uint32_t asked; /* requests so far */
    struct asking asking;
    struct still_in still_in;
    struct proto_session_figures figures;

    /* the end */
    bool ending, left, over, gave_up;
    bool end_cut;  /* the line was away when it began, or went before the last word */
    bool end_said; /* the last word has left, once */
    enum proto_end end_reason;
    uint8_t end_by;
    int64_t end_deadline_ms; /* of what is waited for now … */
    int64_t end_until_ms;    /* … and of it all */
};

/* session.c */
void session_wipe(struct proto_session *s); /* every key and secret */
void session_error(struct proto_session *s, enum proto_err err, const char *message);
void session_alarm(struct proto_session *s, enum proto_err err, const char *message);
/** The log is forked; `evidence` (may be NULL) is the text of a file of proto/log/fork.h. */
void session_alarm_fork(struct proto_session *s, const char *message, const char *evidence);
void session_event_consent(struct proto_session *s, enum proto_capability capability, enum proto_consent_state state,
                           const char *purpose, uint32_t max_s, uint32_t retention_days);
/** REQUESTED: one of `of` capabilities on the sheet with this number. */
void session_event_request(struct proto_session *s, enum proto_capability capability, const char *purpose,
                           uint32_t max_s, uint32_t retention_days, uint32_t number, uint32_t of);
/** GRANTED, and it goes on: `max_s` from now. */
void session_event_extended(struct proto_session *s, enum proto_capability capability, const char *purpose,
                            uint32_t max_s, uint32_t retention_days);
void session_event_connection(struct proto_session *s, enum proto_connection_state state);
/** The session is over for this end: events, keys wiped, nothing more is accepted. */
void session_finish(struct proto_session *s, enum proto_end reason, uint8_t by, const char *message);
/** Begins to end: says so to the peer, withdraws, lets the log have what it must, then leaves. */
void session_begin_end(struct proto_session *s, enum proto_end reason, uint8_t by);
void session_end_cut(struct proto_session *s);    /* the connection is gone … */
void session_end_back(struct proto_session *s);   /* … and the seat is taken again */
void session_end_untold(struct proto_session *s); /* over, whether the relay knows or not */
void session_say_bye(struct proto_session *s);    /* nothing when the pair is not up */
bool session_send(struct proto_session *s, enum proto_type type, uint8_t dst, const uint8_t *body, size_t len);

/* seen.c */
/** A tree was verified; `note` is its signed checkpoint, with or without lines of witnesses. */
void seen_advance(struct proto_session *s, const struct proto_log_seen *to, const char *note);
/** A receipt was verified: its tree `to`, of the signed `note`, continues `from`, which was seen when the note left. */
void seen_receipt(struct proto_session *s, const struct proto_log_seen *from, const struct proto_log_seen *to,
                  const char *note);
/** The organisation and the log's name are known: its key, and what was seen of it before, if it was this one. */
void session_pick_log(struct proto_session *s);
void seen_tell_relay(const struct proto_session *s, handhold_Hello *hello);
void seen_tell_peer(struct proto_session *s, handhold_Heartbeat *hb);
void seen_heard(struct proto_session *s, const handhold_Heartbeat *hb);
void seen_proof(struct proto_session *s, const handhold_Consistency *m);

/* relay.c */
void relay_link_hello(struct proto_session *s);
void relay_link_feed(struct proto_session *s, const uint8_t *body, size_t len);
void relay_link_send(struct proto_session *s, const handhold_ToRelay *message);
void relay_link_gate(struct proto_session *s, enum proto_capability capability, bool open, uint32_t ttl_s);
void relay_link_leave(struct proto_session *s);

/* relay_seat.c: what relay.c hands on */
void relay_link_welcomed(struct proto_session *s, const handhold_FromRelay *message);
void relay_link_opened(struct proto_session *s, const handhold_FromRelay *message);
void relay_link_noted(struct proto_session *s, const handhold_FromRelay *message);
void relay_link_peer_changed(struct proto_session *s, const handhold_FromRelay *message);
void relay_link_beside_state(struct proto_session *s, const handhold_FromRelay *message);
void relay_link_beside(struct proto_session *s, const handhold_FromRelay *message);
void relay_link_kept_part(struct proto_session *s, const handhold_FromRelay *message);
void relay_link_kept_answer(struct proto_session *s, const handhold_FromRelay *message);

/* pair.c */
void pair_start(struct proto_session *s); /* customer: a handshake with whoever is there */
void pair_feed_handshake(struct proto_session *s, const uint8_t *body, size_t len);
void pair_feed_control(struct proto_session *s, const uint8_t *sealed, size_t len);
void pair_close(struct proto_session *s); /* the channel is gone: keys wiped, grants suspended */
void pair_tick(struct proto_session *s);
int64_t pair_deadline(const struct proto_session *s);
/** Seals and queues a control message; nothing when the pair is not up. */
void pair_send(struct proto_session *s, enum proto_control msg, const uint8_t *body, size_t len);
void pair_send_message(struct proto_session *s, enum proto_control msg, const pb_msgdesc_t *fields,
                       const void *message);

/* handshake.c */
/** An attempt came to nothing; it is tried again, given up, or told, as `err` demands. */
void handshake_failed(struct proto_session *s, enum proto_err err);
/** The attempt has proved the peer: the channel is up, and what waited for it goes on. */
void pair_up(struct proto_session *s);
void pair_event_words(struct proto_session *s);
void pair_heard_again(struct proto_session *s);

/* data.c; data_rules.c: who may send what, and when */
enum proto_err data_may_send(const struct proto_session *s, const handhold_Data *data, bool own);
bool data_take(struct proto_session *s, const handhold_Data *data); /* true: the owner is to be told of it */
enum proto_err data_send(struct proto_session *s, const handhold_Data *data);
void data_receive(struct proto_session *s, const uint8_t *body, size_t len);
void data_acked(struct proto_session *s, uint64_t upto);
void data_send_again(struct proto_session *s);
void data_clear(struct data_channel *data);

/* outbox.c */
/** Signs the text under this end's name, links it into the outbox. NULL: FULL, or out of memory. */
struct note_entry *outbox_add(struct proto_session *s, const struct proto_buf *text, enum proto_log_class kind,
                              enum proto_capability capability, const char *action, bool rides, int64_t cosign_wait_ms);
void outbox_event(struct proto_session *s, enum proto_act action, enum proto_capability capability); /* agent's */
void outbox_still_taken(struct proto_session *s, size_t len, const uint8_t hash[static PROTO_HASH_BYTES]);
void outbox_recording(struct proto_session *s, bool began, uint64_t len, const uint8_t hash[static PROTO_HASH_BYTES]);
void outbox_cosigned(struct proto_session *s, uint32_t seq, const char *line);
void outbox_finalise(struct proto_session *s); /* no more waiting for co-signatures */
void outbox_flush(struct proto_session *s);    /* sends what may be sent */
void outbox_receipt(struct proto_session *s, const uint8_t *body, size_t len);
void outbox_disconnected(struct proto_session *s);
void outbox_send_statements_again(struct proto_session *s);
int64_t outbox_deadline(const struct proto_session *s);
void outbox_tick(struct proto_session *s);
/** Notes that the log has yet to take; a rekey note that waits for company does not count. */
size_t outbox_waiting(const struct proto_session *s);
void outbox_clear(struct outbox *outbox);
/** A note leaves when the log has it and, if it is a statement, the peer has it too. */
void outbox_forget_settled(struct outbox *outbox);

/* grants.c (customer) */
void grants_requested(struct proto_session *s, const handhold_ConsentRequest *request);
void grants_note_logged(struct proto_session *s, const struct note_entry *entry, const uint8_t leaf_hash[static 32]);
void grants_key_acked(struct proto_session *s, uint64_t kid);
void grants_gate_answered(struct proto_session *s, uint32_t gate_seq, enum proto_err err, const char *message);
void grants_suspend(struct proto_session *s, const char *why);
void grants_resume(struct proto_session *s);
void grants_withdraw_all(struct proto_session *s, const char *purpose);
void grants_tick(struct proto_session *s);
int64_t grants_deadline(const struct proto_session *s);
void grants_end_statement(struct proto_session *s);
void grants_clear(struct proto_session *s);
enum proto_capability grants_by_stream(const struct proto_session *s, uint8_t stream);

/* talk.c */
enum proto_err talk_key_new(struct proto_sframe_key **out, uint32_t epoch, uint8_t stream,
                            const uint8_t base_key[static PROTO_KEY_BYTES]);
void talk_media(struct proto_session *s, const uint8_t *message, size_t len); /* customer: the agent's voice */

/* media.c */
void media_arrived(struct proto_session *s, const struct proto_media_header *header); /* it opened, now */
void media_forget(struct proto_session *s);
int64_t media_deadline(const struct proto_session *s);
void media_tick(struct proto_session *s);
void media_acked(struct proto_session *s, const handhold_MediaAck *message);
void media_queued(struct proto_session *s, const handhold_QueueReport *message);

void grants_logged_again(struct proto_session *s, enum proto_capability capability,
                         const uint8_t leaf_hash[static 32]); /* an extension has its receipt */

/* hold.c */
void hold_said_again(
    struct proto_session *s);    /* agent: an end that began anew (a page that was loaded again) forgot it */
#define PROTO_WHY_HOLD "on hold" /* why a sheet was closed: told, never noted */
void hold_heard(struct proto_session *s, bool on);
int64_t hold_deadline(const struct proto_session *s);
void hold_tick(struct proto_session *s);

/* goodbye.c */
bool goodbye_heard(struct proto_session *s); /* true: for the first time */
void goodbye_tick(struct proto_session *s);

/* stills.c */
const char *still_type(const char *mime); /* static text; NULL: it is none of a still */
uint32_t still_parts(size_t len);
bool still_is_sound(size_t len, uint32_t width, uint32_t height, const char *mime);
void still_event(struct proto_session *s, enum proto_still_step step, uint32_t id, const struct proto_still *still);

/* stills_send.c (customer) */
void still_asked(struct proto_session *s, uint32_t id);
void still_had(struct proto_session *s, const handhold_StillHave *have);
void still_feed(struct proto_session *s);    /* the line is free: the next part */
void still_out_end(struct proto_session *s); /* its consent has ended */

/* stills_take.c (agent) */
void still_answered(struct proto_session *s, const handhold_StillAnswer *answer);
void still_part(struct proto_session *s, const uint8_t *plain, size_t len);
void still_key_came(struct proto_session *s); /* what is missing can come again */
int64_t still_deadline(const struct proto_session *s);
void still_tick(struct proto_session *s);
void still_in_end(struct proto_session *s);

/* held.c (agent) */
void held_statement(struct proto_session *s, const handhold_Statement *statement);
void held_key_release(struct proto_session *s, const uint8_t *body, size_t len);
void held_key_retire(struct proto_session *s, uint64_t kid);
void held_media(struct proto_session *s, const uint8_t *message, size_t len);
void held_stop_viewing(struct proto_session *s);
int64_t held_deadline(const struct proto_session *s);
void held_tick(struct proto_session *s);
void held_suspend(struct proto_session *s, const char *why);
void held_clear(struct proto_session *s);

/* held_ask.c (agent) */
bool asking_has(const struct proto_session *s, enum proto_capability capability); /* also while it waits */
void asking_answered(struct proto_session *s, enum proto_capability capability);
void asking_closed(struct proto_session *s, const char *why); /* without an answer: it waits */
void asking_again(struct proto_session *s);

#endif
