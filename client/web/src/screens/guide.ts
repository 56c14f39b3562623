// SPDX-License-Identifier: Apache-2.0
/* screens/guide.ts - the steps that the agent has sent: the one that is on, with its buttons, and the whole list. */
import { announce } from '../ui/announce.js';
import { button, h, icon, plain, replace, said } from '../ui/dom.js';
import type { Guide, GuideStep } from '../visit/guide.js';
import type { Visit } from '../visit/visit.js';
import { t } from '../words/words.js';
import type { Key } from '../words/words.js';

export class GuideCard {
  readonly element = h('section', { class: 'guide', hidden: true });
  private shown: Guide | undefined;
  private spoken = '';
  private helped = -1; /* the step whose help was asked for */

  constructor(private readonly visit: Visit) {}

  update(): void {
    const { guide } = this.visit;
    if (guide === this.shown) return;
    this.shown = guide;
    this.element.hidden = !guide || guide.end === 'closed';
    if (!guide || this.element.hidden) return this.element.replaceChildren();
    const step = guide.end === 'goes-on' ? guide.steps[guide.current] : undefined;
    const heading = h('h2', { tabindex: '-1' }, said(guide.title));
    this.element.lang = guide.language;
    replace(this.element, heading, step ? this.step(guide, step) : this.over(guide), this.list(guide));
    this.speak(guide, step);
  }

  private speak(guide: Guide, step: GuideStep | undefined): void {
    const words = step ? `${t('guide.step', { number: guide.current + 1, of: guide.steps.length })}: ${plain(step.title)}. ${plain(step.text)} ${plain(step.caution)}`
      : guide.end === 'goes-on' ? '' : t(`guide.${guide.end}` as Key);
    if (words && words !== this.spoken) announce(words);
    this.spoken = words;
  }

  private step(guide: Guide, step: GuideStep): HTMLElement {
    const { visit } = this, act = (key: Key, what: Parameters<Visit['step']>[0], style: string): HTMLElement =>
      button(t(key), () => visit.step(what), { class: `button ${style}`, id: `guide-${what}` });
    const worse = (): void => {
      this.helped = guide.current;
      visit.step('did-not-work');
    };
    return h('div', { class: 'guide-step' },
      h('p', { class: 'small' }, t('guide.step', { number: guide.current + 1, of: guide.steps.length })),
      h('h3', {}, said(step.title)),
      step.caution !== '' && h('p', { class: 'caution' }, icon('warning'), h('span', {}, said(step.caution))),
      h('p', {}, said(step.text)),
      step.point !== '' && h('p', {}, t('guide.where'), ' ', said(step.point)),
      this.picture(guide, step),
      step.help !== '' && this.helped === guide.current && h('p', {}, said(step.help)),
      step.byItself && h('p', { class: 'small' }, t('guide.byItself')),
      h('div', { class: 'row' },
        act('guide.done', 'done', 'main'),
        button(t('guide.didNotWork'), worse, { class: 'button soft', id: 'guide-did-not-work' }),
        act('guide.skip', 'skip', 'soft'),
        guide.current > 0 && act('guide.back', 'back', 'soft')));
  }

  /* Its words stand in its place until it is there. */
  private picture(guide: Guide, step: GuideStep): HTMLElement | false {
    const url = this.visit.pictures.of(guide.run, guide.current);
    if (url) return h('img', { class: 'guide-picture', src: url, alt: plain(step.alt) });
    return step.alt !== '' && h('p', { class: 'small' }, t('guide.picture'), ' ', said(step.alt));
  }

  private over(guide: Guide): HTMLElement {
    return h('div', { class: 'guide-step' }, h('p', {}, guide.end === 'goes-on' ? t('guide.nothingOpen') : t(`guide.${guide.end}` as Key)),
      h('div', { class: 'row' }, button(t('guide.close'), () => this.visit.step('close'), { class: 'button soft', id: 'guide-close' })));
  }

  private list(guide: Guide): HTMLElement {
    return h('details', {}, h('summary', {}, t('guide.all', { count: guide.steps.length })),
      h('ol', { class: 'guide-list' }, ...guide.steps.map((step, i) => h('li', i === guide.current ? { 'aria-current': 'step' } : {},
        step ? said(step.title) : '…', ' ', step && step.outcome !== 'open' && h('span', { class: 'small' }, t(`guide.was.${step.outcome}` as Key))))));
  }
}
