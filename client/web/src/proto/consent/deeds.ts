// SPDX-License-Identifier: Apache-2.0
/*
 * What is done with a grant, one deed each: its key is made, sent or wiped, a statement is written, the gate is set, and
 * whoever must know is told. When each is due is for grants.ts to say; a media key is born and dies in this file alone.
 */
import type { ConsentState } from '../session.js';
import { concat, uint, wipe } from '../util/bytes.js';
import { SFRAME_SUITE, SframeKey } from '../seal/sframe.js';
import { capabilityNumber } from '../wire/capability.js';
import { CONTROL } from '../wire/control.js';
import { INDEX } from '../wire/envelope.js';
import { LIMIT, type Core } from '../session/core.js';
import { TRAVEL } from './frames.js';
import { gateSign } from './gate.js';
import type { Grant } from './grant.js';
import type { NoteEntry } from './outbox.js';
import { Reply } from './talk.js';
import { keyCommit, shownHash, statementWrite, type StatementAction } from './statement.js';

export class Deeds {
  epoch = 0;
  gateSeq = 0;

  /** taken: has another grant this stream? */
  constructor(private readonly core: Core, private readonly taken: (stream: number) => boolean) {}

  /* ---- keys ---- */

  wipeKey(grant: Grant): void {
    grant.key?.destroy();
    grant.reply?.key.destroy();
    grant.key = grant.reply = undefined;
    wipe(grant.baseKey);
    grant.baseKey = undefined;
    this.purge(grant); /* captured before, not sent yet: nobody is to open it any more */
  }

  purge(grant: Grant): void {
    grant.purges++;
    this.core.queue.purge(grant.stream);
  }

  private drawStream(grant: Grant): void {
    while (!grant.stream) {
      const stream = this.core.random(1)[0]! & 63;
      if (stream && !this.taken(stream)) grant.stream = stream;
    }
  }

  makeKey(grant: Grant): void {
    this.wipeKey(grant);
    this.drawStream(grant);
    grant.epoch = ++this.epoch;
    grant.counter = 0;
    grant.rotateMs = this.core.now.monoMs + LIMIT.EPOCH_MS;
    grant.baseKey = this.core.random(32);
    grant.key = SframeKey.make(grant.kid(), grant.baseKey, 'encrypt');
    if (grant.capability === 'microphone') grant.reply = new Reply(grant.epoch, grant.stream, grant.baseKey);
    grant.keyCommit = keyCommit(grant.kid(), grant.baseKey);
  }

  /* ---- statements ---- */

  /** undefined: FULL, and the customer was told. */
  state(action: StatementAction, grant: Grant | undefined, purpose: string): NoteEntry | undefined {
    const { core } = this, peer = core.peer!, everyone = action === 'rekey' || action === 'end';
    const keyed = action === 'grant' || action === 'rekey' ? grant?.keyCommit : undefined;
    try {
      const text = statementWrite({
        sid: core.sid!, seq: core.outbox.nextSeq(), prev: core.outbox.prev(), unixS: Math.floor(core.now.unixMs / 1000), action, capability: grant?.capability,
        grantee: everyone ? undefined : { fingerprint: peer.agent.fingerprint, role: peer.agent.role }, domain: peer.agent.domain, verified: peer.verified,
        epoch: grant?.epoch ?? 0, maxS: grant?.maxS ?? 0, retentionDays: grant?.retentionDays ?? 0, keyCommit: keyed, purpose,
        uiText: shownHash(grant?.capability, grant?.purpose ?? '', grant?.maxS ?? 0), uiBuild: core.config.uiBuild,
      });
      return core.outbox.add(text, action, grant?.capability);
    } catch {
      core.error('FULL', 'a decision could not be noted: too many notes wait for the log');
      return undefined;
    }
  }

  endStatement(): void {
    this.state('end', undefined, this.core.endReason);
  }

  /* ---- telling ---- */

  capture(grant: Grant, on: boolean): void {
    if (grant.capturing === on) return;
    grant.capturing = on;
    this.core.emit({ kind: 'capture', capability: grant.capability, on });
  }

  tell(grant: Grant, state: ConsentState, purpose: string): void {
    const { capability, maxS, retentionDays } = grant;
    this.core.emit({ kind: 'consent', capability, state, purpose, maxS, retentionDays, request: 0, of: 0, extended: false });
  }

  secondsLeft(grant: Grant): number {
    return grant.expiresMs === Infinity ? 0 : Math.max(1, Math.ceil((grant.expiresMs - this.core.now.monoMs) / 1000));
  }

  /** A voice has a way back; the answer that counts is the one to the way there. */
  gate(grant: Grant, open: boolean): void {
    if (grant.capability === 'microphone') this.sendGate(grant, open, INDEX.AGENT, INDEX.CUSTOMER);
    this.sendGate(grant, open, INDEX.CUSTOMER, INDEX.AGENT);
    grant.gateOpen = open;
    grant.gateSeq = this.gateSeq;
  }

  private sendGate(grant: Grant, open: boolean, src: number, dst: number): void {
    const { core } = this;
    core.link.gate(gateSign({
      sid: core.sid!, gateSeq: ++this.gateSeq, open, src, stream: grant.stream, dst, capability: grant.capability,
      grantee: core.peer!.agent.fingerprint, ttlS: open ? this.secondsLeft(grant) : 0, leafHash: open ? grant.leafHash : new Uint8Array(32),
    }, core.csSeed));
  }

  /** KEYREL: 78 bytes, sealed at once and wiped. */
  sendKey(grant: Grant): void {
    const { class: kind } = TRAVEL[grant.capability];
    const body = concat(
      Uint8Array.of(capabilityNumber(grant.capability), kind, INDEX.CUSTOMER, grant.stream), uint(grant.epoch, 4), uint(SFRAME_SUITE, 2),
      uint(this.secondsLeft(grant), 4), grant.baseKey!, grant.stmtHash,
    );
    this.core.control(CONTROL.KEY_RELEASE, body);
    wipe(body);
  }
}
