// SPDX-License-Identifier: Apache-2.0
/* What the relay says and is told. It is not trusted: what it says can only end or delay things, never open any. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { errFromNumber } from '../err.js';
import { sameBytes, type Bytes } from '../util/bytes.js';
import { orgLog } from '../identity/org.js';
import { endFromNumber, endNumber } from '../wire/capability.js';
import { INDEX, TYPE } from '../wire/envelope.js';
import {
  FromRelaySchema, ToRelaySchema, type Blocked, type Ended, type Error as RelayError, type Peer, type Welcome,
} from '../wire/handhold_pb.js';
import { decodeMessage, encodeMessage } from '../wire/message.js';
import type { Core } from './core.js';
import { LogWatch } from './log_watch.js';

type Say = NonNullable<MessageInitShape<typeof ToRelaySchema>['body']>;

export class RelayLink {
  state: 'down' | 'hello' | 'seated' = 'down';
  everConnected = false;
  peerPresent = false;
  #presenceTold = false;
  left = false;
  origin = '';
  orgNote = '';
  policyNote = '';
  #token: Bytes | undefined;
  #peerConnection = 0;
  #elsewhere = false; /* this device asked to go on in another one's place */
  readonly log: LogWatch;

  constructor(private readonly core: Core) {
    this.log = new LogWatch(core, (oldSize, newSize) => this.#askProof(oldSize, newSize));
  }

  /* ---- out ---- */

  #say(body: Say): void {
    this.core.send(TYPE.RELAY, INDEX.RELAY, encodeMessage(ToRelaySchema, { body }));
  }

  #askProof(oldSize: number, newSize: number): void {
    this.#say({ case: 'consistencyAsk', value: { oldSize: BigInt(oldSize), newSize: BigInt(newSize) } });
  }

  /** That a tree continues itself needs no proof: the answer, which nobody reads, says that the relay is there. False: no tree is known. */
  askAnything(): boolean {
    const { size } = this.core.tree;
    if (this.state !== 'seated' || !size || this.core.logDistrusted) return false;
    this.#askProof(size, size);
    return true;
  }

  hello(): void {
    const { core } = this, { secret, tree: seen } = core;
    const seat = this.#token
      ? { case: 'token' as const, value: this.#token }
      : secret?.kind === 'link'
        ? { case: 'sid' as const, value: core.sid! }
        : { case: 'nameplate' as const, value: secret?.nameplate ?? '' };
    const seenLogRoot = seen.size ? seen.root : new Uint8Array(0);
    this.everConnected = true;
    const move = this.#token ? undefined : core.move.ask();
    this.#say({ case: 'hello', value: { seat, sessionKey: core.csPublic, seenLogSize: BigInt(seen.size), seenLogRoot, seenCheckpoint: core.checkpoint, ...(move ? { move } : {}) } });
    this.state = 'hello';
  }

  leave(): void {
    if (this.state !== 'seated' || this.left) return;
    this.#say({ case: 'leave', value: { reason: endNumber(this.core.endReason), by: this.core.endBy } });
    this.left = true;
  }

  /** Empty: no. */
  answerMove(bytes: Bytes): void {
    if (this.state === 'seated') this.#say({ case: 'moveAnswer', value: bytes });
  }

  gate(bytes: Bytes): void {
    if (this.state === 'seated') this.#say({ case: 'gate', value: bytes }); /* without a connection there is no gate to close */
  }

  /** Another device of this person: it waits under this nameplate ('': none any more), and what is said to it. The relay may say that it is there before it says Welcome. */
  besideJoin(nameplate: string): void {
    if (this.state === 'seated') this.#say({ case: 'besideJoin', value: nameplate });
  }
  besideSend(bytes: Bytes): void {
    if (this.state !== 'down') this.#say({ case: 'beside', value: bytes });
  }

  down(): void {
    this.state = 'down';
    this.log.newConnection();
    if (this.#presenceTold) this.#present(false);
  }

  get token(): Bytes | undefined {
    return this.#token;
  }
  restore(token: Bytes): void {
    this.#token = token;
  }
  forgetToken(): void {
    this.#token?.fill(0);
    this.#token = undefined;
  }

  #present(present: boolean): void {
    if (this.peerPresent === present && this.#presenceTold) return;
    this.#presenceTold = true;
    this.peerPresent = present;
    if (!this.core.ended) this.core.emit({ kind: 'peer', present });
  }

  /* ---- in ---- */

  feed(bytes: Bytes): void {
    const { core } = this;
    let body;
    try {
      ({ body } = decodeMessage(FromRelaySchema, bytes));
    } catch {
      return core.error('FORMAT', 'the relay sent a message that does not decode');
    }
    switch (body.case) {
      case 'welcome':
        return this.#onWelcome(body.value);
      case 'peer':
        return this.#onPeer(body.value);
      case 'gateAnswer':
        return this.core.grants.gateAnswered(body.value.gateSeq, errFromNumber(body.value.error), body.value.message);
      case 'consistency':
        return this.log.proved(body.value);
      case 'keyFrameHint':
        return this.core.grants.flow.keyFrameWanted(body.value.stream);
      case 'queueReport':
        return core.grants.flow.queued(body.value);
      case 'blocked':
        return this.#onBlocked(body.value);
      case 'ended':
        return this.#onEnded(body.value);
      case 'error':
        return this.#onError(body.value);
      case 'moveAsk':
        return core.move.asked(body.value);
      case 'moveAnswer':
        return core.move.answered(body.value);
      case 'besideState':
        return core.emit({ kind: 'beside', present: body.value.present, err: body.value.error ? errFromNumber(body.value.error) : 'OK', bytes: undefined });
      case 'beside':
        return core.emit({ kind: 'beside', present: true, err: 'OK', bytes: body.value });
      case 'notes': /* count with the next handshake: only the texts that AUTH_A names are believed */
        this.orgNote = body.value.orgNote;
        this.policyNote = body.value.policyNote;
        return;
      default: /* nothing for a customer */
    }
  }

  #onWelcome(w: Welcome): void {
    const { core } = this;
    if (this.state !== 'hello') return;
    if (w.index !== INDEX.CUSTOMER || w.sid.length !== 16 || w.token.length !== 32 || (core.sid && !sameBytes(w.sid, core.sid)))
      return core.finish('failed', INDEX.RELAY, 'the relay offered a seat in another session');
    core.sid = w.sid;
    [this.origin, this.orgNote, this.policyNote] = [w.origin, w.orgNote, w.policyNote];
    this.#token = w.token;
    this.state = 'seated';
    this.pickLog();
    core.endBack();
    this.#peerConnection = 0; /* a pair of the connection before is gone in any case */
    for (const peer of w.peers) this.#onPeer(peer);
    if (!w.peers.some((peer) => peer.index === INDEX.AGENT)) this.#present(false); /* nobody is there yet: people are told that too */
    if (!core.ended) core.outbox.flush();
  }

  /** Which of the organisation's logs this relay writes. */
  pickLog(): void {
    const { core } = this;
    core.logVkey = core.peer && orgLog(core.peer.org, this.origin);
  }

  #onPeer(peer: Peer): void {
    const { core } = this;
    if (peer.index !== INDEX.AGENT || core.ended) return;
    const changed = peer.connection !== this.#peerConnection;
    this.#peerConnection = peer.connection;
    this.#present(peer.present);
    if (!peer.present) core.pair.close();
    else if (changed || !core.pair.up) core.pair.start();
  }

  #onBlocked(m: Blocked): void {
    this.core.emit({ kind: 'blocked', capability: this.core.grants.byStream(m.stream), messages: Number(m.messages) });
  }

  #onEnded(m: Ended): void {
    const { core } = this;
    if (core.endWasCut && this.state === 'hello') return core.endUntold(); /* come back for the last word, and the session has ended meanwhile */
    /* what this end decided itself, or heard from the peer under seal, counts more than the relay's word */
    core.finish(core.ending ? core.endReason : (endFromNumber(m.reason) ?? 'failed'), core.ending ? core.endBy : m.by & 15, m.message);
  }

  #onError(m: RelayError): void {
    const { core } = this, err = m.code ? errFromNumber(m.code) : 'REFUSED';
    if (m.fatal && this.#token && !core.pair.everConfirmed) {
      this.forgetToken(); /* the seat was given back before the pair stood: take it anew with the invitation */
      return;
    }
    if (err === 'BUSY' && !m.fatal && this.state === 'hello') {
      this.#elsewhere = true; /* the relay asks there */
      return core.emit({ kind: 'elsewhere', digits: core.move.digits() ?? '' });
    }
    if (m.fatal && core.endWasCut) return core.endUntold();
    core.error(m.fatal && this.#elsewhere ? 'BUSY' : err, m.message, m.fatal);
    if (m.fatal) core.finish(core.joined ? 'connection-lost' : err === 'EXPIRED' ? 'expired' : 'failed', INDEX.RELAY, m.message);
  }
}
