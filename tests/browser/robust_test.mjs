// SPDX-License-Identifier: Apache-2.0
/* Lines that break, tabs that hide, relays that restart: nothing is captured meanwhile, and one tap brings it back. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { openPage } from './browser.mjs';
import { leave, morePictures, Scene, show, taken, untilJoined } from './scene.mjs';
import { heard, liveTracks, look, watch } from './watch.mjs';

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

const noTrack = (page) => page.waitForFunction(() => window.tracks.every((t) => t.readyState === 'ended'));
const total = (agent) => agent.most('video', 'total_frames');

test('a relay that crashes and comes back costs a moment', async () => {
  const people = await scene.showing(), { agent, page } = people;
  const from = agent.mark(), before_ = total(agent);
  await scene.house.relay.end('SIGKILL');
  await page.waitForFunction(() => /No connection\. Nothing is sent/.test(document.querySelector('.bar').textContent));
  assert.equal(await page.getAttribute('.bar', 'data-state'), 'paused');
  assert.equal(await page.locator('.picture:visible').count(), 0, 'nor is a camera said to be starting');
  const instead = await page.textContent('.empty');
  assert.match(instead, /goes on by itself/);
  assert.doesNotMatch(instead, /asked first/, 'it is not asked for again');
  await page.fill('#chat', 'Hello?');
  await page.click('#send');
  await page.waitForSelector('.mine .small:visible');
  assert.match(await page.textContent('.mine .small'), /Not sent yet/);
  await scene.house.startRelay();
  await agent.await('connection', { state: 'resumed' }, from);
  await agent.await('video', { total_frames: (n) => n > before_ + 5 }, from);
  await agent.await('chat', { text: 'Hello?' }, from);
  await page.waitForSelector('.mine .small', { state: 'hidden' });
  const said = await heard(page), cut = said.findIndex((text) => /Connection lost/.test(text)), again = said.findIndex((text) => /Connected again/.test(text));
  assert.ok(cut >= 0 && again > cut, said.join('\n'));
  assert.ok(!said.slice(0, cut).some((text) => /Ana Lindqvist lost/.test(text)), 'whose line it is that was lost is not known');
  await page.waitForSelector('.bar[data-state="sending"]');
  await leave(people);
  assert.ok(page.problems.every((text) => /WebSocket|ERR_/.test(text)), page.problems.join('\n'));
});

test('a connection that is cut is made again, and nothing is captured in between', async () => {
  const people = await scene.showing(), { agent, page } = people;
  const from = agent.mark(), before_ = total(agent);
  await page.context().setOffline(true); // Chromium leaves open sockets alone; the page learns of it by the event
  await page.context().setOffline(false);
  await agent.await('connection', { state: 'resumed' }, from);
  await agent.await('video', { total_frames: (n) => n > before_ + 5 }, from);
  await leave(people);
});

test('a line that dies without a word is given up, and another one made', async () => {
  const agent = await scene.house.agent(), page = await openPage(scene.browser), lines = [];
  await watch(page);
  await page.routeWebSocket(/\/s$/, (socket) => {
    const server = socket.connectToServer(), line = { dead: false };
    lines.push(line);
    socket.onMessage((message) => { if (!line.dead) server.send(message); });
    server.onMessage((message) => { if (!line.dead) socket.send(message); });
    socket.onClose(() => undefined); // nor does anybody hear that it is closed
  });
  await page.goto(agent.invite.link);
  await page.click('#join');
  await untilJoined(scene.house, agent, page);
  await show({ agent, page });
  const from = agent.mark(), before_ = total(agent);
  lines[0].dead = true;
  await agent.await('connection', { state: 'resumed' }, from);
  await agent.await('video', { total_frames: (n) => n > before_ + 5 }, from);
  assert.equal(await page.locator('#allow:visible').count(), 0, 'nobody is asked again');
  await leave({ agent, page });
});

/* Keys are turned every ten minutes; this page does so every second, and counts them. What is changed in it is held to its integrity too. */
async function turnsKeysOften(page, house) {
  const sha = (text) => `sha384-${createHash('sha384').update(text).digest('base64')}`, get = async (path) => await (await page.request.get(house.url + path)).text();
  const first = await get('/j'), changed = new Map();
  for (const path of new Set([...first.matchAll(/"(\/[^"]+\.js)"/g)].map(([, path]) => path))) {
    const text = await get(path), other = text.replace(/EPOCH_MS:[^,}]+/, 'EPOCH_MS:1000').replace(/\.state\(["']rekey["'],/, '.state((window.turned=1+(window.turned??0),"rekey"),');
    if (other !== text) changed.set(path, { text: other, was: sha(text), is: sha(other) });
  }
  assert.equal(changed.size, 1);
  const [[path, { text, was, is }]] = changed;
  await page.route(house.url + path, async (route) => route.fulfill({ response: await route.fetch(), body: text }));
  await page.addInitScript(([was, is]) => new MutationObserver(() => { // before the first script runs
    for (const link of document.querySelectorAll(`link[integrity="${was}"]`)) link.integrity = is;
  }).observe(document, { childList: true, subtree: true }), [was, is]);
}

test('a key that is turned closes no camera: nobody is asked again, and the picture goes on', async () => {
  const agent = await scene.house.agent(), page = await openPage(scene.browser);
  await watch(page);
  await turnsKeysOften(page, scene.house);
  await page.goto(agent.invite.link);
  await page.click('#join');
  await untilJoined(scene.house, agent, page);
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
  await page.click('#allow');
  await page.waitForFunction(() => window.turned >= 2);
  const from = total(agent);
  await agent.await('video', { total_frames: (n) => n >= from + 20 });
  await page.click('#off-camera');
  await agent.await('consent', { capability: 'camera', state: 'withdrawn' });
  assert.equal(await page.evaluate(() => window.tracks.length), 1, 'the camera was opened once');
  await leave({ agent, page });
});

test('End on a line that dies under it is said when the line is back', async () => {
  const agent = await scene.house.agent(), page = await openPage(scene.browser);
  let dies = false;
  await page.routeWebSocket(/\/s$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      if (!dies) return server.send(message);
      dies = false;
      socket.close();
      server.close();
    });
  });
  await page.goto(agent.invite.link);
  await page.click('#join');
  await agent.await('joined');
  await show({ agent, page });
  await page.click('#end');
  await taken(page, '#leave-now');
  dies = true;
  assert.match(await page.evaluate(() => {
    document.querySelector('#leave-now').click();
    return document.querySelector('#sheet-title').textContent;
  }), /being ended/, 'the tap was heard');
  await agent.await('ended', { reason: 'customer-left' });
  await page.waitForSelector('.receipt');
  assert.match(await page.textContent('main'), /You ended the session/);
});

test('a hidden page pauses by itself and says why', async () => {
  const people = await scene.showing(), { agent, page } = people;
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await agent.await('paused', { by: 'device', reason: 'page-hidden' });
  await noTrack(page);
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  assert.match(await page.textContent('.paused'), /You left this page/);
  const before_ = total(agent);
  await page.click('#continue');
  await agent.await('video', { total_frames: (n) => n > before_ + 5 });
  await leave(people);
});

test('a page that is hidden right after Allow sends nothing, and one tap brings it', async () => {
  const people = await scene.joined(), { agent, page, seen } = people;
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
  await taken(page, '#allow');
  await page.evaluate(() => {
    document.querySelector('#allow').click();
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await agent.await('paused', { by: 'device', reason: 'page-hidden' });
  await agent.await('consent', { capability: 'camera', state: 'granted' });
  agent.do({ do: 'chat', text: 'Are you there?' });
  await page.waitForSelector('.lines .theirs'); // what the grant set off has happened before it
  assert.equal(seen.media, 0);
  await noTrack(page);
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.click('#continue');
  await agent.await('first-picture');
  await leave(people);
});

test('a camera that is lost pauses, and Continue takes it afresh', async () => {
  const people = await scene.showing(), { agent, page } = people;
  await page.evaluate(() => { for (const t of window.tracks) { t.stop(); t.dispatchEvent(new Event('ended')); } });
  await agent.await('paused', { by: 'device', reason: 'camera-lost' });
  await page.click('#continue');
  await page.waitForFunction(() => window.tracks.some((t) => t.readyState === 'live')); // pictures of before may be counted still
  await morePictures(agent, 6);
  assert.equal(await liveTracks(page), 1);
  await leave(people);
});

test('a call that takes the camera pauses, and both ends read why', async () => {
  const people = await scene.showing(), { agent, page, seen } = people;
  await page.evaluate(() => window.tracks.at(-1).dispatchEvent(new Event('mute'))); // what a phone's browser does
  await agent.await('paused', { by: 'device', reason: 'phone-call' });
  await noTrack(page);
  assert.match(await page.textContent('.paused'), /perhaps for a call/);
  const sent = seen.media, before_ = total(agent);
  agent.do({ do: 'chat', text: 'Take your call' });
  await page.waitForSelector('.lines .theirs');
  assert.equal(seen.media, sent);
  await page.click('#continue');
  await agent.await('video', { total_frames: (n) => n > before_ + 5 });
  await leave(people);
});

test('the screen stays awake while something is shown, and no longer', async () => {
  const people = await scene.joined(), { agent, page } = people;
  await page.evaluate(() => {
    window.awake = 0;
    Object.defineProperty(navigator, 'wakeLock', { value: { request: async () => {
      window.awake++;
      return { released: false, async release() { this.released = true; window.awake--; } };
    } } });
  });
  await show({ agent, page });
  await page.waitForFunction(() => window.awake === 1);
  await page.click('#pause');
  await page.waitForFunction(() => window.awake === 0);
  await page.click('#continue');
  await page.waitForFunction(() => window.awake === 1);
  await page.click('#off-camera');
  await page.waitForFunction(() => window.awake === 0);
  await leave(people);
});

test('a browser that refuses the camera is told apart from a person who does', async () => {
  const { agent, page } = await scene.joined();
  await page.evaluate(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')); });
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see it' });
  await page.click('#allow');
  await agent.await('consent', { capability: 'camera', state: 'blocked' });
  await page.waitForSelector('#understood');
  assert.match(await page.textContent('.sheet'), /did not allow the camera/);
  await page.click('#understood');
  assert.match(scene.house.audit('show', agent.events.find((e) => e.event === 'invite').session), /Camera was taken back\. The customer's device could not keep it\s+up/);
  agent.do({ do: 'chat', text: 'No camera? We can still talk.' });
  await page.waitForSelector('.lines .theirs');
});

/** A way to the staff end of the relay that can be taken away. */
async function staffLine() {
  const lines = new Set(), line = { away: false, port: 0, cut() { this.away = true; for (const one of lines) one.destroy(); }, close: () => server.close() };
  const server = createServer((near) => {
    if (line.away) return near.destroy();
    const far = connect(scene.house.ports[1], '127.0.0.1');
    for (const [one, other] of [[near, far], [far, near]]) {
      lines.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy()).on('close', () => { lines.delete(one); other.destroy(); });
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  line.port = server.address().port;
  return line;
}

test('an agent who is not there yet: that they were told is said, the place is kept, and it goes on when they are', async () => {
  const line = await staffLine(), agent = await scene.house.agentOver(line.port), page = await openPage(scene.browser);
  try {
    line.cut();
    await page.goto(agent.invite.link);
    await page.click('#join');
    await page.waitForFunction(() => /You are in[\s\S]*has been told\. Keep this page open/.test(document.querySelector('.empty')?.textContent ?? ''));
    await look(page, 'agent-not-there');
    assert.equal(await page.locator('.top .good').count(), 0);
    assert.ok((await page.locator('[aria-live] p').allTextContents()).some((text) => /has been told/.test(text)));
    line.away = false;
    await page.waitForSelector('.top .good');
    agent.do({ do: 'chat', text: 'Here I am' });
    await page.waitForSelector('.lines .theirs');
    await leave({ agent, page });
  } finally {
    line.cut();
    line.close();
  }
});

test('an agent who loses the connection: nothing is captured until they are back', async () => {
  const { agent, page } = await scene.showing();
  agent.child.kill('SIGSTOP');
  try {
    await page.waitForFunction(() => /does not answer at the moment/.test(document.querySelector('.notice:not(.bad)').textContent));
    await page.waitForFunction(() => /Nothing comes through between you and Ana Lindqvist/.test(document.querySelector('.notice:not(.bad)').textContent));
    await noTrack(page);
  } finally {
    agent.child.kill('SIGCONT');
  }
  const from = agent.mark(), before_ = total(agent);
  await agent.await('video', { total_frames: (n) => n > before_ + 5 }, from);
  await leave({ agent, page });
});

test('facts of the device, and only while they are allowed', async () => {
  const people = await scene.joined(), { agent, page } = people;
  agent.do({ do: 'request', capability: 'device-state', purpose: 'To see the battery' });
  await page.click('#allow');
  await agent.await('state', { property: 'language', value: 'en-GB' });
  await agent.await('state', { property: 'connectivity', value: true });
  await agent.await('state', { property: 'platform' });
  await agent.await('state', { property: 'screen', value: (text) => /^\d+x\d+$/.test(text) });
  await page.waitForSelector('.facts-of-device:not([hidden])');
  assert.match(await page.textContent('.facts-of-device'), /What Ana Lindqvist reads of this device[\s\S]*Language\s*en-GB/);
  await page.click('#off-device-state');
  await page.waitForSelector('.facts-of-device', { state: 'hidden' });
  await leave(people);
});

test('what a browser does not know of its device is not available, at both ends', async () => {
  const { agent, page } = await scene.invited();
  await page.evaluate(() => {
    Object.defineProperty(navigator, 'getBattery', { value: undefined });
    Object.defineProperty(navigator, 'connection', { value: undefined });
  });
  await page.click('#join');
  await agent.await('joined');
  agent.do({ do: 'request', capability: 'device-state', purpose: 'To see the battery' });
  await page.click('#allow');
  await agent.await('state', { property: 'language' });
  await page.waitForFunction(() => /Battery\s*not available[\s\S]*Kind of connection\s*not available/.test(document.querySelector('.facts-of-device').textContent));
  const battery = agent.events.filter((e) => e.event === 'state' && e.property === 'battery');
  assert.ok(battery.every((e) => e.value === 'not available'), JSON.stringify(battery));
  await leave({ agent, page });
});

test('words of others are words, whatever is in them', async () => {
  const evil = '<img src=x onerror=alert(1)>\u202egnp.exe';
  const people = await scene.joined(), { agent, page } = people;
  agent.do({ do: 'chat', text: evil });
  await page.waitForSelector('.lines .theirs');
  agent.do({ do: 'request', capability: 'camera', purpose: '<b onclick=alert(1)>now</b>' });
  await page.waitForSelector('#allow');
  assert.match(await page.textContent('.sheet q'), /<b onclick=alert\(1\)>now<\/b>/);
  assert.equal(await page.locator('.lines img, .sheet b').count(), 0);
  assert.ok(!(await page.textContent('.lines')).includes('\u202e'));
  await page.click('#not-now');
  await leave(people);
  assert.deepEqual(page.problems, []);
});
