// SPDX-License-Identifier: Apache-2.0
/*
 * Consent is a key: the customer's end of every capability. This is the one place where a media key is born or dies.
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
import { ProtoError, type Err } from '../err.js';
import type { ConsentState, Frame, PauseBy, PauseReason } from '../session.js';
import { concat, uint, wipe, type Bytes } from '../util/bytes.js';
import { isValue } from '../util/text.js';
import { policyAllows, policyOffers } from '../identity/policy.js';
import { SFRAME_SUITE, SframeKey } from '../seal/sframe.js';
import { capabilities, capabilityFromNumber, capabilityNumber, type Capability } from '../wire/capability.js';
import { CONTROL } from '../wire/control.js';
import { INDEX } from '../wire/envelope.js';
import { KeyRetireSchema, type ConsentRequest } from '../wire/handhold_pb.js';
import { LIMIT, type Core } from '../session/core.js';
import { Frames, TRAVEL } from './frames.js';
import { gateSign } from './gate.js';
import { isMachinesPurpose, keyCommit, kidOf, PURPOSE, shownHash, statementWrite, type StatementAction } from './statement.js';
import type { NoteEntry } from './outbox.js';

export type Phase = 'none' | 'asked' | 'logging' | 'releasing' | 'live' | 'suspended';

export class Grant {
  phase: Phase = 'none';
  capturing = false; /* the owner was told to capture */
  logged = false; /* the receipt was verified, leafHash is set */
  gateOpen = false;
  gateSeq = 0; /* of the last gate sent for it */
  stream = 0; /* drawn once */
  request = 0; /* number under which it was asked for first */
  answered = 0; /* the last such number that was answered */
  epoch = 0;
  maxS = 0;
  retentionDays = 0;
  purpose = '';
  key: SframeKey | undefined; /* undefined: there is no key */
  baseKey: Bytes | undefined; /* until the key was acknowledged */
  stmtHash: Bytes = new Uint8Array(32);
  leafHash: Bytes = new Uint8Array(32);
  grantSeq = 0; /* statement number of the grant: its receipt releases the key */
  counter = 0; /* frames sealed under the key */
  purges = 0; /* frames that WebCrypto had in hand when this rose are thrown away */
  tl0 = 0;
  object = 0;
  expiresMs = Infinity; /* with the session */
  keyCommit: Bytes = new Uint8Array(32); /* of the key, for statements about it when it is gone from here */
  warned = false; /* that it ends soon */
  extendSeq = 0; /* statement number of an extension that the log has yet to take; 0: none */
  extendUntilMs = 0;
  deadlineMs = Infinity; /* of the phase: receipt, key acknowledgement, or a tap after a reload */
  waits = false; /* for a tap after a reload: suspended, and nothing turns it on by itself */
  rotateMs = Infinity;

  constructor(readonly capability: Capability) {}

  kid(): bigint {
    return kidOf(this.epoch, INDEX.CUSTOMER, this.stream);
  }
  holdsConsent(): boolean {
    return this.phase !== 'none' && this.phase !== 'asked';
  }
}

/* Of a grant, over a reload: never a key. */
const KEPT = ['capability', 'logged', 'request', 'answered', 'gateSeq', 'stream', 'epoch', 'maxS', 'retentionDays', 'purpose', 'stmtHash', 'leafHash', 'grantSeq', 'tl0', 'object'] as const;

export interface KeptGrants {
  epoch: number;
  gateSeq: number;
  requestNumber: number;
  refusals: number;
  /** leftMs: until the grant ends; Infinity: with the session. */
  grants: (Pick<Grant, (typeof KEPT)[number]> & { leftMs: number })[];
  paused: boolean;
}

export class Grants {
  paused = false;
  readonly frames: Frames;
  readonly #grants = new Map<Capability, Grant>(capabilities.map((capability) => [capability, new Grant(capability)]));
  #epoch = 0;
  #gateSeq = 0;
  #requestNumber = 0;
  #refusals = 0; /* sheets in a row that a person said no to */
  #refusedRequest = 0;

  constructor(private readonly core: Core) {
    this.frames = new Frames(core);
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

  /* ---- keys ---- */

  #wipeKey(grant: Grant): void {
    grant.key?.destroy();
    grant.key = undefined;
    wipe(grant.baseKey);
    grant.baseKey = undefined;
    this.#purge(grant); /* captured before, not sent yet: nobody is to open it any more */
  }

  #purge(grant: Grant): void {
    grant.purges++;
    this.core.queue.purge(grant.stream);
  }

  #drawStream(grant: Grant): void {
    while (!grant.stream) {
      const stream = this.core.random(1)[0]! & 63;
      if (stream && !this.byStream(stream)) grant.stream = stream;
    }
  }

  #makeKey(grant: Grant): void {
    this.#wipeKey(grant);
    this.#drawStream(grant);
    grant.epoch = ++this.#epoch;
    grant.counter = 0;
    grant.rotateMs = this.core.now.monoMs + LIMIT.EPOCH_MS;
    grant.baseKey = this.core.random(32);
    grant.key = SframeKey.make(grant.kid(), grant.baseKey, 'encrypt');
    grant.keyCommit = keyCommit(grant.kid(), grant.baseKey);
  }

  /* ---- statements ---- */

  /** undefined: FULL, and the customer was told. */
  #state(action: StatementAction, grant: Grant | undefined, purpose: string): NoteEntry | undefined {
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
    this.#state('end', undefined, this.core.endReason);
  }

  /* ---- telling ---- */

  #capture(grant: Grant, on: boolean): void {
    if (grant.capturing === on) return;
    grant.capturing = on;
    this.core.emit({ kind: 'capture', capability: grant.capability, on });
  }

  #tell(grant: Grant, state: ConsentState, purpose: string): void {
    const { capability, maxS, retentionDays } = grant;
    this.core.emit({ kind: 'consent', capability, state, purpose, maxS, retentionDays, request: 0, of: 0, extended: false });
  }

  #secondsLeft(grant: Grant): number {
    return grant.expiresMs === Infinity ? 0 : Math.max(1, Math.ceil((grant.expiresMs - this.core.now.monoMs) / 1000));
  }

  #gate(grant: Grant, open: boolean): void {
    const { core } = this;
    grant.gateOpen = open;
    grant.gateSeq = ++this.#gateSeq;
    core.link.gate(gateSign({
      sid: core.sid!, gateSeq: grant.gateSeq, open, src: INDEX.CUSTOMER, stream: grant.stream, dst: INDEX.AGENT, capability: grant.capability,
      grantee: core.peer!.agent.fingerprint, ttlS: open ? this.#secondsLeft(grant) : 0, leafHash: open ? grant.leafHash : new Uint8Array(32),
    }, core.csSeed));
  }

  /* ---- being asked ---- */

  /** Why a request is not even put before the customer; undefined: it is. */
  #cannotBeAsked({ capability }: Grant, request: Pick<ConsentRequest, 'purpose' | 'maxS' | 'retentionDays'>): string | undefined {
    const { core } = this, { verified, policy, agent } = core.peer!;
    if (!verified && capability !== 'microphone') return PURPOSE.UNVERIFIED;
    if ((!verified || policy.checkWordsRequired) && !core.wordsMatched) return PURPOSE.WORDS;
    const kept = policy.rules.get(capability)?.retentionDays ?? 0;
    if (!policyAllows(policy, capability, agent.role, request.maxS) || request.retentionDays > kept || !policyOffers(policy, request.purpose)) return PURPOSE.FORBIDDEN;
    return core.config.offers.includes(capability) ? undefined : PURPOSE.BLOCKED;
  }

  /** What a request asks for, each once; undefined: it is not one. */
  #askedFor(request: ConsentRequest): Grant[] | undefined {
    const numbers = [request.capability, ...request.with], named = numbers.map(capabilityFromNumber);
    const wellFormed = named.every((name, i) => name && named.indexOf(name) === i) && isValue(request.purpose) && !isMachinesPurpose(request.purpose);
    return wellFormed && request.number > this.#requestNumber && request.again < request.number ? named.map((name) => this.#grants.get(name!)!) : undefined;
  }

  requested(request: ConsentRequest): void {
    const { core } = this, named = this.#askedFor(request);
    if (!named) return core.alarm('FORMAT', "the agent's end sent a request that is not one");
    this.#requestNumber = request.number;
    /* the agent's own end does not let this happen; a changed one gets no answer and no note to fill the log with */
    if (core.ending || core.hold.on || core.goodbye.said || this.#refusals >= LIMIT.REFUSALS_MUTE || this.#all().some((other) => other.phase === 'asked')) return;
    /* what is granted is left out, and, when a sheet comes again, what has an answer that is on its way */
    const open = named.filter((grant) => grant.phase === 'none' && (!request.again || grant.answered < request.again));
    const whyNot = new Map(open.map((grant) => [grant, this.#cannotBeAsked(grant, request)]));
    const of = open.filter((grant) => !whyNot.get(grant)).length;
    for (const grant of open) {
      Object.assign(grant, { request: request.again || request.number, maxS: request.maxS, retentionDays: request.retentionDays, purpose: request.purpose, phase: 'asked' });
    }
    for (const grant of open) {
      const why = whyNot.get(grant), { capability, purpose, maxS, retentionDays } = grant;
      if (why) this.#refuse(grant, why, why === PURPOSE.BLOCKED ? 'blocked' : 'refused');
      else core.emit({ kind: 'consent', capability, state: 'requested', purpose, maxS, retentionDays, request: request.number, of, extended: false });
    }
  }

  /** `why` is what this end says; when a person said no it is empty, and the statement keeps the words that they said no to. */
  #refuse(grant: Grant, why: string, state: ConsentState): Err {
    if (grant.phase !== 'asked') return 'CONSENT';
    this.#state('refuse', grant, why || grant.purpose);
    grant.phase = 'none';
    grant.answered = grant.request;
    this.#tell(grant, state, why);
    return 'OK';
  }

  refuse(grant: Grant): Err {
    const err = this.#refuse(grant, '', 'refused');
    if (err === 'OK' && this.#refusedRequest !== grant.request) { /* a sheet counts once */
      this.#refusedRequest = grant.request;
      this.#refusals++;
    }
    return err;
  }

  grant(grant: Grant): Err {
    const { core } = this, { monoMs } = core.now;
    if (grant.phase !== 'asked') return 'CONSENT';
    if (core.logDistrusted) return 'LOG';
    this.#makeKey(grant);
    grant.expiresMs = grant.maxS ? monoMs + grant.maxS * 1000 : Infinity;
    const entry = this.#state('grant', grant, grant.purpose);
    if (!entry) {
      this.#wipeKey(grant);
      return 'FULL';
    }
    grant.phase = 'logging';
    grant.answered = grant.request;
    grant.logged = false;
    grant.grantSeq = entry.seq;
    grant.stmtHash = entry.textHash;
    grant.deadlineMs = monoMs + LIMIT.RECEIPT_WAIT_MS;
    this.#refusals = 0;
    return 'OK';
  }

  /* ---- release ---- */

  /** KEYREL: 78 bytes, sealed at once and wiped. */
  #sendKey(grant: Grant): void {
    const { class: kind } = TRAVEL[grant.capability];
    const body = concat(
      Uint8Array.of(capabilityNumber(grant.capability), kind, INDEX.CUSTOMER, grant.stream), uint(grant.epoch, 4), uint(SFRAME_SUITE, 2),
      uint(this.#secondsLeft(grant), 4), grant.baseKey!, grant.stmtHash,
    );
    this.core.control(CONTROL.KEY_RELEASE, body);
    wipe(body);
  }

  /** The log has it, and this end has verified that. Only now may the key leave. */
  #release(grant: Grant): void {
    if (!this.core.pair.up || this.core.hold.keepsOff()) {
      this.#wipeKey(grant);
      grant.phase = 'suspended';
      return;
    }
    if (TRAVEL[grant.capability].media) this.#gate(grant, true);
    this.#sendKey(grant);
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
      this.#tell(grant, 'granted', grant.purpose);
    }
  }

  #goLive(grant: Grant): void {
    wipe(grant.baseKey);
    grant.baseKey = undefined;
    grant.phase = 'live';
    grant.deadlineMs = Infinity;
    if (!this.paused) this.#capture(grant, true);
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
    if (this.#cannotBeAsked(grant, { purpose, maxS, retentionDays })) return 'POLICY';
    const entry = this.#state('grant', grant, purpose);
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
    if (grant.gateOpen) this.#gate(grant, true);
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
    this.#capture(grant, false);
    this.#wipeKey(grant);
    if (grant.gateOpen) this.#gate(grant, false);
    this.core.controlMessage(CONTROL.KEY_RETIRE, KeyRetireSchema, { kid });
    this.#state('withdraw', grant, why);
    grant.phase = 'none';
    grant.waits = false;
    grant.grantSeq = grant.extendSeq = 0;
    grant.warned = false;
    grant.deadlineMs = Infinity;
    if (grant.capability === 'still') this.core.stills.end();
    this.#tell(grant, state, why);
  }

  withdraw(grant: Grant): Err {
    if (!grant.holdsConsent()) return 'CONSENT';
    this.#withdraw(grant, '', 'withdrawn');
    return 'OK';
  }

  blocked(grant: Grant): Err {
    if (!grant.holdsConsent()) return this.#refuse(grant, PURPOSE.BLOCKED, 'blocked');
    this.#withdraw(grant, PURPOSE.BLOCKED, 'blocked');
    return 'OK';
  }

  withdrawAll(purpose: string): void {
    for (const grant of this.#all()) {
      if (grant.holdsConsent()) this.#withdraw(grant, purpose, 'withdrawn');
      else this.#refuse(grant, purpose, 'refused'); /* no answer is no */
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
        this.#tell(grant, 'none', why);
      }
      if (!grant.holdsConsent() || grant.phase === 'suspended') continue;
      this.#capture(grant, false);
      this.#wipeKey(grant);
      if (grant.gateOpen) this.#gate(grant, false);
      grant.phase = 'suspended';
      grant.deadlineMs = Infinity;
    }
  }

  /** A fresh key under a `rekey` statement: nobody is asked again, nothing earlier is readable with it. */
  #rekey(grant: Grant): void {
    this.#capture(grant, false);
    this.#makeKey(grant);
    const entry = this.#state('rekey', grant, '');
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
      epoch: this.#epoch, gateSeq: this.#gateSeq, requestNumber: this.#requestNumber, refusals: this.#refusals, paused: this.paused,
      grants: held.map((grant) => ({ ...(Object.fromEntries(KEPT.map((name) => [name, grant[name]])) as Pick<Grant, (typeof KEPT)[number]>), leftMs: grant.expiresMs - monoMs })),
    };
  }

  /** Everything is off: what was granted waits for a tap, as long as the grace time. */
  restore(kept: KeptGrants): void {
    const { core } = this, { monoMs } = core.now;
    [this.#epoch, this.#gateSeq, this.#requestNumber, this.#refusals] = [kept.epoch, kept.gateSeq, kept.requestNumber, kept.refusals];
    for (const { capability, leftMs, ...fields } of kept.grants) {
      const grant = this.#grants.get(capability)!;
      Object.assign(grant, fields, { phase: 'suspended', waits: true, expiresMs: monoMs + leftMs, deadlineMs: core.lostSinceMs + core.peer!.policy.graceS * 1000 });
      this.#tell(grant, 'granted', grant.purpose);
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
      this.#capture(grant, !paused);
      if (paused) this.#purge(grant);
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
    if (grant) this.#purge(grant);
  }
  streamWaits(capability: Capability): boolean {
    return this.core.queue.holds(this.get(capability)?.stream ?? 0);
  }

  pushFrame(capability: Capability, frame: Frame): Promise<Err> {
    const grant = this.#grants.get(capability);
    return this.maySend(grant) ? this.frames.push(grant, frame) : Promise.resolve('CONSENT');
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
    this.core.emit({ kind: 'expiring', capability: grant.capability, leftS: this.#secondsLeft(grant) });
  }

  clear(): void {
    for (const grant of this.#all()) {
      this.#capture(grant, false);
      this.#wipeKey(grant);
      grant.phase = 'none';
    }
    this.core.stills.end();
  }
}

/** The grant of a capability that a caller named. Throws RANGE. */
export function grantOf(grants: Grants, capability: Capability): Grant {
  const grant = grants.get(capability);
  if (!grant) throw new ProtoError('RANGE', 'no such capability');
  return grant;
}
