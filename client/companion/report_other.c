/* SPDX-License-Identifier: Apache-2.0 */
/* What another device of this person told, among what this one knows of the home. */
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

void client_report_forget(struct client_report *r, const char *seen_by)
{
    if (r)
        client_state_model_forget(r->model, seen_by);
}
