/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/network/bulk.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT = 9998, PIECE = 65536, TRY_EVERY_MS = 20, TRIES = 500 };

static struct sockaddr_in relay(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};

    inet_pton(AF_INET, NET_PUBLIC, &at.sin_addr);
    return at;
}

static _Noreturn void serve(void)
{
    static const char bytes[PIECE];
    struct sockaddr_in at = relay();
    int fd = net_enter_socket(NET_RELAY, SOCK_STREAM), on = 1;

    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", strlen("cubic"));
    if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 1))
        _exit(1);
    for (int one; (one = accept(fd, NULL, NULL)) >= 0; close(one))
        while (send(one, bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
            ;
    _exit(1);
}

static _Noreturn void take(volatile uint64_t *read_bytes)
{
    static char bytes[PIECE];
    struct sockaddr_in at = relay();
    ssize_t got;
    int fd = net_enter_socket(NET_CUSTOMER, SOCK_STREAM);

    for (int i = 0; connect(fd, (struct sockaddr *)&at, sizeof at) && i < TRIES;
         i++) /* the server may not listen yet */
        (void)poll(NULL, 0, TRY_EVERY_MS);
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0)
        *read_bytes += (uint64_t)got;
    _exit(1);
}

bool net_bulk_start(struct net_bulk *bulk)
{
    *bulk = (struct net_bulk){0};
    void *shared = mmap(NULL, sizeof *bulk->read, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return false;
    bulk->read = shared;
    bulk->server = fork();
    if (bulk->server == 0)
        serve();
    bulk->reader = fork();
    if (bulk->reader == 0)
        take(bulk->read);
    return bulk->server > 0 && bulk->reader > 0;
}

void net_bulk_end(struct net_bulk *bulk)
{
    const pid_t both[] = {bulk->reader, bulk->server};

    for (int i = 0; i < 2; i++)
        if (both[i] > 0) {
            kill(both[i], SIGKILL);
            waitpid(both[i], NULL, 0);
        }
    if (bulk->read)
        munmap((void *)(uintptr_t)bulk->read, sizeof *bulk->read);
    *bulk = (struct net_bulk){0};
}
