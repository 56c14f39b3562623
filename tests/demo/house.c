/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of the demo: an organisation, a relay, an invitation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/demo/demo.h"
#include "tests/demo/paper.h"

static bool run(struct demo *d, const char *const *argv)
{
    char *said;

    if (demo_run(d->bin, argv, &said) == 0) {
        free(said);
        return true;
    }
    fprintf(stderr, "\nhandhold-demo: %s %s failed:\n%s", argv[0], argv[1] ? argv[1] : "", said ? said : "");
    free(said);
    return false;
}

bool demo_organisation(struct demo *d)
{
    const char *dir = demo_path(d, "org"), *tar = demo_path(d, "relay.tar"), *relay = demo_path(d, "relay");
    /* A page believes a domain that serves it. Another device reaches this machine by its address alone, so the address
       is what the organisation is called. */
    const char *domain = d->phone ? d->host : "localhost";
    const char *const init[] = {"handhold-certs", "init",     "--dir", dir, "--org",
                                "Demo Support",   "--domain", domain,  NULL};
    const char *const issue_relay[] = {"handhold-certs", "issue", "--dir",  dir,         "relay",
                                       "--host",         d->host, "--host", "localhost", NULL};
    const char *const issue_agent[] = {"handhold-certs", "issue",         "--dir", dir, "agent", "--id", "ana",
                                       "--name",         "Ana Lindqvist", NULL};
    const char *const export[] = {"handhold-certs", "export-relay", "--dir", dir, "-o", tar, NULL};
    const char *const unpack[] = {"/bin/tar", "-xpf", tar, "-C", relay, NULL};

    paper_heading("An organisation, made for this run and thrown away after it");
    if (!run(d, init) || !run(d, issue_relay) || !run(d, issue_agent) || !run(d, export) || mkdir(relay, 0700) != 0 ||
        !run(d, unpack))
        return false;
    paper_line("\"Demo Support\", known to customers as %s. One agent, Ana Lindqvist. The authority's keys stay in "
               "its own folder; the relay gets a folder with its own keys and nothing else.",
               domain);
    return true;
}

bool demo_relay(struct demo *d)
{
    char listen[280];
    const char *const argv[] = {
        "handhold-relay", "--dir", demo_path(d, "relay"), "--listen", listen, "--staff-listen", listen, "--json", NULL};
    json_t *ready;

    paper_heading("A relay that joins two ends and can read neither");
    snprintf(listen, sizeof listen, "%s:0", d->host);
    d->relay = demo_child_start(&d->children, "relay", argv);
    if (!d->relay)
        return false;
    ready = demo_child_expect(&d->children, d->relay, DEMO_WAIT_MS, "ready", NULL);
    if (!ready)
        return demo_failed(d->relay, "the relay is ready");
    snprintf(d->url, sizeof d->url, "%s", demo_text(ready, "public"));
    snprintf(d->staff_url, sizeof d->staff_url, "%s", demo_text(ready, "staff"));
    paper_item("customers", "%s", d->url);
    paper_item("staff", "%s, for client certificates of the organisation only", d->staff_url);
    return true;
}

struct demo_child *demo_start_agent(struct demo *d, const char *name, const char *snapshot)
{
    const char *const argv[] = {snapshot ? "handhold-keeping-agent" : "handhold-agent",
                                "--headless",
                                "--json",
                                "--relay",
                                d->staff_url,
                                "--identity",
                                demo_path(d, "org/staff/ana"),
                                "--ca",
                                demo_path(d, "org/ca/ca.crt"),
                                "--reference",
                                "TICKET-1041",
                                snapshot ? "--snapshot" : NULL,
                                snapshot,
                                NULL};
    struct demo_child *agent = demo_child_start(&d->children, name, argv);
    json_t *invite = agent ? demo_child_expect(&d->children, agent, DEMO_WAIT_MS, "invite", NULL) : NULL;

    if (!invite) {
        demo_failed(agent, "the agent has an invitation");
        return NULL;
    }
    snprintf(d->link, sizeof d->link, "%s", demo_text(invite, "link"));
    snprintf(d->session, sizeof d->session, "%s", demo_text(invite, "session"));
    if (d->phone)
        printf("\n%s\n\n", d->link); /* alone on its line, whole, to be copied */
    else
        paper_item("link", "%.*s... (67 characters behind the #)", (int)strcspn(d->link, "#") + 6, d->link);
    paper_item("or code", "%s   typed at %s", demo_text(invite, "code"), demo_text(invite, "address"));
    return agent;
}

bool demo_invite(struct demo *d)
{
    static char snapshot[DEMO_PATH_BYTES + 16];

    paper_heading("The agent invites");
    snprintf(snapshot, sizeof snapshot, "%s/agent.png", d->out);
    d->agent = demo_start_agent(d, "agent", snapshot);
    if (!d->agent)
        return false;
    paper_line("What stands behind the # never leaves the two devices; the relay is told a number made from it. Valid "
               "once, for a day; the code for ten minutes.");
    return true;
}
