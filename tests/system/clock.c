/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/system/clock.c - preloaded into a program whose calendar is to be wrong by HOUSE_CLOCK_S seconds, or by as many
 * as the file HOUSE_CLOCK_FILE says at that moment: so a day can pass in all programs at once.
 *
 * Only the calendar: what measures how long something takes stays as it is, as on a machine whose date was never set.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t shift(void)
{
    const char *text = getenv("HOUSE_CLOCK_S"), *path = getenv("HOUSE_CLOCK_FILE");
    char said[32] = "";
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        if (read(fd, said, sizeof said - 1) > 0)
            text = said;
        close(fd);
    }

    return text ? (time_t)strtoll(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long result = syscall(SYS_clock_gettime, clock, now);

    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += shift();
    return (int)result;
}

time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}
