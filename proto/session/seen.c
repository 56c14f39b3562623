/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log as both ends see it. Each keeps the newest checkpoint that it verified, and says it to the relay (Hello) and,
 * under seal, to the other end (Heartbeat), signed by the log's key. Of two that differ, the relay has to prove that
 * one continues the other; a relay that cannot, or goes on passing messages and does not, has two logs.
 */
#include <sodium.h>
#include <string.h>

#include "proto/session/internal.h"

enum {
    UNANSWERED_MAX = 30, /* heartbeats that came through the relay while it owed a proof: as many seconds */
    STILL_MAX = 5,       /* heartbeats in which the other end, behind us, did not catch up: then we ask too */
};

static bool same_tree(const struct proto_log_seen *a, const struct proto_log_seen *b)
{
    return a->size == b->size && sodium_memcmp(a->root, b->root, sizeof a->root) == 0;
}

static struct seen_tree ours(const struct proto_session *s)
{
    struct seen_tree tree = {.tree = s->seen};

    memcpy(tree.note, s->view.note, sizeof tree.note);
    return tree;
}

void seen_advance(struct proto_session *s, const struct proto_log_seen *to, const char *note)
{
    struct seen_view *v = &s->view;

    if (v->note[0])
        v->kept[v->kept_next++ % SEEN_KEPT] = ours(s);
    s->seen = *to;
    if (!s->log_vkey[0] || proto_log_checkpoint_bare(v->note, note, s->log_vkey))
        v->note[0] = '\0';
}

/* What was kept of another log than this one says nothing about it. */
static void forget_others(struct proto_session *s)
{
    struct proto_log_checkpoint checkpoint;
    struct seen_view *v = &s->view;
    size_t name_len = strcspn(s->log_vkey, "+");

    if (!s->log_vkey[0] || !v->note[0])
        return;
    if (strncmp(v->note, s->log_vkey, name_len) != 0 || v->note[name_len] != '\n') {
        s->seen = (struct proto_log_seen){0};
        v->note[0] = '\0';
    } else if (proto_log_checkpoint_open(&checkpoint, v->note, strlen(v->note), s->log_vkey) ||
               checkpoint.size != s->seen.size ||
               sodium_memcmp(checkpoint.root, s->seen.root, sizeof checkpoint.root) != 0) {
        v->note[0] = '\0'; /* what is kept beside it was damaged; size and root still count */
    }
}

void session_pick_log(struct proto_session *s)
{
    size_t len = strlen(s->origin);

    s->log_vkey[0] = '\0';
    for (size_t i = 0; len && i < s->org.log_count; i++)
        if (!strncmp(s->org.logs[i], s->origin, len) && s->org.logs[i][len] == '+')
            memcpy(s->log_vkey, s->org.logs[i], sizeof s->log_vkey);
    if (s->log_vkey[0] && proto_log_verifier_init(&s->log_verifier, s->log_vkey))
        s->log_vkey[0] = '\0'; /* not a key by which anything verifies */
    forget_others(s);
}

/* ---- what is told ---- */

void seen_tell_relay(const struct proto_session *s, handhold_Hello *hello)
{
    if (!s->seen.size || PROTO_SET_BYTES(hello->seen_log_root, s->seen.root, sizeof s->seen.root) ||
        PROTO_SET_TEXT(hello->seen_checkpoint, s->view.note))
        return;
    hello->seen_log_size = s->seen.size;
}

void seen_tell_peer(struct proto_session *s, handhold_Heartbeat *hb)
{
    if (!s->seen.size || PROTO_SET_BYTES(hb->log_root, s->seen.root, sizeof s->seen.root))
        return;
    hb->log_size = s->seen.size;
    if (s->view.note[0] && s->pair.told_size != s->seen.size && !PROTO_SET_TEXT(hb->checkpoint, s->view.note))
        s->pair.told_size = s->seen.size; /* within a pair nothing is lost */
}

/* ---- a fork ---- */

/* Both notes, when this end has them: the event carries the file that shows them. */
static void alarm(struct proto_session *s, enum proto_log_fork_kind kind, const struct seen_tree *first,
                  const struct seen_tree *second, const struct proto_log_hashes *proof, const char *message)
{
    struct proto_log_fork fork = {.kind = kind};
    struct proto_buf text;

    s->log_distrusted = true;
    s->view.asked = false;
    proto_buf_init(&text, PROTO_LOG_FORK_FILE_MAX);
    memcpy(fork.log_vkey, s->log_vkey, sizeof s->log_vkey);
    memcpy(fork.first, first->note, sizeof fork.first);
    memcpy(fork.second, second->note, sizeof fork.second);
    if (proof)
        fork.proof = *proof;
    bool shown = first->note[0] && second->note[0] && !proto_log_fork_write(&text, &fork);
    proto_buf_put_u8(&text, 0);
    session_alarm_fork(s, message, shown && !text.failed ? (const char *)text.bytes : NULL);
    proto_buf_free(&text);
}

/* Two roots of one size prove a fork to everybody, and no answer of the relay is needed. */
static const struct seen_tree *find_other_root(const struct proto_session *s)
{
    const struct seen_tree *peer = &s->view.peer;

    for (size_t i = 0; i < SEEN_KEPT; i++) {
        const struct seen_tree *kept = &s->view.kept[i];
        if (kept->note[0] && kept->tree.size == peer->tree.size && !same_tree(&kept->tree, &peer->tree))
            return kept;
    }
    return NULL;
}

/* ---- what is asked ---- */

static void ask(struct proto_session *s, const struct seen_tree *from, const struct seen_tree *to)
{
    handhold_ToRelay message = {.which_body = handhold_ToRelay_consistency_ask_tag};

    s->view.asked = true;
    s->view.from = *from;
    s->view.to = *to;
    message.body.consistency_ask.old_size = from->tree.size;
    message.body.consistency_ask.new_size = to->tree.size;
    relay_link_send(s, &message);
}

/*
 * While the note was under way the other end may have shown another tree, which was taken as seen. The receipt was
 * proved against what was seen before, not against that one: a second log could stand behind it. So what the relay told
 * this end itself counts, also when it is smaller, and the next heartbeats hold the two trees against each other.
 */
void seen_receipt(struct proto_session *s, const struct proto_log_seen *from, const struct proto_log_seen *to,
                  const char *note)
{
    if (to->size > s->seen.size || !same_tree(from, &s->seen))
        seen_advance(s, to, note);
}

void seen_proof(struct proto_session *s, const handhold_Consistency *m)
{
    struct seen_view *v = &s->view;
    struct proto_log_hashes proof = {.count = m->hashes.size / PROTO_HASH_BYTES};

    if (!v->asked || m->old_size != v->from.tree.size || m->new_size != v->to.tree.size ||
        m->hashes.size % PROTO_HASH_BYTES)
        return;
    v->asked = false;
    v->unanswered = 0;
    memcpy(proof.hash, m->hashes.bytes, m->hashes.size);
    if (proto_log_check_consistency(v->from.tree.size, v->from.tree.root, v->to.tree.size, v->to.tree.root, &proof)) {
        alarm(s, PROTO_LOG_FORK_BAD_PROOF, &v->from, &v->to, &proof,
              "the relay cannot prove that its log only grew: it shows the two ends different logs");
        return;
    }
    if (same_tree(&v->from.tree, &s->seen))
        seen_advance(s, &v->to.tree, v->to.note);
    else if (same_tree(&v->to.tree, &s->seen))
        v->fits = v->from.tree.size;
    /* else a receipt has overtaken the question, and the next heartbeat asks again */
}

/* ---- what is heard ---- */

/* A note that comes with it is the log's, and says the same, or somebody at the other end makes things up. */
static bool take_peer(struct proto_session *s, const handhold_Heartbeat *hb)
{
    struct seen_tree *peer = &s->view.peer;
    struct proto_log_checkpoint checkpoint;
    struct proto_log_seen told = {.size = hb->log_size};

    if (!hb->log_size || hb->log_root.size != sizeof told.root || s->pair.log_made_up)
        return false;
    memcpy(told.root, hb->log_root.bytes, sizeof told.root);
    if (!same_tree(&told, &peer->tree))
        *peer = (struct seen_tree){.tree = told};
    if (!hb->checkpoint[0] || !s->log_vkey[0])
        return true;
    if (proto_log_checkpoint_open(&checkpoint, hb->checkpoint, strlen(hb->checkpoint), s->log_vkey) ||
        checkpoint.size != told.size || sodium_memcmp(checkpoint.root, told.root, sizeof told.root) != 0) {
        session_alarm(s, PROTO_ERR_LOG, "the other end showed a checkpoint that the log's key did not sign");
        s->pair.log_made_up = true;
        return false;
    }
    return proto_log_checkpoint_bare(peer->note, hb->checkpoint, s->log_vkey) == PROTO_OK;
}

/* The other end is behind: it asks, and catches up; unless it cannot, and then we want to know too. */
static void watch_behind(struct proto_session *s, const struct seen_tree *mine)
{
    struct seen_view *v = &s->view;

    v->still = v->behind == v->peer.tree.size ? v->still + 1 : 0;
    v->behind = v->peer.tree.size;
    if (v->still >= STILL_MAX && v->fits != v->behind)
        ask(s, &v->peer, mine);
}

void seen_heard(struct proto_session *s, const handhold_Heartbeat *hb)
{
    struct seen_view *v = &s->view;
    struct seen_tree mine = ours(s);

    if (!take_peer(s, hb) || s->log_distrusted || s->link != LINK_SEATED)
        return;
    const struct seen_tree *other = v->peer.note[0] ? find_other_root(s) : NULL;
    if (other) {
        alarm(s, PROTO_LOG_FORK_SAME_SIZE, other, &v->peer, NULL, "the relay has shown the two ends different logs");
    } else if (v->asked) {
        if (++v->unanswered >= UNANSWERED_MAX)
            alarm(s, PROTO_LOG_FORK_NO_PROOF, &v->from, &v->to, NULL,
                  "the relay does not prove that its log only grew: it may show the two ends different logs");
    } else if (!mine.tree.size) {
        seen_advance(s, &v->peer.tree, v->peer.note); /* nothing was seen yet that it must continue */
    } else if (v->peer.tree.size > mine.tree.size) {
        ask(s, &mine, &v->peer);
    } else if (v->peer.tree.size < mine.tree.size) {
        watch_behind(s, &mine);
    } else if (!same_tree(&v->peer.tree, &mine.tree)) {
        alarm(s, PROTO_LOG_FORK_SAME_SIZE, &mine, &v->peer, NULL, "the relay has shown the two ends different logs");
    }
}
