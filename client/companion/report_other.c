/* SPDX-License-Identifier: Apache-2.0 */
/* What another device of this person told, among what this one knows of the home. */
#include <stdlib.h>
#include <string.h>

#include "client/companion/report_inside.h"
#include "proto/host/say.h"

void client_report_device(struct client_report *r, const struct client_state_device *device, bool gone)
{
    if (!r)
        return;
    if (gone ? client_state_model_gone(r->model, device->seen_by, device->id)
             : client_state_model_device(r->model, device))
        host_say(HOST_DEBUG, "%s: the other device told what does not fit", device->id);
}

void client_report_property(struct client_report *r, const char *seen_by, const struct client_state_property *property)
{
    if (r && client_state_model_property(r->model, seen_by, property))
        host_say(HOST_DEBUG, "%s %s: the other device told what does not fit", property->device, property->name);
}

struct forgetting {
    const char *seen_by;
    char (*ids)[CLIENT_STATE_ID_BYTES]; /* CLIENT_STATE_DEVICES_MAX */
    size_t count;
};

static bool note_device(void *context, const struct client_state_device *device)
{
    struct forgetting *f = context;

    if (!strcmp(device->seen_by, f->seen_by) && f->count < CLIENT_STATE_DEVICES_MAX)
        memcpy(f->ids[f->count++], device->id, CLIENT_STATE_ID_BYTES);
    return true;
}

static bool pass_over(void *context, const struct client_state_property *property)
{
    (void)context, (void)property;
    return true;
}

void client_report_forget(struct client_report *r, const char *seen_by)
{
    struct forgetting f = {.seen_by = seen_by, .ids = r ? calloc(CLIENT_STATE_DEVICES_MAX, sizeof *f.ids) : NULL};
    const struct client_state_sink sink = {note_device, pass_over, &f};

    if (!f.ids)
        return;
    client_state_model_each(r->model, &sink);
    for (size_t i = 0; i < f.count; i++)
        (void)!client_state_model_gone(r->model, seen_by, f.ids[i]);
    free(f.ids);
}
