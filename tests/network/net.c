/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/network/net.h"

#include <dirent.h>
#include <errno.h>
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

static const char letters[NET_MACHINES + 1] = "cral"; /* in the order of enum net_machine */
static char spaces[NET_MACHINES][24];

const char *net_space(enum net_machine machine)
{
    return spaces[machine];
}

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
    if (!run("ip netns add hht-%d 2>/dev/null && ip netns del hht-%d 2>/dev/null", getpid(), getpid()))
        return "this machine does not let network namespaces be made";
    return NULL;
}

/* IPv4 alone: an address of IPv6 that comes by itself a second later is another network to a browser, which drops what
 * it is loading. */
static bool bring_up(enum net_machine machine, const char *dev)
{
    (void)!run("ip -n %s link set %s addrgenmode none 2>/dev/null", net_space(machine), dev);
    return run("ip -n %s link set %s up", net_space(machine), dev);
}

static bool join(enum net_machine a, const char *dev_a, enum net_machine b, const char *dev_b)
{
    return run("ip link add %s netns %s type veth peer name %s netns %s", dev_a, net_space(a), dev_b, net_space(b)) &&
           bring_up(a, dev_a) && bring_up(b, dev_b) && line_plain_frames(a, dev_a) && line_plain_frames(b, dev_b);
}

static bool give(enum net_machine machine, const char *address, const char *dev)
{
    return run("ip -n %s addr add %s/24 dev %s", net_space(machine), address, dev);
}

/* Our own, and those of processes that are no more: who was killed could not clean up. */
static void remove_spaces(void)
{
    const struct dirent *entry;
    DIR *all = opendir("/run/netns");
    char letter;
    int owner, end;

    while (all && (entry = readdir(all))) {
        if (sscanf(entry->d_name, "hh%c-%d%n", &letter, &owner, &end) != 2 || entry->d_name[end])
            continue;
        if (strchr(letters, letter) && (owner == getpid() || (kill(owner, 0) && errno == ESRCH)))
            (void)!run("ip netns del %s 2>/dev/null", entry->d_name);
    }
    if (all)
        closedir(all);
}

static bool build(void)
{
    for (int i = 0; i < NET_MACHINES; i++) {
        snprintf(spaces[i], sizeof spaces[i], "hh%c-%d", letters[i], getpid());
        if (!run("ip netns add %s && ip -n %s link set lo up", spaces[i], spaces[i]))
            return false;
    }
    return join(NET_CUSTOMER, "e0", NET_LINE, LINE_LEFT) && join(NET_LINE, LINE_RIGHT, NET_RELAY, "e0") &&
           join(NET_RELAY, "e1", NET_AGENT, "e0") && give(NET_CUSTOMER, "10.97.1.1", "e0") &&
           give(NET_RELAY, NET_PUBLIC, "e0") && give(NET_RELAY, NET_STAFF, "e1") && give(NET_AGENT, "10.97.2.2", "e0");
}

bool net_up(struct net *net, const struct net_line *line, uint64_t seed)
{
    *net = (struct net){0};
    net->watch = mmap(NULL, sizeof *net->watch, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (net->watch == MAP_FAILED) {
        net->watch = NULL;
        return false;
    }
    remove_spaces();
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
    char address[16];

    snprintf(address, sizeof address, "10.97.1.%d", to);
    return run("ip -n %s addr flush dev e0", net_space(NET_CUSTOMER)) && give(NET_CUSTOMER, address, "e0");
}

void net_down(struct net *net)
{
    if (net->line > 0) {
        kill(net->line, SIGKILL);
        waitpid(net->line, NULL, 0);
    }
    remove_spaces();
    if (net->watch)
        munmap(net->watch, sizeof *net->watch);
    *net = (struct net){0};
}

bool net_enter(enum net_machine machine)
{
    char path[64];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(path, sizeof path, "/run/netns/%s", net_space(machine));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = setns(fd, CLONE_NEWNET) == 0;
    close(fd);
    return ok;
}

int net_enter_socket(enum net_machine machine, int type)
{
    int fd = net_enter(machine) ? socket(AF_INET, type | SOCK_CLOEXEC, 0) : -1;

    if (fd < 0)
        _exit(1);
    return fd;
}
