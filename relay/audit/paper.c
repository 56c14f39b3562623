/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/paper.h"

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define WIDTH 80
#define HEAD_INDENT 12

/* Bytes of the character at `at`, and how many columns of a terminal it takes: letters of some scripts take two, and
 * marks on a letter none. Pages are written by one thread. */
static size_t character(const char *at, size_t left, size_t *columns)
{
    static locale_t utf8;
    mbstate_t state = {0};
    wchar_t c;

    if (!utf8)
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
    size_t len = mbrtowc(&c, at, left, &state);
    bool is_one = len && len <= left;
    int width = is_one ? wcwidth(c) : 1;

    if (before)
        (void)uselocale(before);
    *columns = width < 0 ? 1 : (size_t)width;
    return is_one ? len : 1;
}

size_t audit_paper_columns(const char *text, size_t len)
{
    size_t columns = 0, one;

    for (size_t i = 0; i < len; columns += one)
        i += character(text + i, len - i, &one);
    return columns;
}

size_t audit_paper_cut(const char *text, size_t columns)
{
    size_t len = strlen(text), at = 0, used = 0, one;

    while (at < len) {
        size_t bytes = character(text + at, len - at, &one);
        if (used + one > columns)
            break;
        used += one;
        at += bytes;
    }
    return at;
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
