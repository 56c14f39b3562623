// SPDX-License-Identifier: Apache-2.0
/* What the screen says of the picture is true of what gets through, not of what may be sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tally, type PictureFigures } from '../../src/camera/tally.js';

/** A second of it: pictures of the camera, bytes that left, pictures that arrived. */
function second(tally: Tally, nowMs: number, pictures: number, bytes: number, arrived: number, quality: 0 | 3 = 0): PictureFigures {
  for (let i = 0; i < pictures; i++) tally.ask();
  tally.sent(bytes);
  tally.acked(arrived);
  assert.equal(tally.turn(nowMs - 1, 1_000_000, quality), undefined);
  return tally.turn(nowMs, 1_000_000, quality)!;
}

test('what is drawn is what left, and nothing of the second before', () => {
  const tally = new Tally();
  tally.turn(1000, 0, 0);
  assert.deepEqual(second(tally, 2000, 30, 100_000, 29), { bps: 1_000_000, sentBps: 800_000, quality: 0, few: false });
  assert.deepEqual(second(tally, 3000, 30, 0, 0), { bps: 1_000_000, sentBps: 0, quality: 0, few: true }, 'a line that stands still');
});

test('few pictures are told apart from stills, from a slow camera and from every other picture', () => {
  const tally = new Tally();
  tally.turn(1000, 0, 0);
  assert.equal(second(tally, 2000, 30, 9000, 1, 3).few, false);
  assert.equal(second(tally, 3000, 5, 9000, 1).few, false);
  assert.equal(second(tally, 4000, 30, 9000, 15).few, false);
  assert.equal(second(tally, 5000, 30, 9000, 7).few, true);
});
