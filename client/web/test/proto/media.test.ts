// SPDX-License-Identifier: Apache-2.0
/* The page's rate control does, step by step, what the C code did: every row of the trace that it wrote. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MediaSend } from '../../src/proto/media/send.js';
import { madeJson, skipUnless, type Json } from './vectors.js';

const file = madeJson('media.json');

type Row = [string, ...number[]];

function play(send: MediaSend, row: Row, where: string): void {
  const [what, ...n] = row;
  switch (what) {
    case 'take': {
      const { take, tid, key } = send.take(n[0]!), { bps, width, height, stills } = send.plan;
      return assert.deepEqual([n[0], Number(take), tid, Number(key), bps, width, height, Number(stills)], n, where);
    }
    case 'sent': return send.sent(n[0]!, n[1]!, n[2] === 1, n[3]!);
    case 'acked': return send.acked(n[0]!, n[1]!, n[2]!);
    case 'queued': return send.queued(n[0]!, n[1]!);
    case 'want-key': return send.wantKey();
    case 'restart': return send.restart(n[0]!);
    default: return assert.fail(`${where}: an unknown row ${what}`);
  }
}

for (const course of (file?.courses ?? [{ name: '(none)' }]) as Json[])
  test(`the picture on the line “${course.name}” is as the C code has it`, skipUnless(file, 'media.json'), () => {
    const send = new MediaSend(course.width, course.height, 0);
    assert.ok(course.rows.length > 1000);
    course.rows.forEach((row: Row, i: number) => play(send, row, `row ${i}: ${JSON.stringify(row)}`));
  });

test('clocks that are far apart and turn over change nothing', () => {
  const near = new MediaSend(1280, 720, 0), far = new MediaSend(1280, 720, 0);
  for (let now = 33, object = 1; now < 20_000; now += 33, object++) {
    assert.deepEqual(far.take(now), near.take(now));
    assert.deepEqual(far.plan, near.plan);
    for (const [send, apart] of [[near, 0], [far, 0xffff_ff00 - 5000]] as const) {
      send.sent(object, 3000, object === 1, now);
      send.acked(object, (now + 40 + apart) >>> 0, now + 20);
    }
  }
  assert.ok(near.plan.bps > 660_000);
});
