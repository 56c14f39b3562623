// SPDX-License-Identifier: Apache-2.0
/*
 * proto/session.ts - the customer's end of a session: bytes in, bytes out, events for people. It owns no socket, reads no
 * clock but the one it is given, and touches no browser API except WebCrypto.
 *
 * A session outlives its connections. The owner opens a WebSocket to the relay, tells the session (connected), feeds it
 * whole messages, sends what is pending, and tells it when the connection is gone (disconnected); the session resumes by
 * itself on the next connection. Everything people must read comes out as events, in order.
 *
 *      owner:  connected -> feed / pending+sent ... tick at deadline ... disconnected -> (reconnect) connected -> ...
 *
 * One pump serves it all. It runs after each call below, and whenever config.onWake is called:
 *
 *      for (let e; (e = session.nextEvent()); ) show(e);
 *      for (let m; socket.bufferedAmount < BOUND && (m = session.pending()); session.sent()) socket.send(m);
 *      if (session.over()) socket.close(); else setTimer(session.deadline());
 *
 * Consent is a key: a capability's key is born when the customer grants it, leaves for the agent only when the log has the
 * grant and its receipt was verified here, and dies with the withdrawal. Without a live key pushFrame() seals nothing.
 *
 * Only pushFrame() is asynchronous, because WebCrypto is: frames are sealed in the order they were pushed. Everything else
 * happens before the call returns; so a withdrawal is done when withdraw() returns, and frames that WebCrypto has in hand
 * at that moment are thrown away.
 *
 * Commands answer with the name of an error, 'OK' when there was none: STATE (not now), CONSENT, POLICY, RANGE, FULL. They
 * change nothing then. Errors of a peer's bytes do not come back from feed(): they close the pair (a new handshake follows)
 * or end the session, and show as events.
 */
import type { Err } from './err.js';
import type { CameraReport, ConsentState, PauseBy, PauseReason, SessionData, SessionEvent, Still } from './events.js';
import type { Capability, EndReason, Role } from './wire/capability.js';
import { Session } from './session/session.js';

export { warmUp } from './seal/signature.js'; /* while the page waits for a tap: makes the handshake behind it short */

export type { Err } from './err.js';
export type * from './events.js';
export { ProtoError } from './err.js';
export { capabilities } from './wire/capability.js';
export type { Capability, EndReason, Role } from './wire/capability.js';

/* ---------------------------------------------------------------- starting */

/** monoMs: a clock that never goes back (performance.now()); unixMs: wall clock (Date.now()). */
export interface Now {
  monoMs: number;
  unixMs: number;
}

/** The newest tree of one log that this device has verified; size 0 is none yet. Plain data. */
export interface LogSeen {
  size: number;
  root: Uint8Array;
}

export interface CustomerConfig {
  /** The whole link with what is behind its '#', or the code as typed (then joinHost is needed), or `kept`. Exactly one. */
  link?: string;
  code?: string;
  /** What keep() gave before a reload of the page, instead of a link or a code. */
  kept?: string;
  /** What the event moved-here brought, instead of those. */
  keptElsewhere?: string;
  /** host[:port] that the customer typed the code at, i.e. location.host. */
  joinHost?: string;
  /** 32 bytes, SHA-256 of a root's SPKI that makes its domain verified. A page that was not given one leaves it out. */
  pinnedRoot?: Uint8Array;
  /** What this device can do. Requests for anything else are answered `blocked` without asking. */
  offers: readonly Capability[];
  /** What the agent reads of this client, e.g. "handhold page 0.1.0"; 1 to 200 bytes. */
  clientInfo: string;
  /** 32 bytes: hash of the page build, for the `ui` line of every statement. */
  uiBuild: Uint8Array;
  /** Newest tree this device remembers of that log; left out: none. */
  seen?: LogSeen;
  clock: () => Now;
  /** Called (never from inside a call of yours) when a sealed frame waits to be sent or an event came by itself. */
  onWake?: () => void;
  /** n random bytes; left out: crypto.getRandomValues. For tests. */
  random?: (bytes: number) => Uint8Array;
}

/* ---------------------------------------------------------------- one end */

export interface Frame {
  /** Owned by the session until the promise settles; not changed. */
  bytes: Uint8Array;
  key: boolean;
  discardable: boolean;
  /** Temporal layer, 0 is the base. */
  tid: number;
  /** On config.clock's monoMs. */
  captureMonoMs: number;
}

export interface Figures {
  framesSealed: number;
  /** Receipts verified at this end. */
  logEntries: number;
  /** Notes that wait for the log. */
  outbox: number;
  /** Lines of this end's chat that the other has not confirmed. */
  chatWaits: number;
}

/** Who the agent is, as the certificate and the organisation's notes say; from the 'joined' event on. */
export interface OrganisationView {
  domain: string;
  verified: boolean;
  agent: string;
  role: Role;
  checkWordsRequired: boolean;
  graceS: number;
  /** What the policy allows this agent's role: longest time (0: until the session ends) and retention. */
  allows(capability: Capability): { maxS: number; retentionDays: number } | undefined;
}

export interface ReceiptKeys {
  /** C2SP verifier keys: of the session's log, and of this end, under which its statements are signed. */
  log: string;
  customer: string;
  /** Whom to write to about the data: the privacy officer who signed the policy. */
  officerEmail: string;
  /** The agent's, leaf first: DER as the agent sent it. */
  certificates: readonly Uint8Array[];
  /** How long the organisation keeps what was said of the session; 0: no end is set. */
  keepDays: number;
}

export interface CustomerSession {
  /** monoMs of the session's beginning, which media times are counted from. Before it, after a reload. */
  readonly startMs: number;
  /* the connection */
  connected(): void;
  disconnected(): void;
  /** One whole binary WebSocket message. */
  feed(message: Uint8Array): void;
  /** The next message to send; undefined when there is none. Control goes before media. The same one until sent(). */
  pending(): Uint8Array<ArrayBuffer> | undefined;
  sent(): void;
  /** Media bytes sealed or being sealed and not yet sent: a camera that sees more than it likes skips a frame before encoding. */
  backlogBytes(): number;
  /** How much longer the newest heartbeat took there and back than the fastest: what waits on the line, in ms; -1: not known. */
  waitsMs(): number;
  /** Has the relay asked what it answers in any case: so that the owner hears whether the line is there. False: there is no question yet. */
  askRelay(): boolean;
  /** When tick() must be called, on monoMs; Infinity: not at all. */
  deadline(): number;
  tick(): void;
  /** True once the session has ended and everything pending was sent: close the connection. */
  over(): boolean;
  /** True when the owner should have a connection: not ended, and not refused for good. */
  wantsConnection(): boolean;

  nextEvent(): SessionEvent | undefined;

  /* commands */
  /** Answers the open request for this capability. CONSENT: nothing was asked. */
  grant(capability: Capability): Err;
  refuse(capability: Capability): Err;
  /** As refuse, because the device cannot: no camera, the system said no. Also takes back a grant that the device cannot keep. */
  blocked(capability: Capability): Err;
  /** Lets a grant that is 'expiring' go on for as long as was first asked, once the log has it. STATE, LOG, POLICY, FULL. */
  extend(capability: Capability): Err;
  /** At once, whatever the log does: capture stops, the key is gone, the gate closes, everybody is told. */
  withdraw(capability: Capability): Err;
  /** Pauses everything that is captured; capture events follow. */
  pause(paused: boolean, by: PauseBy, reason: PauseReason): Err;
  /** Is there a live key for it, and is it not paused? */
  maySend(capability: Capability): boolean;
  onHold(): boolean;
  /** After 'move-asked'. Yes: nothing is captured any more, the other device gets this end, and this one is over. STATE, RANGE. */
  answerMove(yes: boolean): Promise<Err>;
  /** Another device of this person (pairing/beside.ts); answers come as events 'beside'. Without a connection nothing happens. */
  besideJoin(nameplate: string): void;
  besideSend(bytes: Uint8Array): void;
  /** 16 bytes, once the relay has said it. */
  readonly sid: Uint8Array | undefined;
  readonly joinHost: string;
  /**
   * Seals a frame of a live capability and queues it. CONSENT: there is no key (any more), nothing was queued. FULL: the
   * queue is over its bound, not sealed. device-state, location: bytes is one StateChange (wire/message.ts).
   */
  pushFrame(capability: Capability, frame: Frame): Promise<Err>;
  /** The number under which the frame pushed last travels; as soon as pushFrame() has returned its promise. 0: none. */
  lastObject(capability: Capability): number;
  /** The person has seen the still that was asked for, and sends it (copied). RANGE, STATE: not asked for; CONSENT: not allowed (any more). */
  stillSend(id: number, still: Still): Err;
  /** Or does not send it; `failed`: because none could be taken. */
  stillDiscard(id: number, failed: boolean): Err;
  /** CONSENT: the camera is not shared, which is nobody's business then. */
  cameraState(report: CameraReport): Err;
  /** After 'goodbye', once: 1 to 5 stars. Then end the session. */
  rate(stars: number, solved: boolean): Err;
  /** Chat, pointer, mark, clear, check words. STATE before 'joined'. */
  sendData(data: SessionData): Err;
  /** Withdraws everything at once, and says so to everybody; a line that is away is waited for, for as long as a lost session is. */
  end(reason: EndReason): void;
  /** An end that has begun waits no more. */
  endNow(): void;
  /** An end has begun, and waits for the line to be said. */
  endWaits(): boolean;

  /* what is so */
  figures(): Figures;
  consent(capability: Capability): ConsentState;
  /** monoMs at which a grant ends, Infinity with the session; undefined when it is not granted. */
  grantedUntil(capability: Capability): number | undefined;
  /** The newest verified tree of this session's log, worth keeping for next time; origin '' before one is known. */
  seen(): { origin: string; seen: LogSeen };
  organisation(): OrganisationView | undefined;
  /** What a receipt is held to later; undefined before 'joined'. Also after the end. */
  receiptKeys(): ReceiptKeys | undefined;
  /**
   * Secret: what a reload of the page needs to come back to this session within the grace time, for config.kept; undefined
   * while there is nothing to come back to. Newer than any event and command before. After the reload everything is off: what
   * was granted comes back with pause(false, …), under fresh keys, while the grace time runs, and is withdrawn after it.
   */
  keep(): string | undefined;
}

/** Throws ProtoError LINK, VERSION or CODE when the invitation is damaged, EXPIRED when what was kept is too old. Nothing is spent before connected(). */
export function createCustomerSession(config: CustomerConfig): CustomerSession {
  return new Session(config);
}
