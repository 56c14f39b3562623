// SPDX-License-Identifier: Apache-2.0
/* The outside of a session: PROTOCOL.md §8 as one object. What it is for stands in proto/session.ts. */
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { ProtoError, type Err } from '../err.js';
import type {
  CameraReport, ConsentState, CustomerConfig, CustomerSession, Figures, Frame, Now, OrganisationView, ReceiptKeys, PauseBy, PauseReason, SessionData, SessionEvent, Still,
} from '../session.js';
import { wipe, type Bytes } from '../util/bytes.js';
import { isClientInfo } from '../pairing/auth.js';
import { inviteCodeParse, inviteLinkParse, inviteLinkSid, isJoinHost, type InviteCode, type InviteLink } from '../pairing/invite.js';
import { noteKey, noteKeyFormat } from '../seal/note.js';
import { signPublicKey } from '../seal/signature.js';
import { NOTHING_SEEN, type LogSeen } from '../log/receipt.js';
import { policyAllows } from '../identity/policy.js';
import { Outbox } from '../consent/outbox.js';
import type { Grant } from '../consent/grant.js';
import { Grants } from '../consent/grants.js';
import { customerSigner, PURPOSE } from '../consent/statement.js';
import type { Capability, EndReason } from '../wire/capability.js';
import type { Control } from '../wire/control.js';
import { envelope, envelopeParse, INDEX, TYPE, type EnvelopeType } from '../wire/envelope.js';
import { encodeMessage } from '../wire/message.js';
import { LIMIT, type Core, type Peer } from './core.js';
import { DataChannel } from './data.js';
import { Ending } from './ending.js';
import { Goodbye } from './goodbye.js';
import { Hold } from './hold.js';
import { Move } from './move.js';
import { keptHere, keptRead, keptWrite, type Kept } from './kept.js';
import { Pair } from './pair.js';
import { OutQueue } from './queue.js';
import { RelayLink } from './relay.js';
import { Stills } from './stills.js';

function takeInvitation(config: CustomerConfig, kept: Kept | undefined): { secret: InviteLink | InviteCode | undefined; joinHost: string } {
  if (kept) return { secret: undefined, joinHost: kept.joinHost };
  if (config.link !== undefined) {
    const secret = inviteLinkParse(config.link);
    return { secret, joinHost: secret.joinHost };
  }
  const secret = inviteCodeParse(config.code ?? ''), joinHost = config.joinHost ?? '';
  if (!isJoinHost(joinHost)) throw new ProtoError('LINK', 'a code needs the host that it was typed at');
  return { secret, joinHost };
}

const systemRandom = (bytes: number): Bytes => crypto.getRandomValues(new Uint8Array(bytes));

export class Session implements CustomerSession, Core {
  readonly random: (bytes: number) => Bytes;
  readonly secret: InviteLink | InviteCode | undefined;
  readonly joinHost: string;
  readonly csSeed: Bytes;
  readonly csPublic: Bytes;
  readonly startMs: number;
  readonly move: Move;
  now: Now;

  readonly queue: OutQueue = new OutQueue();
  readonly link: RelayLink = new RelayLink(this);
  readonly pair: Pair = new Pair(this);
  readonly data: DataChannel = new DataChannel(this);
  readonly hold: Hold = new Hold(this);
  readonly goodbye: Goodbye = new Goodbye(this);
  readonly #theEnd: Ending = new Ending(this);
  readonly stills: Stills = new Stills(this);
  readonly outbox: Outbox = new Outbox(this);
  readonly grants: Grants = new Grants(this);

  sid: Bytes | undefined;
  peer: Peer | undefined;
  checkpoint = '';
  logVkey: string | undefined;
  logDistrusted = false;
  wordsMatched = false;
  lostSinceMs = Infinity;
  tree: LogSeen;
  #events: SessionEvent[] = [];

  constructor(readonly config: CustomerConfig) {
    const now = config.clock(), text = config.keptElsewhere ? keptHere(config.keptElsewhere, now.unixMs) : config.kept;
    const kept = text === undefined ? undefined : keptRead(text, config.uiBuild, now.unixMs);
    const { secret, joinHost } = takeInvitation(config, kept);
    if (!isClientInfo(config.clientInfo) || config.uiBuild.length !== 32 || (config.pinnedRoot && config.pinnedRoot.length !== 32))
      throw new ProtoError('RANGE', 'a session that is configured out of bounds');
    this.secret = secret;
    this.joinHost = joinHost;
    this.sid = kept ? kept.sid : secret?.kind === 'link' ? inviteLinkSid(secret) : undefined;
    this.random = config.random ?? systemRandom;
    this.csSeed = kept ? kept.csSeed : this.random(32);
    this.csPublic = signPublicKey(this.csSeed);
    this.tree = config.seen ?? NOTHING_SEEN;
    this.now = now;
    this.startMs = now.monoMs - (kept ? now.unixMs - kept.startUnixMs : 0);
    this.move = new Move(this, kept?.moveKey);
    if (kept) this.#restore(kept);
  }

  /* ---------------------------------------------------------------- over a reload */

  #restore(kept: Kept): void {
    this.peer = kept.peer;
    this.tree = kept.tree;
    this.checkpoint = kept.checkpoint;
    this.logDistrusted = kept.logDistrusted;
    this.wordsMatched = kept.wordsMatched;
    this.lostSinceMs = this.now.monoMs - (this.now.unixMs - kept.unixMs);
    this.link.restore(kept.token);
    this.pair.restore(kept.resumeKeys);
    this.data.restore(kept.data);
    this.stills.restore(kept.lastStill);
    this.outbox.restore(kept.outbox);
    this.grants.restore(kept.grants);
    this.hold.restore(kept.hold);
  }

  keep(): string | undefined {
    const { monoMs, unixMs } = this.config.clock(), { token } = this.link, resumeKeys = this.pair.keep();
    if (!this.peer || !this.sid || !token || !resumeKeys.length || !this.pair.everConfirmed || this.ending || this.ended || this.goodbye.said) return undefined;
    return keptWrite({
      uiBuild: this.config.uiBuild, unixMs, startUnixMs: unixMs - (monoMs - this.startMs), sid: this.sid, joinHost: this.joinHost, csSeed: this.csSeed, token,
      resumeKeys, peer: this.peer, tree: this.tree, checkpoint: this.checkpoint, logDistrusted: this.logDistrusted, wordsMatched: this.wordsMatched,
      data: this.data.keep(), hold: this.hold.keep(monoMs), lastStill: this.stills.keep(), moveKey: this.move.key, outbox: this.outbox.keep(), grants: this.grants.keep(monoMs),
    });
  }

  get joined(): boolean {
    return this.peer !== undefined;
  }
  over(): boolean {
    return this.ended && !this.queue.hasControl();
  }

  /* ---------------------------------------------------------------- telling */

  emit(event: SessionEvent): void {
    this.#events.push(event);
  }
  error(err: Err, message: string, fatal = false): void {
    this.emit({ kind: 'error', err, message, fatal });
  }
  alarm(err: Err, message: string, fork?: string): void {
    this.emit({ kind: 'alarm', err, message, ...(fork && { fork }) });
  }
  wake(): void {
    this.config.onWake?.();
  }
  nextEvent(): SessionEvent | undefined {
    return this.#events.shift();
  }

  /* ---------------------------------------------------------------- the connection */

  #enter(): void {
    this.now = this.config.clock();
  }

  send(type: EnvelopeType, dst: number, body: Bytes): boolean {
    return this.queue.addControl(envelope(type, INDEX.CUSTOMER, dst, body));
  }
  control(message: Control, body: Bytes): void {
    this.pair.send(message, body);
  }
  controlMessage<D extends DescMessage>(message: Control, schema: D, init: MessageInitShape<D>): void {
    this.pair.send(message, encodeMessage(schema, init));
  }

  connected(): void {
    this.#enter();
    if (!this.ended && this.link.state === 'down') this.link.hello();
  }

  disconnected(): void {
    this.#enter();
    if (this.link.state === 'down') return;
    this.link.down();
    this.queue.clear();
    this.outbox.disconnected();
    this.pair.close();
    this.queue.clear(); /* what closing the pair wanted to say has no way out any more */
    if (this.ending) this.finish(this.endReason, this.endBy, '');
  }

  feed(message: Bytes): void {
    this.#enter();
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
  backlogBytes(): number {
    return this.queue.mediaBytes();
  }
  wantsConnection(): boolean {
    return !this.ended;
  }

  /* ---------------------------------------------------------------- the end, and time */

  get ended(): boolean {
    return this.#theEnd.over;
  }
  get ending(): boolean {
    return this.#theEnd.begun;
  }
  get endReason(): EndReason {
    return this.#theEnd.reason;
  }
  get endBy(): number {
    return this.#theEnd.by;
  }

  #wipe(): void {
    this.grants.clear(); /* stops capture first, which shows before the end does */
    this.pair.wipe();
    this.outbox.clear();
    this.data.clear();
    this.link.forgetToken();
    wipe(this.csSeed, this.secret?.kind === 'link' ? this.secret.k : undefined);
    if (this.secret?.kind === 'code') this.secret.secret = '';
  }

  finish(reason: EndReason, by: number, message: string): void {
    if (this.ended) return;
    this.#theEnd.over = true;
    if (reason === 'connection-lost' && this.joined) this.emit({ kind: 'connection', state: 'lost' });
    this.#wipe();
    this.emit({ kind: 'ended', reason, by, message });
  }
  beginEnd(reason: EndReason, by: number): void {
    this.#theEnd.begin(reason, by);
  }

  end(reason: EndReason): void {
    this.#enter();
    this.beginEnd(reason, INDEX.CUSTOMER);
    if (!this.joined && this.link.state !== 'seated') this.finish(reason, this.endBy, '');
  }

  deadline(): number {
    const at = Math.min(this.pair.deadline(), this.outbox.deadline(), this.grants.deadline(), this.hold.deadline(), this.goodbye.deadline());
    return this.#theEnd.deadline(at);
  }

  tick(): void {
    this.#enter();
    if (this.ended) return;
    if (this.#events.length > LIMIT.EVENTS) return this.finish('failed', INDEX.CUSTOMER, 'events were not read: a bounded row is full');
    this.pair.tick();
    this.outbox.tick();
    this.grants.tick();
    this.hold.tick();
    this.#theEnd.tickGrace();
    if (!this.ended) this.goodbye.tick();
    this.#theEnd.tick();
  }

  /* ---------------------------------------------------------------- commands */

  #command(capability: Capability, act: (grant: Grant) => Err): Err {
    this.#enter();
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
    this.#enter();
    return this.grants.pause(paused, by, reason);
  }

  maySend(capability: Capability): boolean {
    return this.grants.maySend(this.grants.get(capability));
  }

  pushFrame(capability: Capability, frame: Frame): Promise<Err> {
    this.#enter();
    return this.grants.pushFrame(capability, frame);
  }

  lastObject(capability: Capability): number {
    return this.grants.get(capability)?.object ?? 0;
  }

  #mayAct(): boolean {
    this.#enter();
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
    this.#enter();
    this.link.besideJoin(nameplate);
  }
  besideSend(bytes: Bytes): void {
    this.#enter();
    this.link.besideSend(bytes);
  }
  answerMove(yes: boolean): Promise<Err> {
    this.#enter();
    if (yes) this.grants.suspend(PURPOSE.CONNECTION_LOST); /* nothing is captured from the tap on; and the gates that this closes count */
    return this.move.answer(yes ? this.keep() : undefined);
  }
  onHold(): boolean {
    return this.hold.on;
  }

  sendData(data: SessionData): Err {
    this.#enter();
    if (!this.joined || this.ending || this.ended) return 'STATE';
    if (data.kind === 'check-words') this.wordsMatched = data.match;
    return this.data.send(data);
  }

  /* ---------------------------------------------------------------- what is so */

  figures(): Figures {
    return { framesSealed: this.grants.frames.sealed, logEntries: this.outbox.logEntries, outbox: this.outbox.waiting() };
  }

  consent(capability: Capability): ConsentState {
    const grant = this.grants.get(capability);
    return grant ? this.grants.consent(grant) : 'none';
  }

  grantedUntil(capability: Capability): number | undefined {
    const grant = this.grants.get(capability);
    return grant && this.grants.consent(grant) === 'granted' ? grant.expiresMs : undefined;
  }

  seen(): { origin: string; seen: LogSeen } {
    return { origin: this.link.origin, seen: this.logDistrusted ? NOTHING_SEEN : this.tree };
  }

  receiptKeys(): ReceiptKeys | undefined {
    if (!this.peer || !this.sid || !this.logVkey) return undefined;
    const customer = noteKeyFormat(noteKey(customerSigner(this.sid), this.csPublic));
    return { log: this.logVkey, customer, certificates: this.peer.chain, keepDays: this.peer.policy.keepDays };
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
