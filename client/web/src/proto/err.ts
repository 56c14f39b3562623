// SPDX-License-Identifier: Apache-2.0
/* The errors of handhold/1: their numbers travel (PROTOCOL.md §1), so the order never changes and the list only grows. */

const NAMES = [
  'OK', 'NOMEM', 'ARGUMENT', 'RANGE', 'FORMAT', 'VERSION', 'STATE', 'CRYPTO', 'SIGNATURE',
  'KEY', 'CERT_CHAIN', 'CERT_PROFILE', 'CERT_ROLE', 'CERT_NAME', 'CERT_EXPIRED', 'CERT_REVOKED', 'CLOCK',
  'ORG', 'POLICY', 'CONSENT', 'LOG', 'REPLAY', 'LINK', 'CODE', 'BURNT',
  'EXPIRED', 'TIMEOUT', 'IO', 'FULL', 'BUSY', 'REFUSED', 'NOT_FOUND', 'EXISTS',
] as const;

export type Err = (typeof NAMES)[number];

/** What the parts of the protocol throw. Nothing of it leaves a session: there it becomes an event. */
export class ProtoError extends Error {
  constructor(readonly err: Err, message: string) {
    super(message);
    this.name = 'ProtoError';
  }
}

export function errFromNumber(number: number): Err {
  return NAMES[number] ?? 'FORMAT'; // a number of a newer version is still a refusal
}

export function errNumber(err: Err): number {
  return NAMES.indexOf(err);
}
