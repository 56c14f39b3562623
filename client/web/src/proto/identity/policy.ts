// SPDX-License-Identifier: Apache-2.0
/* POLICY: what may be asked for, how long and by whom, a note by an officer's leaf, whose chain is judged at its `time` line. */
import { ProtoError } from '../err.js';
import { utf8, type Bytes } from '../util/bytes.js';
import { decimal, firstWord, INT64_MAX, linesOf, MAX_VALUE_BYTES } from '../util/text.js';
import { base64, base64Decode } from '../seal/base64.js';
import { sha256 } from '../seal/kdf.js';
import { noteKey, noteSplit, noteVerify } from '../seal/note.js';
import { capabilities, capabilityFromName, roles, type Capability, type Role } from '../wire/capability.js';
import { CHAIN_MAX, signerName, verifyChain } from './certificate.js';
import type { Org } from './org.js';
import { isDomain } from './profile.js';

const FIRST_LINE = 'handhold/1 policy', NOTE_MAX = 8192, SECONDS_MAX = 4n * 3600n, DAYS_MAX = 36500n, GRACE_MAX = 600n, DER_MAX = 4096, PURPOSES_MAX = 16;
const CODE_MINUTES = 10, CODE_MINUTES_MAX = 60n, LINK_MINUTES = 1440, LINK_MINUTES_MAX = 10080n;

export interface Rule {
  /** 0: until the session ends. */
  maxS: number;
  retentionDays: number;
  /** In the order of their numbers. */
  roles: Role[];
}

export interface Policy {
  number: bigint;
  domain: string;
  timeS: bigint;
  officer: Bytes[];
  /** Of the officer who signed it, as their certificate has it; '' before it was verified. */
  officerEmail: string;
  evidenceKey: Bytes;
  graceS: number;
  checkWordsRequired: boolean;
  ticketRequired: boolean;
  /** How long the organisation keeps the evidence of a session; 0: no end. */
  keepDays: number;
  /** How long an invitation may wait to be taken up. */
  codeMinutes: number;
  linkMinutes: number;
  /** That may be asked for; none: any. */
  purposes: string[];
  /** What is not here is forbidden. */
  rules: Map<Capability, Rule>;
  textHash: Bytes;
}

const bad = (): ProtoError => new ProtoError('FORMAT', 'a policy that is not one');

function write(policy: Policy): string {
  const lines = [FIRST_LINE, `number ${policy.number}`, `domain ${policy.domain}`, `time ${policy.timeS}`];
  for (const der of policy.officer) lines.push(`officer ${base64(der)}`);
  lines.push(`evidence ${base64(policy.evidenceKey)}`, `grace ${policy.graceS}`, `check-words ${policy.checkWordsRequired ? 'required' : 'optional'}`);
  if (policy.ticketRequired) lines.push('ticket required');
  if (policy.keepDays) lines.push(`keep ${policy.keepDays}`);
  if (policy.codeMinutes !== CODE_MINUTES) lines.push(`code-minutes ${policy.codeMinutes}`);
  if (policy.linkMinutes !== LINK_MINUTES) lines.push(`link-minutes ${policy.linkMinutes}`);
  for (const purpose of policy.purposes) lines.push(`purpose ${purpose}`);
  for (const capability of capabilities) {
    const rule = policy.rules.get(capability);
    lines.push(rule ? `allow ${capability} ${rule.maxS} ${rule.retentionDays} ${rule.roles.join(',')}` : `deny ${capability}`);
  }
  return `${lines.join('\n')}\n`;
}

function number(text: string, max: bigint): bigint {
  const value = decimal(text, max);
  if (value === undefined) throw bad();
  return value;
}

function minutes(text: string, max: bigint): number {
  const value = number(text, max);
  if (value === 0n) throw bad();
  return Number(value);
}

function addRule(policy: Policy, rest: string): void {
  const [name, behind] = firstWord(rest), [seconds, later] = firstWord(behind), [days, list] = firstWord(later);
  const capability = capabilityFromName(name), named = list.split(','), known = roles.filter((role) => named.includes(role));
  if (!capability || policy.rules.has(capability) || !known.length) throw bad();
  policy.rules.set(capability, { maxS: Number(number(seconds, SECONDS_MAX)), retentionDays: Number(number(days, DAYS_MAX)), roles: known });
}

function addPurpose(policy: Policy, rest: string): void {
  if (!rest || utf8(rest).length > MAX_VALUE_BYTES || policy.purposes.length === PURPOSES_MAX) throw bad();
  policy.purposes.push(rest);
}

const LINES: Readonly<Record<string, (policy: Policy, rest: string) => void>> = {
  number: (policy, rest) => void (policy.number = number(rest, INT64_MAX)),
  domain: (policy, rest) => void (policy.domain = rest),
  time: (policy, rest) => void (policy.timeS = number(rest, INT64_MAX)),
  officer: (policy, rest) => void policy.officer.push(base64Decode(rest)),
  evidence: (policy, rest) => void (policy.evidenceKey = base64Decode(rest)),
  grace: (policy, rest) => void (policy.graceS = Number(number(rest, GRACE_MAX))),
  'check-words': (policy, rest) => void (policy.checkWordsRequired = rest === 'required'),
  ticket: (policy, rest) => void (policy.ticketRequired = rest === 'required'),
  keep: (policy, rest) => void (policy.keepDays = Number(number(rest, DAYS_MAX))),
  'code-minutes': (policy, rest) => void (policy.codeMinutes = minutes(rest, CODE_MINUTES_MAX)),
  'link-minutes': (policy, rest) => void (policy.linkMinutes = minutes(rest, LINK_MINUTES_MAX)),
  purpose: addPurpose,
  allow: addRule,
  deny: () => undefined, /* what has no rule is written as denied, in its place: the comparison sees to the rest */
};

/** One text, one policy: the text must be the one that would be written. Throws FORMAT. */
export function policyRead(text: string): Policy {
  const policy: Policy = {
    number: 0n, domain: '', timeS: 0n, officer: [], officerEmail: '', evidenceKey: new Uint8Array(0), graceS: 0, checkWordsRequired: false, ticketRequired: false, keepDays: 0,
    codeMinutes: CODE_MINUTES, linkMinutes: LINK_MINUTES, purposes: [], rules: new Map(), textHash: sha256(utf8(text)),
  };
  const [first, ...lines] = linesOf(text) ?? [];
  if (first !== FIRST_LINE) throw bad();
  for (const line of lines) {
    const [word, rest] = firstWord(line), read = Object.hasOwn(LINES, word) ? LINES[word] : undefined;
    if (!read) throw bad();
    read(policy, rest);
  }
  const officers = policy.officer.length >= 1 && policy.officer.length < CHAIN_MAX && policy.officer.every((der) => der.length <= DER_MAX);
  if (!officers || policy.evidenceKey.length !== 32 || !isDomain(policy.domain) || write(policy) !== text) throw bad();
  return policy;
}

/** The officer: an unbroken chain at the time of the policy, the role, and not taken back by then. Returns the signer's key. */
function checkOfficer(policy: Policy, root: Bytes, org: Org): { name: string; email: string; publicKey: Bytes } {
  const officer = verifyChain([...policy.officer, root], undefined, Number(policy.timeS));
  if (officer.role !== 'officer') throw new ProtoError('CERT_ROLE', 'a policy that no officer signed');
  if (policy.domain !== officer.domain || org.domain !== officer.domain) throw new ProtoError('CERT_CHAIN', 'the policy of another organisation');
  if (org.revoked.some((entry) => entry.serial === officer.serial && entry.timeS <= policy.timeS)) throw new ProtoError('CERT_REVOKED', 'this officer was revoked');
  return { name: signerName(officer), email: officer.email, publicKey: officer.publicKey };
}

/** `root`: DER of the root that the agent's chain ended in. Throws FORMAT, SIGNATURE, CERT_…, POLICY. */
export function policyVerify(note: string, root: Bytes, org: Org, minimum: bigint): Policy {
  if (utf8(note).length > NOTE_MAX) throw new ProtoError('RANGE', 'a policy over its bound');
  const policy = policyRead(noteSplit(note).text), officer = checkOfficer(policy, root, org);
  noteVerify(note, noteKey(officer.name, officer.publicKey));
  if (policy.number === 0n || policy.number < minimum) throw new ProtoError('POLICY', 'an older policy');
  policy.officerEmail = officer.email;
  return policy;
}

export function policyAllows(policy: Policy, capability: Capability, role: Role, seconds: number): boolean {
  const rule = policy.rules.get(capability);
  return rule !== undefined && rule.roles.includes(role) && (rule.maxS === 0 || (seconds > 0 && seconds <= rule.maxS));
}

/** May a request give this purpose? */
export function policyOffers(policy: Policy, purpose: string): boolean {
  return !policy.purposes.length || policy.purposes.includes(purpose);
}
