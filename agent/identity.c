/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"

static void explain(char *why, const char *value, enum proto_err err)
{
    if (err == PROTO_ERR_IO)
        snprintf(why, AGENT_IDENTITY_WHY_BYTES, "%s: %s (%s); %s", value, proto_err_rule(err), strerror(errno),
                 proto_err_way_out(err));
    else
        snprintf(why, AGENT_IDENTITY_WHY_BYTES, "%s: %s; %s", value, proto_err_rule(err), proto_err_way_out(err));
}

static enum proto_err read_pem(const char *path, struct proto_buf *out, char *why)
{
    enum proto_err err = host_file_read(path, out);

    if (err != PROTO_OK)
        explain(why, path, err);
    return err;
}

enum proto_err agent_identity_load(struct agent_identity *out, const char *path, const char *ca_file,
                                   char why[static AGENT_IDENTITY_WHY_BYTES])
{
    struct proto_buf cert, key, ca;
    enum proto_err err = PROTO_ERR_RANGE;

    memset(out, 0, sizeof *out);
    why[0] = '\0';
    proto_buf_init(&cert, PROTO_PEM_BYTES);
    proto_buf_init_secret(&key, PROTO_PEM_BYTES);
    proto_buf_init(&ca, PROTO_PEM_BYTES);
    if (!host_path(out->cert_file, "%s.crt", path) || !host_path(out->key_file, "%s.key", path)) {
        explain(why, path, err);
    } else if ((err = read_pem(out->cert_file, &cert, why)) == PROTO_OK &&
               (err = read_pem(out->key_file, &key, why)) == PROTO_OK &&
               (err = read_pem(ca_file, &ca, why)) == PROTO_OK) {
        err = proto_credential_of_pem(&out->credential, &cert, &key, &ca, host_now().unix_ms / 1000);
        if (err != PROTO_OK)
            explain(why, path, err);
    }
    if (err == PROTO_OK && host_file_check_private(out->key_file) != PROTO_OK)
        host_say(HOST_WARN, "%s: others on this machine can read this key; run chmod 600 on it", out->key_file);
    proto_buf_free(&cert);
    proto_buf_free(&key);
    proto_buf_free(&ca);
    return err;
}

void agent_identity_clear(struct agent_identity *identity)
{
    proto_credential_clear(&identity->credential);
}
