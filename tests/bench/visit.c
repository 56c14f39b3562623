/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"

const char *bench_visit_at(struct bench_visit *v, const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", v->work, name);
    return path;
}

void bench_visit_close(struct bench_visit *v)
{
    const char *const remove[] = {"/bin/rm", "-rf", v->work, NULL};

    demo_children_clear(&v->children);
    if (v->work[0])
        (void)demo_run(v->bin, remove, NULL);
}

void bench_visit_must(struct bench_visit *v, bool ok, const char *what)
{
    if (ok)
        return;
    bench_visit_close(v);
    bench_cannot("%s", what);
}

static void run(struct bench_visit *v, const char *const *argv)
{
    char *said = NULL;
    bool ok = demo_run(v->bin, argv, &said) == 0;

    if (!ok)
        fprintf(stderr, "%s", said ? said : "");
    free(said);
    bench_visit_must(v, ok, argv[0]);
}

static void found_organisation(struct bench_visit *v)
{
    const char *org = bench_visit_at(v, "org"), *relay = bench_visit_at(v, "relay"), *tar = bench_visit_at(v, "r.tar");
    const char *const init[] = {"handhold-certs", "init", "--dir", org, "--org", "Bench", NULL};
    const char *const host[] = {"handhold-certs", "issue", "--dir", org, "relay", "--host", "localhost", NULL};
    const char *const agent[] = {"handhold-certs", "issue", "--dir",  org,   "agent",
                                 "--id",           "ana",   "--name", "Ana", NULL};
    const char *const export[] = {"handhold-certs", "export-relay", "--dir", org, "-o", tar, NULL};
    const char *const unpack[] = {"/bin/tar", "-xpf", tar, "-C", relay, NULL};

    run(v, init);
    run(v, host);
    run(v, agent);
    run(v, export);
    bench_visit_must(v, mkdir(relay, 0700) == 0, "a folder for the relay");
    run(v, unpack);
}

static const char *text_of(const json_t *event, const char *field)
{
    const char *text = json_string_value(json_object_get(event, field));

    return text ? text : "";
}

void bench_visit_open(struct bench_visit *v)
{
    json_t *event;
    ssize_t len;

    *v = (struct bench_visit){0};
    len = readlink("/proc/self/exe", v->bin, sizeof v->bin - 1);
    bench_visit_must(v, len > 0, "where this program is");
    v->bin[len] = 0;
    *strrchr(v->bin, '/') = 0;
    snprintf(v->work, sizeof v->work, "/tmp/handhold-bench-XXXXXX");
    if (!mkdtemp(v->work))
        bench_cannot("a temporary folder");
    v->children = (struct demo_children){.bin = v->bin, .folder = v->work};
    found_organisation(v);
    const char *const relay[] = {"handhold-relay", "--dir",       bench_visit_at(v, "relay"),
                                 "--listen",       "127.0.0.1:0", "--staff-listen",
                                 "127.0.0.1:0",    "--json",      NULL};
    v->relay = demo_child_start(&v->children, "relay", relay);
    event = v->relay ? demo_child_expect(&v->children, v->relay, BENCH_WAIT_MS, "ready", NULL) : NULL;
    bench_visit_must(v, event != NULL, "the relay does not start");
    snprintf(v->staff_url, sizeof v->staff_url, "%s", text_of(event, "staff"));
    snprintf(v->public_url, sizeof v->public_url, "%s", text_of(event, "public"));
    const char *const agent[] = {"handhold-agent",
                                 "--headless",
                                 "--json",
                                 "--relay",
                                 v->staff_url,
                                 "--identity",
                                 bench_visit_at(v, "org/staff/ana"),
                                 "--ca",
                                 bench_visit_at(v, "org/ca/ca.crt"),
                                 NULL};
    v->agent = demo_child_start(&v->children, "agent", agent);
    event = v->agent ? demo_child_expect(&v->children, v->agent, BENCH_WAIT_MS, "invite", NULL) : NULL;
    bench_visit_must(v, event != NULL, "the agent does not invite");
    snprintf(v->link, sizeof v->link, "%s", text_of(event, "link"));
}

void bench_visit_join(struct bench_visit *v, const char *const *options)
{
    const char *argv[32] = {"handhold-client", "--json", "--ca", bench_visit_at(v, "org/ca/ca.crt")};
    size_t count = 4;

    while (*options && count < 30)
        argv[count++] = *options++;
    argv[count] = v->link;
    v->companion = demo_child_start(&v->children, "companion", argv);
    bench_visit_must(v,
                     v->companion && demo_child_expect(&v->children, v->companion, BENCH_WAIT_MS, "joined", NULL) &&
                         demo_child_expect(&v->children, v->agent, BENCH_WAIT_MS, "joined", NULL),
                     "the two ends do not meet");
}

double bench_visit_grant(struct bench_visit *v, const char *capability)
{
    char line[128];
    double tap;

    snprintf(line, sizeof line, "{\"do\":\"request\",\"capability\":\"%s\",\"purpose\":\"To measure\"}", capability);
    demo_child_tell(v->agent, line);
    bench_visit_must(v,
                     demo_child_expect(&v->children, v->companion, BENCH_WAIT_MS, "consent", "capability", capability,
                                       "state", "requested", NULL) != NULL,
                     "the customer is not asked");
    snprintf(line, sizeof line, "{\"do\":\"grant\",\"capability\":\"%s\"}", capability);
    tap = bench_mono_ms();
    demo_child_tell(v->companion, line);
    return tap;
}

double bench_mono_ms(void)
{
    return bench_wall_us() / 1000;
}
