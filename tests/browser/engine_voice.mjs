// SPDX-License-Identifier: Apache-2.0
/* A voice both ways, told once for every engine. Where there is no sound, what is tested is that the page says so and goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EARS, LISTEN, plays } from './ears.mjs';
import { LIVE } from './engine_house.mjs';
import { tone } from './sound.mjs';

const AGENT_HZ = 1000;

/** it: of engineHouse. alter: run in the page before it needs an Opus. */
export function engineVoice(it, { alter = '', name = it.engine } = {}) {
  test(`${name}: a voice, or the words that there is none`, async () => {
    const { house, page, look } = it, agent = await house.agent('--microphone', tone(house.path('agent.wav'), AGENT_HZ), '--audio', house.path('heard.wav'));
    await page.go('about:blank');
    await page.go(agent.invite.link);
    await page.run(LISTEN);
    await page.run(alter);
    await page.tap('#join');
    await agent.await('joined');
    agent.do({ do: 'request', capability: 'microphone', purpose: 'To talk it through' });
    await page.see('#allow');
    assert.equal(await page.ask(LIVE), 0, 'no microphone opens before the answer');
    await look('asked-voice');
    await page.tap('#hear');
    await page.tap('#allow');
    if (page.hasSound) {
      await agent.await('audio', { total_packets: (n) => n > 100, level_db: (db) => db > -60 });
      assert.equal(await page.ask(LIVE), 1);
      await page.until(plays(AGENT_HZ), 'the agent to be heard');
      assert.equal(await page.ask(`performance.getEntriesByType('resource').some((e) => /opus/.test(e.name))`), await page.ask(`typeof AudioEncoder !== 'function'`));
      await look('talking');
      const from = agent.mark();
      await page.tap('#mute');
      await agent.await('audio', { level_db: (db) => db < -60 }, from);
      await page.tap('#pause');
      await agent.await('paused', { by: 'customer', reason: 'asked' });
      assert.deepEqual(await page.ask(`[${LIVE}, ${EARS}]`), [0, 0]);
      await page.tap('#continue');
      await page.until(`${LIVE} === 1`);
      await page.tap('#off-microphone');
      await agent.await('consent', { capability: 'microphone', state: 'withdrawn' });
    } else {
      await agent.await('consent', { capability: 'microphone', state: 'blocked' });
      await page.until(`/could not start its sound/.test(document.querySelector('dialog').textContent)`);
      await page.tap('#understood');
    }
    assert.deepEqual(await page.ask(`[${LIVE}, ${EARS}]`), [0, 0]);
    assert.deepEqual(await page.ask('window.problems'), []);
    await page.tap('#end');
    await page.tap('#leave-now');
    await agent.await('ended');
  });
}
