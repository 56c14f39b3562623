// SPDX-License-Identifier: Apache-2.0
/* C2SP tlog-checkpoint without extension lines: origin, size, root, signed by the log's key under the origin's name. */
import { ProtoError } from '../err.js';
import { utf8, type Bytes } from '../util/bytes.js';
import { decimal, linesOf } from '../util/text.js';
import { base64, base64Decode } from '../seal/base64.js';
import { isNoteName, noteKeyIsPlain, noteKeyParse, noteVerify } from '../seal/note.js';
import { SIZE_MAX } from './tree.js';

const ORIGIN_MAX = 520, CHECKPOINT_MAX = 4096;

export interface Checkpoint {
  origin: string;
  size: number;
  root: Bytes;
}

export function checkpointParse(text: string): Checkpoint {
  const lines = linesOf(text) ?? [], [origin, size, root] = [lines[0] ?? '', lines[1] ?? '', lines[2] ?? ''];
  const number = decimal(size, BigInt(SIZE_MAX)), hash = base64Decode(root);
  if (lines.length !== 3 || number === undefined || hash.length !== 32 || utf8(origin).length > ORIGIN_MAX || !isNoteName(origin))
    throw new ProtoError('LOG', 'no checkpoint');
  return { origin, size: Number(number), root: hash };
}

/** Throws LOG unless it is signed by that log's key. */
export function checkpointOpen(note: string, vkey: string): Checkpoint {
  try {
    const key = noteKeyParse(vkey);
    if (utf8(note).length >= CHECKPOINT_MAX || !noteKeyIsPlain(key)) throw new ProtoError('LOG', 'too long, or not a log key');
    const checkpoint = checkpointParse(noteVerify(note, key));
    if (checkpoint.origin === key.name) return checkpoint;
  } catch {
    /* one answer for all */
  }
  throw new ProtoError('LOG', 'a checkpoint that is not signed by the log');
}

const BARE_MAX = 1280;

/** The same note with the log's own signature alone, as two ends show each other; '' when it is too long for that. Throws LOG. */
export function checkpointBare(note: string, vkey: string): string {
  checkpointOpen(note, vkey);
  const key = noteKeyParse(vkey), at = note.lastIndexOf('\n\n'), id = base64(key.id).slice(0, 5); /* 30 of its 32 bits; the rest is judged by who opens it */
  const line = note.slice(at + 2).split('\n').find((one) => one.startsWith(`\u2014 ${key.name} ${id}`));
  const bare = `${note.slice(0, at + 1)}\n${line ?? ''}\n`;
  return line && utf8(bare).length < BARE_MAX ? bare : '';
}
