// SPDX-License-Identifier: Apache-2.0
/*
 * voice/bridge.ts - bridges what is missing of a voice where the decoder does not: the last period of the sound goes on and
 * fades out within five packets, and what comes next is faded in. Plain arithmetic on samples at 48 kHz.
 */
import { FRAME } from './rate.js';

const LAG_LEAST = 120, LAG_MOST = 720; /* 400 to 67 Hz */
const MATCH = 480, STRIDE = 4; /* samples compared, each how-manieth */
const KEEP = LAG_MOST + MATCH;
const FADE_OUT = 5 * FRAME, FADE_IN = 240;

export class Bridge {
  private past = new Float32Array(KEEP);
  private missing = 0; /* samples since the last that came */
  private period: Float32Array | undefined;

  private remember(frame: Float32Array): void {
    this.past.copyWithin(0, FRAME);
    this.past.set(frame, KEEP - FRAME);
  }

  /** How far back the end of the past looks most like itself. */
  private lag(): number {
    const { past } = this;
    let best = LAG_LEAST, most = -Infinity;
    for (let lag = LAG_LEAST; lag <= LAG_MOST; lag += 2) {
      let same = 0, power = 1e-9;
      for (let i = KEEP - MATCH; i < KEEP; i += STRIDE) {
        same += past[i]! * past[i - lag]!;
        power += past[i - lag]! * past[i - lag]!;
      }
      const likeness = same / Math.sqrt(power);
      if (likeness > most) [best, most] = [lag, likeness];
    }
    return best;
  }

  /** 20 ms that came; faded in when something was missing before. The same samples, changed. */
  good(frame: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
    if (this.missing) {
      const guess = this.guess(FADE_IN);
      for (let i = 0; i < FADE_IN; i++) frame[i] = frame[i]! * (i / FADE_IN) + guess[i]! * (1 - i / FADE_IN);
    }
    this.missing = 0;
    this.period = undefined;
    this.remember(frame);
    return frame;
  }

  private guess(samples: number): Float32Array<ArrayBuffer> {
    this.period ??= this.past.slice(KEEP - this.lag());
    const period = this.period, at = this.missing;
    return Float32Array.from({ length: samples }, (_, i) => period[(at + i) % period.length]! * Math.max(0, 1 - (at + i) / FADE_OUT));
  }

  /** 20 ms that did not come. */
  lost(): Float32Array<ArrayBuffer> {
    const frame = this.guess(FRAME);
    this.missing += FRAME;
    return frame;
  }

  /** Nothing has come for long: it begins anew. */
  silence(): Float32Array<ArrayBuffer> {
    this.past.fill(0);
    this.missing = 0;
    this.period = undefined;
    return new Float32Array(FRAME);
  }
}
