// SPDX-License-Identifier: Apache-2.0
/* camera/tally.ts - what became of the pictures of the last second: figures for the screen that are true of what got through. */
import type { PictureQuality } from '../proto/media/send.js';

const EVERY_MS = 1000;
const FEW = 3, ENOUGH = 10; /* less than one of so many; a camera that gives less than this says nothing about the line */

/** Of the last second. */
export interface PictureFigures {
  /** What the line is taken to bear. */
  bps: number;
  /** What was handed to it. */
  sentBps: number;
  quality: PictureQuality;
  /** Most pictures were left out for the line, or are not known to have arrived. */
  few: boolean;
}

export class Tally {
  private sinceMs = 0;
  private asked = 0;
  private arrived = 0;
  private bytes = 0;

  /** The line's control was asked about a picture. */
  ask(): void {
    this.asked++;
  }
  sent(bytes: number): void {
    this.bytes += bytes;
  }
  acked(pictures: number): void {
    this.arrived += pictures;
  }

  /** undefined: the second is not over. */
  turn(nowMs: number, bps: number, quality: PictureQuality): PictureFigures | undefined {
    const tookMs = nowMs - this.sinceMs;
    if (tookMs < EVERY_MS) return undefined;
    const few = quality < 3 && this.asked >= ENOUGH && this.arrived * FEW < this.asked;
    const figures = { bps, sentBps: Math.round((this.bytes * 8000) / tookMs), quality, few };
    this.asked = this.arrived = this.bytes = 0;
    this.sinceMs = nowMs;
    return figures;
  }
}
