// SPDX-License-Identifier: Apache-2.0
/*
 * screens/asking.ts - the sheets of a visit: a request (who, what, what for, until when; two answers of the same size), the
 * four words, "the camera is not on", "end now?". Which one is shown follows from what is so, in this order.
 */
import type { Device } from '../join/device.js';
import type { Studio } from '../camera/studio.js';
import { announce } from '../ui/announce.js';
import { button, h, icon, plain, said } from '../ui/dom.js';
import type { Ask, Visit } from '../visit/visit.js';
import { t } from '../words/words.js';
import type { Key } from '../words/words.js';
import { Sheet } from './sheet.js';

const OWN_TITLE: readonly string[] = ['camera', 'device-state', 'recording'];

export function capabilityName(capability: string): string {
  return t(`capability.${capability}` as Key);
}

function howLong(maxS: number): string {
  if (maxS === 0) return t('ask.untilEnd');
  return maxS < 120 ? t('ask.atMostSeconds', { seconds: maxS }) : t('ask.atMost', { minutes: Math.round(maxS / 60) });
}

function line(title: string, ...value: (Node | string)[]): HTMLElement {
  return h('div', {}, h('dt', {}, title), h('dd', {}, ...value));
}

export class Asking {
  private readonly sheet: Sheet;
  private leaving = false;
  private problemRead: string | undefined;

  constructor(private readonly visit: Visit, private readonly studio: Studio, private readonly device: Device) {
    this.sheet = new Sheet((shown) => {
      if (shown === 'leave') this.leaving = false;
      return shown === 'leave';
    });
  }

  get element(): HTMLElement {
    return this.sheet.element;
  }

  leave(): void {
    this.leaving = true;
    this.update();
  }

  update(): void {
    const { visit, studio } = this;
    const words = visit.words;
    const ask = visit.ask && !visit.waiting.has(visit.ask.capability) ? visit.ask : undefined;
    if (visit.ended) this.sheet.close();
    else if (this.leaving) this.showLeave();
    else if (words && (words.required || !visit.peer?.verified) && words.answered === undefined) this.showWords(words.list);
    else if (words?.answered === false) this.showDiffer();
    else if (ask) this.showAsk(ask);
    else if (studio.problem && studio.problem !== this.problemRead) this.showProblem(studio.problem);
    else this.sheet.close();
    if (!studio.problem) this.problemRead = undefined;
  }

  private showAsk(ask: Ask): void {
    const { visit } = this;
    const peer = visit.peer;
    const name = plain(peer?.name ?? t('end.somebody')), what = capabilityName(ask.capability);
    const title = OWN_TITLE.includes(ask.capability) ? t(`ask.${ask.capability}` as Key, { name }) : t('ask.other', { name, what });
    const key = `ask ${ask.capability} ${ask.purpose} ${ask.maxS}`;
    if (this.sheet.is(key)) return;
    const allow = (): void => {
      const capability = ask.capability;
      if (visit.allow() === 'OK') this.studio.allowed(capability);
    };
    const refuse = (): void => {
      visit.refuse();
      announce(t('ask.refused'));
    };
    this.sheet.open(key, title,
      this.whoLine(),
      h('dl', { class: 'facts' },
        line(t('ask.why'), ask.purpose ? h('q', {}, said(ask.purpose)) : t('ask.noReason')),
        line(t('ask.howLong'), howLong(ask.maxS)),
        line(t('ask.kept'), ask.retentionDays ? t('ask.keptDays', { days: ask.retentionDays }) : t('ask.keptNothing'))),
      ask.capability === 'camera' && h('p', { class: 'small' }, t('ask.browser')),
      ask.capability === 'recording' && h('p', { class: 'small' }, t('ask.recordingHonest')),
      h('div', { class: 'answers' },
        button(t('ask.notNow'), refuse, { class: 'button answer', id: 'not-now' }),
        button(t('ask.allow'), allow, { class: 'button answer', id: 'allow' })));
    announce(t('ask.announce', { title, purpose: ask.purpose ? plain(ask.purpose) : t('ask.noReason') }), 'urgent');
    navigator.vibrate?.(80);
  }

  private whoLine(): HTMLElement {
    const peer = this.visit.peer;
    const good = peer?.verified === true;
    return h('p', { class: good ? 'whoLine good' : 'whoLine bad' }, icon(good ? 'shield' : 'warning'),
      h('span', {}, said(peer?.name ?? ''), ' ', t('visit.of', { organisation: plain(peer?.organisation ?? '') }), ', ',
        h('strong', {}, good ? t('visit.verified') : t('visit.unverified'))));
  }

  private showWords(list: readonly string[]): void {
    const name = plain(this.visit.peer?.name ?? t('end.somebody'));
    this.sheet.open(`words ${list.join(' ')}`, t('words.title'),
      h('p', {}, t('words.body', { name })),
      h('ol', { class: 'words', lang: 'en', dir: 'ltr' }, ...list.map((word) => h('li', {}, word))),
      h('p', { class: 'small' }, t('words.required')),
      h('div', { class: 'answers' },
        button(t('words.differ'), () => this.visit.answerWords(false), { class: 'button answer', id: 'words-differ' }),
        button(t('words.match'), () => { this.visit.answerWords(true); announce(t('words.matched')); }, { class: 'button answer', id: 'words-match' })));
  }

  private showDiffer(): void {
    this.sheet.open('differ', t('words.differTitle'), h('p', {}, t('words.differBody')),
      button(t('leave.end'), () => this.visit.leave(), { class: 'button danger', id: 'leave-now' }));
  }

  private showProblem(problem: string): void {
    const name = plain(this.visit.peer?.name ?? t('end.somebody'));
    const help = this.device.ios ? t('camera.deniedHelpIos', { name }) : this.device.phone ? t('camera.deniedHelpAndroid', { name }) : t('camera.deniedHelp', { name });
    const body = problem === 'denied' ? t('camera.denied') : problem === 'none' ? t('camera.none') : problem === 'busy' ? t('camera.busy', { name }) : t('camera.failed');
    this.sheet.open(`problem ${problem}`, t('camera.problemTitle'),
      h('p', {}, body), problem === 'denied' && h('p', {}, help),
      button(t('camera.understood'), () => { this.problemRead = problem; this.update(); }, { class: 'button main', id: 'understood' }));
  }

  private showLeave(): void {
    this.sheet.open('leave', t('leave.title'), h('p', {}, t('leave.body')),
      h('div', { class: 'answers' },
        button(t('leave.stay'), () => { this.leaving = false; this.update(); }, { class: 'button answer', id: 'stay' }),
        button(t('leave.end'), () => this.visit.leave(), { class: 'button answer danger', id: 'leave-now' })));
  }
}
