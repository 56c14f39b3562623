// SPDX-License-Identifier: Apache-2.0
/* Several things on one sheet, more time, a hold, photos, the agent at the camera's controls, and the last word. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { openPage } from './browser.mjs';
import { leave, morePictures, parted, Scene } from './scene.mjs';
import { decodePng, heard, liveTracks, look, meanLuma, seenAtOnce, watch } from './watch.mjs';

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

/** A lens with a lamp and a zoom, which the test picture has not. What is set is in window.worked. */
const withLamp = (page) => page.addInitScript(() => {
  window.worked = {};
  window.lights = 0; // how often the lamp was turned on or off
  const { getCapabilities, applyConstraints } = MediaStreamTrack.prototype;
  MediaStreamTrack.prototype.getCapabilities = function () { return { ...getCapabilities.call(this), torch: true, zoom: { min: 1, max: 5, step: 0.1 } }; };
  MediaStreamTrack.prototype.applyConstraints = async function (wanted) {
    for (const one of wanted?.advanced ?? []) {
      Object.assign(window.worked, one);
      window.lights += Number('torch' in one);
    }
    return wanted?.advanced ? undefined : applyConstraints.call(this, wanted);
  };
});

async function joinedWith(prepare, ...agentOptions) {
  const agent = await scene.house.agent(...agentOptions), page = await openPage(scene.browser, { width: 320, height: 640 });
  await watch(page);
  await prepare(page);
  await page.goto(agent.invite.link);
  await page.click('#join');
  await agent.await('joined');
  return { agent, page };
}

const PHONES = [[390, 844], [740, 360], [320, 568]];

const askedFor = (agent, capability, more = {}) => agent.do({ do: 'request', capability, purpose: 'To see the lights of your router', ...more });

test('three things on one sheet: each has its switch, all are off, and each is answered by itself', async () => {
  const people = await joinedWith(withLamp), { agent, page } = people;
  askedFor(agent, 'camera', { with: ['torch', 'zoom'] });
  await page.waitForSelector('.switches');
  const boxes = page.locator('.switches input');
  assert.deepEqual(await boxes.evaluateAll((all) => all.map((one) => [one.value, one.checked])), [['camera', false], ['torch', false], ['zoom', false]]);
  await look(page, 'sheet-of-three');
  await page.click('#allow');
  assert.match(await page.textContent('.sheet .error'), /Switch on what you allow/);
  for (const [width, height] of PHONES) {
    await page.setViewportSize({ width, height });
    await seenAtOnce(page, `nothing chosen, ${width} by ${height}`, '#sheet-title', '.sheet .error', '#allow', '#not-now');
  }
  assert.equal(await liveTracks(page), 0);
  await page.check('#want-camera');
  await page.check('#want-torch');
  await page.click('#allow');
  await agent.await('consent', { capability: 'camera', state: 'granted' });
  await agent.await('consent', { capability: 'torch', state: 'granted' });
  await agent.await('consent', { capability: 'zoom', state: 'refused' });

  const state = await agent.await('camera-state', { can_torch: true });
  assert.equal(state.zoom_max, 5);
  assert.ok(state.lenses.every((lens) => /^\d$/.test(lens.id)), 'no id of the device leaves');
  agent.do({ do: 'torch', on: true });
  await agent.await('camera-state', { torch: true });
  assert.equal(await page.evaluate(() => window.worked.torch), true);
  await page.waitForFunction(() => window.heard.some((text) => text.includes('turned your light on')));
  for (let i = 0; i < 20; i++) agent.do({ do: 'torch', on: i % 2 === 1 });
  agent.do({ do: 'zoom', factor: 3 });
  agent.do({ do: 'chat', text: 'zoomed' });
  await page.waitForSelector('.lines .theirs');
  await page.waitForFunction(() => window.worked.torch === true && document.querySelector('.tools [aria-pressed="true"]'));
  assert.ok(await page.evaluate(() => window.lights) < 20, 'it does not flash as fast as an agent asks');
  assert.equal(await page.evaluate(() => window.worked.zoom), undefined, 'zoom was refused');
  await page.click('#off-torch');
  await page.waitForFunction(() => window.worked.torch === false);
  await leave(people);
  assert.deepEqual(page.problems, []);
});

test('with three things shared the picture has its room, and the next question is read whole, lying too', async () => {
  const people = await joinedWith(withLamp), { agent, page } = people;
  askedFor(agent, 'camera', { with: ['torch', 'zoom'], seconds: 600 });
  for (const what of ['camera', 'torch', 'zoom']) await page.check(`#want-${what}`);
  await page.click('#allow');
  await agent.await('first-picture');
  await page.waitForSelector('#off-zoom');
  for (const [width, height] of PHONES) {
    await page.setViewportSize({ width, height });
    await page.evaluate(() => scrollTo(0, 0));
    const { height: bar } = await page.locator('.bar').boundingBox();
    assert.ok(bar <= 0.4 * height, `the bar has ${bar} of ${height}`);
    await seenAtOnce(page, `three shared, ${width} by ${height}`, '#off-camera', '#off-torch', '#off-zoom', '#pause', '#end');
  }
  askedFor(agent, 'microphone');
  await page.waitForSelector('#allow');
  for (const [width, height] of PHONES) {
    await page.setViewportSize({ width, height });
    await seenAtOnce(page, `asked while three are shared, ${width} by ${height}`, '#sheet-title', '.whoLine', '#sheet-facts q', '#not-now', '#allow', '#pause', '#end');
  }
  await page.click('#not-now');
  await leave(people);
});

test('a lens without a lamp says so instead of promising light', async () => {
  const people = await joinedWith(async () => undefined), { agent, page } = people;
  askedFor(agent, 'camera', { with: ['torch'] });
  await page.check('#want-camera');
  await page.check('#want-torch');
  await page.click('#allow');
  await agent.await('first-picture');
  await agent.await('consent', { capability: 'torch', state: 'blocked' });
  await leave(people);
});

test('a consent that ends soon goes on by one tap, and ends without one', async () => {
  const people = await joinedWith(async () => undefined), { agent, page } = people;
  askedFor(agent, 'camera', { seconds: 6 });
  await page.evaluate(() => new MutationObserver((_, watch) => { // whoever waits for the first offer taps at once
    const offer = document.querySelector('#extend-camera');
    if (!offer) return;
    if (window.offered === undefined) {
      scrollTo(0, document.body.scrollHeight); // whoever reads the messages sees it too
      const { top, bottom } = offer.getBoundingClientRect();
      window.offered = top >= 0 && bottom <= innerHeight;
      offer.click(); // under a finger that was on its way to something else: it takes no tap yet
    }
    if (offer.ariaDisabled) return;
    watch.disconnect();
    offer.click();
  }).observe(document.body, { childList: true, subtree: true, attributeFilter: ['aria-disabled'] }));
  const from = agent.mark();
  await page.click('#allow');
  await agent.await('first-picture');
  await agent.await('consent', { capability: 'camera', state: 'granted', extended: true }, from);
  assert.equal(await page.evaluate(() => window.offered), true, 'in the window');
  await page.waitForSelector('#extend-camera'); // half of its time later
  await look(page, 'ends-soon'); // nothing is to be tapped in time after it
  await agent.await('consent', { capability: 'camera', state: 'expired' }, from);
  assert.equal(await liveTracks(page), 0);
  await page.waitForSelector('#extend-camera', { state: 'detached' });
  await leave(people);
});

test('on hold nothing is captured and the page says so; back, it goes on without a question', async () => {
  const people = await scene.showing(), { agent, page, seen } = people;
  agent.do({ do: 'hold', on: true });
  await page.waitForFunction(() => /put you on hold/.test(document.querySelector('.paused').textContent));
  await page.waitForFunction(() => window.tracks.every((t) => t.readyState === 'ended'));
  await page.waitForFunction(() => /^If .* is back within \d+ seconds?, what you allowed goes on/.test(document.querySelector('#hold-time').textContent));
  await look(page, 'on-hold');
  const sent = seen.media;
  agent.do({ do: 'chat', text: 'One moment' });
  await page.waitForSelector('.lines .theirs');
  assert.equal(seen.media, sent);
  agent.do({ do: 'hold', on: false });
  await page.waitForFunction(() => window.tracks.some((t) => t.readyState === 'live')); // pictures of before may be counted still
  await morePictures(agent, 6);
  assert.equal(await liveTracks(page), 1);
  assert.ok((await heard(page)).some((text) => /is back/.test(text)));
  await leave(people);
});

test('a photo: seen first, masked, and only then sent; what arrives is whole', async () => {
  const folder = scene.house.path('stills'), people = await scene.showing({}, '--stills', folder), { agent, page } = people;
  await page.waitForSelector('.tools:not([hidden])');
  askedFor(agent, 'still');
  await page.click('#allow');
  await agent.await('consent', { capability: 'still', state: 'granted' });
  agent.do({ do: 'still' });
  await page.waitForSelector('.photo canvas');
  await look(page, 'photo');
  await page.click('#photo-hide');
  await page.click('#photo-mask-add');
  await page.waitForSelector('.photo .mask-box');
  await look(page, 'photo-masked');
  for (const [width, height] of PHONES) {
    await page.setViewportSize({ width, height });
    await seenAtOnce(page, `a photo, ${width} by ${height}`, '.photo', '.photo .mask-box', '#photo-mask-done', '#pause');
  }
  await page.click('#photo-mask-done');
  assert.equal(agent.events.filter((e) => e.event === 'still' && e.state !== 'asked').length, 0, 'nothing of it is sent yet');
  await page.click('#photo-send');
  const still = await agent.await('still', { state: 'whole' });
  assert.deepEqual([still.width, still.height], [640, 480]);
  const picture = await decodePng(scene.browser, still.file);
  assert.ok(meanLuma(picture, { x: 0.32, y: 0.32, width: 0.26, height: 0.21 }) < 12, 'what was hidden is black');
  assert.ok(meanLuma(picture, { x: 0.32, y: 0.05, width: 0.26, height: 0.2 }) > 40);
  await page.waitForFunction(() => document.body.textContent.includes('has your photo'));

  agent.do({ do: 'still' });
  await page.click('#photo-discard');
  await agent.await('still', { state: 'discarded' });
  await leave(people);
  assert.deepEqual(page.problems, []);
});

test('where no camera can be had, a photo from a file serves, without what its file says besides', async () => {
  const people = await joinedWith((page) => page.addInitScript(() => { delete window.VideoEncoder; delete MediaDevices.prototype.getUserMedia; }), '--stills', scene.house.path('stills-2'));
  const { agent, page } = people;
  askedFor(agent, 'camera');
  await agent.await('consent', { capability: 'camera', state: 'blocked' });
  askedFor(agent, 'still');
  await page.click('#allow');
  await agent.await('consent', { capability: 'still', state: 'granted' });
  agent.do({ do: 'still' });
  await page.waitForSelector('#photo-choose');
  await look(page, 'photo-from-file');
  await page.click('#photo-send');
  assert.match(await page.textContent('.sheet .error'), /Take or choose a photo first/);
  await page.setInputFiles('#photo-file', { name: 'x.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') });
  await page.waitForFunction(() => /not a picture/.test(document.querySelector('.sheet .error').textContent));
  const name = 'my home <img src=x onerror=document.title=1>.png', sheet = () => page.innerHTML('.sheet');
  await page.setInputFiles('#photo-file', { name, mimeType: 'image/png', buffer: readFileSync(scene.original(7)) });
  await page.waitForSelector('.photo canvas');
  assert.doesNotMatch(await sheet(), /my home/);
  await page.click('#photo-send');
  const still = await agent.await('still', { state: 'whole' });
  assert.equal(still.mime, 'image/jpeg');
  assert.ok(still.bytes > 16384 && still.width === 640, 'it came in several parts');
  assert.doesNotMatch(JSON.stringify(agent.events), /my home/, 'the name of a file stays here');
  assert.notEqual(await page.title(), '1');
  await leave(people);
});

test('a photo under way survives a cut line', async () => {
  const people = await scene.showing({}, '--stills', scene.house.path('stills-3')), { agent, page } = people;
  askedFor(agent, 'still');
  await page.click('#allow');
  await agent.await('consent', { capability: 'still', state: 'granted' });
  agent.do({ do: 'still' });
  await page.waitForSelector('.photo canvas');
  await page.click('#photo-send');
  const from = agent.mark();
  await page.context().setOffline(true);
  await page.context().setOffline(false);
  await agent.await('connection', { state: 'resumed' }, from).catch(() => undefined);
  await agent.await('still', { state: 'whole' });
  await leave(people);
});

test('good-bye: everything is off at once, thanks, and one tap is the last word', async () => {
  const people = await scene.showing(), { agent, page, seen } = people;
  agent.do({ do: 'end' });
  await page.waitForSelector('#star-4');
  await page.waitForFunction(() => window.tracks.every((t) => t.readyState === 'ended'));
  const sent = seen.media;
  await look(page, 'goodbye');
  await page.check('#solved');
  await page.click('#star-4');
  await agent.await('rating', { stars: 4, solved: true });
  await agent.await('ended', { reason: 'completed' });
  await page.waitForSelector('.receipt');
  assert.match(await page.textContent('main'), /Ana Lindqvist ended the session[\s\S]*Thank you for your rating/);
  assert.equal(seen.media, sent);
  assert.deepEqual(page.problems, []);
});

test('good-bye without a word is an end too', async () => {
  const people = await scene.joined();
  people.agent.do({ do: 'end' });
  await parted(people);
});
