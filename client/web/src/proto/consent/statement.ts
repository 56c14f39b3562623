// SPDX-License-Identifier: Apache-2.0
/* The customer's statements: exactly the lines of PROTOCOL.md §11, each signer's chained by `prev`. */
import { ProtoError } from '../err.js';
import { concat, hex, uint, utf8, type Bytes } from '../util/bytes.js';
import { isValue, linesOf } from '../util/text.js';
import { base64 } from '../seal/base64.js';
import { sha256 } from '../seal/kdf.js';
import { capabilityLabel, type Capability, type Role } from '../wire/capability.js';

export type StatementAction = 'grant' | 'withdraw' | 'rekey' | 'join' | 'leave' | 'refuse' | 'end';

/* Purposes that this end writes by itself. Nobody may ask in such words: a refusal would look as if no person had made it. */
export const PURPOSE = {
  EXPIRED: 'expired', USED: 'used', CONNECTION_LOST: 'connection lost', NOT_LOGGED: 'not logged', BLOCKED: 'blocked', FORBIDDEN: 'policy forbids',
  UNVERIFIED: 'unverified organisation', WORDS: 'check words not compared', NO_GATE: 'refused by the relay', ENDED: 'ended',
  HELD_TOO_LONG: 'held too long',
} as const;
const MACHINES = new Set<string>(Object.values(PURPOSE));
/** May a request give it? Not "-", which stands in a statement for no purpose. */
export const mayBeGiven = (purpose: string): boolean => isValue(purpose) && !MACHINES.has(purpose) && purpose !== '-';
export const isMachinesPurpose = (purpose: string): boolean => MACHINES.has(purpose);

export interface Statement {
  sid: Bytes;
  seq: number;
  /** H(text of the one before); undefined for the first. */
  prev: Bytes | undefined;
  unixS: number;
  action: StatementAction;
  capability: Capability | undefined;
  /** undefined: all who hold the grant, or nobody in particular. */
  grantee: { fingerprint: Bytes; role: Role } | undefined;
  domain: string;
  verified: boolean;
  epoch: number;
  /** 0: until the session ends. */
  maxS: number;
  retentionDays: number;
  /** What the statement says of the key; with grant and rekey. */
  keyCommit: Bytes | undefined;
  purpose: string;
  /** Hash of what was on the screen, and of the program that showed it. */
  uiText: Bytes;
  uiBuild: Bytes;
}

/** Throws RANGE: a value that cannot stand in a note. */
export function statementWrite(st: Statement): string {
  if (!isValue(st.purpose) || !isValue(st.domain) || !st.domain || st.domain.includes(' ') || st.seq < 1 || st.unixS < 0)
    throw new ProtoError('RANGE', 'a statement with a value out of its bound');
  return [
    'handhold/1 statement',
    `session ${hex(st.sid)}`,
    `seq ${st.seq}`,
    `prev ${st.prev ? base64(st.prev) : '-'}`,
    `time ${st.unixS}`,
    `action ${st.action}`,
    `capability ${st.capability ?? '-'}`,
    `grantee ${st.grantee ? `${base64(st.grantee.fingerprint)} ${st.grantee.role}` : '-'}`,
    `org ${st.domain} ${st.verified ? 'verified' : 'unverified'}`,
    `scope ${st.epoch} ${st.maxS} ${st.retentionDays}`,
    `key ${st.keyCommit ? base64(st.keyCommit) : '-'}`,
    `purpose ${st.purpose || '-'}`,
    `ui ${base64(st.uiText)} ${base64(st.uiBuild)}`,
    '',
  ].join('\n');
}

/** What people may read of a statement again: line name to value. Throws FORMAT on anything that has other lines. */
export function statementLines(text: string): ReadonlyMap<string, string> {
  const names = ['session', 'seq', 'prev', 'time', 'action', 'capability', 'grantee', 'org', 'scope', 'key', 'purpose', 'ui'];
  const [first, ...lines] = linesOf(text) ?? [];
  const found = new Map(lines.map((line) => [line.split(' ', 1)[0]!, line.slice(line.indexOf(' ') + 1)] as const));
  if (first !== 'handhold/1 statement' || lines.length !== names.length || [...found.keys()].join() !== names.join())
    throw new ProtoError('FORMAT', 'no statement');
  return found;
}

/** One KID has one key for everybody; GCM alone would not see to that. */
export const keyCommit = (kid: bigint, baseKey: Bytes): Bytes => sha256(utf8('handhold/1 keycommit'), uint(kid, 8), baseKey);

/** The words before the customer, in English, whatever language the screen has. */
export function shownHash(capability: Capability | undefined, purpose: string, maxS: number): Bytes {
  return sha256(utf8(`en\n${capability ? capabilityLabel(capability) : '-'}\n${purpose}\n${maxS}\n`));
}

export const customerSigner = (sid: Bytes): string => `handhold.session/${hex(sid)}`;

/** epoch << 10 | sender << 6 | stream. */
export const kidOf = (epoch: number, sender: number, stream: number): bigint => (BigInt(epoch) << 10n) | BigInt((sender << 6) | stream);
export const kidStream = (kid: bigint): number => Number(kid & 63n);

/** What AUTH and frames are bound to: not sent, only authenticated. */
export const frameContext = (sid: Bytes, csPublic: Bytes): Bytes => sha256(utf8('handhold/1 ctx'), concat(sid, csPublic));
