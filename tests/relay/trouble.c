/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/relay/trouble.c - preloaded into a relay: a calendar that jumps, a disk that is slow or full, memory that is
 * not given, as the file that HANDHOLD_TROUBLE names says at that moment (tests/relay/trouble.h).
 */
#include "tests/relay/trouble.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/calendar.h"

static volatile struct trouble *now_is;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("HANDHOLD_TROUBLE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *now_is, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (at != MAP_FAILED)
        now_is = at;
    if (fd >= 0)
        close(fd);
}

time_t calendar_wrong_by_s(void)
{
    return now_is ? now_is->clock_s : 0;
}

/* ---- memory ---- */

/* Whose memory it is: glibc's, or that of AddressSanitizer's runtime where the relay was built with it. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
__attribute__((weak)) void *__interceptor_malloc(size_t size);
__attribute__((weak)) void *__interceptor_calloc(size_t count, size_t size);
__attribute__((weak)) void *__interceptor_realloc(void *block, size_t size);

static bool is_refused(void)
{
    static int64_t count; /* the first thread's alone */
    int64_t each = now_is ? now_is->fails_each : 0;

    if (!each || syscall(SYS_gettid) != getpid() || ++count % each)
        return false;
    now_is->failed++;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    if (is_refused())
        return NULL;
    return __interceptor_malloc ? __interceptor_malloc(size) : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    if (is_refused())
        return NULL;
    return __interceptor_calloc ? __interceptor_calloc(count, size) : __libc_calloc(count, size);
}

/* What grows goes on growing: libev ends a program whose arrays do not. */
void *realloc(void *block, size_t size)
{
    if (!block && is_refused())
        return NULL;
    return __interceptor_realloc ? __interceptor_realloc(block, size) : __libc_realloc(block, size);
}

/* ---- the disk ---- */

static void wait_for_disk(void)
{
    long ms = now_is ? now_is->sync_ms : 0;
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000};

    if (ms)
        nanosleep(&wait, NULL);
}

int fsync(int fd)
{
    wait_for_disk();
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    wait_for_disk();
    return (int)syscall(SYS_fdatasync, fd);
}

static bool is_full(int fd)
{
    struct stat file;

    if (!now_is || !now_is->disk_full || fstat(fd, &file) || !S_ISREG(file.st_mode))
        return false;
    errno = ENOSPC;
    return true;
}

int statvfs(const char *path, struct statvfs *disk)
{
    static int (*real)(const char *, struct statvfs *);

    if (!real)
        real = (int (*)(const char *, struct statvfs *))dlsym(RTLD_NEXT, "statvfs");
    int rc = real(path, disk);
    if (!rc && now_is && now_is->disk_full)
        disk->f_bavail = disk->f_bfree = 0;
    return rc;
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
    return is_full(fd) ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, bytes, len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return pwrite64(fd, bytes, len, at);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    return is_full(fd) ? -1 : (ssize_t)syscall(SYS_write, fd, bytes, len);
}
