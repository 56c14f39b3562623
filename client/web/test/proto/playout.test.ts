// SPDX-License-Identifier: Apache-2.0
/* The jitter buffer of a voice, held to what the C one did with the same packets at the same times. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Playout, PLAYOUT, type PlayoutStep } from '../../src/proto/media/playout.js';
import { VoiceRate } from '../../src/proto/media/voice.js';
import { madeJson, skipUnless } from './vectors.js';

const file = madeJson('playout.json');
type Row = ['put', number, number, number] | ['take', number, number, number, number, number];
const STEPS = ['silence', 'play', 'conceal'];

const packet = (obj: number): Uint8Array => Uint8Array.of(obj >>> 24, obj >>> 16, obj >>> 8, obj);
const objOf = (step: PlayoutStep): number => (typeof step === 'string' ? -1 : new DataView(step.buffer).getUint32(0));
const nameOf = (step: PlayoutStep): string => (typeof step === 'string' ? step : 'play');

test('plays what the other implementation plays', skipUnless(file, 'playout.json'), () => {
  assert.ok(file.lines.length >= 10);
  for (const { name, rows } of file.lines as { name: string; rows: Row[] }[]) {
    const playout = new Playout();
    for (const row of rows) {
      if (row[0] === 'put') {
        playout.put(row[1], row[2], packet(row[1]), row[3]);
        continue;
      }
      const step = playout.take();
      assert.deepEqual([nameOf(step), objOf(step), playout.depthMs(), playout.targetMs()], [STEPS[row[2]], row[3], row[4], row[5]], `${name}, at ${row[1]} ms`);
    }
    assert.ok(playout.played > 500, name);
  }
});

test('a packet that is too large is ignored', () => {
  const playout = new Playout();
  for (let obj = 1; obj < 20; obj++) playout.put(obj, 20 * obj, new Uint8Array(PLAYOUT.PACKET_MAX_BYTES + 1), 20 * obj);
  assert.equal(playout.take(), 'silence');
  assert.equal(playout.depthMs(), 0);
});

test('what comes too late is counted, and played never', () => {
  const playout = new Playout();
  for (let obj = 1; obj < 20; obj++) playout.put(obj, 20 * obj, packet(obj), 20 * obj);
  for (let i = 0; i < 5; i++) playout.take();
  playout.put(2, 40, packet(2), 520);
  assert.equal(playout.late, 1);
  assert.ok(objOf(playout.take()) > 5);
});

test('a voice takes of a line what the other implementation takes', skipUnless(file, 'playout.json'), () => {
  const rate = new VoiceRate(), seen = new Set<number>();
  for (const [lineBps, bps, frames] of file.rate as [number, number, number][]) {
    rate.line(lineBps);
    assert.deepEqual([rate.bps, rate.frames], [bps, frames], `of ${lineBps} bit/s`);
    seen.add(bps);
  }
  assert.equal(seen.size, 3);
});

test('without a picture a voice gives way to a line that is full as the other implementation does', skipUnless(file, 'playout.json'), () => {
  const rate = new VoiceRate(), seen = new Set<number>();
  (file.waits as [number, number, number, number][]).forEach(([lineBps, waitsMs, bps, frames], i) => {
    if (lineBps > 0) rate.line(lineBps);
    else rate.waits(waitsMs);
    assert.deepEqual([rate.bps, rate.frames], [bps, frames], `second ${i}`);
    seen.add(bps);
  });
  assert.equal(seen.size, 3);
});
