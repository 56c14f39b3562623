/* SPDX-License-Identifier: Apache-2.0 */
/* This machine, from /proc and /sys: what a support agent asks for first. The host's name is not told. */
#include <ctype.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/state/linux_inside.h"
#include "client/state/names.h"
#include "client/state/redact.h"
#include "client/state/sources.h"
#include "proto/util/utf8.h"

enum { EVERY_MS = 2000 };

const char client_state_linux_seen_by[] = "linux", client_state_linux_self[] = "this-device";

/* The first LINUX_FILE_BYTES of a file as text without its last line feed; false when it cannot be read. */
bool client_state_linux_read_text(const struct client_state_linux *l, const char *path,
                                  char out[static LINUX_FILE_BYTES])
{
    char full[LINUX_PATH_BYTES];
    FILE *file = NULL;

    if (snprintf(full, sizeof full, "%s%s", l->root, path) < (int)sizeof full)
        file = fopen(full, "re");
    if (!file)
        return false;
    size_t len = fread(out, 1, LINUX_FILE_BYTES - 1, file);
    fclose(file);
    out[len] = 0;
    while (len && isspace((unsigned char)out[len - 1]))
        out[--len] = 0;
    return len > 0;
}

/* What a vendor burnt into its tables may be anything: text that is none is left out, not the device with it. */
static bool put_label(char *out, size_t capacity, const char *text)
{
    proto_utf8_copy(out, capacity, text);
    if (client_state_text_ok(out))
        return true;
    out[0] = 0;
    return false;
}

double client_state_linux_read_number(const char *text, double most)
{
    char *end;
    double number = strtod(text, &end);

    return end != text && number >= 0 && number <= most ? number : -1;
}

void client_state_linux_add_device(struct client_state_linux *l, const char *id, const char *parent, const char *kind,
                                   const char *model, const char *firmware)
{
    struct client_state_device device = {0};

    snprintf(device.id, sizeof device.id, "%s", id);
    snprintf(device.parent, sizeof device.parent, "%s", parent);
    snprintf(device.kind, sizeof device.kind, "%s", kind);
    put_label(device.model, sizeof device.model, model);
    put_label(device.firmware, sizeof device.firmware, firmware);
    snprintf(device.seen_by, sizeof device.seen_by, "%s", client_state_linux_seen_by);
    if (client_state_model_device(l->model, &device))
        l->source.bad++;
    else if (l->now.count < LINUX_SEEN_MAX)
        memcpy(l->now.id[l->now.count++], device.id, sizeof device.id);
}

static bool is_seen(const struct linux_seen *seen, const char *id)
{
    for (size_t i = 0; i < seen->count; i++)
        if (!strcmp(seen->id[i], id))
            return true;
    return false;
}

/* What was there in the last round and is not in this one was pulled out, or left. */
static void let_go(struct client_state_linux *l)
{
    for (size_t i = 0; i < l->before.count; i++)
        if (!is_seen(&l->now, l->before.id[i]))
            (void)!client_state_model_gone(l->model, client_state_linux_seen_by, l->before.id[i]);
    l->before = l->now;
    l->now.count = 0;
}

static void add(struct client_state_linux *l, const char *device, const char *name,
                struct client_state_property property)
{
    snprintf(property.device, sizeof property.device, "%s", device);
    snprintf(property.name, sizeof property.name, "%s", name);
    property.unix_ms = l->unix_ms;
    if (client_state_model_property(l->model, client_state_linux_seen_by, &property))
        l->source.bad++;
    else
        l->source.good++;
}

void client_state_linux_add_text(struct client_state_linux *l, const char *device, const char *name, const char *text)
{
    struct client_state_property property = {.type = CLIENT_STATE_TEXT};

    if (!put_label(property.value.text, sizeof property.value.text, text)) {
        l->source.bad++;
        return;
    }
    add(l, device, name, property);
}

void client_state_linux_add_number(struct client_state_linux *l, const char *device, const char *name, double number,
                                   const char *unit)
{
    struct client_state_property property = {.type = CLIENT_STATE_NUMBER, .value.number = number};

    if (number < 0 && strcmp(unit, "dBm") != 0) { /* read_number() found none */
        l->source.bad++;
        return;
    }
    snprintf(property.unit, sizeof property.unit, "%s", unit);
    add(l, device, name, property);
}

void client_state_linux_add_truth(struct client_state_linux *l, const char *device, const char *name, bool truth)
{
    add(l, device, name, (struct client_state_property){.type = CLIENT_STATE_BOOL, .value.boolean = truth});
}

/* ---------------------------------------------------------------- what hangs on it */

static void each_in(struct client_state_linux *l, const char *folder,
                    void (*visit)(struct client_state_linux *l, const char *name))
{
    char path[LINUX_PATH_BYTES];
    unsigned seen = 0;

    if (snprintf(path, sizeof path, "%s%s", l->root, folder) >= (int)sizeof path)
        return;
    DIR *dir = opendir(path);
    for (const struct dirent *item; dir && seen < LINUX_ITEMS_MAX && (item = readdir(dir));) {
        if (item->d_name[0] == '.' || strlen(item->d_name) >= 32)
            continue;
        visit(l, item->d_name);
        seen++;
    }
    if (dir)
        closedir(dir);
}

static bool read_item(const struct client_state_linux *l, const char *folder, const char *name, const char *file,
                      char out[static LINUX_FILE_BYTES])
{
    char path[LINUX_PATH_BYTES];

    return snprintf(path, sizeof path, "%s/%s/%s", folder, name, file) < (int)sizeof path &&
           client_state_linux_read_text(l, path, out);
}

static void visit_supply(struct client_state_linux *l, const char *name)
{
    static const char folder[] = "/sys/class/power_supply";
    char text[LINUX_FILE_BYTES], id[CLIENT_STATE_ID_BYTES];

    if (!read_item(l, folder, name, "type", text) || strcmp(text, "Battery") != 0)
        return;
    snprintf(id, sizeof id, "battery/%.31s", name);
    client_state_redact_mac(id); /* a wireless mouse's battery is named after its address */
    client_state_linux_add_device(l, id, client_state_linux_self, "battery", "", "");
    if (read_item(l, folder, name, "capacity", text))
        client_state_linux_add_number(l, id, "battery", client_state_linux_read_number(text, 100), "%");
    if (read_item(l, folder, name, "status", text))
        client_state_linux_add_truth(l, id, "battery_charging", !strcmp(text, "Charging"));
}

void client_state_linux_interface_name(const struct client_state_linux *l, const char *name, char out[static 32])
{
    static const char folder[] = "/sys/class/net";
    char text[LINUX_FILE_BYTES] = "";
    size_t hex = strlen(name) == 15 && name[2] == 'x' ? strspn(name + 3, "0123456789abcdef") : 0;

    snprintf(out, 32, "%.31s", name);
    if (hex != 12)
        return;
    if (!read_item(l, folder, name, "ifindex", text))
        text[0] = 0;
    snprintf(out, 32, "%.9s-%.6s", name, text[0] && strspn(text, "0123456789") == strlen(text) ? text : "x");
}

static void visit_interface(struct client_state_linux *l, const char *name)
{
    static const char folder[] = "/sys/class/net";
    char text[LINUX_FILE_BYTES], id[CLIENT_STATE_ID_BYTES], wireless[LINUX_PATH_BYTES], shown[32];

    if (!strcmp(name, "lo"))
        return;
    client_state_linux_interface_name(l, name, shown);
    snprintf(id, sizeof id, "interface/%s", shown);
    snprintf(wireless, sizeof wireless, "%s%s/%s/wireless", l->root, folder, name);
    DIR *radio = opendir(wireless);
    client_state_linux_add_device(l, id, client_state_linux_self, radio ? "wifi_interface" : "network_interface", shown,
                                  "");
    if (radio)
        closedir(radio);
    if (read_item(l, folder, name, "operstate", text))
        client_state_linux_add_truth(l, id, "connectivity", !strcmp(text, "up"));
    if (read_item(l, folder, name, "address", text))
        client_state_linux_add_text(l, id, "mac_address", text);
    client_state_linux_addresses(l, name, id);
}

const char *client_state_linux_gateway(const struct client_state_source *source)
{
    return ((const struct client_state_linux *)(const void *)source)->gateway;
}

static void poll_dns(struct client_state_linux *l)
{
    char text[LINUX_FILE_BYTES], servers[CLIENT_STATE_TEXT_BYTES] = "", *rest = NULL;

    if (!client_state_linux_read_text(l, "/etc/resolv.conf", text))
        return;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char address[64];
        size_t used = strlen(servers);
        if (sscanf(line, "nameserver %63s", address) == 1)
            snprintf(servers + used, sizeof servers - used, "%s%s", used ? " " : "", address);
    }
    client_state_linux_add_text(l, client_state_linux_self, "dns_servers", servers[0] ? servers : "none");
}

static void poll(struct client_state_source *source, struct proto_now now, struct client_state_model *model)
{
    struct client_state_linux *l = (struct client_state_linux *)source;

    if (now.mono_ms < source->deadline_ms)
        return;
    source->deadline_ms = now.mono_ms + EVERY_MS;
    l->model = model;
    l->unix_ms = now.unix_ms;
    client_state_linux_machine(l);
    if (client_state_linux_way_out(l))
        client_state_linux_add_text(l, client_state_linux_self, "gateway", client_state_linux_gateway_told(l));
    poll_dns(l);
    each_in(l, "/sys/class/power_supply", visit_supply);
    if (l->root[0] || getifaddrs(&l->own))
        l->own = NULL;
    each_in(l, "/sys/class/net", visit_interface);
    if (l->own)
        freeifaddrs(l->own);
    l->own = NULL;
    client_state_linux_neighbours(l);
    if (!l->root[0])
        client_state_linux_wifi(l);
    let_go(l);
    l->model = NULL;
}

static void free_source(struct client_state_source *source)
{
    struct client_state_linux *l = (struct client_state_linux *)source;

    client_state_linux_wifi_end(l);
    free(l);
}

enum proto_err client_state_linux_open(const char *root, struct client_state_source **out,
                                       char why[static CLIENT_STATE_WHY_BYTES])
{
    static const struct client_state_source_ops ops = {.poll = poll, .free = free_source};
    struct client_state_linux *l = calloc(1, sizeof *l);

    *out = NULL;
    if (!l || snprintf(l->root, sizeof l->root, "%s", root) >= (int)sizeof l->root) {
        snprintf(why, CLIENT_STATE_WHY_BYTES, "linux: memory ran out, or the path of its root is too long");
        free(l);
        return PROTO_ERR_NOMEM;
    }
    l->source = (struct client_state_source){
        .ops = &ops, .seen_by = client_state_linux_seen_by, .fd = -1, .deadline_ms = INT64_MIN};
    *out = &l->source;
    return PROTO_OK;
}
