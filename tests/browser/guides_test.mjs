// SPDX-License-Identifier: Apache-2.0
/* A guide on the page: its steps, each with done, skip, back and "did not work", by taps and by ear; in the page's language. */
import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { leave, Scene } from './scene.mjs';
import { heard, look } from './watch.mjs';

const guides = join(dirname(fileURLToPath(import.meta.url)), '../../agent/guides/shipped');
let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

const title = (page) => page.textContent('.guide h3');
const at = (page, number) => page.waitForFunction((n) => new RegExp(`^\\D*${n}\\D`).test(document.querySelector('.guide-step .small')?.textContent ?? ''), number);

test('a guide is followed step by step, and both ends stand at the same one', async () => {
  const people = await scene.joined({ width: 320, height: 640 }, '--guides', guides), { agent, page } = people;
  agent.do({ do: 'guide', guide: 'router-no-internet' });
  await page.waitForSelector('.guide-step');
  assert.match(await page.textContent('.guide h2'), /internet does not/);
  const first = await title(page);
  assert.match(first, /Look at the lights/);
  const picture = page.locator('.guide-picture'); /* it comes behind the words */
  await picture.waitFor();
  await page.waitForFunction(() => document.querySelector('.guide-picture')?.naturalWidth > 0);
  assert.match(await picture.getAttribute('alt'), /row of lights/);
  await look(page, 'guide');
  await page.click('#guide-done');
  await at(page, 2);
  const second = await title(page);
  assert.notEqual(second, first);
  await page.click('#guide-skip');
  await at(page, 3);
  await page.click('#guide-back');
  await at(page, 2);
  assert.equal(await title(page), second);
  await page.click('.guide summary');
  assert.match(await page.textContent('.guide-list li:first-child'), /done/);
  assert.ok((await heard(page)).some((text) => text.startsWith('Step 2 of')));
  agent.do({ do: 'guide', act: 'close' });
  await page.waitForSelector('.guide', { state: 'hidden' });
  await leave(people);
  assert.deepEqual(page.problems, []);
});

test('a step may have a short clip, which plays', async () => {
  const folder = scene.house.path(`clips-${Math.random()}`);
  cpSync(guides, folder, { recursive: true });
  writeFileSync(join(folder, 'router-lights.svg'), '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 60"><style>rect{animation:go 1s linear infinite}@keyframes go{to{transform:translate(80px)}}</style><rect width="20" height="60"/></svg>');
  const people = await scene.joined({}, '--guides', folder), { agent, page } = people;
  agent.do({ do: 'guide', guide: 'router-no-internet' });
  const picture = page.locator('.guide-picture'), taken = () => picture.screenshot();
  await page.waitForFunction(() => document.querySelector('.guide-picture')?.naturalWidth > 0);
  const first = await taken();
  let plays = false;
  for (let shots = 0; shots < 100 && !plays; shots++) plays = !(await taken()).equals(first);
  assert.ok(plays, 'one picture is like the other');
  await leave(people);
  assert.deepEqual(page.problems, []);
});

test('in German the steps come in German', async () => {
  const people = await scene.joined({ locale: 'de-DE' }, '--guides', guides), { agent, page } = people;
  await page.fill('#chat', 'Hallo');
  await page.click('#send');
  await agent.await('chat', { text: 'Hallo' }); /* so it has read the language, which was told before */
  agent.do({ do: 'guide', guide: 'router-no-internet' });
  await page.waitForSelector('.guide-step');
  assert.match(await title(page), /Lämpchen/);
  assert.equal(await page.getAttribute('.guide', 'lang'), 'de');
  await leave(people);
});

test('a check that a browser cannot make is answered at once', async () => {
  const people = await scene.joined(), { agent, page } = people;
  agent.do({ do: 'request', capability: 'device-state', purpose: 'To see the line' });
  await page.waitForSelector('#allow');
  assert.match(await page.textContent('.sheet'), /localhost may keep what you share by this for 30 days, until \d+ \w+ 20\d\d\./);
  await page.click('#allow');
  await agent.await('state', { property: 'language' });
  await page.click('#hide-language'); /* a property that is not to be seen */
  await agent.await('state', { property: 'language', hidden: true });
  assert.match(await page.textContent('.facts-of-device'), /hidden/);
  assert.equal(await page.textContent('#hide-language'), 'Show it again');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'hide-language');
  await look(page, 'facts');
  await page.click('#hide-language');
  await agent.await('state', { property: 'language', hidden: false });
  agent.do({ do: 'check', check: 'chain' });
  const check = await agent.await('check', { check: 'chain' });
  assert.match(JSON.stringify(check), /not.checked/);
  await leave(people);
  assert.match(await page.textContent('.receipt'), /By localhost, for 30 days, until \d+ \w+ 20\d\d/);
});
