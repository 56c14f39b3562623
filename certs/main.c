/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-certs: the authority of an organisation, on the machine where its root keys live. */
#include "certs/authority.h"
#include "certs/commands.h"
#include "proto/host/say.h"

struct certs_options certs_options = {.domain = "localhost"};

#define OPT(field) (&certs_options.field)

static const struct host_option common[] = {
    {"dir", "D", HOST_TEXT, OPT(dir), .required = true, .help = "folder of the organisation"},
    {0},
};
static const struct host_option init_options[] = {
    {"org", "NAME", HOST_TEXT, OPT(organisation), .required = true, .help = "name of the organisation"},
    {"domain", "DOMAIN", HOST_TEXT, OPT(domain),
     .help = "what customers see as verified; localhost, the default, is for trying out"},
    {0},
};
static const struct host_option issue_options[] = {
    {"id", "ID", HOST_TEXT, OPT(id), .help = "staff: short name, the file's and the e-mail address's"},
    {"name", "NAME", HOST_TEXT, OPT(name), .help = "staff: full name, as a customer reads it; makes the key as well"},
    {"csr", "FILE", HOST_TEXT, OPT(request),
     .help = "staff: a request made by handhold-agent enrol, instead of --name"},
    {"host", "H", HOST_TEXTS, OPT(hosts), .help = "relay: DNS name or IP address, without a port"},
    {"days", "N", HOST_INTEGER, OPT(days), .min = 1, .max = CERTS_RELAY_DAYS_MAX,
     .help = "how long it is valid; staff 30 at most, and by default; relay 90 by default"},
    {0},
};
static const struct host_word issue_words[] = {
    {"ROLE", HOST_CHOICE, OPT(role), .choices = "agent|supervisor|expert|officer|integrator|relay", .required = true,
     .help = "what the certificate is for"},
    {0},
};
static const struct host_option revoke_options[] = {
    {"id", "ID", HOST_TEXT, OPT(id), .required = true, .help = "whose certificates, all that are still valid"},
    {"reason", "TEXT", HOST_TEXT, OPT(reason),
     .help = "why, in at most 40 bytes; org.note carries it, and org.note is public"},
    {0},
};
static const struct host_option list_options[] = {
    {"json", NULL, HOST_FLAG, OPT(json), .help = "print JSON Lines"},
    {0},
};
static const struct host_option export_options[] = {
    {"o", "FILE", HOST_TEXT, OPT(out), .required = true, .help = "tar file to write; unpack it as the relay's --dir"},
    {0},
};

static const struct host_option renew_options[] = {
    {"relay", "URL", HOST_TEXT, OPT(relay), .required = true, .help = "the relay's staff end: https://host:port"},
    {"identity", "D/staff/ID", HOST_TEXT, OPT(identity),
     .help = "the officer as whom the requests are fetched; D/staff/officer"},
    {"watch", NULL, HOST_FLAG, OPT(watch), .help = "stay, and answer each request as it comes"},
    {"json", NULL, HOST_FLAG, OPT(json), .help = "print JSON Lines"},
    {0},
};

static const struct host_command commands[] = {
    {"init", "make an organisation: roots, evidence key, first officer, notes", init_options, NULL, certs_init, NULL},
    {"issue", "issue a certificate to the relay or to a member of staff", issue_options, issue_words, certs_issue,
     "Examples:\n"
     "  handhold-certs issue --dir D relay --host help.example.org\n"
     "  handhold-certs issue --dir D agent --id ada --name \"Ada Lovelace\"\n"
     "  handhold-certs issue --dir D agent --id ada --csr ada.csr"},
    {"revoke", "take the certificates of a member of staff back", revoke_options, NULL, certs_revoke, NULL},
    {"renew", "fetch from the relay whose certificates end soon, and renew them", renew_options, NULL, certs_renew,
     "Renewed is a certificate of this organisation in the last third of its life that was not revoked: for the same key,\n"
     "person and role, and as long as it was. Run it once every few days at least, or with --watch. It calls out to the\n"
     "relay and listens to nobody; the root keys stay here."},
    {"list", "list what was issued", list_options, NULL, certs_list, NULL},
    {"export-relay", "write what a relay needs, and nothing else, into one file", export_options, NULL,
     certs_export_relay, NULL},
    {"new-log", "begin a new log, because the one there was cannot be continued", NULL, NULL, certs_new_log,
     "Makes a key and a name for the log that follows, and lists both in org.note beside the old one. What is proved "
     "by\n"
     "the old log stays proved. Then: export-relay, unpack it at the relay, and there handhold-audit recover, with "
     "which\n"
     "a privacy officer ends the old log."},
    {0},
};
static const struct host_program program = {
    .name = "handhold-certs",
    .summary = "who is who in an organisation: roots, staff, relay, revocation",
    .options = common,
    .commands = commands,
};

int main(int argc, char **argv)
{
    const struct host_command *command;

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
