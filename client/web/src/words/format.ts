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

function part(piece: Part, values: Values, language: string, count: number): string {
  if (typeof piece === 'string') return piece;
  const value = piece[0] === '#' ? count : values[piece[1]] ?? '';
  switch (piece[0]) {
    case 'arg': return String(value);
    case '#':
    case 'number': return new Intl.NumberFormat(language).format(Number(value));
    case 'time': return new Intl.DateTimeFormat(language, { timeStyle: 'short' }).format(Number(value));
    case 'date': return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(Number(value));
    case 'day': return new Intl.DateTimeFormat(language, { dateStyle: 'long' }).format(Number(value));
    case 'plural': {
      const rule = new Intl.PluralRules(language).select(Number(value));
      return parts(choose(piece[2], `=${value}`, rule), values, language, Number(value));
    }
    case 'select': return parts(choose(piece[2], String(value)), values, language, count);
  }
}

function parts(list: readonly Part[], values: Values, language: string, count: number): string {
  return list.map((piece) => part(piece, values, language, count)).join('');
}

export function format(message: Message, values: Values, language: string): string {
  return typeof message === 'string' ? message : parts(message, values, language, 0);
}
