/* SPDX-License-Identifier: Apache-2.0 */
/* What is tried at the product, and at a device that the agent names. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/checks/inside.h"

static void open_port(struct check_run *run, const char *target, const char *advice)
{
    struct check_address to;
    char host[129];
    int64_t begun;
    int error, fd;

    check_rule(run, "its port takes a connection within the time-out");
    if (!check_find(run, target, 0, host, &to))
        return;
    begun = check_mono_ms();
    fd = check_dial(run, &to, run->deadline_ms, &error);
    if (fd < 0) {
        check_verdict(run, CLIENT_CHECK_FAIL, "%.100s: %s", target, check_error_words(error));
        check_advice(run, advice);
        return;
    }
    close(fd);
    check_figure_ms(run, (double)(check_mono_ms() - begun));
    check_verdict(run, CLIENT_CHECK_PASS, "%.100s takes connections", target);
}

void check_port(struct check_run *run)
{
    char target[CLIENT_CHECK_TARGET_BYTES];

    snprintf(target, sizeof target, "%s", run->result.target);
    open_port(run, target, "see whether the device is on, and restart it");
}

void check_product(struct check_run *run)
{
    if (run->facts.unreachable[0]) {
        check_rule(run, "every device can be reached by its bridge");
        check_verdict(run, CLIENT_CHECK_FAIL, "not reached: %.200s", run->facts.unreachable);
        check_advice(run, "see whether it has power; then bring it closer to its hub");
    } else if (run->config->product[0]) {
        open_port(run, run->config->product, "see whether the product is on, and restart it");
    } else if (run->facts.availabilities) {
        check_rule(run, "every device can be reached by its bridge");
        run->result.has_value = true;
        run->result.value = (double)run->facts.availabilities;
        snprintf(run->result.figure, sizeof run->result.figure, "%zu devices", run->facts.availabilities);
        check_verdict(run, CLIENT_CHECK_PASS, "every device that says so can be reached");
    } else {
        check_rule(run, "every device can be reached by its bridge");
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "no product of this home says whether it can be reached");
    }
}

enum { SOON_DAYS = 30 };

/* A device of a home mostly signs for itself: that is told, and is no fault; a day that is over or has not come is. */
static void judge_certificate(struct check_run *run, const struct check_tls *tls)
{
    run->result.has_value = true;
    run->result.value = (double)tls->days_left;
    snprintf(run->result.unit, sizeof run->result.unit, "d");
    snprintf(run->result.figure, sizeof run->result.figure, "%lld days", (long long)tls->days_left);
    if (tls->not_yet) {
        check_verdict(run, CLIENT_CHECK_FAIL, "the certificate is not valid yet");
        check_advice(run, "check the clock of this device and of the other, then renew the certificate");
    } else if (tls->days_left < SOON_DAYS) {
        check_verdict(run, tls->days_left < 0 ? CLIENT_CHECK_FAIL : CLIENT_CHECK_WARN,
                      tls->days_left < 0 ? "the certificate has ended" : "the certificate ends soon");
        check_advice(run, "renew the certificate in the device's settings, and check the device's clock");
    } else if (tls->trusted) {
        check_verdict(run, CLIENT_CHECK_PASS, "the certificate runs for %lld days, is trusted and names this host",
                      (long long)tls->days_left);
    } else {
        check_verdict(run, CLIENT_CHECK_WARN, "the certificate runs for %lld days, and is not trusted here: %.100s",
                      (long long)tls->days_left, tls->why);
        check_advice(run, "a device that signs for itself is often made so: compare its fingerprint, or give it a "
                          "certificate of your own");
    }
}

void check_certificate(struct check_run *run)
{
    struct check_address to;
    struct check_tls tls;
    char host[129], target[129];
    int error, fd;

    snprintf(target, sizeof target, "%s", run->result.target);
    check_rule(run, "its certificate is valid for %d days or more, trusted, and names the host", SOON_DAYS);
    if (!check_find(run, target, 443, host, &to))
        return;
    fd = check_dial(run, &to, run->deadline_ms, &error);
    if (fd < 0) {
        check_verdict(run, CLIENT_CHECK_FAIL, "%.100s: %s", target, check_error_words(error));
        return;
    }
    check_tls(run, fd, host, run->config->ca, &tls);
    close(fd);
    if (tls.days_left == INT64_MIN)
        check_verdict(run, CLIENT_CHECK_FAIL, "%.80s shows no certificate: %.100s", target, tls.why);
    else
        judge_certificate(run, &tls);
}
