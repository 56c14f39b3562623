// SPDX-License-Identifier: Apache-2.0
/* What a browser's encoder is asked for: how many layers at which rate, and that another number of them begins with a key frame. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Backlog } from '../../src/camera/backlog.js';
import { Cadence } from '../../src/camera/cadence.js';
import { PictureEncoder } from '../../src/camera/encoder.js';
import type { Plan } from '../../src/proto/media/send.js';

const WIDE = 4_000_000, BETWEEN = 2_000_000, NARROW = 1_000_000;
const PATTERN = [0, 2, 1, 2];

interface Asked {
  mode: string | undefined; /* of scalability */
  key: boolean;
}
let knowsHint = false;
let asked: Asked[], mode: string | undefined, told: number[], encoder: PictureEncoder, left: number;

/* A browser's, of which only what it is asked is of interest. */
class Encoder {
  state = 'configured';
  static isConfigSupported(config: object): Promise<object> {
    return Promise.resolve({ supported: true, config: knowsHint ? config : {} });
  }
  constructor(private readonly on: { output: (chunk: object, about: object) => void }) {}
  configure(config: { scalabilityMode?: string; framerate: number }): void {
    mode = config.scalabilityMode;
    if (told.at(-1) !== config.framerate) told.push(config.framerate);
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
beforeEach(async () => {
  asked = [];
  told = [];
  mode = undefined;
  at = left = 0;
  encoder = new PictureEncoder({ picture: () => { left++; }, failed: assert.fail });
  await known();
});

/** What the browser knows is asked with the first picture, which is left out. */
async function known(): Promise<void> {
  assert.equal(encoder.hasTime(0), false);
  await Promise.resolve();
}

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

test('who knows the hint may have all that the line carries, who does not has a bound', async () => {
  knowsHint = true;
  encoder = new PictureEncoder({ picture: () => undefined, failed: assert.fail });
  await known();
  knowsHint = false;
  assert.equal(encoder.mostBps, undefined);
  encoder = new PictureEncoder({ picture: () => undefined, failed: assert.fail });
  await known();
  assert.equal(encoder.mostBps, 4_500_000);
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

/** Seconds of a camera that gives so many pictures, of which the encoder has time for some. */
function camera(cadence: Cadence, seconds: number, pictures: number, taken = pictures, fromMs = 0): number[] {
  const said = new Set<number>();
  for (let i = 0; i <= seconds * pictures; i++) {
    cadence.count(fromMs + (i * 1000) / pictures, (i * taken) % pictures >= taken);
    said.add(cadence.told);
  }
  return [...said];
}

test('a camera that gives few pictures leaves none of the rate unused', () => {
  for (const [pictures, told] of [[12, 12], [24, 24], [60, 30], [2, 5]] as const) assert.equal(camera(new Cadence(), 4, pictures).at(-1), told, `${pictures} a second`);
  const at = (ms: number): Plan => ({ bps: NARROW, width: 1280 + 2 * ms, height: 720, stills: false });
  for (let ms = 0; ms < 4000; ms += 80) if (encoder.hasTime(ms)) encoder.encode({} as OffscreenCanvas, ms, { take: true, tid: 0, key: false }, at(0));
  assert.deepEqual(told, [30, 13], 'it is told to the encoder, once');
  encoder.encode({} as OffscreenCanvas, 5000, { take: true, tid: 0, key: false }, { ...at(0), stills: true });
  assert.equal(told.at(-1), 1);
});

test('a moment is no cadence: one odd second changes nothing, nor does a camera that wavers', () => {
  const cadence = new Cadence();
  camera(cadence, 3, 30);
  assert.deepEqual(camera(cadence, 1, 12, 12, 3100), [30]);
  for (let s = 10; s < 100; s += 5) assert.deepEqual(camera(cadence, 4, s % 2 ? 27 : 30, undefined, s * 1000), [30]);
  camera(cadence, 3, 12, 12, 60_000);
  camera(cadence, 3, 30, 30, 120_000);
  assert.equal(cadence.told, 30, 'and back');
});

test('an encoder that cannot do more is told so that it spends less than what makes the rate grow', () => {
  for (const taken of [6, 12, 15]) {
    const told = camera(new Cadence(), 4, 30, taken).at(-1)!;
    assert.ok(taken / told >= 0.5 && taken / told < 0.6, `${taken} of 30: told ${told}`);
  }
  assert.deepEqual(camera(new Cadence(), 4, 30, 25), [30], 'now and then is not slow');
});

/** A camera of 30 a second and an encoder that takes so long for each, and holds some. How long each took; 0: it was left out. */
function encode(tookMs: number, { held = 0, stallMs = 0, leavesOut = true } = {}): number[] {
  const backlog = new Backlog(), took: number[] = [];
  let done: { fromMs: number; atMs: number }[] = [], freeMs = 0;
  for (let i = 0; i < 150; i++) {
    const nowMs = i * 33;
    for (const { fromMs, atMs } of done) if (atMs <= nowMs) backlog.came(atMs - fromMs, atMs);
    done = done.filter(({ atMs }) => atMs > nowMs);
    const behind = (backlog.tooMuch(done.length) && leavesOut) || done.length >= 3;
    took.push(0);
    if (behind) continue;
    freeMs = Math.max(freeMs, nowMs) + tookMs + (i === 60 ? stallMs : 0);
    done.push({ fromMs: nowMs, atMs: freeMs + held * 33 });
    took[i] = freeMs + held * 33 - nowMs;
  }
  return took;
}
const count = (took: number[], which: (ms: number) => boolean): number => took.filter(which).length;

test('an encoder that was stopped for a moment is not behind for seconds', () => {
  const before = encode(31, { stallMs: 60, leavesOut: false }), now = encode(31, { stallMs: 60 });
  assert.deepEqual([count(before, (ms) => ms > 50) > 15, count(now, (ms) => ms > 50) < 8, count(now, (ms) => ms === 0) <= 2], [true, true, true], now.join(' '));
});

test('one that is too slow keeps no queue, and one that has time, or holds some, is not kept from any', () => {
  const mean = (took: number[]): number => took.reduce((sum, ms) => sum + ms, 0) / count(took, (ms) => ms > 0);
  const before = encode(36, { leavesOut: false }), slow = encode(36);
  assert.deepEqual([mean(before) > 75, mean(slow) < 55, count(slow, (ms) => ms === 0) < 20], [true, true, true], slow.join(' '));
  for (const each of [encode(20), encode(32), encode(20, { held: 2 })]) assert.equal(count(each, (ms) => ms === 0), 0, each.join(' '));
});
