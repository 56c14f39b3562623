/* SPDX-License-Identifier: Apache-2.0 */
/* check, of a file in which an end kept two checkpoints: whether they prove that the log was kept in two ways. */
#include "relay/audit/fork.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/log/fork.h"
#include "proto/seal/base64.h"
#include "relay/audit/paper.h"
#include "relay/log/appender.h"
#include "relay/log/tiles.h"

/* What the log that is kept now says of the two. */
enum kept { KEPT_NOT_ASKED, KEPT_ANOTHER, KEPT_DAMAGED, KEPT_SHORTER, KEPT_OTHERWISE, KEPT_BOTH };

struct judged {
    struct proto_log_fork fork;
    struct proto_log_checkpoint first, second;
    enum proto_err err; /* of proto_log_fork_check() */
    bool believed;
    enum kept kept;
};

/* ---- the log that is kept now ---- */

static enum proto_err stored_root(struct relay_store *store, uint64_t size, uint8_t root[PROTO_LOG_HASH_BYTES])
{
    static struct log_tile_reader tiles;
    struct proto_log_tree tree;

    log_tile_reader_init(&tiles, store, NULL);
    struct proto_log_reader reader = log_tile_reader_of(&tiles);
    enum proto_err err = proto_log_tree_load(&tree, size, &reader);
    if (!err)
        proto_log_tree_root(&tree, root);
    return err;
}

/*
 * Has the kept log this tree? Its own root of that size counts only when the stored hashes prove that its newest
 * signed checkpoint continues it: a database that was altered afterwards is not the log's word.
 */
static enum kept look_for(const struct audit_organisation *o, const struct proto_log_checkpoint *head,
                          const struct proto_log_checkpoint *tree)
{
    uint8_t root[PROTO_LOG_HASH_BYTES];
    struct proto_log_hashes proof;

    if (tree->size > head->size)
        return KEPT_SHORTER;
    if (stored_root(o->log, tree->size, root) || relay_log_consistency(o->log, tree->size, head->size, &proof) ||
        proto_log_check_consistency(tree->size, root, head->size, head->root, &proof))
        return KEPT_DAMAGED;
    return memcmp(root, tree->root, sizeof root) != 0 ? KEPT_OTHERWISE : KEPT_BOTH;
}

static enum kept ask_log(const struct audit_organisation *o, const struct judged *j)
{
    static struct relay_store_checkpoint stored;
    struct proto_log_checkpoint head;

    if (strcmp(o->log_vkey, j->fork.log_vkey) != 0)
        return KEPT_ANOTHER;
    if (relay_store_get_checkpoint(o->log, &stored) ||
        proto_log_checkpoint_open(&head, stored.note, strlen(stored.note), o->log_vkey))
        return KEPT_DAMAGED;
    enum kept first = look_for(o, &head, &j->first), second = look_for(o, &head, &j->second);
    if (first == KEPT_OTHERWISE || second == KEPT_OTHERWISE)
        return KEPT_OTHERWISE;
    return first < second ? first : second;
}

/* ---- the verdict ---- */

static bool is_believed(const struct audit_belief *belief, const char *vkey)
{
    if (belief->trust == AUDIT_TRUST_KEY)
        return strcmp(belief->vkey, vkey) == 0;
    for (size_t i = 0; belief->trust == AUDIT_TRUST_ORG && i < belief->org.log_count; i++)
        if (strcmp(belief->org.logs[i], vkey) == 0)
            return true;
    return belief->trust == AUDIT_TRUST_FILE;
}

static const char *verdict_of(const struct judged *j)
{
    static const char *const kept[] = {
        [KEPT_NOT_ASKED] =
            "OPEN: the log's key signed both, but of two sizes, and these two alone contradict nothing. The end that "
            "kept the file saw no proof that the second continues the first. Give --relay, or --dir with the relay's "
            "folder: the log that is kept now decides it.",
        [KEPT_ANOTHER] = "OPEN: the log at hand is another one, under another key, and says nothing of these two.",
        [KEPT_DAMAGED] = "OPEN: the log at hand is damaged, or was altered, so it decides nothing: handhold-audit "
                         "verify names the place.",
        [KEPT_SHORTER] = "OPEN: the log at hand has fewer entries than its key signed: it is an older copy, or the "
                         "other of two logs. The newest copy decides it.",
        [KEPT_OTHERWISE] =
            "PROVED: the log's key signed both, and the log that is kept now, under the same key, has other entries "
            "than one of them was made of. Whoever holds that key kept two logs, and showed each to somebody.",
        [KEPT_BOTH] = "REFUTED: the log that is kept now continues both, and proves it. It is not forked; the end that "
                      "kept the file was shown no proof, or a wrong one.",
    };

    if (!j->believed)
        return "FAILED: the key in the file is not one of this organisation's logs.";
    switch (j->err) {
    case PROTO_OK:
        return "PROVED: the log's key signed two roots of one size. No log can have both: whoever holds that key kept "
               "two logs, and showed each to somebody.";
    case PROTO_ERR_STATE:
        return kept[j->kept];
    default:
        return "FAILED: the log's key did not sign both, or they are one and the same. This file proves nothing.";
    }
}

static void print_tree(const char *name, const struct proto_log_checkpoint *checkpoint)
{
    char text[128];
    struct proto_buf root;

    proto_buf_init(&root, 64);
    proto_base64_put(&root, checkpoint->root, sizeof checkpoint->root);
    snprintf(text, sizeof text, "%" PRIu64 " entries, root %.*s", checkpoint->size, (int)root.len,
             root.bytes ? (const char *)root.bytes : "");
    proto_buf_free(&root);
    audit_paper_head(name, text);
}

static void print_words(const struct judged *j, const struct audit_belief *belief)
{
    static const char *const said[] = {
        [PROTO_LOG_FORK_SAME_SIZE] = "two roots of one size",
        [PROTO_LOG_FORK_BAD_PROOF] = "the relay offered a proof from one to the other, and it was none",
        [PROTO_LOG_FORK_NO_PROOF] = "the relay was asked for a proof, went on passing messages, and gave none",
    };

    audit_paper_head("Log's key", j->fork.log_vkey);
    audit_paper_head("Trust", belief->trust == AUDIT_TRUST_FILE
                                  ? "nobody but the file itself says that this is the log's key; give --ca and --org, "
                                    "or --key."
                                  : "the log's key is one that you gave, or that the organisation's note names.");
    audit_paper_head("Kept for", said[j->fork.kind]);
    if (j->err == PROTO_OK || j->err == PROTO_ERR_STATE) {
        print_tree("First", &j->first);
        print_tree("Second", &j->second);
    }
    audit_paper_head("Check", verdict_of(j));
}

int audit_check_fork(const char *text, size_t len, const struct audit_belief *belief,
                     const struct audit_organisation *o, const char *name, bool json)
{
    static struct judged j;

    if (proto_log_fork_parse(&j.fork, text, len)) {
        host_say_error(name, "begins like the proof of a forked log, and is not whole", "bring it as it was kept");
        return HOST_EXIT_FAILED;
    }
    j.err = proto_log_fork_check(&j.fork, j.fork.log_vkey, &j.first, &j.second);
    j.believed = is_believed(belief, j.fork.log_vkey);
    if (o && j.err == PROTO_ERR_STATE)
        j.kept = ask_log(o, &j);
    bool proved = j.believed && (j.err == PROTO_OK || (j.err == PROTO_ERR_STATE && j.kept == KEPT_OTHERWISE));
    if (json)
        host_json_event("fork", "{s:b,s:s,s:s,s:b,s:I,s:I,s:s}", "proved", proved, "kind",
                        proto_log_fork_name(j.fork.kind), "log", j.fork.log_vkey, "believed", j.believed, "first_size",
                        (json_int_t)j.first.size, "second_size", (json_int_t)j.second.size, "message", verdict_of(&j));
    else
        print_words(&j, belief);
    return proved ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}
