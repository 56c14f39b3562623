/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-audit: what a privacy officer can prove, and read, of the log. */
#include <string.h>
#include <sys/resource.h>

#include "proto/host/say.h"
#include "relay/audit/commands.h"

#define OPT(field) (&audit_options.field)

/* ---- options, one table for each set: commands share them ---- */

static const struct host_option common[] = {
    {"dir", "D", HOST_TEXT, OPT(dir), .help = "folder of the organisation, or of its relay"},
    {"key", "FILE", HOST_TEXT, OPT(key), .help = "the officers' evidence key, to open what was said"},
    {"json", NULL, HOST_FLAG, OPT(json), .help = "print JSON Lines"},
    {"relay", "URL", HOST_TEXT, OPT(relay), .help = "the staff end of a relay that runs; with --identity and --ca"},
    {"identity", "D/staff/ID", HOST_TEXT, OPT(identity), .help = "the officer's pair .crt, .key, which signs"},
    {"ca", "FILE", HOST_TEXT, OPT(ca), .help = "the organisation's ca.crt; with --relay"},
    {"ended", "N", HOST_INTEGER, OPT(ended), .min = 1, .max = 8,
     .help = "read the log in D/data.ended-N, which was ended"},
    {0},
};

#define FILTER_OPTIONS                                                                                                 \
    {"since", "WHEN", HOST_TEXT, OPT(filter.since), .help = "opened then or later: 2026-11-01, or 7d, 12h ago"},       \
        {"until", "WHEN", HOST_TEXT, OPT(filter.until), .help = "opened before the end of then"},                      \
        {"agent", "WHO", HOST_TEXT, OPT(filter.agent), .help = "this agent: id, or part of the name"},                 \
        {"customer", "REF", HOST_TEXT, OPT(filter.customer), .help = "this customer's reference"},                     \
        {"capability", "NAME", HOST_TEXT, OPT(filter.capability), .help = "in which this was asked for: camera, …"},   \
    {                                                                                                                  \
        "outcome", "WORD", HOST_TEXT, OPT(filter.outcome),                                                             \
            .help = "how it ended (completed, …), live, granted, refused, unasked, forbidden, withdrawn, blocked"    \
    }

static const struct host_option verify_options[] = {
    {"full", NULL, HOST_FLAG, OPT(full), .help = "begin at the first entry, whatever was verified before"},
    {"quick", NULL, HOST_FLAG, OPT(quick), .help = "go on from what was verified before, however little that is"},
    {"threads", "N", HOST_INTEGER, OPT(threads), .min = 1, .max = 256, .help = "how many at once (one for each core)"},
    {0},
};
static const struct host_option filter_options[] = {FILTER_OPTIONS, {0}};
static const struct host_option tail_options[] = {
    {"lines", "N", HOST_INTEGER, OPT(lines), .min = 0, .max = 100000, .help = "so many of the newest first (10)"},
    {"once", NULL, HOST_FLAG, OPT(once), .help = "do not wait for more"},
    {0},
};
static const struct host_option export_options[] = {
    {"format", "F", HOST_CHOICE, OPT(format), .choices = "jsonl|csv|html", .required = true,
     .help = "jsonl, csv, html"},
    {"o", "FILE", HOST_TEXT, OPT(output), .help = "write there, for you alone to read, and not to stdout"},
    {"cases-key", "FILE", HOST_TEXT, OPT(cases_key),
     .help = "the staff's secret: also reads what is remembered of a --customer's visits"},
    FILTER_OPTIONS,
    {0},
};
static const struct host_option prove_options[] = {
    {"o", "FILE", HOST_TEXT, OPT(output), .required = true, .help = "where the proofs go, for you alone to read"},
    {0},
};
static const struct host_option check_options[] = {
    {"ca", "FILE", HOST_TEXT, OPT(ca), .help = "the organisation's ca.crt: proves who the agent was"},
    {"org", "FILE", HOST_TEXT, OPT(org), .help = "the organisation's org.note, which names its logs; with --ca"},
    {"key", "KEY", HOST_TEXT, OPT(trust), .help = "the log's key: name+id+base64, or the file log.vkey"},
    {0},
};

static const struct host_option stop_options[] = {
    {"reason", "TEXT", HOST_TEXT, OPT(reason), .required = true, .help = "why: both ends read it"},
    {0},
};
static const struct host_option erase_options[] = {
    {"customer", "REF", HOST_TEXT, OPT(filter.customer), .help = "all sessions with this customer's reference"},
    {"session", "ID", HOST_TEXT, OPT(session), .help = "one session: four digits of its number or more"},
    {"receipt", "FILE", HOST_TEXT, OPT(receipt), .help = "the session of this receipt, or file of proofs"},
    {"reason", "TEXT", HOST_TEXT, OPT(reason), .required = true, .help = "the legal ground: public, so no name in it"},
    {"yes", NULL, HOST_FLAG, OPT(yes), .help = "do not ask before it is done"},
    {0},
};
static const struct host_option recover_options[] = {
    {"reason", "TEXT", HOST_TEXT, OPT(reason), .required = true, .help = "what happened: whoever verifies reads it"},
    {"checkpoint", "FILE", HOST_TEXT, OPT(checkpoint),
     .help = "a later checkpoint of that log, as a witness or an end kept it"},
    {"yes", NULL, HOST_FLAG, OPT(yes), .help = "do not ask before it is done"},
    {0},
};
static const struct host_option policy_options[] = {
    {"o", "FILE", HOST_TEXT, OPT(output), .help = "print: a new file, not stdout"},
    {0},
};

/* ---- words ---- */

static const struct host_word session_words[] = {
    {"SESSION", HOST_TEXT, OPT(session), .required = true, .help = "the session's number, or how it begins"},
    {0},
};
static const struct host_word file_words[] = {
    {"FILE", HOST_TEXT, OPT(file), .required = true, .help = "proofs or a receipt"},
    {0},
};

static const struct host_word recording_words[] = {
    {"FILE", HOST_TEXT, OPT(file), .required = true, .help = "a recording as an agent's program wrote it"},
    {0},
};
static const struct host_option open_options[] = {
    {"o", "FILE.webm", HOST_TEXT, OPT(output), .required = true, .help = "a new file, readable by you alone"},
    {0},
};
static const struct host_word policy_words[] = {
    {"print|check|sign", HOST_CHOICE, OPT(action), .choices = "print|check|sign", .required = true,
     .help = "show the present policy, say what FILE would change, or sign FILE"},
    {"FILE", HOST_TEXT, OPT(file), .help = "a policy as print writes it, edited"},
    {0},
};

/* ---- commands ---- */

static const struct host_command commands[] = {
    {"verify", "recompute the log and hold it to its signatures and rules", verify_options, NULL, audit_verify,
     "Without --key it checks what can be checked without opening anything, and says what it could not see.\n"
     "The relay may be running. What is wrong first is named with its place; the exit code is then 1.\n"
     "It keeps size and root of what it verified outside the database, and holds the log to them each time. When\n"
     "that is 100000 entries or more it goes on from there; --full never does, --quick always."},
    {"list", "one line for each session", filter_options, NULL, audit_list,
     "Without --key what was granted and refused stays sealed."},
    {"show", "the minutes of one session, in words", NULL, session_words, audit_show, "Needs --key."},
    {"tail", "new entries as they come, a line each, in words", tail_options, NULL, audit_tail, "Ctrl-C ends it."},
    {"export", "sessions for other programs, or for print", export_options, NULL, audit_export,
     "Needs --key. With --customer REF: everything that is kept about one person."},
    {"report", "counts over a period: capabilities, agents, refusals, what was blocked", filter_options, NULL,
     audit_figures, "Needs --key."},
    {"prove", "a session's entries as proofs that anyone can check", prove_options, session_words, audit_prove,
     "Needs --key. What was said is readable in the file: give it to those alone who may read it."},
    {"check", "check a file of proofs, or a receipt, with no network", check_options, file_words, audit_check,
     "Needs no --dir and asks nobody. With neither --key nor --ca and --org, the log's key is the one that\n"
     "the file itself names: compare it with the organisation's."},
    {"stop", "end a live session; both ends read why", stop_options, session_words, audit_stop,
     "SESSION is how its number begins, four digits or more. Needs a relay that runs. The officer's signed note is in "
     "the log before the answer."},
    {"erase", "destroy what is stored of a person or a session", erase_options, NULL, audit_erase,
     "Key, evidence and session rows go, at once and for good; the log keeps its leaves, says that they were erased,\n"
     "and verifies. With --relay on a relay that runs, with --dir on the folder of one that does not."},
    {"policy", "print, check or sign what staff may ask for", policy_options, policy_words, audit_policy,
     "print shows the present policy with comments, to be edited; check FILE says what would change, and changes\n"
     "nothing; sign FILE puts it in force: through a relay that runs (--relay), or as D/policy.note (--dir), which a\n"
     "relay takes without a restart. Numbers rise by themselves."},
    {"retain", "erase what the policy no longer keeps, now and not in the night", NULL, NULL, audit_retain,
     "With --relay the relay does it and signs for it, and your signed demand is in the log; with --dir, on the folder "
     "of a\n"
     "relay that does not run, you sign for it. Sessions that have not ended stay."},
    {"open", "open a recording with the officers' key; the viewing is logged first", open_options, recording_words,
     audit_play,
     "Needs --key, and --relay with the officer's --identity and --ca: what you open is in the log before it is open.\n"
     "A recording that was cut off, by a crash or by hand, opens as far as it goes; the exit code is then 1."},
    {"recover", "end a log that cannot be continued, and open the one that follows it", recover_options, NULL,
     audit_recover,
     "For a relay that does not start because its log is smaller than, or another than, what was signed, and when no "
     "newer\n"
     "copy of it is anywhere. First, where the authority lives: handhold-certs new-log and export-relay; unpack that "
     "in D.\n"
     "The old data stays as D/data.ended-N; the new log begins with your signed note of what was known and what was "
     "found."},
    {0},
};
static const struct host_program program = {
    .name = "handhold-audit",
    .summary = "verifies and reads the log of an organisation",
    .options = common,
    .commands = commands,
    .notes = "Examples:\n"
             "  handhold-audit verify --dir D --key D/officer/evidence.key\n"
             "  handhold-audit list --since 7d --outcome refused --dir D --key D/officer/evidence.key\n"
             "  handhold-audit show 4f2a --dir D --key D/officer/evidence.key\n"
             "  handhold-audit export --format html -o minutes.html --dir D --key D/officer/evidence.key",
};

/* What acts, acts on the present log, and erasing reaches ended ones by itself. */
static bool may_be_ended(const struct host_command *command)
{
    int (*const reads[])(void) = {audit_verify, audit_list,  audit_show,    audit_tail,
                                  audit_export, audit_prove, audit_figures, audit_check};

    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        if (command->run == reads[i])
            return true;
    return !audit_options.ended;
}

int main(int argc, char **argv)
{
    const struct host_command *command;
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none); /* it would hold the officers' key */
    host_say_start(program.name, false);
    for (int i = 1; i < argc; i++) /* before the options are read: one of them may be what is wrong */
        if (!strcmp(argv[i], "--json"))
            host_say_json();
    audit_options.lines = 10;
    switch (host_options_parse(&program, argc, argv, &command)) {
    case HOST_PARSED_DONE:
        return HOST_EXIT_FINE;
    case HOST_PARSED_WRONG:
        return HOST_EXIT_USAGE;
    case HOST_PARSED_RUN:
        break;
    }
    if (may_be_ended(command))
        return host_say_end(command->run());
    host_say_error("--ended", "is for what reads a log: verify, list, show, tail, export, report, prove, check",
                   "leave it out");
    return host_say_end(HOST_EXIT_USAGE);
}
