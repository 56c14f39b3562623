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
  await page.click('#words-again'); // whoever misread
  await page.click('#words-differ');
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

const FACEBOOK = 'Mozilla/5.0 (Linux; Android 14; Pixel 7; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/150.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/450.0.0]';

test('the way out of an app is told in that app\u2019s words, in German too', async () => {
  const agent = await house.agent(), page = await openPage(browser, { userAgent: FACEBOOK, locale: 'de-DE' });
  await page.goto(agent.invite.link);
  assert.match(await page.textContent('.notice'), /Sie sind in Facebook[\s\S]*„In externem Browser öffnen“\. In manchen Versionen heißt es „In Chrome öffnen“/);
});

test('the link is copied whole, and where it cannot be it stands there to be held', async () => {
  const agent = await house.agent(), userAgent = FACEBOOK;
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

/** A page at the link, joined; what it reads when that does not work. */
async function refused(link, prepare = async () => undefined) {
  const page = await openPage(browser);
  await prepare(page);
  await page.goto(link);
  await page.click('#join');
  await page.waitForSelector('[data-screen="problem"] h1');
  assert.equal(new URL(page.url()).hash, '');
  return { page, title: await page.textContent('h1'), body: await page.textContent('.lead') };
}

test('what a message or a tracker hangs on to a link does not break it', async () => {
  const agent = await house.agent(), page = await openPage(browser);
  for (const end of ['.', ')', '&fbclid=abc', '?utm_source=sms']) {
    await page.goto('about:blank');
    await page.goto(agent.invite.link + end);
    await page.waitForSelector('#join');
  }
  await page.click('#join');
  await agent.await('joined');
  assert.equal(new URL(page.url()).hash, '');
});

test('a link that somebody has used says so, and leads on to a new code', async () => {
  const agent = await house.agent(), first = await openPage(browser);
  await first.goto(agent.invite.link);
  await first.click('#join');
  await first.click('#words-match');
  await first.waitForSelector('.top h1');
  await first.click('#end');
  await first.click('#leave-now');
  await agent.await('ended');
  const { page, title, body } = await refused(agent.invite.link);
  assert.match(title, /not work any more|not there any more/);
  assert.match(body, /It was used already[\s\S]*Ask the person who helps you/);
  await look(page, 'problem-used');
  const again = await house.agent();
  await page.click('#type-code');
  await page.fill('#code', again.invite.code.replaceAll(' ', ''));
  await page.click('#join');
  await again.await('joined');
});

test('an invitation that was taken back says so', async () => {
  const agent = await house.agent();
  agent.do({ do: 'end' });
  await agent.await('ended');
  const { page, title, body } = await refused(agent.invite.link);
  assert.match(title, /not there any more/);
  assert.match(body, /taken back[\s\S]*Ask the person who helps you/);
  await look(page, 'problem-ended');
});

/* As the relay says it: FromRelay{error{code, message, fatal}} in its envelope. */
function relayError(code, message) {
  const text = Buffer.from(message), error = Buffer.concat([Buffer.from([0x08, code, 0x12, text.length]), text, Buffer.from([0x18, 1])]);
  return Buffer.concat([Buffer.from([0x40, 0, 1, 0, 0x4a, error.length]), error]);
}
const REFUSALS = [
  ['expired', 25, /has expired/, /limited time only[\s\S]*Ask the person/], ['burnt', 24, /does not work any more/, /used already[\s\S]*Ask the person/],
  ['busy', 29, /already in use/, /go on there/], ['unknown', 30, /did not work/, /Ask the person/],
];

test('whatever the relay refuses a link for, it is one sentence and a way on', async () => {
  const agent = await house.agent();
  for (const [name, code, title, body] of REFUSALS) {
    const lying = async (page) => page.routeWebSocket(/\/s$/, (socket) => socket.onMessage(() => socket.send(relayError(code, 'the words of the relay'))));
    const told = await refused(agent.invite.link, lying);
    assert.match(told.title, title, name);
    assert.match(told.body, body, name);
    assert.equal(await told.page.locator('#type-code').count(), 1);
    await look(told.page, `problem-${name}`);
    await told.page.context().close();
  }
});

/** Another code than this one, with its right check digit. */
function wrongCode(code, step) {
  const table = ['0317598642', '7092154863', '4206871359', '1750983426', '6123045978', '3674209581', '5869720134', '8945362017', '9438617205', '2581436790'];
  const digits = code.replaceAll(' ', ''), wrong = digits.slice(0, -2) + ((Number(digits.at(-2)) + step) % 10);
  return wrong + [...wrong].reduce((interim, digit) => Number(table[interim][Number(digit)]), 0);
}

async function tryCode(page, code) {
  await page.waitForSelector('#code');
  await page.fill('#code', code);
  await page.click('#join');
}

test('a wrong code is told from a typing error, and may be tried again; after three it is burnt', async () => {
  const [agent, other] = [await house.agent(), await house.agent()], page = await openPage(browser);
  await page.goto(house.url);
  await tryCode(page, '0000000000'); // nobody has it
  await page.waitForSelector('[data-screen="problem"] h1');
  assert.match(await page.textContent('h1'), /no invitation with this code/);
  assert.equal(await page.textContent('#type-code'), 'Try again');
  await page.click('#type-code');
  await tryCode(page, wrongCode(agent.invite.code, 1));
  await page.waitForSelector('[data-screen="problem"] h1');
  assert.match(await page.textContent('h1'), /not the right code/);
  await look(page, 'problem-code');
  await page.click('#type-code');
  await tryCode(page, agent.invite.code.replaceAll(' ', ''));
  await agent.await('joined');

  const guesser = await openPage(browser);
  await guesser.goto(house.url);
  for (let i = 1; i <= 3; i++) {
    await tryCode(guesser, wrongCode(other.invite.code, i));
    await guesser.waitForSelector('[data-screen="problem"] h1');
    await guesser.click('#type-code');
  }
  await tryCode(guesser, other.invite.code.replaceAll(' ', ''));
  await guesser.waitForSelector('[data-screen="problem"] h1');
  assert.match(await guesser.textContent('h1'), /does not work any more|no invitation with this code/);
  assert.match(await guesser.textContent('.lead'), /tried too often|used already/);
});

test('a relay that cannot be reached is said to be so, and is tried until it can', async () => {
  const agent = await house.agent(), page = await openPage(browser);
  let away = true;
  await page.routeWebSocket(/\/s$/, (socket) => {
    if (away) return socket.close();
    socket.connectToServer();
  });
  await page.goto(agent.invite.link);
  await page.click('#join');
  await page.waitForFunction(() => /no connection yet/.test(document.querySelector('.notice:not(.bad)')?.textContent ?? ''));
  await look(page, 'no-connection');
  away = false;
  await agent.await('joined');
});

test('a part of the page that does not come is said to be missing, and spends nothing', async () => {
  const agent = await house.agent(), page = await openPage(browser), html = await (await page.request.get(house.url)).text();
  const later = [...html.matchAll(/<link[^>]*rel="handhold-later"[^>]*>/g)].map(([tag]) => /href="([^"]+)"/.exec(tag)[1]);
  assert.ok(later.length);
  const missing = (url) => later.includes(url.pathname);
  await page.route(missing, (route) => route.abort());
  await page.goto(agent.invite.link);
  await page.click('#join');
  await page.waitForSelector('[data-screen="problem"] h1');
  assert.match(await page.textContent('h1'), /part of this page is missing/);
  await page.unroute(missing);
  await page.click('#type-code');
  await page.waitForSelector('#join');
  await page.click('#join');
  await agent.await('joined');
});

test('who taps Join twice joins once; the link is out of the address at the first tap', async () => {
  const agent = await house.agent(), page = await openPage(browser), org = /org\.json$/;
  let sockets = 0, answer;
  page.on('websocket', () => { sockets++; });
  const answered = new Promise((resolve) => { answer = resolve; });
  await page.route(org, async (route) => { await answered; await route.continue(); });
  await page.goto(agent.invite.link);
  await page.dblclick('#join');
  assert.equal(new URL(page.url()).hash, '');
  assert.equal(await page.textContent('h1'), 'Connecting…');
  assert.equal(await page.locator('#join').count(), 0);
  answer();
  await agent.await('joined');
  assert.equal(sockets, 1);
  await page.context().close();
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
