// SPDX-License-Identifier: Apache-2.0
/* MOVE, MOVED and the two digits (PROTOCOL.md §4.3): a customer goes on on another device that was given the same link. */
import { ProtoError } from '../err.js';
import { x25519 } from '@noble/curves/ed25519';
import { concat, sameBytes, u8, utf8, wipe, type Bytes } from '../util/bytes.js';
import { boxOpen, boxSeal } from '../seal/box.js';
import { hkdf, hmacSha256 } from '../seal/kdf.js';

const KEY_BYTES = 32, TAG_BYTES = 32;
export const MOVED_BYTES = 8192;

/** From the secret of the link; all that a device must keep of it to answer. */
export const moveKey = (k: Bytes): Bytes => hkdf(k, 'handhold/1 move', 32);

const tag = (key: Bytes, label: string, ...parts: readonly Bytes[]): Bytes => hmacSha256(key, utf8(label), u8(0), ...parts);

export function moveAsk(key: Bytes, sid: Bytes, seed: Bytes): Bytes {
  const publicKey = x25519.getPublicKey(seed);
  return concat(publicKey, tag(key, 'handhold/1 move', sid, publicKey));
}

/** The asker's key; undefined: who asks has another link, or none. */
export function moveAskOpen(key: Bytes, sid: Bytes, move: Bytes): Bytes | undefined {
  const publicKey = move.slice(0, KEY_BYTES);
  return move.length === KEY_BYTES + TAG_BYTES && sameBytes(move.subarray(KEY_BYTES), tag(key, 'handhold/1 move', sid, publicKey)) ? publicKey : undefined;
}

export function moveDigits(publicKey: Bytes): string {
  const four = hkdf(publicKey, 'handhold/1 move digits', 4);
  return String(new DataView(four.buffer, four.byteOffset).getUint32(0) % 100).padStart(2, '0');
}

/** Throws RANGE when it is too large, KEY. `ephemeral`: 32 random bytes, used once. */
export function moveAnswer(key: Bytes, sid: Bytes, publicKey: Bytes, plain: Bytes, ephemeral: Bytes): Bytes {
  const box = boxSeal(plain, publicKey, ephemeral), moved = concat(box, tag(key, 'handhold/1 moved', sid, publicKey, box));
  if (moved.length > MOVED_BYTES) throw new ProtoError('RANGE', 'too much to take along');
  return moved;
}

/** Throws CRYPTO. */
export function moveAnswerOpen(key: Bytes, sid: Bytes, seed: Bytes, moved: Bytes): Bytes {
  const publicKey = x25519.getPublicKey(seed), box = moved.subarray(0, Math.max(0, moved.length - TAG_BYTES));
  if (!sameBytes(moved.subarray(box.length), tag(key, 'handhold/1 moved', sid, publicKey, box))) throw new ProtoError('CRYPTO', 'another device answered');
  const plain = boxOpen(box, seed);
  wipe(seed);
  return plain;
}
