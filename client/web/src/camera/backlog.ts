// SPDX-License-Identifier: Apache-2.0
/*
 * camera/backlog.ts - is the encoder behind? One that was kept from its work for a moment, and has little time to spare, stays
 * behind for seconds: each picture waits for the one before it. Without one of them all that follow are a picture's time
 * earlier. One that takes long, or works on several at once, is not behind: its pictures take as long as they ever did.
 */
const MOST = 3, LATE_MS = 15, EVERY_MS = 4000;

export class Backlog {
  private inARow = 0; /* pictures that found it at work */
  private took: number[] = []; /* by the last of them, from the camera to what was encoded */
  private least = Infinity; /* that one took in the last four seconds … */
  private leastNow = Infinity; /* … and in these */
  private sinceMs = -Infinity;

  /** One came out. */
  came(tookMs: number, nowMs: number): void {
    if (nowMs - this.sinceMs >= EVERY_MS) {
      this.least = this.leastNow;
      this.leastNow = Infinity;
      this.sinceMs = nowMs;
    }
    this.leastNow = Math.min(this.leastNow, tookMs);
    this.took.push(tookMs);
    if (this.took.length > MOST) this.took.shift();
  }

  /** The camera has a picture, and so many are in the encoder. True: rather without it. */
  tooMuch(inHand: number): boolean {
    this.inARow = inHand > 0 ? this.inARow + 1 : 0;
    if (this.inARow <= MOST || this.took.length < MOST || Math.min(...this.took) < Math.min(this.least, this.leastNow) + LATE_MS) return false;
    this.inARow = 0;
    return true;
  }
}
