// SPDX-License-Identifier: Apache-2.0
/*
 * screens/sheet.ts - what must be answered, one at a time, above everything else. A native modal dialog: the page behind
 * it is inert, and the focus starts at its heading, so that no answer is chosen beforehand. While something is sent the bar
 * stands in its foot: whoever is asked can still stop everything first. A sheet comes when others want it, perhaps under a
 * finger that is on its way to something else: what it asks is answered by no tap before it can have been read.
 */
import { announcerIn } from '../ui/announce.js';
import { h, replace } from '../ui/dom.js';
import type { Child } from '../ui/dom.js';
import { notYet, UNREAD_MS } from '../ui/unread.js';

export class Sheet {
  readonly element = h('dialog', { class: 'sheet', 'aria-labelledby': 'sheet-title' });
  private shown: string | undefined;
  private before: Element | null = null;
  private tapped = -Infinity;
  private readonly body = h('div', { class: 'sheet-body' });

  /** onCancel: Escape and the back gesture; they answer nothing. `bar` stands before the sheet while it is closed. */
  constructor(private readonly bar: HTMLElement, private readonly onCancel: (shown: string) => boolean) {
    this.element.append(this.body, announcerIn(this.element));
    this.body.addEventListener('click', () => { this.tapped = performance.now(); }, true);
    this.element.addEventListener('cancel', (event) => {
      event.preventDefault();
      if (this.shown && this.onCancel(this.shown)) this.close();
    });
    /* A browser lets 'cancel' be refused only so often, and closes the dialog then; what is not answered comes back. */
    this.element.addEventListener('close', () => {
      if (!this.shown || this.element.open) return;
      if (this.onCancel(this.shown)) return this.close();
      this.element.showModal();
      this.element.querySelector<HTMLElement>('#sheet-title')?.focus({ preventScroll: true });
    });
  }

  /** `name` tells whether it is the same sheet as before; then nothing is rebuilt and no focus moves. */
  open(name: string, title: string, ...children: readonly Child[]): void {
    if (this.shown === name) return;
    if (!this.shown) this.before = document.activeElement;
    this.shown = name;
    const heading = h('h2', { id: 'sheet-title', tabindex: '-1' }, title);
    replace(this.body, heading, ...children);
    if (this.body.querySelector('#sheet-facts')) this.element.setAttribute('aria-describedby', 'sheet-facts');
    else this.element.removeAttribute('aria-describedby');
    notYet(...this.body.querySelectorAll('button'));
    if (!this.element.open) this.element.showModal();
    this.body.scrollTop = 0;
    heading.focus({ preventScroll: true }); // it still rises: what would be scrolled is the way that it has to go
  }

  is(name: string): boolean {
    return this.shown === name;
  }

  /** Something is sent while the sheet is open. It stays there until the sheet closes: a move would lose the focus. */
  holdBar(): void {
    if (this.shown && !this.element.contains(this.bar)) this.element.append(this.bar);
  }

  close(): void {
    if (!this.shown) return;
    this.shown = undefined;
    if (this.element.contains(this.bar)) this.element.before(this.bar);
    this.element.close();
    if (performance.now() - this.tapped < UNREAD_MS) notYet(this.bar); // the second tap of two would meet End
    if (this.before instanceof HTMLElement && this.before.isConnected) this.before.focus();
  }
}
