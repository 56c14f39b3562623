// SPDX-License-Identifier: Apache-2.0
/*
 * What takes a session over a reload of its page: who the two ends are, the seat, the key to resume with, the notes that the
 * log has yet to take, and what was granted. No media key is in it and nothing that was said or shown: after a reload
 * everything is off, and nothing that was sent before can be opened with it. PROTOCOL.md §8.5.
 */
import { ProtoError } from '../err.js';
import type { Bytes } from '../util/bytes.js';
import { plainRead, plainWrite } from '../util/plain.js';
import type { LogSeen } from '../log/receipt.js';
import type { KeptGrants } from '../consent/kept_grants.js';
import type { KeptOutbox } from '../consent/outbox.js';
import type { Peer } from './core.js';
import type { KeptData } from './data.js';
import type { KeptHold } from './hold.js';

export interface Kept {
  uiBuild: Bytes;
  /** Wall clock, in ms: of the writing, and of the session's start. */
  unixMs: number;
  startUnixMs: number;
  sid: Bytes;
  joinHost: string;
  csSeed: Bytes;
  token: Bytes;
  resumeKeys: Bytes[];
  peer: Peer;
  tree: LogSeen;
  checkpoint: string;
  logDistrusted: boolean;
  wordsMatched: boolean;
  data: KeptData;
  hold: KeptHold;
  lastStill: number;
  /** What answers a second device that has the same link; undefined: it was a code. */
  moveKey: Bytes | undefined;
  outbox: KeptOutbox;
  grants: KeptGrants;
}

export const keptWrite = (kept: Kept): string => plainWrite(kept);

/** What another device was handed: its clock may differ from this one's. */
export function keptHere(text: string, unixMs: number): string {
  const kept = plainRead(text) as Kept, ahead = unixMs - kept.unixMs;
  return plainWrite({ ...kept, unixMs, startUnixMs: kept.startUnixMs + ahead });
}

/** Throws EXPIRED when the grace time is over, VERSION when another build wrote it. */
export function keptRead(text: string, uiBuild: Bytes, unixMs: number): Kept {
  let kept: Kept;
  try {
    kept = plainRead(text) as Kept;
    if (String(kept.uiBuild) !== String(uiBuild)) throw new ProtoError('VERSION', 'another build of this page wrote it');
  } catch (error) {
    throw error instanceof ProtoError ? error : new ProtoError('FORMAT', 'nothing to take up again');
  }
  if (unixMs < kept.unixMs || unixMs >= kept.unixMs + kept.peer.policy.graceS * 1000) throw new ProtoError('EXPIRED', 'the time to come back is over');
  return kept;
}
