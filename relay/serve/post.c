/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/post.h"

#include <curl/curl.h>
#include <string.h>

enum { TIMEOUT_S = 15 };
_Static_assert((int)SERVE_POST_REASON_BYTES >= (int)CURL_ERROR_SIZE, "what libcurl may write there");

static size_t on_answer(char *bytes, size_t size, size_t count, void *context)
{
    struct serve_post *post = context;
    size_t len = size * count;

    if (len > SERVE_POST_ANSWER_BYTES - post->answer_len)
        return 0; /* more than anybody has to say */
    memcpy(post->answer + post->answer_len, bytes, len);
    post->answer_len += len;
    post->answer[post->answer_len] = 0;
    return len;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct serve_post *post = context;

    (void)a, (void)b, (void)c, (void)d;
    return post->is_ending(post->context);
}

long serve_post(struct serve_post *post)
{
    long status = 0;
    CURL *curl = curl_easy_init();

    post->answer_len = 0;
    post->answer[0] = 0;
    snprintf(post->reason, sizeof post->reason, "memory ran out");
    if (!curl)
        return 0;
    curl_easy_setopt(curl, CURLOPT_URL, post->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)post->body->len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post->body->bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, post);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, post->reason);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "handhold-relay");
    if (*post->ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, post->ca);
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    else if (!*post->reason)
        snprintf(post->reason, sizeof post->reason, "%s", curl_easy_strerror(code));
    curl_easy_cleanup(curl);
    return status;
}
