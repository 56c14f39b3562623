// SPDX-License-Identifier: Apache-2.0
/*
 * receipt/receipt.ts - what was shared, with whom, what for, when, what is kept where and until when, and what can be done
 * about it (the fields of ISO/IEC TS 27560): read from the notes that this device signed, not from what the page remembers.
 * The saved page has the proof of each line inside.
 */
import { announce } from '../ui/announce.js';
import { button, h, plain, said, setText } from '../ui/dom.js';
import type { ReceiptKeys } from '../proto/session.js';
import type { Entry, Peer, Visit } from '../visit/visit.js';
import { language, t } from '../words/words.js';
import type { Key } from '../words/words.js';
import { receiptPage } from './page.js';

export interface ReceiptTools {
  writeProof(entry: Entry): string;
  writeProofs(entries: readonly Entry[], keys: ReceiptKeys): string;
  checkReceipt(proofs: readonly string[], logKeys: readonly string[]): void;
  logKeys(): Promise<readonly string[]>;
}

interface Line {
  capability: string;
  purpose: string;
  allowed: boolean;
  fromMs: number;
  toMs: number | undefined;
  /** By the customer; else a time, the connection or the session ended it. */
  tookBack: boolean;
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
    const open = lines.filter((line) => line.capability === capability && line.toMs === undefined).pop();
    if (open && (action === 'grant' || action === 'withdraw')) {
      open.toMs = timeMs;
      open.tookBack = action === 'withdraw' && !value.get('purpose');
    }
    if (action === 'grant' || action === 'refuse')
      lines.push({ capability, purpose: value.get('purpose') ?? '', allowed: action === 'grant', fromMs: timeMs, toMs: action === 'refuse' ? timeMs : undefined, tookBack: false, keptDays: Number(value.get('scope')?.split(' ')[2] ?? 0) });
  }
  return lines;
}

function row(line: Line, endMs: number): HTMLElement {
  const cell = (title: string, ...value: (Node | string)[]): HTMLElement => h('div', {}, h('dt', {}, title), h('dd', {}, ...value));
  return h('li', {}, h('h3', {}, t(`capability.${line.capability}` as Key)),
    h('dl', { class: 'facts' },
      cell(t('receipt.answer'), line.allowed ? t('receipt.allowed') : t('receipt.refused')),
      cell(t('receipt.when'), t('receipt.from', { from: line.fromMs, to: line.toMs ?? endMs }), line.tookBack ? ` (${t('receipt.tookBack')})` : ''),
      cell(t('receipt.why'), line.purpose ? said(line.purpose) : t('ask.noReason')),
      cell(t('receipt.kept'), line.allowed && line.keptDays ? t('ask.keptDays', { days: line.keptDays }) : t('receipt.notKept'))));
}

/** Where it was, what is stored where and until when, and what a person may ask for. */
function after(organisation: string, keys: ReceiptKeys | undefined): (HTMLElement | undefined)[] {
  const small = (text: string): HTMLElement => h('p', { class: 'small' }, text);
  const name = (key: string): string => key.split('+')[0] ?? '';
  return [
    keys && small(t('receipt.session', { session: name(keys.customer).split('/')[1] ?? '', relay: location.host })),
    keys && small(t('receipt.stored', { log: name(keys.log), days: keys.keepDays })),
    small(t('receipt.rights', { organisation })),
  ];
}

function contact(organisation: string, address: string): HTMLElement {
  return h('p', { class: 'small' }, t('receipt.contact', { organisation }), ...(address ? [' ', t('receipt.write'), ' ', h('a', { href: `mailto:${encodeURIComponent(address).replace('%40', '@')}` }, plain(address))] : []));
}

export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export function receiptSection(visit: Visit, peer: Peer, tools: ReceiptTools): HTMLElement {
  const lines = linesOf(visit.entries), proofs = visit.entries.map((entry) => tools.writeProof(entry));
  const keys = visit.session.receiptKeys(), organisation = plain(peer.organisation);
  const minutes = Math.round((visit.endedAt - visit.joinedAt) / 60_000);
  const content = h('div', { class: 'receipt-text' },
    h('p', {}, t('receipt.lead', { name: plain(peer.name), organisation, when: visit.joinedAt, minutes })),
    lines.length ? h('ul', { class: 'receipt-lines' }, ...lines.map((line) => row(line, visit.endedAt))) : h('p', {}, t('receipt.nothing')),
    h('p', { class: 'small' }, t('receipt.entries', { count: proofs.length })),
    ...(peer.verified ? [] : [h('p', {}, t('receipt.notVerified'))]),
    ...after(organisation, keys),
    contact(organisation, keys?.officerEmail ?? ''));
  const result = h('p', { class: 'small', role: 'status' });
  const name = `handhold-receipt-${new Date(visit.joinedAt).toISOString().slice(0, 16).replace(/[:T]/g, '-')}.html`;
  const whole = (): string => receiptPage(language(), t('receipt.title'),
    content.outerHTML + (proofs.length ? h('p', {}, t('receipt.offline')).outerHTML : ''), proofs.length && keys ? tools.writeProofs(visit.entries, keys) : '');
  const file = (): File => new File([whole()], name, { type: 'text/html' });
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
