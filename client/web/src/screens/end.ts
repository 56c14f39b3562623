// SPDX-License-Identifier: Apache-2.0
/* screens/end.ts - it is over: why, that nothing is shared any more, and the receipt. */
import { h, icon, plain } from '../ui/dom.js';
import type { Visit } from '../visit/visit.js';
import { t } from '../words/words.js';
import type { Key } from '../words/words.js';
import { receiptSection } from '../receipt/receipt.js';
import type { ReceiptTools } from '../receipt/receipt.js';
import { showScreen } from './frame.js';

/* Ends that a customer did not choose: they read whom to turn to. */
const LEFT_ALONE = new Set(['agent-left', 'connection-lost', 'stopped-by-officer', 'failed']);

export function showEnd(visit: Visit, tools: ReceiptTools): void {
  const name = plain(visit.peer?.name ?? t('end.somebody'));
  const mine = visit.ended?.by === 1;
  const reason = mine && visit.ended?.reason === 'completed' ? 'customer-left' : visit.ended?.reason ?? 'failed';
  const title = visit.movedAway ? t('move.done') : t('end.title'), lead = visit.movedAway ? t('move.doneMore') : t(`end.${reason}` as Key, { name });
  showScreen('end',
    icon('check'),
    h('h1', {}, title),
    h('p', { class: 'lead' }, lead),
    h('p', {}, t('end.off')),
    visit.peer && LEFT_ALONE.has(reason) && h('p', {}, t('end.turn', { organisation: plain(visit.peer.organisation) })),
    visit.peer && receiptSection(visit, visit.peer, tools),
    h('p', { class: 'hint' }, t('receipt.close')));
}
