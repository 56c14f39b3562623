/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/state/template.h - the value templates that devices announce themselves with, as far as they only pick a
 * value.
 *
 * Home Assistant's templates are a whole language; nearly all that devices announce are of one shape, which is read
 * here:
 *     {{ value }}   {{ value_json.a.b }}   {{ value_json['a'][0].b | default(0) | float | round(1) }}
 * with the filters int, float, round, default, lower, upper, string. Everything else is left alone: the payload is then
 * shown as it came. There is no loop, no nesting and no memory in it, so no template can make work. Pure.
 */
#ifndef CLIENT_STATE_TEMPLATE_H
#define CLIENT_STATE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "client/state/source.h"

enum client_state_template {
    CLIENT_STATE_TEMPLATE_VALUE, /* `out` has the value */
    CLIENT_STATE_TEMPLATE_NONE,  /* the payload has no such value */
    CLIENT_STATE_TEMPLATE_RAW,   /* not of the shape above: `out` has the payload itself */
};

/** `text` "" means the payload itself. `out` is cut at its room, where a character ends; bytes that are no clean UTF-8
 * give NONE. */
enum client_state_template client_state_template_apply(const char *text, const char *payload, size_t len,
                                                       char out[static CLIENT_STATE_TEXT_BYTES]);

#endif
