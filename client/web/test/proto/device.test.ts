// SPDX-License-Identifier: Apache-2.0
/* What a browser says of itself decides which way out of an app, and which way to a refused camera, a person reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDevice } from '../../src/join/device.js';
import type { BrowserKind, WayOut } from '../../src/join/device.js';

const APPLE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)', MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)';
const DROID = 'Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko)', VIEW = 'Mozilla/5.0 (Linux; Android 14; Pixel 7; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/150.0.0.0 Mobile Safari/537.36';

const read = (agent: string, maxTouchPoints = 0): ReturnType<typeof readDevice> => {
  Object.defineProperty(globalThis, 'navigator', { value: { maxTouchPoints }, configurable: true });
  return readDevice(agent);
};

const APPS: readonly (readonly [agent: string, app: string, way: WayOut])[] = [
  [`${VIEW} [FB_IAB/FB4A;FBAV/450.0.0]`, 'Facebook', 'external'], [`${VIEW} [FB_IAB/Orca-Android;FBAV/450.0.0]`, 'Messenger', 'external'],
  [`${APPLE} Mobile/15E148 [FBAN/MessengerForiOS;FBAV/450.0]`, 'Messenger', 'external'], [`${APPLE} Mobile/15E148 Instagram 300.0`, 'Instagram', 'external'],
  [`${APPLE} Mobile/15E148 Barcelona 289.0`, 'Threads', 'external'], [`${APPLE} Safari Line/13.1`, 'LINE', 'default'],
  [`${VIEW} MicroMessenger/8.0`, 'WeChat', 'browser'], [`${APPLE} Mobile/15E148 MicroMessenger/8.0`, 'WeChat', 'default'],
  [`${APPLE} Mobile/15E148 BytedanceWebview/d8a21c6 TikTok 33.1`, 'TikTok', 'browser'], [`${APPLE} [LinkedInApp]/9.29`, 'LinkedIn', 'browser'],
  [`${APPLE} WhatsApp/2.23`, 'WhatsApp', 'system'], [`${VIEW} Telegram-Android/11.3`, 'Telegram', 'system'], [VIEW, '', 'system'], [`${APPLE} Mobile/15E148`, '', 'system'],
];

test('each app is told by its name, and its way out as its own menu calls it', () => {
  for (const [agent, app, way] of APPS) {
    const device = read(agent);
    assert.deepEqual([device.insideApp, device.wayOut], [app, way], agent);
  }
});

const BROWSERS: readonly (readonly [agent: string, kind: BrowserKind, phone: boolean, touch?: number])[] = [
  [`${DROID} Chrome/150.0.0.0 Mobile Safari/537.36`, 'chrome-phone', true], [`${DROID} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36`, 'chrome-phone', true],
  ['Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0', 'firefox-phone', true], [`${APPLE} Version/18.0 Mobile/15E148 Safari/604.1`, 'safari-phone', true],
  [`${APPLE} CriOS/140.0 Mobile/15E148 Safari/604.1`, 'other-ios', true], [`${APPLE} FxiOS/140.0 Mobile/15E148 Safari/605.1.15`, 'other-ios', true],
  [`${MAC} Version/18.0 Safari/605.1.15`, 'safari', false], [`${MAC} Version/18.0 Safari/605.1.15`, 'safari-phone', true, 5],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'firefox', false],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0', 'chrome', false],
];

test('each browser is told its own way, and a real one is inside no app', () => {
  for (const [agent, kind, phone, touch] of BROWSERS) {
    const device = read(agent, touch);
    assert.deepEqual([device.kind, device.phone, device.insideApp], [kind, phone, undefined], agent);
  }
});
