/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/harden.h"

#include <openssl/crypto.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* For the pairs that are shown (RSA of 4096 bits takes a few thousand) and what is under way. */
enum { LOCKED_PAIRS_BYTES = 64 * 1024, LOCKED_LEAST_BYTES = 32 };

/* OpenSSL reads private keys into this heap, and OpenSSL 3.0 keeps there, for as long as a connection of TLS 1.3 lasts,
 * the key that was drawn for its handshake. It wants a power of two. */
static void make_locked_heap(int64_t connections)
{
    size_t wanted = LOCKED_PAIRS_BYTES + (size_t)connections * SERVE_LOCKED_CONNECTION_BYTES;
    size_t bytes = LOCKED_PAIRS_BYTES;

    while (bytes < wanted)
        bytes *= 2;
    (void)CRYPTO_secure_malloc_init(bytes, LOCKED_LEAST_BYTES);
}

void serve_harden(struct serve_folder *folder, int64_t connections)
{
    struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)umask(077);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifndef __SANITIZE_ADDRESS__ /* which looks into this process at its end */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    make_locked_heap(connections);
    /* Where it is not locked, the folder is still wiped at the end. */
    (void)sodium_mlock(folder->log_seed, sizeof folder->log_seed);
    (void)sodium_mlock(folder->token_key, sizeof folder->token_key);
}
