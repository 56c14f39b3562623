// SPDX-License-Identifier: Apache-2.0
/* ORG: the organisation's logs, witnesses and revoked serials, a note by its root under "<domain>/org". */
import { ProtoError } from '../err.js';
import { utf8, type Bytes } from '../util/bytes.js';
import { decimal, firstWord, INT64_MAX, isClean, linesOf } from '../util/text.js';
import { sha256 } from '../seal/kdf.js';
import { noteKey, noteKeyParse, noteVerify } from '../seal/note.js';
import type { Identity } from './certificate.js';
import { isDomain } from './profile.js';

const FIRST_LINE = 'handhold/1 org', NOTE_MAX = 16384, KEYS_MAX = 8, REVOKED_MAX = 128, REASON_MAX = 40;

export interface Org {
  number: bigint;
  domain: string;
  timeS: bigint;
  logs: string[];
  witnesses: string[];
  revoked: { serial: string; timeS: bigint; reason: string }[];
  textHash: Bytes;
}

const bad = (): ProtoError => new ProtoError('FORMAT', 'an organisation note that is not one');

function write(org: Org): string {
  const lines = [FIRST_LINE, `number ${org.number}`, `domain ${org.domain}`, `time ${org.timeS}`];
  for (const vkey of org.logs) lines.push(`log ${vkey}`);
  for (const vkey of org.witnesses) lines.push(`witness ${vkey}`);
  for (const entry of org.revoked) lines.push(`revoked ${entry.serial} ${entry.timeS} ${entry.reason}`);
  return `${lines.join('\n')}\n`;
}

function number(text: string): bigint {
  const value = decimal(text, INT64_MAX);
  if (value === undefined) throw bad();
  return value;
}

function addKey(list: string[], vkey: string): void {
  noteKeyParse(vkey);
  if (!list.includes(vkey)) list.push(vkey);
  if (list.length > KEYS_MAX) throw bad();
}

function addRevoked(org: Org, rest: string): void {
  const [serial, behind] = firstWord(rest), [time, reason] = firstWord(behind);
  if (!/^([0-9a-f]{2}){1,20}$/.test(serial) || !reason || utf8(reason).length > REASON_MAX || !isClean(reason)) throw bad();
  if (org.revoked.some((other) => other.serial === serial) || org.revoked.length === REVOKED_MAX) throw bad();
  org.revoked.push({ serial, timeS: number(time), reason });
}

const LINES: Readonly<Record<string, (org: Org, rest: string) => void>> = {
  number: (org, rest) => void (org.number = number(rest)),
  domain: (org, rest) => void (org.domain = rest),
  time: (org, rest) => void (org.timeS = number(rest)),
  log: (org, rest) => addKey(org.logs, rest),
  witness: (org, rest) => addKey(org.witnesses, rest),
  revoked: addRevoked,
};

/** Order, repetitions and spelling need no rule of their own: what was read must write the very same text again. */
export function orgRead(text: string): Org {
  const org: Org = { number: 0n, domain: '', timeS: 0n, logs: [], witnesses: [], revoked: [], textHash: sha256(utf8(text)) };
  const [first, ...lines] = linesOf(text) ?? [];
  if (first !== FIRST_LINE) throw bad();
  for (const line of lines) {
    const [word, rest] = firstWord(line), read = Object.hasOwn(LINES, word) ? LINES[word] : undefined;
    if (!read) throw bad();
    read(org, rest);
  }
  if (!isDomain(org.domain) || write(org) !== text) throw bad();
  return org;
}

/** Throws FORMAT, ORG. `minimum`: the number seen before. */
export function orgVerify(note: string, rootKey: Bytes, domain: string, minimum: bigint): Org {
  if (utf8(note).length > NOTE_MAX) throw new ProtoError('RANGE', 'an organisation note over its bound');
  let text: string;
  try {
    text = noteVerify(note, noteKey(`${domain}/org`, rootKey));
  } catch (error) {
    throw error instanceof ProtoError && error.err !== 'SIGNATURE' ? error : new ProtoError('ORG', 'the organisation did not sign its note');
  }
  const org = orgRead(text);
  if (org.domain !== domain || org.number === 0n || org.number < minimum) throw new ProtoError('ORG', 'an older note, or another domain');
  return org;
}

/** Throws CERT_CHAIN, CERT_REVOKED. */
export function orgAdmits(org: Org, identity: Identity): void {
  if (org.domain !== identity.domain) throw new ProtoError('CERT_CHAIN', 'the note of another organisation');
  if (org.revoked.some((entry) => entry.serial === identity.serial)) throw new ProtoError('CERT_REVOKED', 'this certificate was revoked');
}

/** The key of the log with this origin; undefined when the organisation names no such log. */
export const orgLog = (org: Org, origin: string): string | undefined => org.logs.filter((vkey) => origin && vkey.startsWith(`${origin}+`)).pop();
