// SPDX-License-Identifier: Apache-2.0
/* A phone and the companion on a hub, in one session: its code is typed on the phone, and the phone's consent is the one for both. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { leave, Scene } from './scene.mjs';
import { liveTracks, look } from './watch.mjs';

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

async function hubOf({ house }) {
  const socket = house.path(`hub-${Math.random()}.sock`);
  const hub = house.program('handhold-client', ['--beside', '--json', '--relay', house.url, '--ca', join(house.org, 'ca/ca.crt'), '--state', `json:${socket}`]);
  const { code } = await hub.await('beside', { state: 'waiting' });
  return { hub, code, socket };
}

/** Its firmware: lines of JSON. */
const firmware = (socket) => new Promise((resolve, reject) => {
  const line = connect(socket, () => resolve({ say: (what) => line.write(`${JSON.stringify(what)}\n`), end: () => line.destroy() }));
  line.once('error', reject);
});

async function link(page, code) {
  await page.click('#beside-add');
  await page.fill('#beside-code', code);
  await page.click('#beside-link');
}

test('the hub joins by its code, and the agent sees its home under the consent of the phone', async () => {
  const people = await scene.joined(), { agent, page } = people, { hub, code, socket } = await hubOf(scene);
  await page.click('#beside-add');
  await look(page, 'beside-code');
  await page.fill('#beside-code', '4071 839 229 9');
  await page.click('#beside-link');
  await page.waitForFunction(() => document.querySelector('#beside-error').textContent !== '');
  await page.fill('#beside-code', code);
  await page.click('#beside-link');
  await page.waitForSelector('#beside-unlink');
  await hub.await('beside', { state: 'linked' });
  agent.do({ do: 'request', capability: 'device-state', purpose: 'To find your lamp' });
  await page.click('#allow');
  await hub.await('capture', { on: true });
  const home = await firmware(socket);
  home.say({ device: 'lamp', kind: 'light', maker: 'Acme', model: 'L1', name: 'Kitchen lamp' });
  home.say({ device: 'lamp', property: 'availability', value: false });
  await agent.await('device', { device: '2:lamp' });
  const state = await agent.await('state', { device: '2:lamp', property: 'availability' });
  assert.equal(state.value, false);
  await agent.await('state', { property: 'language' }); // and the phone's own
  await page.click('.beside summary');
  assert.match(await page.textContent('.beside details'), /Kitchen lamp.*Reachable\s*no/s);
  await look(page, 'beside-linked');
  agent.do({ do: 'check', check: 'horoscope' }); // runs on the hub: a browser would know no check at all
  const check = await agent.await('check', { check: 'horoscope' });
  assert.match(check.detail, /gateway/);
  await hideButton(page, '2:lamp').click();
  await agent.await('device', { device: '2:lamp', hidden: true });
  const hidden = agent.mark();
  await hideButton(page, '2:lamp').click();
  await agent.await('state', { device: '2:lamp', property: 'availability', value: false }, hidden);
  home.end();
  await leave(people);
  await hub.await('beside', { state: 'ended' });
  assert.deepEqual(page.problems, []);
});

const hideButton = (page, ...of) => page.locator(`[id="beside-hide-${of.join(' ')}"]`);

/** The hub is linked and may tell what it sees. */
async function allowed() {
  const people = await scene.joined(), { agent, page } = people, { hub, code, socket } = await hubOf(scene);
  await link(page, code);
  await page.waitForSelector('#beside-unlink');
  agent.do({ do: 'request', capability: 'device-state', purpose: 'To find your lamp' });
  await page.click('#allow');
  await hub.await('capture', { on: true });
  const home = await firmware(socket);
  return { ...people, hub, home };
}

/** Linked and allowed; the lamp has come through to the agent. */
async function lit() {
  const told = await allowed(), { agent, home } = told;
  home.say({ device: 'lamp', kind: 'light', name: 'Kitchen lamp' });
  home.say({ device: 'lamp', property: 'availability', value: true });
  home.say({ device: 'lamp', property: 'brightness', value: 40 });
  await agent.await('state', { device: '2:lamp', property: 'brightness', value: 40 });
  return told;
}

test('one property of the hub is not shown, then not told either, and shown again', async () => {
  const people = await lit(), { agent, page, hub, home } = people;
  await page.click('.beside summary');
  await hideButton(page, '2:lamp', 'brightness').click();
  await agent.await('state', { device: '2:lamp', property: 'brightness', hidden: true });
  await hub.await('hidden', { device: 'lamp', property: 'brightness', on: true });
  assert.match(await page.textContent('.beside details'), /Brightness\s*hidden/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'beside-hide-2:lamp brightness', 'the focus stays');
  const from = agent.mark();
  home.say({ device: 'lamp', property: 'brightness', value: 90 });
  home.say({ device: 'lamp', property: 'availability', value: false });
  await agent.await('state', { device: '2:lamp', property: 'availability', value: false }, from);
  assert.deepEqual(agent.events.slice(from).filter((e) => e.property === 'brightness'), []);
  assert.equal(await page.evaluate(() => document.querySelector('.beside details').open), true, 'what is being read stays open');
  await look(page, 'beside-hidden');
  await hideButton(page, '2:lamp', 'brightness').click();
  await agent.await('state', { device: '2:lamp', property: 'brightness', value: 90 }, from);
  home.end();
  await leave(people);
  assert.deepEqual(page.problems, []);
});

test('what the hub tells has words and units for people, and its own name for who points at it', async () => {
  const people = await lit(), { agent, page, home } = people, values = () => page.textContent('.beside details');
  await page.click('.beside summary');
  home.say({ device: 'lamp', property: 'uptime', value: 273600, unit: 's' });
  home.say({ device: 'lamp', property: 'memory_free', value: 8000, unit: 'MiB' });
  home.say({ device: 'lamp', property: 'door', value: true });
  home.say({ device: 'lamp', property: 'bananas_left', value: 3 });
  await agent.await('state', { device: '2:lamp', property: 'bananas_left', value: 3 });
  await page.waitForFunction(() => document.querySelector('.beside details').textContent.includes('bananas_left'));
  for (const shown of [/Running for\s*3 days 4 hours/, /Memory free\s*7\.8 GiB/, /Door\s*open/, /bananas_left\s*3/]) assert.match(await values(), shown);
  await page.waitForSelector('.beside [title="memory_free = 8000 MiB"]');
  await look(page, 'beside-words');
  home.end();
  await leave(people);
  assert.deepEqual(page.problems, []);
});

test('a reload keeps the hub: it tells nothing until one tap, and what was hidden is hidden', async () => {
  const people = await lit(), { agent, page, hub, home } = people;
  await page.click('.beside summary');
  await hideButton(page, '2:lamp', 'brightness').click();
  await agent.await('state', { device: '2:lamp', property: 'brightness', hidden: true });
  const from = agent.mark(), hubFrom = hub.mark();
  await page.reload();
  await agent.await('connection', { state: 'resumed' }, from);
  await page.waitForSelector('#continue');
  await page.waitForFunction(() => /is part of this visit/.test(document.querySelector('.beside').textContent));
  await hub.await('capture', { on: false }, hubFrom);
  home.say({ device: 'lamp', property: 'availability', value: false });
  agent.do({ do: 'chat', text: 'Are you there?' });
  await page.waitForSelector('.lines .theirs');
  assert.deepEqual(agent.events.slice(from).filter((e) => e.event === 'state' || e.event === 'device'), []);
  const tapped = hub.mark();
  await page.click('#continue');
  await hub.await('capture', { on: true }, tapped);
  await agent.await('state', { device: '2:lamp', property: 'availability', value: true }, from); // what was said meanwhile is nobody's
  await agent.await('state', { device: '2:lamp', property: 'brightness', hidden: true }, from);
  home.say({ device: 'lamp', property: 'brightness', value: 90 });
  home.say({ device: 'lamp', property: 'availability', value: false });
  await agent.await('state', { device: '2:lamp', property: 'availability', value: false }, from);
  assert.equal(agent.events.slice(from).filter((e) => e.property === 'availability' && e.value === false).length, 1);
  assert.deepEqual(agent.events.slice(from).filter((e) => e.property === 'brightness' && !e.hidden), []);
  home.end();
  await leave(people);
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.deepEqual(page.problems, []);
});

test('after a cut of the phone\u2019s line the hub is there again, and goes on telling', async () => {
  const people = await lit(), { agent, page, hub, home } = people, from = agent.mark(), hubFrom = hub.mark();
  await page.context().setOffline(true);
  await page.context().setOffline(false);
  await agent.await('connection', { state: 'resumed' }, from);
  await hub.await('capture', { on: true }, hubFrom);
  home.say({ device: 'lamp', property: 'brightness', value: 70 });
  await agent.await('state', { device: '2:lamp', property: 'brightness', value: 70 }, from);
  home.end();
  await leave(people);
});

test('taken back on the phone, it is over on the hub too', async () => {
  const people = await allowed(), { agent, page, hub, home } = people;
  home.say({ device: 'lamp', kind: 'light' });
  await agent.await('device', { device: '2:lamp' });
  const before = agent.mark(), begun = performance.now();
  await page.click('#off-device-state');
  await hub.await('capture', { on: false });
  await agent.await('consent', { capability: 'device-state', state: 'withdrawn' });
  console.log(`both devices had stopped after ${Math.round(performance.now() - begun)} ms`);
  home.say({ device: 'lamp', property: 'availability', value: true });
  agent.do({ do: 'chat', text: 'Still there?' });
  await page.waitForFunction(() => document.body.textContent.includes('Still there?'));
  assert.deepEqual(agent.events.slice(before).filter((e) => e.event === 'state'), []);
  home.end();
  await leave(people);
});
