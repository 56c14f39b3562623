/* SPDX-License-Identifier: Apache-2.0 */
/* new-log: the log that there was has ended; its successor gets a key and a name, and both stand in org.note. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/authority.h"
#include "certs/commands.h"
#include "proto/host/say.h"
#include "proto/log/checkpoint.h"
#include "proto/seal/note.h"

/* host/audit/domain, then host/audit/domain/2, /3, …: neither host nor domain has a slash. */
static bool next_name(const char *name, char out[static PROTO_LOG_ORIGIN_MAX + 1])
{
    const char *last = strrchr(name, '/');
    unsigned long number = 1;
    size_t len = strlen(name);

    if (last && last[1] && strspn(last + 1, "0123456789") == strlen(last + 1) && strlen(last + 1) < 6) {
        number = strtoul(last + 1, NULL, 10);
        len = (size_t)(last - name);
    }
    return snprintf(out, PROTO_LOG_ORIGIN_MAX + 1, "%.*s/%lu", (int)len, name, number + 1) <= PROTO_LOG_ORIGIN_MAX;
}

/* What the relay has of the ended log stays as it is; the authority keeps its key under another name. */
static bool set_aside(const struct certs_authority *a, const char *name, const char *aside)
{
    char from[HOST_PATH_BYTES], to[HOST_PATH_BYTES];

    if (host_path(from, "%s/relay/%s", a->dir, name) && host_path(to, "%s/relay/%s", a->dir, aside) &&
        !host_file_exists(to) && rename(from, to) == 0)
        return true;
    host_say_error(name, "cannot be set aside", "make room for it in D/relay");
    return false;
}

static bool begin_log(struct certs_authority *a, const char *old)
{
    char name[PROTO_LOG_ORIGIN_MAX + 1], key[64], vkey_name[64];
    struct proto_note_key log;
    struct proto_buf vkey;

    if (proto_note_key_parse(&log, old, strlen(old)) || !next_name(log.name, name)) {
        host_say_error("relay/log.vkey", "is not the key of a log", "bring the right one back from a copy");
        return false;
    }
    if (a->org.log_count == PROTO_ORG_LOGS_MAX) {
        host_say_error("org.note", "lists 8 logs, which is the most", "begin anew with another organisation folder");
        return false;
    }
    snprintf(key, sizeof key, "log.key.%zu", a->org.log_count);
    snprintf(vkey_name, sizeof vkey_name, "log.vkey.%zu", a->org.log_count);
    proto_buf_init(&vkey, PROTO_ORG_VKEY_BYTES + 1);
    bool done = set_aside(a, "log.key", key) && set_aside(a, "log.vkey", vkey_name) &&
                certs_log_key_make(a, name, &vkey) && certs_log_list(a, &vkey);
    proto_buf_free(&vkey);
    if (done)
        printf("%s: the log that follows %s. Give the relay a new export, then: handhold-audit recover\n", name,
               log.name);
    return done;
}

int certs_new_log(void)
{
    struct certs_authority a;
    struct proto_buf vkey;
    char path[HOST_PATH_BYTES];
    bool done = certs_authority_open(&a, certs_options.dir);

    proto_buf_init(&vkey, PROTO_ORG_VKEY_BYTES + 2);
    if (done && (!host_path(path, "%s/relay/log.vkey", a.dir) || !host_file_exists(path))) {
        host_say_error(path, "there is no log yet", "handhold-certs issue relay makes the first one");
        done = false;
    }
    done = done && certs_file_read(a.dir, "relay/log.vkey", &vkey);
    if (done && vkey.len && vkey.bytes[vkey.len - 1] == '\n')
        vkey.len--;
    proto_buf_put_u8(&vkey, 0);
    done = done && !vkey.failed && begin_log(&a, (const char *)vkey.bytes);
    proto_buf_free(&vkey);
    certs_authority_close(&a);
    return done ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}
