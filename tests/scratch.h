/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/scratch.h - where a test's folder goes: in memory where there is room, for what is tested syncs its files all
 * the time, and a disk that others use makes everybody wait. What a disk may lose is relay_fault_test's to ask.
 */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <sys/statvfs.h>
#include <unistd.h>

#define SCRATCH_ROOM_BYTES (512ull << 20)

/** "/dev/shm" or "/tmp". */
static inline const char *scratch_parent(void)
{
    struct statvfs about;

    return access("/dev/shm", W_OK) == 0 && statvfs("/dev/shm", &about) == 0 && !(about.f_flag & ST_NOEXEC) &&
                   about.f_bavail > SCRATCH_ROOM_BYTES / about.f_frsize
               ? "/dev/shm"
               : "/tmp";
}

#endif
