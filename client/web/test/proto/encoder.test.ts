// SPDX-License-Identifier: Apache-2.0
/* What a browser's encoder is asked for: how many layers at which rate, and that another number of them begins with a key frame. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { PictureEncoder } from '../../src/camera/encoder.js';
import type { Plan } from '../../src/proto/media/send.js';

const WIDE = 4_000_000, BETWEEN = 2_000_000, NARROW = 1_000_000;
const PATTERN = [0, 2, 1, 2];

interface Asked {
  mode: string | undefined; /* of scalability */
  key: boolean;
}
let asked: Asked[], mode: string | undefined, encoder: PictureEncoder, left: number;

/* A browser's, of which only what it is asked is of interest. */
class Encoder {
  state = 'configured';
  constructor(private readonly on: { output: (chunk: object, about: object) => void }) {}
  configure(config: { scalabilityMode?: string }): void {
    mode = config.scalabilityMode;
  }
  encode({ timestamp }: { timestamp: number }, { keyFrame }: { keyFrame: boolean }): void {
    asked.push({ mode, key: keyFrame });
    this.on.output({ timestamp, type: keyFrame ? 'key' : 'delta', byteLength: 1, copyTo: () => undefined }, {});
  }
}
class Picture {
  readonly timestamp: number;
  constructor(_: unknown, { timestamp }: { timestamp: number }) {
    this.timestamp = timestamp;
  }
  close(): void {}
}
Object.assign(globalThis, { VideoEncoder: Encoder, VideoFrame: Picture });

let at = 0;
beforeEach(() => {
  asked = [];
  mode = undefined;
  at = left = 0;
  encoder = new PictureEncoder({ picture: () => { left++; }, failed: assert.fail });
});

/** Pictures in the control's order; `leftOut`: layers from this on are. */
function pictures(count: number, bps: number, { key = false, leftOut = 3, width = 1280 } = {}): Asked[] {
  const from = asked.length, plan: Plan = { bps, width, height: 720, stills: false };
  for (let i = 0; i < count; i++) {
    const tid = PATTERN[at++ % 4]!, take = { take: tid < leftOut, tid, key: key && i === 0 };
    if (encoder.wants(take, plan)) encoder.encode({} as OffscreenCanvas, at * 33, take, plan);
  }
  return asked.slice(from);
}
const modes = (list: Asked[]): unknown[] => [...new Set(list.map((each) => each.mode))];
const keys = (list: Asked[]): number[] => list.flatMap(({ key }, i) => (key ? [i] : []));

test('a narrow line has three layers, a wide one two, from a key frame on', () => {
  const narrow = pictures(8, NARROW, { key: true }), wide = pictures(8, WIDE);
  assert.deepEqual([modes(narrow), keys(narrow)], [['L1T3'], [0]]);
  assert.deepEqual([modes(wide), keys(wide)], [['L1T2'], [0]]);
});

test('back to three it goes with a key frame that comes in any case, and at no rate in between', () => {
  pictures(8, WIDE, { key: true });
  assert.deepEqual(pictures(8, NARROW).flatMap(({ mode, key }) => [mode, key]), Array(8).fill(['L1T2', false]).flat(), 'no key frame of its own');
  assert.deepEqual(modes(pictures(8, BETWEEN, { key: true })), ['L1T2']);
  const asked_ = pictures(8, NARROW, { key: true });
  assert.deepEqual([modes(asked_), keys(asked_)], [['L1T3'], [0]]);
  pictures(4, WIDE);
  const smaller = pictures(8, NARROW, { width: 960 });
  assert.deepEqual([modes(smaller), keys(smaller)], [['L1T3'], [0]]);
});

test('of three layers one that is left out is encoded and thrown away, of two it is not encoded', () => {
  pictures(4, NARROW, { key: true });
  assert.equal(pictures(8, NARROW, { leftOut: 2 }).length, 8);
  pictures(4, WIDE);
  const before = left, encoded = pictures(8, WIDE, { leftOut: 2 }).length;
  assert.deepEqual([encoded, left - before], [4, 4]);
});
