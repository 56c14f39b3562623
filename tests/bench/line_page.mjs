// SPDX-License-Identifier: Apache-2.0
/*
 * line_page.mjs LINK CLIP ADDRESS - the phone page as bench_line's customer: Chromium opens the link, joins, and allows what is
 * asked, until it is told to end. The link names "localhost", the organisation's domain, which is the relay's ADDRESS here.
 *
 * Once a second it tells what the companion tells of itself: "sending", with what the pictures took and what they might have
 * taken. And of each picture when it left (milliseconds of the machine's monotonic clock), under the number that it has in the
 * agent's --stats: a page has no file to write it to.
 */
import { openBrowser, openPage } from '../browser/browser.mjs';

const [link, clip, address] = process.argv.slice(2);
const browser = await openBrowser(clip, [`--host-resolver-rules=MAP localhost ${address}`]);
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

process.on('SIGTERM', () => void browser.close().finally(() => process.exit(0)));
const page = await openPage(browser, { width: 390, height: 844 });
page.on('pageerror', (error) => say({ event: 'page-error', message: String(error) }));
page.on('console', (message) => { if (message.type() === 'error') say({ event: 'page-error', message: message.text() }); });

const epochToMonoMs = Number(process.hrtime.bigint()) / 1e6 - Date.now();
await page.exposeFunction('tellSending', ({ figures, left }) => {
  say({ event: 'sending', capability: 'camera', pictures: left.length, kbps: figures.sentBps / 1000, may_kbps: figures.bps / 1000 });
  for (const { obj, bytes, epochMs } of left) say({ event: 'left', obj, bytes, sent_ms: Math.round(epochMs + epochToMonoMs) });
});
/* What the page and the worker that encodes say to each other (client/web/src/camera/picture.ts), overheard. */
await page.addInitScript(() => {
  const post = Worker.prototype.postMessage, take = Object.getOwnPropertyDescriptor(Worker.prototype, 'onmessage');
  let left = [];
  Worker.prototype.postMessage = function (message, ...more) {
    if (message?.kind === 'sent') left.push({ obj: message.object, bytes: message.bytes, epochMs: performance.timeOrigin + message.nowMs });
    return post.call(this, message, ...more);
  };
  Object.defineProperty(Worker.prototype, 'onmessage', { ...take, set(taken) {
    take.set.call(this, (event) => {
      if (event.data?.kind === 'figures') {
        void window.tellSending({ figures: event.data, left });
        left = [];
      }
      taken(event);
    });
  } });
});
/* For whoever looks for a cause where no picture comes. */
let later;
function step(event) {
  clearTimeout(later);
  say({ event });
  later = setTimeout(() => void page.evaluate(() => document.body.innerText.slice(0, 400)).then((reads) => say({ event: 'reads', behind: event, reads }), () => undefined), 15_000);
}
/* A browser drops what it is loading when the machine's network has just changed, as it does in a namespace that is just up: the page,
 * or what the page is made of, without which nothing stands on it. */
for (let left = 5; ; left--) {
  const failed = await page.goto(link).then(() => page.waitForSelector('#join', { timeout: 5000 })).then(() => undefined, (error) => error);
  if (!failed) break;
  say({ event: 'not-opened', message: String(failed.message).split('\n')[0] });
  if (left === 0) process.exit(1);
  await page.goto('about:blank'); // the same link again would not be loaded anew
}
await page.click('#join');
step('joined');
/* Each sheet as it comes; with several things on it, all of them. */
for (;;) {
  await page.waitForSelector('#allow', { timeout: 0 }).catch(() => process.exit(1));
  for (const wish of await page.$$('input[id^="want-"]')) await wish.check();
  await page.click('#allow', { timeout: 5000 }).catch(() => undefined); // it may have closed meanwhile
  step('allowed');
}
