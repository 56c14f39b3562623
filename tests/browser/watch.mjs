// SPDX-License-Identifier: Apache-2.0
/* What a page does that no screen shows: its sockets, its tracks, its requests; and pictures, pixel by pixel. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';

const MEDIA = 0x20;

/** Call before the page is opened. */
export async function watch(page) {
  const seen = { media: 0, messages: 0, bytes: 0, requests: [] };
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => {
    seen.messages++;
    seen.bytes += payload.length;
    if (payload[0] === MEDIA) seen.media++;
  }));
  page.on('request', (request) => seen.requests.push(request.url()));
  await page.addInitScript(() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.tracks = [];
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      window.tracks.push(...stream.getTracks());
      return stream;
    };
    window.heard = [];
    addEventListener('DOMContentLoaded', () => new MutationObserver((changes) => {
      for (const change of changes)
        if (change.target.matches?.('[aria-live]')) for (const node of change.addedNodes) window.heard.push(node.textContent);
    }).observe(document.body, { childList: true, subtree: true }));
  });
  return seen;
}

export const liveTracks = (page) => page.evaluate(() => window.tracks.filter((t) => t.readyState === 'live').length);

/** What a screen reader was given to say, in order. */
export const heard = (page) => page.evaluate(() => window.heard);

/** Ids of axe-core's violations, WCAG 2.2 A and AA and best practice. A script tag would be against the page's policy. */
export async function axeViolations(page, only = undefined) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(`${axe.source}; undefined`);
  const result = await page.evaluate(async (rules) => {
    /* what sticks lies over what can be scrolled from under it, and that is no small target; hands_test holds the focus clear of it */
    const sticky = [...document.querySelectorAll('.bar, .answers, #join')].filter((e) => getComputedStyle(e).position === 'sticky');
    for (const e of sticky) e.style.position = 'static';
    const found = await window.axe.run(document, { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } }, ...(rules && { runOnly: { type: 'rule', values: rules } }) });
    for (const e of sticky) e.style.position = '';
    return found;
  }, only);
  return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', ')} (${v.help})`);
}

const still = (page) => page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished)).then(() => undefined));
const theme = (page) => page.evaluate(() => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
const TURNED = ['color-contrast', 'link-in-text-block', 'target-size', 'scrollable-region-focusable']; /* what colours and directions change */
const WINDOWS = [[320, 640], [390, 844], [768, 1024], [844, 390]];

async function fits(page, name) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= room, `${name} is ${wide} px wide in a window of ${room}`);
}

/** All of these are whole in the window as it is scrolled, and over none of them lies the bar. */
export async function seenAtOnce(page, name, ...selectors) {
  await still(page);
  const seen = await page.evaluate((wanted) => {
    const bar = document.querySelector('.bar'), sheet = document.querySelector('dialog[open]'), floor = bar && (!sheet || sheet.contains(bar)) ? bar.getBoundingClientRect().top : innerHeight;
    return wanted.map((selector) => {
      const element = document.querySelector(selector), box = element?.getBoundingClientRect();
      return { selector, there: Boolean(box?.width), top: Math.round(box?.top ?? 0), bottom: Math.round(box?.bottom ?? 0), floor: Math.round(element?.closest('.bar') ? innerHeight : floor) };
    });
  }, selectors);
  for (const { selector, there, top, bottom, floor } of seen)
    assert.ok(there && top >= 0 && bottom <= floor, `${name}: ${selector} is not whole in the window: ${there ? `${top}–${bottom} of 0–${floor}` : 'it has no size'}`);
}

/** Words of buttons that stand in two lines though a line has room for them. */
export const brokenWords = (page) => page.evaluate(() => {
  const broken = [], range = document.createRange();
  for (const element of document.querySelectorAll('button')) {
    if (element.getClientRects().length === 0) continue;
    const space = (e) => { const style = getComputedStyle(e); return parseFloat(style.paddingLeft) + parseFloat(style.paddingRight); };
    const icon = element.querySelector('.icon'), beside = icon ? icon.getBoundingClientRect().width + (parseFloat(getComputedStyle(element).columnGap) || 0) : 0;
    const room = element.parentElement.clientWidth - space(element.parentElement) - space(element) - beside;
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode()); )
      for (const found of node.data.matchAll(/\S+/g)) {
        range.setStart(node, found.index);
        range.setEnd(node, found.index + found[0].length);
        const parts = [...range.getClientRects()], wide = parts.reduce((sum, { width }) => sum + width, 0);
        if (wide <= room && new Set(parts.map((box) => Math.round(box.top))).size > 1) broken.push(found[0]);
      }
  }
  return broken;
});

/**
 * A screen as it stands: axe-core finds nothing, as it is and in the other theme with the other direction; nothing is wider
 * than any window, nor with text of twice the size. HANDHOLD_SHOTS=FOLDER keeps a picture of it.
 */
export async function look(page, name) {
  await still(page);
  if (process.env.HANDHOLD_SHOTS) {
    mkdirSync(process.env.HANDHOLD_SHOTS, { recursive: true });
    await page.screenshot({ path: join(process.env.HANDHOLD_SHOTS, `${name}.png`) });
  }
  assert.deepEqual(await axeViolations(page), [], name);
  const size = page.viewportSize(), was = await theme(page), turn = () => page.evaluate(() => {
    const { documentElement: root } = document;
    root.dir = root.dir === 'rtl' ? 'ltr' : 'rtl';
  });
  await page.emulateMedia({ colorScheme: was === 'dark' ? 'light' : 'dark' });
  await turn();
  await still(page);
  assert.deepEqual(await axeViolations(page, TURNED), [], `${name}, in the other theme and direction`);
  await turn();
  await page.emulateMedia({ colorScheme: was });
  for (const [width, height] of WINDOWS) {
    await page.setViewportSize({ width, height });
    await fits(page, name);
    if (width === 320) assert.deepEqual(await brokenWords(page), [], `${name}: words of buttons that are broken`);
  }
  await page.setViewportSize({ width: 320, height: 640 });
  const before = await page.evaluate(() => [document.documentElement.style.fontSize, document.documentElement.style.fontSize = '200%'][0]);
  await fits(page, `${name} with text of twice the size`);
  assert.deepEqual(await brokenWords(page), [], `${name}: words of buttons that are broken with text of twice the size`);
  await page.evaluate((size) => { document.documentElement.style.fontSize = size; }, before);
  await page.setViewportSize(size);
}

/* The agent says that a picture was the last one before it has written it. */
async function whole(file) {
  for (;; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    if (bytes.subarray(-8, -4).toString('latin1') === 'IEND' || bytes.subarray(-2).equals(Buffer.from([0xff, 0xd9]))) return bytes;
  }
}

/** {width, height, data} of a PNG or JPEG, decoded by a page that is not ours; in the size of another picture, when one is given. */
export async function decodePng(browser, file, like = undefined) {
  const page = await browser.newPage(), png = await whole(file);
  try {
    const found = await page.evaluate(async ([base64, size]) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes]));
      const { width, height } = size ?? bitmap, canvas = new OffscreenCanvas(width, height), context = canvas.getContext('2d');
      context.imageSmoothingQuality = 'high';
      context.drawImage(bitmap, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      let text = '';
      for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
      return { width, height, data: btoa(text) };
    }, [png.toString('base64'), like && { width: like.width, height: like.height }]);
    return { ...found, data: Buffer.from(found.data, 'base64') };
  } finally {
    await page.close();
  }
}

export function luma({ width, data }, x, y) {
  const at = 4 * (Math.round(y) * width + Math.round(x));
  return 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
}

/** Mean of the luma in a region, 0..1 of the sides. */
export function meanLuma(picture, { x, y, width, height }) {
  let sum = 0, count = 0;
  for (let row = Math.ceil(y * picture.height); row < (y + height) * picture.height; row++)
    for (let column = Math.ceil(x * picture.width); column < (x + width) * picture.width; column++, count++) sum += luma(picture, column, row);
  return sum / count;
}

/** The number that the clip wrote into the picture (tests/clip/marker.h), or -1. */
export function markerNumber(picture) {
  const block = Math.max(4, Math.floor(picture.width / 80) & ~1);
  let bits = 0;
  for (let i = 0; i < 26; i++) {
    const size = { x: (i * block + block / 4) / picture.width, y: (picture.height - 0.75 * block) / picture.height, width: block / 2 / picture.width, height: block / 2 / picture.height };
    bits = bits * 2 + (meanLuma(picture, size) > 123 ? 1 : 0);
  }
  const number = Math.floor(bits / 512) & 0xffff, check = ((number * 167 + 91) ^ (number >> 8)) & 0xff;
  return bits === 2 ** 25 + number * 512 + check * 2 ? number : -1;
}

/** Mean difference of two pictures of one size, 0..255. */
export function difference(a, b) {
  let sum = 0;
  for (let i = 0; i < a.data.length; i += 4) sum += Math.abs(a.data[i] - b.data[i]) + Math.abs(a.data[i + 1] - b.data[i + 1]) + Math.abs(a.data[i + 2] - b.data[i + 2]);
  return sum / (a.data.length / 4 * 3);
}
