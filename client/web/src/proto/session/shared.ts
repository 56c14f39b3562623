// SPDX-License-Identifier: Apache-2.0
/* What every part of a session finds in it: who it is, its parts, how it tells and sends, and how it is wiped. session.ts is its outside. */
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { ProtoError, type Err } from '../err.js';
import type { CustomerConfig, Now, SessionEvent } from '../session.js';
import { wipe, type Bytes } from '../util/bytes.js';
import { isClientInfo } from '../pairing/auth.js';
import { inviteCodeParse, inviteLinkParse, inviteLinkSid, isJoinHost, type InviteCode, type InviteLink } from '../pairing/invite.js';
import { signPublicKey } from '../seal/signature.js';
import { NOTHING_SEEN, type LogSeen } from '../log/receipt.js';
import { Outbox } from '../consent/outbox.js';
import { Grants } from '../consent/grants.js';
import type { EndReason } from '../wire/capability.js';
import type { Control } from '../wire/control.js';
import { envelope, INDEX, type EnvelopeType } from '../wire/envelope.js';
import { encodeMessage } from '../wire/message.js';
import type { Core, Peer } from './core.js';
import { DataChannel } from './data.js';
import { Ending } from './ending.js';
import { Goodbye } from './goodbye.js';
import { Hold } from './hold.js';
import { Move } from './move.js';
import { keptHere, keptRead, type Kept } from './kept.js';
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

export abstract class Shared implements Core {
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
  protected readonly theEnd: Ending = new Ending(this);
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
  protected readonly events: SessionEvent[] = [];

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
    if (kept) this.restore(kept);
  }

  private restore(kept: Kept): void {
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

  get joined(): boolean {
    return this.peer !== undefined;
  }
  protected enter(): void {
    this.now = this.config.clock();
  }

  /* ---------------------------------------------------------------- telling */

  emit(event: SessionEvent): void {
    this.events.push(event);
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

  /* ---------------------------------------------------------------- sending */

  send(type: EnvelopeType, dst: number, body: Bytes): boolean {
    return this.queue.addControl(envelope(type, INDEX.CUSTOMER, dst, body));
  }
  control(message: Control, body: Bytes): void {
    this.pair.send(message, body);
  }
  controlMessage<D extends DescMessage>(message: Control, schema: D, init: MessageInitShape<D>): void {
    this.pair.send(message, encodeMessage(schema, init));
  }

  /* ---------------------------------------------------------------- the end */

  get ended(): boolean {
    return this.theEnd.over;
  }
  get ending(): boolean {
    return this.theEnd.begun;
  }
  get endWasCut(): boolean {
    return this.theEnd.wasCut();
  }
  endBack(): void {
    this.theEnd.back();
  }
  endUntold(): void {
    this.theEnd.untold();
  }
  get endReason(): EndReason {
    return this.theEnd.reason;
  }
  get endBy(): number {
    return this.theEnd.by;
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
    this.theEnd.over = true;
    if (reason === 'connection-lost' && this.joined) this.emit({ kind: 'connection', state: 'lost' });
    this.#wipe();
    this.emit({ kind: 'ended', reason, by, message });
  }
  beginEnd(reason: EndReason, by: number): void {
    this.theEnd.begin(reason, by);
  }
}
