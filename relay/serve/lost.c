/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/lost.h"

#include <ctype.h>
#include <string.h>

#define STYLE                                                                                                          \
    ":root{color-scheme:light dark}body{margin:0 auto;max-width:34rem;padding:3rem 1.5rem;font:1.0625rem/1.6 "         \
    "system-ui,sans-serif}h1{font-size:1.75rem;line-height:1.2}a{display:inline-block;padding:.75rem 0}"

#define PAGE(language, title, why, link)                                                                               \
    "<!doctype html>\n<html lang=\"" language "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "              \
    "content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><title>" title           \
    "</title><style>" STYLE "</style></head>\n<body><main><h1>" title "</h1>\n<p>" why "</p>\n<p><a href=\"/\">" link  \
    "</a></p></main></body></html>\n"

static const struct {
    const char *language, *page;
} pages[] = {
    {"en", PAGE("en", "This page is not here",
                "The address may have been cut or mistyped. If you were sent a link, open all of it, with what stands "
                "behind the #.",
                "Type the code that you were told")},
    {"de", PAGE("de", "Diese Seite gibt es nicht",
                "Vielleicht fehlt ein Teil der Adresse, oder sie ist vertippt. Wurde Ihnen ein Link geschickt, dann "
                "\303\266ffnen Sie ihn ganz, mit dem, was hinter dem # steht.",
                "Den Code eingeben, den man Ihnen genannt hat")},
};
enum { PAGES = sizeof pages / sizeof *pages, HEADER_BYTES = 512 };

/* "de-AT,de;q=0.9,en;q=0.8": a browser has them in the order of its person. The first that there is. */
static const char *choose(const char *languages)
{
    for (const char *at = languages; *at; at += strcspn(at, ","), at += *at == ',') {
        at += strspn(at, " \t");
        for (size_t i = 0; i < PAGES; i++)
            if (!strncasecmp(at, pages[i].language, 2) && !isalnum((unsigned char)at[2]))
                return pages[i].page;
    }
    return pages[0].page;
}

static const char *header(struct lws *wsi, enum lws_token_indexes token, char out[static HEADER_BYTES])
{
    return lws_hdr_copy(wsi, out, HEADER_BYTES, token) > 0 ? out : "";
}

struct serve_answer serve_lost(struct lws *wsi)
{
    static char policy[SERVE_POLICY_BYTES];
    char text[HEADER_BYTES];
    struct serve_answer answer = serve_answer_text(HTTP_STATUS_NOT_FOUND, "There is nothing here.\n");

    if (!strstr(header(wsi, WSI_TOKEN_HTTP_ACCEPT, text), "text/html"))
        return answer;
    if (!*policy)
        serve_page_style_policy(STYLE, policy);
    answer.type = "text/html; charset=utf-8";
    answer.body = choose(header(wsi, WSI_TOKEN_HTTP_ACCEPT_LANGUAGE, text));
    answer.size = strlen(answer.body);
    answer.policy = policy;
    return answer;
}
