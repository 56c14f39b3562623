// SPDX-License-Identifier: Apache-2.0
/* The 48 bytes that stand in the log for a note: "HHL1" | class | 00 00 00 | minute u64 | C[32]. */
import { ProtoError } from '../err.js';
import { concat, Reader, u8, uint, utf8, type Bytes } from '../util/bytes.js';
import { hmacSha256 } from '../seal/kdf.js';
import { INT64_MAX } from '../util/text.js';

export const LEAF_BYTES = 48;
export const LEAF_CLASS = { STATEMENT: 1, AGENT_EVENT: 2, ERASURE: 3, RELAY_EVENT: 4, OFFICER_ACT: 5 } as const;
export type LeafClass = (typeof LEAF_CLASS)[keyof typeof LEAF_CLASS];
const MAGIC = 'HHL1', GRAIN_S = 60n;

export interface Leaf {
  class: LeafClass;
  unixS: number;
  commitment: Bytes;
}

/** C: says nothing of the note to whoever lacks the salt. */
export const commit = (salt: Bytes, note: string): Bytes => hmacSha256(salt, utf8('handhold/1 leaf'), u8(0), utf8(note));

export function leafEncode(leaf: Leaf): Bytes {
  return concat(utf8(MAGIC), u8(leaf.class), new Uint8Array(3), uint(leaf.unixS - (leaf.unixS % Number(GRAIN_S)), 8), leaf.commitment);
}

/** Throws FORMAT: one leaf has one form. */
export function leafParse(bytes: Bytes): Leaf {
  const reader = new Reader(bytes), magic = reader.take(4), kind = reader.u8(), spare = reader.take(3), minute = reader.u64();
  const commitment = reader.take(32);
  reader.end();
  if (String.fromCharCode(...magic) !== MAGIC || kind < LEAF_CLASS.STATEMENT || kind > LEAF_CLASS.OFFICER_ACT || spare.some((byte) => byte !== 0) || minute % GRAIN_S || minute > INT64_MAX)
    throw new ProtoError('FORMAT', 'no leaf of this log');
  return { class: kind as LeafClass, unixS: Number(minute), commitment };
}
