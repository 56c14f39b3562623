// SPDX-License-Identifier: Apache-2.0
/* C2SP signed notes: text, empty line, signature lines "— name base64(key id | signature)". */
import { ProtoError } from '../err.js';
import { concat, fromUtf8, hex, sameBytes, u8, utf8, type Bytes } from '../util/bytes.js';
import { isClean } from '../util/text.js';
import { base64, base64Decode } from './base64.js';
import { sha256 } from './kdf.js';
import { checkSignKey, isSignature, sign, signPublicKey } from './signature.js';

const NOTE_MAX = 65536, TEXT_MAX = NOTE_MAX - 2048, LINES_MAX = 16, NAME_MAX = 600, SIGNATURE_MAX = 4096;
const ED25519 = 1, COSIGNATURE = 4, ID_BYTES = 4;

export interface NoteKey {
  name: string;
  id: Bytes;
  type: number;
  publicKey: Bytes;
}

interface Line {
  name: string;
  id: Bytes;
  signature: Bytes;
}

interface Parts {
  text: string;
  lines: Line[];
}

const malformed = (what: string): ProtoError => new ProtoError('FORMAT', `a note: ${what}`);

export function isNoteName(name: string): boolean {
  const bytes = utf8(name).length;
  return bytes > 0 && bytes <= NAME_MAX && isClean(name) && !/[\s+\u0085]/u.test(name.replace(/\ufeff/g, ''));
}

/* ---- keys: id = H(name LF type key)[0..4] ---- */

function keyMake(name: string, type: number, publicKey: Bytes): NoteKey {
  if (!isNoteName(name)) throw malformed('a name that cannot stand in a line');
  checkSignKey(publicKey);
  return { name, type, publicKey, id: sha256(utf8(name), u8(0x0a), u8(type), publicKey).subarray(0, ID_BYTES) };
}

export const noteKey = (name: string, publicKey: Bytes): NoteKey => keyMake(name, ED25519, publicKey);

/** "name+id+base64(type | key)". */
export function noteKeyParse(vkey: string): NoteKey {
  const parts = vkey.split('+');
  const [name, id] = [parts[0] ?? '', parts[1] ?? ''];
  const typed = base64Decode(parts.slice(2).join('+'));
  if (id.length !== 8 || typed.length !== 33 || (typed[0] !== ED25519 && typed[0] !== COSIGNATURE)) throw malformed('a key');
  const key = keyMake(name, typed[0], typed.subarray(1));
  if (hex(key.id) !== id) throw malformed('a key whose id is not its own');
  return key;
}

export const noteKeyFormat = (key: NoteKey): string => `${key.name}+${hex(key.id)}+${base64(concat(u8(key.type), key.publicKey))}`;

export const noteKeyIsPlain = (key: NoteKey): boolean => key.type === ED25519;

/* ---- taking apart ---- */

function parseLine(line: string): Line {
  const match = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line);
  if (!match || !isNoteName(match[1]!)) throw malformed('a signature line');
  const decoded = base64Decode(match[2]!);
  if (decoded.length <= ID_BYTES || decoded.length > SIGNATURE_MAX) throw malformed('a signature of no length');
  return { name: match[1]!, id: decoded.subarray(0, ID_BYTES), signature: decoded.subarray(ID_BYTES) };
}

export function noteSplit(note: string): Parts {
  const size = utf8(note).length;
  const at = note.lastIndexOf('\n\n');
  if (size > NOTE_MAX) throw new ProtoError('RANGE', 'a note is over its bound');
  if (at < 0 || !note.endsWith('\n')) throw malformed('no signatures');
  const text = note.slice(0, at + 1), block = note.slice(at + 2, -1);
  if (!isClean(text, '\n')) throw malformed('control characters');
  const lines = block.split('\n').map(parseLine);
  if (lines.length > LINES_MAX) throw new ProtoError('RANGE', 'a note has too many signatures');
  return { text, lines };
}

/* ---- making ---- */

export function noteSignLine(text: string, name: string, seed: Bytes): string {
  if (!text.endsWith('\n') || !isClean(text, '\n') || utf8(text).length > TEXT_MAX) throw malformed('a text that cannot be signed');
  const key = noteKey(name, signPublicKey(seed));
  return `\u2014 ${name} ${base64(concat(key.id, sign(utf8(text), seed)))}\n`;
}

export const noteMake = (text: string, name: string, seed: Bytes): string => `${text}\n${noteSignLine(text, name, seed)}`;

/** The note with one more line; REPLAY when that signer is there already. */
export function noteAddLine(note: string, line: string): string {
  const parts = noteSplit(note);
  if (!line.endsWith('\n')) throw malformed('a line without an end');
  const added = parseLine(line.slice(0, -1));
  if (parts.lines.some((other) => other.name === added.name && sameBytes(other.id, added.id)))
    throw new ProtoError('REPLAY', 'this signer has signed already');
  if (parts.lines.length === LINES_MAX) throw new ProtoError('RANGE', 'a note has too many signatures');
  return note + line;
}

/* ---- verifying ---- */

function lineVerifies(text: Bytes, line: Line, key: NoteKey): boolean {
  if (key.type === ED25519) return isSignature(line.signature, text, key.publicKey);
  if (line.signature.length !== 72) return false;
  const time = new DataView(line.signature.buffer, line.signature.byteOffset).getBigUint64(0);
  return isSignature(line.signature.subarray(8), concat(utf8(`cosignature/v1\ntime ${time}\n`), text), key.publicKey);
}

/** The text, when at least one line is by `key` and every line by it verifies. Throws SIGNATURE. Lines of others pass by. */
export function noteVerify(note: string | Bytes, key: NoteKey): string {
  const parts = noteSplit(typeof note === 'string' ? note : fromUtf8(note));
  const text = utf8(parts.text);
  const ours = parts.lines.filter((line) => line.name === key.name && sameBytes(line.id, key.id));
  if (!ours.length || !ours.every((line) => lineVerifies(text, line, key)))
    throw new ProtoError('SIGNATURE', `a note is not signed by ${key.name}`);
  return parts.text;
}
