// SPDX-License-Identifier: Apache-2.0
/* A connection that says nothing is asked, and given up when nobody answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pulse } from '../../src/visit/pulse.js';

/** Looks as often as it wants to be looked at; what it says and when, until it is dead or `untilMs`. */
function course(pulse: Pulse, fromMs: number, untilMs: number, answered: (nowMs: number) => boolean = () => false): [string, number][] {
  const said: [string, number][] = [];
  for (let now = fromMs; now <= untilMs; now = Math.max(now + 1, pulse.nextMs(now))) {
    const verdict = pulse.look(now);
    if (verdict !== 'fine') said.push([verdict, now]);
    if (verdict === 'dead') break;
    if (verdict === 'ask' && answered(now)) pulse.heard(now + 50);
  }
  return said;
}

test('a line that dies under a pair is given up within three seconds', () => {
  const pulse = new Pulse(0);
  for (let now = 0; now <= 60_000; now += 1000) {
    assert.equal(pulse.look(now), 'fine', 'heartbeats are enough');
    pulse.heard(now);
  }
  assert.deepEqual(course(pulse, 60_000, 70_000), [['ask', 61_300], ['dead', 62_800]]);
});

test('as long as the relay answers the line is there; it is asked less often when nobody else talks', () => {
  const said = course(new Pulse(0), 0, 120_000, () => true), late = said.filter(([, now]) => now > 30_000);
  assert.ok(said.every(([verdict]) => verdict === 'ask'));
  assert.ok(late.length >= 5 && late.length <= 7, JSON.stringify(late));
});

test('an idle line that died is given up too', () => {
  const said = course(new Pulse(0), 0, 300_000, (now) => now < 100_000), [last, at] = said.at(-1)!;
  assert.equal(last, 'dead');
  assert.ok(at < 130_000, String(at));
});

test('a page that stood still hears first what came meanwhile', () => {
  const pulse = new Pulse(0);
  assert.equal(pulse.look(1300), 'ask');
  assert.equal(pulse.look(9000), 'fine', 'the answer may lie there unread');
  pulse.heard(9001);
  assert.equal(pulse.look(9250), 'fine');
});
