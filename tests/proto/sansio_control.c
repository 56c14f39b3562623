/* SPDX-License-Identifier: Apache-2.0 */
/* What must not be in a library of the protocol; sansio_test.c has to find it. */
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

void sansio_control(uint8_t out[32]);

void sansio_control(uint8_t out[32])
{
    uint8_t public[32], secret[64];

    randombytes_buf(out, 32);
    out[0] ^= (uint8_t)time(NULL);
    out[1] ^= getenv("HOME") ? 1 : 0;
    crypto_sign_seed_keypair(public, secret, out);
    out[2] ^= public[0];
}
