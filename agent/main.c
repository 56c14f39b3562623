/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-agent - the agent's end: the viewer, or the same without a window. */
#include <stdio.h>
#include <string.h>

#include "agent/commands.h"
#include "agent/enrol.h"
#include "agent/headless.h"
#include "proto/host/connection.h"
#include "proto/host/files.h"
#include "proto/host/options.h"
#include "proto/host/say.h"
#include "proto/host/seen.h"
#include "proto/host/world.h"

static struct {
    const char *relay, *identity, *ca, *customer, *reference, *request, *purpose, *record, *snapshot, *stats;
    const char *id, *name, *dir;
    bool headless, invite, json;
} opt = {.dir = "."};

static const struct host_option options[] = {
    {"relay", "URL", HOST_TEXT, &opt.relay, .required = true, .help = "the staff end: https://host:port"},
    {"identity", "D/staff/ID", HOST_TEXT, &opt.identity, .required = true, .help = "the pair ID.crt and ID.key"},
    {"ca", "FILE", HOST_TEXT, &opt.ca, .required = true, .help = "the organisation's ca.crt"},
    {"headless", NULL, HOST_FLAG, &opt.headless, .help = "without a window, driven by JSON Lines on stdin"},
    {"invite", NULL, HOST_FLAG, &opt.invite, .help = "make an invitation at once (so it is without a window)"},
    {"customer", "REF", HOST_TEXT, &opt.customer, .help = "whose session it is: the key under which it can be erased"},
    {"reference", "TICKET", HOST_TEXT, &opt.reference, .help = "what it is about"},
    {"request", "CAP,CAP", HOST_TEXT, &opt.request, .help = "ask for these once the customer is there: camera,…"},
    {"purpose", "TEXT", HOST_TEXT, &opt.purpose, .help = "what for, as the customer reads it"},
    {"record", "FILE", HOST_TEXT, &opt.record, .help = "not yet in this version"},
    {"snapshot", "FILE.png", HOST_TEXT, &opt.snapshot, .help = "write the last picture there at the end"},
    {"stats", "FILE", HOST_TEXT, &opt.stats, .help = "write a line for each frame there: when, how large, what became of it"},
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
    .notes = "Commands on stdin, one JSON object a line:\n"
             "  {\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"To see the lights\"}\n"
             "  {\"do\":\"chat\",\"text\":\"Hello\"}   {\"do\":\"point\",\"x\":0.5,\"y\":0.5}   {\"do\":\"end\"}\n"};

static int wrong(const char *value, const char *rule, const char *way_out)
{
    host_say_error(value, rule, way_out);
    return HOST_EXIT_USAGE;
}

static struct {
    char cert_file[HOST_PATH_BYTES], key_file[HOST_PATH_BYTES];
    struct proto_credential credential;
    struct agent_headless_config config;
} made;

static enum proto_err read_pem(const char *path, struct proto_buf *out)
{
    enum proto_err err = host_file_read(path, out);

    if (err != PROTO_OK)
        host_say_err(path, err);
    return err;
}

static int take_identity(void)
{
    struct proto_buf cert, key, ca;
    enum proto_err err = PROTO_ERR_RANGE;

    proto_buf_init(&cert, PROTO_PEM_BYTES);
    proto_buf_init_secret(&key, PROTO_PEM_BYTES);
    proto_buf_init(&ca, PROTO_PEM_BYTES);
    if (!host_path(made.cert_file, "%s.crt", opt.identity) || !host_path(made.key_file, "%s.key", opt.identity))
        host_say_err(opt.identity, err);
    else if ((err = read_pem(made.cert_file, &cert)) == PROTO_OK && (err = read_pem(made.key_file, &key)) == PROTO_OK &&
             (err = read_pem(opt.ca, &ca)) == PROTO_OK) {
        err = proto_credential_of_pem(&made.credential, &cert, &key, &ca, host_now().unix_ms / 1000);
        if (err != PROTO_OK)
            host_say_err(opt.identity, err);
    }
    if (err == PROTO_OK && host_file_check_private(made.key_file) != PROTO_OK)
        host_say(HOST_WARN, "%s: others on this machine can read this key; run chmod 600 on it", made.key_file);
    proto_buf_free(&cert);
    proto_buf_free(&key);
    proto_buf_free(&ca);
    return err == PROTO_OK ? HOST_EXIT_FINE : HOST_EXIT_USAGE;
}

static int take_options(void)
{
    struct host_url url;
    char why[AGENT_WHY_BYTES];

    if (!opt.headless)
        return wrong("the viewer", "this build has no window", "add --headless, or build with GTK 4 once it is there");
    if (opt.record)
        return wrong("--record", "this version does not record yet", "leave it out");
    if (host_url_parse(&url, opt.relay) != PROTO_OK)
        return wrong(opt.relay, "--relay takes https://host or https://host:port", "write it so");
    if (opt.purpose && strlen(opt.purpose) > PROTO_MAX_VALUE_BYTES)
        return wrong("--purpose", "it may have 200 bytes at most", "make it shorter");
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
    const uint8_t *pin = made.credential.identity.root_fingerprint;
    struct proto_log_seen seen;
    struct host_url url;
    char host[HOST_HOST_BYTES + 8] = "";
    int code;

    if (host_url_parse(&url, opt.relay) == PROTO_OK)
        snprintf(host, sizeof host, "%s:%u", url.host, url.port);
    c->url = opt.relay;
    c->ca_file = opt.ca;
    c->cert_file = made.cert_file;
    c->key_file = made.key_file;
    c->credential = &made.credential;
    c->customer_ref = opt.customer;
    c->reference = opt.reference;
    c->purpose = opt.purpose;
    c->snapshot = opt.snapshot;
    c->stats = opt.stats;
    c->json = opt.json;
    host_seen_load(host, pin, &c->seen);
    code = agent_headless_run(c, &seen);
    if (seen.size > c->seen.size && host_seen_save(host, pin, &seen) != PROTO_OK)
        host_say(HOST_WARN, "the log's newest checkpoint could not be remembered; a rolled-back log would go unnoticed "
                            "next time");
    return code;
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
    code = take_options();
    if (code == HOST_EXIT_FINE)
        code = run();
    proto_credential_clear(&made.credential);
    return code;
}
