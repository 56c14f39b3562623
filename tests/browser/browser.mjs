// SPDX-License-Identifier: Apache-2.0
/* Chromium with a camera that shows a known clip. The house's CA is not in its store, so its errors are ignored. */
import { chromium } from 'playwright-core';
import { programs } from './engines.mjs';
import { WAIT_MS } from './house.mjs';

const PATH = programs.chromium();

export async function openBrowser(cameraFile, more = []) {
  return await chromium.launch({
    executablePath: PATH, headless: true, timeout: 2 * WAIT_MS,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
      ...(cameraFile ? [`--use-file-for-fake-video-capture=${cameraFile}`] : []), ...more],
  });
}

export const SIZES = { small: [320, 640], phone: [390, 844], tablet: [768, 1024] };

/** A page of its own; errors of the page are gathered in page.problems. */
export async function openPage(browser, { width = 390, height = 844, colorScheme = 'light', locale = 'en-GB', camera = true, phone = true, reducedMotion = 'no-preference', ...more } = {}) {
  const context = await browser.newContext({
    viewport: { width, height }, ignoreHTTPSErrors: true, colorScheme, locale, reducedMotion, hasTouch: phone,
    permissions: camera ? ['camera', 'microphone'] : [],
    ...(phone ? { userAgent: 'Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36' } : {}),
    ...more,
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(String(error.stack ?? error)));
  page.on('console', (message) => { if (message.type() === 'error') page.problems.push(message.text()); });
  return page;
}
