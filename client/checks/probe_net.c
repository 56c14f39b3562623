/* SPDX-License-Identifier: Apache-2.0 */
/* What is tried beyond the router. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/checks/inside.h"

const char *check_error_words(int error)
{
    switch (error) {
    case ETIMEDOUT:
        return "no answer in time";
    case ECONNREFUSED:
        return "nothing listens there";
    case ENETUNREACH:
    case EHOSTUNREACH:
        return "there is no way there";
    default:
        return strerror(error);
    }
}

bool check_find(struct check_run *run, const char *target, unsigned port, char host[static 129],
                struct check_address *to)
{
    const char *why = "it is no HOST:PORT";

    snprintf(run->result.target, sizeof run->result.target, "%s", target);
    if (check_split(target, port, host, &port) && check_resolve(run, host, port, 0, to, &why))
        return true;
    check_verdict(run, CLIENT_CHECK_FAIL, "%.100s: %s", target, why);
    check_advice(run, "see what the name servers say: the check dns");
    return false;
}

bool check_is_set(struct check_run *run, const char *value, const char *key)
{
    if (*value)
        return true;
    check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "no %s is set for this home", key);
    return false;
}

/* ---- names ---- */

enum { DNS_SLOW_MS = 500 };

/* localhost, a bare name, a name of multicast DNS (RFC 6761, 6762): whoever is asked for it need not know it. */
static bool is_of_home(const char *name)
{
    size_t len = strlen(name);

    return !strchr(name, '.') || (len > 6 && !strcmp(name + len - 6, ".local")) ||
           (len > 10 && !strcmp(name + len - 10, ".localhost"));
}

void check_dns(struct check_run *run)
{
    struct check_address found;
    char host[129] = "";
    unsigned port;
    int64_t begun = check_mono_ms();
    const char *name = run->config->dns_name;

    if (!*name && check_split(run->config->internet, 443, host, &port))
        name = host;
    check_rule(run, "it finds %.64s within %d ms", *name ? name : "a name", DNS_SLOW_MS);
    if (!run->server[0]) {
        check_verdict(run, CLIENT_CHECK_FAIL, "this device knows no name server");
        check_advice(run, "join the Wi-Fi again; if it stays so, restart the router");
        return;
    }
    if (!*name || strspn(name, "0123456789.:") == strlen(name)) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "no name to ask for is set");
        return;
    }
    if (is_of_home(name)) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "%.64s is a name of this home, which no name server knows", name);
        return;
    }
    switch (check_dns_ask(run, run->server, name, AF_INET, &found, run->deadline_ms)) {
    case CHECK_DNS_OK:
        check_figure_ms(run, (double)(check_mono_ms() - begun));
        check_verdict(run, run->result.value > DNS_SLOW_MS ? CLIENT_CHECK_WARN : CLIENT_CHECK_PASS, "%.80s finds %.64s",
                      run->result.target, name);
        return;
    case CHECK_DNS_SILENT:
        check_verdict(run, CLIENT_CHECK_FAIL, "the name server %.80s does not answer", run->result.target);
        break;
    case CHECK_DNS_NO_NAME:
        check_verdict(run, CLIENT_CHECK_FAIL, "the name server %.80s says that there is no %.64s", run->result.target,
                      name);
        break;
    case CHECK_DNS_FAILED:
        check_verdict(run, CLIENT_CHECK_FAIL, "the name server %.80s answers with an error", run->result.target);
        break;
    }
    check_advice(run, "restart the router; if it stays so, the provider's name servers are down");
}

/* ---- TCP and TLS to the world ---- */

enum { REACH_SLOW_MS = 800 };

static void reach(struct check_run *run, const char *target, const char *what, const char *advice)
{
    struct check_address to;
    struct check_tls tls;
    char host[129];
    int64_t begun;
    int error, fd;

    check_rule(run, "it is reached by TCP, and shows a certificate that is trusted, within %d ms", REACH_SLOW_MS);
    if (!check_is_set(run, target, what) || !check_find(run, target, 443, host, &to))
        return;
    begun = check_mono_ms();
    fd = check_dial(run, &to, run->deadline_ms, &error);
    if (fd < 0) {
        check_verdict(run, CLIENT_CHECK_FAIL, "%.100s is not reached: %s", target, check_error_words(error));
        check_advice(run, advice);
        return;
    }
    check_tls(run, fd, host, run->config->ca, &tls);
    close(fd);
    check_figure_ms(run, (double)(check_mono_ms() - begun));
    if (!tls.trusted) {
        check_verdict(run, CLIENT_CHECK_FAIL, "%.80s is reached, and no secure connection comes about: %.100s", target,
                      tls.why);
        check_advice(run, "check this device's clock, and whether the network first wants a sign-in page");
    } else {
        check_verdict(run, run->result.value > REACH_SLOW_MS ? CLIENT_CHECK_WARN : CLIENT_CHECK_PASS,
                      "%.100s is reached", target);
    }
}

void check_internet(struct check_run *run)
{
    reach(run, run->config->internet, "host of the internet",
          "look at the router's internet light; restart the modem, then the router");
}

void check_cloud(struct check_run *run)
{
    reach(run, run->config->cloud, "cloud of the product",
          "the maker's service is down; wait, and see its status page");
}

/* ---- captive portal ---- */

static bool read_status(struct check_run *run, int fd, int *status)
{
    char line[64] = "";
    size_t used = 0;

    while (used < sizeof line - 1 && !strchr(line, '\n')) {
        ssize_t got;

        if (!check_wait(run, fd, POLLIN, run->deadline_ms) ||
            (got = recv(fd, line + used, sizeof line - 1 - used, 0)) <= 0)
            break;
        used += (size_t)got;
        line[used] = '\0';
    }
    return sscanf(line, "HTTP/%*1d.%*1d %3d", status) == 1;
}

void check_portal(struct check_run *run)
{
    char authority[129], host[129], ask[512];
    const char *path, *url = run->config->portal;
    struct check_address to;
    int status = 0, error, fd;
    bool answered = false;

    check_rule(run, "a plain web request is answered with 204 by the host itself");
    if (!check_is_set(run, url, "address to find sign-in pages with"))
        return;
    path = url + strlen("http://");
    snprintf(authority, sizeof authority, "%.*s", (int)strcspn(path, "/"), path);
    path += strcspn(path, "/");
    if (!check_find(run, authority, 80, host, &to))
        return;
    fd = check_dial(run, &to, run->deadline_ms, &error);
    if (fd >= 0) {
        int len = snprintf(ask, sizeof ask, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                           *path ? path : "/", authority);

        answered = len > 0 && (size_t)len < sizeof ask && send(fd, ask, (size_t)len, MSG_NOSIGNAL) == len &&
                   read_status(run, fd, &status);
        close(fd);
    }
    if (!answered) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "%.100s does not answer", authority);
    } else if (status == 204) {
        check_verdict(run, CLIENT_CHECK_PASS, "nobody stands in between");
    } else {
        check_verdict(run, CLIENT_CHECK_FAIL, "this network answers in the host's place (HTTP %d): a sign-in page",
                      status);
        check_advice(run, "open a web page in the browser of this device and sign in to the network");
    }
}
