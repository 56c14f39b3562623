// SPDX-License-Identifier: Apache-2.0
/* screens/voice.ts - what a person does with a voice while it is granted: be mute, hear the other side. In the bar. */
import { announce } from '../ui/announce.js';
import { button, h, plain, setText } from '../ui/dom.js';
import type { Visit } from '../visit/visit.js';
import type { Voice } from '../voice/voice.js';
import { t } from '../words/words.js';
import { capabilityName } from './asking.js';

export class VoiceActs {
  readonly element: HTMLElement;
  /** What is sent. */
  readonly words = h('span', {});
  private readonly mute: HTMLButtonElement;
  private readonly hear: HTMLButtonElement;

  constructor(private readonly visit: Visit, private readonly voice: Voice) {
    this.mute = button(t('voice.mute'), () => this.toggleMute(), { class: 'toggle', id: 'mute', 'aria-pressed': 'false' });
    this.hear = button('', () => this.toggleHearing(), { class: 'toggle', id: 'hear-agent', 'aria-pressed': 'false' });
    this.element = h('span', { class: 'voice-acts' }, this.mute, this.hear);
  }

  private get name(): string {
    return plain(this.visit.peer?.name ?? t('end.somebody'));
  }

  private toggleMute(): void {
    this.voice.setMuted(!this.voice.muted);
    announce(t(this.voice.muted ? 'voice.nowMuted' : 'voice.notMuted', { name: this.name }));
  }

  private toggleHearing(): void {
    this.voice.setHearing(!this.voice.hearing);
    announce(t(this.voice.hearing ? 'voice.nowHeard' : 'voice.notHeard', { name: this.name }));
  }

  update(name: string): void {
    const { muted, hearing } = this.voice;
    setText(this.words, muted ? t('voice.muted') : capabilityName('microphone'));
    setText(this.hear.lastElementChild!, t('voice.hear', { name }));
    this.mute.setAttribute('aria-pressed', String(muted));
    this.hear.setAttribute('aria-pressed', String(hearing));
  }
}
