// SPDX-License-Identifier: Apache-2.0
/* A whole session without a pointer, and one by what the accessibility tree and the live regions say alone. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { morePictures, Scene, taken } from './scene.mjs';
import { heard, liveTracks } from './watch.mjs';

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

/** Tab until this element has the focus; every stop on the way must be seen, and not be under the bar. */
async function tabTo(page, selector) {
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate((wanted) => {
      const element = document.activeElement, box = element.getBoundingClientRect();
      const bar = document.querySelector('.bar')?.getBoundingClientRect();
      const covered = bar !== undefined && !element.closest('.bar, dialog') && box.top >= bar.top;
      const style = getComputedStyle(element);
      return { there: element.matches(wanted), covered, outlined: element === document.body || style.outlineStyle !== 'none', tag: element.outerHTML.slice(0, 80) };
    }, selector);
    assert.ok(at.outlined, `no focus is seen on ${at.tag}`);
    assert.ok(!at.covered, `under the bar: ${at.tag}`);
    if (at.there) return;
  }
  assert.fail(`${selector} is not reached by Tab`);
}

test('by keys alone: join, allow, hide, pause, write, end, check the proof', async () => {
  const { agent, page } = await scene.invited({ phone: false, width: 1024, height: 768 });
  await page.waitForSelector('.who.good');
  await tabTo(page, '#join');
  await page.keyboard.press('Enter');
  await agent.await('joined');
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
  await page.waitForSelector('#allow');
  await page.keyboard.press('Escape');
  assert.ok(await page.isVisible('#allow'), 'Escape answers nothing');
  await tabTo(page, '#allow');
  await taken(page, '#allow');
  await page.keyboard.press('Space');
  await agent.await('first-picture');
  await page.waitForSelector('#hide:visible');
  await tabTo(page, '#hide');
  await page.keyboard.press('Enter');
  await tabTo(page, '#mask-add');
  await page.keyboard.press('Enter');
  const before_ = await page.locator('.mask-box').boundingBox();
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Shift+ArrowDown');
  const after_ = await page.locator('.mask-box').boundingBox();
  assert.ok(after_.x < before_.x && after_.height > before_.height);
  await tabTo(page, '#mask-done');
  await page.keyboard.press('Enter');
  await tabTo(page, '#chat');
  await page.keyboard.type('The third light blinks');
  await page.keyboard.press('Enter');
  await agent.await('chat', { text: 'The third light blinks' });
  await tabTo(page, '#pause');
  await taken(page, '#pause');
  await page.keyboard.press('Enter');
  await agent.await('paused', { by: 'customer' });
  assert.equal(await page.evaluate(() => document.activeElement.id), 'continue');
  await taken(page, '#continue');
  await page.keyboard.press('Enter');
  await tabTo(page, '#off-camera');
  await page.keyboard.press('Enter');
  await agent.await('consent', { capability: 'camera', state: 'withdrawn' });
  await tabTo(page, '#end');
  await page.keyboard.press('Enter');
  await tabTo(page, '#leave-now');
  await taken(page, '#leave-now');
  await page.keyboard.press('Enter');
  await agent.await('ended', { reason: 'customer-left' });
  await page.waitForSelector('.receipt');
  await tabTo(page, '#verify');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => /proof holds/.test(document.querySelector('.receipt').textContent));
  assert.deepEqual(page.problems, []);
});

test('by ear: every step is said, in order, and every control has its name', async () => {
  const { agent, page } = await scene.invited();
  const press = (name) => page.getByRole('button', { name, exact: true }).click();
  await page.getByText('Verified: this address belongs to localhost.').waitFor();
  await press('Join');
  await agent.await('joined');
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
  await page.getByRole('dialog', { name: 'Ana Lindqvist asks to see your camera' }).waitFor();
  await press('Allow');
  await agent.await('first-picture');
  agent.do({ do: 'draw', shape: 'circle', points: [[0.1, 0.1], [0.3, 0.3]], text: 'this one' });
  await page.getByRole('img', { name: /drew a circle at the top left of your picture. It says: “this one”/ }).waitFor();
  await press('Got it');
  agent.do({ do: 'chat', text: 'Thank you' });
  await page.getByText('Thank you').first().waitFor();
  await press('Pause');
  await page.getByRole('heading', { name: 'Paused' }).waitFor();
  await press('Continue');
  await press('Turn off Camera');
  await agent.await('consent', { capability: 'camera', state: 'withdrawn' });
  await press('End');
  await page.getByRole('dialog', { name: 'End now?' }).waitFor();
  await press('End now');
  await page.getByRole('heading', { name: 'It has ended' }).waitFor();
  const said = await heard(page);
  const order = [/Ana Lindqvist of localhost is here/, /asks to see your camera.*To see the lights/, /Camera is on/, /drew a circle/, /writes: Thank you/, /You paused/, /Continued\. Camera/, /Camera is off/];
  let at = -1;
  for (const words of order) {
    const next = said.findIndex((text, i) => i > at && words.test(text));
    assert.ok(next > at, `${words} is not said after the one before; heard: ${said.join(' | ')}`);
    at = next;
  }
});

test('a question outlives every Escape, which is the gesture that leads back on a phone', async () => {
  const { agent, page } = await scene.joined();
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
  await page.waitForSelector('#allow');
  await page.evaluate(() => { window.closed = new Promise((resolve) => document.querySelector('dialog').addEventListener('close', resolve)); });
  for (let i = 0; i < 4; i++) await page.keyboard.press('Escape');
  await page.evaluate(() => window.closed); // this browser takes no more than two refusals
  await page.waitForFunction(() => document.querySelector('dialog').open);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'sheet-title');
  await page.click('#not-now');
  await agent.await('consent', { capability: 'camera', state: 'refused' });
  agent.do({ do: 'request', capability: 'camera', purpose: 'Once more' });
  await page.click('#allow');
  await agent.await('first-picture');
  await page.click('#end');
  for (let i = 0; i < 4; i++) await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('dialog').open);
  await page.click('#pause');
  await agent.await('paused', { by: 'customer' });
});

test('the gesture that leads back asks before it costs the visit', async () => {
  const people = await scene.showing(), { agent, page } = people;
  for (let times = 0; times < 2; times++) {
    const from = agent.mark();
    await page.goBack();
    await page.waitForSelector('#leave-now');
    assert.equal(await liveTracks(page), 1);
    await page.click('#stay');
    await morePictures(agent, 2);
    assert.ok(!agent.events.slice(from).some((e) => e.event === 'connection'), 'the line was never gone');
  }
  await page.goBack();
  await page.click('#leave-now');
  await agent.await('ended', { reason: 'customer-left' });
  await page.waitForSelector('.receipt');
  await page.goBack();
  assert.ok(await page.isVisible('.receipt'), 'nor is the receipt lost by one gesture');
});

test('what is said while a sheet is open is said inside it, and what is said at its end is not lost with it', async () => {
  const { agent, page } = await scene.joined(), cdp = await page.context().newCDPSession(page);
  const audible = async () => { // what is inert is not in the tree
    const { nodes } = await cdp.send('Accessibility.getFullAXTree'), of = new Map(nodes.map((node) => [node.nodeId, node]));
    const text = (node) => [node.name?.value ?? '', ...(node.childIds ?? []).map((id) => of.get(id)).filter(Boolean).map(text)].join(' ');
    return nodes.filter((node) => !node.ignored && ['status', 'alert'].includes(node.role?.value)).map(text).join(' | ');
  };
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
  const sheet = page.getByRole('dialog', { name: /asks to see your camera/, description: /To see the lights/ });
  await sheet.waitFor();
  agent.do({ do: 'chat', text: 'Take your time' });
  await page.waitForSelector('.lines .theirs', { state: 'attached' });
  assert.match(await audible(), /asks to see your camera[\s\S]*To see the lights/);
  assert.match(await audible(), /writes: Take your time/);
  await page.click('#not-now');
  await agent.await('consent', { capability: 'camera', state: 'refused' });
  await page.waitForFunction(() => !document.querySelector('dialog').open);
  assert.match(await audible(), /You said no/);
  assert.doesNotMatch(await audible(), /Take your time/);
});

test('with less motion nothing moves by itself', async () => {
  const { agent, page } = await scene.joined({ reducedMotion: 'reduce' });
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
  await page.waitForSelector('#allow');
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
});
