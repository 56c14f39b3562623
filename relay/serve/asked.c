/* SPDX-License-Identifier: Apache-2.0 */
/* What the core asks of everybody else. */
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/serve/broken.h"
#include "relay/serve/kept.h"
#include "relay/serve/officer.h"
#include "relay/serve/serve.h"
#include "relay/serve/socket.h"
#include "relay/serve/staff.h"
#include "relay/serve/tell.h"

static enum proto_err sign_event(void *context, const char *text, struct proto_buf *note)
{
    struct serve *serve = context;

    return relay_appender_sign_event(serve->appender, text, note);
}

static void tell(void *context, const struct proto_event_note *event)
{
    serve_tell_event(context, event);
}

static void refused(void *context, uint32_t connection, const char *by)
{
    struct serve *serve = context;
    const char *address = serve_sockets_address(serve->sockets, connection);

    if (address)
        serve_tell_refused(serve, address, by);
}

static void checkpoint(void *context, char note[static PROTO_LOG_CHECKPOINT_MAX])
{
    struct serve *serve = context;

    relay_appender_checkpoint(serve->appender, note);
}

static enum proto_err consistency(void *context, uint64_t from, uint64_t to, struct proto_log_hashes *out)
{
    struct serve *serve = context;

    return relay_log_consistency(serve->reader, from, to, out);
}

static bool leaf_durable(void *context, const uint8_t leaf_hash[static 32], const uint8_t sid[static 16])
{
    struct serve *serve = context;

    return serve_leaves_has(serve->leaves, sid, leaf_hash);
}

/* What an end saw of a log that was ended before this one began says nothing of this one. */
static bool is_of_another_log(const struct serve *serve, const struct proto_log_seen *seen, const char *note)
{
    const struct proto_org *org = &serve->folder->notes.org;
    struct proto_log_checkpoint opened;

    for (size_t i = 0; i < org->log_count; i++)
        if (strcmp(org->logs[i], serve->folder->log_vkey) != 0 &&
            !proto_log_checkpoint_open(&opened, note, strlen(note), org->logs[i]))
            return !seen->size || (seen->size == opened.size && !memcmp(seen->root, opened.root, sizeof seen->root));
    return false;
}

static enum proto_err judge_log(void *context, const struct proto_log_seen *seen, const char *note,
                                struct relay_log_verdict *out)
{
    static const char *const words[] = {[RELAY_LOG_CLAIM_AHEAD] = "more of this log than there is",
                                        [RELAY_LOG_CLAIM_OTHER] = "another log than this one"};
    struct serve *serve = context;
    struct proto_log_seen head;

    *out = (struct relay_log_verdict){.claim = RELAY_LOG_CLAIM_FITS};
    if (*note && is_of_another_log(serve, seen, note))
        return PROTO_OK;
    relay_appender_head(serve->appender, &head);
    enum proto_err err = relay_log_judge(serve->reader, &head, seen, NULL, serve->folder->log_vkey, out);
    struct relay_log_verdict proof = {.claim = RELAY_LOG_CLAIM_FITS};
    if (!err && *note && !relay_log_judge(serve->reader, &head, seen, note, serve->folder->log_vkey, &proof) &&
        proof.claim != RELAY_LOG_CLAIM_FITS)
        *out = proof;
    if (!err && out->claim != RELAY_LOG_CLAIM_FITS && serve_tell_may_claim(serve, out->proved && !*serve->broken.note))
        host_say(out->proved ? HOST_ERROR : HOST_WARN,
                 out->proved
                     ? "an end shows %s, signed by this log's key: nothing is granted any more; put the newest "
                       "data folder back, and ask a privacy officer"
                     : "an end says to have seen %s: nothing is granted to it; if more say so, an old copy of the "
                       "data folder was put back",
                 words[out->claim]);
    if (!err && out->proved)
        serve_broken_keep(serve, note); /* a restart must not forget it */
    return err;
}

enum proto_err serve_core_new(struct serve *serve)
{
    struct relay_core_config config = {
        .limits = serve->config->limits,
        .random = host_random(),
        .join_host = serve->public_authority,
        .origin = serve->folder->origin,
        .token_secret = serve->folder->token_key,
        .org_note = serve->folder->notes.note[PROTO_TAKEN_ORG].text,
        .policy_note = serve->folder->notes.note[PROTO_TAKEN_POLICY].text,
        .org = &serve->folder->notes.org,
        .policy = &serve->folder->notes.policy,
        .sign_event = sign_event,
        .tell = tell,
        .refused = refused,
        .checkpoint = checkpoint,
        .consistency = consistency,
        .leaf_durable = leaf_durable,
        .judge_log = judge_log,
        .erasable = serve_officer_erasable,
        .check_policy = serve_officer_check_policy,
        .take_policy = serve_officer_take_policy,
        .retain = serve_officer_retain_soon,
        .check_certificate = serve_staff_check_certificate,
        .read_log = serve_officer_read_log,
        .read_kept = serve_kept_read,
        .ended = serve_ended_origins,
        .check_ended = serve_ended_check,
        .erase_ended = serve_ended_erase,
        .read_ended = serve_ended_read,
        .context = serve,
    };

    return relay_core_new(&serve->core, &config, host_now());
}
