// SPDX-License-Identifier: Apache-2.0
/*
 * visit/visit.ts - one session as the screens see it: what is so (plain fields), and what a person may do (methods). Every
 * event of the protocol is turned here into what is so; screens are told "something changed" and read it.
 */
import type { CameraReport, Capability, CustomerSession, Err, Frame, GuideAct, PauseBy, PauseReason, SessionData, SessionEvent, Still } from '../proto/session.js';
import { OtherDevice } from '../device/beside.js';
import { StatePace } from '../device/pace.js';
import { takeGuidePart } from './guide.js';
import { GuidePictures } from './guide_pictures.js';
import { openLine } from './line.js';
import type { Keeper } from './keep.js';
import type { Line } from './line.js';
import { VisitState } from './state.js';
import type { Devices, VisitKept } from './model.js';

export type * from './model.js';

const UNANSWERED_MS = 5000; /* so long the relay may take to answer the last word */

export class Visit extends VisitState {
  /** The hub's companion beside this phone, when there is one. */
  readonly other = new OtherDevice({
    sid: () => this.session.sid ?? new Uint8Array(16),
    joinHost: () => this.session.joinHost,
    join: (nameplate) => { this.session.besideJoin(nameplate); this.line.pump(); },
    send: (bytes) => { this.session.besideSend(bytes); this.line.pump(); },
    room: () => this.pace.room(performance.now(), this.capturing.has('camera') || this.capturing.has('microphone'), this.session.backlogBytes()),
    forward: (bytes) => this.forwardState(bytes),
    changed: () => this.tell(),
  });

  /** Of the steps of the guide. */
  readonly pictures = new GuidePictures();

  private readonly pace = new StatePace();
  private readonly listeners = new Set<(event: SessionEvent | undefined) => void>();
  private readonly line: Line;

  constructor(readonly session: CustomerSession, host: string, private readonly devices: Devices, private readonly keeper: Keeper, kept?: VisitKept) {
    super();
    if (kept) this.restore(kept);
    if (kept?.other) this.other.restore(kept.other);
    this.line = openLine(session, host, (event) => this.on(event), () => this.noLine());
    addEventListener('online', this.back);
  }

  keep(): VisitKept {
    return { ...this.kept(), other: this.other.keep() };
  }

  get startMonoMs(): number {
    return this.session.startMs;
  }

  /** `event` is what happened, undefined when it was an act of this end. */
  listen(listener: (event: SessionEvent | undefined) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(event?: SessionEvent): void {
    for (const listener of this.listeners) listener(event);
    this.keeper.changed();
  }

  private readonly back = (): void => {
    if (!this.ended) this.line.retry();
  };

  /** This end has its connection to the relay, whoever else is there. */
  get lineUp(): boolean {
    return this.line.up();
  }

  private noLine(): void {
    this.lineFailed = true;
    this.tell();
  }

  /** Something waits inside the session (config.onWake). */
  readonly wake = (): void => this.line.pump();

  private on(event: SessionEvent): void {
    switch (event.kind) {
      case 'joined':
        this.peer = { name: event.peer, organisation: event.organisation, verified: event.verified };
        this.present = true;
        this.joinedAt = Date.now();
        this.session.sendData({ kind: 'guide-wish', language: document.documentElement.lang });
        break;
      case 'consent': this.onConsent(event); break;
      case 'logged':
        this.entries.push({ capability: event.capability, action: event.action, note: event.note, r: event.r, receipt: event.receipt, unixMs: Date.now() });
        break;
      case 'hold':
        this.onHold = event.on;
        this.holdUntil = Date.now() + event.graceS * 1000;
        if (event.on) this.letGoOfWaiting();
        break;
      case 'elsewhere': this.elsewhere = event.digits; break;
      case 'move-asked': this.moveAsked = event.digits; break;
      case 'moved-away': this.movedAway = true; break;
      case 'moved-here': this.movedHere = event.kept; break;
      case 'expiring': this.expiring.add(event.capability); break;
      case 'still': this.onStill(event); break;
      case 'goodbye': this.goodbye = true; break;
      case 'guide':
        this.guide = takeGuidePart(this.guide, event.guide);
        if (this.pictures.take(event.guide) && this.guide) this.guide = { ...this.guide }; /* another one: it is drawn anew */
        break;
      case 'check-ask':
        if (!this.other.check(event.id, event.check, event.target)) this.devices.checkAsked(event.id, event.check, event.target);
        break;
      case 'beside':
        if (event.bytes) this.other.heard(event.bytes);
        else this.other.came(event.present, event.err);
        break;
      case 'camera-control': this.devices.control(event.order); break;
      case 'capture':
        if (event.on) this.capturing.add(event.capability);
        else this.capturing.delete(event.capability);
        this.devices.capture(event.capability, event.on);
        if (event.capability === 'device-state') this.other.capture(event.on);
        break;
      case 'voice': return this.devices.voiceCame(event.obj, event.tsMs, event.bytes); // too often for the screens
      case 'key-frame': this.devices.keyFrame(); break;
      case 'media-ack': return event.capability === 'camera' ? this.devices.news({ kind: 'acked', objects: event.objects, arrivalMs: event.arrivalMs, nowMs: performance.now() }) : undefined;
      case 'media-queue': return event.capability === 'camera' ? this.devices.news({ kind: 'queued', queuedMs: event.queuedMs, dropped: event.dropped }) : undefined;
      case 'data': this.onData(event.data); break;
      case 'connection':
        this.online = event.state === 'connected' || event.state === 'resumed';
        this.lineFailed &&= !this.online;
        if (!this.online) this.letGoOfWaiting();
        this.resumed = event.state === 'resumed';
        if (this.resumed) this.reopened = undefined;
        break;
      case 'peer': this.present = this.lineUp ? event.present : undefined; break; // without a line nobody is known to be away
      case 'live': this.live = event.live; break;
      case 'check-words': this.words = { list: event.words, required: event.required }; break;
      case 'blocked': this.blocked = event.capability; break;
      case 'alarm': this.alarm = event.err; this.fork ??= event.fork; break;
      case 'error': this.lastError = event; break;
      case 'ended': this.onEnded(event.reason, event.by, event.message); break;
    }
    this.tell(event);
  }

  private onConsent(event: Extract<SessionEvent, { kind: 'consent' }>): void {
    const { capability, state, purpose, maxS, retentionDays, request } = event, ask = { capability, purpose, maxS, retentionDays };
    this.waiting.delete(capability);
    this.expiring.delete(capability);
    if (state === 'requested') {
      this.sheet = { request, asks: this.sheet?.request === request ? [...this.sheet.asks, ask] : [ask] };
      return;
    }
    const left = this.sheet?.asks.filter((other) => other.capability !== capability) ?? [];
    this.sheet = this.sheet && left.length ? { ...this.sheet, asks: left } : undefined;
    if (state === 'granted') {
      if (this.reopened === 'moved' && !this.granted.has(capability)) this.carried.push({ capability, purpose, keptDays: retentionDays, fromMs: this.joinedAt });
      this.granted.set(capability, this.granted.get(capability) ?? ask);
      if (this.reopened) this.paused = { by: 'device', reason: this.reopened };
    }
    else {
      this.granted.delete(capability);
      this.devices.letGo(capability);
      this.refusedBy.set(capability, state);
    }
  }

  private letGoOfWaiting(): void {
    for (const capability of this.waiting) this.devices.letGo(capability);
  }

  private onData(data: SessionData): void {
    switch (data.kind) {
      case 'chat': this.wrote(false, data.text); break;
      case 'pointer': this.devices.pointer(data.x, data.y); break;
      case 'mark': this.devices.mark(data); break;
      case 'clear': this.devices.clear(data.id); break;
      case 'check-words': break; // what the agent thinks does not change what this end may release
    }
  }

  private onEnded(reason: string, by: number, message: string): void {
    this.ended = { reason, by, err: this.lastError?.err, message: this.lastError?.message ?? message };
    this.endedAt = Date.now();
    this.sheet = this.still = undefined;
    this.waiting.clear();
    removeEventListener('online', this.back);
    this.keeper.stop();
    this.other.stop();
    this.pictures.clear();
  }

  private act(err: Err): Err {
    this.line.pump();
    this.tell();
    return err;
  }

  /* ---- what a person may do ---- */

  /** Answers the whole sheet: yes to these, no to the rest. */
  answer(allowed: readonly Capability[]): Err {
    const asks = this.sheet?.asks ?? [];
    let first: Err = asks.length ? 'OK' : 'STATE';
    for (const { capability } of asks) {
      const yes = allowed.includes(capability), err = yes ? this.session.grant(capability) : this.session.refuse(capability);
      if (yes && err === 'OK') this.waiting.add(capability);
      if (err !== 'OK') first = err;
    }
    this.sheet = undefined;
    return this.act(first);
  }

  answerMove(yes: boolean): void {
    this.moveAsked = undefined;
    void this.session.answerMove(yes).then(() => this.act('OK'));
    this.act('OK');
  }

  step(act: GuideAct): Err {
    const { guide } = this;
    return guide ? this.act(this.session.sendData({ kind: 'guide-act', run: guide.run, step: guide.current, act })) : 'STATE';
  }

  /** Of the agent's voice, which is sent only to who hears it. */
  hear(on: boolean): Err {
    return this.act(this.session.sendData({ kind: 'hearing', on }));
  }

  sendStill(still: Still): Err {
    const err = this.still ? this.session.stillSend(this.still.id, still) : 'STATE';
    if (err === 'OK' && this.still) this.still = { ...this.still, arrived: 0 };
    return this.act(err);
  }

  discardStill(failed: boolean): Err {
    const err = this.still ? this.session.stillDiscard(this.still.id, failed) : 'STATE';
    this.still = undefined;
    return this.act(err);
  }

  report(camera: CameraReport): Err {
    return this.act(this.session.cameraState(camera));
  }

  /** The last word; the visit ends with it. stars undefined: none. */
  rate(stars: number | undefined, solved: boolean): Err {
    const err = stars === undefined ? 'OK' : this.session.rate(stars, solved);
    this.rated = stars !== undefined && err === 'OK';
    this.session.end('completed');
    this.askAgain();
    return this.act(err);
  }

  /** The device cannot, or its owner said no to the browser. */
  cannot(capability: Capability): Err {
    return this.act(this.session.blocked(capability));
  }

  /** It goes on for as long as was first asked. */
  extend(capability: Capability): Err {
    const err = this.session.extend(capability);
    if (err === 'OK') this.expiring.delete(capability);
    return this.act(err);
  }

  takeBack(capability: Capability): Err {
    return this.act(this.session.withdraw(capability));
  }

  pause(by: PauseBy, reason: PauseReason): Err {
    this.paused = { by, reason };
    this.letGoOfWaiting();
    return this.act(this.session.pause(true, by, reason));
  }

  carryOn(): Err {
    this.paused = undefined;
    return this.act(this.session.pause(false, 'customer', 'asked'));
  }

  say(text: string): Err {
    const err = this.session.sendData({ kind: 'chat', text });
    if (err === 'OK') this.wrote(true, text);
    return this.act(err);
  }

  answerWords(match: boolean): Err {
    if (this.words) this.words = { ...this.words, answered: match };
    return this.act(this.session.sendData({ kind: 'check-words', match }));
  }

  /** After "they are different": whoever misread looks once more. Until then nothing changes. */
  compareAgain(): void {
    if (this.words) this.words = { list: this.words.list, required: this.words.required };
    this.tell();
  }

  point(x: number, y: number): Err {
    return this.act(this.session.sendData({ kind: 'pointer', x, y }));
  }

  async send(capability: Capability, frame: Frame): Promise<Err> {
    const result = this.session.pushFrame(capability, frame);
    this.line.pump();
    return await result;
  }

  private async forwardState(bytes: Uint8Array): Promise<boolean> {
    const nowMs = performance.now(), err = await this.send('device-state', { bytes, key: false, discardable: false, tid: 0, captureMonoMs: nowMs });
    if (err === 'OK') this.pace.took(nowMs, bytes.length);
    return err === 'OK';
  }

  /** The number of the frame that was sent last, as soon as send() has returned its promise. */
  lastObject(capability: Capability): number {
    return this.session.lastObject(capability);
  }

  /** The line is taken to bear this: no more than a moment of it is given to the browser, which cannot take it back. */
  boundSocket(bitsPerSecond: number): void {
    this.line.bound(bitsPerSecond);
  }

  leave(): void {
    this.session.end('customer-left');
    this.act('OK');
    this.askAgain();
  }
  /** The last word waits for the line. */
  get leaveWaits(): boolean {
    return this.session.endWaits();
  }
  leaveNow(): void {
    this.session.endNow();
    this.act('OK');
  }

  /* A line that died under the last word tells nobody: one that is new does. */
  private askAgain(): void {
    setTimeout(() => { if (!this.ended) this.line.retry(); }, UNANSWERED_MS);
  }
}
