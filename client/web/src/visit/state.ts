// SPDX-License-Identifier: Apache-2.0
/* visit/state.ts - what is so in a visit: plain fields that screens read, and what of them a reload finds again. */
import type { Capability, ConsentState, Err, PauseBy, PauseReason, SessionEvent } from '../proto/session.js';
import type { Carried } from '../receipt/lines.js';
import type { Guide } from './guide.js';
import type { Ask, Ended, Entry, Peer, Said, Sheet, StillAsked, VisitKept, Words } from './model.js';

const CHAT_KEPT = 50, CHAT_MOST = 500;

export abstract class VisitState {
  joinedAt = 0;
  endedAt = 0;
  peer: Peer | undefined;
  /** The other seat is taken. undefined: not known yet. */
  present: boolean | undefined;
  online = false;
  /** The relay could not be reached; it is tried again. */
  lineFailed = false;
  resumed = false;
  /** The agent's heartbeats come. */
  live = true;
  sheet: Sheet | undefined;
  still: StillAsked | undefined;
  guide: Guide | undefined;
  /** The agent is away for a while: nothing is captured. */
  onHold = false;
  /** Until when (Date.now()) it comes back without a question. */
  holdUntil = 0;
  /** The agent is done; nothing is shared any more. */
  goodbye = false;
  /** Digits: this customer is there on another device already, which is asked. */
  elsewhere: string | undefined;
  /** Digits: another device asks to go on in this one's place. */
  moveAsked: string | undefined;
  movedAway = false;
  /** It began on another device of this person; what was allowed there and came along. */
  movedIn = false;
  readonly carried: Carried[] = [];
  /** What that other device handed over. */
  movedHere: string | undefined;
  rated = false;
  /** Granted by a tap; the log's receipt is awaited. */
  readonly waiting = new Set<Capability>();
  /** What the session has this device capture right now. */
  readonly capturing = new Set<Capability>();
  readonly granted = new Map<Capability, Ask>();
  /** End soon, and may be extended by a tap; no answer ends them. */
  readonly expiring = new Set<Capability>();
  readonly refusedBy = new Map<Capability, ConsentState>();
  paused: { by: PauseBy; reason: PauseReason | 'reloaded' | 'moved' } | undefined;
  words: Words | undefined;
  readonly chat: Said[] = [];
  /** Lines that are not in it any more: there were too many. */
  chatBefore = 0;
  readonly entries: Entry[] = [];
  alarm: Err | undefined;
  fork: string | undefined; /* the file that shows what the alarm is about */
  blocked: Capability | undefined;
  ended: Ended | undefined;

  protected lastError: { err: Err; message: string } | undefined;
  /** After a reload or a move, until the pair is up again: what was granted is off, and waits for a tap. */
  protected reopened: 'reloaded' | 'moved' | undefined;

  protected kept(): Omit<VisitKept, 'other'> {
    const { joinedAt, peer, words, chat, entries, guide, movedIn, carried } = this;
    return { joinedAt, peer, words, chat: chat.slice(-CHAT_KEPT), entries, guide, movedIn, carried };
  }

  protected restore(kept: VisitKept): void {
    this.reopened = kept.justMoved ? 'moved' : 'reloaded';
    this.movedIn = kept.movedIn;
    this.carried.push(...kept.carried);
    this.joinedAt = kept.joinedAt;
    this.peer = kept.peer;
    this.words = kept.words;
    this.guide = kept.guide;
    this.chat.push(...kept.chat);
    this.entries.push(...kept.entries);
  }

  protected wrote(mine: boolean, text: string): void {
    this.chat.push({ mine, text, unixMs: Date.now() });
    if (this.chat.length <= CHAT_MOST) return;
    this.chat.shift();
    this.chatBefore++;
  }

  protected onStill(event: Extract<SessionEvent, { kind: 'still' }>): void {
    if (event.step === 'asked') this.still = { id: event.id, arrived: undefined };
    else if (event.step === 'sending') this.still = { id: event.id, arrived: event.sent / event.parts };
    else this.still = undefined;
  }
}
