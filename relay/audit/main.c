/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-audit: what a privacy officer can prove, and read, of the log. */
#include <string.h>

#include "proto/host/say.h"
#include "relay/audit/commands.h"

#define OPT(field) (&audit_options.field)

static const struct host_option common[] = {
    {"dir", "D", HOST_TEXT, OPT(dir), .required = true, .help = "folder of the organisation, or of its relay"},
    {"key", "FILE", HOST_TEXT, OPT(key), .help = "the officers' evidence key, to open what was said"},
    {"json", NULL, HOST_FLAG, OPT(json), .help = "print JSON Lines"},
    {0},
};
static const struct host_word show_words[] = {
    {"SESSION", HOST_TEXT, OPT(session), .required = true, .help = "the session's id, or how it begins"},
    {0},
};
static const struct host_command commands[] = {
    {"verify", "recompute the whole log and hold it to its signatures and rules", NULL, NULL, audit_verify,
     "Without --key it checks what can be checked without opening anything, and says what it could not see.\n"
     "The relay may be running. What is wrong first is named with its place; the exit code is then 1."},
    {"list", "one line for each session", NULL, NULL, audit_list,
     "Without --key what was granted and refused stays sealed."},
    {"show", "the minutes of one session, in words", NULL, show_words, audit_show, "Needs --key."},
    {0},
};
static const struct host_program program = {
    .name = "handhold-audit",
    .summary = "verifies and reads the log of an organisation",
    .options = common,
    .commands = commands,
    .notes = "Examples:\n"
             "  handhold-audit verify --dir D --key D/officer/evidence.key\n"
             "  handhold-audit list --dir D --key D/officer/evidence.key\n"
             "  handhold-audit show 4f2a --dir D --key D/officer/evidence.key",
};

int main(int argc, char **argv)
{
    const struct host_command *command;

    host_say_start(program.name, false);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--dir") || !strcmp(argv[i], "--key")) {
            i++; /* its value may be called as it likes */
        } else if (argv[i][0] != '-') {
            int code = audit_later(argv[i]);
            if (code)
                return code;
            break; /* what follows the command is the command's */
        }
    }
    switch (host_options_parse(&program, argc, argv, &command)) {
    case HOST_PARSED_DONE:
        return HOST_EXIT_FINE;
    case HOST_PARSED_WRONG:
        return HOST_EXIT_USAGE;
    case HOST_PARSED_RUN:
        break;
    }
    return command->run();
}
