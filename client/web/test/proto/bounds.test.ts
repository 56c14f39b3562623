// SPDX-License-Identifier: Apache-2.0
/* What an agent can make a phone keep has a bound, and what a person hid stays hidden. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ring } from '../../src/camera/ring.js';
import type { Fact } from '../../src/device/facts.js';
import { Teller } from '../../src/device/teller.js';
import type { GuidePart } from '../../src/proto/session.js';
import { takeGuidePart } from '../../src/visit/guide.js';
import { GuidePictures } from '../../src/visit/guide_pictures.js';

/* ---- pictures of a guide ---- */

const open = (run: number, steps: number): GuidePart => ({ part: 'open', run, title: 'Lights', summary: '', language: 'en', steps });
const step = (run: number, number: number, pictureBytes = 4): GuidePart =>
  ({ part: 'step', run, step: number, title: 'Look', text: '', caution: '', point: '', help: '', byItself: false, alt: 'a light', mime: 'image/png', pictureBytes });
const piece = (run: number, number: number): GuidePart => ({ part: 'picture', run, step: number, index: 0, bytes: new Uint8Array(4) });

function addresses(): { made: string[]; gone: string[] } {
  const seen = { made: [] as string[], gone: [] as string[] };
  URL.createObjectURL = () => { seen.made.push(`blob:${seen.made.length}`); return seen.made.at(-1)!; };
  URL.revokeObjectURL = (url) => { seen.gone.push(url); };
  return seen;
}

test('a picture is kept for the steps that a guide has, and for no other', () => {
  const { made } = addresses(), pictures = new GuidePictures();
  pictures.take(open(1, 2));
  for (const number of [0, 1, 2, 9_999]) {
    pictures.take(step(1, number));
    assert.equal(pictures.take(piece(1, number)), number < 2, `step ${number}`);
  }
  assert.equal(made.length, 2);
});

test('a guide of more steps than there may be takes nothing away and keeps nothing', () => {
  addresses();
  const pictures = new GuidePictures(), guide = takeGuidePart(undefined, open(1, 1));
  pictures.take(open(1, 1));
  pictures.take(step(1, 0));
  pictures.take(piece(1, 0));
  assert.equal(takeGuidePart(guide, open(2, 101)), guide);
  pictures.take(open(2, 101));
  pictures.take(step(2, 100));
  assert.equal(pictures.take(piece(2, 100)), false);
  assert.ok(pictures.of(1, 0));
});

test('each address of a picture is given back: when another comes, when another guide begins, at the end', () => {
  const { made, gone } = addresses(), pictures = new GuidePictures(), show = (run: number): void => { pictures.take(step(run, 0)); pictures.take(piece(run, 0)); };
  pictures.take(open(1, 1));
  show(1);
  show(1);
  assert.deepEqual(gone, made.slice(0, 1));
  pictures.take(open(2, 1));
  show(2);
  pictures.clear();
  assert.deepEqual(gone, made);
  assert.equal(pictures.of(2, 0), undefined);
});

/* ---- facts of the device ---- */

test('a fact that was hidden stays so when the page is loaded again', async () => {
  Object.defineProperty(globalThis, 'navigator', { value: { onLine: true, language: 'de', platform: 'Linux' }, configurable: true });
  Object.assign(globalThis, { screen: { width: 1, height: 1 }, devicePixelRatio: 1, window: new EventTarget() });
  const none = new Uint8Array(0);
  const begin = (): { teller: Teller; told: string[]; begun: Promise<void> } => {
    const told: string[] = [];
    let all = (): void => undefined;
    const begun = new Promise<void>((resolve) => { all = resolve; });
    const teller = new Teller({
      deviceChange: () => none, checkNotMade: () => none,
      propertyChange: (_, name, value) => { told.push(`${name} ${String(value)}`); return none; },
      propertyHidden: (_, name) => { told.push(`${name} hidden`); return none; },
    }, async () => { if (told.some((line) => line.startsWith('language'))) all(); }, () => undefined);
    return { teller, told, begun };
  };
  const before = begin();
  before.teller.start();
  await before.begun;
  assert.ok(before.told.includes('language de'));
  before.teller.hide('language', true);
  before.teller.stop();
  const kept = JSON.parse(JSON.stringify(before.teller.keep())) as Fact['name'][], after = begin();
  after.teller.restore(kept);
  after.teller.start();
  await after.begun;
  assert.ok(after.told.includes('language hidden'), after.told.join(', '));
  assert.ok(!after.told.includes('language de'));
  after.teller.stop();
});

/* ---- the last ten seconds of pictures ---- */

test('the last pictures are kept for ten seconds more when the camera rests, and for no longer', async () => {
  const { setTimeout: later, clearTimeout: never } = globalThis, due = new Set<{ run(): void; ms: number }>();
  const tick = (ms: number): void => { for (const one of due) if ((one.ms -= ms) <= 0 && due.delete(one)) one.run(); };
  let decoded = 0;
  Object.assign(globalThis, {
    setTimeout: (run: () => void, ms: number) => { const one = { run, ms }; due.add(one); return one; },
    clearTimeout: (one: { run(): void; ms: number }) => due.delete(one),
    EncodedVideoChunk: class {},
    VideoDecoder: class {
      state = 'configured';
      constructor(private readonly init: { output(frame: unknown): void }) {}
      configure(): void { /* a fake */ }
      decode(): void { decoded++; this.init.output({ close: () => undefined }); }
      async flush(): Promise<void> { /* at once */ }
      close(): void { this.state = 'closed'; }
    },
  });
  try {
    const ring = new Ring(), push = (captureMonoMs: number): void => ring.push({ bytes: new ArrayBuffer(8), key: true, tid: 0, captureMonoMs, width: 4, height: 4 } as never);
    push(1000);
    ring.rest();
    tick(9_999);
    assert.ok(await ring.at(1000));
    tick(1);
    assert.equal(await ring.at(1000), undefined);
    push(2000);
    ring.rest();
    push(2100); /* it goes on */
    tick(20_000);
    assert.ok(await ring.at(2100));
    assert.equal(decoded, 2);
  } finally {
    Object.assign(globalThis, { setTimeout: later, clearTimeout: never });
  }
});
