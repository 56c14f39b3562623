// SPDX-License-Identifier: Apache-2.0
/* screens/bar.ts - always there: what is sent right now and to whom, each with its own "off", pause for everything, and end. */
import type { Studio } from '../camera/studio.js';
import { button, h, icon, plain, replace, setText } from '../ui/dom.js';
import type { Icon } from '../ui/dom.js';
import type { Capability } from '../proto/session.js';
import type { Visit } from '../visit/visit.js';
import { t } from '../words/words.js';
import { capabilityName } from './asking.js';
import { VoiceActs } from './voice.js';

const PICTURES: Partial<Record<Capability, Icon>> = { camera: 'camera', 'device-state': 'device-state', recording: 'recording', microphone: 'microphone', still: 'camera', torch: 'light', zoom: 'zoom' };

export class Bar {
  readonly element: HTMLElement;
  private readonly state = h('p', { class: 'bar-state' });
  private readonly list = h('ul', { class: 'sending' });
  private readonly pause: HTMLButtonElement;
  private readonly voice: VoiceActs;
  private shown = '';

  constructor(private readonly visit: Visit, private readonly studio: Studio, leave: () => void) {
    this.voice = new VoiceActs(visit, studio.voice);
    this.pause = button(t('bar.pause'), () => this.pauseOrNot(), { class: 'button soft', id: 'pause' }, 'pause');
    this.element = h('section', { class: 'bar', 'aria-label': t('bar.label') },
      h('div', { class: 'bar-what' }, this.state, this.list),
      h('div', { class: 'bar-acts' }, this.pause, button(t('bar.end'), leave, { class: 'button danger', id: 'end' }, 'end')));
  }

  private pauseOrNot(): void {
    if (this.visit.paused) this.visit.carryOn();
    else this.visit.pause('customer', 'asked');
  }

  private words(): string {
    if (this.visit.onHold) return t('bar.hold');
    if (this.visit.paused) return t('bar.paused');
    if (this.visit.waiting.size > 0 || (this.visit.granted.has('camera') && !this.studio.seen) || (this.visit.granted.has('microphone') && !this.studio.voice.running)) return t('bar.starting');
    return this.visit.granted.size === 0 ? t('bar.nothing') : '';
  }

  update(): void {
    const { granted, paused, peer, session } = this.visit;
    const name = plain(peer?.name ?? t('end.somebody'));
    const words = this.words();
    this.element.dataset['state'] = paused || this.visit.onHold ? 'paused' : granted.size ? 'sending' : 'nothing';
    setText(this.state, words);
    this.state.hidden = words === '';
    this.pause.hidden = granted.size === 0 || paused !== undefined || this.visit.onHold;
    this.voice.update(name);
    const until = [...granted.keys()].map((capability) => session.grantedUntil(capability) ?? 0);
    const now = JSON.stringify([[...granted.keys()], until.map(Math.round), name, paused !== undefined]);
    if (now === this.shown) return; // buttons that are rebuilt lose the focus
    this.shown = now;
    replace(this.list, ...[...granted.keys()].map((capability) => {
      const what = capabilityName(capability), until = session.grantedUntil(capability);
      return h('li', { class: capability === 'microphone' && 'voice' }, icon(PICTURES[capability] ?? 'shield'),
        h('span', {}, capability === 'microphone' ? this.voice.words : t('bar.sending', { what, name }),
          until !== undefined && Number.isFinite(until) && h('span', { class: 'until' }, ' ', t('bar.until', { time: Date.now() + until - performance.now() }))),
        capability === 'microphone' && this.voice.element,
        h('button', { type: 'button', class: 'off', id: `off-${capability}`, 'aria-label': t('bar.off', { what }), onclick: () => this.visit.takeBack(capability) }, icon('end')));
    }));
  }
}
