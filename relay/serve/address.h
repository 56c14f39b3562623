/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/address.h - HOST:PORT and the sockets behind it.
 */
#ifndef RELAY_SERVE_ADDRESS_H
#define RELAY_SERVE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/** Listens on "HOST:PORT", "[IPv6]:PORT" or "unix:/PATH" (made anew, mode 0660); port 0 picks one. `beside`: others
 * that share their port may listen on it. false: `finding` and `*way_out` (static) say why. */
bool serve_address_bind(const char *address, bool beside, int *fd, char *finding, size_t size, const char **way_out);
/** Whether this socket shares its port with others of this user that say so, too. */
void serve_address_share(int fd, bool whether);
/** Does this socket listen where `address` says? Port 0 is any. */
bool serve_address_is(int fd, const char *address);
/** The HOST of "HOST:PORT"; false when there is none. */
bool serve_address_host(const char *address, char *out, size_t size);
/** Can it be reached from this machine alone: a loopback address, or a Unix socket ("unix:/PATH")? */
bool serve_address_is_local(const char *address);
unsigned serve_address_port(int fd);
/** An address as text, without its port; IPv4 in IPv6 as IPv4. */
void serve_address_text(const struct sockaddr_storage *address, char *out, size_t size);
/** Options of an accepted connection: no delay, little unsent in the kernel, a dead line noticed. */
void serve_address_tune(int fd);

#endif
