// SPDX-License-Identifier: Apache-2.0
/* RFC 6962 trees, as far as one who only checks needs them: RFC 9162 §2.1.3.2 and §2.1.4.2. Nothing is taken on trust. */
import { sameBytes, u8, type Bytes } from '../util/bytes.js';
import { sha256 } from '../seal/kdf.js';

export const PROOF_MAX = 64;
export const SIZE_MAX = 2 ** 48;

export const leafHash = (leaf: Bytes): Bytes => sha256(u8(0), leaf);
const nodeHash = (left: Bytes, right: Bytes): Bytes => sha256(u8(1), left, right);

const isOdd = (n: number): boolean => n % 2 === 1;
const half = (n: number): number => Math.floor(n / 2);
const areHashes = (...hashes: readonly Bytes[]): boolean => hashes.length <= PROOF_MAX + 2 && hashes.every((hash) => hash.length === 32);
const isPlace = (n: number): boolean => Number.isSafeInteger(n) && n >= 0 && n <= SIZE_MAX;

/** The place of the path and of the last leaf, shifted as the path climbs. */
class Climb {
  constructor(public at: number, public last: number) {}

  /** One level up; true when the proof's hash stands on the left. */
  left(): boolean {
    const left = isOdd(this.at) || this.at === this.last;
    while (left && !isOdd(this.at) && this.at) this.shift();
    this.shift();
    return left;
  }
  shift(): void {
    this.at = half(this.at);
    this.last = half(this.last);
  }
}

export function includes(hash: Bytes, index: number, size: number, root: Bytes, proof: readonly Bytes[]): boolean {
  if (!isPlace(index) || !isPlace(size) || index >= size || !areHashes(hash, root, ...proof)) return false;
  const climb = new Climb(index, size - 1);
  let at = hash;
  for (const other of proof) {
    if (climb.last === 0) return false;
    at = climb.left() ? nodeHash(other, at) : nodeHash(at, other);
  }
  return climb.last === 0 && sameBytes(at, root);
}

/** That the tree of `to` leaves begins with that of `from`, which must not be empty. Equal sizes take an empty proof. */
export function continues(from: number, fromRoot: Bytes, to: number, toRoot: Bytes, proof: readonly Bytes[]): boolean {
  if (!isPlace(from) || !isPlace(to) || from === 0 || from > to || !areHashes(fromRoot, toRoot, ...proof)) return false;
  if (from === to) return proof.length === 0 && sameBytes(fromRoot, toRoot);
  const climb = new Climb(from - 1, to - 1);
  while (isOdd(climb.at)) climb.shift();
  /* at 0: the old root is itself a node of the new tree, and is not sent */
  const first = climb.at === 0 ? fromRoot : proof[0];
  if (!first) return false;
  let [oldHash, newHash] = [first, first];
  for (const other of climb.at === 0 ? proof : proof.slice(1)) {
    if (climb.last === 0) return false;
    if (climb.left()) {
      oldHash = nodeHash(other, oldHash);
      newHash = nodeHash(other, newHash);
    } else {
      newHash = nodeHash(newHash, other);
    }
  }
  return climb.last === 0 && sameBytes(oldHash, fromRoot) && sameBytes(newHash, toRoot);
}
