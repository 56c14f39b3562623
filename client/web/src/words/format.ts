// SPDX-License-Identifier: Apache-2.0
/*
 * words/format.ts - ICU messages as scripts/messages.mjs compiled them: a text, or a list of texts and places to fill.
 * The parser stays in the build; what a phone needs is this file.
 */

export type Part =
  | string
  | readonly ['arg', string]
  | readonly ['number', string]
  | readonly ['time', string] /* of a Date or of milliseconds since 1970: hours and minutes */
  | readonly ['date', string] /* the same: day, month, hours and minutes */
  | readonly ['day', string] /* the same: day, month in words, year */
  | readonly ['plural', string, Readonly<Record<string, readonly Part[]>>]
  | readonly ['select', string, Readonly<Record<string, readonly Part[]>>]
  | readonly ['#'];
export type Message = string | readonly Part[];
export type Values = Readonly<Record<string, string | number>>;

function choose(options: Readonly<Record<string, readonly Part[]>>, ...names: string[]): readonly Part[] {
  for (const name of names) {
    const parts = options[name];
    if (parts) return parts;
  }
  return options['other'] ?? [];
}

/** How numbers and times are written. Times are milliseconds since 1970. */
export interface Manner {
  number(value: number): string;
  plural(value: number): string;
  time(ms: number): string;
  date(ms: number): string;
  day(ms: number): string;
}

/** As people in that region write them. */
export function regional(language: string): Manner {
  const date = (ms: number, style: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat(language, style).format(ms);
  return {
    number: (value) => new Intl.NumberFormat(language).format(value),
    plural: (value) => new Intl.PluralRules(language).select(value),
    time: (ms) => date(ms, { timeStyle: 'short' }),
    date: (ms) => date(ms, { dateStyle: 'medium', timeStyle: 'short' }),
    day: (ms) => date(ms, { dateStyle: 'long' }),
  };
}

/** Alike everywhere, `zone` minutes east of UTC: for what a program reads as well. */
export function alike(zone: number): Manner {
  const iso = (ms: number): string => new Date(ms + zone * 60_000).toISOString();
  return {
    number: String,
    plural: (value) => (value === 1 ? 'one' : 'other'),
    time: (ms) => iso(ms).slice(11, 19),
    date: (ms) => iso(ms).slice(0, 16).replace('T', ' '),
    day: (ms) => iso(ms).slice(0, 10),
  };
}

function part(piece: Part, values: Values, manner: Manner, count: number): string {
  if (typeof piece === 'string') return piece;
  const value = piece[0] === '#' ? count : values[piece[1]] ?? '';
  switch (piece[0]) {
    case 'arg': return String(value);
    case '#': return manner.number(count);
    case 'plural': return parts(choose(piece[2], `=${value}`, manner.plural(Number(value))), values, manner, Number(value));
    case 'select': return parts(choose(piece[2], String(value)), values, manner, count);
    default: return manner[piece[0]](Number(value));
  }
}

function parts(list: readonly Part[], values: Values, manner: Manner, count: number): string {
  return list.map((piece) => part(piece, values, manner, count)).join('');
}

export function format(message: Message, values: Values, manner: Manner): string {
  return typeof message === 'string' ? message : parts(message, values, manner, 0);
}
