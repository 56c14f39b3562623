/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certs/authority.h"
#include "certs/commands.h"
#include "proto/host/say.h"

static const char *state_of(const struct certs_issued *c)
{
    if (c->revoked)
        return "revoked";
    return c->expired ? "expired" : "valid";
}

static void print_json(const struct certs_issued *c, const char *id)
{
    const struct proto_identity *i = &c->identity;

    host_json_line(json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:s,s:s*}", "id", id, "role", proto_role_name(i->role),
                             "name", i->name, "email", i->email, "serial", i->serial, "not_before",
                             (json_int_t)i->not_before_s, "not_after", (json_int_t)i->not_after_s, "state", state_of(c),
                             "reason", c->reason));
}

static void print_text(const struct certs_issued *c, const char *id)
{
    time_t end = (time_t)c->identity.not_after_s;
    struct tm when;
    char until[32] = "";

    if (gmtime_r(&end, &when))
        strftime(until, sizeof until, "%Y-%m-%d %H:%MZ", &when);
    printf("%-16s %-10s %-8s %s  %s%s%s%s\n", id, proto_role_name(c->identity.role), state_of(c), until,
           c->identity.name, c->reason ? " (" : "", c->reason ? c->reason : "", c->reason ? ")" : "");
}

int certs_list(void)
{
    struct certs_authority a;
    struct certs_issued *list;
    size_t count;
    bool done = certs_authority_open(&a, certs_options.dir) && certs_authority_list(&a, &list, &count);

    for (size_t i = 0; done && i < count; i++) {
        char id[PROTO_IDENTITY_EMAIL_BYTES + 1];

        strcpy(id, list[i].identity.email);
        *strchr(id, '@') = '\0'; /* verified: there is one */
        (certs_options.json ? print_json : print_text)(&list[i], id);
    }
    if (done)
        free(list);
    certs_authority_close(&a);
    return done ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}
