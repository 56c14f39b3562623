/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/page.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* In page_plain.c, or made from client/web. */
extern const struct serve_page serve_page_built;
extern const char *const serve_page_style; /* the style inside the plain page, allowed by its hash; NULL: none */

const struct serve_page *serve_page(void)
{
    return &serve_page_built;
}

const struct serve_file *serve_page_find(const char *path)
{
    if (!strcmp(path, "/j"))
        path = "/";
    for (size_t i = 0; i < serve_page_built.count; i++)
        if (!strcmp(serve_page_built.files[i].path, path))
            return &serve_page_built.files[i];
    return NULL;
}

void serve_page_style_policy(const char *style, char out[static SERVE_POLICY_BYTES])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[sodium_base64_ENCODED_LEN(crypto_hash_sha256_BYTES, sodium_base64_VARIANT_ORIGINAL)];

    crypto_hash_sha256(hash, (const unsigned char *)style, strlen(style));
    sodium_bin2base64(text, sizeof text, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
    snprintf(out, SERVE_POLICY_BYTES,
             "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
             text);
}

void serve_page_policy(const struct serve_file *file, const char *authority, const char *domain,
                       char out[static SERVE_POLICY_BYTES])
{
    if (serve_page_style) {
        serve_page_style_policy(serve_page_style, out);
        return;
    }
    if (file->compiles) {
        snprintf(out, SERVE_POLICY_BYTES,
                 "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; frame-ancestors 'none'; "
                 "require-trusted-types-for 'script'; trusted-types 'none'");
        return;
    }
    snprintf(
        out, SERVE_POLICY_BYTES,
        "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; img-src blob:; " /* a guide's
                                                                                                         pictures, which
                                                                                                         the page made
                                                                                                       */
        "connect-src 'self' wss://%s https://%s; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types handhold",
        authority, domain);
}
