// SPDX-License-Identifier: Apache-2.0
/*
 * What must hold in every engine, told once: a whole visit, from the link to the receipt. Where an engine cannot do a
 * thing, what is tested is that the page says so and goes on.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIVE } from './engine_house.mjs';
import { decodePng, meanLuma } from './watch.mjs';

const total = (agent) => agent.most('video', 'total_frames');

/** it: of engineHouse. */
export function engineScenes(it, name = it.engine) {
  test(`${name}: the link is opened, and nothing is spent`, async () => {
    const { house, page, look } = it, agent = await house.agent();
    await page.go(agent.invite.link);
    await page.see('.who.good');
    assert.equal(await page.ask('location.hash'), new URL(agent.invite.link).hash);
    await look('welcome');
    await agent.end();
  });

  test(`${name}: a whole visit`, async () => {
    const { house, page, look } = it, file = house.path('picture.png'), agent = await house.agent('--snapshot', file);
    await page.go('about:blank');
    await page.go(agent.invite.link);
    await page.tap('#join');
    await agent.await('joined');
    assert.equal(await page.ask('location.hash'), '');
    await page.see('.top .good');

    agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights of your router' });
    await page.see('#allow');
    assert.equal(await page.ask(LIVE), 0, 'no lens opens before the answer');
    await look('asked');
    await page.tap('#allow');
    await agent.await('first-picture');
    assert.equal(await page.ask(LIVE), 1);
    await agent.await('video', { total_frames: (n) => n > 10 });
    await page.see('.tools');
    await look('showing');

    agent.do({ do: 'draw', shape: 'circle', points: [[0.3, 0.3], [0.6, 0.6]], text: 'this one' });
    await page.see('.card canvas');
    await page.until(`document.querySelector('.mark-words').textContent.includes('this one')`);
    assert.equal(await page.ask(`document.querySelectorAll('.mark-words li').length`), 1, 'the marked picture is there');
    await look('marked');
    await page.tap('.dismiss');

    await page.tap('#hide');
    await page.tap('#mask-add');
    await page.see('.mask-box');
    await page.tap('#mask-done');

    await page.tap('#pause');
    await agent.await('paused', { by: 'customer', reason: 'asked' });
    assert.equal(await page.ask(LIVE), 0);
    await page.tap('#continue');
    await page.until(`${LIVE} === 1`); // pictures of before may be counted still
    const before_ = total(agent);
    await agent.await('video', { total_frames: (n) => n > before_ + 15 });

    await page.write('#chat', 'The third one blinks');
    await page.tap('#send');
    await agent.await('chat', { text: 'The third one blinks' });
    agent.do({ do: 'chat', text: 'Thank you' });
    await page.until(`document.querySelector('.lines .theirs')?.textContent.includes('Thank you')`);

    const from = agent.mark(), pictures = total(agent);
    await page.reload();
    await agent.await('connection', { state: 'resumed' }, from);
    await page.see('#continue');
    assert.deepEqual(await page.ask(`[${LIVE}, sessionStorage.length]`), [0, 0], 'after a reload everything is off');
    await page.tap('#continue');
    await agent.await('video', { total_frames: (n) => n > pictures + 15 }, from);
    await page.see('#off-camera');

    await page.tap('#off-camera');
    await agent.await('consent', { capability: 'camera', state: 'withdrawn' });
    assert.equal(await page.ask(LIVE), 0);
    const { chromiumForPictures } = await import('./pictures.mjs');
    const eye = await chromiumForPictures();
    if (eye) {
      const arrived = await decodePng(eye, file);
      await eye.close();
      assert.ok(meanLuma(arrived, { x: 0.33, y: 0.33, width: 0.24, height: 0.19 }) < 20, 'what is hidden is black at the agent');
    }

    agent.do({ do: 'request', capability: 'device-state', purpose: 'To see the battery' });
    await page.tap('#allow');
    await agent.await('state', { property: 'connectivity', value: true });
    await page.see('.facts-of-device');

    await page.tap('#end');
    await page.tap('#leave-now');
    await agent.await('ended', { reason: 'customer-left' });
    await page.see('.receipt');
    await look('end');
    await page.tap('#verify');
    await page.until(`/proof holds/.test(document.querySelector('.receipt').textContent)`);
    assert.deepEqual(await page.ask('[localStorage.length, sessionStorage.length, document.cookie]'), [0, 0, '']);
    assert.deepEqual(await page.ask('window.problems'), []);
  });

  test(`${name}: where the lens cannot be had, the agent reads it, and the help goes on`, async () => {
    const { house, page } = it, agent = await house.agent();
    await page.go('about:blank');
    await page.go(agent.invite.link);
    await page.tap('#join');
    await agent.await('joined');
    await page.run(`navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))`);
    agent.do({ do: 'request', capability: 'camera', purpose: 'To see it' });
    await page.tap('#allow');
    await agent.await('consent', { capability: 'camera', state: 'blocked' });
    await page.tap('#understood');
    agent.do({ do: 'chat', text: 'Then we write' });
    await page.until(`document.querySelector('.lines .theirs')?.textContent.includes('Then we write')`);
    await page.tap('#end');
    await page.tap('#leave-now');
    await agent.await('ended');
  });
}
