/* SPDX-License-Identifier: Apache-2.0 */
/* relay/serve/config_inside.h - the table of settings (config.c), for whoever reads a file of them (config_read.c). */
#ifndef RELAY_SERVE_CONFIG_INSIDE_H
#define RELAY_SERVE_CONFIG_INSIDE_H

#include "relay/serve/config.h"

enum { SERVE_KEYS_MOST = 128 };

struct serve_key {
    const char *name;
    /** false: it is no value for this key. */
    bool (*set)(struct serve_config *config, const struct serve_key *key, const char *value);
    size_t offset;
    const char *way_out; /* NULL: it is a number, and its range says it */
    const char *value, *help;
    int64_t least, most; /* of a number that is no bound of the core's */
};

const struct serve_key *serve_keys(size_t *count);
/** Which numbers it may be. */
void serve_key_range(const struct serve_key *key, int64_t *least, int64_t *most);
/** May it stand on several lines? */
bool serve_key_repeats(const struct serve_key *key);

#endif
