// SPDX-License-Identifier: Apache-2.0
/*
 * voice/rate.ts - what a packet of a voice is. Hard constant rate, so every packet of one rate has one length, whatever is
 * said: lengths that follow the voice tell phrases to whoever watches. Which rate: proto/media/voice.ts.
 */

export const SAMPLE_RATE = 48_000, FRAME = 960, FRAME_MS = 20;

export function packetBytes(bps: number): number {
  return bps * FRAME_MS / 8000;
}
