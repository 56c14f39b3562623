// SPDX-License-Identifier: Apache-2.0
/*
 * camera/cadence.ts - how many pictures a second an encoder is told to expect. It shares a rate out over so many: told of 30
 * where a camera in the dark gives 12, it leaves most of the line unused, and the line's control, which grows by what is
 * used, would never ask for more.
 *
 * Where the encoder is what is slow, it is the device that must be spared: it is told of so many that a picture is as good
 * as may be, and the rate, and with it the size, still does not grow (SPENT_MIN in proto/media/rate.ts is 600).
 */
const MOST = 30, LEAST = 5, EVERY_MS = 1000;
const SPENT = 0.55; /* of the rate, by an encoder that cannot do more */
const WORTH_IT = 1.2, AGAIN = 2; /* so different, and so often in a row: each change costs the encoder a moment */

export class Cadence {
  told = MOST;
  private fromMs = -Infinity;
  private came = 0;
  private busy = 0; /* of those */
  private times = 0; /* in a row that another number would have been better */

  /** The camera has given a picture; `busy`: the encoder cannot take it. */
  count(nowMs: number, busy: boolean): void {
    const tookMs = nowMs - this.fromMs;
    if (tookMs >= EVERY_MS) {
      if (tookMs < 2 * EVERY_MS) this.judge(1000 / tookMs);
      else this.times = 0; /* it was off */
      this.fromMs = nowMs;
      this.came = this.busy = 0;
    }
    this.came++;
    if (busy) this.busy++;
  }

  private judge(perSecond: number): void {
    const wish = Math.min(this.came, (this.came - this.busy) / SPENT) * perSecond, next = Math.min(MOST, Math.max(LEAST, Math.round(wish)));
    const apart = next > this.told ? next / this.told : this.told / next;
    this.times = apart >= WORTH_IT ? this.times + 1 : 0;
    if (this.times < AGAIN) return;
    this.told = next;
    this.times = 0;
  }
}
