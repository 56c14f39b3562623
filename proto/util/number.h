/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/util/number.h - a measured number as people read it: six digits that count, and no exponent. An uptime of two
 * weeks is 1209600 s, not 1.2096e+06 s.
 */
#ifndef PROTO_UTIL_NUMBER_H
#define PROTO_UTIL_NUMBER_H

#define PROTO_NUMBER_BYTES 32u

/** Anything at all is written; what is as large as 1e15, or as small as 1e-4, keeps its exponent. */
void proto_number_text(double number, char out[static PROTO_NUMBER_BYTES]);

#endif
