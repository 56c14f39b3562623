// SPDX-License-Identifier: Apache-2.0
/*
 * proto/media/voice.ts - what a voice takes of the line that it shares with the picture: the twin of proto/media/voice.h,
 * held to the same trace (playout.json).
 */
export const VOICE = { BPS_MAX: 24_000, BPS_MIN: 10_000, FRAMES_MAX: 2 } as const;

interface Step {
  leastBps: number;
  enoughBps: number;
  bps: number;
  frames: number;
}

/* From a narrower step to this one at enoughBps of the picture, away from it below leastBps. */
const STEPS: readonly Step[] = [
  { leastBps: 500_000, enoughBps: 600_000, bps: VOICE.BPS_MAX, frames: 1 },
  { leastBps: 150_000, enoughBps: 200_000, bps: 16_000, frames: VOICE.FRAMES_MAX },
  { leastBps: 0, enoughBps: 0, bps: VOICE.BPS_MIN, frames: VOICE.FRAMES_MAX },
];

export class VoiceRate {
  private step = 0;

  get bps(): number {
    return STEPS[this.step]!.bps;
  }
  /** Of 20 ms in one message. */
  get frames(): number {
    return STEPS[this.step]!.frames;
  }

  /** lineBps: what the picture may have; 0 or less: not known, nothing changes. */
  line(lineBps: number): void {
    if (lineBps <= 0) return;
    const before = this.step;
    while (lineBps < STEPS[this.step]!.leastBps) this.step++;
    if (this.step === before) while (this.step > 0 && lineBps >= STEPS[this.step - 1]!.enoughBps) this.step--;
  }
}
