// SPDX-License-Identifier: Apache-2.0
/*
 * media/line.ts - what a sender knows of the line, from acknowledgements of whole frames alone. The twin of
 * proto/media/line.h, which says why; both are held to the same trace (media.json of handhold-vectors).
 *
 * A lost packet holds up some frames, a queue holds up every one: so the *standing queue* is the smallest delay of the
 * last moments over the smallest ever seen of late. Times are whole milliseconds on the sender's clock.
 */

const FRAMES = 256, ARRIVALS = 64, BASES = 8, BASE_MS = 4000;
const WINDOW_MIN_MS = 250, WINDOW_MAX_MS = 500, ENOUGH = 3;
/* Acknowledgements of which the fastest says what the way back takes now. */
const BACK = 8;
/* Held up by this much, and by nine tenths of a trip: as by a packet sent again; the line loses packets so long afterwards. */
const RESENT_MS = 60, LOSES_MS = 10_000;
/* Frames of so long say what the line lets through, when they are so much larger than the fastest, together. */
const PASSES_MS = 300, PASSES_BYTES = 2000;
/** A trip, before one is known. */
export const PATIENCE_MS = 300;

export const div = (a: number, b: number): number => Math.trunc(a / b);

export interface OnItsWay {
  readonly object: number;
  readonly bytes: number;
  readonly atMs: number;
}

interface Arrival {
  readonly atMs: number; /* receiver's clock */
  readonly delayMs: number; /* over `zero` */
  readonly backMs: number; /* of the acknowledgement: what is left of the trip */
  readonly bytes: number;
}

interface Base {
  delayMs: number;
  tripMs: number;
  backMs: number;
  bytes: number; /* of the frame that was delayed least */
}

const noBase = (): Base => ({ delayMs: Infinity, tripMs: Infinity, backMs: Infinity, bytes: 0 });

export class Line {
  /** When the newest acknowledgement came. */
  heardMs = 0;
  /** Frames that others overtook: dropped on the way. */
  lost = 0;
  bytes = 0; /* on their way */
  private frames: OnItsWay[] = []; /* oldest first */
  private arrivals: Arrival[] = []; /* newest last */
  private known = false;
  private zero = 0; /* receiver's minus sender's clock at the first arrival, modulo 2^32 */
  private readonly bases: Base[] = Array.from({ length: BASES }, noBase); /* newest first */
  private spikeMs = 0; /* by how much single frames are late over what stands, at the worst of late */

  private held = false; /* the newest was held up as by a packet sent again */
  private resentMs: number; /* when one came last that was, and the next right behind it */

  constructor(private baseMs: number) {
    this.resentMs = baseMs - LOSES_MS;
  }

  get oldest(): OnItsWay | undefined {
    return this.frames[0];
  }

  sent(object: number, bytes: number, nowMs: number): void {
    if (this.frames.length === FRAMES) this.dropFirst();
    this.frames.push({ object, bytes, atMs: nowMs });
    this.bytes += bytes;
  }

  /** It arrived at `arrivalMs` of the receiver's clock. False: it is not on its way. Frames before it are lost. */
  acked(object: number, arrivalMs: number, nowMs: number): boolean {
    while (this.frames.length && this.frames[0]!.object < object) {
      this.dropFirst();
      this.lost++;
    }
    if (this.frames[0]?.object !== object) return false;
    this.arrived(this.dropFirst(), arrivalMs, nowMs);
    return true;
  }

  private dropFirst(): OnItsWay {
    const first = this.frames.shift()!;
    this.bytes -= first.bytes;
    return first;
  }

  private arrived(frame: OnItsWay, arrivalMs: number, nowMs: number): void {
    const apart = (arrivalMs - frame.atMs) | 0;
    if (!this.known) this.zero = apart;
    this.known = true;
    const delayMs = (apart - this.zero) | 0, tripMs = nowMs - frame.atMs;
    this.arrivals.push({ atMs: frame.atMs + delayMs, delayMs, backMs: tripMs - delayMs, bytes: frame.bytes });
    if (this.arrivals.length > ARRIVALS) this.arrivals.shift();
    if (nowMs >= this.baseMs + BASE_MS) {
      this.bases.pop();
      this.bases.unshift(noBase());
      this.baseMs = nowMs;
    }
    const newest = this.bases[0]!;
    if (delayMs < newest.delayMs) newest.bytes = frame.bytes;
    newest.delayMs = Math.min(newest.delayMs, delayMs);
    newest.tripMs = Math.min(newest.tripMs, tripMs);
    newest.backMs = Math.min(newest.backMs, tripMs - delayMs);
    this.heardMs = nowMs;
    this.spikeMs -= div(this.spikeMs, 128);
    const standing = this.standingMs(WINDOW_MAX_MS);
    const late = standing === undefined ? 0 : delayMs - this.baseDelay() - standing;
    this.spikeMs = Math.max(this.spikeMs, late);
    this.lookForLoss(late, nowMs);
  }

  /* Behind what a packet sent again held up comes at once what was sent after it; behind a frame that is late because the
   * line carries less now comes nothing at once. */
  private lookForLoss(lateMs: number, nowMs: number): void {
    const before = this.arrivals[this.arrivals.length - 2], last = this.arrivals[this.arrivals.length - 1]!;
    const arrivedApart = before ? last.atMs - before.atMs : 0;
    const sentApart = before ? arrivedApart - (last.delayMs - before.delayMs) : 0;
    if (this.held && arrivedApart * 2 < sentApart) this.resentMs = nowMs;
    this.held = lateMs > RESENT_MS && lateMs * 10 > this.tripMs()! * 9;
  }

  /** A packet was sent again of late: then a frame that is late may be no more than that. */
  loses(nowMs: number): boolean {
    return nowMs < this.resentMs + LOSES_MS;
  }

  private fastest(): Base {
    return this.bases.reduce((least, base) => base.delayMs < least.delayMs ? base : least);
  }

  private baseDelay(): number {
    return this.fastest().delayMs;
  }

  /** Smallest delay over base of the frames that arrived in the last `windowMs`; undefined: fewer than three did. */
  standingMs(windowMs: number): number | undefined {
    let least = Infinity, count = 0;
    for (const arrival of this.newest(windowMs)) {
      least = Math.min(least, arrival.delayMs);
      count++;
    }
    return count < ENOUGH ? undefined : least - this.baseDelay();
  }

  /** Back from the newest, while they are of that window. */
  private *newest(windowMs: number): Generator<Arrival> {
    const { arrivals } = this, after = (arrivals[arrivals.length - 1]?.atMs ?? 0) - windowMs;
    for (let i = arrivals.length - 1; i >= 0 && arrivals[i]!.atMs > after; i--) yield arrivals[i]!;
  }

  /** The shortest window in which a frame that came through unhindered is to be expected: longer where packets are lost. */
  windowMs(): number {
    return Math.min(WINDOW_MAX_MS, Math.max(WINDOW_MIN_MS, div(WINDOW_MIN_MS, 2) + 2 * this.spikeMs));
  }

  /** What arrived in the `windowMs` before the newest arrival, in bits a second; undefined: nothing did. */
  deliveredBps(windowMs: number): number | undefined {
    let bytes = 0;
    for (const arrival of this.newest(windowMs)) bytes += arrival.bytes;
    return this.arrivals.length ? div(bytes * 8000, windowMs) : undefined;
  }

  /** What the line lets through, in bits a second, by how much longer larger frames take than the one that was fastest; a
   * queue makes it less, never more. undefined: they are all alike. */
  passesBps(): number | undefined {
    const { delayMs: least, bytes: own } = this.fastest();
    let bytes = 0, took = 1;
    for (const arrival of this.newest(PASSES_MS)) {
      if (arrival.bytes <= own) continue;
      bytes += arrival.bytes - own;
      took += arrival.delayMs - least;
    }
    return bytes < PASSES_BYTES ? undefined : div(bytes * 8000, took);
  }

  /** Smallest time from leaving to acknowledgement; undefined before the first. */
  tripMs(): number | undefined {
    const least = Math.min(...this.bases.map((base) => base.tripMs));
    return least === Infinity ? undefined : least;
  }

  /* How much longer acknowledgements take now than they need. */
  private waitsBackMs(): number {
    const now = Math.min(...this.arrivals.slice(-BACK).map((arrival) => arrival.backMs));
    const base = Math.min(...this.bases.map((each) => each.backMs));
    return now === Infinity || now < base ? 0 : now - base;
  }

  /** How much longer than that the oldest frame on its way has been out; what acknowledgements wait for is not counted. */
  overdueMs(nowMs: number): number {
    const { oldest } = this;
    return oldest ? Math.max(0, nowMs - oldest.atMs - (this.tripMs() ?? PATIENCE_MS) - this.waitsBackMs()) : 0;
  }
}
