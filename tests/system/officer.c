/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/system/officer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

const char *officer_session(const struct house *h)
{
    static char digits[9];

    snprintf(digits, sizeof digits, "%.8s", h->session);
    return digits;
}

void officer_json(struct house *h, int code, const char *event, const char *const *words)
{
    char command[4096], said[65536], last[64] = "", *save = NULL;
    int len = snprintf(command, sizeof command, "exec %s/handhold-audit --json --relay https://%s", h->children.bin,
                       h->staff);

    len += snprintf(command + len, sizeof command - (size_t)len, " --identity %s --ca %s",
                    house_path(h, "org/staff/officer"), house_path(h, "org/ca/ca.crt"));
    for (; *words; words++)
        len += snprintf(command + len, sizeof command - (size_t)len, " '%s'", *words);
    snprintf(command + len, sizeof command - (size_t)len, " 2>>%s", house_path(h, "said"));
    FILE *pipe = popen(command, "r"); /* NOLINT: words of this file */
    assert_non_null(pipe);
    said[fread(said, 1, sizeof said - 1, pipe)] = 0;
    int status = pclose(pipe);
    for (char *line = strtok_r(said, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        json_t *object = json_loads(line, 0, NULL);
        if (!object)
            house_fail(h, "%s: not JSON: %s", words[0], line);
        snprintf(last, sizeof last, "%s", house_text(object, "event"));
        json_decref(object);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code || strcmp(last, event) != 0)
        house_fail(h, "the last event is \"%s\", code %d; expected \"%s\", %d", last, WEXITSTATUS(status), event, code);
}

void officer_edits(struct house *h, const char *from, const char *to)
{
    char script[256], command[1024];

    snprintf(script, sizeof script, "s/^%s.*/%s/", from, to);
    snprintf(command, sizeof command, "sed -i '%s' %s", script, house_path(h, "policy.txt"));
    assert_int_equal(system(command), 0); /* NOLINT: words of this file */
}

/* handhold-audit COMMAND … on the relay's folder; what it printed is the caller's to free. */
static char *read_log(struct house *h, const char *const *words)
{
    const char *argv[24] = {"handhold-audit", "--dir", house_path(h, "relay"), "--key",
                            house_path(h, "org/officer/evidence.key")};
    size_t n = 5;

    while (*words)
        argv[n++] = *words++;
    return house_run(h, 0, argv);
}

/* Lines are wrapped to a screen: what is looked for may go over two. */
static void unwrap(char *text)
{
    char *to = text;

    for (const char *at = text; *at; at++)
        if ((*at != ' ' && *at != '\n') || to == text || to[-1] != ' ')
            *to++ = *at == '\n' ? ' ' : *at;
    *to = 0;
}

void officer_reads(struct house *h, const char *const *words, const char *said, const char *not_said)
{
    char *text = read_log(h, words);

    unwrap(text);
    if (said && !strstr(text, said))
        house_fail(h, "handhold-audit %s does not say \"%s\":\n%s", words[0], said, text);
    if (not_said && strstr(text, not_said))
        house_fail(h, "handhold-audit %s says \"%s\":\n%s", words[0], not_said, text);
    free(text);
}

struct demo_child *officer_tail(struct house *h, const char *name, const char *const *where)
{
    const char *argv[24] = {
        "handhold-audit", "tail", "--json", "--lines", "2", "--key", house_path(h, "org/officer/evidence.key")};
    size_t n = 7;

    while (*where)
        argv[n++] = *where++;
    struct demo_child *child = demo_child_start(&h->children, name, argv);
    assert_non_null(child);
    return child;
}
