// SPDX-License-Identifier: Apache-2.0
/*
 * voice/rate.ts - how many bits a second a voice takes: the rule of the companion (client/companion/voice.c). Hard constant
 * rate, so every packet of one rate has one length, whatever is said: lengths that follow the voice tell phrases to whoever
 * watches. So the rate changes seldom, and only with the line.
 */

export const SAMPLE_RATE = 48_000, FRAME = 960, FRAME_MS = 20;
export const BPS_MOST = 24_000;

/* Of a line of this many bits a second the voice takes this many. */
const STEPS = [[200_000, BPS_MOST], [100_000, 16_000], [0, 10_000]] as const;

export function voiceBps(lineBps: number): number {
  return STEPS.find(([least]) => lineBps >= least)![1];
}

export function packetBytes(bps: number): number {
  return bps * FRAME_MS / 8000;
}
