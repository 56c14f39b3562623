/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/guard.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "proto/host/say.h"
#include "relay/serve/listen.h"
#include "relay/serve/socket.h"

/* Bytes of this process in memory; 0: unknown here. */
static uint64_t resident(void)
{
    unsigned long size, pages;
    FILE *file = fopen("/proc/self/statm", "re");
    int found = file ? fscanf(file, "%lu %lu", &size, &pages) : 0;

    if (file)
        fclose(file);
    return found == 2 ? (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* More than `most`, without what was given back: that is kept for the next messages (main.c), and sessions have it. */
static bool wanted(uint64_t bytes, uint64_t most)
{
    size_t free_bytes = bytes > most ? mallinfo2().fordblks : 0;

    return bytes > most && bytes - most > free_bytes;
}

/* A sixteenth below the bound it is free again, so that it does not change its mind each second. */
static void watch_memory(struct serve *serve)
{
    struct serve_guard *guard = &serve->guard;
    uint64_t most = (uint64_t)serve->config->limits.memory_bytes;
    bool full;

    guard->resident_bytes = resident();
    full = wanted(guard->resident_bytes, guard->full ? most - most / 16 : most);
    if (full == guard->full)
        return;
    guard->full = full;
    relay_core_set_full(serve->core, full);
    if (full)
        host_say(HOST_WARN,
                 "%llu bytes of memory are more than memory_bytes = %llu: no new session is taken until there are "
                 "fewer; live ones go on",
                 (unsigned long long)guard->resident_bytes, (unsigned long long)most);
    else
        host_say(HOST_INFO, "memory is below memory_bytes again: new sessions are taken");
}

static const uint64_t low_bytes = 1 << 20;

/* Of the disk, for who is not root; UINT64_MAX: unknown. */
static uint64_t room_on(const char *folder)
{
    struct statvfs disk;

    return statvfs(folder, &disk) ? UINT64_MAX : (uint64_t)disk.f_bavail * disk.f_frsize;
}

bool serve_guard_is_full(const char *folder)
{
    return room_on(folder) < low_bytes;
}

/* Before somebody who wants to begin a session finds out. Beside what the store holds back for endings. */
static void watch_disk(struct serve *serve)
{
    uint64_t room = room_on(serve->folder->data);

    if (room == UINT64_MAX)
        return;
    serve->guard.disk_free_bytes = room;
    bool full = room < (serve->guard.disk_full ? 2 * low_bytes : low_bytes);
    if (full && !serve->guard.disk_full)
        host_say(HOST_ERROR, "%s: its disk is full: sessions end, but none can begin; make room", serve->folder->data);
    if (!full && serve->guard.disk_full)
        host_say(HOST_INFO, "%s: its disk has room again: sessions can begin", serve->folder->data);
    serve->guard.disk_full = full;
}

bool serve_guard_log_writable(struct serve *serve)
{
    return !serve->guard.disk_full && relay_appender_is_writable(serve->appender);
}

void serve_guard_tick(struct serve *serve)
{
    watch_disk(serve);
    watch_memory(serve);
    serve_listen_tick(serve->listen);
    serve->guard.refused_chatter += serve_sockets_sweep(serve);
}
