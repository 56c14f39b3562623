/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/pairing/inside.h"

#include "proto/seal/kdf.h"
#include "proto/util/utf8.h"

#include <string.h>

#define LABEL_A "handhold/1 agent-auth"
#define LABEL_C "handhold/1 customer-auth"

enum { TYPE_A = 1, TYPE_C = 2 };

/* ---- what is signed: H(h | all before the signature), and for AUTH_C H(AUTH_A) between them ---- */

static void digest_a(uint8_t out[static PROTO_HASH_BYTES], const uint8_t *hash, const uint8_t *bytes, size_t len)
{
    proto_sha256_pieces(out, (const struct proto_piece[]){{hash, PROTO_HASH_BYTES}, {bytes, len}}, 2);
}

static void digest_c(uint8_t out[static PROTO_HASH_BYTES], const uint8_t *hash, const uint8_t *auth_a_hash,
                     const uint8_t *bytes, size_t len)
{
    proto_sha256_pieces(
        out, (const struct proto_piece[]){{hash, PROTO_HASH_BYTES}, {auth_a_hash, PROTO_HASH_BYTES}, {bytes, len}}, 3);
}

static enum proto_err put_signature(struct proto_buf *out, const char *label, const uint8_t *digest,
                                    const uint8_t *secret_key)
{
    uint8_t signature[PROTO_SIGNATURE_BYTES];
    enum proto_err err = proto_sign_labelled(signature, label, digest, PROTO_HASH_BYTES, secret_key);

    proto_buf_put(out, signature, sizeof signature);
    return err != PROTO_OK ? err : out->failed ? PROTO_ERR_RANGE : PROTO_OK;
}

/* ---- AUTH_A ---- */

enum proto_err proto_auth_a_put(const struct proto_auth_a *auth, const uint8_t hash[static PROTO_HASH_BYTES],
                                const uint8_t secret_key[static 64], struct proto_buf *out)
{
    uint8_t digest[PROTO_HASH_BYTES];

    proto_buf_put_u8(out, TYPE_A);
    proto_buf_put_u8(out, (uint8_t)auth->chain_len);
    for (size_t i = 0; i < auth->chain_len; i++)
        proto_buf_put_lv16(out, auth->chain[i].bytes, auth->chain[i].len);
    proto_buf_put_u8(out, auth->role);
    proto_buf_put_u64(out, auth->unix_s);
    proto_buf_put_u64(out, auth->org_number);
    proto_buf_put(out, auth->org_hash, PROTO_HASH_BYTES);
    proto_buf_put_u64(out, auth->policy_number);
    proto_buf_put(out, auth->policy_hash, PROTO_HASH_BYTES);
    proto_buf_put(out, auth->commit, PROTO_HASH_BYTES);
    if (out->failed)
        return PROTO_ERR_RANGE;
    digest_a(digest, hash, out->bytes, out->len);
    return put_signature(out, LABEL_A, digest, secret_key);
}

enum proto_err proto_auth_a_parse(struct proto_auth_a *auth, const struct proto_buf *plain)
{
    struct proto_reader r = proto_reader_of(plain->bytes, plain->len);

    memset(auth, 0, sizeof *auth);
    if (proto_read_u8(&r) != TYPE_A)
        return PROTO_ERR_STATE;
    auth->chain_len = proto_read_u8(&r);
    if (auth->chain_len < 2 || auth->chain_len > PROTO_IDENTITY_CHAIN_MAX)
        return PROTO_ERR_FORMAT;
    for (size_t i = 0; i < auth->chain_len; i++)
        auth->chain[i].bytes = proto_read_lv16(&r, &auth->chain[i].len);
    auth->role = proto_read_u8(&r);
    auth->unix_s = proto_read_u64(&r);
    auth->org_number = proto_read_u64(&r);
    proto_read_into(&r, auth->org_hash, PROTO_HASH_BYTES);
    auth->policy_number = proto_read_u64(&r);
    proto_read_into(&r, auth->policy_hash, PROTO_HASH_BYTES);
    proto_read_into(&r, auth->commit, PROTO_HASH_BYTES);
    auth->signed_len = plain->len - proto_reader_left(&r);
    proto_read_into(&r, auth->signature, PROTO_SIGNATURE_BYTES);
    return r.failed || proto_reader_left(&r) || auth->unix_s > INT64_MAX ? PROTO_ERR_FORMAT : PROTO_OK;
}

enum proto_err proto_auth_a_verify(const struct proto_auth_a *auth, const struct proto_buf *plain,
                                   const uint8_t hash[static PROTO_HASH_BYTES], const uint8_t public_key[static 32])
{
    uint8_t digest[PROTO_HASH_BYTES];

    digest_a(digest, hash, plain->bytes, auth->signed_len);
    return proto_verify_labelled(auth->signature, LABEL_A, digest, sizeof digest, public_key);
}

/* ---- AUTH_C ---- */

enum proto_err proto_auth_c_put(const struct proto_auth_c *auth, const uint8_t hash[static PROTO_HASH_BYTES],
                                const uint8_t auth_a_hash[static PROTO_HASH_BYTES], const uint8_t secret_key[static 64],
                                struct proto_buf *out)
{
    uint8_t digest[PROTO_HASH_BYTES];

    proto_buf_put_u8(out, TYPE_C);
    proto_buf_put(out, auth->cs_public, PROTO_SIGN_PUBLIC_BYTES);
    proto_buf_put(out, auth->n_c, PROTO_CHECK_NONCE_BYTES);
    proto_buf_put(out, auth->resume_psk, PROTO_KEY_BYTES);
    proto_buf_put_lv16(out, auth->info, auth->info_len);
    if (out->failed)
        return PROTO_ERR_RANGE;
    digest_c(digest, hash, auth_a_hash, out->bytes, out->len);
    return put_signature(out, LABEL_C, digest, secret_key);
}

enum proto_err proto_auth_c_parse(struct proto_auth_c *auth, const struct proto_buf *plain)
{
    struct proto_reader r = proto_reader_of(plain->bytes, plain->len);

    memset(auth, 0, sizeof *auth);
    if (proto_read_u8(&r) != TYPE_C)
        return PROTO_ERR_STATE;
    auth->cs_public = proto_read_bytes(&r, PROTO_SIGN_PUBLIC_BYTES);
    auth->n_c = proto_read_bytes(&r, PROTO_CHECK_NONCE_BYTES);
    auth->resume_psk = proto_read_bytes(&r, PROTO_KEY_BYTES);
    auth->info = proto_read_lv16(&r, &auth->info_len);
    auth->signed_len = plain->len - proto_reader_left(&r);
    proto_read_into(&r, auth->signature, PROTO_SIGNATURE_BYTES);
    if (r.failed || proto_reader_left(&r) || auth->info_len > PROTO_CLIENT_INFO_MAX)
        return PROTO_ERR_FORMAT;
    return proto_utf8_is_clean(auth->info, auth->info_len, 0) ? PROTO_OK : PROTO_ERR_FORMAT;
}

enum proto_err proto_auth_c_verify(const struct proto_auth_c *auth, const struct proto_buf *plain,
                                   const uint8_t hash[static PROTO_HASH_BYTES],
                                   const uint8_t auth_a_hash[static PROTO_HASH_BYTES])
{
    uint8_t digest[PROTO_HASH_BYTES];
    enum proto_err err = proto_sign_key_check(auth->cs_public);

    if (err != PROTO_OK)
        return err;
    digest_c(digest, hash, auth_a_hash, plain->bytes, auth->signed_len);
    return proto_verify_labelled(auth->signature, LABEL_C, digest, sizeof digest, auth->cs_public);
}
