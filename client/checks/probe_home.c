/* SPDX-License-Identifier: Apache-2.0 */
/* What is tried between this device and its router, and within this device. */
#include <errno.h>
#include <ifaddrs.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/checks/inside.h"

/* ---- verdicts ---- */

void check_verdict(struct check_run *run, enum client_check_status status, const char *format, ...)
{
    va_list args;

    run->result.status = status;
    va_start(args, format);
    vsnprintf(run->result.detail, sizeof run->result.detail, format, args);
    va_end(args);
}

void check_rule(struct check_run *run, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(run->result.rule, sizeof run->result.rule, format, args);
    va_end(args);
}

void check_advice(struct check_run *run, const char *text)
{
    snprintf(run->result.advice, sizeof run->result.advice, "%s", text);
}

void check_figure_ms(struct check_run *run, double ms)
{
    run->result.has_value = true;
    run->result.value = ms;
    snprintf(run->result.unit, sizeof run->result.unit, "ms");
    snprintf(run->result.figure, sizeof run->result.figure, ms < 10 ? "%.1f ms" : "%.0f ms", ms);
}

/* ---- pings ---- */

enum { PINGS = 3, SLOW_MS = 50 };

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Median of three; -1 none came back, -2 this program may not ask. */
static double ping_thrice(struct check_run *run, const struct check_address *to)
{
    double trips[PINGS];
    size_t came = 0;

    for (int i = 0; i < PINGS && !run->cancelled; i++) {
        double trip = check_ping(run, to, check_mono_ms() + 1000);

        if (trip <= -2)
            return trip;
        if (trip >= 0)
            trips[came++] = trip;
    }
    qsort(trips, came, sizeof *trips, by_size);
    return came ? trips[came / 2] : -1;
}

/* Without the right to ping: a port that answers, or that says no at once, belongs to somebody who is there. */
static double knock(struct check_run *run, struct check_address to)
{
    static const uint16_t ports[] = {80, 443, 53};

    for (size_t i = 0; i < sizeof ports / sizeof *ports && !run->cancelled; i++) {
        int64_t begun = check_mono_ms();
        int error, fd;

        ((struct sockaddr_in *)&to.address)->sin_port = htons(ports[i]); /* the same place for IPv6 */
        fd = check_dial(run, &to, begun + 700, &error);
        if (fd >= 0)
            close(fd);
        if (fd >= 0 || error == ECONNREFUSED)
            return (double)(check_mono_ms() - begun);
    }
    return -1;
}

static void judge_ping(struct check_run *run, const char *whom, const struct check_address *to, const char *advice)
{
    double trip = ping_thrice(run, to);
    bool knocked = trip <= -2;

    check_rule(run, "answers within 1 s, and in %d ms or less", SLOW_MS);
    if (knocked)
        trip = knock(run, *to);
    if (trip >= 0)
        check_figure_ms(run, trip);
    if (trip < 0 && knocked) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED,
                      "%s: this program has no right to send pings, and no port of it answers", whom);
        check_advice(run, "run the companion as a user whose group is in net.ipv4.ping_group_range");
    } else if (trip < 0) {
        check_verdict(run, CLIENT_CHECK_FAIL, "%s does not answer", whom);
        check_advice(run, advice);
    } else if (trip > SLOW_MS) {
        check_verdict(run, CLIENT_CHECK_WARN, "%s answers slowly", whom);
        check_advice(run, "move closer to the router, or use a cable, and see who else is loading the network");
    } else {
        check_verdict(run, CLIENT_CHECK_PASS, "%s answers%s", whom,
                      knocked ? " (at a port; pings are not allowed)" : "");
    }
}

void check_gateway(struct check_run *run)
{
    struct check_address to;
    const char *why;

    check_rule(run, "this device has a way out, and its router answers");
    if (!run->facts.gateway[0] || !strcmp(run->facts.gateway, "none")) {
        check_verdict(run, CLIENT_CHECK_FAIL, "this device has no router: there is no default route");
        check_advice(run, "join the Wi-Fi again, or plug the cable in; then restart the router");
        return;
    }
    if (!run->facts.gateway_hidden)
        snprintf(run->result.target, sizeof run->result.target, "%s", run->facts.gateway);
    if (!check_resolve(run, run->facts.gateway, 80, 0, &to, &why))
        check_verdict(run, CLIENT_CHECK_FAIL, "the router's address is none: %.40s", run->result.target);
    else
        judge_ping(run, "the router", &to, "restart the router: unplug it for ten seconds");
}

void check_ping_target(struct check_run *run)
{
    struct check_address to;
    char host[129];
    unsigned port;
    const char *why;

    if (!check_split(run->result.target, 80, host, &port) || !check_resolve(run, host, port, 0, &to, &why)) {
        check_rule(run, "its name has an address");
        check_verdict(run, CLIENT_CHECK_FAIL, "%.128s: no address", run->result.target);
        check_advice(run, "check the name, or use its address");
        return;
    }
    judge_ping(run, host, &to, "see whether it is on, and in the same network");
}

/* ---- radio ---- */

enum { GOOD_DBM = -67, POOR_DBM = -75 };

void check_wifi(struct check_run *run)
{
    double dbm = run->facts.signal_dbm;

    check_rule(run, "%d dBm or more is good, below %d dBm is too weak", GOOD_DBM, POOR_DBM);
    if (!run->facts.has_signal) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED,
                      run->facts.signal_hidden ? "how strong the Wi-Fi is, is hidden on this device"
                      : run->facts.has_wifi    ? "the Wi-Fi radio does not say how strong its signal is"
                                               : "this device has no Wi-Fi radio that it may read");
        return;
    }
    run->result.has_value = true;
    run->result.value = dbm;
    snprintf(run->result.unit, sizeof run->result.unit, "dBm");
    snprintf(run->result.figure, sizeof run->result.figure, "%.0f dBm", dbm);
    if (dbm >= GOOD_DBM) {
        check_verdict(run, CLIENT_CHECK_PASS, "the Wi-Fi is strong");
        return;
    }
    check_verdict(run, dbm >= POOR_DBM ? CLIENT_CHECK_WARN : CLIENT_CHECK_FAIL,
                  dbm >= POOR_DBM ? "the Wi-Fi is weak" : "the Wi-Fi is too weak");
    check_advice(run, "move closer to the router, or move the router into the open, away from metal and microwaves");
}

/* ---- this device ---- */

enum { SKEW_WARN_S = 5, SKEW_FAIL_S = 60, SNTP_BYTES = 48, NTP_TO_UNIX = 2208988800u };

/* RFC 4330, 5: what an answer must be before its time is one; NULL: it is. */
static const char *not_a_time(const uint8_t answer[static SNTP_BYTES], const uint8_t ask[static SNTP_BYTES])
{
    uint8_t leap = answer[0] >> 6, mode = answer[0] & 7, stratum = answer[1];

    if (mode != 4 || memcmp(answer + 24, ask + 40, 8) != 0)
        return "answers something else";
    if (!stratum)
        return "wants not to be asked"; /* a kiss of death: its reason stands where the source would */
    if (leap == 3 || stratum > 15 || !(answer[40] | answer[41] | answer[42] | answer[43]))
        return "does not know the time itself";
    return NULL;
}

/* Seconds since 1900 stand at offset 40. NULL: *skew_ms is set. */
static const char *ask_time(struct check_run *run, int64_t *skew_ms)
{
    uint8_t ask[SNTP_BYTES] = {0x23}, answer[SNTP_BYTES];
    struct check_address to;
    struct timespec now;
    char host[129];
    unsigned port;
    const char *why;

    clock_gettime(CLOCK_REALTIME, &now);
    for (int i = 0; i < 8; i++) /* comes back as it went: an answer to somebody else's question is none */
        ask[40 + i] = (uint8_t)((uint64_t)(now.tv_sec * 1000000000 + now.tv_nsec) >> (56 - 8 * i));
    if (!check_split(run->config->time, 123, host, &port) || !check_resolve(run, host, port, 0, &to, &why) ||
        check_exchange(run, &to, ask, sizeof ask, answer, sizeof answer, run->deadline_ms) != SNTP_BYTES)
        return "does not answer";
    why = not_a_time(answer, ask);
    if (why)
        return why;
    uint32_t seconds = (uint32_t)answer[40] << 24 | (uint32_t)answer[41] << 16 | (uint32_t)answer[42] << 8 | answer[43];

    clock_gettime(CLOCK_REALTIME, &now);
    *skew_ms = ((int64_t)now.tv_sec - (int64_t)(seconds - NTP_TO_UNIX)) * 1000;
    return NULL;
}

void check_clock(struct check_run *run)
{
    int64_t skew_ms = run->facts.skew_ms;
    const char *whose = "the agent's clock";

    check_rule(run, "within %d s of the right time; more than %d s breaks secure connections", SKEW_WARN_S,
               SKEW_FAIL_S);
    if (run->config->time[0]) {
        whose = run->config->time;
        const char *wrong = ask_time(run, &skew_ms);

        if (wrong) {
            check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "%.128s %s", whose, wrong);
            return;
        }
    } else if (!run->facts.agent_unix_ms) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "there is no clock to compare with");
        return;
    }
    run->result.has_value = true;
    run->result.value = (double)skew_ms / 1000;
    snprintf(run->result.unit, sizeof run->result.unit, "s");
    snprintf(run->result.figure, sizeof run->result.figure, "%+.0f s", run->result.value);
    if (llabs(skew_ms) <= SKEW_WARN_S * 1000) {
        check_verdict(run, CLIENT_CHECK_PASS, "this clock agrees with %s", whose);
        return;
    }
    check_verdict(run, llabs(skew_ms) <= SKEW_FAIL_S * 1000 ? CLIENT_CHECK_WARN : CLIENT_CHECK_FAIL,
                  "this clock is %lld s %s of %s", llabs(skew_ms) / 1000, skew_ms > 0 ? "ahead" : "behind", whose);
    check_advice(run, "turn on automatic date and time in the settings of this device");
}

void check_throughput(struct check_run *run)
{
    double kbps = run->facts.session_kbps;

    check_rule(run, "300 kbit/s or more while a picture is sent");
    if (kbps < 0) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "nothing is being sent that could be measured");
        check_advice(run, "ask again while the camera is on");
        return;
    }
    run->result.has_value = true;
    run->result.value = kbps;
    snprintf(run->result.unit, sizeof run->result.unit, "kbit/s");
    snprintf(run->result.figure, sizeof run->result.figure, "%.0f kbit/s", kbps);
    if (kbps >= 300)
        check_verdict(run, CLIENT_CHECK_PASS, "this session gets through");
    else
        check_verdict(run, CLIENT_CHECK_WARN, "this session is slow");
}

static bool has_global_six(void)
{
    struct ifaddrs *all = NULL;
    bool found = false;

    if (getifaddrs(&all))
        return false;
    for (const struct ifaddrs *at = all; at && !found; at = at->ifa_next) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)at->ifa_addr;

        found = six && six->sin6_family == AF_INET6 && (six->sin6_addr.s6_addr[0] & 0xe0) == 0x20;
    }
    freeifaddrs(all);
    return found;
}

void check_ipv6(struct check_run *run)
{
    struct check_address to;
    char host[129];
    unsigned port;
    const char *why;
    int error, fd;

    check_rule(run, "where this network has IPv6 addresses, they reach the internet");
    if (!has_global_six()) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "this network gives no IPv6 address, which is no fault");
        return;
    }
    if (!check_split(run->config->internet, 443, host, &port) || !check_resolve(run, host, port, AF_INET6, &to, &why) ||
        to.address.ss_family != AF_INET6) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "no host with an IPv6 address is set");
        return;
    }
    int64_t begun = check_mono_ms();

    fd = check_dial(run, &to, run->deadline_ms, &error);
    if (fd < 0) {
        check_verdict(run, CLIENT_CHECK_WARN, "IPv6 is set up, and does not reach %.80s: %s", host, strerror(error));
        check_advice(
            run, "restart the router; if it stays so, turn IPv6 off in the router until the provider has mended it");
        return;
    }
    close(fd);
    check_figure_ms(run, (double)(check_mono_ms() - begun));
    check_verdict(run, CLIENT_CHECK_PASS, "IPv6 reaches %.80s", host);
}
