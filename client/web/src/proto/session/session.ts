// SPDX-License-Identifier: Apache-2.0
/* The outside of a session: PROTOCOL.md §8 as one object. What it is for stands in proto/session.ts. */
import type { Err } from '../err.js';
import type { CameraReport, ConsentState, CustomerSession, Figures, Frame, OrganisationView, ReceiptKeys, PauseBy, PauseReason, SessionData, SessionEvent, Still } from '../session.js';
import type { Bytes } from '../util/bytes.js';
import { noteKey, noteKeyFormat } from '../seal/note.js';
import { NOTHING_SEEN, type LogSeen } from '../log/receipt.js';
import { policyAllows } from '../identity/policy.js';
import type { Grant } from '../consent/grant.js';
import { customerSigner, PURPOSE } from '../consent/statement.js';
import type { Capability, EndReason } from '../wire/capability.js';
import { envelopeParse, INDEX, TYPE } from '../wire/envelope.js';
import { LIMIT } from './core.js';
import { keptWrite } from './kept.js';
import { Shared } from './shared.js';

export class Session extends Shared implements CustomerSession {
  /** What takes it over a reload; undefined: nothing does. */
  keep(): string | undefined {
    const { monoMs, unixMs } = this.config.clock(), { token } = this.link, resumeKeys = this.pair.keep();
    if (!this.peer || !this.sid || !token || !resumeKeys.length || !this.pair.everConfirmed || this.ending || this.ended || this.goodbye.said) return undefined;
    return keptWrite({
      uiBuild: this.config.uiBuild, unixMs, startUnixMs: unixMs - (monoMs - this.startMs), sid: this.sid, joinHost: this.joinHost, csSeed: this.csSeed, token,
      resumeKeys, peer: this.peer, tree: this.tree, checkpoint: this.checkpoint, logDistrusted: this.logDistrusted, wordsMatched: this.wordsMatched,
      data: this.data.keep(), hold: this.hold.keep(monoMs), lastStill: this.stills.keep(), moveKey: this.move.key, outbox: this.outbox.keep(), grants: this.grants.keep(monoMs),
    });
  }

  over(): boolean {
    return this.ended && !this.queue.hasControl();
  }

  nextEvent(): SessionEvent | undefined {
    return this.events.shift();
  }

  /* ---------------------------------------------------------------- the connection */

  connected(): void {
    this.enter();
    if (!this.ended && this.link.state === 'down') this.link.hello();
  }

  disconnected(): void {
    this.enter();
    if (this.link.state === 'down') return;
    this.link.down();
    this.queue.clear();
    this.outbox.disconnected();
    this.pair.close();
    this.queue.clear(); /* what closing the pair wanted to say has no way out any more */
    this.theEnd.cut();
  }

  askRelay(): boolean {
    this.enter();
    return !this.ended && this.link.askAnything();
  }

  feed(message: Bytes): void {
    this.enter();
    if (this.ended || this.link.state === 'down') return;
    if (message[0] === TYPE.MEDIA) return this.grants.talk.feed(message);
    let parsed;
    try {
      parsed = envelopeParse(message);
    } catch {
      return; /* a relay that sends nonsense is not answered */
    }
    if (parsed.type === TYPE.RELAY) this.link.feed(parsed.body);
    else if (parsed.type === TYPE.LOG) this.outbox.receipt(parsed.body);
    else if (parsed.type === TYPE.HANDSHAKE) this.pair.feedHandshake(parsed.body);
    else this.pair.feedControl(parsed.body);
  }

  pending(): Uint8Array<ArrayBuffer> | undefined {
    this.stills.feed();
    return this.queue.pending();
  }
  sent(): void {
    this.queue.sent();
  }
  waitsMs(): number {
    return this.pair.waitsMs();
  }
  backlogBytes(): number {
    return this.queue.mediaBytes();
  }
  wantsConnection(): boolean {
    return !this.ended;
  }

  /* ---------------------------------------------------------------- time */

  end(reason: EndReason): void {
    this.enter();
    this.beginEnd(reason, INDEX.CUSTOMER);
    if (!this.joined && this.link.state !== 'seated') this.finish(reason, this.endBy, '');
  }
  endNow(): void {
    this.enter();
    if (this.ending) this.endUntold();
  }
  endWaits(): boolean {
    return this.theEnd.waits();
  }

  deadline(): number {
    const at = Math.min(this.pair.deadline(), this.outbox.deadline(), this.grants.deadline(), this.hold.deadline(), this.goodbye.deadline());
    return this.theEnd.deadline(at);
  }

  tick(): void {
    this.enter();
    if (this.ended) return;
    if (this.events.length > LIMIT.EVENTS) return this.finish('failed', INDEX.CUSTOMER, 'events were not read: a bounded row is full');
    this.pair.tick();
    this.outbox.tick();
    this.grants.tick();
    this.hold.tick();
    this.theEnd.tickGrace();
    if (!this.ended) this.goodbye.tick();
    this.theEnd.tick();
  }

  /* ---------------------------------------------------------------- commands */

  #command(capability: Capability, act: (grant: Grant) => Err): Err {
    this.enter();
    const grant = this.grants.get(capability);
    if (!grant) return 'RANGE';
    return this.ended ? 'CONSENT' : act(grant);
  }

  grant(capability: Capability): Err {
    return this.#command(capability, (grant) => this.grants.grant(grant));
  }
  refuse(capability: Capability): Err {
    return this.#command(capability, (grant) => this.grants.refuse(grant));
  }
  blocked(capability: Capability): Err {
    return this.#command(capability, (grant) => this.grants.blocked(grant));
  }
  extend(capability: Capability): Err {
    return this.#command(capability, (grant) => this.grants.extend(grant));
  }
  withdraw(capability: Capability): Err {
    return this.#command(capability, (grant) => this.grants.withdraw(grant));
  }

  pause(paused: boolean, by: PauseBy, reason: PauseReason): Err {
    this.enter();
    return this.grants.pause(paused, by, reason);
  }

  maySend(capability: Capability): boolean {
    return this.grants.flow.maySend(capability);
  }

  pushFrame(capability: Capability, frame: Frame): Promise<Err> {
    this.enter();
    return this.grants.flow.push(capability, frame);
  }

  lastObject(capability: Capability): number {
    return this.grants.get(capability)?.object ?? 0;
  }

  #mayAct(): boolean {
    this.enter();
    return this.joined && !this.ending && !this.ended;
  }

  stillSend(id: number, still: Still): Err {
    return this.#mayAct() ? this.stills.send(id, still) : 'STATE';
  }
  stillDiscard(id: number, failed: boolean): Err {
    return this.#mayAct() ? this.stills.discard(id, failed) : 'STATE';
  }
  cameraState(report: CameraReport): Err {
    return this.#mayAct() ? this.data.sendBody({ case: 'cameraState', value: { ...report, lenses: [...report.lenses] } }) : 'STATE';
  }
  rate(stars: number, solved: boolean): Err {
    return this.#mayAct() ? this.goodbye.rate(stars, solved) : 'STATE';
  }
  besideJoin(nameplate: string): void {
    this.enter();
    this.link.besideJoin(nameplate);
  }
  besideSend(bytes: Bytes): void {
    this.enter();
    this.link.besideSend(bytes);
  }
  answerMove(yes: boolean): Promise<Err> {
    this.enter();
    if (yes) this.grants.suspend(PURPOSE.CONNECTION_LOST); /* nothing is captured from the tap on; and the gates that this closes count */
    return this.move.answer(yes ? this.keep() : undefined);
  }
  onHold(): boolean {
    return this.hold.on;
  }

  sendData(data: SessionData): Err {
    this.enter();
    if (!this.joined || this.ending || this.ended) return 'STATE';
    if (data.kind === 'check-words') this.wordsMatched = data.match;
    return this.data.send(data);
  }

  /* ---------------------------------------------------------------- what is so */

  figures(): Figures {
    return { framesSealed: this.grants.flow.sealed, logEntries: this.outbox.logEntries, outbox: this.outbox.waiting(), chatWaits: this.data.chatWaits() };
  }

  consent(capability: Capability): ConsentState {
    const grant = this.grants.get(capability);
    return grant?.consent() ?? 'none';
  }

  grantedUntil(capability: Capability): number | undefined {
    const grant = this.grants.get(capability);
    return grant?.consent() === 'granted' ? grant.expiresMs : undefined;
  }

  seen(): { origin: string; seen: LogSeen } {
    return { origin: this.link.origin, seen: this.logDistrusted ? NOTHING_SEEN : this.tree };
  }

  receiptKeys(): ReceiptKeys | undefined {
    if (!this.peer || !this.sid || !this.logVkey) return undefined;
    const customer = noteKeyFormat(noteKey(customerSigner(this.sid), this.csPublic));
    return { log: this.logVkey, customer, certificates: this.peer.chain, keepDays: this.peer.policy.keepDays, officerEmail: this.peer.policy.officerEmail };
  }

  organisation(): OrganisationView | undefined {
    if (!this.peer) return undefined;
    const { agent, policy, verified } = this.peer;
    return {
      domain: agent.domain, verified, agent: agent.name, role: agent.role, checkWordsRequired: policy.checkWordsRequired, graceS: policy.graceS,
      allows: (capability) => {
        const rule = policy.rules.get(capability);
        return rule && policyAllows(policy, capability, agent.role, rule.maxS) ? { maxS: rule.maxS, retentionDays: rule.retentionDays } : undefined;
      },
    };
  }
}
