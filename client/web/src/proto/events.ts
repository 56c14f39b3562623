// SPDX-License-Identifier: Apache-2.0
/* proto/events.ts - what a session says and what travels in it, as plain data; the session itself is in proto/session.ts. */
import type { Err } from './err.js';
import type { Capability, EndReason, Role } from './wire/capability.js';

export type ConsentState = 'none' | 'requested' | 'granted' | 'refused' | 'withdrawn' | 'expired' | 'blocked';
export type ConnectionState = 'connected' | 'reconnecting' | 'resumed' | 'lost';

/** Who pauses, and why: the words that the agent's end knows. */
export type PauseBy = 'customer' | 'agent' | 'device';
export type PauseReason = 'asked' | 'page-hidden' | 'phone-call' | 'camera-lost' | 'microphone-lost';

/** What the agent wants of the camera, one thing at a time; zoom 1 is all that the lens sees, focus is 0..1 of the picture. */
export type CameraOrder = { torch: boolean } | { zoom: number } | { lens: string } | { focus: { x: number; y: number } };

/** What the camera can and does; zoomMax 1: it cannot zoom. */
export interface CameraReport {
  canTorch: boolean;
  torch: boolean;
  zoom: number;
  zoomMax: number;
  /** At most 8; ids of at most 32 bytes, labels of at most 64. */
  lenses: readonly { id: string; label: string }[];
  lens: string;
  canFocus: boolean;
}

/** A picture file, at most 8 MB. */
export interface Still {
  bytes: Uint8Array;
  width: number;
  height: number;
  mime: 'image/jpeg' | 'image/png';
}

/** What travels between the two people, sealed. Coordinates are 0..1 of the picture. */
export type SessionData =
  | { kind: 'chat'; text: string } /* at most 2000 bytes */
  | { kind: 'pointer'; x: number; y: number } /* may be lost */
  | { kind: 'mark'; id: number; shape: string; points: readonly number[]; text: string; tsMs: number; colour?: number /* 0: yellow; handhold.proto */ }
  | { kind: 'clear'; id: number } /* 0: all marks */
  | { kind: 'check-words'; match: boolean }
  /** Whether the person wants to hear the agent, as long as voice is granted; before the first word of it they do not. */
  | { kind: 'hearing'; on: boolean }
  /** A button of the list of steps. */
  | { kind: 'guide-act'; run: number; step: number; act: GuideAct }
  /** The language that guides should have here; once joined. */
  | { kind: 'guide-wish'; language: string };

export type GuideAct = 'done' | 'skip' | 'back' | 'did-not-work' | 'close';
export type GuideOutcome = 'open' | 'done' | 'skipped' | 'did-not-work' | 'not-needed';

/** What the agent sends of a guide: that one begins, its steps in order, and how the whole list stands, each time. */
export type GuidePart =
  | { part: 'open'; run: number; title: string; summary: string; language: string; steps: number }
  | { part: 'step'; run: number; step: number; title: string; text: string; caution: string; point: string; help: string; byItself: boolean; alt: string; mime: string; pictureBytes: number }
  /** A piece of a step's picture; the last words of a guide, when there is nothing else to say. */
  | { part: 'picture'; run: number; step: number; index: number; bytes: Uint8Array }
  /** current = number of steps: none is on. */
  | { part: 'state'; run: number; current: number; outcomes: readonly GuideOutcome[]; end: 'goes-on' | 'solved' | 'not-solved' | 'closed' };

export type SessionEvent =
  /** The pair is authenticated for the first time. verified: the domain's root was pinned by this device. */
  | { kind: 'joined'; peer: string; organisation: string; role: Role; verified: boolean; fingerprint: Uint8Array }
  /**
   * A capability changed its state. purpose: with 'requested' the agent's words; else why, may be empty. maxS 0: until the
   * session ends. request, of: with 'requested', the number of the sheet and how many are on it, each with an event of its own.
   * extended: with 'granted', what was granted already goes on.
   */
  | { kind: 'consent'; capability: Capability; state: ConsentState; purpose: string; maxS: number; retentionDays: number; request: number; of: number; extended: boolean }
  /** A grant ends soon; extend() is possible from now on. */
  | { kind: 'expiring'; capability: Capability; leftS: number }
  /** A note of this end is in the log and its receipt was verified. `note` and `r` are worth keeping for the receipt. */
  | { kind: 'logged'; capability: Capability | undefined; action: string; index: number; logSize: number;
      receipt: LogReceiptBytes; note: string; r: Uint8Array }
  /** Start (true) or stop (false) capturing this capability, now. */
  | { kind: 'capture'; capability: Capability; on: boolean }
  /** The next picture must be a key frame. */
  | { kind: 'key-frame'; capability: Capability }
  /** Frames of this capability opened at the receiver, each at this time of the receiver's clock; numbers rise. */
  | { kind: 'media-ack'; capability: Capability; objects: readonly number[]; arrivalMs: readonly number[] }
  /** The relay's report: so old is the oldest of its frames that wait there, so many were left out since the report before. */
  | { kind: 'media-queue'; capability: Capability; queuedMs: number; dropped: number }
  /** What the agent sent, once and in order. */
  | { kind: 'data'; data: SessionData }
  /** 20 ms of the agent's voice, as Opus: packet `obj`, sounded at `tsMs` of the agent's media clock; late or never is normal. */
  | { kind: 'voice'; obj: number; tsMs: number; bytes: Uint8Array }
  /** The agent has put this session on hold, or is back; with on: so long they may come back without a question. */
  | { kind: 'hold'; on: boolean; graceS: number }
  /** A still: take one, show it, then send or discard it; so many parts have arrived; all have; forget it, its consent has ended. */
  | { kind: 'still'; step: 'asked' | 'whole' | 'failed'; id: number }
  | { kind: 'still'; step: 'sending'; id: number; sent: number; parts: number }
  /** Under the consent that it needs. */
  | { kind: 'camera-control'; order: CameraOrder }
  | { kind: 'guide'; guide: GuidePart }
  /** The agent's end asks for a check of the line, which a browser cannot make. */
  | { kind: 'check-ask'; id: number; check: string; target: string }
  /** The agent is done: everything was withdrawn, rate() is possible, and the session ends in 30 s or by end('completed'). */
  | { kind: 'goodbye' }
  | { kind: 'connection'; state: ConnectionState }
  /** The customer is there on another device, which is asked; both show the digits. 'moved-here', or an error and the end, follow. */
  | { kind: 'elsewhere'; digits: string }
  /** That device has handed its end over, for config.keptElsewhere of another session; 'ended' follows. Secret. */
  | { kind: 'moved-here'; kept: string }
  /** Somebody with the same link asks to go on in this device's place: answerMove(). */
  | { kind: 'move-asked'; digits: string }
  /** The session goes on elsewhere; 'ended' follows. */
  | { kind: 'moved-away' }
  /** Another device of this person, at the relay: it came or went, was not found, or said something (pairing/beside.ts). */
  | { kind: 'beside'; present: boolean; err: Err; bytes: Uint8Array | undefined }
  /** The other seat: false means that nobody of the organisation is there (yet). */
  | { kind: 'peer'; present: boolean }
  /** Heartbeats of the agent stopped for 3 s (false) or are back (true). */
  | { kind: 'live'; live: boolean }
  /** The four words that both people can compare. */
  | { kind: 'check-words'; words: readonly [string, string, string, string]; required: boolean }
  /** The relay did not forward what this end sent. */
  | { kind: 'blocked'; capability: Capability | undefined; messages: number }
  /** Somebody on the way tampers: forked log, wrong code, altered control. fork: a file that proves the first. */
  | { kind: 'alarm'; err: Err; message: string; fork?: string }
  /** Something a person must read. fatal: the relay refused for good, 'ended' follows. */
  | { kind: 'error'; err: Err; message: string; fatal: boolean }
  /** The last event. by: index of who ended it; 0 the relay, 1 this end, 2 the agent. */
  | { kind: 'ended'; reason: EndReason; by: number; message: string };

/** A receipt as it came, so that it can be written into a proof that others can check. */
export interface LogReceiptBytes {
  index: number;
  leaf: Uint8Array;
  evidenceLine: string;
  checkpoint: string;
  inclusion: readonly Uint8Array[];
  consistency: readonly Uint8Array[];
}
