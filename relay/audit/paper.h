/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/paper.h - text for a screen of 80 columns, on stdout. */
#ifndef RELAY_AUDIT_PAPER_H
#define RELAY_AUDIT_PAPER_H

#include <stddef.h>

/** The cursor stands in column `indent`; words that do not fit go to the next line, under the first. */
void audit_paper_wrapped(const char *text, size_t indent);
/** "Agent       Ada Lovelace …" */
void audit_paper_head(const char *name, const char *text);
void audit_paper_rule(void);
/** How many columns the first `len` bytes take, and how many bytes of `text` fit into `columns`. */
size_t audit_paper_columns(const char *text, size_t len);
size_t audit_paper_cut(const char *text, size_t columns);

#endif
