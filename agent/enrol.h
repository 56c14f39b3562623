/* SPDX-License-Identifier: Apache-2.0 */
/* agent/enrol.h - makes a key and a request on the agent's own machine; the key never leaves it. */
#ifndef AGENT_ENROL_H
#define AGENT_ENROL_H

/** Writes DIR/ID.key and DIR/ID.csr, and says what comes next. Returns the exit code. */
int agent_enrol(const char *dir, const char *id, const char *name);

#endif
