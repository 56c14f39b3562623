// SPDX-License-Identifier: Apache-2.0
// A house of real programs for one run: an organisation, a relay, agents; and a customer's end of this implementation in Node.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, webcrypto, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import WebSocket from 'ws';

globalThis.crypto ??= webcrypto; // Node 18 hides it
const { createCustomerSession } = await import('../../build/node/src/proto/session.js');
export const { FromRelaySchema } = await import('../../build/node/src/proto/wire/handhold_pb.js');
export const { codeCheckDigit: checkDigit } = await import('../../build/node/src/proto/pairing/invite.js');

const BIN = process.env.HANDHOLD_BIN;
const WAIT_MS = 30_000;

/** Things that come one after the other, and waiting for the next one that fits. */
class Stream {
  #seen = [];
  #waiting = [];
  constructor(name) {
    this.name = name;
  }
  push(thing) {
    const index = this.#waiting.findIndex(({ fits }) => fits(thing));
    if (index < 0) this.#seen.push(thing);
    else this.#waiting.splice(index, 1)[0].resolve(thing);
  }
  /** The first that came or comes and has these fields; each is given once, others stay. */
  next(fields) {
    const fits = (thing) => Object.entries(fields).every(([key, value]) => thing[key] === value);
    const index = this.#seen.findIndex(fits);
    if (index >= 0) return Promise.resolve(this.#seen.splice(index, 1)[0]);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.name}: waited in vain for ${JSON.stringify(fields)}; there is ${JSON.stringify(this.#seen.slice(-8))}`)), WAIT_MS);
      this.#waiting.push({ fits, resolve: (thing) => (clearTimeout(timer), resolve(thing)) });
    });
  }
  all(fields) {
    return this.#seen.filter((thing) => Object.entries(fields).every(([key, value]) => thing[key] === value));
  }
}

class Program {
  constructor(name, args) {
    this.events = new Stream(name);
    this.child = spawn(join(BIN, name), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.child.stdout }).on('line', (line) => this.events.push(JSON.parse(line)));
    this.ended = new Promise((resolve) => this.child.on('exit', resolve));
  }
  say(command) {
    this.child.stdin.write(`${JSON.stringify(command)}\n`);
  }
  stop() {
    this.child.kill('SIGTERM');
    return this.ended;
  }
}

export class World {
  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'handhold-web-'));
    const org = join(this.dir, 'org'), relay = join(this.dir, 'relay'), tar = join(this.dir, 'relay.tar');
    const certs = (...args) => execFileSync(join(BIN, 'handhold-certs'), args, { stdio: 'pipe' });
    certs('init', '--dir', org, '--org', 'Interop Support');
    certs('issue', '--dir', org, 'relay', '--host', '127.0.0.1', '--host', 'localhost');
    certs('issue', '--dir', org, 'agent', '--id', 'ana', '--name', 'Ana Lindqvist');
    certs('export-relay', '--dir', org, '-o', tar);
    mkdirSync(relay, { mode: 0o700 });
    execFileSync('tar', ['-xpf', tar, '-C', relay]);
    this.org = org;
    this.ca = readFileSync(join(org, 'ca/ca.crt'), 'utf8');
  }
  async start() {
    this.relay = new Program('handhold-relay', ['--dir', join(this.dir, 'relay'), '--listen', '127.0.0.1:0', '--staff-listen', '127.0.0.1:0', '--json']);
    this.ready = await this.relay.events.next({ event: 'ready' });
  }
  agent(...more) {
    return new Program('handhold-agent', ['--headless', '--json', '--relay', this.ready.staff, '--identity', join(this.org, 'staff/ana'), '--ca', join(this.org, 'ca/ca.crt'), ...more]);
  }
  /** What a device that was given the root knows of it. */
  pinnedRoot() {
    const pems = this.ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g).map((pem) => new X509Certificate(pem));
    const root = pems.find((certificate) => certificate.publicKey.asymmetricKeyType === 'ed25519');
    return new Uint8Array(createHash('sha256').update(root.publicKey.export({ type: 'spki', format: 'der' })).digest());
  }
  audit(...args) {
    const ran = spawnSync(join(BIN, 'handhold-audit'), [...args, '--dir', join(this.dir, 'relay'), '--key', join(this.org, 'officer/evidence.key')], { encoding: 'utf8' });
    assert.equal(ran.status, 0, `handhold-audit ${args.join(' ')}:\n${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  }
  /** What somebody does with a file of proofs who has neither the relay nor a key: how it ended, and what was said. */
  check(...args) {
    const ran = spawnSync(join(BIN, 'handhold-audit'), ['check', ...args], { encoding: 'utf8' });
    return { status: ran.status, said: (ran.stdout + ran.stderr).replace(/\s+/g, ' ') };
  }
  certs(...args) {
    execFileSync(join(BIN, 'handhold-certs'), [...args], { stdio: 'pipe' });
  }
  /** Ends the relay, so that the log is read as it lies on the disk. */
  async stopRelay() {
    await this.relay?.stop();
    this.relay = undefined;
  }
  async stop() {
    await this.stopRelay();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** The customer's end with a socket and a timer: what a page does, without a page. */
export class Customer {
  events = new Stream('customer');
  sentFrames = 0;
  #timer;
  /** `alter`: what a hostile relay makes of a message to this end; undefined: it is held back. */
  alter = (message) => message;
  constructor(world, config) {
    this.world = world;
    this.session = createCustomerSession({
      offers: ['camera', 'device-state'], clientInfo: `node ${process.version}`, uiBuild: new Uint8Array(32).fill(7),
      clock: () => ({ monoMs: performance.now(), unixMs: Date.now() }), onWake: () => this.pump(), ...config,
    });
    this.joinHost = config.joinHost ?? new URL(config.link).host;
  }
  connect() {
    const socket = new WebSocket(`wss://${this.joinHost}/s`, 'handhold.1', { ca: this.world.ca, perMessageDeflate: false });
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.on('open', () => this.#do(() => this.session.connected()));
    socket.on('message', (data) => {
      const message = this.alter(new Uint8Array(data));
      if (message) this.#do(() => this.session.feed(message));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.socket !== socket) return;
      this.#do(() => this.session.disconnected());
      if (this.session.wantsConnection()) setTimeout(() => this.connect(), 100);
    });
    return this;
  }
  #do(step) {
    step();
    this.pump();
  }
  /** A command, and what follows from it. */
  do(step) {
    const answer = step(this.session);
    this.pump();
    return answer;
  }
  pump() {
    for (let event; (event = this.session.nextEvent()); ) this.events.push(event);
    const open = this.socket?.readyState === WebSocket.OPEN;
    for (let message; open && (message = this.session.pending()); this.session.sent()) {
      this.socket.send(message);
      this.sentFrames += message[0] === 0x20 ? 1 : 0;
    }
    clearTimeout(this.#timer);
    if (this.session.over()) this.socket?.close();
    else if (this.session.deadline() < Infinity) this.#timer = setTimeout(() => this.#do(() => this.session.tick()), Math.max(0, this.session.deadline() - performance.now()));
  }
  cut() {
    this.socket.terminate();
  }
  async granted(capability, agent, purpose) {
    agent.say({ do: 'request', capability, purpose });
    const asked = await this.events.next({ kind: 'consent', capability, state: 'requested' });
    assert.equal(asked.purpose, purpose);
    assert.equal(this.do((session) => session.grant(capability)), 'OK');
    await this.events.next({ kind: 'consent', capability, state: 'granted' });
    await this.events.next({ kind: 'capture', capability, on: true });
  }
}
