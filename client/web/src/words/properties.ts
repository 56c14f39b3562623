// SPDX-License-Identifier: Apache-2.0
/*
 * words/properties.ts - what the properties of a device are called for people, and how their values are read. On the wire
 * they have the names of client/state/names.h; one that a product made up is shown as it is.
 */
import { plain } from '../ui/dom.js';
import type { Key } from './keys.js';
import { has, language, t } from './words.js';

export type PropertyValue = string | number | boolean | undefined;

/* Where yes and no would say less, or, as with a lock, the opposite of what one thinks. */
const TRUTH: Readonly<Record<string, readonly [yes: Key, no: Key]>> = {
  connectivity: ['value.connected', 'value.disconnected'],
  update: ['value.there', 'value.none'],
  door: ['value.open', 'value.closed'],
  window: ['value.open', 'value.closed'],
  garage_door: ['value.open', 'value.closed'],
  opening: ['value.open', 'value.closed'],
  lock: ['value.unlocked', 'value.locked'],
  plug: ['value.plugged', 'value.unplugged'],
};
const PARTS = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]] as const;
const LARGER: Readonly<Record<string, readonly [unit: string, times: number]>> = {
  KiB: ['MiB', 1024], MiB: ['GiB', 1024], GiB: ['TiB', 1024], kB: ['MB', 1000], MB: ['GB', 1000], GB: ['TB', 1000],
};
const CENTURY_S = 3155760000; /* what is more is no duration */

export function propertyTitle(name: string): string {
  const key = `property.${name}` as Key;
  return has(key) ? t(key) : plain(name);
}

/** The two largest of its parts. */
function duration(seconds: number): string {
  const first = PARTS.findIndex(([, length]) => seconds >= length);
  const words = (unit: string, value: number): string => new Intl.NumberFormat(language(), { style: 'unit', unit, unitDisplay: 'long' }).format(value);
  const [unit, length] = PARTS[first]!, next = PARTS[first + 1], rest = next ? Math.floor(seconds % length / next[1]) : 0;
  return words(unit, Math.floor(seconds / length)) + (next && rest ? ` ${words(next[0], rest)}` : '');
}

export function propertyValue(name: string, value: PropertyValue, unit: string): string {
  if (value === undefined) return t('state.notAvailable');
  if (typeof value === 'boolean') return t(TRUTH[name]?.[value ? 0 : 1] ?? (value ? 'state.yes' : 'state.no'));
  let words = String(value), of = unit;
  if (typeof value === 'number') {
    if (unit === 's' && value >= 60 && value < CENTURY_S) return duration(value);
    let figure = value;
    for (let larger = LARGER[of]; larger && Math.abs(figure) >= larger[1]; larger = LARGER[of]) [of, figure] = [larger[0], figure / larger[1]];
    words = new Intl.NumberFormat(language(), { maximumFractionDigits: of === unit ? 6 : 1 }).format(figure);
  }
  return plain(of ? `${words} ${of}` : words);
}

/** As it is told, for whoever compares it with something: memory_free = 8192 MiB. */
export function propertyRaw(name: string, value: PropertyValue, unit: string): string {
  return plain(`${name}${value === undefined ? '' : ` = ${value}`}${unit ? ` ${unit}` : ''}`);
}
