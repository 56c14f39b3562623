// SPDX-License-Identifier: Apache-2.0
/*
 * The log's answer to LOG_ADD, and all that must hold before a key leaves: this class and C stand at the index; the tree that
 * holds them is the one the log key signed; that tree continues the last one seen here; and the relay put its name to the hash
 * of the evidence that it was given.
 */
import { ProtoError } from '../err.js';
import { sameBytes, type Bytes } from '../util/bytes.js';
import { base64 } from '../seal/base64.js';
import { noteKey, noteKeyParse, noteVerify } from '../seal/note.js';
import { checkpointOpen, type Checkpoint } from './checkpoint.js';
import { leafParse, type LeafClass } from './leaf.js';
import { continues, includes, leafHash } from './tree.js';

export interface LogSeen {
  size: number;
  root: Bytes;
}

export interface Receipt {
  index: number;
  leaf: Bytes;
  evidenceLine: string;
  checkpoint: string;
  inclusion: readonly Bytes[];
  consistency: readonly Bytes[];
}

export const NOTHING_SEEN: LogSeen = { size: 0, root: new Uint8Array(32) };
const bad = (what: string): ProtoError => new ProtoError('LOG', `the log's receipt: ${what}`);

export function evidenceText(index: number, leaf: Bytes, evidenceHash: Bytes): string {
  return `handhold/1 evidence\n${index}\n${base64(leafHash(leaf))}\n${base64(evidenceHash)}\n`;
}

/** Throws LOG unless the line is the log key's, under "<origin>/evidence", over exactly this. */
export function evidenceCheck(line: string, index: number, leaf: Bytes, evidenceHash: Bytes, logVkey: string): void {
  try {
    const log = noteKeyParse(logVkey);
    noteVerify(`${evidenceText(index, leaf, evidenceHash)}\n${line}\n`, noteKey(`${log.name}/evidence`, log.publicKey));
  } catch {
    throw bad('the evidence line does not verify');
  }
}

/** What is seen after this checkpoint. Throws LOG when it does not continue what was seen before. */
export function seenAdvance(seen: LogSeen, checkpoint: Checkpoint, consistency: readonly Bytes[]): LogSeen {
  const good = seen.size === 0 ? consistency.length === 0 : continues(seen.size, seen.root, checkpoint.size, checkpoint.root, consistency);
  if (checkpoint.size === 0 || !good) throw bad('its tree does not continue the one that was seen');
  return { size: checkpoint.size, root: checkpoint.root };
}

/** The tree seen now. Throws LOG. `commitment`, `kind` and `evidenceHash` are the asker's own. */
export function receiptCheck(receipt: Receipt, commitment: Bytes, kind: LeafClass, evidenceHash: Bytes, logVkey: string, seen: LogSeen): LogSeen {
  let leaf;
  try {
    leaf = leafParse(receipt.leaf);
  } catch {
    throw bad('no leaf');
  }
  if (leaf.class !== kind || !sameBytes(leaf.commitment, commitment)) throw bad('another leaf');
  const checkpoint = checkpointOpen(receipt.checkpoint, logVkey);
  if (!includes(leafHash(receipt.leaf), receipt.index, checkpoint.size, checkpoint.root, receipt.inclusion)) throw bad('the leaf is not in the tree');
  evidenceCheck(receipt.evidenceLine, receipt.index, receipt.leaf, evidenceHash, logVkey);
  return seenAdvance(seen, checkpoint, receipt.consistency);
}

/** n times 32 bytes, as it stands on the wire. Throws LOG. */
export function hashesOf(bytes: Bytes): Bytes[] {
  if (bytes.length % 32) throw bad('a hash that is not whole');
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.slice(32 * i, 32 * i + 32));
}
