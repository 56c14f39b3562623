// SPDX-License-Identifier: Apache-2.0
/* Boxes over the picture: nothing that was hidden is shown without the person's own deed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Masks, Region } from '../../src/camera/picture.js';
import { allButOne, boxesOf, MOST_BOXES, withBox, withBoxChanged, withoutBox } from '../../src/screens/boxes.js';

const box = (n: number): Region => ({ x: n / 20, y: 0.1, width: 0.04, height: 0.04 });
const some = (count: number): Masks => ({ regions: Array.from({ length: count }, (_, i) => box(i)) });

test('all but one box, and back: each box is hidden again where it was', () => {
  const only = allButOne(some(3), true);
  assert.deepEqual(boxesOf(only), [box(2)]);
  assert.deepEqual(only.regions, [box(0), box(1)], 'the others stay hidden, in the part that is shown too');
  assert.deepEqual(allButOne(only, false), some(3));
  assert.deepEqual(allButOne(withBoxChanged(only, 0, box(7)), false), some(3), 'moved as the shown part, given back as the hidden one');
  assert.deepEqual(allButOne(withBox(only, box(8))!, false), some(3), 'another part is shown');
});

test('all but one without a box shows the middle, and leaves nothing behind', () => {
  const only = allButOne(some(0), true);
  assert.equal(boxesOf(only).length, 1);
  assert.deepEqual(allButOne(only, false), some(0));
});

test('without its shown part, all but one is over; what else was hidden stays so', () => {
  assert.deepEqual(withoutBox(allButOne(some(3), true), 0), some(2));
  assert.deepEqual(withoutBox(some(3), 1), { regions: [box(0), box(2)] });
});

test('one box too many is refused, and hides nothing less', () => {
  const full = some(MOST_BOXES);
  assert.equal(withBox(full, box(15)), undefined);
  const only = withBox(allButOne(full, true), box(15));
  assert.deepEqual(only && allButOne(only, false), full);
});
