// SPDX-License-Identifier: Apache-2.0
/* Organisations that nobody vouches for, browsers inside other apps, invitations that are over. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { openBrowser, openPage } from './browser.mjs';
import { clip, House } from './house.mjs';
import { look, watch } from './watch.mjs';

let house, browser;
before(async () => {
  house = await House.open({ domain: 'help.invalid' }); // the page comes from localhost, and help.invalid says nothing
  browser = await openBrowser(clip(house.path('camera.y4m'), { seconds: 1 }));
});
after(async () => {
  await browser.close();
  await house.close();
});
afterEach(async () => { for (const context of browser.contexts()) await context.close(); });

test('an unverified organisation is loud, words come first, and the camera cannot be had', async () => {
  const agent = await house.agent(), page = await openPage(browser), seen = await watch(page);
  await page.goto(agent.invite.link);
  await page.waitForSelector('.who.bad');
  assert.match(await page.textContent('.who'), /help\.invalid[\s\S]*Not verified\. Anyone can claim this name\./);
  await look(page, 'unverified-welcome');
  await page.click('#join');
  const { words } = await agent.await('check-words');
  await page.waitForSelector('#words-match');
  assert.deepEqual(await page.locator('.words li').allTextContents(), words);
  await look(page, 'unverified-words');
  await page.click('#words-match');
  await page.waitForSelector('.notice.bad:not([hidden])');
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see it' });
  await agent.await('consent', { capability: 'camera', state: (s) => s !== 'requested' });
  await look(page, 'unverified-joined');
  assert.equal(await page.locator('#allow').count(), 0);
  assert.equal(seen.media, 0);
  agent.do({ do: 'chat', text: 'We can write.' });
  await page.waitForSelector('.lines .theirs');
});

test('words that differ are an alarm, and the way out', async () => {
  const agent = await house.agent(), page = await openPage(browser);
  await page.goto(agent.invite.link);
  await page.click('#join');
  await page.click('#words-differ');
  await page.waitForSelector('#leave-now');
  await look(page, 'words-differ');
  await page.click('#leave-now');
  await agent.await('ended');
});

test('inside another app the link stays unspent, and the page says how to get out', async () => {
  const agent = await house.agent();
  const page = await openPage(browser, { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 300.0' });
  const seen = await watch(page);
  await page.goto(agent.invite.link);
  await page.waitForSelector('.notice');
  assert.match(await page.textContent('.notice'), /You are inside Instagram[\s\S]*“Open in external browser”/);
  await look(page, 'inside-app');
  assert.equal(new URL(page.url()).hash, new URL(agent.invite.link).hash);
  assert.equal(seen.messages, 0);
});

const APPLE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148', DROID = 'Mozilla/5.0 (Linux; Android 14; Pixel 7; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/150.0.0.0 Mobile Safari/537.36';
const APPS = [
  [`${DROID} [FB_IAB/FB4A;FBAV/450.0.0]`, /inside Facebook[\s\S]*“Open in external browser”/],
  [`${APPLE} Safari Line/13.1`, /inside LINE[\s\S]*“Open in default browser”/],
  [`${DROID} MicroMessenger/8.0`, /inside WeChat[\s\S]*“Open in default browser”/],
  [`${APPLE} BytedanceWebview/d8a21c6 TikTok 33.1`, /inside TikTok[\s\S]*“Open in browser”/],
  [`${APPLE} [LinkedInApp]/9.29`, /inside LinkedIn[\s\S]*“Open in browser”/],
  [`${APPLE} WhatsApp/2.23`, /inside WhatsApp[\s\S]*Open in Safari/],
  [DROID, /inside another app[\s\S]*Open in browser/],
];

test('each app is told by its name, and its way out as its own menu calls it', async () => {
  const agent = await house.agent();
  for (const [userAgent, words] of APPS) {
    const page = await openPage(browser, { userAgent });
    await page.goto(agent.invite.link);
    assert.match(await page.textContent('.notice'), words, userAgent);
    await page.context().close();
  }
});

test('the link is copied whole, and where it cannot be it stands there to be held', async () => {
  const agent = await house.agent(), userAgent = APPS[0][0];
  const page = await openPage(browser, { userAgent, permissions: ['clipboard-read', 'clipboard-write'] });
  await page.goto(agent.invite.link);
  await page.click('#copy-link');
  await page.waitForFunction(() => document.querySelector('#copy-link').textContent === 'Link copied');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), agent.invite.link);
  const poor = await openPage(browser, { userAgent });
  await poor.addInitScript(() => { Object.defineProperty(navigator, 'clipboard', { value: undefined }); });
  await poor.goto(agent.invite.link);
  await poor.click('#copy-link');
  await poor.waitForSelector('#link-text:visible');
  assert.equal(await poor.inputValue('#link-text'), agent.invite.link);
  assert.match(await poor.textContent('.notice'), /could not be copied here/);
  await look(poor, 'inside-app-hold');
  const real = await openPage(browser);
  await real.goto(agent.invite.link);
  await real.click('#join');
  await agent.await('joined');
});

test('an invitation that has ended says so, and so does a code that nobody has', async () => {
  const agent = await house.agent(), page = await openPage(browser);
  agent.do({ do: 'end' });
  await agent.await('ended');
  await page.goto(agent.invite.link);
  await page.click('#join');
  await page.waitForSelector('[data-screen="problem"] h1');
  await look(page, 'problem-ended');
  assert.match(await page.textContent('h1'), /no such invitation|expired/);
});

test('a wrong code is told from a typing error', async () => {
  const agent = await house.agent(), page = await openPage(browser);
  const digits = agent.invite.code.replaceAll(' ', '');
  const table = ['0317598642', '7092154863', '4206871359', '1750983426', '6123045978', '3674209581', '5869720134', '8945362017', '9438617205', '2581436790'];
  const wrong = digits.slice(0, -2) + ((Number(digits.at(-2)) + 1) % 10);
  const check = [...wrong].reduce((interim, digit) => Number(table[interim][Number(digit)]), 0);
  await page.goto(house.url);
  await page.fill('#code', wrong + check);
  await page.click('#join');
  await page.waitForSelector('[data-screen="problem"] h1');
  await look(page, 'problem-code');
  assert.match(await page.textContent('h1'), /not the right code/);
  await page.goto(house.url);
  await page.fill('#code', digits);
  await page.click('#join');
  await agent.await('joined');
});

test('names that are markup are names', async () => {
  const name = '<img src=x onerror=document.title=1>';
  const agent = await house.agentNamed('mallory', name), page = await openPage(browser), seen = await watch(page);
  await page.goto(agent.invite.link);
  await page.click('#join');
  await page.click('#words-match');
  await page.waitForSelector('.top h1');
  assert.equal(await page.textContent('.top h1'), name);
  agent.do({ do: 'request', capability: 'camera', purpose: '<script>document.title=1</script>' });
  await agent.await('consent', { capability: 'camera', state: (s) => s !== 'requested' });
  agent.do({ do: 'chat', text: '"><svg onload=document.title=1>' });
  await page.waitForSelector('.lines .theirs');
  agent.do({ do: 'draw', shape: 'text', points: [[0.5, 0.5]], text: '<b>x</b>' });
  await page.click('#end');
  await page.click('#leave-now');
  await page.waitForSelector('.receipt');
  assert.equal(await page.locator('main img, main svg[onload], main script, main b').count(), 0);
  assert.notEqual(await page.title(), '1');
  assert.ok(seen.requests.every((url) => url.startsWith(house.url) || url.startsWith('https://help.invalid')), seen.requests.join(' '));
  assert.equal(seen.media, 0);
});

const EVIL = '<img src=x onerror=document.title=1>';
const GUIDE = `guide: 1
id: evil
version: 1
languages: [en]
title: {en: "${EVIL}"}
summary: {en: "${EVIL}"}
steps:
  - id: one
    title: {en: "${EVIL}"}
    text: {en: "${EVIL}<script>document.title=1</script>"}
    caution: {en: "${EVIL}"}
    point: {en: "${EVIL}"}
`;

test('a guide that is markup is words', async () => {
  const guides = house.path('guides');
  mkdirSync(guides, { recursive: true });
  writeFileSync(join(guides, 'evil.yaml'), GUIDE);
  const agent = await house.agent('--guides', guides), page = await openPage(browser);
  await page.goto(agent.invite.link);
  await page.click('#join');
  await page.click('#words-match');
  await page.waitForSelector('.top h1');
  agent.do({ do: 'guide', guide: 'evil' });
  await page.waitForSelector('.guide-step');
  assert.match(await page.textContent('.guide'), /<img src=x onerror=document\.title=1>[\s\S]*<script>/);
  assert.equal(await page.locator('.guide img, .guide script').count(), 0);
  await page.click('.guide summary');
  await look(page, 'guide-of-markup');
  await page.click('#end');
  await page.click('#leave-now');
  await page.waitForSelector('.receipt');
  assert.notEqual(await page.title(), '1');
  assert.ok(page.problems.every((text) => /ERR_NAME_NOT_RESOLVED/.test(text)), page.problems.join('\n')); // help.invalid is nowhere
});
