// SPDX-License-Identifier: Apache-2.0
/*
 * media/send.ts - a sender of pictures over one reliable stream: what to encode next, how large, how sharp, and when to
 * rather not. The twin of proto/media/send.h, which says why; media.json of handhold-vectors holds both to one trace.
 *
 * Ask take() for each picture of the camera before it is encoded, encode what it says, tell sent(), and hand in what the
 * receiver acknowledges and the relay reports. It gives up bits first, then frames a second, then size, and at the bottom
 * it sends no motion any more but a sharp still every one to two seconds. Whole milliseconds on the sender's clock.
 */
import { div, Line } from './line.js';
import { Rate } from './rate.js';

const START_BPS = 660_000, MAX_BPS = 6_000_000, KEY_EVERY_MS = 400, TRY_MS = 1000;
const PATTERN = [0, 2, 1, 2] as const;

interface Rung {
  twelfths: number; /* of the camera's sides */
  leastBps: number;
  enoughBps: number;
}
const LADDER: readonly Rung[] = [
  { twelfths: 12, leastBps: 700_000, enoughBps: 850_000 }, /* 1280 x 720 */
  { twelfths: 9, leastBps: 480_000, enoughBps: 600_000 },
  { twelfths: 6, leastBps: 190_000, enoughBps: 240_000 },
  { twelfths: 4, leastBps: 100_000, enoughBps: 130_000 },
  { twelfths: 3, leastBps: 55_000, enoughBps: 70_000 },
  { twelfths: 6, leastBps: 45_000, enoughBps: 55_000 }, /* stills, 640 x 360 */
  { twelfths: 4, leastBps: 0, enoughBps: 0 },
];
const STILLS = LADDER.length - 2, BASE_PIXELS = 1280 * 720;
const DOWN_WAIT_MS = 600, UP_WAIT_MS = 1500, UP_SURE_MS = 600, UP_SURE = 125, UP_START_MS = 300, SHARP_DROP = 500, KEY_IN_HAND_MS = 1000;
const STILL_MIN_MS = 1000, STILL_MAX_MS = 2000, STILL_LEAVE_MS = 700, LATE_MIN_MS = 60;
/* Overdue on a line that loses nothing: from here the top layer is left out, the middle one, all. */
const LATE_TOP_MS = 50, LATE_MIDDLE_MS = 70, LATE_ALL_MS = 90;
/* On their way while nothing is heard: pictures have half of the rate, a quarter. */
const MUCH_BYTES = 60_000, TOO_MUCH_BYTES = 80_000;

export interface Plan {
  bps: number;
  width: number; /* even; the camera's or a part of it */
  height: number;
  stills: boolean; /* each picture that is taken is a still: a key frame, sharp, on its own */
}

export interface SendOptions {
  /** Left out: by the size. */
  startBps?: number | undefined;
  /** Of 1280 x 720, in proportion to the pixels. */
  mostBps?: number | undefined;
  /** This end hears of an acknowledgement so much later than it came: no more of a picture than that is overdue. */
  ownLateMs?: number;
}

export interface Take {
  take: boolean;
  tid: number;
  key: boolean; /* it must be a key frame */
}

/** 0 good … 3 stills only: for words on the screen. */
export type PictureQuality = 0 | 1 | 2 | 3;

export class MediaSend {
  plan: Plan = { bps: 0, width: 0, height: 0, stills: false };
  private line: Line;
  private rate: Rate;
  private rung = 0;
  private rungMs = Infinity; /* since when the rate asks for another one */
  private rungWish = 0;
  private at = 0; /* in the pattern of layers */
  private wantsKey = true;
  private keyMs: number;
  private keyAskedMs = -Infinity; /* an encoder of its own thread has it in hand: it is not asked twice */
  private stillMs: number;
  private takenMs: number; /* the newest picture */
  private stillEveryMs = STILL_MIN_MS;
  private readonly ownLateMs: number;

  constructor(private readonly width: number, private readonly height: number, nowMs: number, { startBps, mostBps = MAX_BPS, ownLateMs = 0 }: SendOptions = {}) {
    const most = this.bound(mostBps);
    this.ownLateMs = ownLateMs;
    this.line = new Line(nowMs);
    this.rate = new Rate(Math.min(startBps ?? this.bound(START_BPS), most), most, nowMs);
    this.keyMs = this.stillMs = nowMs - STILL_MAX_MS;
    this.takenMs = nowMs;
    this.climbTo(this.rungFor(this.rate.bps), nowMs);
    this.setPlan();
  }

  /** Another connection, or a capture that begins again: the line is learnt anew, the next picture is a key frame. */
  restart(nowMs: number): void {
    this.line = new Line(nowMs);
    this.rate = this.rate.onNewLine(nowMs);
    this.climbTo(this.rungFor(this.rate.bps), nowMs);
    this.at = 0;
    this.setPlan();
  }

  /** What a rung needs at the camera's own size. */
  private share(bps: number): number {
    const pixels = this.width * this.height;
    return pixels >= BASE_PIXELS ? bps : div(bps * pixels, BASE_PIXELS);
  }
  /** Where to begin and where to end: a small picture may be a sharp one. */
  private bound(bps: number): number {
    return Math.max(this.share(bps), div(bps, 4));
  }

  private setPlan(): void {
    const { twelfths } = LADDER[this.rung]!, side = (px: number): number => div(px * twelfths, 12) & ~1;
    this.plan = { bps: this.rate.bps, width: side(this.width), height: side(this.height), stills: this.rung >= STILLS };
  }

  private rungFor(bps: number): number {
    let rung = this.rung;
    while (rung < LADDER.length - 1 && bps < this.share(LADDER[rung]!.leastBps)) rung++;
    if (rung === this.rung) while (rung > 0 && bps >= this.share(LADDER[rung - 1]!.enoughBps)) rung--;
    return rung;
  }

  private climbTo(rung: number, nowMs: number): void {
    this.rung = rung;
    this.rungMs = Infinity;
    this.wantsKey = true; /* another size begins with one in any case */
    this.keyMs = nowMs - KEY_EVERY_MS;
    this.keyAskedMs = -Infinity;
  }

  private chooseRung(nowMs: number): void {
    const wish = this.rungFor(this.rate.bps);
    const sharp = this.rate.bps * 1000 < this.share(LADDER[this.rung]!.leastBps) * SHARP_DROP;
    const sure = this.rate.bps * 100 >= this.share(LADDER[wish]!.enoughBps) * UP_SURE;
    const wait = wish > this.rung ? (sharp ? 0 : DOWN_WAIT_MS) : this.rate.state === 'starting' ? UP_START_MS : sure ? UP_SURE_MS : UP_WAIT_MS;
    if (wish === this.rung) {
      this.rungMs = Infinity;
      return;
    }
    if (this.rungMs === Infinity || wish > this.rung !== this.rungWish > this.rung) this.rungMs = nowMs;
    this.rungWish = wish;
    if (nowMs >= this.rungMs + wait) this.climbTo(wish, nowMs);
  }

  private overdueMs(nowMs: number): number {
    return this.line.overdueMs(nowMs) - this.ownLateMs;
  }

  /* How late a frame may be on a line that loses packets before it is more than one packet that was sent again: a trip. */
  private bearMs(): number {
    return Math.max(this.line.tripMs() ?? LATE_MIN_MS, LATE_MIN_MS);
  }

  /* The lowest layer that is left out now: 3 none, 0 all. A packet sent again takes one trip: until then all may still be well. */
  private leftOut(nowMs: number): number {
    const overdue = this.overdueMs(nowMs);
    if (!this.line.loses(nowMs)) return overdue > LATE_ALL_MS ? 0 : overdue > LATE_MIDDLE_MS ? 1 : overdue > LATE_TOP_MS ? 2 : 3;
    const bear = this.bearMs(), twice = this.rate.state === 'growing' ? bear : 0;
    if (overdue > bear * 2 + twice + LATE_MIN_MS) return 0;
    if (overdue > div(bear * 3, 2) + twice + LATE_MIN_MS) return 1;
    return overdue > bear + twice + LATE_MIN_MS ? 2 : 3;
  }

  /* A packet that was lost twice, or a line that has fallen: not left out, but smaller, the more is on its way already. */
  private partOfRate(nowMs: number): number {
    const { bytes } = this.line, { bps } = this.rate;
    if (!this.line.loses(nowMs) || bytes <= MUCH_BYTES || this.overdueMs(nowMs) <= this.bearMs() + LATE_MIN_MS) return bps;
    return div(bps, bytes > TOO_MUCH_BYTES ? 4 : 2);
  }

  /* What the relay left out is never acknowledged: a picture that needs no other goes out now and then, so that something is. */
  private mustTry(nowMs: number): boolean {
    return this.leftOut(nowMs) === 0 && nowMs >= this.takenMs + TRY_MS;
  }

  private takeStill(nowMs: number): Take {
    const take = nowMs >= this.stillMs + this.stillEveryMs && (!this.line.oldest || nowMs >= this.stillMs + 2 * STILL_MAX_MS);
    if (take) this.stillMs = this.takenMs = nowMs;
    return { take, tid: 0, key: true };
  }

  wantKey(): void {
    this.wantsKey = true;
  }

  /** The camera has a picture: is it to be encoded, and as what? `plan` holds until the next call. */
  take(nowMs: number): Take {
    this.rate.step(this.line, nowMs);
    this.chooseRung(nowMs);
    this.setPlan();
    if (this.plan.stills) return this.takeStill(nowMs);
    const tries = this.mustTry(nowMs);
    const key = tries || (this.wantsKey && nowMs >= this.keyMs + KEY_EVERY_MS && nowMs >= this.keyAskedMs + KEY_IN_HAND_MS);
    if (key) this.at = 0;
    this.plan.bps = tries ? div(this.rate.bps, 4) : this.partOfRate(nowMs);
    const tid = PATTERN[this.at % PATTERN.length]!, take = tid < (tries ? 1 : this.leftOut(nowMs));
    if (take) this.takenMs = nowMs;
    if (key && take) this.keyAskedMs = nowMs;
    /* What a layer above is left out makes room: the next of layer 0 comes in its turn, not sooner. */
    if (take || tid > 0) this.at++;
    return { take, tid, key };
  }

  /** It was encoded, sealed as number `object`, and waits to leave. `key`: as what it came out. */
  sent(object: number, bytes: number, key: boolean, nowMs: number): void {
    this.line.sent(object, bytes, nowMs);
    this.rate.sent(bytes, nowMs);
    /* Sharp whatever the line: a bound on the rate makes them seldom, not coarse. */
    if (this.plan.stills) this.stillEveryMs = Math.max(STILL_MIN_MS, div(bytes * 8000, this.rate.maxBps));
    if (!key) return;
    this.wantsKey = false;
    this.keyMs = nowMs;
    this.keyAskedMs = -Infinity;
  }

  /** It was encoded and could not be sealed or sent: what refers to it is worthless. */
  failed(): void {
    this.wantsKey = true;
    this.keyAskedMs = -Infinity;
  }

  acked(object: number, arrivalMs: number, nowMs: number): void {
    const { oldest } = this.line, first = oldest?.object === object ? oldest : undefined;
    if (this.line.acked(object, arrivalMs, nowMs) && first) this.learnOfStill(first.bytes, nowMs - first.atMs, nowMs);
  }

  /* A still says what the line carries by how long it took, for nothing else is sent that could. */
  private learnOfStill(bytes: number, tookMs: number, nowMs: number): void {
    const { rate } = this, bps = div(bytes * 8000, Math.max(tookMs, 1)); /* with the trip in it: rather too little */
    if (!this.plan.stills) return;
    if (tookMs < STILL_LEAVE_MS && bps > rate.bps) rate.bps = Math.max(rate.bps, Math.min(bps, rate.bps * 2, rate.maxBps));
    rate.wellMs = nowMs;
  }

  queued(queuedMs: number, dropped: number): void {
    this.rate.relay(queuedMs, dropped > 0);
  }

  get bps(): number {
    return this.rate.bps;
  }

  quality(): PictureQuality {
    if (this.plan.stills) return 3;
    return this.rung === 0 ? 0 : this.rung <= 2 ? 1 : 2;
  }
}
