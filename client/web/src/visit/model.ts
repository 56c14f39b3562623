// SPDX-License-Identifier: Apache-2.0
/* visit/model.ts - what a visit is made of, as plain data: its people, what is asked, said and noted. */
import type { CameraOrder, Capability, Err, LogReceiptBytes, SessionData } from '../proto/session.js';
import type { OtherKept } from '../device/beside.js';
import type { Carried } from '../receipt/lines.js';
import type { Guide } from './guide.js';

export interface Peer {
  name: string;
  organisation: string;
  verified: boolean;
}

export interface Ask {
  capability: Capability;
  purpose: string;
  maxS: number;
  retentionDays: number;
}

/** Up to three that belong together, asked for at once and answered each by itself. */
export interface Sheet {
  request: number;
  asks: readonly Ask[];
}

/** A photo that was asked for: it is being chosen, or is on its way. */
export interface StillAsked {
  id: number;
  /** 0..1; undefined: not sent. */
  arrived: number | undefined;
}

export interface Said {
  mine: boolean;
  text: string;
  unixMs: number;
}

/** One note of this end, with what proves it. */
export interface Entry {
  capability: Capability | undefined;
  action: string;
  note: string;
  r: Uint8Array;
  receipt: LogReceiptBytes;
  unixMs: number;
}

export type Mark = Extract<SessionData, { kind: 'mark' }>;

export interface Ended {
  reason: string;
  by: number;
  /** What refused, when it was refused for good. */
  err: Err | undefined;
  message: string;
}

/** The four words, and what the person said of them. */
export interface Words {
  list: readonly string[];
  required: boolean;
  answered?: boolean;
}

/** Of a visit, over a reload. What was written is kept, so that the place that somebody was told is not lost. */
export interface VisitKept {
  joinedAt: number;
  peer: Peer | undefined;
  words: Words | undefined;
  chat: readonly Said[];
  entries: readonly Entry[];
  guide: Guide | undefined;
  /** It began on another device, which has the notes until then; what was allowed there and came along. */
  movedIn: boolean;
  carried: readonly Carried[];
  /** It has just come from there. */
  justMoved?: boolean;
  /** A device of their home that is linked; it tells nothing until it is wanted again. */
  other: OtherKept | undefined;
}

/** What the camera and the device listen to; screens use listen(). */
export interface Devices {
  capture(capability: Capability, on: boolean): void;
  /** It did not come to a capture that was about to begin, or not yet: what was made ready for it is let go. */
  letGo(capability: Capability): void;
  keyFrame(): void;
  /** 20 ms of the agent. */
  voiceCame(obj: number, tsMs: number, bytes: Uint8Array): void;
  /** Pictures arrived at the agent, or wait at the relay. */
  news(news: { kind: 'acked'; objects: readonly number[]; arrivalMs: readonly number[]; nowMs: number } | { kind: 'queued'; queuedMs: number; dropped: number }): void;
  mark(mark: Mark): void;
  clear(id: number): void;
  pointer(x: number, y: number): void;
  control(order: CameraOrder): void;
  checkAsked(id: number, check: string, target: string): void;
}
