// SPDX-License-Identifier: Apache-2.0
/* What a heartbeat tells of the line: how much longer the newest took there and back than the fastest of its pair. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Core } from '../../src/proto/session/core.js';
import { Heartbeats } from '../../src/proto/session/heartbeats.js';
import type { Heartbeat } from '../../src/proto/wire/handhold_pb.js';

test('what waits on the line is what the newest took more than the fastest', () => {
  const core = { now: { monoMs: 5000 }, startMs: 1000, link: { log: { heard: () => undefined } } }, beats = new Heartbeats(core as unknown as Core);
  let seq = 0;
  /** Ours left at `sentMs` and was held for 200 ms; the answer is here at `nowMs`. */
  const heard = (sentMs: number, nowMs: number, peerSeq = 1): number => {
    core.now.monoMs = nowMs;
    beats.heard({ seq: ++seq, monoMs: 77n, peerSeq, peerMonoMs: BigInt(sentMs - core.startMs), heldMs: 200, logSize: 0n, logRoot: new Uint8Array(0), checkpoint: '' } as Heartbeat);
    return beats.waitsMs();
  };
  beats.newPair();
  assert.equal(beats.waitsMs(), -1);
  assert.equal(heard(5000, 5300, 0), -1, 'it has heard none of ours');
  assert.deepEqual([heard(5000, 5300), heard(6000, 6700), heard(7000, 7240), heard(8000, 8300)], [0, 400, 0, 60]);
  assert.equal(heard(9000, 9100), -1, 'held for longer than it was away');
  seq = 0;
  beats.newPair();
  assert.equal(beats.waitsMs(), -1, 'another line, maybe');
});
