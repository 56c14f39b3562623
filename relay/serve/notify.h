/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/notify.h - what systemd is told, where it asked to be (sd_notify(3)): a datagram to $NOTIFY_SOCKET.
 *
 * Ready when the first connection may come; reloading and ready again; stopping; and a word in each half of the
 * watchdog's time, said from the loop, so that a loop that hangs is ended. Elsewhere all of this does nothing.
 */
#ifndef RELAY_SERVE_NOTIFY_H
#define RELAY_SERVE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/** Lines of NAME=VALUE. false: nobody wants to be told, or it failed. */
bool serve_notify(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** How often the watchdog must hear of us, in ms; 0: there is none for this process. */
int64_t serve_notify_watchdog_ms(void);

#endif
