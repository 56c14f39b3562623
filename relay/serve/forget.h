/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/forget.h - what TLS keeps of a handshake, and nobody asks for again.
 *
 * Who a connection is has been settled for as long as it lasts: the certificates that were shown to prove it are
 * memory for nothing, some six kB of a connection of staff. Nothing is resumed here, so no session is either.
 */
#ifndef RELAY_SERVE_FORGET_H
#define RELAY_SERVE_FORGET_H

#include <openssl/ssl.h>

/** After the handshake, once: no certificate of the other end is known from then on. Where memory ends, all stays. */
void serve_forget_certificates(SSL *ssl);

#endif
