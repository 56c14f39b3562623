/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-guide - checks guides before anybody follows them, and tells what became of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/desk/cases.h"
#include "agent/guides/read.h"
#include "agent/guides/sign.h"
#include "agent/identity.h"
#include "proto/host/files.h"
#include "proto/host/options.h"
#include "proto/host/say.h"

static struct {
    struct host_texts paths;
    const char *cases, *customer, *identity, *ca;
    bool json;
} opt;

/* ---- check ---- */

static void put_one(const char *path, const struct proto_guide *g)
{
    size_t by_itself = 0;

    for (size_t i = 0; i < g->step_count; i++)
        by_itself += g->steps[i].done_when != 0;
    if (opt.json)
        host_json_event("guide", "{s:s,s:s,s:i,s:i,s:i,s:i}", "file", path, "id", g->id, "version", (int)g->version,
                        "steps", (int)g->step_count, "by_itself", (int)by_itself, "languages", (int)g->language_count);
    else
        printf("fine   %s: %s, version %u, %zu steps (%zu tick by themselves), %zu languages\n", path, g->id,
               g->version, g->step_count, by_itself, g->language_count);
}

static void put_wrong(void *context, const char *path, const char *why)
{
    *(int *)context = HOST_EXIT_FAILED;
    if (opt.json)
        host_json_event("wrong", "{s:s,s:s}", "file", path, "message", why);
    else
        printf("WRONG  %s: %s\n", path, why);
}

static void check_folder(const char *path, int *code)
{
    int mine = HOST_EXIT_FINE;
    struct agent_guides guides;
    enum proto_err err = agent_guides_load(&guides, path, put_wrong, &mine);

    *code = mine ? mine : *code;
    if (err != PROTO_OK)
        put_wrong(code, path, proto_err_rule(err));
    else if (!guides.count && !mine)
        put_wrong(code, path, "there is no guide in this folder; a guide is a file NAME.yaml");
    for (size_t i = 0; i < guides.count; i++)
        put_one(path, guides.list[i]);
    agent_guides_clear(&guides);
}

static int check(void)
{
    int code = HOST_EXIT_FINE;

    for (size_t i = 0; i < opt.paths.count; i++) {
        const char *path = opt.paths.items[i];
        char why[AGENT_GUIDE_WHY_BYTES] = "";
        struct proto_guide *guide;
        struct stat about;

        if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
            check_folder(path, &code);
        } else if (agent_guide_load(path, &guide, why) != PROTO_OK) {
            put_wrong(&code, path, why);
        } else {
            put_one(path, guide);
            proto_guide_clear(guide);
            free(guide);
        }
    }
    return code;
}

/* ---- sign ---- */

static int sign(void)
{
    const char *folder = opt.paths.items[0];
    char why[AGENT_IDENTITY_WHY_BYTES];
    struct agent_identity identity;
    enum proto_err err;
    size_t files;

    if (opt.paths.count != 1) {
        host_say_error(opt.paths.items[1], "one folder is signed at a time", "give one");
        return HOST_EXIT_USAGE;
    }
    if (agent_identity_load(&identity, opt.identity, opt.ca, why) != PROTO_OK) {
        host_say(HOST_ERROR, "%s", why);
        return HOST_EXIT_USAGE;
    }
    err = agent_guides_sign_folder(folder, &identity.credential, &files);
    if (err == PROTO_OK && opt.json)
        host_json_event("signed", "{s:s,s:i}", "folder", folder, "files", (int)files);
    else if (err == PROTO_OK)
        printf("%s/guides.note: %zu files, signed by %s\n", folder, files, identity.credential.identity.name);
    agent_identity_clear(&identity);
    return err == PROTO_OK ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}

/* ---- schema ---- */

static int schema(void)
{
    fputs(
        "guide: 1                      # this schema\n"
        "id: lamp-off-mesh             # a-z, 0-9 and -; the newest version of an id is used\n"
        "version: 3\n"
        "languages: [en, de]           # every text below stands in each of them\n"
        "title: {en: …, de: …}         # 120 bytes\n"
        "summary: {en: …, de: …}       # 400\n"
        "search: [{en: …, de: …}]      # words and phrases that people look for, 60 each\n"
        "for: [{kind: light, maker: …, model: …, firmware: …, id: …}]   # devices like any of these; none: every home\n"
        "link: product                # where in the chain its fault lies: phone, wifi, router, internet, cloud, "
        "product;\n"
        "                              # of several guides whose symptoms are so, the one nearest to the phone comes "
        "first\n"
        "symptoms: CONDITION           # when it is so, the guide is proposed\n"
        "solved_when: CONDITION        # when it was not so and is now, the guide has solved it\n"
        "notes: [{en: …, de: …}]       # for the agent: immature features, what does not go together; 400 each\n"
        "steps:\n"
        "  - id: power\n"
        "    title: {en: …, de: …}     # 120\n"
        "    text: {en: …, de: …}      # 800\n"
        "    caution: {en: …, de: …}   # 300; optional, as all that follow\n"
        "    point: {en: …, de: …}     # 200: where to look or touch\n"
        "    help: {en: …, de: …}      # 400: what to do when it did not work\n"
        "    expect: 30s               # how long it takes: 10s, 5m\n"
        "    picture: lamp.svg         # .png, .jpg or .svg beside the guide, 128 kB\n"
        "    picture_alt: {en: …, de: …}\n"
        "    show_when: CONDITION      # looked at when its turn comes; not so: it is passed over\n"
        "    done_when: CONDITION      # so: it ticks by itself\n"
        "    next: {done: STEP, did_not_work: STEP, skipped: STEP}      # later steps only\n"
        "\n"
        "CONDITION is one of\n"
        "  all: [CONDITION, …]   any: [CONDITION, …]   not: CONDITION\n"
        "  {of: DEVICE, property: NAME, TEST, for: 10s}   some such device has a value that passes\n"
        "  {check: NAME, TEST}                            is: pass, warn, fail, not-checked; above, below: its figure\n"
        "  {device: DEVICE}                               some such device is there\n"
        "NAME of a check is one of " PROTO_GUIDE_CHECKS ";\n"
        "DEVICE is subject (the device that the guide is about) or {kind: …, maker: …, model: …, firmware: …, id: …};\n"
        "left out, any device. TEST is one of is: VALUE, above: NUMBER, below: NUMBER, known: true.\n",
        stdout);
    return HOST_EXIT_FINE;
}

/* ---- report ---- */

static void put_count(const struct agent_desk_count *row)
{
    if (opt.json)
        host_json_event("count", "{s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i}", "guide", row->guide, "model", row->model,
                        "step", row->step, "shown", (int)row->shown, "done", (int)row->done, "by_itself",
                        (int)row->by_itself, "did_not_work", (int)row->did_not_work, "skipped", (int)row->skipped,
                        "fixed", (int)row->fixed);
    else
        printf("%-24.24s %-20.20s %-16.16s %6u %6u %9u %12u %7u %6u\n", row->step[0] ? "" : row->guide,
               row->step[0] ? "" : row->model, row->step, row->shown, row->done, row->by_itself, row->did_not_work,
               row->skipped, row->fixed);
}

static int report(void)
{
    struct agent_desk_count *rows;
    size_t count;
    enum proto_err err;

    if (!host_file_exists(opt.cases)) {
        host_say_error(opt.cases, "there is no such folder", "give the folder that agents are given as --cases");
        return HOST_EXIT_FAILED;
    }
    err = agent_desk_cases_report(opt.cases, &rows, &count);
    if (err != PROTO_OK) {
        host_say_err(opt.cases, err);
        return HOST_EXIT_FAILED;
    }
    if (!opt.json)
        printf("%-24s %-20s %-16s %6s %6s %9s %12s %7s %6s\n", "guide", "model", "step", "shown", "done", "by itself",
               "did not work", "skipped", "fixed");
    for (size_t i = 0; i < count; i++)
        put_count(&rows[i]);
    free(rows);
    return HOST_EXIT_FINE;
}

/* ---- erase ---- */

static int erase(void)
{
    enum proto_err err = agent_desk_cases_erase(opt.cases, opt.customer);

    if (err == PROTO_OK)
        printf("%s: every case is gone\n", opt.customer);
    else if (err == PROTO_ERR_NOT_FOUND)
        host_say_error(opt.customer, "no case is kept under this reference", "check how it is written");
    else
        host_say_err(opt.cases, err);
    return err == PROTO_OK ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}

static const struct host_option report_options[] = {
    {"cases", "DIR", HOST_TEXT, &opt.cases, .required = true, .help = "the folder that agents are given as --cases"},
    {"json", NULL, HOST_FLAG, &opt.json, .help = "print JSON Lines"},
    {0}};
static const struct host_option erase_options[] = {
    {"cases", "DIR", HOST_TEXT, &opt.cases, .required = true, .help = "the folder that agents are given as --cases"},
    {"customer", "REF", HOST_TEXT, &opt.customer, .required = true, .help = "whose cases are to go"},
    {0}};
static const struct host_option options[] = {{"json", NULL, HOST_FLAG, &opt.json, .help = "print JSON Lines"}, {0}};
static const struct host_option sign_options[] = {
    {"identity", "D/staff/ID", HOST_TEXT, &opt.identity, .required = true,
     .help = "of a supervisor, expert or officer"},
    {"ca", "FILE", HOST_TEXT, &opt.ca, .required = true, .help = "the organisation's ca.crt"},
    {"json", NULL, HOST_FLAG, &opt.json, .help = "print JSON Lines"},
    {0}};
static const struct host_word sign_words[] = {
    {"DIR", HOST_TEXTS, &opt.paths, .required = true, .help = "the relay's folder of guides, or a checkout of it"},
    {0}};
static const struct host_word check_words[] = {
    {"PATH", HOST_TEXTS, &opt.paths, .required = true, .help = "guides, or folders of them"}, {0}};
static const struct host_command commands[] = {
    {"check", "holds guides against the schema", options, check_words, check, NULL},
    {"sign", "publishes a folder of guides: agents take no others from a relay", sign_options, sign_words, sign, NULL},
    {"report", "what became of each guide and step, by model", report_options, NULL, report, NULL},
    {"erase", "removes every case of a customer", erase_options, NULL, erase, NULL},
    {"schema", "prints the schema", NULL, NULL, schema, NULL},
    {0}};
static const struct host_program program = {
    .name = "handhold-guide", .summary = "guides: are they right, and what became of them", .commands = commands};

int main(int argc, char **argv)
{
    const struct host_command *command = NULL;

    switch (host_options_parse(&program, argc, argv, &command)) {
    case HOST_PARSED_DONE:
        return HOST_EXIT_FINE;
    case HOST_PARSED_WRONG:
        return HOST_EXIT_USAGE;
    case HOST_PARSED_RUN:
        break;
    }
    return host_say_end(command->run());
}
