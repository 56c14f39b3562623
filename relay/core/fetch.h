/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/core/fetch.h - asks memory for what will be needed soon, and does not wait for it.
 *
 * With hundreds of sessions what a message meets of its own has left the processor's cache since the last one: each
 * place was a wait of its own, one behind the other, a tenth of a relay's time with 400 sessions. Asked for together,
 * while the kernel copies what came, they cost one. Nothing is followed: an address may be stale, or NULL.
 */
#ifndef RELAY_CORE_FETCH_H
#define RELAY_CORE_FETCH_H

#include <stddef.h>
#include <stdint.h>

enum { RELAY_FETCH_LINE_BYTES = 64 }; /* of the processor's cache */

static inline void relay_fetch(const void *object, size_t from, size_t len)
{
    for (uintptr_t at = (uintptr_t)object + from; at < (uintptr_t)object + from + len; at += RELAY_FETCH_LINE_BYTES)
        __builtin_prefetch((const void *)at, 1);
}

#endif
