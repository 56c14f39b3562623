// SPDX-License-Identifier: Apache-2.0
/*
 * Consent is a key: the customer's end of every capability, and when its key is born, leaves and dies (deeds.ts does it;
 * asking.ts is what comes before, more_time.ts what follows when it ends soon, flow.ts what flows under it).
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
import type { ConsentState, PauseBy, PauseReason } from '../session.js';
import { wipe, type Bytes } from '../util/bytes.js';
import { capabilities, type Capability } from '../wire/capability.js';
import { CONTROL } from '../wire/control.js';
import { KeyRetireSchema, type ConsentRequest } from '../wire/handhold_pb.js';
import { LIMIT, type Core } from '../session/core.js';
import { Asking } from './asking.js';
import { Deeds } from './deeds.js';
import { Flow } from './flow.js';
import { TRAVEL } from './frames.js';
import { Grant } from './grant.js';
import { keepGrants, restoreGrants, type KeptGrants } from './kept_grants.js';
import { MoreTime } from './more_time.js';
import { PURPOSE } from './statement.js';
import { Talk } from './talk.js';

const isLens = (capability: Capability): boolean => capability === 'camera' || capability === 'microphone';

export class Grants {
  paused = false;
  readonly flow: Flow;
  readonly talk: Talk;
  readonly #grants = new Map<Capability, Grant>(capabilities.map((capability) => [capability, new Grant(capability)]));
  readonly #deeds: Deeds;
  readonly #asking: Asking;
  readonly #moreTime: MoreTime;

  constructor(private readonly core: Core) {
    this.flow = new Flow(core, this);
    this.talk = new Talk(core, this.#grants.get('microphone')!);
    this.#deeds = new Deeds(core, (stream) => this.byStream(stream) !== undefined);
    this.#asking = new Asking(core, this.#deeds, this.#grants);
    this.#moreTime = new MoreTime(core, this.#deeds, this.#asking);
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
  extend(grant: Grant): Err {
    return this.#moreTime.extend(grant);
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

  /** The log has it, and this end has verified that. Only now may the key leave. */
  #release(grant: Grant): void {
    if (!this.core.pair.up || this.core.hold.keepsOff()) {
      this.#deeds.capture(grant, false);
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
      this.#moreTime.logged(grant, seq, hash);
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
    if (this.paused) return;
    if (grant.capturing && grant.capability === 'camera') this.core.emit({ kind: 'key-frame', capability: 'camera' }); /* under the key before it no more left */
    this.#deeds.capture(grant, true);
  }

  keyAcked(kid: bigint): void {
    const grant = this.#all().find((other) => other.phase === 'releasing' && other.kid() === kid);
    if (grant) this.#goLive(grant);
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

  /**
   * A fresh key under a `rekey` statement: nobody is asked again, nothing earlier is readable with it. A lens that runs goes
   * on running, because a browser may ask its person anew for one that was closed; what it gives meanwhile is not sealed.
   */
  #rekey(grant: Grant): void {
    if (!isLens(grant.capability)) this.#deeds.capture(grant, false);
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
    return keepGrants(this.#all(), this.#deeds, this.#asking, this.paused, monoMs);
  }

  /** Everything is off: what was granted waits for a tap, as long as the grace time. */
  restore(kept: KeptGrants): void {
    for (const grant of restoreGrants(kept, this.#grants, this.#deeds, this.#asking, this.core)) this.#deeds.tell(grant, 'granted', grant.purpose);
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

  /* ---- pause ---- */

  pause(paused: boolean, by: PauseBy, reason: PauseReason): Err {
    const { core } = this;
    if (!core.joined || core.ending || core.ended) return 'STATE';
    if (this.paused === paused) return 'OK';
    this.paused = paused;
    for (const grant of this.#all()) {
      if (grant.phase !== 'live' && !grant.capturing) continue;
      this.#deeds.capture(grant, !paused);
      if (paused) this.#deeds.purge(grant);
    }
    if (!paused) this.#goOn();
    return core.data.sendBody({ case: 'paused', value: { paused, by, reason } });
  }

  isLive(capability: Capability): boolean {
    return this.get(capability)?.phase === 'live' && !this.core.hold.on;
  }

  /** The log has it; a lost connection or a hold may have suspended it. */
  isGranted(capability: Capability): boolean {
    return this.get(capability)?.consent() === 'granted';
  }

  purgeStream(capability: Capability): void {
    const grant = this.get(capability);
    if (grant) this.#deeds.purge(grant);
  }

  /* ---- time ---- */

  deadline(): number {
    const { monoMs } = this.core.now;
    const of = (grant: Grant): number => {
      if (!grant.holdsConsent()) return Infinity;
      const phase = grant.phase === 'logging' || grant.phase === 'releasing' || grant.waits ? grant.deadlineMs : Infinity;
      const turn = grant.phase !== 'live' ? Infinity : grant.counter >= LIMIT.EPOCH_FRAMES ? monoMs : grant.rotateMs;
      return Math.min(grant.expiresMs, phase, turn, this.#moreTime.warnMs(grant));
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
    this.#moreTime.tick(grant);
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
