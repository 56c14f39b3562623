/* SPDX-License-Identifier: Apache-2.0 */
/* agent/qr.h - a QR code in the terminal, two modules a character in half blocks (UTF-8), dark on light. */
#ifndef AGENT_QR_H
#define AGENT_QR_H

#include <stdbool.h>

#include "proto/util/buf.h"
#include "proto/util/err.h"

/**
 * Appends the code of `text`. `colour`: black on white whatever the terminal's colours are; else light modules are
 * drawn as blocks, which suits a dark terminal. RANGE: the text is too long for a QR code.
 */
PROTO_MUST_USE enum proto_err agent_qr(const char *text, bool colour, struct proto_buf *out);

#endif
