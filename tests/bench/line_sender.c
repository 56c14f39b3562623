/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/line_sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/network/net.h"

static const char *const names[LINE_SENDERS] = {"companion", "cubic", "page", "bare"};

const char *line_sender_name(enum line_sender sender)
{
    return sender < LINE_SENDERS ? names[sender] : NULL;
}

const char *line_sender_cannot(enum line_sender sender)
{
    if (sender == LINE_PAGE && access(HANDHOLD_SOURCE "/tests/browser/node_modules/playwright-core", F_OK) != 0)
        return "the page needs the packages of tests/browser: npm ci there";
    return NULL;
}

const char *line_sender_host(enum line_sender sender)
{
    return sender == LINE_PAGE ? "localhost:8443" : NET_PUBLIC ":8443";
}

bool line_sender_prepare(enum line_sender sender)
{
    if (sender == LINE_COMPANION || sender == LINE_BARE)
        return true;
    char command[128];

    snprintf(command, sizeof command, "ip -n %s route replace 10.97.1.0/24 dev e0 congctl lock cubic",
             net_space(NET_CUSTOMER));
    return system(command) == 0;
}

static void put(const char *argv[LINE_SENDER_ARGS], const char *const *more)
{
    size_t count = 0;

    while (*more && count < LINE_SENDER_ARGS - 1)
        argv[count++] = *more++;
    argv[count] = NULL;
}

void line_sender_argv(enum line_sender sender, const struct line_sender_about *about,
                      const char *argv[LINE_SENDER_ARGS])
{
    static char companion[600];
    const char *const as_companion[] = {companion,      "--json",    "--ca",      about->ca,
                                        "--camera",     about->clip, "--consent", "camera,microphone",
                                        "--microphone", about->tone, about->link, about->kbps ? "--kbps" : NULL,
                                        about->kbps,    NULL};
    const char *const as_page[] = {
        "/usr/bin/node", HANDHOLD_SOURCE "/tests/bench/line_page.mjs", about->link, about->clip, NET_PUBLIC, NULL};
    const char *const as_bare[] = {"line_bare", "send", NET_PUBLIC, LINE_BARE_PORT, about->clip, about->kbps, NULL};
    snprintf(companion, sizeof companion, "%s/handhold-client", about->bin);
    put(argv, sender == LINE_PAGE ? as_page : sender == LINE_BARE ? as_bare : as_companion);
}
