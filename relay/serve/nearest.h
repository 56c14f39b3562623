/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/nearest.h - the known name that somebody who mistyped probably meant.
 */
#ifndef RELAY_SERVE_NEAREST_H
#define RELAY_SERVE_NEAREST_H

#include <stddef.h>

/** The nearest of `names` by edit distance; NULL when none is near enough. */
const char *serve_nearest(const char *name, const char *const *names, size_t count);

#endif
