/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/host/tcp.h"

enum {
    HOST_BYTES = 256,
    BACKLOG = 1024,
    NOTSENT_BYTES = 48 * 1024, /* what the kernel may hold unsent of one receiver: the queue that drops is the core's */
    KEEPALIVE_IDLE_S = 30,
    KEEPALIVE_EACH_S = 10,
    KEEPALIVE_COUNT = 3,
};

static const char unix_prefix[] = "unix:";

static bool split(const char *address, char host[static HOST_BYTES], const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t len = colon ? (size_t)(colon - address) : 0;

    if (!len || len >= HOST_BYTES || !colon[1])
        return false;
    if (*address == '[') {
        if (address[len - 1] != ']')
            return false;
        address++;
        len -= 2;
    }
    memcpy(host, address, len);
    host[len] = 0;
    *port = colon + 1;
    /* getaddrinfo would take 99999 for 34463 */
    return strspn(*port, "0123456789") == strlen(*port) && strlen(*port) <= 5 && atoi(*port) <= 65535;
}

void serve_address_share(int fd, bool whether)
{
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){whether}, sizeof(int));
}

static int listen_on(const struct addrinfo *info, bool beside)
{
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, off = 0;

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    serve_address_share(fd, beside);
    if (info->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (!bind(fd, info->ai_addr, info->ai_addrlen) && !listen(fd, BACKLOG))
        return fd;
    close(fd);
    return -1;
}

/* Does somebody listen on it? Else a relay that was killed left it lying. */
static bool is_answered(const struct sockaddr_un *path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool answered = fd >= 0 && (!connect(fd, (const struct sockaddr *)path, sizeof *path) || errno == EAGAIN);

    if (fd >= 0)
        close(fd);
    return answered;
}

/* A proxy on this machine reaches it by the group. */
static int listen_on_path(const char *path)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    struct stat there;
    int fd;

    if (*path != '/' || strlen(path) >= sizeof own.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(own.sun_path, path);
    if (!stat(path, &there)) {
        if (!S_ISSOCK(there.st_mode)) {
            errno = EEXIST;
            return -1;
        }
        if (is_answered(&own)) {
            errno = EADDRINUSE;
            return -1;
        }
        (void)unlink(path);
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && !bind(fd, (struct sockaddr *)&own, sizeof own) && !chmod(path, 0660) && !listen(fd, BACKLOG))
        return fd;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return -1;
}

static bool bind_path(const char *path, int *fd, char *finding, size_t size, const char **way_out)
{
    *fd = listen_on_path(path);
    *way_out = errno == EADDRINUSE
                   ? "end the program that listens there, or give another path"
                   : "give unix:/PATH in a folder that this relay's user may write, of at most 107 characters";
    if (*fd < 0)
        snprintf(finding, size, "cannot be listened on (%s)", strerror(errno));
    return *fd >= 0;
}

bool serve_address_bind(const char *address, bool beside, int *fd, char *finding, size_t size, const char **way_out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    char host[HOST_BYTES];
    const char *port;
    int rc;

    if (!strncmp(address, unix_prefix, sizeof unix_prefix - 1))
        return bind_path(address + sizeof unix_prefix - 1, fd, finding, size, way_out);
    *fd = -1;
    *way_out = "write HOST:PORT, or [IPv6]:PORT, with a port of at most 65535; 0 picks a free one";
    if (!split(address, host, &port)) {
        snprintf(finding, size, "is not an address to listen on");
        return false;
    }
    rc = getaddrinfo(host, port, &hints, &found);
    if (rc) {
        snprintf(finding, size, "is not an address of this machine (%s)", gai_strerror(rc));
        return false;
    }
    errno = 0;
    *fd = listen_on(found, beside);
    freeaddrinfo(found);
    if (*fd >= 0)
        return true;
    *way_out = errno == EADDRINUSE ? "end the program that listens there, or choose another with --listen and "
                                     "--staff-listen; port 0 picks a free one"
               : errno == EACCES   ? "ports below 1024 need the capability CAP_NET_BIND_SERVICE, or choose a higher one"
                                   : "choose an address of this machine";
    snprintf(finding, size, errno == EADDRINUSE ? "the port is in use" : "cannot be listened on (%s)", strerror(errno));
    return false;
}

static bool same_place(const struct sockaddr_storage *own, const struct addrinfo *wanted)
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)own, *wanted6;
    const struct sockaddr_in *four = (const struct sockaddr_in *)own, *wanted4;

    if (own->ss_family != wanted->ai_family)
        return false;
    if (own->ss_family == AF_INET6) {
        wanted6 = (const struct sockaddr_in6 *)wanted->ai_addr;
        return !memcmp(&six->sin6_addr, &wanted6->sin6_addr, sizeof six->sin6_addr) &&
               (!wanted6->sin6_port || wanted6->sin6_port == six->sin6_port);
    }
    wanted4 = (const struct sockaddr_in *)wanted->ai_addr;
    return own->ss_family == AF_INET && four->sin_addr.s_addr == wanted4->sin_addr.s_addr &&
           (!wanted4->sin_port || wanted4->sin_port == four->sin_port);
}

bool serve_address_is(int fd, const char *address)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    struct sockaddr_storage own = {0};
    socklen_t len = sizeof own;
    char host[HOST_BYTES];
    const char *port;
    bool same;

    if (getsockname(fd, (struct sockaddr *)&own, &len))
        return false;
    if (!strncmp(address, unix_prefix, sizeof unix_prefix - 1))
        return own.ss_family == AF_UNIX &&
               !strcmp(((struct sockaddr_un *)&own)->sun_path, address + sizeof unix_prefix - 1);
    if (!split(address, host, &port) || getaddrinfo(host, port, &hints, &found))
        return false;
    same = same_place(&own, found);
    freeaddrinfo(found);
    return same;
}

bool serve_address_is_local(const char *address)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *found = NULL;
    char host[HOST_BYTES];
    const char *port;
    bool local = false;

    if (!strncmp(address, unix_prefix, sizeof unix_prefix - 1))
        return true;
    if (!split(address, host, &port) ||
        getaddrinfo(strcmp(host, "localhost") ? host : "127.0.0.1", port, &hints, &found))
        return false;
    if (found->ai_family == AF_INET)
        local = ntohl(((struct sockaddr_in *)found->ai_addr)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    else if (found->ai_family == AF_INET6)
        local = IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)found->ai_addr)->sin6_addr);
    freeaddrinfo(found);
    return local;
}

bool serve_address_host(const char *address, char *out, size_t size)
{
    char host[HOST_BYTES];
    const char *port;

    return split(address, host, &port) && (size_t)snprintf(out, size, "%s", host) < size;
}

unsigned serve_address_port(int fd)
{
    struct sockaddr_storage own;
    socklen_t len = sizeof own;

    if (getsockname(fd, (struct sockaddr *)&own, &len))
        return 0;
    return ntohs(own.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&own)->sin6_port
                                           : ((struct sockaddr_in *)&own)->sin_port);
}

void serve_address_text(const struct sockaddr_storage *address, char *out, size_t size)
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    const void *bytes = &((const struct sockaddr_in *)address)->sin_addr;
    int family = address->ss_family;

    if (family == AF_UNIX) {
        snprintf(out, size, "unix");
        return;
    }
    if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
        bytes = six->sin6_addr.s6_addr + 12;
        family = AF_INET;
    } else if (family == AF_INET6) {
        bytes = &six->sin6_addr;
    }
    if (!inet_ntop(family, bytes, out, (socklen_t)size))
        snprintf(out, size, "?");
}

void serve_address_tune(int fd)
{
    static const struct option {
        int name, value;
    } options[] = {
        {TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
        {TCP_KEEPINTVL, KEEPALIVE_EACH_S},
        {TCP_KEEPCNT, KEEPALIVE_COUNT},
    };

    host_tcp_live(fd, NOTSENT_BYTES);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        (void)setsockopt(fd, IPPROTO_TCP, options[i].name, &options[i].value, sizeof options[i].value);
}
