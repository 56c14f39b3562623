/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/dense.h"

enum {
    SPAN_MS = 50, /* whoever talks or shows something is heard in it: a voice comes every 20 ms, a picture every 33 */
    MUCH = SPAN_MS * 1000 / SERVE_DENSE_PAUSE_US * 4 / 5, /* about one in each pause */
};

void serve_dense_note(struct serve_dense *dense, struct serve_dense_speaker *speaker, int64_t now_ms)
{
    int64_t span = now_ms / SPAN_MS;

    if (dense->span != span)
        *dense = (struct serve_dense){
            .span = span, .before = span == dense->span + 1 && dense->speakers && dense->dense == dense->speakers};
    if (speaker->span != span) {
        *speaker = (struct serve_dense_speaker){.span = span};
        dense->speakers++;
    }
    dense->dense += ++speaker->said == MUCH;
}

bool serve_dense_pauses(const struct serve_dense *dense, int64_t now_ms)
{
    return dense->before && now_ms / SPAN_MS == dense->span;
}
