// SPDX-License-Identifier: Apache-2.0
/*
 * When to play which packet of a voice: an adaptive jitter buffer, the twin of proto/media/playout.h, where the idea stands.
 * The owner asks for 20 ms every 20 ms, forever. Times are whole milliseconds on the owner's clock.
 */

export const PLAYOUT = {
  PACKET_MS: 20,
  PACKET_MAX_BYTES: 256,
  SLOTS: 64,
  START_MS: 250, /* held back until all spans are known: the first packet to be lost will come */
  MIN_MS: 40,
  MAX_MS: 600,
  SPANS: 10,
  SPAN_MS: 2000,
} as const;
const DRY_MAX = 10, DRY_ANEW = 50, GIVE_BACK_EVERY = 15, SLACK_MS = 40, MARGIN_MS = 10, TWICE_MAX_MS = 240;

/** A packet to be played; 'conceal': one is missing, bridge it; 'silence': nothing has come, or nothing for long. */
export type PlayoutStep = Uint8Array | 'conceal' | 'silence';

interface Slot {
  obj: number;
  bytes: Uint8Array;
}
interface Span {
  base: number;
  late: number;
}

/* A packet that is lost twice is late twice as much: half more is held back, up to a bound, for who talks waits for it. */
const withHalfMore = (lateMs: number): number => Math.max(lateMs, Math.min(Math.trunc(lateMs * 3 / 2), TWICE_MAX_MS));

/* Numbers and clocks of the sender go round at 2^32. */
const ahead = (a: number, b: number): number => (a - b) | 0;

export class Playout {
  played = 0;
  concealed = 0;
  skipped = 0;
  late = 0;
  /** Packets concealed in a row, now and at the worst. */
  gap = 0;
  gapMax = 0;
  #slots: (Slot | undefined)[] = Array<undefined>(PLAYOUT.SLOTS).fill(undefined);
  #heard = false;
  #running = false;
  #next = 0;
  #newest = 0;
  #spans: Span[] = Array.from({ length: PLAYOUT.SPANS }, () => ({ base: Infinity, late: 0 })); /* newest first */
  #spanMs = 0;
  #dry = 0;
  #patience = 0;

  /** Packet `obj` (rising by one), sounded at `tsMs` of the sender's clock. One that is too large is ignored. */
  put(obj: number, tsMs: number, bytes: Uint8Array, nowMs: number): void {
    if (bytes.length > PLAYOUT.PACKET_MAX_BYTES) return;
    this.#measure(tsMs, nowMs);
    const before = ahead(obj, this.#next);
    if (this.#heard && before < 0) {
      this.late++;
      return;
    }
    if (!this.#heard || before >= PLAYOUT.SLOTS) { /* the first, or far ahead: begin anew there */
      this.#slots.fill(undefined);
      this.#next = this.#newest = obj;
      this.#heard = true;
      this.#running = false;
    }
    if (ahead(obj, this.#newest) > 0) this.#newest = obj;
    this.#slots[obj % PLAYOUT.SLOTS] = { obj, bytes };
  }

  /** The next 20 ms. */
  take(): PlayoutStep {
    if (!this.#heard) return 'silence';
    const depth = this.depthMs(), target = this.targetMs();
    if (!this.#running && (!depth || depth < target)) return 'silence';
    this.#running = true;
    if (!depth) return this.#runDry();
    this.#dry = 0;
    if (this.#patience) this.#patience--;
    else if (depth > target + SLACK_MS) this.#giveBack();
    const at = this.#next % PLAYOUT.SLOTS, slot = this.#slots[at], there = slot?.obj === this.#next;
    this.#step();
    this.#slots[at] = undefined;
    if (!there) return this.#conceal();
    this.gap = 0;
    this.played++;
    return slot.bytes;
  }

  /** What is held back now, and what should be. */
  depthMs(): number {
    const packets = ahead(this.#newest, this.#next);
    return !this.#heard || packets < 0 ? 0 : (packets + 1) * PLAYOUT.PACKET_MS;
  }
  targetMs(): number {
    const worst = Math.max(PLAYOUT.MIN_MS, ...this.#spans.map(({ late }) => withHalfMore(late) + MARGIN_MS));
    const young = this.played < PLAYOUT.SPANS * PLAYOUT.SPAN_MS / PLAYOUT.PACKET_MS;
    return Math.min(young ? Math.max(worst, PLAYOUT.START_MS) : worst, PLAYOUT.MAX_MS);
  }

  #step(): void {
    this.#next = (this.#next + 1) >>> 0;
  }

  #giveBack(): void {
    this.#slots[this.#next % PLAYOUT.SLOTS] = undefined;
    this.#step();
    this.skipped++;
    this.#patience = this.depthMs() > PLAYOUT.MAX_MS ? 0 : GIVE_BACK_EVERY;
  }

  /* Transit times have an unknown offset, which cancels out against the least of them. */
  #measure(tsMs: number, nowMs: number): void {
    const transit = ahead(nowMs, tsMs);
    if (nowMs >= this.#spanMs + PLAYOUT.SPAN_MS) {
      this.#spans.pop();
      this.#spans.unshift({ base: Infinity, late: 0 });
      this.#spanMs = nowMs;
    }
    const span = this.#spans[0]!;
    span.base = Math.min(span.base, transit);
    span.late = Math.max(span.late, transit - Math.min(...this.#spans.map(({ base }) => base)));
  }

  #conceal(): PlayoutStep {
    this.concealed++;
    this.gapMax = Math.max(this.gapMax, ++this.gap);
    return 'conceal';
  }

  /* Nothing is there: time is made, for what comes next comes late. It is played as soon as it is there. */
  #runDry(): PlayoutStep {
    if (++this.#dry <= DRY_MAX) return this.#conceal();
    if (this.#dry >= DRY_ANEW) this.#running = false;
    return 'silence';
  }
}
