// SPDX-License-Identifier: Apache-2.0
/* What most tests begin with: a house, a browser whose camera shows the clip, a customer who has joined. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { bin, clip, House } from './house.mjs';
import { openBrowser, openPage } from './browser.mjs';
import { watch } from './watch.mjs';

export class Scene {
  static async open(options = {}) {
    const scene = new Scene();
    scene.house = await House.open();
    scene.camera = clip(scene.house.path('camera.y4m'), { size: '640x480', seconds: 4 });
    scene.browser = await openBrowser(scene.camera, options.flags);
    return scene;
  }

  /** The n-th picture of the clip as it was made, as a file. */
  original(number) {
    const file = this.house.path(`original-${number}.png`);
    execFileSync(join(bin, 'handhold-clip'), ['--size', '640x480', '--fps', '30', '--png', file, '--picture', String(number)]);
    return file;
  }

  /** A page at the link, not joined. */
  async invited(options = {}, ...agentOptions) {
    const agent = await this.house.agent(...agentOptions);
    const page = await openPage(this.browser, options);
    const seen = await watch(page);
    await page.goto(options.lang ? agent.invite.link.replace('/j#', `/j?lang=${options.lang}#`) : agent.invite.link);
    await page.waitForSelector('#join');
    return { agent, page, seen };
  }

  async joined(options = {}, ...agentOptions) {
    const people = await this.invited(options, ...agentOptions);
    await people.page.click('#join');
    await untilJoined(this.house, people.agent, people.page);
    await people.page.waitForSelector('.top .good');
    return people;
  }

  /** …and shows the camera. */
  async showing(options = {}, ...agentOptions) {
    const people = await this.joined(options, ...agentOptions);
    await show(people);
    return people;
  }

  async close() {
    await this.browser.close();
    await this.house.close();
  }
}

/** Until this takes a tap or a key: what has just come up, or was uncovered, does not. */
export async function taken(page, selector) {
  await page.waitForSelector(`${selector}:not([aria-disabled], [aria-disabled] *)`);
}

/** Who has joined is asked for the camera and allows it; until the agent has a picture. */
export async function show({ agent, page }) {
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights of your router' });
  await page.click('#allow');
  await agent.await('first-picture');
}

/** Until the agent has the customer; whoever waits in vain reads what the page and the relay said. */
export async function untilJoined(house, agent, page) {
  await agent.await('joined').catch(async (error) => {
    const seen = await page.evaluate(() => `${document.body.dataset.screen ?? ''}: ${document.body.innerText.slice(0, 400)}`).catch(String);
    throw new Error(`${error.message}\nthe page: ${seen}\n${(page.problems ?? []).join('\n')}\nthe relay: ${house.relay.events.slice(-8).map((e) => JSON.stringify(e)).join('\n')}`);
  });
}

/** So many pictures more than there were when it was called: what was on its way then has arrived long since. */
export async function morePictures(agent, count = 20) {
  const { total_frames } = await agent.await('video', {}, agent.mark());
  return await agent.await('video', { total_frames: (n) => n >= total_frames + count });
}

/** The agent has said good-bye; the person says nothing to it. */
export async function parted({ agent, page }) {
  await page.click('#skip');
  await agent.await('ended');
  await page.waitForSelector('.receipt');
}

/** Ends the visit from the page, and waits until both ends know. */
export async function leave({ agent, page }) {
  await page.click('#end');
  await page.click('#leave-now');
  await agent.await('ended');
  await page.waitForSelector('.receipt');
}
