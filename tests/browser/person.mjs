// SPDX-License-Identifier: Apache-2.0
/*
 * node person.mjs: a person with the page in front of them, told what to do by JSON Lines, for tests that are not written in
 * JavaScript. Each deed is answered by {"event":"did","do":…}, or by {"event":"failed",…} with what the page shows.
 *
 *   {"do":"go","link":…} {"do":"click","at":…} {"do":"write","at":…,"text":…} {"do":"see","at":…,"text":REGEXP} {"do":"shot","file":…}
 *   {"do":"block"}: from here on the browser says no to the camera
 */
import { createInterface } from 'node:readline';
import { whatIsMissing } from './engines.mjs';
import { whatPackagesLack } from './packages.mjs';

const WAIT_MS = 30_000; /* generous: a loaded machine is no failure */
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const missing = whatIsMissing('chromium') ?? whatPackagesLack();
if (missing) {
  say({ event: 'missing', message: missing });
  process.exit(0);
}
const { openBrowser, openPage } = await import('./browser.mjs'); /* what it imports is here only now */
const browser = await openBrowser(), page = await openPage(browser);
page.setDefaultTimeout(WAIT_MS);

const deeds = {
  go: ({ link }) => page.goto(link),
  click: ({ at }) => page.click(at),
  write: ({ at, text }) => page.fill(at, text),
  see: ({ at, text = '' }) => page.waitForFunction(([where, words]) => [...document.querySelectorAll(where)]
    .some((e) => e.getClientRects().length > 0 && new RegExp(words, 's').test(e.textContent)), [at, text]),
  block: () => page.evaluate(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')); }),
  shot: ({ file }) => page.screenshot({ path: file, fullPage: true }),
};

say({ event: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  const deed = JSON.parse(line);
  try {
    await deeds[deed.do](deed);
    say({ event: 'did', do: deed.do });
  } catch (error) {
    say({ event: 'failed', ...deed, message: String(error).slice(0, 300), page: await page.evaluate(() => document.body.innerText.slice(0, 2000)).catch(() => '') });
  }
}
await browser.close();
