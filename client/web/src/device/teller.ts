// SPDX-License-Identifier: Apache-2.0
/* device/teller.ts - tells what the browser knows of its device, while that is allowed: all of it first, then what changes. */
import { Facts } from './facts.js';
import type { Fact } from './facts.js';

/** Writes one StateChange (device/change.ts). */
export interface ChangeWriter {
  deviceChange(id: string, kind: string, model: string): Uint8Array;
  checkNotMade(id: number, check: string, target: string, detail: string): Uint8Array;
  propertyChange(device: string, name: string, value: string | number | boolean, unit: string): Uint8Array;
}

const DEVICE = 'phone';
/* Where the companion (client/state/names.h) has another name for it. */
const WIRE_NAMES: Readonly<Record<string, string>> = { charging: 'battery_charging', online: 'connectivity' };

export class Teller {
  facts: readonly Fact[] = [];
  private readonly known = new Facts();

  constructor(private readonly write: ChangeWriter, private readonly send: (bytes: Uint8Array) => Promise<void>, private readonly changed: () => void) {}

  start(): void {
    this.known.start(() => void this.tell());
  }

  stop(): void {
    this.known.stop();
    this.facts = [];
  }

  private async tell(): Promise<void> {
    const { write } = this, before = new Map(this.facts.map((fact) => [fact.name, fact.value])), first = this.facts.length === 0;
    this.facts = this.known.list();
    this.changed();
    if (first) await this.send(write.deviceChange(DEVICE, 'phone', ''));
    for (const { name, value, unit } of this.facts)
      if (first || before.get(name) !== value) await this.send(write.propertyChange(DEVICE, WIRE_NAMES[name] ?? name, value ?? 'not available', value === undefined ? '' : unit));
  }

  cannotCheck(id: number, check: string, target: string): void {
    void this.send(this.write.checkNotMade(id, check, target, 'a browser cannot check this; the companion can'));
  }
}
