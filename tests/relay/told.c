/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/relay/told.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 30000 };

void told_listen(struct told *told, const struct place *place)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};

    snprintf(told->path, sizeof told->path, "%s", place_path(place, "notify"));
    snprintf(own.sun_path, sizeof own.sun_path, "%s", told->path);
    told->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(told->socket, (struct sockaddr *)&own, sizeof own), 0);
    setenv("NOTIFY_SOCKET", told->path, 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
}

void told_hide(void)
{
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
}

void told_forget(const struct told *told)
{
    char text[512];

    while (recv(told->socket, text, sizeof text, MSG_DONTWAIT) >= 0)
        ;
}

void told_expect(const struct told *told, const char *wanted)
{
    char text[512];

    for (;;) {
        struct pollfd pollfd = {told->socket, POLLIN, 0};
        ssize_t len = poll(&pollfd, 1, WAIT_MS) == 1 ? recv(told->socket, text, sizeof text - 1, 0) : -1;

        if (len < 0)
            fail_msg("%s was not told", wanted);
        text[len < 0 ? 0 : len] = 0;
        if (!strncmp(text, wanted, strlen(wanted)))
            return;
        if (strncmp(text, "WATCHDOG=1", 10) != 0)
            fail_msg("%s was told in place of %s", text, wanted);
    }
}

void told_close(struct told *told)
{
    close(told->socket);
    unlink(told->path);
}
