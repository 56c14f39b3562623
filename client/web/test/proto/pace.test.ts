// SPDX-License-Identifier: Apache-2.0
/* State of another device never gets in the way of a picture or a voice, and what is hidden while it waits is not told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatePace, tellPaced } from '../../src/device/pace.js';
import type { Telling } from '../../src/device/pace.js';

test('beside a picture state takes 12 kB a second in pieces of 1 kB, alone what the line gives', () => {
  const pace = new StatePace();
  let sent = 0;
  for (let nowMs = 0; nowMs < 10_000; nowMs += 5) {
    const room = pace.room(nowMs, true, 0);
    assert.ok(room <= 1024);
    if (room) pace.took(nowMs, room);
    sent += room;
  }
  assert.ok(sent > 115_000 && sent <= 124_000, `${sent} bytes in ten seconds`);
  assert.equal(new StatePace().room(0, false, 0), 16_000);
  assert.equal(new StatePace().room(0, false, 40_000), 0, 'no more while so much waits: a picture may begin');
});

const change = (bytes: number): Telling => ({ bytes, write: () => new Uint8Array(bytes) });

test('what is told goes in order and within the room, and what is too large for it goes alone', async () => {
  const batches: number[][] = [];
  await tellPaced([400, 400, 400, 3000, 100, 100].map(change), { room: () => 1024, forward: async (changes) => { batches.push(changes.map((one) => one.length)); return true; } }, () => true);
  assert.deepEqual(batches, [[400, 400], [400], [3000], [100, 100]]);
});

test('what is hidden while the line has no room is not told, and nothing more once the consent ended', async () => {
  const told: string[] = [], hidden = new Set<string>(), text = new TextDecoder();
  let room = 0, goesOn = true;
  const list = ['lamp', 'door', 'heating'].map((name): Telling => ({ bytes: 10, write: () => hidden.has(name) ? undefined : new TextEncoder().encode(name) }));
  const done = tellPaced(list, { room: () => room, forward: async (changes) => { told.push(...changes.map((one) => text.decode(one))); goesOn = told.length < 1; return true; } }, () => goesOn);
  hidden.add('lamp');
  room = 10;
  await done;
  assert.deepEqual(told, ['door']);
});
