// SPDX-License-Identifier: Apache-2.0
// The proof: this customer's end against the real relay, agent and auditor. HANDHOLD_BIN names the folder of their programs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Customer, World } from './interop/world.mjs';

const skip = process.env.HANDHOLD_BIN ? false : 'HANDHOLD_BIN does not name a folder with the programs';
let world;

// One VP8 key frame of a blue area, 64 by 48.
const PICTURE = new Uint8Array(Buffer.from('kAMAnQEqQAAwAABHCIWFiIWEiAICAnWqA/gD+AIHO3nizzMeXgD++sQ//3ZO2VyP9+3/7WgODVf6NwA=', 'base64'));
const frame = (key) => ({ bytes: PICTURE, key, discardable: false, tid: 0, captureMonoMs: performance.now() });

async function join(config) {
  const agent = world.agent(), invite = await agent.events.next({ event: 'invite' });
  const customer = new Customer(world, { pinnedRoot: world.pinnedRoot(), ...config(invite) });
  const began = performance.now();
  customer.connect();
  const joined = await customer.events.next({ kind: 'joined' });
  customer.handshakeMs = performance.now() - began;
  return { agent, customer, invite, joined };
}

describe('a customer in TypeScript, everybody else in C', { skip }, () => {
  before(async () => {
    world = new World();
    await world.start();
  });
  after(() => world?.stop()); // also when a test has failed: programs end with it

  test('by link: camera, frames, chat, withdrawal, a cut line, the end; and the log is whole', async () => {
    const { agent, customer, joined } = await join((invite) => ({ link: invite.link }));
    assert.equal(joined.peer, 'Ana Lindqvist');
    assert.equal(joined.verified, true);
    await agent.events.next({ event: 'joined' });
    const theirs = await agent.events.next({ event: 'check-words' });
    const ours = await customer.events.next({ kind: 'check-words' });
    assert.deepEqual(ours.words, theirs.words);

    assert.equal(await customer.session.pushFrame('camera', frame(true)), 'CONSENT');
    await customer.granted('camera', agent, 'To see the lights');
    assert.equal(await customer.session.pushFrame('camera', frame(true)), 'OK');
    customer.pump();
    const picture = await agent.events.next({ event: 'first-picture' });
    assert.deepEqual([picture.width, picture.height], [64, 48]);
    for (let i = 0; i < 50; i++) assert.equal(await customer.session.pushFrame('camera', frame(true)), 'OK');
    customer.pump();

    agent.say({ do: 'chat', text: 'The second light?' });
    assert.equal((await customer.events.next({ kind: 'data' })).data.text, 'The second light?');
    assert.equal(customer.do((session) => session.sendData({ kind: 'chat', text: 'Like this, ja? \u00fc' })), 'OK');
    assert.equal((await agent.events.next({ event: 'chat' })).text, 'Like this, ja? \u00fc');
    agent.say({ do: 'draw', shape: 'circle', points: [[0.4, 0.5], [0.5, 0.6]] });
    assert.equal((await customer.events.next({ kind: 'data' })).data.kind, 'mark');

    assert.equal(customer.do((session) => session.pause(true, 'customer', 'asked')), 'OK');
    await agent.events.next({ event: 'paused' });
    assert.equal(await customer.session.pushFrame('camera', frame(true)), 'CONSENT');
    assert.equal(customer.do((session) => session.pause(false, 'customer', 'asked')), 'OK');
    await customer.events.next({ kind: 'capture', capability: 'camera', on: true });

    // the line is cut while the camera is on: the session resumes by itself, the grant with it, under a fresh key
    customer.cut();
    await customer.events.next({ kind: 'connection', state: 'reconnecting' });
    await customer.events.next({ kind: 'connection', state: 'resumed' });
    await customer.events.next({ kind: 'capture', capability: 'camera', on: true });
    assert.equal(await customer.session.pushFrame('camera', frame(true)), 'OK');
    customer.pump();
    assert.equal(customer.do((session) => session.sendData({ kind: 'chat', text: 'back' })), 'OK');
    assert.equal((await agent.events.next({ event: 'chat' })).text, 'back');

    assert.equal(customer.do((session) => session.withdraw('camera')), 'OK');
    assert.equal(customer.session.maySend('camera'), false);
    const stopped = await agent.events.next({ event: 'consent', capability: 'camera', state: 'withdrawn' });
    assert.ok(stopped);
    await customer.events.next({ kind: 'logged', action: 'withdraw' });

    customer.do((session) => session.end('completed'));
    const end = await customer.events.next({ kind: 'ended' });
    assert.equal(end.reason, 'completed');
    const agentEnd = await agent.events.next({ event: 'ended' });
    assert.equal(agentEnd.reason, 'completed');
    assert.equal(await agent.ended, 0);
    assert.deepEqual(agent.events.all({ event: 'alarm' }), []);
    assert.deepEqual(customer.events.all({ kind: 'alarm' }), []);
    assert.equal(customer.session.figures().framesSealed, 52);
    assert.match(world.audit('verify'), /./);
  });

  test('by code, and a refusal', async () => {
    const { agent, customer } = await join((invite) => ({ code: invite.code, joinHost: invite.address }));
    agent.say({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
    await customer.events.next({ kind: 'consent', state: 'requested' });
    assert.equal(customer.do((session) => session.refuse('camera')), 'OK');
    await agent.events.next({ event: 'consent', state: 'refused' });
    agent.say({ do: 'end' });
    const ended = await customer.events.next({ kind: 'ended' });
    assert.equal(ended.by, 2);
    assert.equal(await agent.ended, 0);
    assert.match(world.audit('verify'), /./);
  });
});
