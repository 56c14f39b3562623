// SPDX-License-Identifier: Apache-2.0
/* proto/log/fork.ts - two checkpoints of one log that cannot both be true, as a file that is judged offline; proto/log/fork.h has the form. */
import { base64 } from '../seal/base64.js';
import type { Bytes } from '../util/bytes.js';

export type ForkKind = 'same-size' | 'bad-proof' | 'no-proof';
const SAID: Readonly<Record<ForkKind, string>> = {
  'same-size': 'They are of one size and have two roots: no log can have both.',
  'bad-proof': 'The relay was asked to prove that the second continues the first. What it offered, below, does not.',
  'no-proof': 'The relay was asked to prove that the second continues the first. It went on passing messages and did not answer.',
};

/** first, second: bare notes (checkpointBare). proof: of bad-proof, what was offered. */
export function forkFile(kind: ForkKind, vkey: string, first: string, second: string, proof: readonly Bytes[] = []): string {
  const offered = kind === 'bad-proof' ? `--- proof\n${proof.map((hash) => `${base64(hash)}\n`).join('')}` : '';
  return 'Two checkpoints of one log, both under its key, as two ends of a session were shown them.\n' +
    `${SAID[kind]}\nKeep this file. handhold-audit check judges it, without asking anybody.\n` +
    `--- fork ${kind}\nlog ${vkey}\n--- checkpoint\n${first}--- checkpoint\n${second}${offered}`;
}
