// SPDX-License-Identifier: Apache-2.0
// The proof: this customer's end against the real relay, agent and auditor. HANDHOLD_BIN names the folder of their programs.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join as path } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { checkDigit, Customer, FromRelaySchema, World } from './interop/world.mjs';

const { writeProofs } = await import('../build/node/src/receipt/proof.js'), { receiptPage } = await import('../build/node/src/receipt/page.js');
const { linesOf } = await import('../build/node/src/receipt/lines.js'), { alike, format } = await import('../build/node/src/words/format.js');
const { compileMessages } = await import('../scripts/messages.mjs');
const skip = process.env.HANDHOLD_BIN ? false : 'HANDHOLD_BIN does not name a folder with the programs';
let world;
const messages = compileMessages();

// One VP8 key frame of a blue area, 64 by 48.
const PICTURE = new Uint8Array(Buffer.from('kAMAnQEqQAAwAABHCIWFiIWEiAICAnWqA/gD+AIHO3nizzMeXgD++sQ//3ZO2VyP9+3/7WgODVf6NwA=', 'base64'));
const frame = (key) => ({ bytes: PICTURE, key, discardable: false, tid: 0, captureMonoMs: performance.now() });

// As the page on a phone writes it.
function savedPage(entries, keys, name) {
  const facts = {
    language: 'en', name, organisation: 'localhost', verified: true, relay: 'localhost', began: 1790000000, ended: 1790000060, zone: 0, keepDays: keys.keepDays ?? 0,
    contact: '', moved: '', carried: [],
  };
  const proved = {
    lines: linesOf(entries), log: keys.log.split('+')[0], session: keys.customer.split('+')[0].split('/')[1] ?? '', count: entries.length,
    proofs: writeProofs(entries, keys),
  };
  return receiptPage(facts, proved, (key, values = {}) => format(messages.en[key], values, alike(0)));
}

async function join(config, alter) {
  const agent = world.agent(), invite = await agent.events.next({ event: 'invite' });
  const customer = new Customer(world, { pinnedRoot: world.pinnedRoot(), ...config(invite) });
  if (alter) customer.alter = alter;
  const began = performance.now();
  customer.connect();
  const joined = await customer.events.next({ kind: 'joined' });
  customer.handshakeMs = performance.now() - began;
  return { agent, customer, invite, joined };
}

async function end(agent, customer) {
  customer.do((session) => session.end('completed'));
  await customer.events.next({ kind: 'ended' });
  await agent.ended;
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
    assert.equal(customer.sentFrames, 0);
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

    // frames that WebCrypto has in hand when the consent ends are thrown away
    const inHand = Array.from({ length: 5 }, () => customer.session.pushFrame('camera', frame(true)));
    const sent = customer.sentFrames;
    assert.equal(customer.do((session) => session.withdraw('camera')), 'OK');
    assert.equal(customer.session.maySend('camera'), false);
    assert.deepEqual(new Set(await Promise.all(inHand)), new Set(['CONSENT']));
    assert.equal(customer.session.backlogBytes(), 0);
    assert.equal(customer.sentFrames, sent);
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
  });


  test('a key that is turned under a camera closes no lens, and what follows opens under the new one', async () => {
    const { LIMIT } = await import('../build/node/src/proto/session/core.js'), tenMinutes = LIMIT.EPOCH_MS;
    const { agent, customer } = await join((invite) => ({ link: invite.link })), grant = customer.session.grants.get('camera');
    const turned = async (epoch) => { while (grant.epoch < epoch || grant.phase !== 'live') await new Promise(setImmediate); };
    try {
      LIMIT.EPOCH_MS = 100;
      await customer.granted('camera', agent, 'To see the lights');
      await turned(3);
    } finally {
      LIMIT.EPOCH_MS = tenMinutes;
    }
    await turned(4); /* the last short one */
    assert.deepEqual(customer.events.all({ kind: 'capture' }), []);
    assert.equal(await customer.session.pushFrame('camera', frame(true)), 'OK');
    customer.pump();
    await agent.events.next({ event: 'first-picture' });
    assert.equal(customer.do((session) => session.pause(true, 'customer', 'asked')), 'OK');
    await customer.events.next({ kind: 'capture', capability: 'camera', on: false });
    await end(agent, customer);
  });

  test('an end while the line is away waits for it, and the log then has what was taken back; or it does not wait', async () => {
    for (const waits of [true, false]) {
      const { agent, customer } = await join((invite) => ({ link: invite.link })), { connect } = customer;
      await customer.granted('camera', agent, 'To see the lights');
      customer.connect = () => customer; /* nobody comes through */
      customer.cut();
      await customer.events.next({ kind: 'connection', state: 'reconnecting' });
      await agent.events.next({ event: 'connection', state: 'reconnecting' });
      assert.equal(customer.session.endWaits(), false);
      customer.do((session) => session.end('customer-left'));
      assert.equal(customer.session.endWaits(), true);
      assert.equal(await customer.session.pushFrame('camera', frame(true)), 'CONSENT');
      assert.ok(customer.session.deadline() - performance.now() > 30_000, 'it waits as long as a lost session is waited for');
      if (waits) connect.call(customer);
      else customer.do((session) => session.endNow());
      const end = await customer.events.next({ kind: 'ended' });
      assert.equal(end.reason, 'customer-left');
      assert.match(end.message, waits ? /^$/ : /nobody could be told/);
      if (!waits) agent.say({ do: 'end' });
      assert.equal((await agent.events.next({ event: 'ended' })).reason, waits ? 'customer-left' : 'completed');
      await agent.ended;
      if (waits) assert.deepEqual(customer.events.all({ kind: 'logged' }).map((event) => event.action).slice(-2), ['withdraw', 'end']);
    }
  });

  test('by code, and a refusal', async () => {
    const { agent, customer } = await join((invite) => ({ code: invite.code, joinHost: invite.address }));
    agent.say({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
    await customer.events.next({ kind: 'consent', state: 'requested' });
    assert.equal(customer.do((session) => session.refuse('camera')), 'OK');
    await agent.events.next({ event: 'consent', state: 'refused' });
    agent.say({ do: 'end' });
    await customer.events.next({ kind: 'goodbye' });
    assert.equal(customer.do((session) => session.rate(6, true)), 'RANGE');
    assert.equal(customer.do((session) => session.rate(5, true)), 'OK');
    assert.equal(customer.do((session) => session.rate(4, true)), 'STATE');
    const { stars, solved } = await agent.events.next({ event: 'rating' });
    assert.deepEqual([stars, solved], [5, true]);
    customer.do((session) => session.end('completed'));
    const ended = await customer.events.next({ kind: 'ended' });
    assert.equal(ended.reason, 'completed');
    assert.equal(await agent.ended, 0);
  });

  test('a bit of control, turned by the relay: an alarm, a new pair, and chat still arrives once', async () => {
    let left = 0;
    const { agent, customer } = await join((invite) => ({ link: invite.link }), (message) => {
      if (message[0] === 0x11 && left > 0 && --left === 0) message[20] ^= 1;
      return message;
    });
    left = 2;
    await customer.events.next({ kind: 'alarm' });
    await customer.events.next({ kind: 'connection', state: 'resumed' });
    agent.say({ do: 'chat', text: 'once' });
    assert.equal((await customer.events.next({ kind: 'data' })).data.text, 'once');
    assert.deepEqual(customer.events.all({ kind: 'data' }), []);
    await end(agent, customer);
  });

  test('a receipt that the relay altered: no key leaves, and nothing is granted any more', async () => {
    let bad = true;
    const { agent, customer } = await join((invite) => ({ link: invite.link }), (message) => {
      if (message[0] === 0x30 && bad) message[message.length - 10] ^= 1; // in the proofs at its end
      return message;
    });
    agent.say({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
    await customer.events.next({ kind: 'consent', state: 'requested' });
    assert.equal(customer.do((session) => session.grant('camera')), 'OK');
    assert.equal((await customer.events.next({ kind: 'alarm' })).err, 'LOG');
    const taken = await customer.events.next({ kind: 'consent', state: 'withdrawn' });
    assert.equal(taken.purpose, 'not logged');
    assert.equal(customer.session.maySend('camera'), false);
    assert.deepEqual(customer.events.all({ kind: 'capture' }), []);
    agent.say({ do: 'request', capability: 'device-state', purpose: 'To see more' });
    await customer.events.next({ kind: 'consent', state: 'requested' });
    assert.equal(customer.do((session) => session.grant('device-state')), 'LOG');
    bad = false;
    await end(agent, customer);
  });

  test('the page that a phone saves is checked by the auditor: what was answered, and to whom', async () => {
    const { agent, customer } = await join((invite) => ({ link: invite.link }));
    await customer.granted('camera', agent, 'To see <the> lights & more');
    assert.equal(customer.do((session) => session.withdraw('camera')), 'OK');
    await customer.events.next({ kind: 'consent', capability: 'camera', state: 'withdrawn' });
    await end(agent, customer);
    const entries = customer.events.all({ kind: 'logged' }), keys = customer.session.receiptKeys();
    assert.ok(entries.length >= 3);
    assert.ok(keys.certificates.length >= 2);
    const file = path(world.dir, 'receipt.html'), ca = path(world.org, 'ca/ca.crt');
    const page = savedPage(entries, keys, 'Ana Lindqvist');
    writeFileSync(file, page);
    const alone = world.check(file), under = world.check(file, '--ca', ca), wholly = world.check(file, '--ca', ca, '--org', path(world.org, 'org.note'));
    assert.equal(alone.status, 0, alone.said);
    assert.match(alone.said, /To see <the> lights & more.*Ana Lindqvist.*as the certificate claims, and not proved.*nothing is wrong/);
    assert.equal(under.status, 0, under.said);
    assert.match(under.said, /Ana Lindqvist.*under the organisation's root/);
    assert.equal(wholly.status, 0, wholly.said);
    assert.match(wholly.said, /the organisation's note names/);
    assert.match(wholly.said, /the words in front are the proved ones/);
    writeFileSync(file, page.replace('&gt; lights', '&gt; bath'));
    assert.equal(world.check(file).status, 1);
    writeFileSync(file, page);
    const other = path(world.dir, 'other');
    world.certs('init', '--dir', other, '--org', 'Interop Support');
    const strange = world.check(file, '--ca', path(other, 'ca/ca.crt'));
    assert.equal(strange.status, 1, strange.said);
    assert.match(strange.said, /one under another root/);
    writeFileSync(file, page.replace(/^certificate (.{40})./m, (line, start) => `certificate ${start}${line.endsWith('A') ? 'B' : 'A'}`));
    assert.equal(world.check(file).status, 1);
    writeFileSync(file, savedPage(entries, { ...keys, certificates: [] }, 'Ana Lindqvist'));
    assert.match(world.check(file).said, /NOT PROVED: the certificate of the agent, which a receipt has, is missing.*nothing is wrong/);
  });

  test('an organisation that this device does not know: unverified, and no camera whatever its policy says', async () => {
    const { agent, customer, joined } = await join((invite) => ({ link: invite.link, pinnedRoot: undefined }));
    assert.equal(joined.verified, false);
    assert.equal((await customer.events.next({ kind: 'check-words' })).required, true);
    agent.say({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
    const refused = await customer.events.next({ kind: 'consent', capability: 'camera' });
    assert.deepEqual([refused.state, refused.purpose], ['refused', 'unverified organisation']);
    await end(agent, customer);
  });

  test('a link that was used, and a code with another secret, are said to be so', async () => {
    const { agent, customer, invite } = await join((invite) => ({ link: invite.link }));
    const late = new Customer(world, { link: invite.link, pinnedRoot: world.pinnedRoot() }).connect();
    const [here, there] = await Promise.all([customer.events.next({ kind: 'move-asked' }), late.events.next({ kind: 'elsewhere' })]);
    assert.equal(here.digits, there.digits);
    assert.equal(await customer.session.answerMove(false), 'OK');
    customer.pump();
    assert.deepEqual((({ err, fatal }) => [err, fatal])(await late.events.next({ kind: 'error' })), ['BUSY', true]);
    await late.events.next({ kind: 'ended' });
    await end(agent, customer);
    const other = world.agent(), second = await other.events.next({ event: 'invite' });
    const digits = second.code.replace(/ /g, ''), wrong = digits.slice(0, -7) + String((Number(digits.slice(-7, -1)) + 1) % 1e6).padStart(6, '0');
    const guess = new Customer(world, { code: wrong + checkDigit(wrong), joinHost: second.address }).connect();
    const said = await guess.events.next({ kind: 'error' });
    assert.match(said.message, /code is not that of the agent's invitation/);
    await guess.events.next({ kind: 'ended' });
    await other.events.next({ event: 'alarm' });
    other.say({ do: 'end' });
    await other.ended;
  });

  test('a relay that serves an older organisation note: the agent named a newer one, and no AUTH_C leaves', async () => {
    const old = readFileSync(path(world.dir, 'relay/org.note'), 'utf8');
    world.certs('issue', '--dir', world.org, 'agent', '--id', 'bo', '--name', 'Bo Ek');
    world.certs('revoke', '--dir', world.org, '--id', 'bo', '--reason', 'left');
    await world.stopRelay();
    copyFileSync(path(world.org, 'org.note'), path(world.dir, 'relay/org.note'));
    await world.start();
    const agent = world.agent(), invite = await agent.events.next({ event: 'invite' });
    const customer = new Customer(world, { link: invite.link, pinnedRoot: world.pinnedRoot() });
    customer.alter = (message) => {
      if (message[0] !== 0x40) return message;
      const told = fromBinary(FromRelaySchema, message.subarray(4));
      if (told.body.case === 'welcome') told.body.value.orgNote = old;
      return new Uint8Array([...message.subarray(0, 4), ...toBinary(FromRelaySchema, told)]);
    };
    customer.connect();
    assert.equal((await customer.events.next({ kind: 'alarm' })).err, 'ORG');
    await customer.events.next({ kind: 'ended' });
    assert.deepEqual(agent.events.all({ event: 'joined' }), []);
    agent.say({ do: 'end' });
    await agent.ended;
  });

  test('the auditor finds every note, signature and rule of these sessions in order', async () => {
    await world.stopRelay();
    assert.match(world.audit('verify'), /nothing is wrong/);
  });
});
