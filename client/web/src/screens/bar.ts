// SPDX-License-Identifier: Apache-2.0
/*
 * screens/bar.ts - always there: what is sent right now and to whom, each with its own "off", pause for everything or the
 * way on from it, "go on" for what is about to end, and end.
 */
import type { Studio } from '../camera/studio.js';
import { announce } from '../ui/announce.js';
import { button, h, icon, plain, replace, setText } from '../ui/dom.js';
import type { Icon } from '../ui/dom.js';
import { isUnread, notYet } from '../ui/unread.js';
import type { Capability } from '../proto/session.js';
import type { Visit } from '../visit/visit.js';
import { t } from '../words/words.js';
import type { Key } from '../words/words.js';
import { capabilityName } from './asking.js';
import { sendingNow } from './sending.js';
import type { Sending } from './sending.js';
import { VoiceActs } from './voice.js';

const PICTURES: Partial<Record<Capability, Icon>> = { camera: 'camera', 'device-state': 'device-state', recording: 'recording', microphone: 'microphone', still: 'camera', torch: 'light', zoom: 'zoom' };
/* Its colours: red alone says that something leaves. */
const LOOKS: Readonly<Record<Sending, 'sending' | 'paused' | 'nothing'>> = {
  nothing: 'nothing', starting: 'sending', sending: 'sending', paused: 'paused', hold: 'paused', 'no-line': 'paused', 'agent-away': 'paused',
};

export class Bar {
  readonly element: HTMLElement;
  private readonly state = h('p', { class: 'bar-state' });
  private readonly list = h('ul', { class: 'sending' });
  private readonly pause: HTMLButtonElement;
  private readonly goOn: HTMLButtonElement;
  private readonly voice: VoiceActs;
  private shown = '';

  constructor(private readonly visit: Visit, private readonly studio: Studio, leave: () => void) {
    this.voice = new VoiceActs(visit, studio.voice);
    this.pause = button(t('bar.pause'), () => visit.pause('customer', 'asked'), { class: 'button soft', id: 'pause' }, 'pause');
    this.goOn = button(t('pause.continue'), () => this.carryOn(), { class: 'button main huge', id: 'continue', hidden: true }, 'play');
    this.element = h('section', { class: 'bar', 'aria-label': t('bar.label') },
      h('div', { class: 'bar-what' }, this.state, this.list),
      h('div', { class: 'bar-acts' }, this.goOn, this.pause, button(t('bar.end'), leave, { class: 'button danger', id: 'end' }, 'end')));
  }

  private carryOn(): void {
    const on = [...this.visit.granted.keys()].map(capabilityName).join(', ');
    if (this.visit.granted.has('microphone')) this.studio.voice.wake();
    this.visit.carryOn();
    notYet(this.pause); // it comes under the finger that taps twice by habit
    announce(on ? t('pause.continued', { what: on, count: this.visit.granted.size }) : t('pause.over'));
  }

  /* Whoever paused, or was nowhere, taps once more in the same place. */
  private updateActs(): void {
    const { granted, paused, onHold } = this.visit, go = paused !== undefined && !onHold, at = document.activeElement, came = go && this.goOn.hidden;
    const left = !go && at === this.goOn;
    setText(this.goOn.lastElementChild!, t(paused?.reason === 'reloaded' || paused?.reason === 'moved' ? 'pause.again' : 'pause.continue'));
    this.goOn.hidden = !go;
    this.pause.hidden = granted.size === 0 || paused !== undefined || onHold;
    if (came) notYet(this.goOn); // it stands where Pause stood
    if (came && (at === document.body || at === this.pause)) this.goOn.focus();
    if (left) this.pause.focus();
  }

  update(): void {
    const { granted, expiring, paused, peer, session } = this.visit;
    const name = plain(peer?.name ?? t('end.somebody'));
    const sending = sendingNow(this.visit, this.studio.seen, this.studio.voice.running);
    this.element.dataset['state'] = LOOKS[sending];
    setText(this.state, t(`bar.${sending}` as Key, { name }));
    this.updateActs();
    this.voice.update(name);
    const until = [...granted.keys()].map((capability) => session.grantedUntil(capability) ?? 0);
    const now = JSON.stringify([[...granted.keys()], until.map(Math.round), paused !== undefined, [...expiring]]);
    if (now === this.shown) return; // buttons that are rebuilt lose the focus
    this.shown = now;
    const at = document.activeElement?.id ?? '';
    const soonest = (capability: Capability): number => Number(!expiring.has(capability)); // what ends soon is seen without scrolling
    const offered = new Set([...this.list.querySelectorAll('.go-on')].map(({ id }) => id));
    replace(this.list, ...[...granted.keys()].sort((a, b) => soonest(a) - soonest(b)).map((capability) => this.line(capability)));
    notYet(...[...this.list.querySelectorAll('.go-on')].filter(({ id }) => !offered.has(id)));
    const again = at.replace('extend-', 'off-'); // what was gone on with has its "off" left
    if (/^(off|extend)-/.test(at)) (document.getElementById(at) ?? document.getElementById(again))?.focus();
    else this.list.parentElement!.scrollTop = 0; // whatever is new is said at the top
  }

  private line(capability: Capability): HTMLElement {
    const { visit } = this, what = capabilityName(capability), until = visit.session.grantedUntil(capability), voice = capability === 'microphone', soon = visit.expiring.has(capability);
    const end = soon ? t('bar.soon') : until !== undefined && Number.isFinite(until) ? t('bar.until', { time: Date.now() + until - performance.now() }) : '';
    return h('li', { class: [voice && 'voice', soon && 'soon'].filter(Boolean).join(' ') || false }, icon(PICTURES[capability] ?? 'shield'),
      h('span', { class: 'what' }, voice ? this.voice.words : what, end && h('span', { class: soon ? 'until soon' : 'until' }, ' ', end)),
      voice && this.voice.element,
      soon && button(t('bar.goOn'), () => visit.extend(capability), { class: 'toggle go-on', id: `extend-${capability}`, 'aria-label': t('expiring.extend', { what }) }),
      h('button', { type: 'button', class: 'off', id: `off-${capability}`, 'aria-label': t('bar.off', { what }), onclick: ({ currentTarget }) => { if (!isUnread(currentTarget as Element)) visit.takeBack(capability); } }, icon('end')));
  }
}
