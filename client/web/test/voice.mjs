// SPDX-License-Identifier: Apache-2.0
// A voice both ways between this customer's end and the real agent, through the real relay. HANDHOLD_BIN: folder of the programs.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Customer, World } from './interop/world.mjs';

const { SframeKey } = await import('../build/node/src/proto/seal/sframe.js'), { Reply, Talk } = await import('../build/node/src/proto/consent/talk.js');
const { mediaHeaderWrite } = await import('../build/node/src/proto/media/header.js'), { frameContext, kidOf } = await import('../build/node/src/proto/consent/statement.js');
const { joined } = await import('../build/node/src/voice/pair.js');
const skip = process.env.HANDHOLD_BIN ? false : 'HANDHOLD_BIN does not name a folder with the programs';
const MEDIA = 0x20, PACKET_BYTES = 60, LEAST = 25;

// 20 ms of silence as a packet of 24 kbit/s: CELT, full band, one frame (RFC 6716 §3.1).
const SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe, ...new Uint8Array(PACKET_BYTES - 3));

function tone(path, seconds = 2, rate = 48000) {
  const bytes = Buffer.alloc(44 + 2 * seconds * rate);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8);
  [16, 1 | (1 << 16), rate, 2 * rate, 2 | (16 << 16)].forEach((value, i) => bytes.writeUInt32LE(value, 16 + 4 * i));
  bytes.write('data', 36);
  bytes.writeUInt32LE(bytes.length - 44, 40);
  for (let i = 0; i < seconds * rate; i++) bytes.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 440 * i) / rate)), 44 + 2 * i);
  writeFileSync(path, bytes);
  return path;
}

async function untilHeard(customer, count) {
  const heard = [];
  while (heard.length < count) heard.push(await customer.events.next({ kind: 'voice' }));
  return heard;
}

describe('a voice both ways, the agent in C', { skip }, () => {
  let world;
  before(async () => {
    world = new World();
    await world.start();
  });
  after(() => world?.stop());

  async function talking(alter) {
    const agent = world.agent('--microphone', tone(join(world.dir, 'tone.wav'))), invite = await agent.events.next({ event: 'invite' });
    const customer = new Customer(world, { pinnedRoot: world.pinnedRoot(), link: invite.link, offers: ['microphone', 'camera'] });
    if (alter) customer.alter = alter;
    customer.connect();
    await customer.events.next({ kind: 'joined' });
    customer.do((session) => session.sendData({ kind: 'hearing', on: true }));
    return { agent, customer };
  }

  async function end({ agent, customer }) {
    customer.do((session) => session.end('completed'));
    await customer.events.next({ kind: 'ended' });
    await agent.ended;
  }

  test('nothing before the grant, both ways under it, nothing after it', async () => {
    const people = await talking(), { agent, customer } = people;
    assert.equal(await customer.session.pushFrame('microphone', { bytes: SILENCE, key: false, discardable: false, tid: 0, captureMonoMs: 0 }), 'CONSENT');
    await customer.granted('microphone', agent, 'To talk it through');
    const heard = await untilHeard(customer, LEAST);
    assert.ok(heard.every(({ bytes }) => bytes.length === PACKET_BYTES), 'each packet of one rate has one length');
    assert.ok(heard.every(({ obj }, i) => i === 0 || obj > heard[i - 1].obj), 'in order');
    assert.equal(heard.at(-1).tsMs - heard[0].tsMs, 20 * (heard.at(-1).obj - heard[0].obj));

    for (let i = 0; i < 60; i++)
      assert.equal(await customer.session.pushFrame('microphone', { bytes: SILENCE, key: false, discardable: false, tid: 0, captureMonoMs: performance.now() + 20 * i }), 'OK');
    customer.pump();
    assert.ok((await agent.events.next({ event: 'audio' })).packets > 0);

    customer.do((session) => session.withdraw('microphone'));
    const after = customer.events.all({ kind: 'voice' }).length;
    await agent.events.next({ event: 'consent', capability: 'microphone', state: 'withdrawn' });
    assert.equal(await customer.session.pushFrame('microphone', { bytes: SILENCE, key: false, discardable: false, tid: 0, captureMonoMs: 0 }), 'CONSENT');
    agent.say({ do: 'chat', text: 'Bye' });
    await customer.events.next({ kind: 'data' });
    assert.equal(customer.events.all({ kind: 'voice' }).length, after);
    await end(people);
  });

  test('two packets in one message are heard as two', async () => {
    const MESSAGES = 25, people = await talking(), { agent, customer } = people, both = joined(SILENCE, SILENCE);
    await customer.granted('microphone', agent, 'To talk');
    for (let packets = 0, played = 0; played <= packets;) {
      for (let i = 0; i < MESSAGES; i++)
        assert.equal(await customer.session.pushFrame('microphone', { bytes: both, key: false, discardable: false, tid: 0, captureMonoMs: performance.now() + 40 * i }), 'OK');
      customer.pump();
      const second = await agent.events.next({ event: 'audio' });
      packets += second.packets;
      played += second.played;
    }
    await end(people);
  });

  test('a relay that repeats, alters or turns round packets is heard once, and never made up', async () => {
    let sent = 0;
    const bad = [], people = await talking((message) => {
      if (message[0] !== MEDIA) return message;
      const { customer } = people, turned = Uint8Array.from(message);
      turned[turned.length - 1] ^= 1;
      bad.push(turned);
      sent++;
      for (const copy of [turned, Uint8Array.from(message), message.slice(0, 20), message.slice(0, 3)]) customer.session.feed(copy);
      return message;
    });
    const { agent, customer } = people;
    await customer.granted('microphone', agent, 'To talk');
    const heard = await untilHeard(customer, LEAST);
    assert.equal(new Set(heard.map(({ obj }) => obj)).size, heard.length, 'each once');
    assert.ok(bad.length >= LEAST);
    assert.ok(sent >= heard.length);
    await end(people);
  });

  test('paused, the agent is not heard either', async () => {
    const people = await talking(), { agent, customer } = people;
    await customer.granted('microphone', agent, 'To talk');
    await untilHeard(customer, 5);
    customer.do((session) => session.pause(true, 'customer', 'asked'));
    await agent.events.next({ event: 'paused', by: 'customer' });
    agent.say({ do: 'chat', text: 'one' });
    await customer.events.next({ kind: 'data' });
    const before = customer.events.all({ kind: 'voice' }).length;
    agent.say({ do: 'chat', text: 'two' });
    await customer.events.next({ kind: 'data' });
    assert.equal(customer.events.all({ kind: 'voice' }).length, before);
    await end(people);
  });
});

describe('who may be heard', () => {
  const base = new Uint8Array(32).fill(9), sid = new Uint8Array(16).fill(1), csPublic = new Uint8Array(32).fill(2), STREAM = 21, EPOCH = 3;

  function world() {
    const events = [], grant = { phase: 'live', stream: STREAM, reply: new Reply(EPOCH, STREAM, base) };
    const core = { sid, csPublic, ended: false, grants: { paused: false }, emit: (event) => events.push(event), wake: () => undefined };
    return { events, grant, core, talk: new Talk(core, grant) };
  }
  async function packet(counter, { src = 2, kind = 1, epoch = EPOCH, sender = 2, stream = STREAM, length = PACKET_BYTES } = {}) {
    const header = mediaHeaderWrite({ flags: 0, src, stream, tid: 0, sid: 0, class: kind, prio: 0, tl0: 0, tsMs: 20, object: Number(counter) + 1 });
    const key = SframeKey.make(kidOf(epoch, sender, stream), base, 'encrypt');
    return Buffer.concat([header, await key.seal(counter, Buffer.concat([header, frameContext(sid, csPublic)]), new Uint8Array(length))]);
  }
  /* All of so many packets were opened, or refused. */
  async function settled({ events, talk }, count) {
    while (events.length + talk.refused < count) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  test('the agent, once, under this epoch and stream', async () => {
    const one = world(), { events, talk } = one, good = await packet(0n);
    talk.feed(good);
    talk.feed(good);
    await settled(one, 2);
    talk.feed(good);
    await settled(one, 3);
    assert.deepEqual([events.length, talk.opened, talk.refused], [1, 1, 2]);
    for (const wrong of [{ src: 1 }, { kind: 2 }, { epoch: 4 }, { sender: 1 }, { stream: 22 }, { length: 257 }]) talk.feed(await packet(1n, wrong));
    await settled(one, 9);
    assert.deepEqual([events.length, talk.refused], [1, 8]);
  });

  test('nobody in a pause, after a withdrawal, or when it ended while a packet was being opened', async () => {
    const place = world(), { events, talk, core, grant } = place;
    core.grants.paused = true;
    talk.feed(await packet(0n));
    core.grants.paused = false;
    const one = await packet(1n);
    talk.feed(one);
    grant.reply = undefined;
    await settled(place, 2);
    talk.feed(await packet(2n));
    await settled(place, 3);
    assert.deepEqual([events.length, talk.refused], [0, 3]);
  });

  test('a flood is cut off, and is over with it', async () => {
    const one = world(), { events, talk } = one, all = await Promise.all(Array.from({ length: 200 }, (_, i) => packet(BigInt(i))));
    for (const flooding of all) talk.feed(flooding);
    await settled(one, all.length);
    assert.deepEqual([events.length, talk.refused], [64, 136]);
    talk.feed(await packet(200n));
    await settled(one, all.length + 1);
    assert.equal(events.length, 65);
  });
});
