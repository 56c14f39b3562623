/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/authority.h"
#include "certs/commands.h"
#include "proto/host/say.h"
#include "proto/util/utf8.h"

/* Everything of that id which is still valid, not the newest alone: an older one opens the same doors. */
static bool revoke_all(struct certs_authority *a, const struct certs_issued *list, size_t count)
{
    size_t known = 0, taken = 0;

    for (size_t i = 0; i < count; i++) {
        if (!certs_issued_is_of(&list[i], certs_options.id))
            continue;
        known++;
        if (list[i].revoked || list[i].expired)
            continue;
        enum proto_err err = proto_org_revoke(&a->org, list[i].identity.serial, a->now_s, certs_options.reason);

        if (err == PROTO_ERR_FORMAT)
            host_say_error(certs_options.reason, "a reason has at most 40 bytes and no control character",
                           "give a shorter --reason");
        else if (err != PROTO_OK)
            host_say_err(certs_options.id, err);
        if (err != PROTO_OK)
            return false;
        taken++;
    }
    if (!taken) {
        host_say_error(certs_options.id, known ? "has no valid certificate left" : "was never issued a certificate",
                       "handhold-certs list shows who has one");
        return false;
    }
    if (!certs_authority_save_org(a))
        return false;
    printf("%s: %zu certificate%s revoked; give the relay the new org.note\n", certs_options.id, taken,
           taken == 1 ? "" : "s");
    return true;
}

/* org.note is public. */
static bool reads_as_written(const char *reason)
{
    if (!reason || proto_utf8_reads_as_written(reason, strlen(reason)))
        return true;
    host_say_error("--reason", "has a character that hides or turns text",
                   "write it so that everybody reads what you wrote");
    return false;
}

int certs_revoke(void)
{
    struct certs_authority a;
    struct certs_issued *list;
    size_t count;

    if (!reads_as_written(certs_options.reason))
        return HOST_EXIT_FAILED;
    bool done = certs_authority_open(&a, certs_options.dir) && certs_authority_list(&a, &list, &count);

    if (done) {
        done = revoke_all(&a, list, count);
        free(list);
    }
    certs_authority_close(&a);
    return done ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}
