/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrol.h"

#include <stdio.h>
#include <unistd.h>

#include "certs/build.h"
#include "certs/request.h"
#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

static int write_both(const char *key_path, const struct proto_buf *key, const char *request_path,
                      const struct proto_buf *request)
{
    enum proto_err err = host_file_create(key_path, key->bytes, key->len, HOST_PRIVATE);

    if (err != PROTO_OK) {
        host_say_err(key_path, err);
        return HOST_EXIT_FAILED;
    }
    err = host_file_create(request_path, request->bytes, request->len, HOST_PUBLIC);
    if (err != PROTO_OK) {
        host_say_err(request_path, err);
        unlink(key_path); /* made just now, and of no use alone */
        return HOST_EXIT_FAILED;
    }
    return HOST_EXIT_FINE;
}

int agent_enrol(const char *dir, const char *id, const char *name)
{
    char key_path[HOST_PATH_BYTES], request_path[HOST_PATH_BYTES];
    struct proto_random random = host_random();
    struct proto_buf key, request;
    enum proto_err err;
    int code;

    if (!certs_id_is_valid(id)) {
        host_say_error(id, "an id is made of a-z, 0-9, dot, hyphen and underscore, and begins with a letter or digit",
                       "choose a short name, for example ada");
        return HOST_EXIT_USAGE;
    }
    if (!host_path(key_path, "%s/%s.key", dir, id) || !host_path(request_path, "%s/%s.csr", dir, id)) {
        host_say_err(dir, PROTO_ERR_RANGE);
        return HOST_EXIT_USAGE;
    }
    proto_buf_init_secret(&key, CERTS_REQUEST_BYTES);
    proto_buf_init(&request, CERTS_REQUEST_BYTES);
    err = certs_request_make(name, &random, &key, &request);
    if (err != PROTO_OK) {
        host_say_err(name, err);
        code = err == PROTO_ERR_FORMAT ? HOST_EXIT_USAGE : HOST_EXIT_FAILED;
    } else {
        code = write_both(key_path, &key, request_path, &request);
    }
    if (code == HOST_EXIT_FINE)
        printf("%s   the private key: it stays on this machine\n"
               "%s   the request: send it to whoever runs the authority, who answers with\n"
               "  handhold-certs issue --dir D agent --id %s --csr %s.csr\n"
               "and sends back D/staff/%s.crt. Put it beside the key as %s/%s.crt.\n",
               key_path, request_path, id, id, id, dir, id);
    proto_buf_free(&key);
    proto_buf_free(&request);
    return code;
}
