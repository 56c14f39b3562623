// SPDX-License-Identifier: Apache-2.0
/* A reload, and the end: what a page keeps for coming back, and that nothing of a visit stays. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { leave, parted, Scene } from './scene.mjs';
import { liveTracks } from './watch.mjs';

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

/* What the tab's own storage holds; a page that is seen must have nothing there. */
const stored = (page) => page.evaluate(() => Object.entries(sessionStorage).map(([, value]) => value).join(''));

test('after a reload the visit goes on, everything is off, and one tap turns it on again', async () => {
  const people = await scene.showing(), { agent, page, seen } = people;
  assert.match((await agent.await('joined')).peer, /^Handhold page [\d.]+$/, 'what device it is needs a consent');
  agent.do({ do: 'request', capability: 'device-state', purpose: 'To see the battery' });
  await page.click('#allow');
  await agent.await('state', { property: 'language', value: 'en-GB' });
  await page.click('#hide-language');
  await agent.await('state', { property: 'language', hidden: true });
  await page.fill('#chat', 'Before the reload');
  await page.click('#send');
  await agent.await('chat', { text: 'Before the reload' });
  await page.click('#hide');
  await page.click('#mask-add');
  await page.waitForSelector('.mask-box');
  assert.equal(await stored(page), '', 'while the page is seen nothing is stored');
  const from = agent.mark();
  await page.reload();
  await agent.await('connection', { state: 'resumed' }, from);
  await page.waitForSelector('#continue');
  assert.match(await page.textContent('.paused'), /loaded again, so everything is off/);
  assert.equal(await stored(page), '', 'what was kept is taken out at once');
  assert.equal(await liveTracks(page), 0);
  const sent = seen.media;
  agent.do({ do: 'chat', text: 'Are you there?' });
  await page.waitForFunction(() => /Before the reload[\s\S]*Are you there/.test(document.querySelector('.lines').textContent));
  assert.equal(seen.media, sent, 'no picture leaves before the tap');
  await page.click('#continue');
  await page.waitForFunction(() => window.tracks.filter((t) => t.readyState === 'live').length === 1);
  const shown = agent.mark();
  await agent.await('video', { frames: (n) => n > 1 }, shown);
  await page.click('#hide');
  await page.waitForSelector('.mask-box'); // what was hidden is hidden
  await agent.await('state', { property: 'language', hidden: true }, from);
  assert.ok(!agent.events.slice(from).some((e) => e.event === 'state' && e.property === 'language' && !e.hidden));
  await leave(people);
  assert.equal(await stored(page), '');
  assert.match(await page.textContent('.receipt'), /Camera[\s\S]*To see the lights of your router/);
  await page.route(/org\.json/, (route) => route.abort()); // what proves the log is known since the visit
  await page.click('#verify');
  await page.waitForFunction(() => /proof holds/.test(document.querySelector('.receipt').textContent));
  await keepsItsReceipt(page);
  assert.deepEqual(page.problems, []);
});

/* The receipt is on this page alone: another language draws it anew, and until it is saved a reload is asked about. */
async function keepsItsReceipt(page) {
  const asksBeforeLeaving = () => page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })));
  await page.click('.languages button[lang="de"]');
  await page.waitForFunction(() => /Ihr Beleg/.test(document.querySelector('.receipt')?.textContent ?? ''));
  assert.match(await page.textContent('.receipt'), /Kamera[\s\S]*To see the lights of your router/);
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
  assert.equal(await asksBeforeLeaving(), true);
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  assert.match(file.suggestedFilename(), /^handhold-receipt-/);
  assert.equal(await asksBeforeLeaving(), false);
}

test('what a reload leaves behind holds no media key and no picture, and dies with the visit', async () => {
  const people = await scene.showing(), { agent, page } = people;
  const left = await page.evaluate(() => {
    dispatchEvent(new PageTransitionEvent('pagehide'));
    const text = sessionStorage.getItem('handhold');
    dispatchEvent(new PageTransitionEvent('pageshow'));
    return [text.length, JSON.parse(text), sessionStorage.length];
  });
  assert.ok(left[0] > 1000 && left[0] < 100_000, `${left[0]} characters`);
  const grants = JSON.parse(left[1].session).grants.grants;
  assert.deepEqual(grants.map((g) => g.capability), ['camera']);
  assert.ok(grants.every((g) => !('key' in g) && !('baseKey' in g)));
  assert.equal(left[2], 0);
  await linkTappedAgain(agent, page);
  agent.do({ do: 'end' });
  await parted(people);
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide')));
  assert.equal(await stored(page), '');
});

/* The message with the link is opened once more, in the tab that was the visit's: it goes on there. */
async function linkTappedAgain(agent, page) {
  const from = agent.mark();
  await page.goto('about:blank');
  await page.goto(agent.invite.link);
  await agent.await('connection', { state: 'resumed' }, from);
  await page.waitForSelector('#continue');
  assert.equal(await page.evaluate(() => location.hash), '');
  assert.equal(await stored(page), '');
  assert.equal(await liveTracks(page), 0);
}

test('who comes back too late reads that it is over', async () => {
  const { page } = await scene.showing();
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide')));
  const old = await page.evaluate(() => {
    const kept = JSON.parse(sessionStorage.getItem('handhold')), session = JSON.parse(kept.session);
    session.unixMs -= 3_600_000;
    return JSON.stringify({ ...kept, session: JSON.stringify(session) });
  });
  const later = await page.context().newPage();
  await later.goto(scene.house.url);
  await later.evaluate((text) => sessionStorage.setItem('handhold', text), old);
  await later.reload();
  await later.waitForSelector('[data-screen="problem"] h1');
  assert.match(await later.textContent('h1'), /over/);
  assert.equal(await stored(later), '');
});

test('who comes back when the agent has ended it reads who did, and has the receipt', async () => {
  const { agent, page } = await scene.showing();
  await page.goto('about:blank');
  agent.do({ do: 'end' });
  await agent.await('ended', { reason: 'completed' });
  await page.goto(agent.invite.link);
  await page.waitForSelector('[data-screen="end"] h1');
  assert.match(await page.textContent('.lead'), /Ana Lindqvist ended the session/);
  assert.match(await page.textContent('.receipt'), /Camera/);
  assert.equal(await stored(page), '');
});

test('nothing of a visit stays behind in the browser', async () => {
  const people = await scene.showing(), { page } = people;
  await leave(people);
  const left = await page.evaluate(async () => [localStorage.length, sessionStorage.length, document.cookie, (await indexedDB.databases()).length, (await caches.keys()).length, location.hash]);
  assert.deepEqual(left, [0, 0, '', 0, 0, '']);
});
