/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a relay that was built without the phone page. It loads nothing and runs nothing. */
#include "relay/serve/page.h"

#define STYLE                                                                                                          \
    ":root{color-scheme:light dark;--ink:#1c1f23;--soft:#59616b;--paper:#fbfaf7;--line:#dedbd3;--box:#fff}"            \
    "@media(prefers-color-scheme:dark){:root{--ink:#eceae4;--soft:#a7adb5;--paper:#16181b;--line:#33373c;--box:#"      \
    "1f2226}}"                                                                                                         \
    "*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);"                                  \
    "font:1.0625rem/1.6 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;-webkit-text-size-adjust:100%}"           \
    "main{max-width:38rem;margin:0 auto;padding:clamp(2rem,8vh,6rem) 1.5rem 3rem}"                                     \
    "h1{font-size:clamp(1.75rem,5vw,2.375rem);line-height:1.15;letter-spacing:-.02em;margin:0 0 "                      \
    "1rem;text-wrap:balance}"                                                                                          \
    "h2{font-size:1.125rem;margin:2.25rem 0 .5rem}p{margin:0 0 1rem;text-wrap:pretty}.lead{font-size:1.1875rem;"       \
    "color:var(--soft)}pre{margin:0 0 1rem;padding:.875rem 1rem;background:var(--box);border:1px solid var(--line);"   \
    "border-radius:.5rem;overflow-x:auto}code{font:.9375rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}" \
    "ul{margin:0 0 1rem;padding-left:1.25rem}li{margin:.25rem 0}footer{margin-top:3rem;padding-top:1rem;"              \
    "border-top:1px solid var(--line);color:var(--soft);font-size:.9375rem}"

static const char page[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">"
    "<title>Join a Handhold session</title><style>" STYLE "</style></head>\n<body><main>\n"
    "<h1>Join a session</h1>\n"
    "<p class=\"lead\">Somebody who helps you has sent you a link or read you a code. Nothing is shared by opening "
    "this "
    "page.</p>\n"
    "<h2>With a link</h2>\n<p>Copy the whole link, with everything behind the <code>#</code>, and give it to the "
    "Handhold "
    "companion on the computer that you want help with:</p>\n<pre><code>handhold-client \"LINK\"</code></pre>\n"
    "<h2>With a code</h2>\n<p>The address is the one this page was opened with:</p>\n"
    "<pre><code>handhold-client --code CODE --relay https://ADDRESS</code></pre>\n"
    "<h2>What happens then</h2>\n<ul><li>You see who asks, and whether their organisation is verified.</li>"
    "<li>Camera, voice and everything else is asked for one by one. You may say no to each and stay.</li>"
    "<li>What you said yes to you can take back at any time. It stops at once.</li></ul>\n"
    "<footer>Nobody may ask you for a password or a payment here. If you did not expect this link, close the "
    "page.</footer>\n</main></body></html>\n";

static const struct serve_file files[] = {
    {"/", "text/html; charset=utf-8", NULL, (const unsigned char *)page, sizeof page - 1, false, false},
};

const struct serve_page serve_page_built = {"", files, sizeof files / sizeof *files};
const char *const serve_page_style = STYLE;
