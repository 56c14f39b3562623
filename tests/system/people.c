/* SPDX-License-Identifier: Apache-2.0 */
/* The people of a house: what they do, and what is expected to be said. */
#include <stdio.h>
#include <string.h>

#include "tests/system/house.h"

/* ---- waiting ---- */

static bool field_is(const json_t *json, const char *field, const char *value)
{
    const json_t *found = json_object_get(json, field);

    if (json_is_boolean(found))
        return !strcmp(value, json_is_true(found) ? "true" : "false");
    return json_is_string(found) && !strcmp(json_string_value(found), value);
}

/* The pairs of `args`, for one event. */
static bool matches(const json_t *json, const char *event, va_list args)
{
    const char *field;
    va_list copy;
    bool same = field_is(json, "event", event);

    va_copy(copy, args);
    while (same && (field = va_arg(copy, const char *)) != NULL)
        same = field_is(json, field, va_arg(copy, const char *));
    va_end(copy);
    return same;
}

static json_t *take(struct demo_child *c, const char *event, va_list args)
{
    for (size_t i = 0; i < c->count; i++)
        if (!c->events[i].taken && matches(c->events[i].json, event, args)) {
            c->events[i].taken = true;
            return c->events[i].json;
        }
    return NULL;
}

/* Hears more; false when nothing more can come. */
static bool hear(struct house *h, const struct demo_child *c, int64_t until)
{
    int64_t left = until - demo_mono_ms();

    if (left <= 0 || c->out < 0)
        return false;
    demo_children_watch(&h->children, left < 20 ? (int)left : 20);
    return true;
}

json_t *house_await(struct house *h, struct demo_child *c, const char *event, ...)
{
    int64_t until = demo_mono_ms() + HOUSE_WAIT_MS;
    json_t *found;
    va_list args;

    va_start(args, event);
    while ((found = take(c, event, args)) == NULL && hear(h, c, until))
        continue;
    if (!found)
        found = take(c, event, args); /* it may have been its last word */
    if (!found) {
        const char *field = va_arg(args, const char *), *value = field ? va_arg(args, const char *) : NULL;

        house_fail(h, "%s: no event \"%s\"%s%s%s%s", c->name, event, field ? " with " : "", field ? field : "",
                   value ? " = " : "", value ? value : "");
    }
    va_end(args);
    return found;
}

json_t *house_await_number(struct house *h, struct demo_child *c, const char *event, const char *field, int64_t least)
{
    for (;;) {
        json_t *found = house_await(h, c, event, NULL);

        if (house_number(found, field) >= least)
            return found;
    }
}

void house_forget(struct demo_child *c, const char *event)
{
    for (size_t i = 0; i < c->count; i++)
        if (field_is(c->events[i].json, "event", event))
            c->events[i].taken = true;
}

void house_expect_exit(struct house *h, struct demo_child *c, int number, int code)
{
    int got = demo_child_stop(&h->children, c, number, HOUSE_WAIT_MS);

    if (got != code)
        house_fail(h, "%s: ended with %d, not with %d", c->name, got, code);
}

/* ---- doing ---- */

struct demo_child *house_agent_start(struct house *h, const char *name, const char *id, const char *const *more)
{
    char relay[96], identity[HOUSE_PATH_BYTES];
    const char *argv[24] = {"handhold-agent", "--headless", "--json",
                            "--relay",        relay,        "--identity",
                            identity,         "--ca",       house_path(h, "org/ca/ca.crt")};
    size_t n = 9;
    struct demo_child *agent;

    for (size_t i = 0; more && more[i]; i++)
        if (!strcmp(more[i], "--snapshot"))
            argv[0] = "handhold-keeping-agent";

    snprintf(relay, sizeof relay, "https://%s", h->staff);
    snprintf(identity, sizeof identity, "%s/org/staff/%s", h->dir, id);
    for (size_t i = 0; more && more[i]; i++)
        argv[n++] = more[i];
    agent = demo_child_start(&h->children, name, argv);
    assert_non_null(agent);
    return agent;
}

struct demo_child *house_agent_with(struct house *h, const char *name, const char *id, const char *const *more)
{
    struct demo_child *agent = house_agent_start(h, name, id, more);
    json_t *invite = house_await(h, agent, "invite", NULL);

    snprintf(h->link, sizeof h->link, "%s", house_text(invite, "link"));
    snprintf(h->code, sizeof h->code, "%s", house_text(invite, "code"));
    snprintf(h->session, sizeof h->session, "%s", house_text(invite, "session"));
    return agent;
}

struct demo_child *house_agent(struct house *h, const char *name, const char *id)
{
    char png[HOUSE_PATH_BYTES];

    snprintf(png, sizeof png, "%s/%s.png", h->dir, name);
    return house_agent_with(h, name, id, (const char *const[]){"--snapshot", png, NULL});
}

struct demo_child *house_client(struct house *h, const char *name, const char *const *more)
{
    const char *argv[24] = {"handhold-client", "--json"};
    size_t n = 2;
    struct demo_child *client;
    bool camera = false, ca = false;

    for (size_t i = 0; more[i]; i++) {
        camera |= !strcmp(more[i], "--camera");
        ca |= !strcmp(more[i], "--ca") || !strcmp(more[i], "--no-ca");
        if (strcmp(more[i], "--no-ca") != 0)
            argv[n++] = more[i];
    }
    if (!camera) {
        argv[n++] = "--camera";
        argv[n++] = house_path(h, "clip.y4m");
    }
    if (!ca) {
        argv[n++] = "--ca";
        argv[n++] = house_path(h, "org/ca/ca.crt");
    }
    client = demo_child_start(&h->children, name, argv);
    assert_non_null(client);
    return client;
}

struct demo_child *house_join(struct house *h, struct demo_child *agent, const char *name)
{
    const char *const by_link[] = {h->link, NULL};
    struct demo_child *client = house_client(h, name, by_link);

    house_await(h, client, "joined", "verified", "true", NULL);
    house_await(h, agent, "joined", NULL);
    return client;
}

void house_grant(struct house *h, struct demo_child *agent, struct demo_child *client, const char *capability)
{
    char line[256];

    snprintf(line, sizeof line, "{\"do\":\"request\",\"capability\":\"%s\",\"purpose\":\"To see it\"}", capability);
    demo_child_tell(agent, line);
    house_await(h, client, "consent", "capability", capability, "state", "requested", NULL);
    snprintf(line, sizeof line, "{\"do\":\"grant\",\"capability\":\"%s\"}", capability);
    demo_child_tell(client, line);
    house_await(h, agent, "consent", "capability", capability, "state", "granted", NULL);
    house_await(h, client, "consent", "capability", capability, "state", "granted", NULL);
    if (!strcmp(capability, "camera"))
        house_await(h, agent, "video", NULL);
    if (!strcmp(capability, "device-state")) /* what a firmware says before is thrown away */
        house_await(h, client, "capture", "capability", capability, "on", "true", NULL);
}

void house_talk(struct house *h, struct demo_child *agent, struct demo_child *client)
{
    static unsigned number;
    char line[128], text[64];

    snprintf(text, sizeof text, "word %u", ++number);
    snprintf(line, sizeof line, "{\"do\":\"chat\",\"text\":\"%s\"}", text);
    demo_child_tell(client, line);
    house_await(h, agent, "chat", "text", text, NULL);
    demo_child_tell(agent, line);
    house_await(h, client, "chat", "text", text, NULL);
}

void house_end(struct house *h, struct demo_child *agent, struct demo_child *client)
{
    demo_child_tell(agent, "{\"do\":\"end\"}");
    house_await(h, client, "ended", "reason", "completed", NULL);
    house_await(h, agent, "ended", "reason", "completed", NULL);
    house_expect_exit(h, client, 0, 0);
    house_expect_exit(h, agent, 0, 0);
}

void house_live(struct house *h, struct demo_child **agent, struct demo_child **client)
{
    *agent = house_agent(h, "agent", "ana");
    *client = house_join(h, *agent, "client");
    house_grant(h, *agent, *client, "camera");
}
