/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TEXT_BYTES = 512 };

static bool send_to(const char *path, const char *text, size_t len)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    ssize_t sent = -1;
    int fd;

    if (size < 2 || size >= sizeof to.sun_path || (*path != '/' && *path != '@'))
        return false;
    memcpy(to.sun_path, path, size);
    if (*path == '@') /* an abstract one, unix(7) */
        to.sun_path[0] = 0;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        /* Not waiting: a service manager that hears nothing is no reason to serve nobody. */
        sent = sendto(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
        close(fd);
    }
    return sent == (ssize_t)len;
}

bool serve_notify(const char *format, ...)
{
    const char *path = getenv("NOTIFY_SOCKET");
    char text[TEXT_BYTES];
    va_list arguments;
    int len;

    if (!path)
        return false;
    va_start(arguments, format);
    len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return len > 0 && len < TEXT_BYTES && send_to(path, text, (size_t)len);
}

int64_t serve_notify_watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    if (!usec || (pid && strtol(pid, NULL, 10) != getpid()))
        return 0;
    return strtoll(usec, NULL, 10) / 1000;
}
