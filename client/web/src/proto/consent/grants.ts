// SPDX-License-Identifier: Apache-2.0
/*
 * Consent is a key: the customer's end of every capability, and when its key is born, leaves and dies (deeds.ts does it).
 *
 *      none --request--> asked --Allow--> logging --receipt verified--> releasing --KEY_ACK or 0.5 s--> live
 *                          |                 |                             |                              | ^
 *                          refuse            10 s without receipt          |     pair gone: key wiped     v | rekey
 *                          v                 v                             +-------------------------> suspended
 *                        none <----------------------- withdraw, expiry, grace over ----------------------+
 *
 * A withdrawal never waits for anybody: first capture stops and the key is wiped, then the gate closes, then the others are told
 * and the log gets its note.
 */
import type { Err } from '../err.js';
import type { ConsentState, Frame, PauseBy, PauseReason } from '../session.js';
import { wipe, type Bytes } from '../util/bytes.js';
import { capabilities, type Capability } from '../wire/capability.js';
import { CONTROL } from '../wire/control.js';
import { KeyRetireSchema, type ConsentRequest, type MediaAck, type QueueReport } from '../wire/handhold_pb.js';
import { LIMIT, type Core } from '../session/core.js';
import { Asking } from './asking.js';
import { Deeds } from './deeds.js';
import { Frames, TRAVEL } from './frames.js';
import { Grant, KEPT, type KeptGrants } from './grant.js';
import { PURPOSE } from './statement.js';
import { Talk } from './talk.js';

export class Grants {
  paused = false;
  readonly frames: Frames;
  readonly talk: Talk;
  readonly #grants = new Map<Capability, Grant>(capabilities.map((capability) => [capability, new Grant(capability)]));
  readonly #deeds: Deeds;
  readonly #asking: Asking;

  constructor(private readonly core: Core) {
    this.frames = new Frames(core);
    this.talk = new Talk(core, this.#grants.get('microphone')!);
    this.#deeds = new Deeds(core, (stream) => this.byStream(stream) !== undefined);
    this.#asking = new Asking(core, this.#deeds, this.#grants);
  }

  get(capability: Capability): Grant | undefined {
    return this.#grants.get(capability);
  }
  #all(): Grant[] {
    return [...this.#grants.values()];
  }
  byStream(stream: number): Capability | undefined {
    return stream ? this.#all().find((grant) => grant.stream === stream)?.capability : undefined;
  }

  /* ---- a person's answer ---- */

  requested(request: ConsentRequest): void {
    this.#asking.requested(request);
  }
  refuse(grant: Grant): Err {
    return this.#asking.refuse(grant);
  }
  endStatement(): void {
    this.#deeds.endStatement();
  }

  grant(grant: Grant): Err {
    const { core } = this, { monoMs } = core.now;
    if (grant.phase !== 'asked') return 'CONSENT';
    if (core.logDistrusted) return 'LOG';
    this.#deeds.makeKey(grant);
    grant.expiresMs = grant.maxS ? monoMs + grant.maxS * 1000 : Infinity;
    const entry = this.#deeds.state('grant', grant, grant.purpose);
    if (!entry) {
      this.#deeds.wipeKey(grant);
      return 'FULL';
    }
    grant.phase = 'logging';
    grant.answered = grant.request;
    grant.logged = false;
    grant.grantSeq = entry.seq;
    grant.stmtHash = entry.textHash;
    grant.deadlineMs = monoMs + LIMIT.RECEIPT_WAIT_MS;
    this.#asking.refusals = 0;
    return 'OK';
  }

  /* ---- release ---- */

  /** The log has it, and this end has verified that. Only now may the key leave. */
  #release(grant: Grant): void {
    if (!this.core.pair.up || this.core.hold.keepsOff()) {
      this.#deeds.wipeKey(grant);
      grant.phase = 'suspended';
      return;
    }
    if (TRAVEL[grant.capability].media) this.#deeds.gate(grant, true);
    this.#deeds.sendKey(grant);
    grant.phase = 'releasing';
    grant.deadlineMs = this.core.now.monoMs + LIMIT.KEY_ACK_WAIT_MS;
  }

  noteLogged(seq: number, hash: Bytes): void {
    for (const grant of this.#all()) {
      if (grant.extendSeq && grant.extendSeq === seq) this.#extended(grant, hash);
      if (grant.grantSeq !== seq || grant.logged || (grant.phase !== 'logging' && grant.phase !== 'suspended')) continue;
      grant.logged = true;
      grant.leafHash = hash;
      if (grant.phase !== 'logging') continue;
      this.#release(grant);
      this.#deeds.tell(grant, 'granted', grant.purpose);
    }
  }

  #goLive(grant: Grant): void {
    wipe(grant.baseKey);
    grant.baseKey = undefined;
    grant.phase = 'live';
    grant.deadlineMs = Infinity;
    if (!this.paused) this.#deeds.capture(grant, true);
  }

  keyAcked(kid: bigint): void {
    const grant = this.#all().find((other) => other.phase === 'releasing' && other.kid() === kid);
    if (grant) this.#goLive(grant);
  }

  /* ---- what ends soon goes on ---- */

  /** The same purpose and retention, for as long as was first asked, from now. It holds when the log has it. */
  extend(grant: Grant): Err {
    const { core } = this, { monoMs } = core.now, { purpose, maxS, retentionDays } = grant;
    if (grant.phase !== 'live' || !grant.warned || grant.extendSeq || core.ending) return 'STATE';
    if (core.logDistrusted) return 'LOG';
    if (this.#asking.cannotBeAsked(grant, { purpose, maxS, retentionDays })) return 'POLICY';
    const entry = this.#deeds.state('grant', grant, purpose);
    if (!entry) return 'FULL';
    grant.extendSeq = entry.seq;
    grant.extendUntilMs = monoMs + maxS * 1000;
    return 'OK';
  }

  /* The key stays; only how long it may be used is new, which is the relay's to know and to enforce. */
  #extended(grant: Grant, leaf: Bytes): void {
    grant.extendSeq = 0;
    grant.warned = false;
    grant.expiresMs = grant.extendUntilMs;
    grant.leafHash = leaf;
    if (grant.gateOpen) this.#deeds.gate(grant, true);
    const { capability, purpose, maxS, retentionDays } = grant;
    this.core.emit({ kind: 'consent', capability, state: 'granted', purpose, maxS, retentionDays, request: 0, of: 0, extended: true });
  }

  #mayWarn(grant: Grant): boolean {
    return grant.phase === 'live' && grant.maxS > 0 && !grant.warned;
  }
  #warnMs(grant: Grant): number {
    return grant.expiresMs - Math.min(LIMIT.EXPIRING_MS, grant.maxS * 500);
  }

  /* ---- withdrawal ---- */

  #withdraw(grant: Grant, why: string, state: ConsentState): void {
    const kid = grant.kid();
    this.#deeds.capture(grant, false);
    this.#deeds.wipeKey(grant);
    if (grant.gateOpen) this.#deeds.gate(grant, false);
    this.core.controlMessage(CONTROL.KEY_RETIRE, KeyRetireSchema, { kid });
    this.#deeds.state('withdraw', grant, why);
    grant.phase = 'none';
    grant.waits = false;
    grant.grantSeq = grant.extendSeq = 0;
    grant.warned = false;
    grant.deadlineMs = Infinity;
    if (grant.capability === 'still') this.core.stills.end();
    this.#deeds.tell(grant, state, why);
  }

  withdraw(grant: Grant): Err {
    if (!grant.holdsConsent()) return 'CONSENT';
    this.#withdraw(grant, '', 'withdrawn');
    return 'OK';
  }

  blocked(grant: Grant): Err {
    if (!grant.holdsConsent()) return this.#asking.close(grant, PURPOSE.BLOCKED, 'blocked');
    this.#withdraw(grant, PURPOSE.BLOCKED, 'blocked');
    return 'OK';
  }

  withdrawAll(purpose: string): void {
    for (const grant of this.#all()) {
      if (grant.holdsConsent()) this.#withdraw(grant, purpose, 'withdrawn');
      else this.#asking.close(grant, purpose, 'refused'); /* no answer is no */
    }
  }

  gateAnswered(gateSeq: number, err: Err, message: string): void {
    if (err === 'OK') return;
    const grant = this.#all().find((other) => other.gateOpen && other.gateSeq === gateSeq && other.holdsConsent());
    if (!grant) return;
    grant.gateOpen = false;
    this.core.error(err, message);
    this.#withdraw(grant, PURPOSE.NO_GATE, 'withdrawn');
  }

  /* ---- the pair goes and comes ---- */

  suspend(why: string): void {
    for (const grant of this.#all()) {
      if (grant.phase === 'logging' && !grant.logged) continue; /* its key never left; the receipt decides */
      if (grant.phase === 'asked') {
        grant.phase = 'none'; /* the agent's end asks again when it is back */
        this.#deeds.tell(grant, 'none', why);
      }
      if (!grant.holdsConsent() || grant.phase === 'suspended') continue;
      this.#deeds.capture(grant, false);
      this.#deeds.wipeKey(grant);
      if (grant.gateOpen) this.#deeds.gate(grant, false);
      grant.phase = 'suspended';
      grant.deadlineMs = Infinity;
    }
  }

  /** A fresh key under a `rekey` statement: nobody is asked again, nothing earlier is readable with it. */
  #rekey(grant: Grant): void {
    this.#deeds.capture(grant, false);
    this.#deeds.makeKey(grant);
    const entry = this.#deeds.state('rekey', grant, '');
    if (!entry) return this.#withdraw(grant, PURPOSE.NOT_LOGGED, 'withdrawn');
    grant.stmtHash = entry.textHash;
    this.#release(grant);
  }

  resume(): void {
    if (this.core.hold.keepsOff()) return;
    for (const grant of this.#all()) if (grant.phase === 'suspended' && grant.logged && !grant.waits) this.#rekey(grant);
  }

  /* ---- over a reload ---- */

  keep(monoMs: number): KeptGrants {
    const held = this.#all().filter((grant) => grant.holdsConsent());
    return {
      epoch: this.#deeds.epoch, gateSeq: this.#deeds.gateSeq, requestNumber: this.#asking.number, refusals: this.#asking.refusals, paused: this.paused,
      grants: held.map((grant) => ({ ...(Object.fromEntries(KEPT.map((name) => [name, grant[name]])) as Pick<Grant, (typeof KEPT)[number]>), leftMs: grant.expiresMs - monoMs })),
    };
  }

  /** Everything is off: what was granted waits for a tap, as long as the grace time. */
  restore(kept: KeptGrants): void {
    const { core } = this, { monoMs } = core.now;
    [this.#deeds.epoch, this.#deeds.gateSeq, this.#asking.number, this.#asking.refusals] = [kept.epoch, kept.gateSeq, kept.requestNumber, kept.refusals];
    for (const { capability, leftMs, ...fields } of kept.grants) {
      const grant = this.#grants.get(capability)!;
      Object.assign(grant, fields, { phase: 'suspended', waits: true, expiresMs: monoMs + leftMs, deadlineMs: core.lostSinceMs + core.peer!.policy.graceS * 1000 });
      this.#deeds.tell(grant, 'granted', grant.purpose);
    }
    this.paused = kept.paused;
    if (kept.grants.length && !kept.paused) void this.pause(true, 'device', 'page-hidden');
  }

  /** The tap. Before the pair is up again, it is the pair that turns them on. */
  #goOn(): void {
    for (const grant of this.#all()) {
      if (!grant.waits) continue;
      grant.waits = false;
      grant.deadlineMs = Infinity;
      if (this.core.pair.up && !this.core.hold.keepsOff() && grant.phase === 'suspended' && grant.logged) this.#rekey(grant);
    }
  }

  /* ---- pause and pictures ---- */

  pause(paused: boolean, by: PauseBy, reason: PauseReason): Err {
    const { core } = this;
    if (!core.joined || core.ending || core.ended) return 'STATE';
    if (this.paused === paused) return 'OK';
    this.paused = paused;
    for (const grant of this.#all()) {
      if (grant.phase !== 'live') continue;
      this.#deeds.capture(grant, !paused);
      if (paused) this.#deeds.purge(grant);
    }
    if (!paused) this.#goOn();
    return core.data.sendBody({ case: 'paused', value: { paused, by, reason } });
  }

  maySend(grant: Grant | undefined): grant is Grant {
    return grant !== undefined && grant.phase === 'live' && grant.key !== undefined && !this.paused && TRAVEL[grant.capability].media;
  }

  isLive(capability: Capability): boolean {
    return this.get(capability)?.phase === 'live' && !this.core.hold.on;
  }

  /** The log has it; a lost connection or a hold may have suspended it. */
  isGranted(capability: Capability): boolean {
    const grant = this.get(capability);
    return grant !== undefined && grant.phase !== 'none' && grant.phase !== 'asked' && grant.logged;
  }

  purgeStream(capability: Capability): void {
    const grant = this.get(capability);
    if (grant) this.#deeds.purge(grant);
  }
  streamWaits(capability: Capability): boolean {
    return this.core.queue.holds(this.get(capability)?.stream ?? 0);
  }

  pushFrame(capability: Capability, frame: Frame): Promise<Err> {
    const grant = this.#grants.get(capability);
    return this.maySend(grant) ? this.frames.push(grant, frame) : Promise.resolve('CONSENT');
  }

  /** Figures only: who forges them can make a picture worse. What makes no sense is left out. */
  mediaAcked({ stream, obj, arrivalMs }: MediaAck): void {
    const capability = this.byStream(stream), rises = obj.every((object, i) => i === 0 || object > obj[i - 1]!);
    if (capability && rises && obj.length === arrivalMs.length) this.core.emit({ kind: 'media-ack', capability, objects: obj, arrivalMs });
  }
  mediaQueued({ stream, queuedMs, dropped }: QueueReport): void {
    const capability = this.byStream(stream);
    if (capability) this.core.emit({ kind: 'media-queue', capability, queuedMs, dropped });
  }

  keyFrameWanted(stream: number): void {
    const capability = this.byStream(stream);
    if (capability && this.maySend(this.#grants.get(capability))) this.core.emit({ kind: 'key-frame', capability });
  }

  consent(grant: Grant): ConsentState {
    if (grant.phase === 'none') return 'none';
    return grant.phase !== 'asked' && grant.logged ? 'granted' : 'requested';
  }

  /* ---- time ---- */

  deadline(): number {
    const { monoMs } = this.core.now;
    const of = (grant: Grant): number => {
      if (!grant.holdsConsent()) return Infinity;
      const phase = grant.phase === 'logging' || grant.phase === 'releasing' || grant.waits ? grant.deadlineMs : Infinity;
      const turn = grant.phase !== 'live' ? Infinity : grant.counter >= LIMIT.EPOCH_FRAMES ? monoMs : grant.rotateMs;
      return Math.min(grant.expiresMs, phase, turn, this.#mayWarn(grant) ? this.#warnMs(grant) : Infinity);
    };
    return Math.min(...this.#all().map(of));
  }

  tick(): void {
    for (const grant of this.#all()) if (grant.holdsConsent()) this.#tickGrant(grant, this.core.now.monoMs);
  }

  #tickGrant(grant: Grant, monoMs: number): void {
    const turns = grant.phase === 'live' && (monoMs >= grant.rotateMs || grant.counter >= LIMIT.EPOCH_FRAMES);
    if (monoMs >= grant.expiresMs) this.#withdraw(grant, PURPOSE.EXPIRED, 'expired');
    else if (grant.phase === 'logging' && monoMs >= grant.deadlineMs) this.#withdraw(grant, PURPOSE.NOT_LOGGED, 'withdrawn');
    else if (grant.phase === 'releasing' && monoMs >= grant.deadlineMs) this.#goLive(grant);
    else if (grant.waits && monoMs >= grant.deadlineMs) this.#withdraw(grant, PURPOSE.CONNECTION_LOST, 'withdrawn');
    else if (turns) this.#rekey(grant);
    if (!this.#mayWarn(grant) || monoMs < this.#warnMs(grant)) return;
    grant.warned = true;
    this.core.emit({ kind: 'expiring', capability: grant.capability, leftS: this.#deeds.secondsLeft(grant) });
  }

  clear(): void {
    for (const grant of this.#all()) {
      this.#deeds.capture(grant, false);
      this.#deeds.wipeKey(grant);
      grant.phase = 'none';
    }
    this.core.stills.end();
  }
}
