// SPDX-License-Identifier: Apache-2.0
/*
 * media/rate.ts - how many bits a second the picture may have: the twin of proto/media/rate.h, which says why each step is
 * as it is. It grows while frames arrive without a standing queue, goes below what was delivered when there is one, and
 * does not grow past what was in fact sent. Whole numbers throughout.
 */
import { div, type Line, PATIENCE_MS } from './line.js';

export const MIN_BPS = 24_000;
const EVERY_MS = 50; /* how often it is worth thinking again */

const QUEUE_SOON_MS = 200, QUEUE_LOW_MS = 20, QUEUE_MORE_MS = 12, OVERDUE_MAX_MS = 400, RELAY_MAX_MS = 80, DELIVERED_MS = 800, CUT_EVERY_MS = 350;
const SMALL_BPS = 600_000, SMALL_STEP_BPS = 20_000; /* whoever has less bears more of a queue: a millisecond for each step */
const CUT_KEEP = 850, CUT_DEEPEST = 550, CUT_AT_LEAST = 940, CUT_FLOOR = 450, SILENT_CUTS = 2, SPENT_MIN = 600, START_PART = 800; /* thousandths, but the fifth */
const TENTH_MS = 100, TENTHS = 10, TOOK_MOST_MS = 200;
const GROW_START = 900, GROW_BACK = 700, GROW_MAX = 900; /* thousandths a second */
/* Where the line was full not long ago; more carefully on one that loses packets, where a queue costs more. Lets it `room`
 * times the rate through, it is another line than that one. */
const STEADY = { first: 45, more: 160, waitMs: 1200, room: 2 }, LOSING = { first: 50, more: 40, waitMs: 3000, room: 3 };

export class Rate {
  state: 'starting' | 'growing' | 'draining' = 'starting';
  wellMs: number; /* the last queue had gone then */
  private capacityBps = 0; /* what the line carried when it was full last; 0: never was */
  private stepMs: number;
  private cutMs: number;
  private readonly tenths: number[] = new Array<number>(TENTHS).fill(0); /* bits sent in the last second */
  private tenth = 0;
  private tenthMs: number;
  private silentCuts = 0; /* since anything was acknowledged */
  private relayMs = 0;
  private relayDropped = false;

  constructor(public bps: number, readonly maxBps: number, nowMs: number) {
    this.stepMs = this.tenthMs = this.cutMs = this.wellMs = nowMs;
  }

  /** Of a new connection: the line may be another. Keeps most of the rate, forgets what it knew. */
  onNewLine(nowMs: number): Rate {
    return new Rate(Math.max(MIN_BPS, div(this.bps * 7, 10)), this.maxBps, nowMs);
  }

  private turn(nowMs: number): void {
    for (let i = 0; i < TENTHS && nowMs >= this.tenthMs + TENTH_MS; i++) {
      this.tenthMs += TENTH_MS;
      this.tenth = (this.tenth + 1) % TENTHS;
      this.tenths[this.tenth] = 0;
    }
    if (nowMs >= this.tenthMs + TENTH_MS) this.tenthMs = nowMs;
  }

  sent(bytes: number, nowMs: number): void {
    this.turn(nowMs);
    this.tenths[this.tenth]! += bytes * 8;
  }

  /** The relay's report: so much waits for the receiver, and messages were left out or not. */
  relay(queuedMs: number, dropped: boolean): void {
    this.relayMs = queuedMs;
    this.relayDropped = dropped;
  }

  /* What counts as no queue: of two sessions on one line the smaller one would else never grow. */
  private lowMs(): number {
    return this.bps < SMALL_BPS ? QUEUE_LOW_MS + div(SMALL_BPS - this.bps, SMALL_STEP_BPS) : QUEUE_LOW_MS;
  }

  /* How deep the queue is that must go; 0: none is to be seen. */
  private queueMs(line: Line, nowMs: number): number {
    const standing = line.standingMs(line.windowMs()) ?? -1, overdue = line.overdueMs(nowMs);
    if (standing > this.lowMs() + QUEUE_MORE_MS) return standing;
    if (overdue > OVERDUE_MAX_MS) return overdue;
    return this.relayDropped || this.relayMs > RELAY_MAX_MS ? Math.max(this.relayMs, QUEUE_LOW_MS + QUEUE_MORE_MS) : 0;
  }

  private cut(line: Line, queueMs: number, nowMs: number): void {
    const said = line.deliveredBps(DELIVERED_MS), silent = nowMs - line.heardMs > OVERDUE_MAX_MS;
    /* While a queue drains the line delivers more than the rate: it is cut again only when that has become too much. */
    const most = this.state === 'draining' ? this.bps : div(this.bps * CUT_AT_LEAST, 1000);
    if (silent && this.silentCuts === SILENT_CUTS) return;
    if (!silent && said !== undefined) this.capacityBps = said;
    else if (!this.silentCuts) this.capacityBps = Math.max(this.capacityBps, this.bps);
    const delivered = silent ? 0 : (said ?? 0); /* what came before a silence is older news */
    this.silentCuts = silent ? this.silentCuts + 1 : 0;
    const keep = Math.max(CUT_KEEP - queueMs, CUT_DEEPEST);
    this.bps = Math.max(Math.min(div(delivered * keep, 1000), most), div(this.bps * CUT_FLOOR, 1000), MIN_BPS);
    this.state = 'draining';
    this.cutMs = nowMs;
    this.relayDropped = false;
  }

  private growth(line: Line, nowMs: number): number {
    const loses = line.loses(nowMs), starting = this.state === 'starting', pace = loses ? LOSING : STEADY;
    const well = starting && loses ? 0 : nowMs - this.wellMs, passes = line.passesBps();
    if (starting && (passes === undefined || this.bps < div(passes * START_PART, 1000))) return GROW_START;
    if (this.bps < div(this.capacityBps * 8, 10) || (passes ?? 0) > this.bps * pace.room) return GROW_BACK;
    return Math.min(pace.first + div(Math.max(well - pace.waitMs, 0) * pace.more, 1000), GROW_MAX);
  }

  private grow(line: Line, tookMs: number, nowMs: number): void {
    const soon = line.standingMs(QUEUE_SOON_MS), spent = this.tenths.reduce((sum, bits) => sum + bits, 0);
    if (soon === undefined || soon > this.lowMs() || this.relayMs > QUEUE_LOW_MS) return;
    if (spent * 1000 < this.bps * SPENT_MIN || line.overdueMs(nowMs) > QUEUE_SOON_MS) return;
    this.bps = Math.min(this.bps + div(div(this.bps * this.growth(line, nowMs), 1000) * tookMs, 1000), this.maxBps);
  }

  /** Thinks again when it is time. */
  step(line: Line, nowMs: number): void {
    const took = nowMs - this.stepMs;
    if (took < EVERY_MS) return;
    this.stepMs = nowMs;
    this.turn(nowMs);
    if (line.heardMs > this.cutMs) this.silentCuts = 0;
    const queueMs = this.queueMs(line, nowMs);
    if (queueMs && nowMs >= this.cutMs + CUT_EVERY_MS + (line.tripMs() ?? PATIENCE_MS)) this.cut(line, queueMs, nowMs);
    else if (!queueMs && this.state === 'draining') this.drained(line, nowMs);
    else if (!queueMs) this.grow(line, Math.min(took, TOOK_MOST_MS), nowMs);
  }

  private drained(line: Line, nowMs: number): void {
    const soon = line.standingMs(QUEUE_SOON_MS);
    if (soon === undefined || soon > this.lowMs()) return;
    this.state = 'growing';
    this.wellMs = nowMs;
    this.bps = Math.max(this.bps, div(this.capacityBps * CUT_KEEP, 1000));
  }
}
