/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/page.h"

#include <string.h>

static const char begins[] = "<!doctype html>", closes[] = "</pre>";

static const char *find(const char *at, const char *end, const char *word)
{
    return memmem(at, (size_t)(end - at), word, strlen(word));
}

bool audit_page_open(struct audit_page *page, const char *text, size_t len)
{
    if (len < sizeof begins - 1 || memcmp(text, begins, sizeof begins - 1) != 0)
        return false;
    *page = (struct audit_page){text, text + len};
    return find(page->at, page->end, AUDIT_PAGE_PROOFS);
}

/* What audit_html_text() wrote: no other entity is one here. */
size_t audit_page_character(struct proto_buf *out, const char *at, const char *end)
{
    static const struct {
        const char *entity;
        char character;
    } entities[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&#39;", '\''}};

    for (size_t i = 0; *at == '&' && i < sizeof entities / sizeof *entities; i++) {
        size_t len = strlen(entities[i].entity);
        if ((size_t)(end - at) >= len && !memcmp(at, entities[i].entity, len)) {
            proto_buf_put_u8(out, (uint8_t)entities[i].character);
            return len;
        }
    }
    if (*at != '\r') /* a mail program may have put them there */
        proto_buf_put_u8(out, (uint8_t)*at);
    return 1;
}

enum proto_err audit_page_next(struct audit_page *page, struct proto_buf *out)
{
    const char *at = find(page->at, page->end, AUDIT_PAGE_PROOFS);

    if (!at)
        return PROTO_ERR_NOT_FOUND;
    at += sizeof AUDIT_PAGE_PROOFS - 1;
    const char *end = find(at, page->end, closes);
    if (!end)
        return PROTO_ERR_FORMAT;
    while (at < end && !out->failed)
        at += audit_page_character(out, at, end);
    page->at = end;
    return out->failed ? PROTO_ERR_NOMEM : PROTO_OK;
}
