/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/system/clock.c - preloaded into a program whose calendar is to be wrong by HOUSE_CLOCK_S seconds, or by as many
 * as the file HOUSE_CLOCK_FILE says at that moment: so a day can pass in all programs at once.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/system/calendar.h"

time_t calendar_wrong_by_s(void)
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
