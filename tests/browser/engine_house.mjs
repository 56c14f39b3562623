// SPDX-License-Identifier: Apache-2.0
/* What the scenes of every engine begin with: a house, the engine at its wheel, what a page can watch of itself, and a look at each screen. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { drive } from './drive.mjs';
import { House } from './house.mjs';

/* Tracks, sockets and errors, as far as a page can watch itself. */
export const WATCH = `
  window.tracks = []; window.problems = []; window.heard = [];
  const ask = navigator.mediaDevices?.getUserMedia?.bind(navigator.mediaDevices);
  if (ask) navigator.mediaDevices.getUserMedia = async (wanted) => { const s = await ask(wanted); window.tracks.push(...s.getTracks()); return s; };
  addEventListener('error', (e) => window.problems.push(String(e.message)));
  addEventListener('unhandledrejection', (e) => window.problems.push(String(e.reason)));
  const listen = () => new MutationObserver((changes) => {
    for (const c of changes) if (c.target.matches?.('[aria-live]')) for (const n of c.addedNodes) window.heard.push(n.textContent);
  }).observe(document.body, { childList: true, subtree: true });
  if (document.body) listen(); else addEventListener('DOMContentLoaded', listen);
`;
export const LIVE = `window.tracks.filter((t) => t.readyState === 'live').length`;

/** house and page are there once the tests run; shared by all that is told of this engine. */
export function engineHouse(engine, ...how) {
  const it = {
    engine, house: undefined, page: undefined,
    async look(name) {
      assert.deepEqual(await it.page.axe(), [], name);
      const shots = process.env.HANDHOLD_SHOTS;
      if (!shots) return;
      mkdirSync(shots, { recursive: true });
      await it.page.shot(join(shots, `${engine}-${name}.png`));
    },
  };
  before(async () => {
    it.house = await House.open();
    it.page = await drive(engine, ...how);
    await it.page.before(WATCH);
  });
  after(async () => {
    await it.page?.close();
    await it.house?.close();
  });
  return it;
}
