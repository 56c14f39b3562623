/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-agent - the agent's end: the viewer, or the same without a window. */
#include <stdio.h>
#include <string.h>

#include "agent/commands.h"
#include "agent/desk/shelf.h"
#include "agent/enrol.h"
#include "agent/headless.h"
#include "agent/identity.h"
#include "proto/host/connection.h"
#include "proto/host/files.h"
#include "proto/host/options.h"
#include "proto/host/say.h"
#include "proto/host/seen.h"
#include "proto/util/utf8.h"
#ifdef HANDHOLD_VIEWER
#include "agent/viewer/app.h"
#endif

static struct {
    const char *relay, *identity, *ca, *customer, *reference, *request, *purpose, *record, *stats, *audio, *microphone,
        *guides, *cases, *cases_key, *stills;
    const char *id, *name, *dir;
    bool headless, invite, json;
#ifdef HANDHOLD_KEEPS_PICTURE
    const char *snapshot;
#endif
} opt = {.dir = "."};

static const struct host_option options[] = {
    {"relay", "URL", HOST_TEXT, &opt.relay, .help = "the staff end: https://host:port"},
    {"identity", "D/staff/ID", HOST_TEXT, &opt.identity, .help = "the pair ID.crt and ID.key"},
    {"ca", "FILE", HOST_TEXT, &opt.ca, .help = "the organisation's ca.crt"},
    {"headless", NULL, HOST_FLAG, &opt.headless, .help = "without a window, driven by JSON Lines on stdin"},
    {"invite", NULL, HOST_FLAG, &opt.invite,
     .help = "make an invitation at once (so it is without a window); unless the policy says otherwise the link is "
             "good for a day, the code for ten minutes"},
    {"customer", "REF", HOST_TEXT, &opt.customer, .help = "whose session it is: the key under which it can be erased"},
    {"reference", "TICKET", HOST_TEXT, &opt.reference, .help = "what it is about"},
    {"request", "CAP,CAP", HOST_TEXT, &opt.request, .help = "ask for these once the customer is there: camera,…"},
    {"purpose", "TEXT", HOST_TEXT, &opt.purpose, .help = "what for, as the customer reads it"},
    {"record", "FILE", HOST_TEXT, &opt.record,
     .help = "record there when the customer consents; only a privacy officer can open it"},
#ifdef HANDHOLD_KEEPS_PICTURE
    {"snapshot", "FILE.png", HOST_TEXT, &opt.snapshot, .help = "write the last picture there at the end"},
#endif
    {"stills", "DIR", HOST_TEXT, &opt.stills, .help = "put the customer's photos there"},
    {"guides", "DIR", HOST_TEXT, &opt.guides, .help = "a folder of guides, instead of those that the relay has"},
    {"cases", "DIR", HOST_TEXT, &opt.cases,
     .help = "a folder for what became of guides, and for visits that may be remembered, instead of the relay"},
    {"cases-key", "FILE", HOST_TEXT, &opt.cases_key,
     .help = "the staff's secret for visits that the relay keeps (cases.key beside the identity)"},
    {"microphone", "SOURCE", HOST_TEXT, &opt.microphone,
     .help = "the agent's own voice: FILE.wav, default, or a device's name"},
    {"audio", "SINK", HOST_TEXT, &opt.audio,
     .help = "play the customer's voice there: FILE.wav, default, or a device's name"},
    {"stats", "FILE", HOST_TEXT, &opt.stats,
     .help = "write there a line for each frame: when, how large, what became of it; of the window: what it costs"},
    {"json", NULL, HOST_FLAG, &opt.json, .help = "print JSON Lines"},
    {0}};

static int enrol(void)
{
    return agent_enrol(opt.dir, opt.id, opt.name);
}

static const struct host_option enrol_options[] = {
    {"id", "ID", HOST_TEXT, &opt.id, .required = true, .help = "short name: a-z, 0-9, dot, hyphen, underscore"},
    {"name", "NAME", HOST_TEXT, &opt.name, .required = true, .help = "full name, as customers will read it"},
    {"dir", "DIR", HOST_TEXT, &opt.dir, .help = "where to write ID.key and ID.csr (.)"},
    {0}};
static const struct host_command commands[] = {
    {"enrol", "make a key and a request for a certificate on this machine", enrol_options, NULL, enrol, NULL}, {0}};
static const struct host_program program = {
    .name = "handhold-agent",
    .summary = "sees what a customer shows, and nothing the customer did not agree to",
    .options = options,
    .commands = commands,
    .command_optional = true,
    .notes = "Without --headless a window opens; it remembers --relay, --identity and --ca.\n\n"
             "Commands on stdin, one JSON object a line:\n"
             "  {\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"To see the lights\"}\n"
             "  {\"do\":\"chat\",\"text\":\"Hello\"}   {\"do\":\"point\",\"x\":0.5,\"y\":0.5}   {\"do\":\"end\"}\n"};

static int wrong(const char *value, const char *rule, const char *way_out)
{
    host_say_error(value, rule, way_out);
    return HOST_EXIT_USAGE;
}

static struct {
    struct agent_identity identity;
    struct agent_headless_config config;
    struct proto_kept_keys keys;
    char cache[HOST_PATH_BYTES];
} made;

static int take_identity(void)
{
    char why[AGENT_IDENTITY_WHY_BYTES];

    if (agent_identity_load(&made.identity, opt.identity, opt.ca, why) == PROTO_OK)
        return HOST_EXIT_FINE;
    host_say(HOST_ERROR, "%s", why);
    return HOST_EXIT_USAGE;
}

/* The window remembers these; without one they are given each time. */
static int check_given(void)
{
    const struct {
        const char *name, *value;
    } needed[] = {{"--relay URL", opt.relay}, {"--identity D/staff/ID", opt.identity}, {"--ca FILE", opt.ca}};

    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!needed[i].value)
            return wrong(needed[i].name, "it is missing", "add it; handhold-agent --help shows how");
    return HOST_EXIT_FINE;
}

/* What stands in the log, and is read by others than who wrote it. */
static int check_texts(void)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"--customer", opt.customer}, {"--reference", opt.reference}, {"--purpose", opt.purpose}};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t len = texts[i].text ? strlen(texts[i].text) : 0;

        if (len > PROTO_MAX_VALUE_BYTES)
            return wrong(texts[i].name, "it may have 200 bytes at most", "make it shorter");
        if (len && !proto_utf8_reads_as_written(texts[i].text, len))
            return wrong(texts[i].name, "it has a character that cannot be seen, or that turns what follows",
                         "write it in plain words, in UTF-8");
    }
    return HOST_EXIT_FINE;
}

static int take_options(void)
{
    struct host_url url;
    char why[AGENT_WHY_BYTES];

    if (check_given() != HOST_EXIT_FINE)
        return HOST_EXIT_USAGE;
    if (host_url_parse(&url, opt.relay) != PROTO_OK)
        return wrong(opt.relay, "--relay takes https://host or https://host:port", "write it so");
    if (check_texts() != HOST_EXIT_FINE)
        return HOST_EXIT_USAGE;
    if (opt.request &&
        agent_capabilities_parse(opt.request, made.config.request, &made.config.request_count, why) != PROTO_OK) {
        host_say(HOST_ERROR, "%s", why);
        return HOST_EXIT_USAGE;
    }
    return take_identity();
}

static int run(void)
{
    struct agent_headless_config *c = &made.config;
    const uint8_t *pin = made.identity.credential.identity.root_fingerprint;
    struct host_seen seen;
    struct host_url url;
    char host[HOST_HOST_BYTES + 8] = "";
    int code;

    if (host_url_parse(&url, opt.relay) == PROTO_OK)
        snprintf(host, sizeof host, "%s:%u", url.host, url.port);
    c->url = opt.relay;
    c->ca_file = opt.ca;
    c->cert_file = made.identity.cert_file;
    c->key_file = made.identity.key_file;
    c->credential = &made.identity.credential;
    c->identity = &made.identity;
    c->customer_ref = opt.customer;
    c->reference = opt.reference;
    c->purpose = opt.purpose;
#ifdef HANDHOLD_KEEPS_PICTURE
    c->snapshot = opt.snapshot;
#endif
    c->record = opt.record;
    c->stats = opt.stats;
    c->audio = opt.audio;
    c->microphone = opt.microphone;
    c->guides = opt.guides;
    c->cases = opt.cases;
    if (agent_desk_shelf_keys(&made.keys, opt.cases_key, made.identity.cert_file) != PROTO_OK)
        return HOST_EXIT_USAGE;
    c->keys = &made.keys;
    c->cache = agent_desk_shelf_cache(made.cache, host, pin) ? made.cache : NULL;
    c->stills = opt.stills;
    c->json = opt.json;
    host_seen_load(host, pin, &c->seen);
    code = agent_headless_run(c, &seen);
    if (host_seen_is_news(&seen, &c->seen) && host_seen_save(host, pin, &seen) != PROTO_OK)
        host_say(HOST_WARN, "the log's newest checkpoint could not be remembered; a rolled-back log would go unnoticed "
                            "next time");
    return code;
}

static int open_window(void)
{
#ifdef HANDHOLD_VIEWER
    const struct viewer_app_config config = {.relay = opt.relay,
                                             .identity = opt.identity,
                                             .ca = opt.ca,
                                             .customer_ref = opt.customer,
                                             .reference = opt.reference,
                                             .guides = opt.guides,
                                             .cases = opt.cases,
                                             .microphone = opt.microphone,
                                             .audio = opt.audio,
                                             .stats = opt.stats,
                                             .json = opt.json,
                                             .invite = opt.invite};

    return viewer_app_run(&config);
#else
    return wrong("the viewer", "this build has no window",
                 "add --headless, or build it where GTK 4 and libadwaita are installed");
#endif
}

int main(int argc, char **argv)
{
    const struct host_command *command = NULL;
    int code;

    switch (host_options_parse(&program, argc, argv, &command)) {
    case HOST_PARSED_DONE:
        return HOST_EXIT_FINE;
    case HOST_PARSED_WRONG:
        return HOST_EXIT_USAGE;
    case HOST_PARSED_RUN:
        break;
    }
    if (command)
        return command->run();
    if (!opt.headless)
        return check_texts() == HOST_EXIT_FINE ? open_window() : HOST_EXIT_USAGE;
    code = take_options();
    if (code == HOST_EXIT_FINE)
        code = run();
    agent_identity_clear(&made.identity);
    proto_kept_keys_clear(&made.keys);
    return code;
}
