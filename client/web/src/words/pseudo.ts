// SPDX-License-Identifier: Apache-2.0
/*
 * words/pseudo.ts - the two languages that nobody speaks, made of English when somebody asks for them: en-XA has long words
 * and ar-XB runs from right to left. They prove that the layout holds and that no text is left outside the message files.
 */
import type { Message, Part } from './format.js';

type Change = (text: string) => string;
const PLAIN = 'aeiouncyAEIOUNCY', ACCENTED = 'àëîöûñçÿÀËÎÖÛÑÇŸ';

function lengthen(text: string): string {
  const accented = text.replace(/[aeiouncy]/gi, (c) => ACCENTED[PLAIN.indexOf(c)]!), words = Math.ceil((text.trim().length * 0.4) / 12);
  return /\p{L}/u.test(text) ? `${accented.trimEnd()}${' ëxträlöngwörd'.repeat(words)}${/\s$/.test(text) ? ' ' : ''}` : text;
}
const mirror: Change = (text) => text.replace(/\p{L}+/gu, (word) => `\u202e${word}\u202c`);
const changes: Readonly<Record<string, Change>> = { 'en-XA': lengthen, 'ar-XB': mirror };

function changed(part: Part, change: Change): Part {
  if (typeof part === 'string') return change(part);
  if (part[0] !== 'plural' && part[0] !== 'select') return part;
  return [part[0], part[1], Object.fromEntries(Object.entries(part[2]).map(([name, parts]) => [name, parts.map((each) => changed(each, change))]))];
}

export function pseudo<Name extends string>(name: string, english: Readonly<Record<Name, Message>>): Readonly<Record<Name, Message>> {
  const change = changes[name]!, entries = Object.entries<Message>(english);
  return Object.fromEntries(entries.map(([key, text]) => [key, typeof text === 'string' ? change(text) : text.map((part) => changed(part, change))])) as Record<Name, Message>;
}
