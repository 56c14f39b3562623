// SPDX-License-Identifier: Apache-2.0
/*
 * An organisation, a relay and agents, all of them the real programs, in a folder of its own; everybody is ended by
 * close(). Whoever waits, waits for an event, and a wait that ends in a failure shows what the program said last.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const bin = process.env.HANDHOLD_BIN ?? join(here, '../../build/bin');
export const WAIT_MS = 60_000; /* for something to happen: nothing waits so long that comes at all, and a loaded machine is no failure */

/** A program that says JSON Lines. */
export class Program {
  events = [];
  #listeners = new Set();
  #stderr = '';

  constructor(name, args) {
    this.name = name;
    this.child = spawn(join(bin, name), args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stderr.on('data', (text) => { this.#stderr = (this.#stderr + text).slice(-4000); });
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      let event;
      try { event = JSON.parse(line); } catch { event = { event: 'text', line }; }
      this.events.push(event);
      for (const listener of this.#listeners) listener(event);
    });
    this.gone = new Promise((resolve) => this.child.on('exit', resolve));
  }

  /** The next event of this name with these values, counted from `from` (default: all that came). */
  async await(name, values = {}, from = 0) {
    const fits = (e) => e.event === name && Object.entries(values).every(([k, v]) => (typeof v === 'function' ? v(e[k]) : e[k] === v));
    const found = this.events.slice(from).find(fits);
    if (found) return found;
    return await new Promise((resolve, reject) => {
      const done = (act) => { clearTimeout(timer); this.#listeners.delete(on); act(); };
      const on = (e) => fits(e) && done(() => resolve(e));
      const timer = setTimeout(() => done(() => reject(new Error(
        `${this.name} did not say ${name} ${JSON.stringify(values)}; last: ${this.events.slice(-12).map((e) => JSON.stringify(e)).join('\n')}\n${this.#stderr}`))), WAIT_MS);
      this.#listeners.add(on);
    });
  }

  mark() {
    return this.events.length;
  }

  /** The highest value so far of a field of this event; 0: none came. */
  most(name, field) {
    return Math.max(0, ...this.events.filter((e) => e.event === name).map((e) => e[field]));
  }

  do(command) {
    this.child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  async end(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await this.gone;
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const run = (name, ...args) => execFileSync(join(bin, name), args, { encoding: 'utf8' });

export class House {
  programs = [];

  static async open({ domain = 'localhost' } = {}) {
    const house = new House();
    house.dir = mkdtempSync(join(tmpdir(), 'handhold-browser-'));
    house.org = join(house.dir, 'org');
    process.env.XDG_CACHE_HOME = join(house.dir, 'cache');
    run('handhold-certs', 'init', '--dir', house.org, '--org', 'House Support', '--domain', domain);
    run('handhold-certs', 'issue', '--dir', house.org, 'relay', '--host', 'localhost', '--host', '127.0.0.1');
    run('handhold-certs', 'issue', '--dir', house.org, 'agent', '--id', 'ana', '--name', 'Ana Lindqvist');
    house.ports = [await freePort(), await freePort()];
    house.url = `https://localhost:${house.ports[0]}`; // the organisation's domain is localhost: this page is verified
    writeFileSync(join(house.org, 'relay.ini'), `host = localhost:${house.ports[0]}\n`);
    await house.startRelay();
    return house;
  }

  async startRelay() {
    const [publicPort, staffPort] = this.ports;
    this.relay = this.#start('handhold-relay', ['--dir', this.org, '--listen', `127.0.0.1:${publicPort}`, '--staff-listen', `127.0.0.1:${staffPort}`, '--allow-private-keys', '--json']);
    await this.relay.await('ready');
  }

  /** As after a crash: the same folder, the same ports. */
  async restartRelay() {
    await this.relay.end('SIGKILL');
    await this.startRelay();
  }

  #start(name, args) {
    const program = new Program(name, args);
    this.programs.push(program);
    return program;
  }

  /** A headless agent with an open invitation, in agent.invite. */
  async agent(...more) {
    return await this.#agentOf('ana', ...more);
  }

  /** One who is called anything. */
  async agentNamed(id, name, ...more) {
    run('handhold-certs', 'issue', '--dir', this.org, 'agent', '--id', id, '--name', name);
    return await this.#agentOf(id, ...more);
  }

  /** One whose way to the relay leads over another port. */
  async agentOver(port) {
    return await this.#agentOf('ana', { port });
  }

  async #agentOf(id, ...more) {
    const { port } = typeof more[0] === 'object' ? more.shift() : { port: this.ports[1] };
    const agent = this.#start(more.includes('--snapshot') ? 'handhold-keeping-agent' : 'handhold-agent', ['--headless', '--relay', `https://localhost:${port}`, '--identity', join(this.org, 'staff', id), '--ca', join(this.org, 'ca/ca.crt'), '--json', ...more]);
    agent.invite = await agent.await('invite');
    return agent;
  }

  /** Any other program; ended with the house. */
  program(name, args) {
    return this.#start(name, args);
  }

  path(name) {
    mkdirSync(join(this.dir, 'files'), { recursive: true });
    return join(this.dir, 'files', name);
  }

  audit(...args) {
    return run('handhold-audit', '--dir', this.org, '--key', join(this.org, 'officer/evidence.key'), ...args);
  }

  /** What a file of proofs is worth to somebody who has the organisation's root and note, and nothing else. */
  check(file) {
    return run('handhold-audit', 'check', file, '--ca', join(this.org, 'ca/ca.crt'), '--org', join(this.org, 'org.note'));
  }

  async close() {
    for (const program of this.programs.reverse()) await program.end();
    if (existsSync(this.dir)) await remove(this.dir);
  }
}

/* A browser's own processes end a moment after it, and write until then: node's retries do not look for new files. */
async function remove(folder) {
  for (let left = 50; ; left--)
    try {
      return rmSync(folder, { recursive: true });
    } catch (error) {
      if (error.code !== 'ENOTEMPTY' || left === 0) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
}

export function clip(path, { size = '640x480', seconds = 10, fps = 30 } = {}) {
  run('handhold-clip', '--size', size, '--seconds', String(seconds), '--fps', String(fps), path);
  return path;
}
