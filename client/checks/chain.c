/* SPDX-License-Identifier: Apache-2.0 */
#include "client/checks/chain.h"

#include <stdio.h>
#include <string.h>

static const char *const links[CLIENT_LINK_COUNT] = {"", "phone", "wifi", "router", "internet", "cloud", "product"};

const char *client_check_link_name(enum client_check_link link)
{
    return (unsigned)link < CLIENT_LINK_COUNT ? links[link] : "";
}

const char *client_check_status_name(enum client_check_status status)
{
    static const char *const names[] = {"", "running", "pass", "warn", "fail", "not-checked", "cancelled"};

    return (unsigned)status < sizeof names / sizeof *names ? names[status] : "";
}

/* The first result with this status on the earliest link. */
static const struct client_check_result *first_with(const struct client_check_result *results, size_t count,
                                                    enum client_check_status status)
{
    const struct client_check_result *found = NULL;

    for (size_t i = 0; i < count; i++)
        if (results[i].status == status && results[i].link && (!found || results[i].link < found->link))
            found = &results[i];
    return found;
}

static bool one_passed(const struct client_check_result *results, size_t count, const char *check)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(results[i].check, check) && results[i].status == CLIENT_CHECK_PASS)
            return true;
    return false;
}

/*
 * One name server of several that is dead slows things down, and breaks nothing while another answers; a router that
 * does not answer pings is none of a repair's business while the internet is there behind it.
 */
static void soften(struct client_check_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool spare = !strcmp(results[i].check, "dns") && one_passed(results, count, "dns");
        bool mute = !strcmp(results[i].check, "gateway") && one_passed(results, count, "internet");

        if (results[i].status == CLIENT_CHECK_FAIL && (spare || mute))
            results[i].status = CLIENT_CHECK_WARN;
    }
}

void client_check_chain(const struct client_check_result *results, size_t count, struct client_check_result *out)
{
    struct client_check_result judged[CLIENT_CHECKS_MAX];
    const struct client_check_result *bad;

    count = count < CLIENT_CHECKS_MAX ? count : CLIENT_CHECKS_MAX;
    memcpy(judged, results, count * sizeof *results);
    soften(judged, count);
    memset(out, 0, sizeof *out);
    snprintf(out->check, sizeof out->check, "chain");
    snprintf(out->rule, sizeof out->rule, "every link passes: phone, wifi, router, internet, cloud, product");
    bad = first_with(judged, count, CLIENT_CHECK_FAIL);
    out->status = bad ? CLIENT_CHECK_FAIL : CLIENT_CHECK_PASS;
    if (!bad && (bad = first_with(judged, count, CLIENT_CHECK_WARN)))
        out->status = CLIENT_CHECK_WARN;
    if (!bad) {
        bool passed = first_with(judged, count, CLIENT_CHECK_PASS) != NULL;

        out->status = passed ? CLIENT_CHECK_PASS : CLIENT_CHECK_NOT_CHECKED;
        snprintf(out->figure, sizeof out->figure, passed ? "whole" : "not known");
        return;
    }
    out->link = bad->link;
    snprintf(out->figure, sizeof out->figure, "%s", links[bad->link]);
    snprintf(out->detail, sizeof out->detail, "%.32s: %.200s", bad->check, bad->detail);
    snprintf(out->advice, sizeof out->advice, "%s", bad->advice);
}
