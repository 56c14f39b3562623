// SPDX-License-Identifier: Apache-2.0
/*
 * receipt/page.ts - the receipt as a page of its own: no script, nothing fetched, readable and printable as it is. It is
 * also a file of proofs: its lines from "--- keys" to "--- end" are, and what is around them is words for people.
 *
 * handhold-audit check writes these words again, to the byte, out of the proved notes, the facts in the head and the same
 * messages (relay/audit/proofs_page.c): change both. So numbers and times are written alike in every country here.
 */
import { dayAfter } from './dates.js';
import type { Line } from './lines.js';
import type { Values } from '../words/format.js';
import type { Key } from '../words/keys.js';

/** Of the words and bytes around the proofs. People keep receipts: whoever changes one of them, or a message, counts this up. */
export const FORM = 1;

const STYLE = ':root{color-scheme:light}body{font:16px/1.5 system-ui,sans-serif;color:#111;background:#fff;max-width:44rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}ul{list-style:none;padding:0}li{border-top:1px solid #999;padding:.5rem 0}dl div{display:flex;flex-wrap:wrap;gap:0 1rem}dt{min-width:8rem;color:#555}dd{margin:0;flex:1 1 12rem}pre{font-size:11px;white-space:pre-wrap;word-break:break-all;background:#f4f4f4;padding:1rem}';

/** What no note of the visit says. Times are unix seconds; `zone` is minutes east of UTC. */
export interface Facts {
  language: string;
  name: string;
  organisation: string;
  verified: boolean;
  relay: string;
  began: number;
  ended: number;
  zone: number;
  keepDays: number;
  contact: string;
  moved: '' | 'in' | 'away';
  carried: readonly { capability: string; purpose: string; keptDays: number; from: number }[];
}

export interface Proved {
  lines: readonly Line[];
  /** C2SP verifier keys' names: of the log, and of the session; how many notes are proved. */
  log: string;
  session: string;
  count: number;
  /** The text of a file of proofs, in which nothing is markup: base64, and the log's own names. '' for none. */
  proofs: string;
}

type Say = (key: Key, values?: Values) => string;

/* What turns or hides text is out of it, and nothing in it is markup. */
function escaped(text: string): string {
  const shown = text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu, ' ');
  return shown.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function row(line: Line, endMs: number, organisation: string, say: Say): string {
  const cell = (title: Key, value: string): string => `<div><dt>${escaped(say(title))}</dt><dd>${value}</dd></div>\n`;
  const because = line.because && say(`receipt.because.${line.because.replaceAll(' ', '-')}` as Key);
  const unasked = !line.allowed && because;
  const ended = line.tookBack ? say('receipt.tookBack') : line.allowed ? because : '';
  return `<li><h3>${escaped(say(`capability.${line.capability}` as Key))}</h3><dl>\n` +
    cell('receipt.answer', escaped(unasked ? say('receipt.refusedUnasked', { reason: because })
      : say(line.elsewhere ? 'receipt.allowedElsewhere' : line.allowed ? 'receipt.allowed' : 'receipt.refused'))) +
    cell('receipt.when', escaped(say('receipt.from', { from: line.fromMs, to: line.toMs ?? endMs })) + (ended && ` (${escaped(ended)})`)) +
    (unasked ? '' : cell('receipt.why', line.purpose ? `<bdi dir="auto">${escaped(line.purpose)}</bdi>` : escaped(say('ask.noReason')))) +
    cell('receipt.kept', escaped(line.allowed && line.keptDays
      ? say('receipt.keptDays', { organisation, days: line.keptDays, until: dayAfter(endMs, line.keptDays) }) : say('receipt.notKept'))) +
    '</dl></li>\n';
}

/** `say` gives the messages of facts.language as they are written alike everywhere (words.ts). */
export function receiptPage(facts: Facts, proved: Proved, say: Say): string {
  const { organisation } = facts, endMs = facts.ended * 1000, title = escaped(say('receipt.title'));
  const p = (key: Key, values?: Values): string => `<p>${escaped(say(key, values))}</p>\n`;
  const write = facts.contact && ` ${escaped(say('receipt.write'))} ${escaped(facts.contact)}`;
  return '<!doctype html>\n' +
    `<html lang="${facts.language}" dir="ltr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">\n` +
    `<meta name="handhold-receipt" content="${escaped(JSON.stringify({ form: FORM, ...facts }))}">\n` +
    `<title>${title}</title><style>${STYLE}</style></head><body>\n<h1>${title}</h1>\n` +
    p('receipt.lead', { name: facts.name, organisation, when: facts.began * 1000, minutes: Math.floor((facts.ended - facts.began + 30) / 60) }) +
    (facts.moved && p(facts.moved === 'in' ? 'receipt.movedIn' : 'receipt.movedAway')) +
    (proved.lines.length ? `<ul>\n${proved.lines.map((line) => row(line, endMs, organisation, say)).join('')}</ul>\n` : p('receipt.nothing')) +
    p('receipt.entries', { count: proved.count }) +
    (facts.verified ? '' : p('receipt.notVerified')) +
    (proved.log && p('receipt.session', { session: proved.session, relay: facts.relay }) +
      p('receipt.stored', { log: proved.log, days: facts.keepDays, until: dayAfter(endMs, facts.keepDays) })) +
    p('receipt.rights', { organisation }) +
    `<p>${escaped(say('receipt.contact', { organisation }))}${write}</p>\n` +
    (proved.proofs && `${p('receipt.offline')}<pre dir="ltr">\n${proved.proofs}</pre>`) + '</body></html>\n';
}
