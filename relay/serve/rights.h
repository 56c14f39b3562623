/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/rights.h - who may read what: a relay no key that makes people or opens evidence, and nobody but the
 * relay what is the relay's own.
 */
#ifndef RELAY_SERVE_RIGHTS_H
#define RELAY_SERVE_RIGHTS_H

#include "relay/serve/folder.h"

/** `allowed`: the organisation's keys may be readable, for trying out. false: the report has an error. */
bool serve_rights_check(const struct serve_folder *folder, bool allowed, struct serve_report *report);

#endif
