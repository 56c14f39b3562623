// SPDX-License-Identifier: Apache-2.0
/* What the relay says and is told. It is not trusted: what it says can only end or delay things, never open any. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { errFromNumber } from '../err.js';
import { sameBytes, type Bytes } from '../util/bytes.js';
import { orgLog } from '../identity/org.js';
import { hashesOf, type LogSeen } from '../log/receipt.js';
import { continues } from '../log/tree.js';
import { endFromNumber, endNumber } from '../wire/capability.js';
import { INDEX, TYPE } from '../wire/envelope.js';
import {
  FromRelaySchema, ToRelaySchema, type Blocked, type Consistency, type Ended, type Error as RelayError, type Peer, type Welcome,
} from '../wire/handhold_pb.js';
import { decodeMessage, encodeMessage, toNumber } from '../wire/message.js';
import type { Core } from './core.js';

const UNANSWERED_MAX = 30; /* as many seconds */

type Say = NonNullable<MessageInitShape<typeof ToRelaySchema>['body']>;

export class RelayLink {
  state: 'down' | 'hello' | 'seated' = 'down';
  everConnected = false;
  peerPresent = false;
  left = false;
  origin = '';
  orgNote = '';
  policyNote = '';
  #token: Bytes | undefined;
  #peerConnection = 0;
  #elsewhere = false; /* this device asked to go on in another one's place */
  #claimedNote = '';
  #unanswered = 0; /* heartbeats that came through the relay while it owed a proof */
  #claimed: LogSeen | undefined; /* the peer's newest tree, while its consistency is asked for */

  constructor(private readonly core: Core) {}

  /* ---- out ---- */

  #say(body: Say): void {
    this.core.send(TYPE.RELAY, INDEX.RELAY, encodeMessage(ToRelaySchema, { body }));
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

  down(): void {
    this.state = 'down';
    this.#claimed = undefined;
    this.#present(false);
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
    if (this.peerPresent === present) return;
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
        return this.#onConsistency(body.value);
      case 'keyFrameHint':
        return this.core.grants.keyFrameWanted(body.value.stream);
      case 'queueReport':
        return core.grants.mediaQueued(body.value);
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
    this.#peerConnection = 0; /* a pair of the connection before is gone in any case */
    for (const peer of w.peers) this.#onPeer(peer);
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
    core.error(m.fatal && this.#elsewhere ? 'BUSY' : err, m.message, m.fatal);
    if (m.fatal) core.finish(core.joined ? 'connection-lost' : err === 'EXPIRED' ? 'expired' : 'failed', INDEX.RELAY, m.message);
  }

  /* ---- the log as both ends see it ---- */

  /** The peer has seen a tree. Equal sizes must have equal roots; a larger one must continue ours, which the relay has to prove. */
  compareLog(size: number, root: Bytes, note: string): void {
    const { core } = this;
    if (!size || root.length !== 32 || core.logDistrusted) return;
    if (this.#claimed && ++this.#unanswered >= UNANSWERED_MAX)
      return this.#distrust('the relay does not prove that its log only grew: it may show the two ends different logs');
    if (size === core.tree.size && !sameBytes(root, core.tree.root)) return this.#distrust('the relay has shown the two ends different logs');
    if (size <= core.tree.size || this.#claimed) return;
    if (!core.tree.size) {
      core.checkpoint = note;
      core.tree = { size, root }; /* nothing was seen yet: there is nothing that it must continue */
      return;
    }
    this.#claimed = { size, root };
    this.#claimedNote = note;
    this.#unanswered = 0;
    this.#say({ case: 'consistencyAsk', value: { oldSize: BigInt(core.tree.size), newSize: BigInt(size) } });
  }

  #onConsistency(m: Consistency): void {
    const { core } = this, claimed = this.#claimed;
    if (!claimed || m.newSize !== BigInt(claimed.size) || m.hashes.length % 32) return;
    this.#claimed = undefined;
    if (toNumber(m.oldSize) !== core.tree.size || claimed.size <= core.tree.size) return; /* a receipt has overtaken the question */
    if (!continues(core.tree.size, core.tree.root, claimed.size, claimed.root, hashesOf(m.hashes)))
      return this.#distrust('the relay cannot prove that its log only grew');
    core.tree = claimed;
    core.checkpoint = this.#claimedNote;
  }

  #distrust(message: string): void {
    this.core.logDistrusted = true;
    this.core.alarm('LOG', message);
  }
}
