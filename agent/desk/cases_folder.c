/* SPDX-License-Identifier: Apache-2.0 */
/* Cases and counts in a folder of this machine, or of a shared one. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/desk/cases_inside.h"

struct folder { /* of the keeper */
    char path[HOST_PATH_BYTES];
    char *customer_ref; /* owned; NULL: a person of its own */
};

/* ---- as a keeper ---- */

static void keep_count(void *context, const char *line)
{
    const struct folder *f = context;
    char path[HOST_PATH_BYTES];

    if (agent_desk_cases_counts_path(path, f->path))
        agent_desk_cases_append(f->path, path, line);
}

static void keep_case(void *context, const char *line, uint32_t days)
{
    const struct folder *f = context;
    char path[HOST_PATH_BYTES];

    (void)days;
    if (line && f->customer_ref && agent_desk_cases_path(path, f->path, f->customer_ref) == PROTO_OK)
        agent_desk_cases_append(f->path, path, line);
}

static void free_folder(void *context)
{
    struct folder *f = context;

    free(f->customer_ref);
    free(f);
}

static void learn(void *context, json_t *line)
{
    agent_desk_cases_learn(context, line);
}

static enum proto_err read_before(struct agent_desk_cases *c, const struct folder *f, struct proto_now now)
{
    int lock = agent_desk_cases_lock(f->path);
    char path[HOST_PATH_BYTES];
    enum proto_err err = PROTO_OK;

    if (lock < 0)
        return PROTO_ERR_IO;
    agent_desk_cases_sweep(f->path, now.unix_ms);
    if (f->customer_ref)
        err = agent_desk_cases_path(path, f->path, f->customer_ref);
    if (!err && f->customer_ref)
        err = agent_desk_cases_take(path, c, now.unix_ms);
    close(lock);
    return err;
}

enum proto_err agent_desk_cases_open(struct agent_desk_cases **out, const char *folder, const char *customer_ref,
                                     struct proto_now now)
{
    struct folder *f = calloc(1, sizeof *f);
    struct agent_desk_cases_keeper keeper = {keep_count, keep_case, free_folder, f, false};
    char counts[HOST_PATH_BYTES];
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    if (f && customer_ref && *customer_ref)
        f->customer_ref = strdup(customer_ref);
    if (f && sodium_init() >= 0 && host_path(f->path, "%s", folder) && agent_desk_cases_counts_path(counts, folder))
        err = agent_desk_cases_new(out, &keeper);
    if (err) {
        if (f)
            free_folder(f);
        return err;
    }
    err = host_folder_make(folder, HOST_PRIVATE);
    if (!err)
        err = agent_desk_cases_each(counts, learn, *out);
    if (!err)
        err = read_before(*out, f, now);
    if (err) {
        agent_desk_cases_free(*out);
        *out = NULL;
    }
    return err;
}

enum proto_err agent_desk_cases_erase(const char *folder, const char *customer_ref)
{
    char path[HOST_PATH_BYTES];
    enum proto_err err = PROTO_ERR_RANGE;
    int lock;

    if (sodium_init() < 0 || !host_file_exists(folder))
        return PROTO_ERR_NOT_FOUND;
    lock = agent_desk_cases_lock(folder);
    if (lock < 0)
        return PROTO_ERR_IO;
    err = agent_desk_cases_path(path, folder, customer_ref);
    if (!err && unlink(path))
        err = errno == ENOENT ? PROTO_ERR_NOT_FOUND : PROTO_ERR_IO;
    close(lock);
    return err;
}
