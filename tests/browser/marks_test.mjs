// SPDX-License-Identifier: Apache-2.0
/* A mark stands on the very picture it was drawn on, however the hand sways meanwhile; each is also words. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { leave, morePictures, Scene } from './scene.mjs';
import { decodePng, difference, heard, luma, markerNumber } from './watch.mjs';

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

/** What the card shows, as pixels. */
async function cardPicture(page) {
  const found = await page.evaluate(() => {
    const canvas = document.querySelector('.card canvas'), { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let text = '';
    for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
    return { width: canvas.width, height: canvas.height, data: btoa(text) };
  });
  return { ...found, data: Buffer.from(found.data, 'base64') };
}

/** The centre of what is drawn in the colour of marks, 0..1 of the picture. */
function centreOfMark({ width, height, data }) {
  let sumX = 0, sumY = 0, count = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = 4 * (y * width + x);
      if (data[at] < 235 || data[at + 1] < 190 || data[at + 1] > 230 || data[at + 2] > 70) continue;
      sumX += x;
      sumY += y;
      count++;
    }
  assert.ok(count > 100, 'the mark is drawn');
  return [sumX / count / width, sumY / count / height];
}

test('a mark is within 2 % of its place on the picture that the agent drew on, seconds later too', async () => {
  const file = scene.house.path('frozen.png'), people = await scene.showing({}, '--snapshot', file), { agent, page } = people;
  await agent.await('video', { total_frames: (n) => n > 45 });
  agent.do({ do: 'freeze' });
  await morePictures(agent, 15); // the hand has moved on
  agent.do({ do: 'draw', shape: 'circle', points: [[0.4, 0.3], [0.6, 0.5]] });
  await page.waitForSelector('.card canvas[aria-label*="circle"]');
  const card = await cardPicture(page);
  await page.click('#off-camera');
  await agent.await('consent', { capability: 'camera', state: 'withdrawn' });
  const frozen = await decodePng(scene.browser, file), [x, y] = centreOfMark(card);
  assert.ok(markerNumber(frozen) >= 0);
  assert.equal(markerNumber(card), markerNumber(frozen), 'the card shows the picture that the agent had before them');
  assert.ok(Math.abs(x - 0.5) < 0.02 && Math.abs(y - 0.4) < 0.02 * (card.width / card.height), `the circle is at ${x}, ${y}`);
  assert.ok(Math.abs(luma(card, 0.9 * card.width, 0.2 * card.height) - luma(frozen, 0.9 * frozen.width, 0.2 * frozen.height)) < 12);
  assert.equal(card.width, frozen.width);
  assert.ok(difference(card, frozen) < 6, `the card differs by ${difference(card, frozen)}`);
  await leave(people);
});

test('every shape has its words, is tapped away by itself, and the pointer alone moves', async () => {
  const people = await scene.showing(), { agent, page } = people;
  const shapes = [['arrow', [[0.1, 0.1], [0.5, 0.5]]], ['line', [[0.1, 0.9], [0.2, 0.8], [0.3, 0.9]]], ['rectangle', [[0.6, 0.6], [0.9, 0.9]]], ['number', [[0.5, 0.1]]], ['text', [[0.1, 0.5]]]];
  agent.do({ do: 'freeze' });
  for (const [shape, points] of shapes) agent.do({ do: 'draw', shape, points, text: shape === 'number' ? '7' : shape === 'text' ? 'here' : '' });
  await page.waitForFunction((n) => document.querySelectorAll('.mark-words li').length === n, shapes.length);
  assert.equal(await page.locator('.card').count(), 1, 'marks on one picture share its card');
  const said = (await heard(page)).join('\n');
  for (const words of [/arrow/, /line/, /box/, /7/, /here/]) assert.match(said, words);
  agent.do({ do: 'point', x: 0.25, y: 0.75 });
  await page.waitForSelector('.pointer:not([hidden])');
  assert.deepEqual(await page.evaluate(() => { const { left, top } = document.querySelector('.pointer').style; return [left, top]; }), ['25%', '75%']);
  await page.click('.dismiss');
  assert.equal(await page.locator('.card').count(), 0);
  await leave(people);
  assert.deepEqual(page.problems, []);
});

test('a mark is felt, and read aloud to who wants it', async () => {
  const people = await scene.joined(), { agent, page } = people;
  await page.evaluate(() => { // the engine here has no voice of its own
    window.spoken = [];
    window.felt = [];
    speechSynthesis.speak = (said) => window.spoken.push([said.text, said.lang]);
    speechSynthesis.cancel = () => { window.hushed = (window.hushed ?? 0) + 1; };
    navigator.vibrate = (pattern) => window.felt.push(pattern);
  });
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
  await page.click('#allow');
  await agent.await('video', { total_frames: (n) => n > 5 });
  const felt = await page.evaluate(() => window.felt.length);
  agent.do({ do: 'draw', shape: 'arrow', points: [[0.8, 0.8], [0.2, 0.2]], text: 'this light' });
  await page.waitForFunction(() => document.querySelectorAll('.mark-words li').length === 1);
  assert.deepEqual(await page.evaluate(() => window.spoken), [], 'nobody asked for it');
  assert.ok(await page.evaluate(() => window.felt.length) > felt);
  await page.check('.card .switch input');
  agent.do({ do: 'draw', shape: 'circle', points: [[0.4, 0.4], [0.6, 0.6]], text: 'and this' });
  await page.waitForFunction(() => window.spoken.length === 1);
  const [[words, language]] = await page.evaluate(() => window.spoken);
  assert.match(words, /drew a circle at the middle of your picture\. It says: “and this”/);
  assert.equal(language, 'en');
  const hushed = await page.evaluate(() => window.hushed);
  await page.locator('.dismiss').first().click();
  assert.ok(await page.evaluate(() => window.hushed) > hushed, 'what is tapped away is not talked of any more');
  await leave(people);
  assert.deepEqual(page.problems, []);
});

test('the customer points back, with a tap and with keys', async () => {
  const people = await scene.showing(), { agent, page } = people;
  await page.waitForSelector('.tools:not([hidden])');
  const box = await page.locator('.overlay').boundingBox();
  await page.mouse.click(box.x + 0.5 * box.width, box.y + 0.25 * box.height);
  const { x, y } = await agent.await('pointer');
  assert.ok(Math.abs(x - 0.5) < 0.02 && Math.abs(y - 0.25) < 0.02, `${x} ${y}`);
  assert.match(await page.textContent('.caption'), /Tap it to point/);
  const from = agent.mark();
  await page.focus('#aim');
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowUp', 'Shift+ArrowUp', 'Enter']) await page.keyboard.press(key);
  const byKeys = await agent.await('pointer', {}, from);
  assert.ok(Math.abs(byKeys.x - 0.6) < 0.001 && Math.abs(byKeys.y - 0.44) < 0.001, JSON.stringify(byKeys));
  assert.ok((await heard(page)).some((text) => /You point to the middle/.test(text)));
  await leave(people);
});
