// SPDX-License-Identifier: Apache-2.0
/*
 * What the parts of a session share, and what each asks of the others. Only the files of proto/session and proto/consent see it.
 *
 *   session/session.ts   the outside: connection, feed, pending, tick, end, commands
 *   session/shared.ts    what stands behind this contract
 *   session/relay.ts     what the relay says and is told
 *   session/pair.ts      the pair: handshake, channel, control messages in and out; heartbeats.ts: is it still there?
 *   session/data.ts      numbered messages, delivered once and in order across pairs; data_rules.ts: which, and under what
 *   session/hold.ts      the agent is away for a while; goodbye.ts: for good
 *   session/stills.ts    a photo on its way, part by part
 *   session/kept.ts      what takes a session over a reload
 *   consent/outbox.ts    signed notes on their way into the log, one at a time, in order
 *   consent/grants.ts    consent is a key: requests, grants, withdrawals, rotation; flow.ts: frames
 */
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import type { Err } from '../err.js';
import type { CustomerConfig, Now, SessionEvent } from '../session.js';
import type { Bytes } from '../util/bytes.js';
import type { InviteCode, InviteLink } from '../pairing/invite.js';
import type { Identity } from '../identity/certificate.js';
import type { Org } from '../identity/org.js';
import type { Policy } from '../identity/policy.js';
import type { LogSeen } from '../log/receipt.js';
import type { EndReason } from '../wire/capability.js';
import type { Control } from '../wire/control.js';
import type { EnvelopeType } from '../wire/envelope.js';
import type { Outbox } from '../consent/outbox.js';
import type { Grants } from '../consent/grants.js';
import type { DataChannel } from './data.js';
import type { Goodbye } from './goodbye.js';
import type { Hold } from './hold.js';
import type { Move } from './move.js';
import type { Pair } from './pair.js';
import type { OutQueue } from './queue.js';
import type { RelayLink } from './relay.js';
import type { Stills } from './stills.js';

export const LIMIT = {
  HEARTBEAT_MS: 1000,
  STALE_MS: 3000, /* without a heartbeat the picture is shown as not live */
  SILENT_MS: 10_000, /* without a heartbeat capture stops and grants are suspended */
  COSIGN_WAIT_MS: 1000,
  RECEIPT_WAIT_MS: 10_000,
  KEY_ACK_WAIT_MS: 500,
  SESSION_MS: 4 * 60 * 60 * 1000,
  EPOCH_MS: 10 * 60 * 1000,
  EPOCH_FRAMES: 1 << 22,
  LATE_ANSWERS: 4, /* messages: two for an attempt that was given up, two for the one that these spoil */
  CODE_TRIES: 3,
  REFUSALS_MUTE: 3,
  EXPIRING_MS: 60_000, /* before its end a grant may be extended; half of its time when that is less */
  HOLD_MIN_MS: 1000, /* a hold lasts at least so long: each return costs a key and a note */
  GOODBYE_MS: 30_000, /* for the customer's last word */
  OUTBOX: 64,
  UNACKED: 256,
  END_WAIT_MS: 3000, /* for the log's last receipts, then the end is reached without them */
  GIVE_UP_EXTRA_MS: 10_000, /* beyond the grace time: the relay may need a moment longer than we do */
  EVENTS: 10_000,
} as const;

/** Who the agent is, once a handshake went through. */
export interface Peer {
  agent: Identity;
  /** The agent's certificates as AUTH_A brought them, leaf first. */
  chain: Bytes[];
  org: Org;
  policy: Policy;
  verified: boolean;
}

export interface Core {
  readonly config: CustomerConfig;
  readonly random: (bytes: number) => Bytes;
  /** Of the call that is being served. */
  readonly now: Now;
  readonly startMs: number;
  /** undefined after a reload: the invitation is used up. */
  readonly secret: InviteLink | InviteCode | undefined;
  readonly joinHost: string;
  readonly csSeed: Bytes;
  readonly csPublic: Bytes;

  readonly queue: OutQueue;
  readonly link: RelayLink;
  readonly pair: Pair;
  readonly data: DataChannel;
  readonly hold: Hold;
  readonly goodbye: Goodbye;
  readonly stills: Stills;
  readonly move: Move;
  readonly outbox: Outbox;
  readonly grants: Grants;

  /** undefined until the relay has said which session a code belongs to. */
  sid: Bytes | undefined;
  peer: Peer | undefined;
  /** The newest tree that was verified here. */
  tree: LogSeen;
  /** That tree as the log signed it, bare; '' when only its size and root are known. */
  checkpoint: string;
  logVkey: string | undefined;
  /** A fork was seen: nothing is granted any more. */
  logDistrusted: boolean;
  wordsMatched: boolean;
  lostSinceMs: number;
  readonly joined: boolean;
  readonly ending: boolean;
  readonly ended: boolean;
  readonly endReason: EndReason;
  readonly endBy: number;

  emit(event: SessionEvent): void;
  error(err: Err, message: string, fatal?: boolean): void;
  /** fork: the file that shows two trees of one log. */
  alarm(err: Err, message: string, fork?: string): void;
  /** The session is over for this end: keys wiped, nothing more is accepted. */
  finish(reason: EndReason, by: number, message: string): void;
  /** The end has begun, and its line was away then or went since. */
  readonly endWasCut: boolean;
  /** The seat is taken again: an end that waited for that is said now. */
  endBack(): void;
  /** An end that has begun is over, whether the relay knows or not. */
  endUntold(): void;
  /** Begins to end: says so to the peer, withdraws, lets the log have what it must, then leaves. */
  beginEnd(reason: EndReason, by: number): void;
  send(type: EnvelopeType, dst: number, body: Bytes): boolean;
  /** A control message to the agent; nothing when the pair is not up. */
  control(message: Control, body: Bytes): void;
  controlMessage<D extends DescMessage>(message: Control, schema: D, init: MessageInitShape<D>): void;
  /** Something waits that no call of the owner brought about. */
  wake(): void;
}
