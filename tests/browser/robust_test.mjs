// SPDX-License-Identifier: Apache-2.0
/* Lines that break, tabs that hide, relays that restart: nothing is captured meanwhile, and one tap brings it back. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { leave, Scene } from './scene.mjs';
import { heard, liveTracks } from './watch.mjs';

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

const noTrack = (page) => page.waitForFunction(() => window.tracks.every((t) => t.readyState === 'ended'));
const total = (agent) => Math.max(0, ...agent.events.filter((e) => e.event === 'video').map((e) => e.total_frames));

test('a relay that crashes and comes back costs a moment', async () => {
  const people = await scene.showing(), { agent, page } = people;
  const from = agent.mark(), before_ = total(agent);
  await scene.house.restartRelay();
  await agent.await('connection', { state: 'resumed' }, from);
  await agent.await('video', { total_frames: (n) => n > before_ + 5 }, from);
  assert.ok((await heard(page)).some((text) => /Connected again/.test(text)));
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

test('a camera that is lost pauses, and Continue takes it afresh', async () => {
  const people = await scene.showing(), { agent, page } = people;
  await page.evaluate(() => { for (const t of window.tracks) { t.stop(); t.dispatchEvent(new Event('ended')); } });
  await agent.await('paused', { by: 'device', reason: 'camera-lost' });
  const before_ = total(agent);
  await page.click('#continue');
  await agent.await('video', { total_frames: (n) => n > before_ + 5 });
  assert.equal(await liveTracks(page), 1);
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
  agent.do({ do: 'chat', text: 'No camera? We can still talk.' });
  await page.waitForSelector('.lines .theirs');
});

test('an agent who is not there yet, leaves, and comes back', async () => {
  const { agent, page } = await scene.joined();
  agent.do({ do: 'end' });
  await agent.await('ended');
  await page.waitForSelector('[data-screen="end"] h1');
  assert.match(await page.textContent('main'), /Nothing is shared any more/);
});

test('facts of the device, and only while they are allowed', async () => {
  const people = await scene.joined(), { agent, page } = people;
  agent.do({ do: 'request', capability: 'device-state', purpose: 'To see the battery' });
  await page.click('#allow');
  await agent.await('state', { property: 'language', value: 'en-GB' });
  await agent.await('state', { property: 'connectivity', value: true });
  await page.waitForSelector('.facts-of-device:not([hidden])');
  await page.click('#off-device-state');
  await page.waitForSelector('.facts-of-device', { state: 'hidden' });
  await leave(people);
});

test('nothing of a visit stays behind in the browser', async () => {
  const people = await scene.showing(), { page } = people;
  await leave(people);
  const left = await page.evaluate(async () => [localStorage.length, sessionStorage.length, document.cookie, (await indexedDB.databases()).length, (await caches.keys()).length, location.hash]);
  assert.deepEqual(left, [0, 0, '', 0, 0, '']);
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
