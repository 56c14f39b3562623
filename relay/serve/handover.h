/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/handover.h - restart in place (SIGUSR2): a new relay takes over, and nobody finds the door shut.
 *
 *     old   starts the program that now lies where it was started from, and hands it the sockets that listen
 *     new   reads settings and folder; listens where the old one did not; says that it is ready; waits for the log's
 * lock old   takes nobody in any more, tells its sessions, closes them, writes what it was given, leaves new   has the
 * lock: opens the log, knows the sessions again, takes in who has knocked meanwhile
 *
 * A new one that does not come so far leaves the old one as it was.
 */
#ifndef RELAY_SERVE_HANDOVER_H
#define RELAY_SERVE_HANDOVER_H

#include "relay/serve/serve.h"

struct serve_handover;

/** SIGUSR2 comes here from now on. Before any thread is started. `argv` is the program's own, borrowed. */
PROTO_MUST_USE enum proto_err serve_handover_new(struct serve_handover **out, struct serve *serve, char **argv);
void serve_handover_free(struct serve_handover *handover); /* NULL is fine */

/** Were we started to take over? Reads what the old one left in the environment, once. */
bool serve_handover_is_new(void);
/** The listening socket of this number (relay/serve/listen.c), given away; -1: there is none. */
int serve_handover_take(unsigned number);
/** Puts it back, or another one in its place, for whoever takes it next. */
void serve_handover_put(unsigned number, int fd);
/** Tells the old one to leave, and waits until the log is free. false: the report says why it is not. */
bool serve_handover_wait(const struct serve_folder *folder, struct serve_report *report);

#endif
