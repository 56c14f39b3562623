// SPDX-License-Identifier: Apache-2.0
/* screens/errors.ts - the errors of the protocol, as the few things that a person can understand and act on. */
import type { Err } from '../proto/session.js';

/** Why an invitation does not work: the stem of its title and body. GONE, UNREACHABLE, NO_CODE, LINK: of this page. */
export type Refusal = 'link' | 'VERSION' | 'NOT_FOUND' | 'EXPIRED' | 'BURNT' | 'CODE' | 'NO_CODE' | 'BUSY' | 'GONE' | 'UNREACHABLE' | 'identity' | 'clock' | 'other';

const REFUSALS: Partial<Record<Err | 'GONE' | 'UNREACHABLE' | 'NO_CODE', Refusal>> = {
  LINK: 'link', VERSION: 'VERSION', NOT_FOUND: 'NOT_FOUND', EXPIRED: 'EXPIRED', BURNT: 'BURNT', CODE: 'CODE', NO_CODE: 'NO_CODE', BUSY: 'BUSY', GONE: 'GONE', UNREACHABLE: 'UNREACHABLE',
  SIGNATURE: 'identity', KEY: 'identity', CERT_CHAIN: 'identity', CERT_PROFILE: 'identity', CERT_ROLE: 'identity', CERT_NAME: 'identity', CERT_REVOKED: 'identity', ORG: 'identity', LOG: 'identity',
  CERT_EXPIRED: 'clock', CLOCK: 'clock',
};

export function refusalFor(err: string): Refusal {
  return REFUSALS[err as Err] ?? 'other';
}

/** What is wrong during a visit: the log, who guesses the code, the way between the two ends, or the other end. */
export type Alarm = 'log' | 'guess' | 'way' | 'agent';

const ALARMS: Partial<Record<Err, Alarm>> = { LOG: 'log', BURNT: 'guess', CODE: 'guess', CRYPTO: 'way', REPLAY: 'way' };

export function alarmFor(err: Err): Alarm {
  return ALARMS[err] ?? 'agent';
}
