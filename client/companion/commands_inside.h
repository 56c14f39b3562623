/* SPDX-License-Identifier: Apache-2.0 */
/* client/companion/commands_inside.h - what commands.c (JSON) and commands_keys.c (typed lines) lend each other. */
#ifndef CLIENT_COMPANION_COMMANDS_INSIDE_H
#define CLIENT_COMPANION_COMMANDS_INSIDE_H

#include "client/companion/commands.h"

enum proto_err client_command_fail(char why[static CLIENT_WHY_BYTES], enum proto_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum proto_err client_command_take_text(const char *text, struct client_command *out,
                                        char why[static CLIENT_WHY_BYTES]);
enum proto_err client_command_take_act(const char *act, struct client_command *out, char why[static CLIENT_WHY_BYTES]);

#endif
