/* SPDX-License-Identifier: Apache-2.0 */
/* The machine itself: what it is, how long it runs, how busy and how full it is. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "client/state/linux_inside.h"

static void os_name(const struct client_state_linux *l, char out[static CLIENT_STATE_LABEL_BYTES])
{
    char text[LINUX_FILE_BYTES];

    out[0] = 0;
    if (!client_state_linux_read_text(l, "/etc/os-release", text))
        return;
    const char *at = strstr(text, "PRETTY_NAME=\"");
    if (at)
        snprintf(out, CLIENT_STATE_LABEL_BYTES, "%.*s", (int)strcspn(at + 13, "\""), at + 13);
}

/* Steps of five: a number that trembles is no news. /proc/stat counts ticks: user, nice, system, idle, iowait, … */
static void poll_processors(struct client_state_linux *l)
{
    unsigned long long t[8] = {0};
    char text[LINUX_FILE_BYTES];
    uint64_t ticks = 0, idle, past;

    if (!client_state_linux_read_text(l, "/proc/stat", text) ||
        sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6],
               &t[7]) < 5)
        return;
    for (size_t i = 0; i < 8; i++)
        ticks += t[i];
    idle = t[3] + t[4];
    past = ticks - l->ticks;
    if (l->ticks && ticks > l->ticks && ticks - idle >= l->busy && ticks - idle - l->busy <= past)
        client_state_linux_add_number(l, client_state_linux_self, "cpu",
                                      round(20.0 * (double)(ticks - idle - l->busy) / (double)past) * 5, "%");
    l->ticks = ticks;
    l->busy = ticks - idle;
}

static void poll_disk(struct client_state_linux *l)
{
    struct statvfs disk;

    if (!statvfs(l->root[0] ? l->root : "/", &disk) && disk.f_blocks)
        client_state_linux_add_number(l, client_state_linux_self, "disk_free",
                                      (double)(100 * disk.f_bavail / disk.f_blocks), "%");
}

void client_state_linux_machine(struct client_state_linux *l)
{
    char text[LINUX_FILE_BYTES], os[CLIENT_STATE_LABEL_BYTES];

    os_name(l, os);
    if (!client_state_linux_read_text(l, "/sys/class/dmi/id/product_name", text) &&
        !client_state_linux_read_text(l, "/proc/device-tree/model", text))
        text[0] = 0;
    client_state_linux_add_device(l, client_state_linux_self, "", "computer", text, os);
    if (client_state_linux_read_text(l, "/proc/loadavg", text))
        client_state_linux_add_number(l, client_state_linux_self, "load",
                                      client_state_linux_read_number(text, LINUX_MOST), "");
    if (client_state_linux_read_text(l, "/proc/uptime", text)) /* by the minute, or it would be news at each reading */
        client_state_linux_add_number(l, client_state_linux_self, "uptime",
                                      floor(client_state_linux_read_number(text, LINUX_MOST) / 60) * 60, "s");
    const char *free_kib =
        client_state_linux_read_text(l, "/proc/meminfo", text) ? strstr(text, "MemAvailable:") : NULL;
    if (free_kib)
        client_state_linux_add_number(l, client_state_linux_self, "memory_free",
                                      floor(client_state_linux_read_number(free_kib + 13, LINUX_MOST) / 1024 / 16) * 16,
                                      "MiB");
    poll_processors(l);
    poll_disk(l);
}
