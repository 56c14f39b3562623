// SPDX-License-Identifier: Apache-2.0
/*
 * A relay that lies, against the page (PROTOCOL.md §16). It sits in the WebSocket of a real visit and alters, repeats,
 * withholds or invents what comes from the relay. It may end or delay; it opens nothing, and people are told.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { openPage } from './browser.mjs';
import { EARS, LISTEN } from './ears.mjs';
import { WAIT_MS } from './house.mjs';
import { Scene, untilJoined } from './scene.mjs';
import { tune } from './sound.mjs';
import { heard, liveTracks, watch } from './watch.mjs';

const TYPE = { HANDSHAKE: 0x10, CONTROL: 0x11, MEDIA: 0x20, LOG: 0x30, RELAY: 0x40 };

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

/** A visit through a relay whose `lie(message)` gives what arrives instead: a list of messages; the page joins when it is opened. */
async function visit(options = {}) {
  const agent = await scene.house.agent(...(options.agent ?? [])), page = await openPage(scene.browser), seen = await watch(page);
  const relay = { lie: options.lie ?? ((message) => [message]), say: undefined, sent: { media: 0, bytes: 0 } };
  await page.routeWebSocket(/\/s$/, (socket) => {
    const server = socket.connectToServer();
    relay.say = (message) => socket.send(message);
    socket.onMessage((message) => {
      relay.sent.bytes += message.length;
      if (message[0] === TYPE.MEDIA) relay.sent.media++;
      server.send(message);
    });
    server.onMessage((message) => { for (const one of relay.lie(message)) socket.send(one); });
  });
  await page.goto(agent.invite.link);
  await page.click('#join');
  return { agent, page, seen, relay };
}

async function joined(options) {
  const people = await visit(options);
  await untilJoined(scene.house, people.agent, people.page);
  await people.page.waitForSelector('.top .good');
  return people;
}

async function showing(options) {
  const people = await joined(options);
  people.agent.do({ do: 'request', capability: 'camera', purpose: 'To see it' });
  await people.page.click('#allow');
  await people.agent.await('first-picture');
  return people;
}

const flip = (message, at) => {
  const other = Buffer.from(message);
  other[at] ^= 1;
  return other;
};
const noTrack = (page) => page.waitForFunction(() => window.tracks.every((t) => t.readyState === 'ended'));
const total = (agent) => agent.most('video', 'total_frames');

test('a control message that was altered: people are told, nothing opens, and the visit is taken up afresh', async () => {
  const { agent, page, relay } = await showing(), from = agent.mark(), before_ = total(agent);
  let altered = false;
  relay.lie = (message) => {
    if (altered || message[0] !== TYPE.CONTROL) return [message];
    altered = true;
    return [flip(message, message.length - 1)];
  };
  await page.waitForFunction(() => /does not behave as it should/.test(document.querySelector('.notice:not(.bad)').textContent));
  assert.ok((await heard(page)).some((text) => /altered or left out on their way\. End here/.test(text)), 'and it is said');
  await agent.await('connection', { state: 'resumed' }, from);
  await agent.await('video', { total_frames: (n) => n > before_ + 5 }, from);
});

test('a control message that is played again counts as tampering too', async () => {
  const { agent, page, relay } = await joined(), from = agent.mark();
  let again = false;
  relay.lie = (message) => {
    if (again || message[0] !== TYPE.CONTROL) return [message];
    again = true;
    return [message, message];
  };
  await page.waitForFunction(() => /does not behave as it should/.test(document.querySelector('.notice:not(.bad)').textContent));
  await agent.await('connection', { state: 'resumed' }, from);
  agent.do({ do: 'chat', text: 'once' });
  await page.waitForSelector('.lines .theirs');
  assert.equal(await page.locator('.lines .theirs').count(), 1);
});

test('an organisation note that was altered: nobody joins', async () => {
  let hit = false;
  const { agent, page, relay } = await visit({
    lie: (message) => {
      const at = message[0] === TYPE.RELAY ? Buffer.from(message).indexOf('handhold/1 org') : -1;
      hit ||= at >= 0;
      return [at < 0 ? message : flip(message, at + 30)];
    },
  });
  await page.waitForSelector('[data-screen="problem"] h1');
  assert.ok(hit);
  assert.equal(relay.sent.media, 0);
  assert.equal(agent.events.filter((e) => e.event === 'joined').length, 0);
});

test('a receipt of the log that was altered: no key leaves, and people are told', async () => {
  const { agent, page, relay } = await joined();
  relay.lie = (message) => [message[0] === TYPE.LOG && message.length > 200 ? flip(message, message.length - 40) : message];
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see it' });
  await page.click('#allow');
  await page.waitForFunction(() => /what the log shows does not fit together/.test(document.querySelector('.notice:not(.bad)').textContent));
  await agent.await('consent', { capability: 'camera', state: 'withdrawn' });
  await noTrack(page);
  assert.equal(relay.sent.media, 0);
});

// The figure, once it has not changed for a second; one that never rests fails.
async function settled(figure) {
  for (let turn = 0, last = figure(); turn < 10; turn++) {
    await new Promise((done) => setTimeout(done, 1000));
    if (figure() === last) return last;
    last = figure();
  }
  assert.fail(`${figure()} and still rising`);
}

test('withheld: no receipt is no key; ten seconds of silence stop the lens', async () => {
  const [first, second] = await Promise.all([joined(), showing()]);
  first.relay.lie = (message) => (message[0] === TYPE.LOG ? [] : [message]);
  first.agent.do({ do: 'request', capability: 'camera', purpose: 'To see it' });
  await first.page.click('#allow');
  // Handshakes too: a pair that resumes may show the picture again.
  second.relay.lie = (message) => ([TYPE.CONTROL, TYPE.HANDSHAKE].includes(message[0]) ? [] : [message]);
  await second.page.waitForFunction(() => /does not answer at the moment/.test(document.querySelector('.notice:not(.bad)').textContent));
  await second.page.waitForFunction(() => /Nothing comes through between you/.test(document.querySelector('.notice:not(.bad)').textContent));
  await noTrack(second.page);
  const sent = await settled(() => second.relay.sent.media); // what had left the page was still on its way
  await first.agent.await('consent', { capability: 'camera', state: 'withdrawn' });
  assert.equal(first.relay.sent.media, 0);
  assert.equal(await liveTracks(first.page), 0);
  assert.equal(second.relay.sent.media, sent);
});

test('nonsense from the relay is not answered and changes nothing', async () => {
  const { agent, page, relay } = await showing(), from = agent.mark(), before_ = total(agent);
  const noise = (bytes) => Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 131 + bytes) & 255));
  for (const type of [0x00, TYPE.RELAY, TYPE.LOG, TYPE.HANDSHAKE, TYPE.MEDIA, 0xff])
    for (const bytes of [0, 1, 3, 20, 4000]) relay.say(Buffer.concat([Buffer.from([type, 0, 1]), noise(bytes)]));
  relay.say(Buffer.alloc(0));
  relay.say('a text');
  await agent.await('video', { total_frames: (n) => n > before_ + 15 }, from);
  assert.deepEqual(page.problems, []);
});

test('a voice that the relay alters, repeats, moves or keeps for later is not heard', async () => {
  const { agent, page, relay } = await joined({ agent: ['--microphone', tune(scene.house.path('agent.wav'))] });
  const hears = (after) => page.waitForFunction(() => window.played() > 400, undefined, { polling: 100 }).catch(async (error) => {
    throw new Error(`not heard after ${after}: ${await page.textContent('main')}; ${JSON.stringify(agent.events.slice(-6))}; ${error.message}`);
  });
  const silent = async () => { // what was on its way before is played first; then nothing, for a whole second
    for (const end = Date.now() + WAIT_MS; Date.now() < end; )
      if ((await page.evaluate('window.levels(1000)')).every((level) => level < 0.02)) return true;
    return false;
  };
  await page.evaluate(LISTEN);
  const kept = [], voice = (lie) => (message) => (message[0] === TYPE.MEDIA ? lie(message) : [message]);
  relay.lie = voice((message) => [kept.push(Buffer.from(message)) && message]);
  agent.do({ do: 'request', capability: 'microphone', purpose: 'To talk it through' });
  await page.check('#hear');
  await page.click('#allow');
  await hears('Allow');

  const lies = [ // each packet suffers another one
    (message) => flip(message, message.length - 1), (message) => flip(message, 11) /* its header */,
    (message) => flip(message, 3) /* of another stream */, (message) => kept[message[15] % kept.length] /* repeated */,
  ];
  let turn = 0;
  relay.lie = voice((message) => [lies[turn++ % lies.length](message)]);
  assert.ok(await silent(), 'an altered, moved or repeated packet is heard');
  assert.ok(turn >= lies.length);
  relay.lie = (message) => [message];
  await hears('lies');
  relay.lie = voice((message) => [message, message, message]); // each is played once
  await hears('each came three times');

  await page.click('#off-microphone');
  await agent.await('consent', { capability: 'microphone', state: 'withdrawn' });
  await noTrack(page);
  const sent = relay.sent.media;
  for (const message of kept) relay.say(message);
  agent.do({ do: 'chat', text: 'Silence?' });
  await page.waitForSelector('.lines .theirs');
  assert.equal(await page.evaluate(EARS), 0);
  assert.equal(relay.sent.media, sent, 'nothing of the microphone leaves');

  const from = agent.mark();
  agent.do({ do: 'request', capability: 'microphone', purpose: 'Once more' });
  relay.lie = voice(() => [kept[kept.length - 1]]); // of a consent that is over
  await page.check('#hear');
  await page.click('#allow');
  await agent.await('audio', {}, from);
  assert.ok(await silent());
  relay.lie = (message) => [message];
  await hears('an old consent');
  assert.deepEqual(page.problems, []);
});

test('an end that only the relay says: everything is off, and the receipt stays true', async () => {
  const { page, relay } = await showing();
  relay.say(Buffer.from([TYPE.RELAY, 0, 1, 0, 0x42, 4, 0x08, 1, 0x10, 2])); // Ended{completed, by the agent}, which nobody said
  await page.waitForSelector('[data-screen="end"] h1');
  assert.equal(await liveTracks(page), 0);
  const sent = relay.sent.media;
  await page.waitForSelector('.receipt');
  await page.click('#verify');
  await page.waitForFunction(() => /proof holds/.test(document.querySelector('.receipt').textContent));
  assert.equal(relay.sent.media, sent);
});

test('what leaves before a grant is small and is counted; what leaves after a withdrawal is no picture', async () => {
  const { agent, page, relay } = await joined();
  agent.do({ do: 'chat', text: 'Hello' });
  await page.waitForSelector('.lines .theirs');
  assert.ok(relay.sent.bytes < 8000, `${relay.sent.bytes} bytes before anything was allowed`);
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see it' });
  await page.click('#allow');
  await agent.await('first-picture');
  await page.click('#off-camera');
  await agent.await('consent', { capability: 'camera', state: 'withdrawn' });
  const { bytes, media } = relay.sent;
  agent.do({ do: 'chat', text: 'Thank you' });
  await page.waitForFunction(() => document.querySelectorAll('.lines .theirs').length === 2);
  assert.equal(relay.sent.media, media);
  assert.ok(relay.sent.bytes - bytes < 4000, `${relay.sent.bytes - bytes} bytes after it`);
});
