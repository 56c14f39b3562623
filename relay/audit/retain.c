/* SPDX-License-Identifier: Apache-2.0 */
/* retain: what the policy no longer keeps goes now, and not in the night; an officer asks for it, and the log has it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/audit/commands.h"
#include "relay/audit/remote.h"

#define DAY_MS INT64_C(86400000)

/* A relay that runs does it itself, under the policy that it has, and signs for it. */
static int ask_relay(struct audit_officer *o)
{
    struct proto_event_note event = {.action = PROTO_ACT_RETENTION_ASKED};
    struct audit_answer answer;

    if (!audit_officer_event(o, &event, NULL, &answer))
        return HOST_EXIT_FAILED;
    if (audit_options.json)
        host_json_event("retention-asked", "{s:I}", "entry", (json_int_t)answer.index);
    else
        printf("Asked       entry %" PRIu64 ", signed by %s\nNext        the relay erases what is over its time, and "
               "signs for it; handhold-audit verify says what\n",
               answer.index, o->credential.identity.name);
    return HOST_EXIT_FINE;
}

/* One log: all that is over its time, as many notes as it takes. */
static bool erase_log(struct audit_officer *o, const char *log, uint64_t *entries, uint64_t *notes)
{
    struct log_ended_subject subject = {.before_ms = host_now().unix_ms - (int64_t)o->policy.keep_days * DAY_MS};
    bool more = false;

    do {
        struct proto_erasure plan = {.count = 0};
        struct audit_answer answer;
        if (!audit_local_plan(o, log, &subject, &plan, &more))
            return false;
        if (!plan.count)
            return true;
        snprintf(plan.basis, sizeof plan.basis, "policy %" PRIu64 ": kept for %" PRIu32 " days", o->policy.number,
                 o->policy.keep_days);
        if (!audit_officer_erase(o, &plan, &answer))
            return false;
        *entries += answer.erased;
        ++*notes;
    } while (more);
    return true;
}

/* No relay runs: the officer erases, on the same ground. */
static int erase_here(struct audit_officer *o)
{
    uint64_t entries = 0, notes = 0;
    char days[32];

    snprintf(days, sizeof days, "%" PRIu32 " day%s", o->policy.keep_days, o->policy.keep_days == 1 ? "" : "s");
    if (!erase_log(o, "", &entries, &notes))
        return HOST_EXIT_FAILED;
    for (size_t i = 0; i < o->ended_count; i++)
        if (!erase_log(o, o->ended[i], &entries, &notes))
            return HOST_EXIT_FAILED;
    if (audit_options.json)
        host_json_event("retained", "{s:I,s:I,s:I}", "erased", (json_int_t)entries, "notes", (json_int_t)notes, "days",
                        (json_int_t)o->policy.keep_days);
    else if (entries)
        printf("Erased      %" PRIu64 " %s older than %s, signed by %s\n", entries, entries == 1 ? "entry" : "entries",
               days, o->credential.identity.name);
    else
        printf("Erased      nothing: all of it is younger than %s\n", days);
    return HOST_EXIT_FINE;
}

int audit_retain(void)
{
    static struct audit_officer o;
    int code = HOST_EXIT_USAGE;

    if (audit_officer_open(&o)) {
        code = HOST_EXIT_FAILED;
        if (!o.policy.keep_days)
            host_say_error("the policy", "keeps everything without an end, so nothing was erased",
                           "write keep DAYS into it, and sign it: handhold-audit policy sign; or erase --customer REF");
        else
            code = audit_options.relay ? ask_relay(&o) : erase_here(&o);
    }
    audit_officer_close(&o);
    return code;
}
