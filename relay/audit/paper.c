/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/paper.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 80
#define HEAD_INDENT 12

size_t audit_paper_columns(const char *text, size_t len)
{
    size_t columns = 0;

    for (size_t i = 0; i < len; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

size_t audit_paper_cut(const char *text, size_t columns)
{
    size_t len = 0;

    for (size_t used = 0; text[len]; len++) {
        bool begins = ((unsigned char)text[len] & 0xc0) != 0x80;
        if (begins && used == columns)
            break;
        used += begins;
    }
    return len;
}

void audit_paper_wrapped(const char *text, size_t indent)
{
    size_t at = indent;

    for (const char *word = text; *word;) {
        size_t len = strcspn(word, " "), columns = audit_paper_columns(word, len);
        if (at > indent && at + 1 + columns > WIDTH) {
            printf("\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            putchar(' ');
            at++;
        }
        printf("%.*s", (int)len, word);
        at += columns;
        word += len + (word[len] == ' ');
    }
    putchar('\n');
}

void audit_paper_head(const char *name, const char *text)
{
    printf("%-*s", HEAD_INDENT, name);
    audit_paper_wrapped(text, HEAD_INDENT);
}

void audit_paper_rule(void)
{
    for (int i = 0; i < WIDTH; i++)
        fputs("─", stdout);
    putchar('\n');
}
