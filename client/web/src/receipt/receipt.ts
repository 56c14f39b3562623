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
import { t, written, writtenLanguage } from '../words/words.js';
import type { Key } from '../words/words.js';
import { dayAfter } from './dates.js';
import { linesOf } from './lines.js';
import type { Line } from './lines.js';
import { receiptPage } from './page.js';
import type { Facts } from './page.js';

export interface ReceiptTools {
  writeProof(entry: Entry): string;
  writeProofs(entries: readonly Entry[], keys: ReceiptKeys): string;
  checkReceipt(proofs: readonly string[], logKeys: readonly string[]): void;
}

const because = (line: Line): string => t(`receipt.because.${line.because.replaceAll(' ', '-')}` as Key);

function answer(line: Line): string {
  if (line.allowed) return t(line.elsewhere ? 'receipt.allowedElsewhere' : 'receipt.allowed');
  return line.because ? t('receipt.refusedUnasked', { reason: because(line) }) : t('receipt.refused');
}

/** Who or what ended it; '': the end of the visit. */
function ended(line: Line): string {
  if (line.tookBack) return ` (${t('receipt.tookBack')})`;
  return line.allowed && line.because ? ` (${because(line)})` : '';
}

function row(line: Line, endMs: number, organisation: string): HTMLElement {
  const cell = (title: string, ...value: (Node | string)[]): HTMLElement => h('div', {}, h('dt', {}, title), h('dd', {}, ...value));
  return h('li', {}, h('h3', {}, t(`capability.${line.capability}` as Key)),
    h('dl', { class: 'facts' },
      cell(t('receipt.answer'), answer(line)),
      cell(t('receipt.when'), t('receipt.from', { from: line.fromMs, to: line.toMs ?? endMs }), ended(line)),
      ...(line.allowed || !line.because ? [cell(t('receipt.why'), line.purpose ? said(line.purpose) : t('ask.noReason'))] : []),
      cell(t('receipt.kept'), line.allowed && line.keptDays ? t('receipt.keptDays', { organisation, days: line.keptDays, until: dayAfter(endMs, line.keptDays) }) : t('receipt.notKept'))));
}

/** Where it was, what is stored where and until when, and what a person may ask for. */
function after(organisation: string, keys: ReceiptKeys | undefined, endMs: number): (HTMLElement | undefined)[] {
  const small = (text: string): HTMLElement => h('p', { class: 'small' }, text);
  return [
    keys && small(t('receipt.session', { session: name(keys.customer).split('/')[1] ?? '', relay: location.host })),
    keys && small(t('receipt.stored', { log: name(keys.log), days: keys.keepDays, until: dayAfter(endMs, keys.keepDays) })),
    small(t('receipt.rights', { organisation })),
  ];
}

function contact(organisation: string, address: string): HTMLElement {
  return h('p', { class: 'small' }, t('receipt.contact', { organisation }), ...(address ? [' ', t('receipt.write'), ' ', h('a', { href: `mailto:${encodeURIComponent(address).replace('%40', '@')}` }, plain(address))] : []));
}

const name = (vkey: string): string => vkey.split('+')[0] ?? '';

function factsOf(visit: Visit, peer: Peer, keys: ReceiptKeys | undefined): Facts {
  const seconds = (ms: number): number => Math.floor(ms / 1000);
  return {
    language: writtenLanguage(), name: plain(peer.name), organisation: plain(peer.organisation), verified: peer.verified, relay: location.host,
    began: seconds(visit.joinedAt), ended: seconds(visit.endedAt), zone: -new Date(visit.endedAt).getTimezoneOffset(),
    keepDays: keys?.keepDays ?? 0, contact: plain(keys?.officerEmail ?? ''), moved: visit.movedIn ? 'in' : visit.movedAway ? 'away' : '',
    carried: visit.carried.map((one) => ({ capability: one.capability, purpose: one.purpose, keptDays: one.keptDays, from: seconds(one.fromMs) })),
  };
}

function savedPage(visit: Visit, peer: Peer, keys: ReceiptKeys | undefined, proofs: string): string {
  const facts = factsOf(visit, peer, keys);
  const carried = facts.carried.map((one) => ({ ...one, fromMs: one.from * 1000 }));
  const proved = { lines: linesOf(visit.entries, carried), log: name(keys?.log ?? ''), session: name(keys?.customer ?? '').split('/')[1] ?? '', count: visit.entries.length, proofs };
  return receiptPage(facts, proved, (key, values = {}) => written(key, values, facts.zone));
}

export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** `kept`: it was saved, shared or printed. */
export function receiptSection(visit: Visit, peer: Peer, tools: ReceiptTools, kept: () => void): HTMLElement {
  const lines = linesOf(visit.entries, visit.carried), proofs = visit.entries.map((entry) => tools.writeProof(entry));
  const keys = visit.session.receiptKeys(), organisation = plain(peer.organisation);
  const minutes = Math.round((visit.endedAt - visit.joinedAt) / 60_000);
  const content = h('div', { class: 'receipt-text' },
    h('p', {}, t('receipt.lead', { name: plain(peer.name), organisation, when: visit.joinedAt, minutes })),
    (visit.movedIn || visit.movedAway) && h('p', {}, t(visit.movedIn ? 'receipt.movedIn' : 'receipt.movedAway')),
    lines.length ? h('ul', { class: 'receipt-lines' }, ...lines.map((line) => row(line, visit.endedAt, organisation))) : h('p', {}, t('receipt.nothing')),
    h('p', { class: 'small' }, t('receipt.entries', { count: proofs.length })),
    ...(peer.verified ? [] : [h('p', {}, t('receipt.notVerified'))]),
    ...after(organisation, keys, visit.endedAt),
    contact(organisation, keys?.officerEmail ?? ''));
  const result = h('p', { class: 'small', role: 'status' });
  const fileName = `handhold-receipt-${new Date(visit.joinedAt).toISOString().slice(0, 16).replace(/[:T]/g, '-')}.html`;
  const whole = (): string => savedPage(visit, peer, keys, proofs.length && keys ? tools.writeProofs(visit.entries, keys) : '');
  const file = (): File => new File([whole()], fileName, { type: 'text/html' });
  const shareable = typeof navigator.canShare === 'function' && navigator.canShare({ files: [file()] });
  /* Against the key that the organisation's signed note gave this visit: whoever serves the page now has no say in it. */
  const check = (log: string): void => {
    try {
      tools.checkReceipt(proofs, [log]);
      setText(result, t('receipt.verified', { count: proofs.length }));
    } catch {
      setText(result, t('receipt.verifyFailed'));
      announce(result.textContent ?? '', 'urgent');
    }
  };
  return h('section', { class: 'receipt' }, h('h2', {}, t('receipt.title')), content, result,
    h('div', { class: 'row' },
      keys !== undefined && proofs.length > 0 && button(t('receipt.verify'), () => check(keys.log), { class: 'button soft', id: 'verify' }, 'shield'),
      shareable ? button(t('receipt.share'), () => void navigator.share({ files: [file()] }).then(kept, () => undefined), { class: 'button soft', id: 'share' })
        : button(t('receipt.save'), () => { save(file(), fileName); kept(); }, { class: 'button soft', id: 'save' }),
      button(t('receipt.print'), () => { print(); kept(); }, { class: 'button soft', id: 'print' })));
}
