// SPDX-License-Identifier: Apache-2.0
/* C2SP tlog-proof@v1: one entry for whoever keeps it, checked offline. extra = leaf | salt | note. */
import { ProtoError } from '../err.js';
import { concat, fromUtf8, sameBytes, utf8, type Bytes } from '../util/bytes.js';
import { decimal } from '../util/text.js';
import { base64, base64Decode } from '../seal/base64.js';
import { checkpointOpen, type Checkpoint } from './checkpoint.js';
import { commit, LEAF_BYTES, leafParse } from './leaf.js';
import { includes, leafHash, PROOF_MAX, SIZE_MAX } from './tree.js';

const FIRST_LINE = 'c2sp.org/tlog-proof@v1', SALT_BYTES = 32, FILE_MAX = 65536;

export interface Proof {
  leaf: Bytes;
  salt: Bytes;
  note: string;
  index: number;
  inclusion: readonly Bytes[];
  checkpoint: string;
}

export function proofWrite(proof: Proof): string {
  const extra = base64(concat(proof.leaf, proof.salt, utf8(proof.note)));
  const hashes = proof.inclusion.map((hash) => `${base64(hash)}\n`).join('');
  return `${FIRST_LINE}\nextra ${extra}\nindex ${proof.index}\n${hashes}\n${proof.checkpoint}`;
}

/** Throws FORMAT. */
export function proofParse(text: string): Proof {
  const gap = text.indexOf('\n\n'), lines = text.slice(0, Math.max(gap, 0)).split('\n');
  const [first, extraLine, indexLine, ...hashLines] = lines;
  const index = indexLine?.startsWith('index ') ? decimal(indexLine.slice(6), BigInt(SIZE_MAX)) : undefined;
  if (gap < 0 || text.length > FILE_MAX || first !== FIRST_LINE || !extraLine?.startsWith('extra ') || index === undefined || hashLines.length > PROOF_MAX)
    throw new ProtoError('FORMAT', 'no proof');
  const extra = base64Decode(extraLine.slice(6)), inclusion = hashLines.map(base64Decode);
  if (extra.length < LEAF_BYTES + SALT_BYTES || inclusion.some((hash) => hash.length !== 32)) throw new ProtoError('FORMAT', 'no proof');
  return {
    leaf: extra.slice(0, LEAF_BYTES), salt: extra.slice(LEAF_BYTES, LEAF_BYTES + SALT_BYTES), note: fromUtf8(extra.subarray(LEAF_BYTES + SALT_BYTES)),
    index: Number(index), inclusion, checkpoint: text.slice(gap + 2),
  };
}

/** The checkpoint that holds it. Throws LOG: nothing of `extra` counts before C matches. */
export function proofCheck(proof: Proof, logVkey: string): Checkpoint {
  let leaf;
  try {
    leaf = leafParse(proof.leaf);
  } catch {
    throw new ProtoError('LOG', 'a proof of no leaf');
  }
  if (!sameBytes(commit(proof.salt, proof.note), leaf.commitment)) throw new ProtoError('LOG', 'a proof of another note');
  const checkpoint = checkpointOpen(proof.checkpoint, logVkey);
  if (!includes(leafHash(proof.leaf), proof.index, checkpoint.size, checkpoint.root, proof.inclusion))
    throw new ProtoError('LOG', 'the proof does not lead to the checkpoint');
  return checkpoint;
}
