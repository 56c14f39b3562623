// SPDX-License-Identifier: Apache-2.0
/* What a phone's camera has and the test picture's has not: a second lens, a focus; and the way on when the browser says no. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { openPage } from './browser.mjs';
import { leave, Scene } from './scene.mjs';
import { heard, liveTracks, look, watch } from './watch.mjs';

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

/** A back and a front lens, and a focus that follows a tap. What the page asked for is in window.asked and window.set. */
const twoLenses = (page) => page.addInitScript(() => {
  const { mediaDevices } = navigator, ask = mediaDevices.getUserMedia.bind(mediaDevices);
  const { getCapabilities, getSettings, applyConstraints } = MediaStreamTrack.prototype;
  window.asked = [];
  window.set = [];
  mediaDevices.enumerateDevices = async () => ['back', 'front'].map((id) => ({ kind: 'videoinput', deviceId: id, label: `The ${id} camera`, groupId: '' }));
  mediaDevices.getUserMedia = async ({ video, audio }) => {
    const { deviceId, facingMode, ...rest } = video, lens = deviceId?.exact ?? 'back';
    window.asked.push(deviceId?.exact ?? facingMode?.ideal);
    const stream = await ask({ video: rest, audio });
    for (const track of stream.getVideoTracks()) track.lens = lens;
    return stream;
  };
  MediaStreamTrack.prototype.getSettings = function () { return { ...getSettings.call(this), deviceId: this.lens }; };
  MediaStreamTrack.prototype.getCapabilities = function () { return { ...getCapabilities.call(this), focusMode: ['single-shot', 'continuous'] }; };
  MediaStreamTrack.prototype.applyConstraints = async function (wanted) {
    if (!wanted?.advanced) return applyConstraints.call(this, wanted);
    window.set.push(...wanted.advanced);
  };
});

async function showing(prepare) {
  const agent = await scene.house.agent(), page = await openPage(scene.browser);
  await prepare(page);
  await watch(page);
  await page.goto(agent.invite.link);
  await page.click('#join');
  await agent.await('joined');
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights of your router' });
  await page.click('#allow');
  await agent.await('first-picture');
  await page.waitForSelector('.tools:not([hidden])');
  return { agent, page };
}

const asked = (page) => page.evaluate(() => window.asked);
const lastOf = (list) => list[list.length - 1];

test('the back camera first; the other one by a tap or by the agent; and the one that was chosen stays', async () => {
  const people = await showing(twoLenses), { agent, page } = people;
  assert.deepEqual(await asked(page), ['environment']);
  const state = await agent.await('camera-state', { lens: '1' });
  assert.deepEqual(state.lenses.map(({ id, label }) => [id, label]), [['1', 'The back camera'], ['2', 'The front camera']]);

  await page.click('#lens');
  await agent.await('camera-state', { lens: '2' });
  assert.equal(lastOf(await asked(page)), 'front');
  assert.equal(await liveTracks(page), 1, 'the first lens was let go');

  const from = agent.mark();
  agent.do({ do: 'lens', id: '1' });
  await agent.await('camera-state', { lens: '1' }, from);
  assert.equal(lastOf(await asked(page)), 'back');
  assert.ok((await heard(page)).some((text) => /camera/i.test(text) && /Ana/.test(text)), 'who does not see it hears it');

  await page.click('#lens');
  await agent.await('camera-state', { lens: '2' }, from);
  await page.click('#pause');
  await page.click('#continue');
  await page.waitForFunction(() => window.asked.length === 5);
  assert.equal(lastOf(await asked(page)), 'front');
  await leave(people);
  assert.deepEqual(page.problems, []);
});

test('a tap on the picture focuses there, and so does the agent', async () => {
  const people = await showing(twoLenses), { agent, page } = people;
  await agent.await('camera-state', { can_focus: true });
  const box = await page.locator('.picture .overlay').boundingBox();
  await page.mouse.click(box.x + box.width * 0.25, box.y + box.height * 0.75);
  const at = await page.waitForFunction(() => window.set[0]?.pointsOfInterest?.[0]).then((found) => found.jsonValue());
  assert.ok(Math.abs(at.x - 0.25) < 0.02 && Math.abs(at.y - 0.75) < 0.02, JSON.stringify(at));
  await agent.await('pointer', { x: (x) => Math.abs(x - 0.25) < 0.02 });
  agent.do({ do: 'focus', x: 0.5, y: 0.5 });
  await page.waitForFunction(() => window.set[1]?.pointsOfInterest?.[0]?.x === 0.5);
  await leave(people);
});

test('the browser refuses the camera: a photo instead is one tap to offer, and arrives', async () => {
  const { agent, page } = await scene.joined({}, '--stills', scene.house.path('stills-instead'));
  await page.evaluate(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')); });
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see it' });
  await page.click('#allow');
  await agent.await('consent', { capability: 'camera', state: 'blocked' });
  await page.waitForSelector('#offer-photo');
  await look(page, 'camera-refused');
  const said = (await heard(page)).join(' | ');
  assert.doesNotMatch(said, /Camera is on/);
  assert.match(said, /did not allow the camera.*left of the address/s, 'why, and the way out');
  assert.match(await page.textContent('.sheet'), /allow the camera/, 'and how to allow it here');
  await page.click('#offer-photo');
  await agent.await('chat', { text: (text) => /photo instead/.test(text) });
  await page.getByRole('dialog', { name: 'Ana Lindqvist has been told' }).waitFor();
  agent.do({ do: 'request', capability: 'still', purpose: 'To see it' });
  await page.click('#allow');
  await agent.await('consent', { capability: 'still', state: 'granted' });
  agent.do({ do: 'still' });
  await page.waitForSelector('#photo-file', { state: 'attached' });
  assert.equal(await page.getAttribute('#photo-file', 'capture'), null, 'a photo that is there may be chosen, too');
  await page.setInputFiles('#photo-file', scene.original(3));
  await page.waitForSelector('.photo canvas');
  await page.click('#photo-send');
  const still = await agent.await('still', { state: 'whole' });
  assert.deepEqual([still.width, still.height, still.mime], [640, 480, 'image/jpeg']);
  await leave({ agent, page });
});

test('where no video can be encoded, a photo is offered before Join and when the camera is asked for', async () => {
  const agent = await scene.house.agent(), page = await openPage(scene.browser);
  await page.addInitScript(() => { delete window.VideoEncoder; });
  await page.goto(agent.invite.link);
  assert.match(await page.textContent('.notice'), /send photos/);
  await page.click('#join');
  await agent.await('joined');
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see it' });
  await agent.await('consent', { capability: 'camera', state: 'blocked' });
  await page.getByRole('dialog', { name: 'The camera is not on' }).waitFor();
  assert.match(await page.textContent('.sheet'), /A photo works here/);
  await page.click('#offer-photo');
  await agent.await('chat', { text: (text) => /photo instead/.test(text) });
  await page.click('#understood');
  await leave({ agent, page });
});
