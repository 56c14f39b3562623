/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/page.h - the proofs in a page of minutes, as `export --format html` writes them: a file for each session.
 */
#ifndef RELAY_AUDIT_PAGE_H
#define RELAY_AUDIT_PAGE_H

#include "proto/util/buf.h"
#include "proto/util/err.h"

#define AUDIT_PAGE_PROOFS "<pre class=\"mono\">"

struct audit_page {
    const char *at, *end; /* borrowed: what was not read yet */
};

/** False: it is no such page, or has no proofs. */
bool audit_page_open(struct audit_page *page, const char *text, size_t len);
/** The next file of proofs, as plain text in `out`. NOT_FOUND: there are no more; FORMAT: the page was cut; NOMEM. */
PROTO_MUST_USE enum proto_err audit_page_next(struct audit_page *page, struct proto_buf *out);
/** Appends the next character of a page's text, which may be an entity; how many bytes of it that took. */
size_t audit_page_character(struct proto_buf *out, const char *at, const char *end);

#endif
