/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/setup.h - handhold-relay setup: from a package that was just installed to a folder that a relay serves.
 *
 * It makes an organisation when there is none yet (by handhold-certs, in a folder that the relay's user cannot read),
 * gives the relay its part, and writes relay.ini, the hook that takes certbot's certificates over, and a unit where the
 * package did not bring one. What is there already is never written over.
 */
#ifndef RELAY_SERVE_SETUP_H
#define RELAY_SERVE_SETUP_H

#include "proto/host/options.h"

struct serve_setup {
    const char *dir, *host, *staff_host, *organisation, *domain, *authority, *from, *user, *hooks, *units;
};
/** In the place of defaults: what --help says of each. */
extern struct serve_setup serve_setup;

/** They write into it. */
extern const struct host_option serve_setup_options[];
/** The exit code of the program. */
int serve_setup_run(void);

#endif
