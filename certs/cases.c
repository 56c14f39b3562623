/* SPDX-License-Identifier: Apache-2.0 */
/* The staff's secret for what a relay keeps of visits: every member of staff has it, and no relay. */
#include "certs/authority.h"
#include "proto/host/say.h"
#include "proto/seal/kept.h"

#define FILE_NAME "staff/cases.key"

bool certs_cases_key_have(const struct certs_authority *a)
{
    char path[HOST_PATH_BYTES];
    struct proto_buf text;
    bool done;

    if (!host_path(path, "%s/" FILE_NAME, a->dir)) {
        host_say_error(a->dir, "the path is too long", "choose a shorter folder");
        return false;
    }
    if (host_file_exists(path))
        return true;
    proto_buf_init_secret(&text, PROTO_KEPT_FILE_BYTES);
    proto_kept_keys_make(&a->random, &text);
    done = certs_file_write(a->dir, FILE_NAME, &text);
    proto_buf_free(&text);
    return done;
}
