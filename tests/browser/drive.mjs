// SPDX-License-Identifier: Apache-2.0
/*
 * One small way to drive a page that every engine has: go, ask (evaluate), wait, click, write. Firefox is spoken to by
 * WebDriver BiDi, WebKitGTK by its WebDriver under an X server of its own, Chromium by playwright. What an engine's camera
 * shows is its own test picture.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { programs } from './engines.mjs';
import { freePort, WAIT_MS } from './house.mjs';

const LOOK_EVERY_MS = 100;
const nap = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Tries until it is done; a driver or a display takes its time on a loaded machine. */
async function insist(what, attempt) {
  for (const end = Date.now() + WAIT_MS; ; await nap(LOOK_EVERY_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw new Error(`${what}: ${error.message}`);
    }
  }
}

/* An element that has come to rest, lies open and takes a tap; it is brought there first. What moves is not hit where it was. */
const RESTS = (selector) => `(async () => {
  const e = [...document.querySelectorAll(${JSON.stringify(selector)})].find((one) => one.getClientRects().length);
  if (!e) return false;
  const { x, y } = e.getBoundingClientRect(), seen = (box) => document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  if (!e.contains(seen(e.getBoundingClientRect()))) e.scrollIntoView({ block: 'center' });
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const now = e.getBoundingClientRect();
  return !e.closest('[aria-disabled="true"]') && now.x === x && now.y === y && e.contains(seen(now));
})()`;

/** What every driver gains from `ask(expression)`: a promise of the JSON value of an expression, awaited in the page. */
class Driver {
  hasSound = true;

  async until(expression, what = expression) {
    const end = Date.now() + WAIT_MS;
    for (;; await nap(LOOK_EVERY_MS)) {
      const value = await this.ask(expression).catch((error) => { if (Date.now() > end) throw error; });
      if (value) return value;
      if (Date.now() > end) throw new Error(`${this.name}: waited in vain for ${what}; the page says: ${await this.ask('document.body.innerText.slice(0, 600)')}`);
    }
  }

  /** Until something that fits is there and not hidden. */
  async see(selector) {
    await this.until(`[...document.querySelectorAll(${JSON.stringify(selector)})].some((e) => e.getClientRects().length)`, selector);
  }

  async tap(selector) {
    await this.until(RESTS(selector), `${selector} at rest`);
    await this.click(selector);
  }

  text(selector) {
    return this.ask(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ''`);
  }

  async axe() {
    await this.ask('Promise.all(document.getAnimations().map((a) => a.finished)).then(() => true)');
    await this.run(axe.source);
    return await this.ask(`axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', ')))`);
  }
}

/* ---- Firefox ---- */

const FIREFOX = {
  'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true, 'permissions.default.camera': 1, 'permissions.default.microphone': 1,
  'dom.w3c_touch_events.enabled': 1, 'app.update.disabledForTesting': true, 'browser.safebrowsing.provider.mozilla.updateURL': '',
  'datareporting.policy.dataSubmissionEnabled': false, 'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false,
  'intl.accept_languages': 'en-GB',
};

/*
 * Firefox starts no sound without somebody who plays it. Where pulseaudio is installed, one of its own plays into nothing;
 * where it is not, the page has to say that there is no sound, which is a test as well.
 */
async function openPulse() {
  if (!programs.pulse()) return undefined;
  const home = mkdtempSync(join(tmpdir(), 'handhold-pulse-')), socket = join(home, 'native');
  const child = spawn(programs.pulse(), ['-n', '--daemonize=no', '--exit-idle-time=-1', '--use-pid-file=no', '-L', `module-native-protocol-unix socket=${socket} auth-anonymous=1`,
    '-L', 'module-null-sink'], { env: { ...process.env, HOME: home, XDG_RUNTIME_DIR: home }, stdio: 'ignore' });
  await insist('pulseaudio', () => { if (!existsSync(socket)) throw new Error(`it made no ${socket}`); });
  return { server: `unix:${socket}`, close: () => { child.kill('SIGTERM'); rmSync(home, { recursive: true, force: true }); } };
}

class Firefox extends Driver {
  name = 'firefox';

  static async open(prefs = {}) {
    const { default: puppeteer } = await import('puppeteer-core');
    const d = new Firefox();
    d.profile = mkdtempSync(join(tmpdir(), 'handhold-firefox-'));
    d.pulse = await openPulse();
    d.hasSound = d.pulse !== undefined;
    d.browser = await puppeteer.launch({
      browser: 'firefox', executablePath: programs.firefox(), headless: true, userDataDir: d.profile, acceptInsecureCerts: true, protocolTimeout: 2 * WAIT_MS, timeout: 2 * WAIT_MS,
      extraPrefsFirefox: { ...FIREFOX, ...prefs }, env: { ...process.env, ...(d.pulse ? { PULSE_SERVER: d.pulse.server } : {}) },
    });
    d.page = await d.browser.newPage();
    await d.page.setViewport({ width: 390, height: 844 });
    d.page.on('dialog', (dialog) => void dialog.accept()); // a receipt that was not saved is asked about
    return d;
  }

  async before(script) { await this.page.evaluateOnNewDocument(script); }
  async go(url) { await this.page.goto(url); }
  ask(expression) { return this.page.evaluate(expression); }
  run(script) { return this.page.evaluate(`${script}; undefined`); }
  click(selector) { return this.page.click(selector); }
  async write(selector, text) { await this.page.type(selector, text); }
  async reload() { await this.page.reload(); }
  async shot(file) { await this.page.screenshot({ path: file }); }

  async close() {
    await this.browser.close();
    this.pulse?.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}

/* ---- WebKitGTK ---- */

/* Xvfb chooses a free display and says which on the descriptor it is given. */
async function openDisplay(size) {
  const child = spawn(programs.xvfb(), ['-displayfd', '3', '-screen', '0', `${size}x24`, '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const number = await new Promise((resolve, reject) => {
    child.stdio[3].once('data', (text) => resolve(String(text).trim()));
    child.once('exit', () => reject(new Error('Xvfb ended at once')));
  });
  return { child, name: `:${number}` };
}

class WebKit extends Driver {
  name = 'webkit';
  #early = '';

  /** frames: as in Safari, where a worker takes frames from a track; otherwise they come from a playing video. */
  static async open({ frames = true } = {}) {
    const d = new WebKit(), port = await freePort();
    d.display = await openDisplay('390x844');
    d.home = mkdtempSync(join(tmpdir(), 'handhold-webkit-'));
    const log = openSync(join(d.home, 'driver.log'), 'w');
    d.driver = spawn(programs.webkitDriver(), ['-p', String(port)], {
      env: { ...process.env, DISPLAY: d.display.name, HOME: d.home, LANGUAGE: 'en_GB' }, stdio: ['ignore', log, log], detached: true,
    });
    closeSync(log);
    d.base = `http://127.0.0.1:${port}`;
    await insist('WebKitWebDriver', () => d.#say('GET', '/status'));
    const browserOptions = { binary: programs.miniBrowser(), args: ['--automation', '--enable-mock-capture-devices=true', '--full-screen', ...(frames ? ['--features=+MediaStreamTrackProcessing'] : [])] };
    const session = await d.#say('POST', '/session', { capabilities: { alwaysMatch: { acceptInsecureCerts: true, 'webkitgtk:browserOptions': browserOptions } } });
    d.base += `/session/${session.sessionId}`;
    return d;
  }

  async #say(method, path, body = method === 'POST' ? {} : undefined) {
    const answer = await fetch(this.base + path, { method, body: body && JSON.stringify(body), headers: { 'content-type': 'application/json' }, signal: AbortSignal.timeout(2 * WAIT_MS) });
    const { value } = await answer.json();
    if (value?.error) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }

  /** Runs as soon as a page is there: this driver has no earlier moment. */
  async before(script) { this.#early = script; }
  async go(url) {
    await this.#say('POST', '/url', { url });
    if (this.#early) await this.run(this.#early);
  }
  ask(expression) {
    return this.#say('POST', '/execute/async', { script: `const done = arguments[arguments.length - 1]; Promise.resolve().then(() => (${expression})).then(done, (e) => done(null));`, args: [] });
  }
  run(script) { return this.#say('POST', '/execute/sync', { script: `${script}; window.axe ??= typeof axe === 'undefined' ? undefined : axe;`, args: [] }); }
  async #find(selector) { return Object.values(await this.#say('POST', '/element', { using: 'css selector', value: selector }))[0]; }
  async click(selector) {
    await insist(`a click on ${selector}`, async () => this.#say('POST', `/element/${await this.#find(selector)}/click`)); // this driver gives up at once when a picture comes in and moves the page
  }
  async write(selector, text) { await this.#say('POST', `/element/${await this.#find(selector)}/value`, { text }); }
  async reload() {
    await this.#say('POST', '/refresh');
    if (this.#early) await this.run(this.#early);
  }
  async shot(file) { writeFileSync(file, Buffer.from(await this.#say('GET', '/screenshot'), 'base64')); }

  async close() {
    await this.#say('DELETE', '').catch(() => undefined);
    for (const child of [this.driver, this.display.child]) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await Promise.race([gone, nap(3000)]);
    }
    if (process.env.HANDHOLD_SHOW_LOG) console.log(readFileSync(join(this.home, 'driver.log'), 'utf8').slice(-2000));
    rmSync(this.home, { recursive: true, force: true });
  }
}

/* ---- Chromium ---- */

class Chromium extends Driver {
  name = 'chromium';

  static async open() {
    const { openBrowser, openPage } = await import('./browser.mjs');
    const d = new Chromium();
    d.browser = await openBrowser();
    d.page = await openPage(d.browser);
    return d;
  }

  async before(script) { await this.page.addInitScript(script); }
  async go(url) { await this.page.goto(url); }
  ask(expression) { return this.page.evaluate(expression); }
  run(script) { return this.page.evaluate(`${script}; undefined`); }
  click(selector) { return this.page.click(selector); }
  async write(selector, text) { await this.page.locator(selector).pressSequentially(text); }
  async reload() { await this.page.reload(); }
  async shot(file) { await this.page.screenshot({ path: file }); }
  async close() { await this.browser.close(); }
}

const ENGINES = { chromium: Chromium, firefox: Firefox, webkit: WebKit };
export const drive = (engine, ...more) => ENGINES[engine].open(...more);
