// SPDX-License-Identifier: Apache-2.0
/*
 * visit/pulse.ts - is the connection still one? A line that is gone says nothing, and a browser tells nobody for minutes: so
 * silence is asked about, as by proto/host/pulse.h. A page has no ping; it asks the relay something that is always answered.
 *
 * While messages come by themselves (a pair sends a heartbeat a second) it takes less than three seconds; a connection on
 * which nobody talks is asked now and then. Milliseconds of the page's clock.
 */
const TALK_MS = 20_000; /* after the last message that came by itself the connection is an idle one */
const BUSY = { askMs: 1300, answerMs: 1300 }, IDLE = { askMs: 15_000, answerMs: 10_000 };
const DOUBT_MS = 200; /* a page that stood still hears first what has come meanwhile */

export type PulseVerdict = 'fine' | 'ask' | 'dead';

export class Pulse {
  private talkMs: number;
  private askedMs = -Infinity; /* since anything was heard */
  private doubtMs = -Infinity; /* the answer was missed first then */

  constructor(private heardMs: number) {
    this.talkMs = heardMs;
  }

  private pace(nowMs: number): typeof BUSY {
    return nowMs < this.talkMs + TALK_MS ? BUSY : IDLE;
  }

  heard(nowMs: number): void {
    if (this.askedMs === -Infinity) this.talkMs = nowMs; // an answer is no talk
    this.heardMs = nowMs;
    this.askedMs = this.doubtMs = -Infinity;
  }

  /** 'ask': now. 'dead': nobody has answered. */
  look(nowMs: number): PulseVerdict {
    if (nowMs < this.nextMs(nowMs)) return 'fine';
    if (this.askedMs === -Infinity) {
      this.askedMs = nowMs;
      return 'ask';
    }
    if (this.doubtMs !== -Infinity) return 'dead';
    this.doubtMs = nowMs;
    return 'fine';
  }

  /** When to look again. */
  nextMs(nowMs: number): number {
    const { askMs, answerMs } = this.pace(nowMs);
    if (this.doubtMs !== -Infinity) return this.doubtMs + DOUBT_MS;
    return this.askedMs === -Infinity ? this.heardMs + askMs : this.askedMs + answerMs;
  }
}
