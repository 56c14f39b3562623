// SPDX-License-Identifier: Apache-2.0
/* screens/problem.ts - an invitation that does not work: one clear sentence, and the way on. */
import { button, h, icon } from '../ui/dom.js';
import { t } from '../words/words.js';
import { refusalFor } from './errors.js';
import type { Refusal } from './errors.js';
import { showScreen } from './frame.js';

const AGAIN: readonly Refusal[] = ['CODE', 'NO_CODE', 'UNREACHABLE']; /* the same once more, typed rightly, or with a connection */

/** `err`: what refused, by its name in the protocol, which is shown where there is nothing better to say. */
export function showProblem(err: string): void {
  const name = refusalFor(err);
  showScreen('problem',
    icon('warning'),
    h('h1', {}, t(`problem.${name}.title`)),
    h('p', { class: 'lead' }, t(`problem.${name}.body`)),
    name === 'other' && err !== 'other' && h('p', { class: 'small' }, t('problem.details', { err })),
    button(t(AGAIN.includes(name) ? 'problem.again' : 'problem.code'), () => { if (name === 'UNREACHABLE') location.reload(); else location.assign('/'); }, { class: 'button soft', id: 'type-code' }));
}
