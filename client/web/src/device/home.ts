// SPDX-License-Identifier: Apache-2.0
/*
 * device/home.ts - the home that another device of this person tells of: what of it is known here, what of it is hidden, and
 * so what of it goes on to the agent. What is hidden stays hidden for the whole visit, whatever is told anew.
 */
import type { StateChange } from '../proto/wire/handhold_pb.js';
import { StateChangeSchema } from '../proto/wire/handhold_pb.js';
import { decodeMessage, encodeMessage } from '../proto/wire/message.js';

const PREFIX = '2:', ID_CHARACTERS = 63; /* the first device's own ids have no prefix */

interface HomeProperty {
  value: string | number | boolean | undefined;
  unit: string;
  hiddenThere: boolean;
  /** As it goes to the agent while it is shown. */
  shown: Uint8Array;
}

export interface HomeDevice {
  id: string;
  name: string;
  kind: string;
  shown: Uint8Array;
  properties: Map<string, HomeProperty>;
  /** The other device does not show it, and was not told so from here. */
  hiddenThere: boolean;
}

const here = (id: string): string => (PREFIX + id).slice(0, ID_CHARACTERS);
/** As the other device names it. */
export const nameThere = (id: string): string => id.slice(PREFIX.length);
const keyOf = (device: string, property?: string): string => JSON.stringify([device, property ?? null]);

export class Home {
  readonly devices = new Map<string, HomeDevice>();
  private readonly hidden = new Set<string>();
  /** Hidden properties whose names the agent has under this consent: when they change is hidden as well. */
  private readonly named = new Set<string>();

  /** Without a property: the whole device. */
  isHidden(device: string, property?: string): boolean {
    return this.hidden.has(keyOf(device, property));
  }

  /** All of it, as the other device names it: what it is not to tell either. property '': the whole device. */
  hiddenThings(): { device: string; property: string }[] {
    return [...this.hidden].map((key) => {
      const [device, property] = JSON.parse(key) as [string, string | null];
      return { device: nameThere(device), property: property ?? '' };
    });
  }

  /** What a reload must not show again. */
  keep(): readonly string[] {
    return [...this.hidden];
  }

  restore(hidden: readonly string[]): void {
    for (const one of hidden) this.hidden.add(one);
  }

  /** The consent is over: nothing is known any more but what is not to be seen. */
  rest(): void {
    this.devices.clear();
    this.named.clear();
  }

  /** What one change of the other device is to the agent; undefined: nothing. */
  take(bytes: Uint8Array): Uint8Array | undefined {
    let change: StateChange;
    try {
      change = decodeMessage(StateChangeSchema, bytes);
    } catch {
      return undefined; /* what is over a bound goes nowhere */
    }
    const { body } = change;
    if (body.case === 'device') return this.takeDevice(body.value);
    if (body.case === 'property') return this.takeProperty(body.value);
    return encodeMessage(StateChangeSchema, { body });
  }

  private takeDevice(value: Extract<StateChange['body'], { case: 'device' }>['value']): Uint8Array | undefined {
    const id = here(value.id), known = this.devices.get(id);
    value.id = id;
    if (value.parent) value.parent = here(value.parent);
    value.seenBy = 'beside';
    const shown = encodeMessage(StateChangeSchema, { body: { case: 'device', value } });
    if (value.gone) this.devices.delete(id);
    else this.devices.set(id, {
      id, shown, name: value.name || value.model || known?.name || nameThere(id), kind: value.kind || known?.kind || '',
      properties: value.hidden ? new Map() : known?.properties ?? new Map(), hiddenThere: value.hidden && !this.isHidden(id),
    });
    if (value.gone || !this.isHidden(id)) return shown;
    return known ? undefined : this.hiddenDevice(id, value.kind);
  }

  private takeProperty(value: Extract<StateChange['body'], { case: 'property' }>['value']): Uint8Array | undefined {
    const device = here(value.device), known = this.devices.get(device), { name } = value;
    if (!known) return undefined;
    value.device = device;
    const shown = encodeMessage(StateChangeSchema, { body: { case: 'property', value } });
    known.properties.set(name, { value: value.value.value, unit: value.unit, shown, hiddenThere: value.hidden && !this.isHidden(device, name) });
    if (this.isHidden(device)) return undefined;
    if (!this.isHidden(device, name)) return shown;
    return this.named.has(keyOf(device, name)) ? undefined : this.hiddenProperty(device, name);
  }

  private hiddenDevice(id: string, kind: string): Uint8Array {
    return encodeMessage(StateChangeSchema, { body: { case: 'device', value: { id, kind, seenBy: 'beside', hidden: true } } });
  }

  private hiddenProperty(device: string, name: string): Uint8Array {
    this.named.add(keyOf(device, name));
    return encodeMessage(StateChangeSchema, { body: { case: 'property', value: { device, name, hidden: true } } });
  }

  private propertyNow(device: string, name: string, property: HomeProperty): Uint8Array {
    return this.isHidden(device, name) ? this.hiddenProperty(device, name) : property.shown;
  }

  /** Hides it, or shows it again: gives what the agent is told, each as it is when it is written. */
  setHidden(hide: boolean, id: string, name?: string): (() => Uint8Array | undefined)[] {
    const device = this.devices.get(id), key = keyOf(id, name), unlessHidden = (write: () => Uint8Array) => () => this.isHidden(id) ? undefined : write();
    if (hide) this.hidden.add(key);
    else this.hidden.delete(key);
    if (!device) return [];
    if (name === undefined)
      return hide ? [() => this.hiddenDevice(id, device.kind)] : [() => device.shown, ...[...device.properties].map(([one, property]) => () => this.propertyNow(id, one, property))].map(unlessHidden);
    const property = device.properties.get(name);
    return property ? [unlessHidden(() => this.propertyNow(id, name, property))] : [];
  }

  /** The other device was taken out: what the agent is told. */
  leave(): Uint8Array[] {
    const gone = [...this.devices.keys()].map((id) => encodeMessage(StateChangeSchema, { body: { case: 'device', value: { id, gone: true } } }));
    this.rest();
    this.hidden.clear();
    return gone;
  }
}
