// SPDX-License-Identifier: Apache-2.0
/*
 * ui/announce.ts - what a screen reader says by itself. Live regions stand in the page from the start, because one that
 * appears together with its text is not read; a modal dialog has a pair of its own, because what is behind it is inert.
 */
import { h } from './dom.js';

const LINES = 4; /* what came at once is read in order; older lines were read */

function pair(): { element: HTMLElement; polite: HTMLElement; urgent: HTMLElement } {
  const polite = h('div', { class: 'heard', role: 'status', 'aria-live': 'polite' });
  const urgent = h('div', { class: 'heard', role: 'alert', 'aria-live': 'assertive' });
  return { element: h('div', {}, polite, urgent), polite, urgent };
}

const ofPage = pair(), ofDialog = pair();
const waiting: { text: string; how: 'polite' | 'urgent' }[] = [];
let dialog: HTMLDialogElement | undefined;

export function announcer(): HTMLElement {
  return ofPage.element;
}

/** For the one dialog that is in the page. */
export function announcerIn(element: HTMLDialogElement): HTMLElement {
  dialog = element;
  ofDialog.polite.replaceChildren();
  ofDialog.urgent.replaceChildren();
  return ofDialog.element;
}

function flush(): void {
  const place = dialog?.open ? ofDialog : ofPage;
  for (const { text, how } of waiting.splice(0)) {
    const region = place[how];
    region.append(h('p', {}, text));
    while (region.childElementCount > LINES) region.firstElementChild?.remove();
  }
}

/** Said when this turn is over: by then it is settled whether a dialog is open. */
export function announce(text: string, how: 'polite' | 'urgent' = 'polite'): void {
  if (waiting.push({ text, how }) === 1) queueMicrotask(flush);
}
