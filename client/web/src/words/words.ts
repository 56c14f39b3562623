// SPDX-License-Identifier: Apache-2.0
/*
 * words/words.ts - every word that a person reads on the page comes from messages/*.json through here.
 *
 * English and German come with the page. Two that nobody speaks are made of English when they are asked for (pseudo.ts).
 */
import deMessages from 'messages:de';
import enMessages from 'messages:en';
import { alike, format, regional } from './format.js';
import type { Message, Values } from './format.js';
import type { Key } from './keys.js';

export type { Key } from './keys.js';
type Catalogue = Readonly<Record<Key, Message>>;

export const languages = [['en', 'English'], ['de', 'Deutsch']] as const;

const en = enMessages as Catalogue, de = deMessages as Catalogue;
let catalogue = en;
let tag = 'en';
const PSEUDO = { 'en-XA': true, 'ar-XB': true }; // their numbers and plurals are English: that is what they were made from

async function load(name: string): Promise<Catalogue | undefined> {
  switch (name) {
    case 'en': return en;
    case 'de': return de;
    default: return name in PSEUDO ? (await import('./pseudo.js')).pseudo(name, en) : undefined;
  }
}

/** The first of these that there is; English when there is none. */
export async function chooseLanguage(wanted: readonly string[]): Promise<void> {
  for (const name of wanted) {
    const found = (await load(name)) ?? (await load(name.split('-')[0]!));
    if (!found) continue;
    catalogue = found;
    tag = name in PSEUDO ? name : name.split('-')[0]!;
    break;
  }
  document.documentElement.lang = tag;
  document.documentElement.dir = tag === 'ar-XB' ? 'rtl' : 'ltr';
}

/** A name that comes from elsewhere: it may be anything. */
export function has(key: string): key is Key {
  return Object.hasOwn(catalogue, key);
}

export function language(): string {
  return tag;
}

/** The region that was asked for decides how a time is written: 17:30 or 5:30 pm. */
function region(): string {
  if (tag in PSEUDO) return 'en';
  return navigator.languages.find((name) => name.split('-')[0] === tag) ?? tag;
}

/* A name in another direction must not turn the sentence around it (Unicode isolates). */
function isolate(values: Values): Values {
  if (document.documentElement.dir !== 'rtl') return values;
  return Object.fromEntries(Object.entries(values).map(([name, v]) => [name, typeof v === 'string' ? `\u2068${v}\u2069` : v]));
}

export function t(key: Key, values: Values = {}): string {
  return format(catalogue[key], isolate(values), regional(region()));
}

/** The language of a text that a program can write again: those that nobody speaks are made in the browser alone. */
export function writtenLanguage(): string {
  return tag in PSEUDO ? 'en' : tag;
}

/** A message of that language, alike everywhere. */
export function written(key: Key, values: Values, zone: number): string {
  return format((tag in PSEUDO ? en : catalogue)[key], values, alike(zone));
}
