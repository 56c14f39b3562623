// SPDX-License-Identifier: Apache-2.0
/*
 * Every screen, as people meet it: in both themes, on small and large ones, with long words and right to left. axe-core
 * finds nothing on any of them, and nothing is wider than the window. HANDHOLD_SHOTS=FOLDER keeps the pictures.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, afterEach, before, test } from 'node:test';
import { SIZES, openPage } from './browser.mjs';
import { Scene, show } from './scene.mjs';
import { look, seenAtOnce } from './watch.mjs';

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

const LOOKS = [
  ['320-light', { width: SIZES.small[0], height: SIZES.small[1] }],
  ['390-dark', { colorScheme: 'dark' }],
  ['768-light', { width: SIZES.tablet[0], height: SIZES.tablet[1], phone: false }],
  ['390-de', { locale: 'de-DE' }],
  ['320-long', { width: SIZES.small[0], height: SIZES.small[1], lang: 'en-XA' }],
  ['390-rtl-dark', { lang: 'ar-XB', colorScheme: 'dark' }],
  ['landscape', { width: 844, height: 390 }],
  ['320-text-200', { width: 320, height: 640, large: true }],
];

/* Two of them with each change, whose every screen is looked at in other forms too; all with HANDHOLD_LONG or when somebody wants the pictures. */
const few = ['320-long', '390-rtl-dark'];
const chosen = process.env.HANDHOLD_LONG || process.env.HANDHOLD_SHOTS ? LOOKS : LOOKS.filter(([name]) => few.includes(name));

/* Data, not words of the page. */
const DATA = [/^localhost/, /Ana Lindqvist/, /To see which lights/, /To talk it through/, /Hello, please show me/, /this light/, /^English$|^Deutsch$/, /officer@localhost/, /^[0-9a-f]{8,}/, /handhold-audit|ca\.crt/];

/** What a person reads or hears of a page in long words that did not come from the message files. */
const hardCoded = (page) => page.evaluate(() => {
  const texts = [], seen = (e) => e.getClientRects().length > 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) if (seen(node.parentElement) && !node.parentElement.closest('.words')) texts.push(node.textContent.trim());
  for (const e of document.body.querySelectorAll('*'))
    if (seen(e)) for (const name of ['aria-label', 'placeholder', 'title', 'alt']) texts.push((e.getAttribute(name) ?? '').trim());
  return texts.filter((text) => /[a-z]{3}/i.test(text) && !/[àëîöûñçÿ]/i.test(text));
});

for (const [look_, options] of chosen)
  test(`a whole session, ${look_}`, async () => {
    const { agent, page } = await scene.invited(options);
    const whole = async (name) => {
      await look(page, name);
      if (options.lang === 'en-XA') assert.deepEqual((await hardCoded(page)).filter((text) => !DATA.some((data) => data.test(text))), [], `${name}: words that are in no message file`);
    };
    const larger = options.large ? () => page.evaluate(() => { document.documentElement.style.fontSize = '200%'; }) : async () => undefined;
    await larger();
    await page.waitForSelector('.who.good');
    await whole(`${look_}-1-welcome`);
    if (!(options.phone ?? true)) {
      await page.click('.aside .button');
      await page.waitForSelector('.qr');
      await whole(`${look_}-1b-qr`);
    }
    await page.click('#join');
    await page.waitForSelector('.top .good');
    await whole(`${look_}-2-joined`);
    agent.do({ do: 'request', capability: 'camera', purpose: 'To see which lights of your router are on, and what is written on its label', seconds: 600 });
    await page.waitForSelector('#allow');
    await whole(`${look_}-3-asked`);
    await page.click('#allow');
    await agent.await('first-picture');
    await page.waitForSelector('.tools:not([hidden])');
    agent.do({ do: 'chat', text: 'Hello, please show me the front of it.' });
    await page.waitForSelector('.lines .theirs');
    await page.evaluate(() => scrollTo(0, 0));
    await whole(`${look_}-4-showing`);
    agent.do({ do: 'request', capability: 'microphone', purpose: 'To talk it through while you look', seconds: 600 });
    await page.waitForSelector('#allow');
    await whole(`${look_}-4b-voice-asked`);
    await page.check('#hear');
    await page.click('#allow');
    await agent.await('audio');
    await page.click('#mute');
    await page.evaluate(() => scrollTo(0, 0));
    await whole(`${look_}-4c-talking`);
    await page.click('#off-microphone');
    await agent.await('consent', { capability: 'microphone', state: 'withdrawn' });
    await page.click('#hide');
    await page.click('#mask-add');
    await page.evaluate(() => scrollTo(0, 0));
    await whole(`${look_}-5-masks`);
    await page.click('#mask-done');
    agent.do({ do: 'draw', shape: 'arrow', points: [[0.2, 0.2], [0.35, 0.6]], text: 'this light' });
    await page.waitForFunction(() => document.querySelectorAll('.mark-words li').length === 1);
    await whole(`${look_}-6-marked`);
    await page.click('.dismiss');
    await page.click('#pause');
    await page.waitForSelector('#continue');
    await page.evaluate(() => scrollTo(0, 0));
    if (!options.large) await seenAtOnce(page, `${look_}-7-paused`, '#continue', '#end');
    await whole(`${look_}-7-paused`);
    await page.click('#continue');
    await page.click('#end');
    await whole(`${look_}-8-leave`);
    await page.click('#leave-now');
    await page.waitForSelector('.receipt');
    await whole(`${look_}-9-end`);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });

/** Instead of the lens: a picture that is higher than it is wide, as of a phone that is held upright. */
const upright = (page) => page.addInitScript(() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 360, height: 640 }), context = canvas.getContext('2d');
  let n = 0;
  const paint = () => {
    context.fillStyle = `hsl(${(n++ * 7) % 360} 60% 50%)`;
    context.fillRect(0, 0, 360, 640);
    setTimeout(paint, 50);
  };
  navigator.mediaDevices.getUserMedia = async () => {
    if (n === 0) paint();
    return canvas.captureStream(20);
  };
});

test('an upright picture, its tools, boxes and marks are seen at once, upright and lying, down to 320 px, in German too', async () => {
  const agent = await scene.house.agent(), page = await openPage(scene.browser, { locale: 'de-DE' });
  await upright(page);
  await page.goto(agent.invite.link);
  await page.click('#join');
  await agent.await('joined');
  await show({ agent, page });
  await page.waitForSelector('.stage[data-form="upright"] .tools:not([hidden])');
  const each = async (name, ...selectors) => {
    for (const [width, height] of [[390, 844], [320, 568], [740, 360]]) {
      await page.setViewportSize({ width, height });
      await page.evaluate(() => (document.querySelector('.card, .mask-panel:not([hidden])') ? document.querySelector('.view').scrollIntoView() : scrollTo(0, 0)));
      await seenAtOnce(page, `${name}, ${width} by ${height}`, ...selectors);
    }
  };
  await each('showing', '.picture', '#lens', '#hide', '#pause', '#end', '#off-camera');
  await page.click('#hide');
  await page.click('#mask-add');
  await each('boxes', '.picture', '.mask-box', '#mask-done', '#pause');
  await page.click('#mask-done');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'hide', 'the focus goes back');
  agent.do({ do: 'draw', shape: 'arrow', points: [[0.2, 0.2], [0.35, 0.6]], text: 'this light' });
  await page.waitForSelector('.mark-words li');
  await seenAtOnce(page, 'just marked', '.picture', '.card canvas', '.dismiss');
  await each('marked', '.picture', '.card canvas', '.dismiss');
  await page.setViewportSize({ width: 320, height: 568 });
  await page.click('.dismiss');
  await page.focus('#chat');
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await agent.await('paused', { reason: 'page-hidden' });
  await page.waitForSelector('#continue');
  await seenAtOnce(page, 'whoever wrote when they left finds the way on', '#continue', '#end');
  await look(page, 'upright-de');
});

test('the code, with its typing errors', async () => {
  for (const [name, options] of [['320-light', { width: 320, height: 640 }], ['390-dark', { colorScheme: 'dark' }]]) {
    const agent = await scene.house.agent();
    const page = await openPage(scene.browser, options);
    await page.goto(scene.house.url);
    await page.waitForSelector('#code');
    await look(page, `${name}-code`);
    const digits = agent.invite.code.replaceAll(' ', '');
    await page.fill('#code', digits.slice(0, -1) + ((Number(digits.at(-1)) + 1) % 10));
    await page.click('#join');
    await page.waitForFunction(() => document.querySelector('#code-error').textContent !== '');
    await look(page, `${name}-code-wrong`);
    await page.fill('#code', digits);
    await page.click('#join');
    await agent.await('joined');
    await page.waitForSelector('.top .good');
    await page.context().close();
  }
});

test('the pattern for the phone is the link, still unspent', async (t) => {
  const { agent, page, seen } = await scene.invited({ phone: false, width: 1024, height: 768 });
  await page.click('.aside .button');
  const file = scene.house.path('qr.png');
  await (await page.waitForSelector('.qr')).screenshot({ path: file });
  let read;
  try {
    read = execFileSync('zbarimg', ['--quiet', '--raw', file], { encoding: 'utf8' }).trim();
  } catch (error) {
    if (error.code === 'ENOENT') return t.skip('no zbarimg here (Debian package zbar-tools)');
    throw error;
  }
  assert.equal(read, agent.invite.link);
  assert.equal(seen.messages, 0);
  const phone = await openPage(scene.browser);
  await phone.goto(read);
  await phone.click('#join');
  await agent.await('joined');
});

test('invitations that do not work say so', async () => {
  const page = await openPage(scene.browser);
  await page.goto(`${scene.house.url}/j#AQDsomethingThatIsCut`);
  await page.waitForSelector('h1');
  await look(page, 'problem-link');
  await page.context().close();
});
