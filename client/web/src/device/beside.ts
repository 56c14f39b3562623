// SPDX-License-Identifier: Apache-2.0
/*
 * device/beside.ts - another device of this person, on the hub: what it tells of the home goes on to the agent under this
 * device's consent, as long as it lasts, and is shown here as it goes.
 */
import type { BesideData } from '../proto/wire/handhold_pb.js';
import { BesidePair } from '../proto/pairing/beside.js';
import type { BesideSecret } from '../proto/pairing/beside.js';
import { inviteCodeParse } from '../proto/pairing/invite.js';
import { concat } from '../proto/util/bytes.js';
import { Home, nameThere } from './home.js';
import { tellPaced } from './pace.js';
import type { Telling } from './pace.js';

const BEAT_MS = 2000, AGAIN_MS = 1000, ACK_EVERY = 4;
const BATCH = 0x7a; /* StateBatch.change */
const AROUND_BYTES = 64; /* of a change, besides what the other device wrote: longer names, its length */
const TOLD_BYTES = 200; /* of a change that is told again, about */

export type BesideState = 'none' | 'looking' | 'linked' | 'away' | 'not-found' | 'too-often' | 'wrong-code' | 'alarm';

/** What of a session it needs (proto/session.ts). */
export interface BesideLine {
  sid(): Uint8Array;
  joinHost(): string;
  join(nameplate: string): void;
  send(bytes: Uint8Array): void;
  /** A frame of device state to the agent; false: not now. */
  forward(frame: Uint8Array): Promise<boolean>;
  /** So many bytes of such a frame may leave now; 0: not now. */
  room(): number;
  changed(): void;
}

/** Of the link, over a reload. */
export interface OtherKept {
  secret: BesideSecret;
  name: string;
  hidden: readonly string[];
}

function batchOf(changes: readonly Uint8Array[]): Uint8Array {
  return concat(...changes.flatMap((change) => {
    const head = [BATCH];
    let rest = change.length;
    for (; rest >= 0x80; rest >>= 7) head.push((rest & 0x7f) | 0x80);
    return [Uint8Array.of(...head, rest), change];
  }));
}

/** A frame of device state is one change, or a batch of them (proto/wire/state.h). */
function changesOf(frame: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  if (frame[0] !== BATCH) return [frame];
  for (let at = 0; frame[at] === BATCH; ) {
    let length = 0, shift = 0, byte = 0x80;
    for (at++; byte & 0x80 && shift < 28; shift += 7) {
      byte = frame[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
    }
    if (at + length > frame.length) break;
    out.push(frame.subarray(at, at + length));
    at += length;
  }
  return out;
}

export class OtherDevice {
  state: BesideState = 'none';
  name = '';
  readonly home = new Home();
  private pair: BesidePair | undefined;
  private capturing = false;
  private run = 0; /* of capturing: what came in one does not go on in the next */
  private unanswered = 0; /* captures that the other end has not said back: until then it tells what an older word asked for */
  private taken = 0;
  private passing = Promise.resolve();
  private beat: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly line: BesideLine) {}

  /** Throws CODE when it is no code. */
  link(typed: string): void {
    const code = inviteCodeParse(typed);
    this.begin({ code });
    this.set('looking');
    this.line.join(code.nameplate);
  }

  private begin(secret: BesideSecret): void {
    const { line } = this;
    this.pair?.wipe();
    this.pair = new BesidePair(secret, line.sid(), line.joinHost(), (n) => crypto.getRandomValues(new Uint8Array(n)), (bytes) => line.send(bytes));
  }

  /** undefined: there is none to come back to. */
  keep(): OtherKept | undefined {
    const secret = this.pair?.keep();
    return secret && { secret, name: this.name, hidden: this.home.keep() };
  }

  /** It is as after a cut: the relay says whether it is there. */
  restore({ secret, name, hidden }: OtherKept): void {
    this.begin(secret);
    this.name = name;
    this.home.restore(hidden);
    this.state = 'away';
  }

  unlink(): void {
    for (const gone of this.home.leave()) void this.line.forward(gone);
    this.line.join('');
    this.stop();
    this.set('none');
  }

  stop(): void {
    clearInterval(this.beat);
    this.pair?.wipe();
    this.pair = undefined;
  }

  private set(state: BesideState): void {
    this.state = state;
    this.line.changed();
  }

  /** The relay: it came or went, or none waits under that number. */
  came(present: boolean, err: string): void {
    if (!this.pair) return;
    if (err !== 'OK') return this.set(err === 'BUSY' ? 'too-often' : 'not-found');
    this.pair.present(present);
    if (!present && this.state === 'linked') this.set('away');
  }

  heard(bytes: Uint8Array): void {
    const heard = this.pair?.take(bytes);
    if (heard?.kind === 'up') this.start();
    else if (heard?.kind === 'data') this.onData(heard.data);
    else if (heard?.kind === 'refused') this.set('wrong-code');
    else if (heard?.kind === 'broken') {
      const { pair } = this;
      this.set('alarm');
      setTimeout(() => {
        if (pair === this.pair && !pair?.up) pair?.present(true);
      }, AGAIN_MS);
    }
  }

  private start(): void {
    this.taken = this.unanswered = 0;
    for (const hidden of this.home.hiddenThings()) this.pair?.say({ case: 'hide', value: { ...hidden, hidden: true } }); // before it tells anything
    this.sayCapture();
    clearInterval(this.beat);
    this.beat = setInterval(() => this.pair?.say({ case: 'beat', value: this.taken }), BEAT_MS);
  }

  /** The consent for device information lives, or does not any more. */
  capture(on: boolean): void {
    this.capturing = on;
    this.run++;
    if (!on) this.home.rest();
    this.sayCapture();
  }

  private sayCapture(): void {
    if (!this.pair?.up) return;
    this.unanswered++;
    this.pair.say({ case: 'capture', value: this.capturing });
  }

  /** It sits beside the product, so it looks. False: it is not there. */
  check(id: number, check: string, target: string): boolean {
    if (!this.pair?.up || !this.capturing) return false;
    this.pair.say({ case: 'checkAsk', value: { id, check, target, unixMs: BigInt(Date.now()) } });
    return true;
  }

  private onData({ body }: BesideData): void {
    if (body.case === 'about') {
      this.name = body.value.name;
      this.set('linked');
    } else if (body.case === 'capture') {
      this.unanswered = Math.max(0, this.unanswered - 1);
    } else if (body.case === 'frame') {
      const run = this.capturing && this.unanswered === 0 ? this.run : undefined;
      this.passing = this.passing.then(() => this.pass(body.value, run));
    }
  }

  /** It counts as taken when it has gone on: a slow line slows the other device down, and nothing is lost. */
  private async pass(frame: Uint8Array, run: number | undefined): Promise<void> {
    if (run !== undefined) await this.tell(changesOf(frame).map((bytes) => ({ bytes: bytes.length + AROUND_BYTES, write: () => this.home.take(bytes) })), run);
    this.taken++;
    if (this.taken % ACK_EVERY === 0) this.pair?.say({ case: 'beat', value: this.taken });
    this.line.changed();
  }

  private tell(list: readonly Telling[], run: number): Promise<void> {
    return tellPaced(list, { room: () => this.line.room(), forward: (changes) => this.line.forward(batchOf(changes)) }, () => run === this.run);
  }

  /** The agent hears that it is hidden and nothing more of it, or what it is now. Without a property: a whole device. */
  setHidden(hide: boolean, device: string, property?: string): void {
    this.pair?.say({ case: 'hide', value: { device: nameThere(device), property: property ?? '', hidden: hide } });
    const list = this.home.setHidden(hide, device, property).map((write) => ({ bytes: TOLD_BYTES, write })), { run } = this;
    if (hide) void this.tell(list, run); /* before what waits */
    else this.passing = this.passing.then(() => this.tell(list, run));
    this.line.changed();
  }
}
