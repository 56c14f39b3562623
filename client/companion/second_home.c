/* SPDX-License-Identifier: Apache-2.0 */
/* What the second device reads of its home, from the word that it may until the word that it may not. */
#include <stdio.h>
#include <string.h>

#include "client/companion/home.h"
#include "client/companion/second_inside.h"
#include "proto/host/event_line.h"
#include "proto/host/world.h"

static void tell_capture(const struct second *s)
{
    if (s->config->json)
        host_event_fields("capture", json_pack("{s:s,s:b}", "capability", "device-state", "on", (int)s->capturing));
    else
        printf(s->capturing ? "* your phone allows it: device information is told\n"
                            : "* device information is not told any more\n");
    fflush(stdout);
}

/* Slowly when the first device, or the line, is slow: the model keeps the newest of each value. */
bool client_second_may_push(void *context)
{
    struct second *s = context;

    return s->capturing && proto_beside_may_tell(&s->pair);
}

enum proto_err client_second_push(void *context, const uint8_t *bytes, size_t len)
{
    struct second *s = context;

    return proto_beside_tell(&s->pair, bytes, len);
}

void client_second_follow(struct second *s)
{
    if (s->pair.capturing == s->capturing)
        return;
    s->capturing = s->pair.capturing;
    if (s->capturing)
        client_report_start(s->report, host_now());
    else {
        s->refused_count = 0;
        s->has_found = false;
        client_checks_stop(s->checks);
        client_report_stop(s->report);
    }
    tell_capture(s);
}

void client_second_hide(struct second *s, const handhold_BesideHide *hide)
{
    /* NOT_FOUND: it was shown all along; FULL: so much is hidden that its owner has to unlink this device instead */
    enum proto_err err =
        client_report_hide(s->report, hide->device, hide->property[0] ? hide->property : NULL, hide->hidden);

    if (s->config->json)
        host_event_fields("hidden", json_pack("{s:s,s:s,s:b}", "device", hide->device, "property", hide->property, "on",
                                              (int)(hide->hidden && !err)));
    fflush(stdout);
}

/* What cannot go now stays where it is: more checks at once answer than may be under way. */
void client_second_take_checks(struct second *s)
{
    struct client_check_result found;

    while (s->refused_count && client_report_check(s->report, NULL, &s->refused[0], host_now()))
        memmove(s->refused, s->refused + 1, --s->refused_count * sizeof *s->refused);
    while (client_second_may_push(s) && (s->has_found || client_checks_take(s->checks, &found))) {
        if (!s->has_found)
            client_home_result(&found, &s->found);
        s->has_found = !client_report_check(s->report, NULL, &s->found, host_now());
        if (s->has_found)
            return;
    }
}

void client_second_ask_check(struct second *s, const handhold_CheckAsk *ask)
{
    handhold_CheckResult result = {.id = ask->id, .status = CLIENT_CHECK_NOT_CHECKED};
    enum proto_err err;

    err = client_checks_ask(s->checks, ask->id, ask->check, ask->target, ask->unix_ms, -1,
                            client_report_model(s->report), host_now());
    if (!err)
        return;
    snprintf(result.check, sizeof result.check, "%s", ask->check);
    snprintf(result.target, sizeof result.target, "%s", ask->target);
    snprintf(result.detail, sizeof result.detail, "%s; checks are: %s", proto_err_rule(err), client_check_names());
    if (s->refused_count < REFUSED_MAX) /* whoever asks for so many at once waits for none of them */
        s->refused[s->refused_count++] = result;
    client_second_take_checks(s);
}
