// SPDX-License-Identifier: Apache-2.0
/*
 * device/beside.ts - another device of this person, on the hub: what it tells of the home goes on to the agent under this
 * device's consent, as long as it lasts, and is shown here as it goes.
 */
import type { BesideData, StateChange } from '../proto/wire/handhold_pb.js';
import { StateChangeSchema } from '../proto/wire/handhold_pb.js';
import { BesidePair } from '../proto/pairing/beside.js';
import { inviteCodeParse } from '../proto/pairing/invite.js';
import { concat } from '../proto/util/bytes.js';
import { decodeMessage, encodeMessage } from '../proto/wire/message.js';

const BEAT_MS = 2000, AGAIN_MS = 1000, ACK_EVERY = 4;
const FRAME_BYTES = 16_000, NOT_NOW_MS = 100;
const PREFIX = '2:', BATCH = 0x7a; /* StateBatch.change */

export type BesideState = 'none' | 'looking' | 'linked' | 'away' | 'not-found' | 'too-often' | 'wrong-code' | 'alarm';

/** What of a session it needs (proto/session.ts). */
export interface BesideLine {
  sid(): Uint8Array;
  joinHost(): string;
  join(nameplate: string): void;
  send(bytes: Uint8Array): void;
  /** A frame of device state to the agent; false: not now. */
  forward(frame: Uint8Array): Promise<boolean>;
  changed(): void;
}

export interface BesideDevice {
  id: string;
  name: string;
  kind: string;
  /** The customer does not show it. */
  hidden: boolean;
  values: Map<string, string>;
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
  readonly devices = new Map<string, BesideDevice>();
  private pair: BesidePair | undefined;
  private capturing = false;
  private taken = 0;
  private passing = Promise.resolve();
  private beat: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly line: BesideLine) {}

  /** Throws CODE when it is no code. */
  link(typed: string): void {
    const code = inviteCodeParse(typed), { line } = this;
    this.pair?.wipe();
    this.pair = new BesidePair(code, line.sid(), line.joinHost(), (n) => crypto.getRandomValues(new Uint8Array(n)), (bytes) => line.send(bytes));
    this.set('looking');
    line.join(code.nameplate);
  }

  unlink(): void {
    this.forget();
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
    else if (heard?.kind === 'broken' && this.state === 'linked') {
      this.set('alarm');
      setTimeout(() => this.pair?.present(true), AGAIN_MS);
    }
  }

  private start(): void {
    this.taken = 0;
    this.pair?.say({ case: 'capture', value: this.capturing });
    clearInterval(this.beat);
    this.beat = setInterval(() => this.pair?.say({ case: 'beat', value: this.taken }), BEAT_MS);
  }

  /** The consent for device information lives, or does not any more. */
  capture(on: boolean): void {
    this.capturing = on;
    if (!on) this.devices.clear();
    this.pair?.say({ case: 'capture', value: on });
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
    } else if (body.case === 'frame') {
      this.passing = this.passing.then(() => this.pass(body.value));
    }
  }

  /** It counts as taken when it has gone on: a slow line slows the other device down, and nothing is lost. */
  private async pass(frame: Uint8Array): Promise<void> {
    const changes = this.capturing ? changesOf(frame).map((bytes) => this.take(bytes)).filter((bytes) => bytes !== undefined) : [];
    for (let at = 0; at < changes.length; ) {
      let end = at, bytes = 0;
      while (end < changes.length && (end === at || bytes + changes[end]!.length < FRAME_BYTES)) bytes += changes[end++]!.length + 4;
      const batch = batchOf(changes.slice(at, end));
      at = end;
      while (this.capturing && !(await this.line.forward(batch))) await new Promise((resolve) => setTimeout(resolve, NOT_NOW_MS));
    }
    this.taken++;
    if (this.taken % ACK_EVERY === 0) this.pair?.say({ case: 'beat', value: this.taken });
    this.line.changed();
  }

  private take(bytes: Uint8Array): Uint8Array | undefined {
    let change: StateChange;
    try {
      change = decodeMessage(StateChangeSchema, bytes);
    } catch {
      return undefined; /* what is over a bound goes nowhere */
    }
    const { body } = change;
    if (body.case === 'device') {
      const id = (PREFIX + body.value.id).slice(0, 63), known = this.devices.get(id);
      body.value.id = id;
      if (body.value.parent) body.value.parent = (PREFIX + body.value.parent).slice(0, 63);
      body.value.seenBy = 'beside';
      if (body.value.gone) this.devices.delete(id);
      else this.devices.set(id, { id, name: body.value.name || body.value.model || body.value.id.slice(2), kind: body.value.kind, hidden: known?.hidden ?? false, values: known?.values ?? new Map() });
      if (known?.hidden) return undefined;
    } else if (body.case === 'property') {
      const device = (PREFIX + body.value.device).slice(0, 63), known = this.devices.get(device), { value } = body.value;
      body.value.device = device;
      if (!known) return undefined;
      known.values.set(body.value.name, value.case === undefined ? '' : `${value.value}${body.value.unit ? ` ${body.value.unit}` : ''}`);
      if (known.hidden) return undefined;
    }
    return encodeMessage(StateChangeSchema, { body });
  }

  /** The customer does not show this one: the agent hears that it is hidden, and nothing more of it. */
  hide(id: string): void {
    const device = this.devices.get(id);
    if (!device) return;
    device.hidden = true;
    void this.line.forward(encodeMessage(StateChangeSchema, { body: { case: 'device', value: { id, kind: device.kind, seenBy: 'beside', hidden: true } } }));
    this.line.changed();
  }

  private forget(): void {
    for (const { id } of this.devices.values())
      void this.line.forward(encodeMessage(StateChangeSchema, { body: { case: 'device', value: { id, gone: true } } }));
    this.devices.clear();
  }
}
