// SPDX-License-Identifier: Apache-2.0
/* The pair: the handshake with whoever holds the invitation, the channel behind it, heartbeats and control messages. */
import { errFromNumber, ProtoError, type Err } from '../err.js';
import { sameBytes, wipe, type Bytes } from '../util/bytes.js';
import { checkWords } from '../pairing/check.js';
import { HANDSHAKE_WAIT_MS, KIND, Pairing, type PairingConfig, type PairingResult } from '../pairing/pairing.js';
import type { NoiseChannel } from '../seal/noise.js';
import { kidStream, PURPOSE } from '../consent/statement.js';
import { endFromNumber } from '../wire/capability.js';
import { CONTROL, controlFrame, controlParse, type Control } from '../wire/control.js';
import { INDEX, TYPE } from '../wire/envelope.js';
import { ByeSchema, ConsentRequestSchema, DataAckSchema, HeartbeatSchema, KeyAckSchema, KeyFrameRequestSchema, MediaAckSchema, NonceSchema, StatementAckSchema } from '../wire/handhold_pb.js';
import { decodeMessage } from '../wire/message.js';
import { LIMIT, type Core } from './core.js';
import { Heartbeats } from './heartbeats.js';

const WRONG_CLOCK = 'the clocks of the two ends differ by more than a day; set the clock of the device that is wrong';

/** What the customer reads, who has nothing but what they typed or opened. */
function refusal(joined: boolean, byLink: boolean, err: Err): string {
  if (joined) return "the agent's end does not know this session any more; ask for a new invitation";
  if (err === 'CRYPTO')
    return byLink ? "the link is not that of the agent's invitation; ask for a new one" : "the code is not that of the agent's invitation; read it again, digit by digit, and try again";
  if (err === 'BURNT') return 'this invitation was used already or tried too often; ask for a new one';
  if (err === 'EXPIRED') return 'the time of this invitation has run out; ask for a new one';
  return "the agent's end refused the invitation; ask for a new one";
}

export class Pair {
  up = false;
  /** The agent has sealed something in some pair: the invitation is used up. */
  everConfirmed = false;
  #confirmed = false; /* in this pair */
  #attempt: Pairing | undefined;
  #attemptUntilMs = Infinity;
  #retryAtMs = Infinity;
  #channel: NoiseChannel | undefined;
  #check: Pick<PairingResult, 'commit' | 'nC' | 'hash'> | undefined;
  #resumeKeys: Bytes[] = []; /* newest first, two at most */
  #resumeTry = 0;
  #failed = 0; /* alarms in a row */
  #kind: PairingConfig['secret']['kind'] = 'link'; /* of the attempt */
  #lateAnswers = 0; /* messages that may come yet to attempts that were given up */
  #codeTold = 0; /* answers that were shown the tag of the code, none of which proved to know it */
  #wordsTold = false;
  readonly #beat: Heartbeats;

  constructor(private readonly core: Core) {
    this.#beat = new Heartbeats(core);
  }

  /* ---- out ---- */

  send(message: Control, body: Bytes): void {
    if (!this.up || !this.#channel) return;
    const plain = controlFrame(message, body);
    this.core.send(TYPE.CONTROL, INDEX.AGENT, this.#channel.seal(plain));
    if (message === CONTROL.KEY_RELEASE) wipe(plain);
  }

  /* ---- the handshake ---- */

  /** With whoever is there. The own pair goes first: this is called only when the old one is known to be gone. */
  start(): void {
    const { core } = this;
    if (core.ended || core.ending || core.link.state !== 'seated' || !core.link.peerPresent) return;
    this.close();
    const secret = this.#chooseSecret();
    if (!secret) return core.finish('connection-lost', INDEX.CUSTOMER, 'the two ends could not take the session up again');
    if (secret.kind === 'code' && this.#codeTold >= LIMIT.CODE_TRIES) {
      core.alarm('BURNT', 'the code was tried three times and nobody proved to know it: somebody may be guessing');
      return core.finish('failed', INDEX.CUSTOMER, 'the code was tried three times; ask for a new invitation');
    }
    this.#attemptUntilMs = core.now.monoMs + HANDSHAKE_WAIT_MS;
    this.#kind = secret.kind;
    this.#guarded(() => {
      this.#attempt = new Pairing({
        secret, random: core.random, sid: core.sid!, joinHost: core.joinHost, csSeed: core.csSeed, clientInfo: core.config.clientInfo,
        orgNote: core.link.orgNote, policyNote: core.link.policyNote, orgMinimum: core.peer?.org.number ?? 0n, policyMinimum: core.peer?.policy.number ?? 0n,
        known: core.peer?.agent,
      });
      this.#sendBodies();
    });
  }

  /** The newest key to resume with, the one before, then the invitation while the agent may not have used it. */
  #chooseSecret(): PairingConfig['secret'] | undefined {
    const psk = this.#resumeKeys[this.#resumeTry];
    if (psk) return { kind: 'resume', psk };
    this.#resumeTry = 2;
    return this.everConfirmed ? undefined : this.core.secret;
  }

  #sendBodies(): void {
    for (const body of this.#attempt!.out.splice(0)) {
      /* M1 of a code carries a tag that tells whoever answered whether the guess behind the answer was right */
      if (body[0] === KIND.M1 && body[1] === 2) this.#codeTold++;
      this.core.send(TYPE.HANDSHAKE, INDEX.AGENT, body);
    }
  }

  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#attemptFailed(error instanceof ProtoError ? error.err : 'FORMAT');
    }
  }

  #dropAttempt(): void {
    this.#attempt?.wipe();
    this.#attempt = undefined;
    this.#attemptUntilMs = Infinity;
  }

  #attemptFailed(err: Err): void {
    const { core } = this;
    this.#dropAttempt();
    this.#retryAtMs = core.now.monoMs + LIMIT.HEARTBEAT_MS;
    if (err === 'TIMEOUT') this.#lateAnswers += LIMIT.LATE_ANSWERS;
    /* from an agent's machine that slept, and woke, or from a line that carries again */
    const late = (err === 'CRYPTO' || err === 'STATE') && this.#lateAnswers > 0 && this.#kind !== 'code';
    if (late) this.#lateAnswers--;
    if (late || err === 'TIMEOUT') return; /* tried again */
    const message = err === 'CLOCK' ? WRONG_CLOCK : "the agent's end did not prove who it is";
    if (err === 'CLOCK') core.error(err, message, !core.joined); /* nobody is suspected of a wrong date */
    else core.alarm(err, message);
    if (!core.joined && err !== 'CRYPTO' && err !== 'FORMAT') core.finish('failed', INDEX.CUSTOMER, message);
    else if (++this.#failed >= LIMIT.CODE_TRIES) core.finish(core.joined ? 'connection-lost' : 'failed', INDEX.CUSTOMER, message);
  }

  #onRefused(err: Err): void {
    const { core } = this;
    this.#dropAttempt();
    if (this.#resumeTry < 2 && this.#resumeKeys.length) {
      this.#resumeTry++;
      return this.start();
    }
    if (err === 'BUSY') {
      this.#retryAtMs = core.now.monoMs + LIMIT.HEARTBEAT_MS;
      return;
    }
    const message = refusal(core.joined, core.secret?.kind === 'link', err);
    core.error(err, message, true);
    core.finish(core.joined ? 'connection-lost' : err === 'EXPIRED' ? 'expired' : 'failed', INDEX.AGENT, message);
  }

  feedHandshake(body: Bytes): void {
    const { core } = this;
    if (core.ended || core.link.state !== 'seated' || !this.#attempt) return;
    if (body.length === 2 && body[0] === KIND.REFUSED) return this.#onRefused(errFromNumber(body[1]!));
    this.#guarded(() => {
      this.#attempt!.feed(body, core.now.unixMs);
      this.#sendBodies();
      if (this.#attempt!.result) this.#pairUp(this.#attempt!.result);
    });
  }

  /* ---- up and down ---- */

  #pairUp(result: PairingResult): void {
    const { core } = this, first = !core.joined, pin = core.config.pinnedRoot, { agent } = result;
    core.peer = { agent, chain: result.chain, org: result.org, policy: result.policy, verified: pin !== undefined && sameBytes(pin, agent.rootFingerprint) };
    core.link.pickLog();
    wipe(this.#resumeKeys[1]);
    this.#resumeKeys = [result.resumePsk, ...this.#resumeKeys.slice(0, 1)];
    this.#channel = result.channel;
    this.#check = result;
    this.#dropAttempt();
    this.#resumeTry = this.#codeTold = 0;
    this.#lateAnswers = 0;
    core.link.log.newPair();
    this.#beat.newPair();
    this.#confirmed = false;
    this.#retryAtMs = core.lostSinceMs = Infinity;
    this.up = true;
    if (first) core.emit({ kind: 'joined', peer: agent.name, organisation: agent.domain, role: agent.role, verified: core.peer.verified, fingerprint: agent.fingerprint });
    core.emit({ kind: 'connection', state: first ? 'connected' : 'resumed' });
    this.#beat.send();
    core.outbox.sendStatementsAgain();
    core.data.sendAgain();
    core.grants.resume();
    core.outbox.flush();
  }

  /** The channel is gone: its keys are wiped, grants are suspended. */
  close(): void {
    const { core } = this, wasUp = this.up;
    if (this.#attempt) this.#lateAnswers += LIMIT.LATE_ANSWERS;
    this.#dropAttempt();
    this.#channel?.wipe();
    this.#channel = this.#check = undefined;
    this.up = this.#confirmed = false;
    this.#retryAtMs = Infinity;
    if (!wasUp || core.ended) return;
    core.grants.suspend(PURPOSE.CONNECTION_LOST);
    core.lostSinceMs = core.now.monoMs;
    if (!core.ending) core.emit({ kind: 'connection', state: 'reconnecting' });
  }

  wipe(): void {
    this.#dropAttempt();
    this.#channel?.wipe();
    this.#channel = this.#check = undefined;
    this.up = false;
    wipe(...this.#resumeKeys);
    this.#resumeKeys = [];
  }

  keep(): Bytes[] {
    return this.#resumeKeys;
  }
  restore(resumeKeys: Bytes[]): void {
    this.#resumeKeys = resumeKeys;
    this.everConfirmed = this.#wordsTold = true;
  }

  /* ---- in ---- */

  feedControl(sealed: Bytes): void {
    const { core } = this;
    if (!this.up || core.ended || sealed.length < 16) return;
    try {
      const { message, body } = controlParse(this.#channel!.open(sealed));
      if (!this.#confirmed) this.#resumeKeys.splice(1).forEach((psk) => wipe(psk));
      this.#confirmed = this.everConfirmed = true;
      this.#resumeTry = this.#failed = 0;
      this.#dispatch(message, body);
    } catch (error) {
      /* order, number and content are sealed: one message that does not open means that somebody interfered; or that the
       * agent's end said it to the pair before this one, which it keeps until it has heard this end's proof */
      if (this.#confirmed || !this.everConfirmed) core.alarm(error instanceof ProtoError ? error.err : 'FORMAT', 'a message between the two ends was altered, left out or repeated on its way');
      this.close();
      this.#retryAtMs = core.now.monoMs + LIMIT.HEARTBEAT_MS;
    }
  }

  #dispatch(message: Control, body: Bytes): void {
    const { core } = this;
    switch (message) {
      case CONTROL.CONSENT_REQUEST:
        return core.grants.requested(decodeMessage(ConsentRequestSchema, body));
      case CONTROL.STATEMENT_ACK: {
        const ack = decodeMessage(StatementAckSchema, body);
        return core.outbox.cosigned(ack.seq, ack.line);
      }
      case CONTROL.KEY_ACK:
        return core.grants.keyAcked(decodeMessage(KeyAckSchema, body).kid);
      case CONTROL.HEARTBEAT:
        return this.#beat.heard(decodeMessage(HeartbeatSchema, body));
      case CONTROL.DATA:
        return core.data.receive(body);
      case CONTROL.DATA_ACK:
        return core.data.acked(decodeMessage(DataAckSchema, body).upto);
      case CONTROL.KEY_FRAME_REQUEST:
        return core.grants.flow.keyFrameWanted(kidStream(decodeMessage(KeyFrameRequestSchema, body).kid));
      case CONTROL.BYE:
        return core.beginEnd(endFromNumber(decodeMessage(ByeSchema, body).reason) ?? 'completed', INDEX.AGENT);
      case CONTROL.NONCE:
        return this.#onNonce(decodeMessage(NonceSchema, body).nA);
      case CONTROL.MEDIA_ACK:
        return core.grants.flow.acked(decodeMessage(MediaAckSchema, body));
      default:
        throw new ProtoError('STATE', 'a message that only a customer sends');
    }
  }

  #onNonce(nA: Bytes): void {
    const { core } = this, check = this.#check;
    if (!check) throw new ProtoError('STATE', 'a second nonce');
    this.#check = undefined;
    let words;
    try {
      words = checkWords(check.commit, nA, check.nC, check.hash);
    } catch {
      core.alarm('CRYPTO', 'the check words were not fixed in time: somebody may sit between the two ends');
      this.close();
      this.#retryAtMs = core.now.monoMs + LIMIT.HEARTBEAT_MS;
      return;
    }
    if (this.#wordsTold) return; /* they were compared, or not, at the first pair; a resumed one rests on its keys */
    this.#wordsTold = true;
    core.emit({ kind: 'check-words', words, required: !core.peer!.verified || core.peer!.policy.checkWordsRequired });
  }

  /** What waits on the line, in ms; -1: not known. */
  waitsMs(): number {
    return this.up ? this.#beat.waitsMs() : -1;
  }

  /* ---- time ---- */

  deadline(): number {
    const handshake = Math.min(this.#retryAtMs, this.#attemptUntilMs);
    if (!this.up) return handshake;
    return Math.min(handshake, this.#beat.deadline());
  }

  tick(): void {
    const { core } = this, { monoMs } = core.now;
    if (this.#attempt && monoMs >= this.#attemptUntilMs) this.#attemptFailed('TIMEOUT');
    if (this.up && this.#beat.tick() === 'silent') {
      this.close();
      this.#retryAtMs = monoMs;
    }
    if (core.ended || monoMs < this.#retryAtMs) return;
    this.#retryAtMs = Infinity;
    if (!this.#attempt && !this.up) this.start();
  }
}
