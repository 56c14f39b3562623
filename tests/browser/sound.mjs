// SPDX-License-Identifier: Apache-2.0
/* Sounds that are known, as WAV files (PCM, 16 bit, one channel), and what is in those that were recorded. */
import { readFileSync, writeFileSync } from 'node:fs';

const RATE = 48000;

/** sample(seconds) is -1..1. */
export function writeWav(path, seconds, sample) {
  const count = Math.round(seconds * RATE), bytes = Buffer.alloc(44 + 2 * count);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8);
  [16, 1 | (1 << 16), RATE, 2 * RATE, 2 | (16 << 16)].forEach((value, i) => bytes.writeUInt32LE(value, 16 + 4 * i));
  bytes.write('data', 36);
  bytes.writeUInt32LE(2 * count, 40);
  for (let i = 0; i < count; i++) bytes.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, sample(i / RATE)))), 44 + 2 * i);
  writeFileSync(path, bytes);
  return path;
}

/* A tone that goes on for long is noise to a browser, which takes it away: these change five times a second, and never stop. */
export const TONES = [440, 660, 880, 550, 770], STEP_S = 0.2;
export const tones = (seconds) => 0.5 * Math.sin(2 * Math.PI * TONES[Math.floor(seconds / STEP_S) % TONES.length] * seconds);
export const tune = (path) => writeWav(path, STEP_S * TONES.length, tones);
export const tone = (path, hz) => writeWav(path, 1, (seconds) => 0.4 * Math.sin(2 * Math.PI * hz * seconds));

/** {rate, samples} of a WAV with 16 bits. A file that is still written has more than its header says, or less. */
export function readWav(path) {
  const bytes = readFileSync(path), rate = bytes.readUInt32LE(24), channels = bytes.readUInt16LE(22), at = bytes.indexOf('data') + 8;
  const count = Math.floor((bytes.length - at) / 2 / channels);
  return { rate, samples: Float64Array.from({ length: count }, (_, i) => bytes.readInt16LE(at + 2 * channels * i) / 32768) };
}

export const levelDb = (samples) => 10 * Math.log10(samples.reduce((sum, s) => sum + s * s, 1e-12) / Math.max(1, samples.length));

/** The part of the power that is in these frequencies, 0..1 (Goertzel, in windows of 40 ms). */
export function partOf({ rate, samples }, tonesHz) {
  const size = Math.round(0.04 * rate);
  let all = 1e-12, theirs = 0;
  for (let at = 0; at + size <= samples.length; at += size) {
    const window = samples.subarray(at, at + size), power = window.reduce((sum, s) => sum + s * s, 0);
    const best = Math.max(...tonesHz.map((hz) => {
      const turn = 2 * Math.cos((2 * Math.PI * hz) / rate);
      let a = 0, b = 0;
      for (const s of window) [a, b] = [s + turn * a - b, a];
      return (2 * (a * a + b * b - turn * a * b)) / size;
    }));
    all += power;
    theirs += Math.min(power, best);
  }
  return theirs / all;
}

const WINDOW_S = 0.005, GAP_DB = 30; /* below the level of the whole */

/** The part of the time that has sound, 0..1. */
export function soundingPart({ rate, samples }) {
  const size = Math.round(WINDOW_S * rate), least = levelDb(samples) - GAP_DB, windows = Math.floor(samples.length / size);
  let sounding = 0;
  for (let i = 0; i < windows; i++) sounding += levelDb(samples.subarray(i * size, (i + 1) * size)) >= least ? 1 : 0;
  return sounding / Math.max(1, windows);
}

/** The longest stretch without sound, ms. */
export function longestGapMs({ rate, samples }) {
  const size = Math.round(WINDOW_S * rate), belowDb = levelDb(samples) - GAP_DB;
  let longest = 0, now = 0;
  for (let at = 0; at + size <= samples.length; at += size) {
    now = levelDb(samples.subarray(at, at + size)) < belowDb ? now + 5 : 0;
    longest = Math.max(longest, now);
  }
  return longest;
}

/** From the first sound to the last, less `edge_s` at both ends. */
export function middle({ rate, samples }, edgeS = 0.5, belowDb = -50) {
  const loud = (s) => Math.abs(s) > 10 ** (belowDb / 20), first = samples.findIndex(loud), last = samples.findLastIndex(loud), edge = Math.round(edgeS * rate);
  return { rate, samples: samples.subarray(first + edge, Math.max(first + edge, last - edge)) };
}
