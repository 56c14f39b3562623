/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stills of the headless agent: into a file only where one is wanted, or where the customer was told that they are
 * kept. What was to be kept no longer than the session is removed with it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/desk/stills.h"
#include "agent/headless_inside.h"
#include "proto/host/event_line.h"
#include "proto/host/files.h"
#include "proto/host/say.h"

static bool folder_of(const struct headless *h, char out[static HOST_PATH_BYTES])
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (h->config->stills)
        return host_path(out, "%s", h->config->stills);
    if (state && *state == '/')
        return host_path(out, "%s/handhold/stills", state);
    return home && *home == '/' && host_path(out, "%s/.local/state/handhold/stills", home);
}

static bool path_of(const struct headless *h, uint32_t id, const char *suffix, char out[static HOST_PATH_BYTES])
{
    const uint8_t *sid = proto_session_sid(agent_desk_session(h->desk));
    char folder[HOST_PATH_BYTES];

    return folder_of(h, folder) &&
           host_path(out, "%s/%02x%02x%02x%02x-%u.%s", folder, sid[0], sid[1], sid[2], sid[3], (unsigned)id, suffix);
}

/* True when it is in a file, whose path is in `path` then. */
static bool keep(struct headless *h, uint32_t id, const struct proto_still *still, char path[static HOST_PATH_BYTES])
{
    char folder[HOST_PATH_BYTES];
    enum proto_err err = PROTO_ERR_RANGE;

    if (!h->config->stills && !h->still_days)
        return false;
    if (folder_of(h, folder) && path_of(h, id, agent_desk_still_suffix(still), path))
        err = host_folder_make(folder, HOST_PRIVATE);
    if (err == PROTO_OK)
        err = host_file_write(path, still->bytes, still->len, HOST_PRIVATE);
    if (err != PROTO_OK)
        host_say_err(path, err);
    return err == PROTO_OK;
}

void headless_still(struct headless *h, const struct proto_event *e)
{
    const struct proto_still *still = &e->still.still;
    enum proto_err err = agent_desk_still_check(still);
    char path[HOST_PATH_BYTES] = "";

    if (err != PROTO_OK) {
        agent_tell_error(&h->tell, proto_err_name(err),
                         "a photo came that is no picture, or not the one that was announced: it was thrown away; ask "
                         "for another");
        return;
    }
    if (e->still.id > h->stills)
        h->stills = e->still.id;
    agent_tell_still(&h->tell, e, keep(h, e->still.id, still, path) ? path : NULL);
}

void headless_stills_forget(struct headless *h)
{
    static const char *const suffixes[] = {"jpg", "png"};
    char path[HOST_PATH_BYTES];

    if (!h->config->stills || h->still_days || !h->desk)
        return;
    for (uint32_t id = 1; id <= h->stills; id++)
        for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
            if (path_of(h, id, suffixes[i], path))
                (void)unlink(path);
}
