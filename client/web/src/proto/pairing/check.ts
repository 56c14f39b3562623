// SPDX-License-Identifier: Apache-2.0
/* The check words: forty bits under a commitment, so that nobody in the middle can try keys until they match. */
import { ProtoError } from '../err.js';
import { concat, sameBytes, type Bytes } from '../util/bytes.js';
import { hkdf, sha256 } from '../seal/kdf.js';
import { WORDS } from './words.js';

export type CheckWordList = [string, string, string, string];

/** Four times ten bits, from the highest. */
export function wordsOf(sas: Bytes): CheckWordList {
  const bits = sas.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return [30n, 20n, 10n, 0n].map((shift) => WORDS[Number((bits >> shift) & 1023n)]!) as CheckWordList;
}

/** `n_a` opens what AUTH_A committed to. Throws CRYPTO when it is not that. */
export function checkWords(commit: Bytes, nA: Bytes, nC: Bytes, handshakeHash: Bytes): CheckWordList {
  if (!sameBytes(sha256(nA), commit)) throw new ProtoError('CRYPTO', 'the check words were not fixed in time');
  return wordsOf(hkdf(concat(nA, nC, handshakeHash), 'handhold/1 sas', 5));
}
