/* SPDX-License-Identifier: Apache-2.0 */
/* Everything under D is for its owner alone: files 0600, folders 0700. What others need is exported or copied. */
#include "certs/authority.h"
#include "certs/pem.h"
#include "proto/host/say.h"

static bool path_of(char out[static HOST_PATH_BYTES], const char *dir, const char *name)
{
    if (host_path(out, "%s/%s", dir, name))
        return true;
    host_say_error(dir, "the path is too long", "choose a shorter folder");
    return false;
}

static bool said(const char *path, enum proto_err err)
{
    if (err != PROTO_OK)
        host_say_err(path, err);
    return err == PROTO_OK;
}

bool certs_file_read(const char *dir, const char *name, struct proto_buf *out)
{
    char path[HOST_PATH_BYTES];

    return path_of(path, dir, name) && said(path, host_file_read(path, out));
}

bool certs_file_write(const char *dir, const char *name, const struct proto_buf *bytes)
{
    char path[HOST_PATH_BYTES];

    return path_of(path, dir, name) && said(path, host_file_write(path, bytes->bytes, bytes->len, HOST_PRIVATE));
}

bool certs_file_write_key(const char *dir, const char *name, EVP_PKEY *key)
{
    struct proto_buf pem;

    proto_buf_init_secret(&pem, PROTO_PEM_BYTES);
    enum proto_err err = certs_pem_put_private(key, &pem);
    bool written = said(name, err) && certs_file_write(dir, name, &pem);

    proto_buf_free(&pem);
    return written;
}

bool certs_file_write_certificate(const char *dir, const char *name, X509 *certificate)
{
    struct proto_buf pem;

    proto_buf_init(&pem, PROTO_PEM_BYTES);
    enum proto_err err = certs_pem_put_certificate(certificate, &pem);
    bool written = said(name, err) && certs_file_write(dir, name, &pem);

    proto_buf_free(&pem);
    return written;
}

bool certs_folder_make(const char *dir, const char *name)
{
    char path[HOST_PATH_BYTES];

    return path_of(path, dir, name) && said(path, host_folder_make(path, HOST_PRIVATE));
}
