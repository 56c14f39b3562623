// SPDX-License-Identifier: Apache-2.0
/* A line that is back waits for nobody: at once, then within a second, for as long as a session waits for whoever was lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patienceMs, pauseMs } from '../../src/visit/tries.js';

test('a lost connection is made again at once, and for the first minute never more than a second after it failed', () => {
  assert.equal(pauseMs(0, 1), 0);
  let sum = 0;
  for (let tries = 1; tries <= 15; tries++) {
    assert.ok(pauseMs(tries, 1) <= 1000 && pauseMs(tries, 0) >= 100, String(tries));
    sum += pauseMs(tries, 0) + patienceMs(tries);
  }
  assert.ok(sum > 60_000, 'on a line that answers nothing');
  assert.equal(pauseMs(1000, 1), 5000);
});

test('a try that hangs is given up soon, and a slow line has its time in each third', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5].map(patienceMs), [2500, 2500, 8000, 2500, 2500, 8000]);
});
