/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/network/net.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/network/line.h"

__attribute__((format(printf, 1, 2))) static bool run(const char *format, ...)
{
    char command[512];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    return system(command) == 0;
}

const char *net_cannot(void)
{
    if (geteuid() != 0)
        return "network namespaces need root here";
    if (!run("command -v ip >/dev/null 2>&1"))
        return "there is no program ip: install iproute2";
    if (!run("ip netns add hhtry 2>/dev/null && ip netns del hhtry 2>/dev/null"))
        return "this machine does not let network namespaces be made";
    return NULL;
}

/* IPv4 alone: an address of IPv6 that comes by itself a second later is another network to a browser, which drops what
 * it is loading. */
static bool bring_up(const char *ns, const char *dev)
{
    (void)!run("ip -n %s link set %s addrgenmode none 2>/dev/null", ns, dev);
    return run("ip -n %s link set %s up", ns, dev);
}

static bool join(const char *ns_a, const char *dev_a, const char *ns_b, const char *dev_b)
{
    return run("ip link add %s netns %s type veth peer name %s netns %s", dev_a, ns_a, dev_b, ns_b) &&
           bring_up(ns_a, dev_a) && bring_up(ns_b, dev_b) && line_plain_frames(ns_a, dev_a) &&
           line_plain_frames(ns_b, dev_b);
}

static void remove_all(void)
{
    static const char *const names[] = {NET_CUSTOMER, NET_RELAY, NET_AGENT, LINE_NAMESPACE};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)!run("ip netns del %s 2>/dev/null", names[i]);
}

static bool build(void)
{
    static const char *const names[] = {NET_CUSTOMER, NET_RELAY, NET_AGENT, LINE_NAMESPACE};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!run("ip netns add %s && ip -n %s link set lo up", names[i], names[i]))
            return false;
    return join(NET_CUSTOMER, "e0", LINE_NAMESPACE, LINE_LEFT) && join(LINE_NAMESPACE, LINE_RIGHT, NET_RELAY, "e0") &&
           join(NET_RELAY, "e1", NET_AGENT, "e0") && run("ip -n " NET_CUSTOMER " addr add 10.97.1.1/24 dev e0") &&
           run("ip -n " NET_RELAY " addr add " NET_PUBLIC "/24 dev e0") &&
           run("ip -n " NET_RELAY " addr add " NET_STAFF "/24 dev e1") &&
           run("ip -n " NET_AGENT " addr add 10.97.2.2/24 dev e0");
}

bool net_up(struct net *net, const struct net_line *line, uint64_t seed)
{
    *net = (struct net){0};
    net->watch = mmap(NULL, sizeof *net->watch, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (net->watch == MAP_FAILED) {
        net->watch = NULL;
        return false;
    }
    remove_all();
    net_set(net, line);
    if (!build())
        return false;
    net->line = fork();
    if (net->line == 0)
        _exit(line_run(net->watch, seed));
    for (int i = 0; net->line > 0 && i < 500 && !net->watch->tick_ms; i++)
        usleep(
            10000); /* until it carries: the first frame would be lost, and the kernel asks again only a second later */
    return net->line > 0 && net->watch->tick_ms;
}

void net_set(struct net *net, const struct net_line *line)
{
    net->watch->now = *line;
    __atomic_add_fetch(&net->watch->turn, 1, __ATOMIC_RELEASE);
}

bool net_move_customer(struct net *net, int to)
{
    (void)net;
    return run("ip -n " NET_CUSTOMER " addr flush dev e0 && ip -n " NET_CUSTOMER " addr add 10.97.1.%d/24 dev e0", to);
}

void net_down(struct net *net)
{
    if (net->line > 0) {
        kill(net->line, SIGKILL);
        waitpid(net->line, NULL, 0);
    }
    remove_all();
    if (net->watch)
        munmap(net->watch, sizeof *net->watch);
    *net = (struct net){0};
}

int net_enter(const char *namespace, int type)
{
    char path[64];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(path, sizeof path, "/run/netns/%s", namespace);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET))
        _exit(1);
    close(fd);
    fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        _exit(1);
    return fd;
}
