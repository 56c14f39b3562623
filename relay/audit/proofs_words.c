/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers in front of a receipt's proofs. A companion writes each as
 *
 *     2. Recording (entry 17)
 *        Answer       you refused it
 *
 * and whoever is handed the file reads these lines and not the notes. All other words are nobody's word.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/audit/proofs_inside.h"

enum { LABEL_MAX = 64 };

struct said {
    char label[LABEL_MAX]; /* of the capability */
    uint64_t entry;
    bool allowed, refused; /* neither: the line below is another */
};

/* "2. Recording (entry 17)" */
static bool read_head(const char *line, size_t len, struct said *said)
{
    char text[LABEL_MAX + 64], after = 0;
    unsigned number;

    if (len >= sizeof text || !len || *line < '0' || *line > '9')
        return false;
    memcpy(text, line, len);
    text[len] = 0;
    memset(said, 0, sizeof *said);
    unsigned long long entry;
    if (sscanf(text, "%u. %63[^(](entry %llu)%c", &number, said->label, &entry, &after) != 3)
        return false;
    said->entry = entry;
    size_t end = strlen(said->label);
    while (end && said->label[end - 1] == ' ')
        said->label[--end] = 0;
    return true;
}

/* "   Answer       you allowed it" */
static void read_answer(const char *line, size_t len, struct said *said)
{
    static const char head[] = "Answer", yes[] = "you allowed it", no[] = "refused", you_no[] = "you refused it";

    for (; len && *line == ' '; len--)
        line++;
    if (len < sizeof head - 1 || memcmp(line, head, sizeof head - 1) != 0)
        return;
    line += sizeof head - 1;
    len -= sizeof head - 1;
    for (; len && *line == ' '; len--)
        line++;
    said->allowed = len == sizeof yes - 1 && !memcmp(line, yes, len);
    said->refused = (len >= sizeof no - 1 && !memcmp(line, no, sizeof no - 1)) ||
                    (len == sizeof you_no - 1 && !memcmp(line, you_no, len));
}

static const struct audit_note *statement_of(const struct audit_session *session, uint64_t entry)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].entry == entry && session->notes[i].by == AUDIT_CUSTOMER && !session->notes[i].rides)
            return &session->notes[i];
    return NULL;
}

static void compare(struct proofs_checking *c, const struct said *said)
{
    const struct audit_note *note = statement_of(&c->proved->session, said->entry);
    struct audit_finding *f;
    const char *label;

    if (!note) {
        if (c->proved->report.wrong)
            return; /* its proof is there, and named already */
        f = audit_at_entry(audit_wrong(&c->proved->report, "words", "words in front"), said->entry);
        audit_found(audit_expected(f, "a proof of this entry, which the words in front name"), "none");
        return;
    }
    bool allowed = note->statement.action == PROTO_STATEMENT_GRANT;
    if (!allowed && note->statement.action != PROTO_STATEMENT_REFUSE) {
        f = audit_at_entry(audit_wrong(&c->proved->report, "words", "words in front"), said->entry);
        audit_found(audit_expected(f, "an answer, as the words in front have it"), "a proved note that is none");
        return;
    }
    label = proto_capability_label(note->statement.capability);
    if (!strcmp(label, said->label) && allowed == said->allowed && allowed != said->refused) {
        c->proved->compared++;
        return;
    }
    f = audit_at_entry(audit_wrong(&c->proved->report, "words", "words in front"), said->entry);
    audit_found(audit_expected(f, "%s, %s, as the proved note says", label, allowed ? "allowed" : "refused"), "%s, %s",
                said->label,
                said->allowed   ? "allowed"
                : said->refused ? "refused"
                                : "neither allowed nor refused");
}

void proofs_compare_words(struct proofs_checking *c)
{
    const char *at = c->file.words.text, *end = at ? at + c->file.words.len : NULL;
    struct said said;
    bool open = false;

    while (at != end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((line_end ? line_end : end) - at);
        struct said next;
        bool head = read_head(at, len, &next);

        if (open && (head || !len)) { /* the one before is read to its end */
            compare(c, &said);
            open = false;
        }
        if (head) {
            said = next;
            open = true;
        } else if (open) {
            read_answer(at, len, &said);
        }
        at = line_end ? line_end + 1 : end;
    }
    if (open)
        compare(c, &said);
}
