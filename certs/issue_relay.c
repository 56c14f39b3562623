/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "certs/authority.h"
#include "certs/commands.h"
#include "proto/host/say.h"
#include "proto/seal/note.h"

static bool check_hosts(void)
{
    const struct host_texts *hosts = &certs_options.hosts;

    if (!hosts->count || hosts->count > CERTS_HOSTS_MAX) {
        host_say_error("--host", hosts->count ? "a relay has 16 hosts at most" : "a relay has at least one host",
                       "name each host that customers and staff use, without a port");
        return false;
    }
    for (size_t i = 0; i < hosts->count; i++) {
        bool ip;

        if (!certs_host_is_valid(hosts->items[i], &ip)) {
            host_say_error(hosts->items[i], "is neither a DNS name in lower case nor an IP address",
                           "give the host alone, without a scheme, a port or a path");
            return false;
        }
    }
    if (certs_options.id || certs_options.name || certs_options.request) {
        host_say_error("--id, --name, --csr", "are for members of staff", "leave them out");
        return false;
    }
    return true;
}

static bool write_certificate(struct certs_authority *a)
{
    struct certs_span span = certs_authority_span(a, certs_options.days ? certs_options.days : CERTS_RELAY_DAYS);
    EVP_PKEY *key = certs_key_p256();
    X509 *leaf = key ? certs_build_tls_leaf(key, certs_options.hosts.items, certs_options.hosts.count, span,
                                            a->tls_root, a->tls_key, &a->random)
                     : NULL;

    if (!leaf)
        host_say_err(certs_options.hosts.items[0], PROTO_ERR_NOMEM);
    bool done = leaf && certs_file_write_key(a->dir, "relay/relay.key", key) &&
                certs_file_write_certificate(a->dir, "relay/relay.crt", leaf);

    X509_free(leaf);
    EVP_PKEY_free(key);
    return done;
}

bool certs_log_key_make(const struct certs_authority *a, const char *name, struct proto_buf *vkey)
{
    uint8_t public_key[32];
    size_t len = sizeof public_key;
    struct proto_note_key log;
    EVP_PKEY *key = certs_key_ed25519(&a->random);

    bool done = key && EVP_PKEY_get_raw_public_key(key, public_key, &len) == 1 &&
                proto_note_key_init(&log, name, public_key) == PROTO_OK;

    if (done) {
        proto_note_key_format(&log, vkey);
        proto_buf_put_text(vkey, "\n");
        done = !vkey->failed && certs_file_write_key(a->dir, "relay/log.key", key) &&
               certs_file_write(a->dir, "relay/log.vkey", vkey);
    }
    EVP_PKEY_free(key);
    return done;
}

/* The log's name is made once, of the first host the relay ever had: a log that changed its name would be another log.
 */
static bool have_log_key(const struct certs_authority *a, struct proto_buf *vkey)
{
    char path[HOST_PATH_BYTES], name[PROTO_NOTE_NAME_MAX + 1];

    if (host_path(path, "%s/relay/log.vkey", a->dir) && host_file_exists(path))
        return certs_file_read(a->dir, "relay/log.vkey", vkey);
    snprintf(name, sizeof name, "%s/audit/%s", certs_options.hosts.items[0], a->about.domain);
    return certs_log_key_make(a, name, vkey);
}

bool certs_log_list(struct certs_authority *a, const struct proto_buf *vkey)
{
    char text[PROTO_ORG_VKEY_BYTES + 1] = "";

    if (vkey->len > 1 && vkey->len <= sizeof text && vkey->bytes[vkey->len - 1] == '\n')
        memcpy(text, vkey->bytes, vkey->len - 1);
    if (proto_org_has_log(&a->org, text))
        return true;
    enum proto_err err = proto_org_add_log(&a->org, text);

    if (err != PROTO_OK)
        host_say_err("relay/log.vkey", err);
    return err == PROTO_OK && certs_authority_save_org(a);
}

static bool issue(struct certs_authority *a)
{
    struct proto_buf vkey;

    proto_buf_init(&vkey, PROTO_ORG_VKEY_BYTES + 1);
    bool done = certs_folder_make(a->dir, "relay") && have_log_key(a, &vkey) && certs_log_list(a, &vkey) &&
                write_certificate(a);

    if (done)
        printf("%s/relay/relay.crt: %s\n", a->dir, certs_options.hosts.items[0]);
    proto_buf_free(&vkey);
    return done;
}

int certs_issue_relay(void)
{
    struct certs_authority a;

    if (!check_hosts())
        return HOST_EXIT_USAGE;
    bool done = certs_authority_open(&a, certs_options.dir) && issue(&a);

    certs_authority_close(&a);
    return done ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}
