/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "certs/authority.h"
#include "certs/commands.h"
#include "certs/tar.h"
#include "proto/host/say.h"

#define EXPORT_BYTES (1u << 20)

/* All that a relay reads, and so all that leaves: whatever is not named here stays with the authority. */
static const struct entry {
    const char *name;
    bool secret;
} entries[] = {
    {"ca/ca.crt", false},      {"ca/tls.crt", false},           {"org.note", false},
    {"policy.note", false},    {"officer/evidence.pub", false}, {"relay/relay.crt", false},
    {"relay/relay.key", true}, {"relay/log.key", true},         {"relay/log.vkey", false},
};

static bool add_entry(struct certs_authority *a, const struct entry *entry, struct proto_buf *archive)
{
    struct proto_buf content;

    proto_buf_init_secret(&content, PROTO_PEM_BYTES);
    bool done = certs_file_read(a->dir, entry->name, &content);

    if (done)
        certs_tar_put(archive, entry->name, entry->secret ? 0600 : 0644, a->now_s, content.bytes, content.len);
    proto_buf_free(&content);
    return done;
}

static bool export_to(struct certs_authority *a, const char *file)
{
    struct proto_buf archive;
    bool done = true;

    proto_buf_init_secret(&archive, EXPORT_BYTES);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0] && done; i++)
        done = add_entry(a, &entries[i], &archive);
    certs_tar_end(&archive);
    enum proto_err err = !done            ? PROTO_OK /* said already */
                         : archive.failed ? PROTO_ERR_FULL
                                          : host_file_write(file, archive.bytes, archive.len, HOST_PRIVATE);

    if (err != PROTO_OK)
        host_say_err(file, err);
    proto_buf_free(&archive);
    return done && err == PROTO_OK;
}

int certs_export_relay(void)
{
    struct certs_authority a;
    char path[HOST_PATH_BYTES];
    bool done = certs_authority_open(&a, certs_options.dir);

    if (done && (!host_path(path, "%s/relay/relay.crt", a.dir) || !host_file_exists(path))) {
        host_say_error(path, "the relay has no certificate yet", "issue one with handhold-certs issue relay --host H");
        done = false;
    }
    done = done && export_to(&a, certs_options.out);
    if (done)
        printf("%s: unpack it on the relay's machine with tar -xpf, then give that folder as --dir\n",
               certs_options.out);
    certs_authority_close(&a);
    return done ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}
