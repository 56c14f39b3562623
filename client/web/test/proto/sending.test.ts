// SPDX-License-Identifier: Apache-2.0
/* What the bar says is so: nothing is "sent" without a line, an agent, and a lens that gives pictures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capability } from '../../src/proto/session.js';
import { absence, sendingNow } from '../../src/screens/sending.js';

const ask = (capability: Capability): { capability: Capability; purpose: string; maxS: number; retentionDays: number } => ({ capability, purpose: '', maxS: 0, retentionDays: 0 });
const granted = (...list: Capability[]): Map<Capability, ReturnType<typeof ask>> => new Map(list.map((c) => [c, ask(c)]));
const showing = {
  granted: granted('camera'), waiting: new Set<Capability>(), capturing: new Set<Capability>(['camera']), onHold: false, paused: undefined as unknown,
  online: true, present: true as boolean | undefined, live: true, lineUp: true,
};
const nobody = new Set<Capability>();

test('the bar is red while something leaves, and while it is about to', () => {
  assert.equal(sendingNow(showing, true, false), 'sending');
  assert.equal(sendingNow(showing, false, false), 'starting');
  assert.equal(sendingNow({ ...showing, capturing: nobody }, false, false), 'starting');
  assert.equal(sendingNow({ ...showing, granted: granted(), capturing: nobody, waiting: new Set<Capability>(['camera']) }, false, false), 'starting');
  assert.equal(sendingNow({ ...showing, granted: granted('camera', 'microphone'), capturing: new Set<Capability>(['camera', 'microphone']) }, true, false), 'starting');
  assert.equal(sendingNow({ ...showing, granted: granted(), capturing: nobody }, false, false), 'nothing');
  assert.equal(sendingNow({ ...showing, paused: { by: 'customer' }, capturing: nobody }, false, false), 'paused');
  assert.equal(sendingNow({ ...showing, onHold: true, capturing: nobody }, false, false), 'hold');
});

test('without a line nothing is said to be sent or to be starting, and nothing is said of the agent', () => {
  const cut = { ...showing, capturing: nobody, online: false, lineUp: false, present: undefined };
  assert.equal(sendingNow(cut, false, false), 'no-line');
  assert.equal(absence(cut), 'visit.offline');
  const back = { ...cut, lineUp: true }; /* the relay is there again, and has not said yet who else is */
  assert.equal(sendingNow(back, false, false), 'no-line');
  assert.equal(absence(back), 'visit.offline');
});

test('that the agent left is said when the relay says so; of a silent one, that nothing comes through', () => {
  const left = { ...showing, capturing: nobody, online: false, present: false };
  assert.equal(absence(left), 'visit.gone');
  assert.equal(sendingNow(left, false, false), 'agent-away');
  assert.equal(absence({ ...showing, live: false }), 'visit.quiet');
  assert.equal(sendingNow({ ...showing, live: false }, true, false), 'sending');
  assert.equal(absence({ ...showing, live: false, capturing: nobody, online: false }), 'visit.silent');
  assert.equal(absence(showing), undefined);
});
