// SPDX-License-Identifier: Apache-2.0
/*
 * proto/media/voice.ts - what a voice takes of the line that it shares with the picture: the twin of proto/media/voice.h,
 * held to the same trace (playout.json). The owner asks once a second.
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

/* A heartbeat that waits much, or little; a line that is full, or well, for so long. */
const MUCH_MS = 250, LITTLE_MS = 100, BUSY_S = 3, CALM_S = 30, CALM_MAX_S = 480;

export class VoiceRate {
  private step = 0;
  private busyS = 0;
  private calmS = 0;
  private patienceS = CALM_S; /* the line must be well for so long before more is tried */

  get bps(): number {
    return STEPS[this.step]!.bps;
  }
  /** Of 20 ms in one message. */
  get frames(): number {
    return STEPS[this.step]!.frames;
  }

  /** lineBps: what the picture may have; 0 or less: not known, nothing changes. */
  line(lineBps: number): void {
    let { step } = this;
    if (lineBps <= 0) return;
    while (lineBps < STEPS[step]!.leastBps) step++;
    if (step === this.step) while (step > 0 && lineBps >= STEPS[step - 1]!.enoughBps) step--;
    this.standOn(step);
  }

  private standOn(step: number): void {
    this.step = step;
    this.busyS = this.calmS = 0;
  }

  /** Without a picture: a heartbeat waited so long on its way there and back; less than 0: not known, nothing changes. */
  waits(waitsMs: number): void {
    if (waitsMs < 0) return;
    this.busyS = waitsMs > MUCH_MS ? this.busyS + 1 : 0;
    this.calmS = waitsMs < LITTLE_MS ? this.calmS + 1 : 0;
    if (this.busyS >= BUSY_S && this.step < STEPS.length - 1) {
      this.standOn(this.step + 1);
      this.patienceS = Math.min(this.patienceS * 2, CALM_MAX_S);
    } else if (this.calmS >= this.patienceS && this.step > 0) {
      this.standOn(this.step - 1);
    }
  }
}
