/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/outside.h - --check --from-outside: the relay asked as strangers and staff ask it, by its public names.
 *
 * The questions start on this machine, so a firewall in front may be passed over; names, ports, certificates and roots
 * are those of everybody.
 */
#ifndef RELAY_SERVE_OUTSIDE_H
#define RELAY_SERVE_OUTSIDE_H

#include "relay/serve/config.h"
#include "relay/serve/folder.h"
#include "relay/serve/report.h"

/** `roots` is a file of the CAs that strangers trust; NULL: this system's. */
void serve_outside_check(const struct serve_config *config, const struct serve_folder *folder, const char *roots,
                         struct serve_report *report);

#endif
