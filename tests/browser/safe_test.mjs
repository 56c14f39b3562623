// SPDX-License-Identifier: Apache-2.0
/* What the page may run, fetch and be: its policies as the browser keeps them, its weight, and that anybody can build the same one. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bin } from './house.mjs';
import { leave, Scene } from './scene.mjs';

const web = join(dirname(fileURLToPath(import.meta.url)), '../../client/web');
const READY_MOST = 100_000, ALL_MOST = 200_000; /* bytes, gzip */
const version = execFileSync(join(bin, 'handhold-relay'), ['--version'], { encoding: 'utf8' });
const buildHash = /phone page ([0-9a-f]{64})/.exec(version)?.[1];

let scene;
before(async () => { scene = await Scene.open(); });
after(async () => { await scene.close(); });
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

test('every file that the page names carries its integrity, and the file is that one', async () => {
  const { page } = await scene.invited(), html = await (await page.request.get(scene.house.url)).text();
  const named = [...html.matchAll(/<(?:script|link)\b[^>]*>/g)].map(([tag]) => ({ tag, address: /(?:src|href)="([^"]+)"/.exec(tag)?.[1], integrity: /integrity="sha384-([^"]+)"/.exec(tag)?.[1] }));
  assert.ok(named.length >= 3, html);
  for (const { tag, address, integrity } of named) {
    assert.ok(address?.startsWith('/a/') && integrity, tag);
    const file = await page.request.get(scene.house.url + address);
    assert.equal(createHash('sha384').update(await file.body()).digest('base64'), integrity, address);
    assert.match(file.headers()['cache-control'], /immutable/);
  }
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/, 'nothing stands in the page itself');
});

test('the browser is told what the page may do, and it is little', async () => {
  const { page } = await scene.invited(), headers = (await page.request.get(`${scene.house.url}/j`)).headers(), policy = headers['content-security-policy'];
  assert.match(policy, /^default-src 'none'; script-src 'self';/);
  assert.ok(policy.includes(' img-src blob:;')); /* pictures that the page itself made of what the agent sent: no address to ask */
  assert.doesNotMatch(policy.replace(' img-src blob:;', ''), /unsafe|data:|blob:|\*/);
  for (const part of ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", 'trusted-types handhold']) assert.ok(policy.includes(part), part);
  const expected = {
    'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp', 'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(self), microphone=(self), geolocation=(), display-capture=(), payment=(), usb=()',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(headers[name], value, name);
  assert.equal(headers['set-cookie'], undefined);
});

test('and it keeps to it: no markup from strings, no script from strings, no other worker', async () => {
  const { page } = await scene.invited();
  await page.evaluate(() => setTimeout(() => { // what a debugger evaluates may do more than the page: this is the page's own turn
    const tried = {
      markup: () => { document.body.innerHTML = '<b>x</b>'; }, evaluated: () => eval('1'), made: () => new Function('1')(),
      policy: () => window.trustedTypes.createPolicy('other', {}), again: () => window.trustedTypes.createPolicy('handhold', {}), worker: () => new Worker('/a/other.js'),
    };
    const outcome = (attempt) => { try { attempt(); return 'done'; } catch (error) { return error.name; } };
    window.refused = Object.fromEntries(Object.entries(tried).map(([name, attempt]) => [name, outcome(attempt)]));
  }));
  const refused = await (await page.waitForFunction(() => window.refused)).jsonValue();
  assert.deepEqual(refused, { markup: 'TypeError', evaluated: 'EvalError', made: 'EvalError', policy: 'TypeError', again: 'TypeError', worker: 'TypeError' });
  const { alone, framed } = await page.evaluate(async () => {
    const frame = document.createElement('iframe');
    frame.src = location.origin;
    const framed = await new Promise((resolve) => { frame.onload = () => { try { resolve(frame.contentDocument?.body?.dataset.screen ?? 'refused'); } catch { resolve('refused'); } }; document.body.append(frame); });
    return { alone: crossOriginIsolated, framed };
  });
  assert.deepEqual({ alone, framed }, { alone: true, framed: 'refused' });
  for (const address of ['https://example.invalid/', 'wss://example.invalid/s'])
    assert.equal(await page.evaluate((to) => new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), { once: true });
      try { if (to.startsWith('wss')) new WebSocket(to); else fetch(to).catch(() => undefined); } catch { /* told by the event */ }
    }), address), 'connect-src');
});

test('which page it was stands on the screen, in what the relay says of itself, and in each statement', async () => {
  const people = await scene.invited(), { agent, page } = people;
  assert.ok(buildHash, version);
  assert.equal(await page.getAttribute('meta[name="handhold-build"]', 'content'), buildHash);
  assert.match(await page.textContent('.build'), new RegExp(buildHash.slice(0, 16)));
  await page.evaluate(() => {
    window.keys = [];
    const { importKey } = SubtleCrypto.prototype;
    SubtleCrypto.prototype.importKey = function (format, bytes, algorithm, extractable, uses) {
      window.keys.push({ format, extractable, uses, bytes });
      return importKey.call(this, format, bytes, algorithm, extractable, uses);
    };
  });
  await page.click('#join');
  await agent.await('joined');
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
  await page.click('#allow');
  await agent.await('first-picture');
  const keys = await page.evaluate(() => window.keys.map(({ extractable, uses, bytes }) => ({ extractable, uses, left: bytes.some((byte) => byte !== 0) })));
  assert.ok(keys.length > 0 && keys.every(({ extractable, uses, left }) => !extractable && uses.length === 1 && !left), `no key can be read out again, and its bytes are gone: ${JSON.stringify(keys)}`);
  await leave(people);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]), receipt = readFileSync(await download.path(), 'utf8');
  const notes = receipt.split(/\s+/).filter((word) => word.length > 200).map((word) => Buffer.from(word, 'base64').toString());
  const builds = notes.flatMap((note) => [...note.matchAll(/^ui \S+ (\S+)$/gm)]).map(([, build]) => Buffer.from(build, 'base64').toString('hex'));
  assert.ok(builds.length >= 2, 'a grant and its end');
  assert.deepEqual([...new Set(builds)], [buildHash]);
});

test('anybody who builds these sources anywhere gets the same page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'handhold-page-'));
  try {
    for (const name of ['src', 'scripts', 'messages', 'package.json', 'tsconfig.json', 'node_modules']) cpSync(join(web, name), join(folder, name), { recursive: true });
    const said = JSON.parse(execFileSync(process.execPath, ['scripts/build.mjs', '--out', join(folder, 'page')], { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH, TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8' } }));
    assert.equal(said.build, buildHash);
    assert.ok(said.gzip_bytes.join_ready < READY_MOST && said.gzip_bytes.all < ALL_MOST, JSON.stringify(said.gzip_bytes));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the first screen is light, everything together too, and all of it is from here', async () => {
  const agent = await scene.house.agent(), page = await scene.browser.newContext({ ignoreHTTPSErrors: true }).then((c) => c.newPage()), files = new Map();
  page.on('response', (answer) => { files.set(answer.url(), answer.body().then((body) => gzipSync(body, { level: 9 }).length, () => 0)); });
  await page.goto(agent.invite.link);
  await page.waitForSelector('#join');
  const later = new Set(await page.$$eval('link[rel="modulepreload"]', (links) => links.map((link) => link.href)));
  await page.waitForLoadState('networkidle');
  const sizes = await Promise.all([...files].map(async ([url, size]) => [url, await size])), sum = (list) => list.reduce((all, [, size]) => all + size, 0);
  const html = await (await page.request.get(scene.house.url)).text(), early = sizes.filter(([url]) => !later.has(url) || html.includes(`rel="modulepreload" href="${new URL(url).pathname}"`));
  assert.ok(sum(early) < READY_MOST, `${sum(early)} bytes until Join is ready`);
  assert.ok(sum(sizes) < ALL_MOST, `${sum(sizes)} bytes in all`);
  assert.ok(sizes.every(([url]) => url.startsWith(scene.house.url)), sizes.join(' '));
  assert.deepEqual(await page.context().cookies(), []);
});
