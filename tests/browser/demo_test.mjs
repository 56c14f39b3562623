// SPDX-License-Identifier: Apache-2.0
/* The demo for another device: what it prints is enough for a phone, and the phone shows its camera. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openBrowser, openPage } from './browser.mjs';
import { bin, clip, Program } from './house.mjs';

let browser, dir, demo;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'handhold-demo-'));
  browser = await openBrowser(clip(join(dir, 'camera.y4m'), { seconds: 2 }));
});
after(async () => {
  await demo?.end('SIGINT');
  await browser?.close();
  rmSync(dir, { recursive: true, force: true });
});

test('demo --phone: the address of this machine is who invites, verified, and the camera arrives', async () => {
  demo = new Program('handhold-demo', ['--bin', bin, '--out', join(dir, 'out'), '--phone', '--host', '127.0.0.1']);
  const { line } = await demo.await('text', { line: (text) => /^https:\S+\/j#\S+$/.test(text) });
  const page = await openPage(browser);
  await page.goto(line);
  await page.waitForSelector('.who.good');
  assert.match(await page.textContent('.who'), /127\.0\.0\.1/);
  await page.click('#join');
  await page.click('#allow');
  await demo.await('text', { line: (text) => /[1-9]\d* pictures, +[1-9]/.test(text) });
  await page.click('#not-now'); // the device information
  await page.click('#end');
  await page.click('#leave-now');
  await demo.await('text', { line: (text) => /The session ended: customer-left/.test(text) });
});
