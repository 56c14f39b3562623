// SPDX-License-Identifier: Apache-2.0
/*
 * screens/asking.ts - the sheets of a visit: a request (who, what, what for, until when; two answers of the same size), the
 * four words, a photo, "the camera is not on", the last word, "end now?". Which one is shown follows from what is so, in this order.
 */
import type { Device } from '../join/device.js';
import type { Studio } from '../camera/studio.js';
import { dayAfter } from '../receipt/dates.js';
import { announce } from '../ui/announce.js';
import type { Capability } from '../proto/session.js';
import { button, h, icon, plain, said, setText } from '../ui/dom.js';
import type { Ask, Sheet as Asked, Visit } from '../visit/visit.js';
import { t } from '../words/words.js';
import type { Key } from '../words/words.js';
import { PhotoSheet } from './photo.js';
import { Sheet } from './sheet.js';

const OWN_TITLE: readonly string[] = ['camera', 'device-state', 'recording', 'still', 'torch', 'zoom', 'microphone'];

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
  private offered = false; /* a photo, instead of the camera */
  private leaving = false;
  private gone = false; /* "End now" was tapped: the last word is on its way */
  private wordsWanted = false;
  private problemRead: string | undefined;
  private voiceProblemRead: string | undefined;
  private photo: PhotoSheet | undefined;

  constructor(private readonly visit: Visit, private readonly studio: Studio, private readonly device: Device, bar: HTMLElement) {
    this.sheet = new Sheet(bar, (shown) => {
      if (shown === 'leave') this.leaving = false;
      if (shown.startsWith('look ')) this.wordsWanted = false;
      return shown === 'leave' || shown.startsWith('look ');
    });
  }

  get element(): HTMLElement {
    return this.sheet.element;
  }

  leave(): void {
    this.leaving = true;
    this.update();
  }

  /** The four words, for whoever wants to compare them. */
  showTheWords(): void {
    this.wordsWanted = true;
    this.update();
  }

  update(): void {
    const { visit, studio } = this;
    const words = visit.words;
    const asked = visit.still?.arrived === undefined ? visit.still : undefined;
    if (!asked || !this.sheet.is(`photo ${asked.id}`)) this.closePhoto();
    if (visit.sheet) this.offered = false;
    if (visit.ended) this.sheet.close();
    else if (this.gone || visit.leaveWaits) this.showEnding();
    else if (visit.moveAsked !== undefined) this.showMove(visit.moveAsked);
    else if (visit.elsewhere !== undefined && !visit.peer) this.showElsewhere(visit.elsewhere);
    else if (visit.goodbye) this.showGoodbye();
    else if (this.leaving) this.showLeave();
    else if (words && (words.required || !visit.peer?.verified) && words.answered === undefined) this.showWords(words.list);
    else if (words?.answered === false) this.showDiffer();
    else if (visit.sheet) this.showSheet(visit.sheet);
    else if (words && this.wordsWanted) this.showWordsAgain(words.list);
    else if (asked) this.showPhoto(asked.id);
    else if (this.offered) this.showOffered();
    else if (studio.problem && studio.problem !== this.problemRead) this.showProblem(studio.problem);
    else if (studio.voice.problem && studio.voice.problem !== this.voiceProblemRead) this.showVoiceProblem(studio.voice.problem);
    else this.sheet.close();
    if (visit.granted.size > 0) this.sheet.holdBar();
    if (!studio.problem) this.problemRead = undefined;
    if (!studio.voice.problem) this.voiceProblemRead = undefined;
  }

  private factsOf(ask: Ask): HTMLElement {
    const organisation = plain(this.visit.peer?.organisation ?? '');
    return h('dl', { class: 'facts', id: 'sheet-facts' },
      line(t('ask.why'), ask.purpose ? h('q', {}, said(ask.purpose)) : t('ask.noReason')),
      line(t('ask.howLong'), howLong(ask.maxS)),
      line(t('ask.kept'), ask.retentionDays ? t('ask.keptDays', { organisation, days: ask.retentionDays, until: dayAfter(Date.now(), ask.retentionDays) }) : t('ask.keptNothing', { organisation })));
  }

  /** Yes to these, no to the rest. The lens may take its second while the log writes; in a pause, or without a line, nothing is opened. */
  private answer(allowed: readonly Capability[]): void {
    const { visit } = this, now = visit.online && !visit.paused && !visit.onHold;
    visit.answer(allowed);
    for (const capability of allowed) if (now && visit.waiting.has(capability)) this.studio.allowed(capability);
    if (allowed.length === 0) announce(t('ask.refused'));
  }

  private showSheet({ request, asks }: Asked): void {
    const { visit } = this, name = plain(visit.peer?.name ?? t('end.somebody')), first = asks[0]!, one = asks.length === 1;
    const what = capabilityName(first.capability), has = (capability: Capability): boolean => asks.some((ask) => ask.capability === capability);
    const title = !one ? t('ask.several', { name, count: asks.length })
      : OWN_TITLE.includes(first.capability) ? t(`ask.${first.capability}` as Key, { name }) : t('ask.other', { name, what });
    const key = `ask ${request} ${asks.map((ask) => ask.capability).join(' ')}`;
    if (this.sheet.is(key)) return;
    const switches = asks.map(({ capability }) => h('input', { type: 'checkbox', id: `want-${capability}`, value: capability }));
    const error = h('p', { class: 'error', role: 'alert' }), hear = h('input', { type: 'checkbox', id: 'hear' });
    const allow = (): void => {
      const chosen = one ? [first.capability] : asks.filter((_, i) => switches[i]!.checked).map(({ capability }) => capability);
      if (chosen.includes('microphone')) this.studio.voice.setHearing(hear.checked);
      if (chosen.length) this.answer(chosen);
      else setText(error, t('ask.chooseFirst'));
    };
    this.sheet.open(key, title,
      this.whoLine(),
      !one && h('fieldset', { class: 'switches' }, h('legend', {}, t('ask.each')),
        ...asks.map(({ capability }, i) => h('label', { class: 'switch', for: `want-${capability}` }, switches[i], h('span', {}, capabilityName(capability))))),
      this.factsOf(first),
      has('microphone') && h('label', { class: 'switch', for: 'hear' }, hear, h('span', {}, t('ask.hear', { name }))),
      has('microphone') && h('p', { class: 'small' }, t('ask.voiceHonest', { name })),
      (has('camera') || has('microphone')) && h('p', { class: 'small' }, t('ask.browser')),
      has('recording') && h('p', { class: 'small' }, t('ask.recordingHonest')),
      has('still') && h('p', { class: 'small' }, t('ask.photoHonest')),
      h('div', { class: 'answers' }, error,
        button(t('ask.notNow'), () => this.answer([]), { class: 'button answer', id: 'not-now' }),
        button(one ? t('ask.allow') : t('ask.allowChosen'), allow, { class: 'button answer', id: 'allow' })));
    const list = one ? title : `${title}: ${asks.map((ask) => capabilityName(ask.capability)).join(', ')}`;
    announce(t('ask.announce', { title: list, purpose: first.purpose ? plain(first.purpose) : t('ask.noReason') }), 'urgent');
    navigator.vibrate?.(80);
  }

  /* ---- a photo, and the last word ---- */

  private showPhoto(id: number): void {
    const key = `photo ${id}`;
    if (this.sheet.is(key)) return;
    this.photo = new PhotoSheet(this.visit, this.studio);
    const title = t('photo.title', { name: plain(this.visit.peer?.name ?? t('end.somebody')) });
    this.sheet.open(key, title, this.photo.content);
    announce(title, 'urgent');
    navigator.vibrate?.(80);
  }

  private showMove(digits: string): void {
    const { visit } = this;
    this.sheet.open(`move ${digits}`, t('move.title'),
      h('p', {}, t('move.body')), h('p', { class: 'two-digits', dir: 'ltr' }, digits), h('p', { class: 'small' }, t('move.warning')),
      h('div', { class: 'answers' },
        button(t('move.stay'), () => visit.answerMove(false), { class: 'button answer', id: 'move-stay' }),
        button(t('move.go'), () => visit.answerMove(true), { class: 'button answer', id: 'move-go' })));
  }

  private showElsewhere(digits: string): void {
    this.sheet.open(`elsewhere ${digits}`, t('elsewhere.title'),
      h('p', {}, t('elsewhere.body')), h('p', { class: 'two-digits', dir: 'ltr' }, digits), h('p', { class: 'small' }, t('elsewhere.notYou')),
      button(t('elsewhere.stop'), () => this.end(), { class: 'button soft', id: 'elsewhere-stop' }));
    announce(t('elsewhere.title'), 'urgent');
  }

  private showGoodbye(): void {
    const { visit } = this, name = plain(visit.peer?.name ?? t('end.somebody'));
    if (this.sheet.is('goodbye')) return;
    const solved = h('input', { type: 'checkbox', id: 'solved' });
    const star = (stars: number): HTMLElement =>
      button('★'.repeat(stars), () => visit.rate(stars, solved.checked), { class: 'button soft star', id: `star-${stars}`, 'aria-label': t('goodbye.stars', { stars }) });
    this.sheet.open('goodbye', t('goodbye.title', { name }),
      h('p', {}, t('end.off')),
      h('label', { class: 'switch', for: 'solved' }, solved, h('span', {}, t('goodbye.solved'))),
      h('fieldset', { class: 'stars' }, h('legend', {}, t('goodbye.rate')), ...[1, 2, 3, 4, 5].map(star)),
      button(t('goodbye.skip'), () => visit.rate(undefined, false), { class: 'button soft', id: 'skip' }));
    announce(t('goodbye.title', { name }), 'urgent');
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
        ...this.wordAnswers()));
  }

  /* Whose words differ shares nothing until they have compared them again. */
  private wordAnswers(): HTMLElement[] {
    const done = (match: boolean) => (): void => {
      const { visit } = this;
      this.wordsWanted = false;
      if (!match && visit.granted.size && !visit.paused) visit.pause('customer', 'asked');
      visit.answerWords(match);
      if (match) announce(t('words.matched'));
    };
    return [button(t('words.differ'), done(false), { class: 'button answer', id: 'words-differ' }), button(t('words.match'), done(true), { class: 'button answer', id: 'words-match' })];
  }

  private showWordsAgain(list: readonly string[]): void {
    const close = (): void => {
      this.wordsWanted = false;
      this.update();
    };
    this.sheet.open(`look ${list.join(' ')}`, t('words.title'),
      h('p', {}, t('words.body', { name: plain(this.visit.peer?.name ?? t('end.somebody')) })),
      h('ol', { class: 'words', lang: 'en', dir: 'ltr' }, ...list.map((word) => h('li', {}, word))),
      button(t('words.close'), close, { class: 'button soft', id: 'words-close' }),
      h('div', { class: 'answers' }, ...this.wordAnswers()));
  }

  private showDiffer(): void {
    const { visit } = this, again = (): void => {
      this.wordsWanted = visit.words?.required === false && visit.peer?.verified === true;
      visit.compareAgain();
    };
    this.sheet.open('differ', t('words.differTitle'), h('p', {}, t('words.differBody')),
      h('div', { class: 'answers' },
        button(t('words.again'), again, { class: 'button answer', id: 'words-again' }),
        button(t('leave.end'), () => this.end(), { class: 'button answer danger', id: 'leave-now' })));
    announce(`${t('words.differTitle')}. ${t('words.differBody')}`, 'urgent');
  }

  private closePhoto(): void {
    this.photo?.close();
    this.photo = undefined;
  }

  /** This browser's way. */
  private howToAllow(what: 'camera' | 'microphone'): string {
    const { kind, browser } = this.device;
    return t(`denied.${kind}` as Key, { name: plain(this.visit.peer?.name ?? t('end.somebody')), what, browser: browser.split(' ')[0]! });
  }

  private showProblem(problem: string): void {
    const name = plain(this.visit.peer?.name ?? t('end.somebody')), key = `problem ${problem}`;
    if (this.sheet.is(key)) return;
    const words = [t(`camera.${problem}` as Key, { name }), ...(problem === 'denied' ? [this.howToAllow('camera')] : [])];
    const offer = (): void => {
      this.offered = this.visit.say(t('camera.photoInstead')) === 'OK';
      this.read(problem);
    };
    this.sheet.open(key, t('camera.problemTitle'), ...words.map((text) => h('p', {}, text)),
      h('div', { class: 'answers' },
        button(t('camera.offerPhoto'), offer, { class: 'button answer', id: 'offer-photo' }),
        button(t('camera.understood'), () => this.read(problem), { class: 'button answer', id: 'understood' })));
    announce([t('camera.problemTitle'), ...words].join(' '), 'urgent');
  }

  /** This browser has no moving picture, and was asked for one again. */
  cannotShow(): void {
    this.problemRead = undefined;
    this.studio.problem = 'cannot';
    this.update();
  }

  private showOffered(): void {
    const read = (): void => {
      this.offered = false;
      this.update();
    };
    const title = t('camera.offeredTitle', { name: plain(this.visit.peer?.name ?? t('end.somebody')) });
    if (this.sheet.is('offered')) return;
    this.sheet.open('offered', title, h('p', {}, t('camera.offered')), h('div', { class: 'answers' }, button(t('camera.understood'), read, { class: 'button answer', id: 'understood' })));
    announce(`${title}. ${t('camera.offered')}`);
  }

  private showVoiceProblem(problem: string): void {
    const name = plain(this.visit.peer?.name ?? t('end.somebody'));
    const read = (): void => {
      this.voiceProblemRead = problem;
      this.update();
    };
    const key = `voice ${problem}`, words = [t(`voice.${problem}` as Key, { name }), ...(problem === 'denied' ? [this.howToAllow('microphone')] : []), t('voice.otherwise', { name })];
    if (this.sheet.is(key)) return;
    this.sheet.open(key, t('voice.problemTitle'), ...words.map((text) => h('p', {}, text)),
      button(t('camera.understood'), read, { class: 'button answer', id: 'understood' }));
    announce([t('voice.problemTitle'), ...words].join(' '), 'urgent');
  }

  private read(problem: string): void {
    this.problemRead = problem;
    this.update();
  }

  private showLeave(): void {
    this.sheet.open('leave', t('leave.title'), h('p', {}, t('leave.body')),
      h('div', { class: 'answers' },
        button(t('leave.stay'), () => { this.leaving = false; this.update(); }, { class: 'button answer', id: 'stay' }),
        button(t('leave.end'), () => this.end(), { class: 'button answer danger', id: 'leave-now' })));
  }

  private end(): void {
    this.gone = true;
    this.visit.leave();
    this.update();
  }

  /** It takes as long as the line takes to come back; nobody has to wait for that. */
  private showEnding(): void {
    const { visit } = this, waits = visit.leaveWaits, name = plain(visit.peer?.name ?? t('end.somebody'));
    if (this.sheet.is(waits ? 'ending away' : 'ending')) return;
    if (!waits) return this.sheet.open('ending', t('leave.ending'), h('p', {}, t('end.off')));
    this.sheet.open('ending away', t('leave.ending'), h('p', {}, t('end.off')), h('p', {}, t('leave.away', { name })),
      button(t('leave.dontWait'), () => visit.leaveNow(), { class: 'button soft', id: 'dont-wait' }));
    announce(t('leave.away', { name }), 'urgent');
  }
}
