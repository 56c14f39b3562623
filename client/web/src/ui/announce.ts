// SPDX-License-Identifier: Apache-2.0
/*
 * ui/announce.ts - what a screen reader says by itself. Two live regions stand in the page from the start, because one
 * that appears together with its text is not read.
 */
import { h } from './dom.js';

const polite = h('div', { class: 'heard', role: 'status', 'aria-live': 'polite' });
const urgent = h('div', { class: 'heard', role: 'alert', 'aria-live': 'assertive' });
const LINES = 4; /* what came at once is read in order; older lines were read */

export function announcer(): HTMLElement {
  return h('div', {}, polite, urgent);
}

export function announce(text: string, how: 'polite' | 'urgent' = 'polite'): void {
  const region = how === 'urgent' ? urgent : polite;
  region.append(h('p', {}, text));
  while (region.childElementCount > LINES) region.firstElementChild?.remove();
}
