/* SPDX-License-Identifier: Apache-2.0 */
/* proto/wire/kept.h - what the relay keeps for staff (KeptAsk, KeptAdd; PROTOCOL.md 10.7). */
#ifndef PROTO_WIRE_KEPT_H
#define PROTO_WIRE_KEPT_H

enum proto_kept {
    PROTO_KEPT_CASE = 1,  /* of one customer, for a time */
    PROTO_KEPT_COUNT = 2, /* of nobody: what became of a guide */
    PROTO_KEPT_GUIDE = 3, /* a file of the relay's guide folder */
    PROTO_KEPT_COUNT_OF_KINDS
};

#endif
