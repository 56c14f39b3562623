// SPDX-License-Identifier: Apache-2.0
/*
 * receipt/receipt.ts - what was shared, with whom, when, what is kept and until when: read from the notes that this device
 * signed, not from what the page remembers. The saved page has the proof of each line inside.
 */
import { announce } from '../ui/announce.js';
import { button, h, plain, said, setText } from '../ui/dom.js';
import type { Entry, Peer, Visit } from '../visit/visit.js';
import { language, t } from '../words/words.js';
import type { Key } from '../words/words.js';

export interface ReceiptTools {
  writeProof(entry: Entry): string;
  checkReceipt(proofs: readonly string[], logKeys: readonly string[]): void;
  logKeys(): Promise<readonly string[]>;
}

interface Line {
  capability: string;
  purpose: string;
  allowed: boolean;
  fromMs: number;
  toMs: number | undefined;
  keptDays: number;
}

/** The values of a statement's text, by the first word of each line. */
function valuesOf(note: string): Map<string, string> {
  const text = note.split('\n\n')[0] ?? '';
  return new Map(text.split('\n').slice(1).map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}

export function linesOf(entries: readonly Entry[]): Line[] {
  const lines: Line[] = [];
  for (const entry of entries) {
    const value = valuesOf(entry.note), capability = value.get('capability') ?? '-', action = value.get('action');
    const timeMs = Number(value.get('time')) * 1000;
    if (action === 'grant' || action === 'refuse')
      lines.push({ capability, purpose: value.get('purpose') ?? '', allowed: action === 'grant', fromMs: timeMs, toMs: action === 'refuse' ? timeMs : undefined, keptDays: Number(value.get('scope')?.split(' ')[2] ?? 0) });
    else if (action === 'withdraw') {
      const open = lines.filter((line) => line.capability === capability && line.toMs === undefined).pop();
      if (open) open.toMs = timeMs;
    }
  }
  return lines;
}

function row(line: Line, endMs: number): HTMLElement {
  const cell = (title: string, ...value: (Node | string)[]): HTMLElement => h('div', {}, h('dt', {}, title), h('dd', {}, ...value));
  return h('li', {}, h('h3', {}, t(`capability.${line.capability}` as Key)),
    h('dl', { class: 'facts' },
      cell(t('receipt.answer'), line.allowed ? t('receipt.allowed') : t('receipt.refused')),
      cell(t('receipt.when'), t('receipt.from', { from: line.fromMs, to: line.toMs ?? endMs })),
      cell(t('receipt.why'), line.purpose ? said(line.purpose) : t('ask.noReason')),
      cell(t('receipt.kept'), line.allowed && line.keptDays ? t('ask.keptDays', { days: line.keptDays }) : t('receipt.notKept'))));
}

const PRINTED = 'body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}ul{list-style:none;padding:0}li{border-top:1px solid #999;padding:.5rem 0}dl div{display:flex;gap:1rem}dt{min-width:8rem;color:#555}dd{margin:0}pre{font-size:11px;white-space:pre-wrap;word-break:break-all;background:#f4f4f4;padding:1rem}';

/** A page of its own: no script, nothing fetched, readable and printable as it is. */
function page(content: Element, proofs: readonly string[]): Blob {
  const document_ = document.implementation.createHTMLDocument(t('receipt.title'));
  document_.documentElement.lang = language();
  const meta = h('meta', { charset: 'utf-8' });
  document_.head.prepend(meta);
  document_.body.append(h('h1', {}, t('receipt.title')), content.cloneNode(true), ...proofs.map((text) => h('pre', {}, text)));
  /* As text: a style element would fall under the policy of this page, which allows none. */
  const text = document_.documentElement.outerHTML.replace('</head>', () => `<style>${PRINTED}</style></head>`);
  return new Blob([`<!doctype html>\n${text}\n`], { type: 'text/html' });
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export function receiptSection(visit: Visit, peer: Peer, tools: ReceiptTools): HTMLElement {
  const lines = linesOf(visit.entries), proofs = visit.entries.map((entry) => tools.writeProof(entry));
  const minutes = Math.round((visit.endedAt - visit.joinedAt) / 60_000);
  const content = h('div', { class: 'receipt-text' },
    h('p', {}, t('receipt.lead', { name: plain(peer.name), organisation: plain(peer.organisation), when: visit.joinedAt, minutes })),
    lines.length ? h('ul', { class: 'receipt-lines' }, ...lines.map((line) => row(line, visit.endedAt))) : h('p', {}, t('receipt.nothing')),
    h('p', { class: 'small' }, t('receipt.entries', { count: proofs.length })),
    h('p', { class: 'small' }, t('receipt.contact', { organisation: plain(peer.organisation) })));
  const result = h('p', { class: 'small', role: 'status' });
  const name = `handhold-receipt-${new Date(visit.joinedAt).toISOString().slice(0, 16).replace(/[:T]/g, '-')}.html`;
  const file = (): File => new File([page(content, proofs)], name, { type: 'text/html' });
  const shareable = typeof navigator.canShare === 'function' && navigator.canShare({ files: [file()] });
  const check = async (): Promise<void> => {
    const keys = await tools.logKeys();
    if (keys.length === 0) return setText(result, t('receipt.noKey'));
    try {
      tools.checkReceipt(proofs, keys);
      setText(result, t('receipt.verified', { count: proofs.length }));
    } catch (error) {
      setText(result, t('receipt.verifyFailed', { reason: error instanceof Error ? error.message : '' }));
      announce(result.textContent ?? '', 'urgent');
    }
  };
  return h('section', { class: 'receipt' }, h('h2', {}, t('receipt.title')), content, result,
    h('div', { class: 'row' },
      proofs.length > 0 && button(t('receipt.verify'), () => void check(), { class: 'button soft', id: 'verify' }, 'shield'),
      shareable ? button(t('receipt.share'), () => void navigator.share({ files: [file()] }).catch(() => undefined), { class: 'button soft', id: 'share' })
        : button(t('receipt.save'), () => save(file(), name), { class: 'button soft', id: 'save' }),
      button(t('receipt.print'), () => print(), { class: 'button soft', id: 'print' })));
}
