// SPDX-License-Identifier: Apache-2.0
/* Whoever was away when the session ended comes back with their token, and hears how it ended (PROTOCOL.md §4.2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCustomerSession } from '../../src/proto/session.js';
import type { SessionEvent } from '../../src/proto/session.js';
import { inviteLinkBuild, inviteLinkParse, inviteLinkSid } from '../../src/proto/pairing/invite.js';
import { envelope, INDEX, TYPE } from '../../src/proto/wire/envelope.js';
import { FromRelaySchema } from '../../src/proto/wire/handhold_pb.js';
import type { Bytes } from '../../src/proto/util/bytes.js';
import { encodeMessage } from '../../src/proto/wire/message.js';

const HOST = 'help.example.org', BY_OFFICER = 8;

test('the reason is the one that the relay remembers, and no error', () => {
  const link = inviteLinkBuild({ joinHost: HOST, flags: 0, k: new Uint8Array(32).fill(1), pin: new Uint8Array(16).fill(2) }), events: SessionEvent[] = [];
  const session = createCustomerSession({
    link, joinHost: HOST, offers: ['camera'], clientInfo: 'a test', uiBuild: new Uint8Array(32),
    clock: () => ({ monoMs: 1000, unixMs: 1_800_000_001_000 }),
  });
  const say = (message: Bytes): void => session.feed(envelope(TYPE.RELAY, INDEX.RELAY, INDEX.CUSTOMER, message));
  session.connected();
  say(encodeMessage(FromRelaySchema, { body: { case: 'welcome', value: {
    index: INDEX.CUSTOMER, sid: inviteLinkSid(inviteLinkParse(link)), token: new Uint8Array(32), joinHost: HOST, origin: `${HOST}/audit`, peers: [] } } }));
  session.disconnected();
  session.connected();
  say(encodeMessage(FromRelaySchema, { body: { case: 'ended', value: {
    reason: BY_OFFICER, by: INDEX.RELAY, message: 'a privacy officer ended this session: a scam was reported' } } }));
  for (let event; (event = session.nextEvent());) events.push(event);
  assert.deepEqual(events.filter(({ kind }) => kind === 'error'), []);
  const ended = events.find((event) => event.kind === 'ended');
  assert.ok(ended?.kind === 'ended' && ended.reason === 'stopped-by-officer' && ended.message.endsWith('a scam was reported'));
});
