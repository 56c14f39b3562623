// SPDX-License-Identifier: Apache-2.0
/*
 * An agent's machine that slept answers late: what answers an attempt that was given up does not open in the one after it.
 * That is no impostor, and neither is what answers the attempt that was spoilt by it (PROTOCOL.md §8.5).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCustomerSession } from '../../src/proto/session.js';
import type { SessionEvent } from '../../src/proto/session.js';
import { inviteLinkBuild, inviteLinkParse, inviteLinkSid } from '../../src/proto/pairing/invite.js';
import { NOISE_HANDSHAKE_BYTES } from '../../src/proto/seal/noise.js';
import { envelope, INDEX, TYPE } from '../../src/proto/wire/envelope.js';
import { FromRelaySchema } from '../../src/proto/wire/handhold_pb.js';
import { encodeMessage } from '../../src/proto/wire/message.js';

const HOST = 'help.example.org', M2 = 4;

/** What becomes of a session whose attempts are answered by what does not open (true), or by nobody (false). */
function answered(...answers: boolean[]): SessionEvent['kind'][] {
  const link = inviteLinkBuild({ joinHost: HOST, flags: 0, k: new Uint8Array(32).fill(1), pin: new Uint8Array(16).fill(2) }), kinds: SessionEvent['kind'][] = [];
  let monoMs = 1000;
  const session = createCustomerSession({
    link, joinHost: HOST, offers: ['camera'], clientInfo: 'a test', uiBuild: new Uint8Array(32),
    clock: () => ({ monoMs, unixMs: 1_800_000_000_000 + monoMs }),
  });
  session.connected();
  session.feed(envelope(TYPE.RELAY, INDEX.RELAY, INDEX.CUSTOMER, encodeMessage(FromRelaySchema, { body: { case: 'welcome', value: {
    index: INDEX.CUSTOMER, sid: inviteLinkSid(inviteLinkParse(link)), token: new Uint8Array(32), joinHost: HOST, origin: `${HOST}/audit`,
    peers: [{ index: INDEX.AGENT, present: true, connection: 1 }] } } })));
  while (answers.length && !session.over()) {
    for (let message; (message = session.pending());) {
      const attempt = message[0] === TYPE.HANDSHAKE;
      session.sent();
      if (attempt && answers.shift()) session.feed(envelope(TYPE.HANDSHAKE, INDEX.AGENT, INDEX.CUSTOMER, new Uint8Array(1 + NOISE_HANDSHAKE_BYTES).fill(9).fill(M2, 0, 1)));
    }
    for (let event; (event = session.nextEvent());) kinds.push(event.kind);
    monoMs = Math.max(monoMs + 1, session.deadline());
    session.tick();
  }
  return kinds;
}

const alarms = (...answers: boolean[]): number => answered(...answers).filter(kind => kind === 'alarm').length;

test('an answer that does not open is an alarm', () => assert.equal(alarms(true), 1));
test('the answer to an attempt that was given up is none, nor that of the attempt which it spoilt, and one more is', () => {
  const late = [true, true, true, true];
  assert.equal(alarms(false, ...late), 0);
  assert.equal(alarms(false, ...late, true), 1);
  assert.equal(alarms(false, false, ...late, ...late), 0);
  assert.equal(alarms(false, false, ...late, ...late, true), 1);
});
