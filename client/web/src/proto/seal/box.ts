// SPDX-License-Identifier: Apache-2.0
/* A sealed box, bytes as libsodium's crypto_box_seal: ephemeral key | XSalsa20-Poly1305, nonce = BLAKE2b-192(ephemeral | recipient). */
import { hsalsa, xsalsa20poly1305 } from '@noble/ciphers/salsa';
import { x25519 } from '@noble/curves/ed25519';
import { blake2b } from '@noble/hashes/blake2';
import { ProtoError } from '../err.js';
import { concat, utf8, wipe, type Bytes } from '../util/bytes.js';

export const BOX_OVERHEAD = 32 + 16;

/** crypto_box's key: HSalsa20 of the shared secret under sixteen zeros. */
function boxKey(secret: Bytes, publicKey: Bytes): Bytes {
  const words = (bytes: Bytes): Uint32Array => new Uint32Array(Uint8Array.from(bytes).buffer);
  const shared = x25519.getSharedSecret(secret, publicKey), out = new Uint32Array(8);
  hsalsa(words(utf8('expand 32-byte k')), words(shared), words(new Uint8Array(16)), out);
  wipe(shared);
  return new Uint8Array(out.buffer);
}

const nonceOf = (ephemeral: Bytes, recipient: Bytes): Bytes => blake2b(concat(ephemeral, recipient), { dkLen: 24 });

/** `ephemeral`: 32 random bytes, used once. Throws KEY. */
export function boxSeal(plain: Bytes, recipient: Bytes, ephemeral: Bytes): Bytes {
  const publicKey = x25519.getPublicKey(ephemeral);
  try {
    const key = boxKey(ephemeral, recipient);
    const sealed = xsalsa20poly1305(key, nonceOf(publicKey, recipient)).encrypt(plain);
    wipe(key);
    return concat(publicKey, sealed);
  } catch {
    throw new ProtoError('KEY', 'nothing can be sealed to this key');
  }
}

/** Throws CRYPTO. The page never opens one; whoever tests what it seals does. */
export function boxOpen(sealed: Bytes, secret: Bytes): Bytes {
  const publicKey = x25519.getPublicKey(secret), ephemeral = sealed.subarray(0, 32);
  try {
    return xsalsa20poly1305(boxKey(secret, ephemeral), nonceOf(ephemeral, publicKey)).decrypt(sealed.subarray(32));
  } catch {
    throw new ProtoError('CRYPTO', 'a sealed box does not open');
  }
}
