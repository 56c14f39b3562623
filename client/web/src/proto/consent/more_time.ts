// SPDX-License-Identifier: Apache-2.0
/* What ends soon goes on by a tap: the same purpose and retention, for as long as was first asked. No tap is an end. */
import type { Err } from '../err.js';
import type { Bytes } from '../util/bytes.js';
import { LIMIT, type Core } from '../session/core.js';
import type { Asking } from './asking.js';
import type { Deeds } from './deeds.js';
import type { Grant } from './grant.js';

export class MoreTime {
  constructor(private readonly core: Core, private readonly deeds: Deeds, private readonly asking: Asking) {}

  /** From now; it holds when the log has it. */
  extend(grant: Grant): Err {
    const { core } = this, { purpose, maxS, retentionDays } = grant;
    if (grant.phase !== 'live' || !grant.warned || grant.extendSeq || core.ending) return 'STATE';
    if (core.logDistrusted) return 'LOG';
    if (this.asking.cannotBeAsked(grant, { purpose, maxS, retentionDays })) return 'POLICY';
    const entry = this.deeds.state('grant', grant, purpose);
    if (!entry) return 'FULL';
    grant.extendSeq = entry.seq;
    grant.extendUntilMs = core.now.monoMs + maxS * 1000;
    return 'OK';
  }

  /** The key stays; only how long it may be used is new, which is the relay's to know and to enforce. */
  logged(grant: Grant, seq: number, leaf: Bytes): void {
    if (!grant.extendSeq || grant.extendSeq !== seq) return;
    grant.extendSeq = 0;
    grant.warned = false;
    grant.expiresMs = grant.extendUntilMs;
    grant.leafHash = leaf;
    if (grant.gateOpen) this.deeds.gate(grant, true);
    const { capability, purpose, maxS, retentionDays } = grant;
    this.core.emit({ kind: 'consent', capability, state: 'granted', purpose, maxS, retentionDays, request: 0, of: 0, extended: true });
  }

  /** When its owner is to be told; Infinity: never, or it was. */
  warnMs(grant: Grant): number {
    const may = grant.phase === 'live' && grant.maxS > 0 && !grant.warned;
    return may ? grant.expiresMs - Math.min(LIMIT.EXPIRING_MS, grant.maxS * 500) : Infinity;
  }

  tick(grant: Grant): void {
    if (this.core.now.monoMs < this.warnMs(grant)) return;
    grant.warned = true;
    this.core.emit({ kind: 'expiring', capability: grant.capability, leftS: this.deeds.secondsLeft(grant) });
  }
}
