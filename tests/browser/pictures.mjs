// SPDX-License-Identifier: Apache-2.0
/* A Chromium that only decodes pictures for the tests of another engine; undefined where there is none. */
import { programs } from './engines.mjs';

export async function chromiumForPictures() {
  if (!programs.chromium()) return undefined;
  const { openBrowser } = await import('./browser.mjs');
  return await openBrowser();
}
