/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/help.h - the help text, drawn from the same tables that the command line is parsed by. Used by options.c.
 */
#ifndef PROTO_HOST_HELP_H
#define PROTO_HOST_HELP_H

#include "proto/host/options.h"

/** Prints the help of a command, or of the whole program when `command` is NULL, on stdout. */
void host_help_print(const struct host_program *program, const struct host_command *command);

#endif
