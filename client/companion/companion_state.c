/* SPDX-License-Identifier: Apache-2.0 */
/* What of device information is told, as the customer asks to see it: each device with its id, each value. */
#include <stdio.h>

#include "client/companion/companion_inside.h"
#include "client/companion/words.h"
#include "proto/host/event_line.h"
#include "proto/util/number.h"

/* Names come from outside: what turns or hides text is taken out of them. */
static void line(struct client_companion *c, const char *before, const char *theirs)
{
    struct proto_buf text;

    proto_buf_init(&text, 4096);
    proto_words_clean(&text, theirs);
    proto_buf_put_u8(&text, 0);
    if (!text.failed)
        client_screen_line(c->screen, "%s%s", before, (const char *)text.bytes);
    proto_buf_free(&text);
}

static bool show_device(void *context, const struct client_state_device *d)
{
    struct client_companion *c = context;
    char before[192];

    if (c->config->json) {
        host_event_fields("told", json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "device", d->id, "kind", d->kind, "name",
                                            d->name, "maker", d->maker, "model", d->model, "firmware", d->firmware));
    } else {
        snprintf(before, sizeof before, "  %s (%s) ", d->id, d->kind);
        line(c, before, d->name);
    }
    return true;
}

static bool show_property(void *context, const struct client_state_property *p)
{
    struct client_companion *c = context;
    json_t *value = p->type == CLIENT_STATE_TEXT     ? json_string(p->value.text)
                    : p->type == CLIENT_STATE_NUMBER ? json_real(p->value.number)
                                                     : json_boolean(p->value.boolean);
    char before[192], text[PROTO_NUMBER_BYTES], number[64] = "";

    if (c->config->json) {
        host_event_fields("told", json_pack("{s:s,s:s,s:O?,s:s}", "device", p->device, "property", p->name, "value",
                                            value, "unit", p->unit));
    } else {
        snprintf(before, sizeof before, "    %s %s = ", p->device, p->name);
        if (p->type == CLIENT_STATE_NUMBER) {
            proto_number_text(p->value.number, text);
            snprintf(number, sizeof number, "%s %s", text, p->unit);
        }
        line(c, before,
             p->type == CLIENT_STATE_TEXT     ? p->value.text
             : p->type == CLIENT_STATE_NUMBER ? number
             : p->value.boolean               ? "yes"
                                              : "no");
    }
    json_decref(value);
    return true;
}

void client_companion_tell_state(struct client_companion *c)
{
    const struct client_state_sink sink = {show_device, show_property, c};

    if (!c->report || !c->capturing[PROTO_CAPABILITY_DEVICE_STATE])
        client_companion_error(c, "CONSENT", "state: nothing is told: you have not allowed device information");
    else
        client_state_model_each(client_report_model(c->report), &sink);
}
