/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/page.h - the files of the phone page, built into this program. Where the page was not built
 * (HANDHOLD_PAGE in client/web/CMakeLists.txt) there is one file: a page that says how to join with the companion.
 *
 * What stands behind the # of a link never comes here: a browser sends no fragment.
 */
#ifndef RELAY_SERVE_PAGE_H
#define RELAY_SERVE_PAGE_H

#include <stdbool.h>
#include <stddef.h>

struct serve_file {
    const char *path; /* "/" for the page itself, else "/a/…" with the hash of what is in it */
    const char *type; /* of the content */
    const char *etag; /* with its quotation marks; NULL: none */
    const unsigned char *bytes;
    size_t size;
    bool zipped;   /* gzip */
    bool compiles; /* WebAssembly: a worker, whose policy allows it; that of the page does not */
};

struct serve_page {
    const char *build; /* SHA-256 of the manifest of all files, hex; "" without a page */
    const struct serve_file *files;
    size_t count;
};

const struct serve_page *serve_page(void);
/** NULL when there is no such file. "/j" is the page itself. */
const struct serve_file *serve_page_find(const char *path);

#define SERVE_POLICY_BYTES 1024u
/** The Content-Security-Policy of a page that loads nothing and runs nothing, and has this one style in it. */
void serve_page_style_policy(const char *style, char out[static SERVE_POLICY_BYTES]);
/**
 * The Content-Security-Policy of the page: its own files, this relay, and the domain of the organisation, which the
 * page asks whether the root is its own; or that of a file that compiles. `authority` is host[:port] of the public end.
 */
void serve_page_policy(const struct serve_file *file, const char *authority, const char *domain,
                       char out[static SERVE_POLICY_BYTES]);

#endif
