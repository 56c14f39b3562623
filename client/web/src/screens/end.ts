// SPDX-License-Identifier: Apache-2.0
/*
 * screens/end.ts - it is over: why, that nothing is shared any more, and the receipt, which is nowhere else: until it was
 * kept, another language does not cost it, and the browser asks before a reload does.
 */
import { h, icon, plain, setText } from '../ui/dom.js';
import type { Child } from '../ui/dom.js';
import type { Visit } from '../visit/visit.js';
import { t } from '../words/words.js';
import type { Key } from '../words/words.js';
import { receiptSection } from '../receipt/receipt.js';
import type { ReceiptTools } from '../receipt/receipt.js';
import { keepScreen, showScreen } from './frame.js';

/* Ends that a customer did not choose: they read whom to turn to. */
const LEFT_ALONE = new Set(['agent-left', 'connection-lost', 'stopped-by-officer', 'failed']);

export function showEnd(visit: Visit, tools: ReceiptTools): void {
  let unsaved = visit.peer !== undefined && visit.entries.length > 0;
  const closing = h('p', { class: 'hint' });
  const kept = (): void => {
    unsaved = false;
    setText(closing, t('receipt.close'));
  };
  const draw = (): void => {
    setText(closing, t(unsaved ? 'receipt.unsaved' : 'receipt.close'));
    showScreen('end', icon('check'), ...why(visit), visit.peer && receiptSection(visit, visit.peer, tools, kept), closing);
    keepScreen(draw);
  };
  addEventListener('beforeunload', (event) => { if (unsaved) event.preventDefault(); });
  draw();
}

function why(visit: Visit): Child[] {
  if (visit.movedAway) return [h('h1', {}, t('move.done')), h('p', { class: 'lead' }, t('move.doneMore'))];
  const name = plain(visit.peer?.name ?? t('end.somebody')), mine = visit.ended?.by === 1;
  const reason = mine && visit.ended?.reason === 'completed' && !visit.goodbye ? 'customer-left' : visit.ended?.reason ?? 'failed';
  return [
    h('h1', {}, t('end.title')), h('p', { class: 'lead' }, t(`end.${reason}` as Key, { name })), h('p', {}, t('end.off')),
    visit.rated && h('p', {}, t('end.thanks')),
    visit.peer && LEFT_ALONE.has(reason) && h('p', {}, t('end.turn', { organisation: plain(visit.peer.organisation) })),
  ];
}
