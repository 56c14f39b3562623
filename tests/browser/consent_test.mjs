// SPDX-License-Identifier: Apache-2.0
/* Nothing leaves before a grant, and nothing after its end; what arrives is what was shown. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { leave, morePictures, Scene, taken } from './scene.mjs';
import { decodePng, difference, liveTracks, markerNumber, meanLuma } from './watch.mjs';

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

test('opening a link sends nothing, and spends nothing', async () => {
  const { agent, page, seen } = await scene.invited();
  await page.waitForSelector('.who.good');
  await page.waitForLoadState('networkidle');
  assert.equal(seen.messages, 0);
  assert.ok(seen.requests.every((url) => url.startsWith(scene.house.url) && !url.includes('#')), seen.requests.join(' '));
  assert.ok(seen.requests.every((url) => !url.includes(agent.invite.link.split('#')[1])));
  assert.deepEqual(page.problems, []);
  await page.close();
  const second = await scene.browser.newContext({ ignoreHTTPSErrors: true }).then((c) => c.newPage());
  await second.goto(agent.invite.link);
  await second.click('#join');
  await agent.await('joined');
  assert.equal(new URL(second.url()).hash, '');
});

test('pictures flow from Allow to off, and no longer', async (t) => {
  const file = scene.house.path('last.png');
  const people = await scene.joined({}, '--snapshot', file), { agent, page, seen } = people;
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights of your router' });
  await page.waitForSelector('#allow');
  assert.equal(seen.media, 0);
  assert.equal(await page.evaluate(() => window.tracks.length), 0, 'no lens opens before the answer');
  await page.click('#allow');
  await agent.await('video', { total_frames: (n) => n > 40 }); // the first ones are coarse until the line is known
  assert.ok(seen.media > 0);
  assert.equal(await liveTracks(page), 1);
  await page.click('#off-camera');
  await agent.await('consent', { capability: 'camera', state: 'withdrawn' });
  assert.equal(await liveTracks(page), 0);
  const sent = seen.media;
  agent.do({ do: 'chat', text: 'Thank you' });
  await page.waitForSelector('.lines .theirs');
  assert.equal(seen.media, sent);

  const arrived = await decodePng(scene.browser, file), number = markerNumber(arrived);
  assert.ok(number >= 0, 'the picture carries its number');
  const from = async (n) => difference(arrived, await decodePng(scene.browser, scene.original(n), arrived)), own = await from(number), other = await from(number + 12);
  t.diagnostic(`picture ${number} of ${arrived.width} px differs from what was shown by ${own.toFixed(1)}, from the one 12 later by ${other.toFixed(1)}`);
  assert.ok(own < 12 && own < other, `picture ${number} differs by ${own}, another by ${other}`);
  await leave(people);
  assert.deepEqual(page.problems, []);
});

test('a refusal is as near as an answer, and ends nothing', async () => {
  const people = await scene.joined(), { agent, page, seen } = people;
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see it' });
  const [yes, no] = await Promise.all(['#allow', '#not-now'].map((id) => page.waitForSelector(id).then((e) => e.boundingBox())));
  assert.deepEqual([yes.width, yes.height], [no.width, no.height]);
  await page.click('#not-now');
  await agent.await('consent', { capability: 'camera', state: 'refused' });
  agent.do({ do: 'chat', text: 'No problem' });
  await page.waitForSelector('.lines .theirs');
  assert.equal(seen.media, 0);
  await page.fill('#chat', 'Still here');
  await page.click('#send');
  await agent.await('chat', { text: 'Still here' });
  await leave(people);
});

test('pause stops the lens at once, and Continue starts it afresh', async () => {
  const people = await scene.showing(), { agent, page, seen } = people;
  await page.click('#pause');
  await agent.await('paused', { by: 'customer', reason: 'asked' });
  assert.equal(await liveTracks(page), 0);
  const sent = seen.media;
  await page.waitForSelector('#continue');
  agent.do({ do: 'chat', text: 'I wait' });
  await page.waitForSelector('.lines .theirs');
  assert.equal(seen.media, sent);
  await page.click('#continue');
  await page.waitForFunction(() => window.tracks.some((t) => t.readyState === 'live')); // pictures of before may be counted still
  await morePictures(agent, 6);
  assert.equal(await liveTracks(page), 1);
  await leave(people);
});

test('under a question too, Pause and End are there and stop the lens', async () => {
  const people = await scene.showing({ width: 320, height: 640 }), { agent, page } = people;
  await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
  const seen = (id) => page.evaluate((at) => {
    const box = document.querySelector(at).getBoundingClientRect();
    return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)?.closest('button')?.matches(at) === true;
  }, id);
  assert.ok(await seen('#pause') && await seen('#end'));
  agent.do({ do: 'request', capability: 'device-state', purpose: 'To see your battery' });
  await page.waitForSelector('#allow');
  await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished)).then(() => undefined));
  assert.ok(await seen('#pause') && await seen('#end'));
  await page.locator('#not-now').scrollIntoViewIfNeeded(); // letters this large: the question is read before the answers
  assert.ok(await seen('#pause') && await seen('#end') && await seen('#not-now'));
  await page.click('#pause');
  await agent.await('paused', { by: 'customer', reason: 'asked' });
  assert.equal(await liveTracks(page), 0);
  await page.click('#not-now');
  await agent.await('consent', { capability: 'device-state', state: 'refused' });
  await page.waitForFunction(() => !document.querySelector('dialog .bar'));
  await leave(people);
});

test('a tap that was meant for what stood there before answers nothing', async () => {
  const people = await scene.joined(), { agent, page } = people;
  await page.evaluate(() => new MutationObserver((_, watch) => { // a finger on its way to End, where Allow comes up
    const allow = document.querySelector('#allow');
    if (!allow) return;
    watch.disconnect();
    allow.click();
  }).observe(document.body, { childList: true, subtree: true }));
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
  await taken(page, '#allow');
  assert.ok(await page.isVisible('#allow'));
  assert.equal(await page.evaluate(() => window.tracks.length), 0);
  assert.ok(!agent.events.some((e) => e.event === 'consent' && e.state === 'granted'));
  const twice = (one, other) => page.evaluate(async ([first, second]) => {
    document.querySelector(first).click();
    await new Promise(requestAnimationFrame);
    document.querySelector(second).click();
  }, [one, other]);
  await twice('#allow', '#end'); // which the sheet uncovers
  await agent.await('first-picture');
  assert.equal(await page.isVisible('#leave-now'), false);
  await taken(page, '#pause');
  await twice('#pause', '#continue'); // which comes up there
  await agent.await('paused', { paused: true });
  await taken(page, '#continue');
  assert.equal(await page.getAttribute('.bar', 'data-state'), 'paused');
  assert.equal(await liveTracks(page), 0);
  await twice('#continue', '#pause'); // which takes its place again
  await morePictures(agent, 2);
  assert.equal(await page.getAttribute('.bar', 'data-state'), 'sending');
  await page.evaluate(() => { // twice on End, where "End now" comes up
    document.querySelector('#end').click();
    document.querySelector('#leave-now').click();
  });
  await taken(page, '#stay');
  await page.click('#stay');
  await morePictures(agent, 2);
  await leave(people);
});

/** Luma of the preview, which is the picture as it is sent, at points of 100 by 100. */
const preview = (page, points) => page.evaluate((at) => {
  const copy = new OffscreenCanvas(100, 100), context = copy.getContext('2d');
  context.drawImage(document.querySelector('.picture canvas'), 0, 0, 100, 100);
  return at.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3).reduce((a, b) => a + b) / 3);
}, points);

test('what is hidden is black in the picture that arrives: a box that was drawn and moved, and not one that was removed', async () => {
  const file = scene.house.path('masked.png');
  const people = await scene.showing({}, '--snapshot', file), { agent, page } = people;
  await page.click('#hide');
  await page.evaluate(() => document.querySelector('.picture').scrollIntoView());
  const layer = await (await page.waitForSelector('.mask-layer')).boundingBox();
  const drag = async (from, to) => {
    await page.mouse.move(layer.x + from[0] * layer.width, layer.y + from[1] * layer.height);
    await page.mouse.down();
    await page.mouse.move(layer.x + to[0] * layer.width, layer.y + to[1] * layer.height);
    await page.mouse.up();
  };
  await drag([0.05, 0.05], [0.2, 0.2]);
  await page.locator('.mask-box .mask-remove').click();
  await page.waitForSelector('.mask-box', { state: 'detached' });
  await drag([0.25, 0.05], [0.75, 0.4]);
  await page.waitForSelector('.mask-box');
  await drag([0.5, 0.3], [0.5, 0.5]); // by its middle, one fifth down
  await morePictures(agent);
  await page.click('#off-camera');
  await agent.await('consent', { capability: 'camera', state: 'withdrawn' });
  const arrived = await decodePng(scene.browser, file);
  assert.ok(meanLuma(arrived, { x: 0.27, y: 0.27, width: 0.46, height: 0.31 }) < 20);
  assert.ok(meanLuma(arrived, { x: 0.27, y: 0.05, width: 0.46, height: 0.15 }) > 40);
  assert.ok(meanLuma(arrived, { x: 0.05, y: 0.05, width: 0.15, height: 0.15 }) > 25);
  await leave(people);
});

test('all but one box: what is around it is black in the picture that arrives', async () => {
  const file = scene.house.path('only.png');
  const people = await scene.showing({}, '--snapshot', file), { agent, page } = people;
  await page.click('#hide');
  await page.check('#mask-only');
  await page.waitForSelector('.mask-box.shown');
  await morePictures(agent);
  const shown = await preview(page, [[5, 5], [95, 50], [50, 50]]);
  assert.ok(shown[0] < 20 && shown[1] < 20 && shown[2] > 30, shown.join(' '));
  await page.click('#off-camera');
  await agent.await('consent', { capability: 'camera', state: 'withdrawn' });
  const arrived = await decodePng(scene.browser, file);
  for (const side of [{ x: 0, y: 0, width: 1, height: 0.18 }, { x: 0, y: 0.82, width: 1, height: 0.18 }, { x: 0, y: 0.2, width: 0.18, height: 0.6 }, { x: 0.82, y: 0.2, width: 0.18, height: 0.6 }])
    assert.ok(meanLuma(arrived, side) < 20, JSON.stringify(side));
  assert.ok(meanLuma(arrived, { x: 0.25, y: 0.25, width: 0.5, height: 0.5 }) > 40);
  await leave(people);
});

test('three layers leave the page, each told in the clear header', async () => {
  const people = await scene.joined(), { agent, page } = people;
  await page.evaluate(() => {
    window.headers = [];
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (message) {
      const bytes = new Uint8Array(message.buffer ?? message, message.byteOffset ?? 0);
      if (bytes[0] === 0x20) window.headers.push({ key: bytes[1] & 1, droppable: bytes[1] & 2, layer: bytes[4] >> 5 });
      return send.call(this, message);
    };
  });
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see it' });
  await page.click('#allow');
  await agent.await('video', { total_frames: (n) => n > 40 });
  const headers = await page.evaluate(() => window.headers);
  assert.equal(headers[0].key, 1);
  assert.deepEqual([...new Set(headers.map((h) => h.layer))].sort(), [0, 1, 2]);
  assert.ok(headers.every((h) => Boolean(h.droppable) === h.layer > 0));
  const part = (layer) => headers.filter((h) => h.layer === layer).length / headers.length;
  assert.ok(part(2) > 0.35 && part(0) < 0.45, `${part(0)} ${part(1)} ${part(2)}`);
  await leave(people);
});

test('the check words are there for who asks, and are those of the agent', async () => {
  const people = await scene.joined(), { agent, page } = people, { words } = await agent.await('check-words');
  assert.equal(await page.locator('.words').count(), 0);
  await page.click('#words');
  assert.deepEqual(await page.locator('.words li').allTextContents(), words);
  await page.click('#words-close'); // only to look
  await page.click('#words');
  await page.click('#words-match');
  await agent.await('check-words', { match: true }).catch(() => undefined);
  await leave(people);
});

test('the receipt is shared where the phone can, printed without buttons, and names whom to write to', async () => {
  const people = await scene.showing(), { page } = people;
  await page.evaluate(() => {
    navigator.canShare = () => true;
    navigator.share = async ({ files: [file] }) => { window.shared = [file.name, await file.text()]; };
    window.print = () => { window.printed = true; };
  });
  await leave(people);
  assert.match(await page.textContent('.receipt'), /Nothing of it[\s\S]*Questions about your data go to localhost[\s\S]*officer@localhost/);
  assert.match(await page.textContent('.receipt'), /kept word for word in the log/);
  await page.click('#share');
  const [name, text] = await (await page.waitForFunction(() => window.shared)).jsonValue();
  assert.match(name, /^handhold-receipt-[\d-]+\.html$/);
  assert.match(text, /To see the lights of your router[\s\S]*--- entry/);
  await page.click('#print');
  assert.equal(await page.evaluate(() => window.printed), true);
  assert.match(text, /<html lang="en" dir="ltr"><head>[\s\S]*name="viewport"/);
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.receipt dt')).color), 'rgb(83, 91, 101)', 'dark letters on the white of paper');
  assert.equal(await page.locator('.receipt .button:visible').count(), 0);
  assert.ok(await page.isVisible('.receipt-text'));
});

test('the receipt says what was shared, and its proof holds for others too', async () => {
  const people = await scene.showing(), { page } = people;
  await leave(people);
  assert.match(await page.textContent('.receipt'), /Camera[\s\S]*To see the lights of your router/);
  await page.click('#verify');
  await page.waitForFunction(() => /proof holds/.test(document.querySelector('.receipt').textContent));
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  const saved = await download.path(), said = scene.house.check(saved).replace(/\s+/g, ' ');
  assert.match(said, /To see the lights of your router/);
  assert.match(said, /Agent .* under the organisation's root/);
  assert.match(said, /nothing is wrong; the words in front are the proved ones/);
  const changed = scene.house.path('changed.html');
  writeFileSync(changed, readFileSync(saved, 'utf8').replace('<dd>Allowed</dd>', '<dd>Refused</dd>'));
  assert.throws(() => scene.house.check(changed), { status: 1 });
  assert.match(scene.house.audit('verify'), /./);
  assert.match(said, /nothing of it is kept|nothing is kept|Nothing of it/i);
  assert.deepEqual(page.problems, []);
});
