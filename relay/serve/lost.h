/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/lost.h - what a stranger reads who asks for a path that is not there: a page with a way on for a person's
 * browser, a line for everybody else. Nothing of what was asked is in either.
 */
#ifndef RELAY_SERVE_LOST_H
#define RELAY_SERVE_LOST_H

#include "relay/serve/answer.h"

struct serve_answer serve_lost(struct lws *wsi);

#endif
