// SPDX-License-Identifier: Apache-2.0
/* screens/problem.ts - an invitation that does not work: one clear sentence, and the way on. */
import { button, h, icon } from '../ui/dom.js';
import { t } from '../words/words.js';
import { showScreen } from './frame.js';

const KNOWN = ['link', 'VERSION', 'NOT_FOUND', 'EXPIRED', 'BURNT', 'CODE', 'BUSY', 'GONE', 'UNREACHABLE'] as const;
const AGAIN: readonly string[] = ['CODE', 'UNREACHABLE']; /* the same once more, typed rightly, or with a connection */

/** `err`: what refused, by its name in the protocol. */
export function showProblem(err: string, message: string): void {
  const name = KNOWN.find((known) => known === (err === 'LINK' ? 'link' : err)) ?? 'other';
  showScreen('problem',
    icon('warning'),
    h('h1', {}, t(`problem.${name}.title`)),
    h('p', { class: 'lead' }, t(`problem.${name}.body`)),
    name === 'other' && message !== '' && h('p', { class: 'small' }, t('problem.details', { message })),
    button(t(AGAIN.includes(name) ? 'problem.again' : 'problem.code'), () => { if (name === 'UNREACHABLE') location.reload(); else location.assign('/'); }, { class: 'button soft', id: 'type-code' }));
}
