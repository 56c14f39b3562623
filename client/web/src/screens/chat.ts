// SPDX-License-Identifier: Apache-2.0
/* screens/chat.ts - what both wrote, newest last; each line of the other is read aloud by a screen reader once. */
import { announce } from '../ui/announce.js';
import { h, icon, plain, said, setText } from '../ui/dom.js';
import type { Visit } from '../visit/visit.js';
import { t } from '../words/words.js';

const MOST_BYTES = 2000; /* of a line, as the protocol has it */

export class Chat {
  readonly element: HTMLElement;
  private readonly list = h('ol', { class: 'lines', id: 'lines' });
  private readonly empty = h('p', { class: 'small' }, t('chat.empty'));
  private readonly error = h('p', { class: 'error', role: 'alert' });
  private readonly field = h('textarea', { id: 'chat', rows: 1, enterkeyhint: 'send', autocomplete: 'off' });
  private shown = 0;

  constructor(private readonly visit: Visit) {
    const form = h('form', { class: 'write', onsubmit: (event) => { event.preventDefault(); this.send(); } },
      h('label', { for: 'chat', class: 'heard' }, t('chat.label')), this.field,
      h('button', { type: 'submit', class: 'button soft', id: 'send', 'aria-label': t('chat.send') }, icon('send')));
    this.field.placeholder = t('chat.label');
    this.field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    this.element = h('section', { class: 'chat' }, h('h2', {}, t('chat.title')), this.empty, this.list, this.error, form);
  }

  private send(): void {
    const text = this.field.value.trim();
    if (!text) return;
    const tooLong = new TextEncoder().encode(text).length > MOST_BYTES, sent = !tooLong && this.visit.say(text) === 'OK';
    setText(this.error, sent ? '' : t(tooLong ? 'chat.tooLong' : 'chat.notSent'));
    if (!sent) return;
    this.field.value = '';
    if (this.waits()) announce(t('chat.waits'));
  }

  /* Own lines of which it is to be said that they have not arrived: on a line that stands it is a matter of a moment. */
  private waits(): number {
    const { visit } = this;
    return visit.online && visit.live ? 0 : visit.session.figures().chatWaits;
  }

  update(): void {
    const name = this.visit.peer?.name ?? t('end.somebody');
    this.empty.hidden = this.visit.chat.length > 0;
    const { chat, chatBefore } = this.visit, all = chatBefore + chat.length;
    for (this.shown = Math.max(this.shown, chatBefore); this.shown < all; this.shown++) {
      const line = chat[this.shown - chatBefore]!;
      this.list.append(h('li', { class: line.mine ? 'mine' : 'theirs' }, h('span', { class: 'by' }, line.mine ? t('chat.you') : said(name)), h('p', {}, said(line.text)), line.mine && h('p', { class: 'small', hidden: true }, t('chat.waits'))));
      if (!line.mine) announce(t('chat.heard', { name: plain(name), text: plain(line.text) }));
      this.list.lastElementChild?.scrollIntoView({ block: 'nearest' });
    }
    while (this.list.childElementCount > chat.length) this.list.firstElementChild!.remove();
    const mine = [...this.list.querySelectorAll<HTMLElement>('.mine > .small')], arrived = mine.length - this.waits();
    mine.forEach((words, i) => { words.hidden = i < arrived; });
  }
}
