// SPDX-License-Identifier: Apache-2.0
/* Grants over a reload: what was granted, never a key. */
import type { Core } from '../session/core.js';
import type { Capability } from '../wire/capability.js';
import type { Asking } from './asking.js';
import type { Deeds } from './deeds.js';
import type { Grant } from './grant.js';

const KEPT = ['capability', 'logged', 'request', 'answered', 'gateSeq', 'stream', 'epoch', 'maxS', 'retentionDays', 'purpose', 'stmtHash', 'leafHash', 'grantSeq', 'tl0', 'object'] as const;
type Fields = Pick<Grant, (typeof KEPT)[number]>;

export interface KeptGrants {
  epoch: number;
  gateSeq: number;
  requestNumber: number;
  refusals: number;
  /** leftMs: until the grant ends; Infinity: with the session. */
  grants: (Fields & { leftMs: number })[];
  paused: boolean;
}

export function keepGrants(all: readonly Grant[], deeds: Deeds, asking: Asking, paused: boolean, monoMs: number): KeptGrants {
  const fieldsOf = (grant: Grant): Fields => Object.fromEntries(KEPT.map((name) => [name, grant[name]])) as unknown as Fields;
  return {
    epoch: deeds.epoch, gateSeq: deeds.gateSeq, requestNumber: asking.number, refusals: asking.refusals, paused,
    grants: all.filter((grant) => grant.holdsConsent()).map((grant) => ({ ...fieldsOf(grant), leftMs: grant.expiresMs - monoMs })),
  };
}

/** Those that were granted: suspended, and waiting for a tap as long as the grace time. */
export function restoreGrants(kept: KeptGrants, grants: ReadonlyMap<Capability, Grant>, deeds: Deeds, asking: Asking, core: Core): Grant[] {
  [deeds.epoch, deeds.gateSeq, asking.number, asking.refusals] = [kept.epoch, kept.gateSeq, kept.requestNumber, kept.refusals];
  const untilMs = core.lostSinceMs + core.peer!.policy.graceS * 1000;
  return kept.grants.map(({ capability, leftMs, ...fields }) =>
    Object.assign(grants.get(capability)!, fields, { phase: 'suspended' as const, waits: true, expiresMs: core.now.monoMs + leftMs, deadlineMs: untilMs }));
}
