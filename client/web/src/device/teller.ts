// SPDX-License-Identifier: Apache-2.0
/* device/teller.ts - tells what the browser knows of its device, while that is allowed: all of it first, then what changes. */
import { Facts } from './facts.js';
import type { Fact } from './facts.js';

/** Writes one StateChange (device/change.ts). */
export interface ChangeWriter {
  deviceChange(id: string, kind: string, model: string): Uint8Array;
  checkNotMade(id: number, check: string, target: string, detail: string): Uint8Array;
  propertyChange(device: string, name: string, value: string | number | boolean, unit: string): Uint8Array;
  propertyHidden(device: string, name: string): Uint8Array;
}

const DEVICE = 'phone';
/* Where the companion (client/state/names.h) has another name for it. */
const WIRE_NAMES: Readonly<Record<string, string>> = { charging: 'battery_charging', online: 'connectivity' };

export class Teller {
  facts: readonly Fact[] = [];
  private readonly known = new Facts();
  private readonly hidden = new Set<Fact['name']>(); /* for the whole visit, a new consent included */

  constructor(private readonly write: ChangeWriter, private readonly send: (bytes: Uint8Array) => Promise<void>, private readonly changed: () => void) {}

  start(): void {
    this.known.start(() => void this.tell());
  }

  stop(): void {
    this.known.stop();
    this.facts = [];
  }

  isHidden(name: Fact['name']): boolean {
    return this.hidden.has(name);
  }

  /** What a reload must not show again. */
  keep(): readonly Fact['name'][] {
    return [...this.hidden];
  }

  restore(hidden: readonly Fact['name'][]): void {
    for (const name of hidden) this.hidden.add(name);
  }

  /** The agent hears that it is hidden, and its value no more; or what it is now. */
  hide(name: Fact['name'], hide: boolean): void {
    const fact = this.facts.find((one) => one.name === name);
    if (hide) this.hidden.add(name);
    else this.hidden.delete(name);
    if (fact) void this.send(this.written(fact));
    this.changed();
  }

  private written({ name, value, unit }: Fact): Uint8Array {
    const wire = WIRE_NAMES[name] ?? name;
    return this.hidden.has(name) ? this.write.propertyHidden(DEVICE, wire) : this.write.propertyChange(DEVICE, wire, value ?? 'not available', value === undefined ? '' : unit);
  }

  private async tell(): Promise<void> {
    const { write } = this, before = new Map(this.facts.map((fact) => [fact.name, fact.value])), first = this.facts.length === 0;
    this.facts = this.known.list();
    this.changed();
    if (first) await this.send(write.deviceChange(DEVICE, 'phone', ''));
    for (const fact of this.facts)
      if (first || (before.get(fact.name) !== fact.value && !this.hidden.has(fact.name))) await this.send(this.written(fact));
  }

  cannotCheck(id: number, check: string, target: string): void {
    void this.send(this.write.checkNotMade(id, check, target, 'a browser cannot check this; the companion can'));
  }
}
