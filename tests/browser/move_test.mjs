// SPDX-License-Identifier: Apache-2.0
/* The same link on a second device: it says that it is in use, asks there, and goes on when the person says so there. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { openPage } from './browser.mjs';
import { leave, Scene } from './scene.mjs';
import { liveTracks, look, watch } from './watch.mjs';

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

async function second(agent) {
  const page = await openPage(scene.browser), seen = await watch(page);
  await page.goto(agent.invite.link);
  await page.click('#join');
  await page.waitForSelector('.two-digits');
  return { page, seen };
}

test('yes on the first device: it stops and forgets, and the second goes on with everything off', async () => {
  const { agent, page: first } = await scene.showing(), from = agent.mark();
  const { page: other, seen } = await second(agent);
  await first.waitForSelector('#move-go');
  assert.equal(await first.textContent('.two-digits'), await other.textContent('.two-digits'));
  await look(first, 'move-asked');
  await look(other, 'elsewhere');
  await first.click('#move-go');
  await first.waitForSelector('[data-screen="end"] h1');
  assert.match(await first.textContent('h1'), /goes on on your other device/);
  assert.match(await first.textContent('.lead'), /Nothing is sent from this device/);
  assert.match(await first.textContent('.receipt'), /what this device shared[\s\S]*Camera/);
  assert.equal(await liveTracks(first), 0);
  assert.equal(await first.evaluate(() => sessionStorage.length), 0);

  await agent.await('connection', { state: 'resumed' }, from);
  await other.waitForSelector('#continue');
  assert.match(await other.textContent('.paused'), /You go on on this device/);
  assert.equal(await liveTracks(other), 0);
  assert.equal(seen.media, 0, 'no picture leaves before the tap');
  await other.click('#continue');
  const shown = agent.mark();
  await agent.await('video', { frames: (n) => n > 1 }, shown);
  assert.equal(await liveTracks(other), 1);
  agent.do({ do: 'chat', text: 'Is this better?' });
  await other.waitForSelector('.lines .theirs');
  await leave({ agent, page: other });
  assert.match(await other.textContent('.receipt'), /begins with this device[\s\S]*Camera[\s\S]*Allowed, on your other device[\s\S]*To see the lights/);
  await other.click('#verify');
  await other.waitForFunction(() => /proof holds/.test(document.querySelector('.receipt').textContent));
  assert.deepEqual(other.problems, []);
});

test('no on the first device: it goes on as if nothing had been, and the second reads it', async () => {
  const { agent, page: first } = await scene.showing();
  const { page: other, seen } = await second(agent);
  await first.click('#move-stay');
  await other.waitForSelector('[data-screen="problem"] h1');
  assert.match(await other.textContent('h1'), /already in use/);
  assert.match(await other.textContent('.lead'), /another device, or in another window of this one/);
  const shown = agent.mark();
  await agent.await('video', { frames: (n) => n > 1 }, shown);
  assert.equal(seen.media, 0);
  await leave({ agent, page: first });
});

test('who has not the link asks nobody', async () => {
  const { agent, page: first } = await scene.joined();
  const page = await openPage(scene.browser), link = new URL(agent.invite.link);
  await page.routeWebSocket(/\/s$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => { // the tag of MOVE is somewhere in Hello: the last byte of it is turned
      const bytes = Buffer.from(message);
      if (bytes[0] === 0x40) bytes[bytes.length - 1] ^= 1;
      server.send(bytes);
    });
  });
  await page.goto(link.href);
  await page.click('#join');
  await page.waitForSelector('[data-screen="problem"] h1');
  assert.equal(await first.locator('#move-go').count(), 0);
});
