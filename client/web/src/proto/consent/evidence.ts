// SPDX-License-Identifier: Apache-2.0
/* What the officers can open: count | count x (length, note) | r, sealed to the policy's evidence key by who signed. */
import { ProtoError } from '../err.js';
import { concat, lv16, Reader, u8, utf8, fromUtf8, type Bytes } from '../util/bytes.js';
import { boxSeal } from '../seal/box.js';

const NOTES_MAX = 32, NOTE_MAX = 4096, EVIDENCE_MAX = 16384;

/** The last note is the one of the leaf. Throws RANGE, KEY. */
export function evidenceSeal(notes: readonly string[], r: Bytes, evidenceKey: Bytes, ephemeral: Bytes): Bytes {
  const parts = notes.map(utf8);
  if (!parts.length || parts.length > NOTES_MAX || parts.some((note) => !note.length || note.length > NOTE_MAX))
    throw new ProtoError('RANGE', 'evidence out of its bounds');
  const sealed = boxSeal(concat(u8(parts.length), ...parts.map(lv16), r), evidenceKey, ephemeral);
  if (sealed.length > EVIDENCE_MAX) throw new ProtoError('RANGE', 'evidence over its bound');
  return sealed;
}

/** Throws FORMAT. */
export function evidenceParse(plain: Bytes): { notes: string[]; r: Bytes } {
  const reader = new Reader(plain), count = reader.u8();
  const notes = Array.from({ length: count }, () => fromUtf8(reader.lv16())), r = reader.take(32);
  reader.end();
  if (count < 1 || count > NOTES_MAX) throw new ProtoError('FORMAT', 'no evidence');
  return { notes, r };
}
