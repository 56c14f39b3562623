// SPDX-License-Identifier: Apache-2.0
/* screens/beside.ts - a device of one's home that joins in: its code is typed here, and what it tells is shown, and hidden. */
import type { BesideDevice } from '../device/beside.js';
import { announce } from '../ui/announce.js';
import { button, h, plain, replace, setText } from '../ui/dom.js';
import type { Visit } from '../visit/visit.js';
import type { Key } from '../words/keys.js';
import { t } from '../words/words.js';
import { groupDigits } from './code.js';

export class BesideCard {
  readonly element = h('section', { class: 'beside', hidden: true });
  private asking = false;
  private shown = '';

  constructor(private readonly visit: Visit) {}

  update(): void {
    const { other, peer } = this.visit, granted = this.visit.granted.has('device-state');
    this.element.hidden = !peer;
    const devices = [...other.devices.values()];
    const now = JSON.stringify([this.asking, granted, other.state, other.name, devices.map((d) => [d.id, d.hidden, [...d.values]])]);
    if (now === this.shown) return;
    const before = this.shown ? (JSON.parse(this.shown) as unknown[])[2] : 'none';
    this.shown = now;
    if (other.state !== before && other.state !== 'none') announce(this.words());
    if (other.state === 'linked' || other.state === 'away') this.asking = false;
    replace(this.element, ...(other.state === 'linked' || other.state === 'away' ? this.linked(devices, granted) : this.asking ? this.form() : this.offer()));
  }

  private words(): string {
    const { other } = this.visit, name = plain(other.name);
    return t(`beside.${other.state}` as Key, { name });
  }

  private offer(): Node[] {
    return [button(t('beside.add'), () => { this.asking = true; this.update(); document.getElementById('beside-code')?.focus(); }, { class: 'plain', id: 'beside-add' })];
  }

  private form(): Node[] {
    const { other } = this.visit, error = h('p', { class: 'error', id: 'beside-error', role: 'alert' });
    setText(error, other.state === 'none' ? '' : this.words());
    const field = h('input', {
      id: 'beside-code', class: 'digits', inputmode: 'numeric', autocomplete: 'off', maxlength: 20, enterkeyhint: 'go', 'aria-describedby': 'beside-error', spellcheck: 'false', dir: 'ltr',
      oninput: () => {
        const digits = field.value.replace(/[\s.-]/g, '');
        if (field.selectionStart === field.value.length && /^[0-9]*$/.test(digits)) field.value = groupDigits(digits);
      },
    });
    const submit = (event: Event): void => {
      event.preventDefault();
      try {
        other.link(field.value);
      } catch {
        setText(error, t('code.typo'));
        field.focus();
      }
    };
    return [h('form', { class: 'code', novalidate: true, onsubmit: submit },
      h('label', { for: 'beside-code' }, t('beside.label')), field, error,
      button(t('beside.link'), () => undefined, { class: 'button', type: 'submit', id: 'beside-link' }),
      button(t('beside.cancel'), () => { this.asking = false; this.update(); }, { class: 'plain' }))];
  }

  private linked(devices: readonly BesideDevice[], granted: boolean): Node[] {
    const { other } = this.visit;
    return [h('h2', {}, this.words()),
      h('p', { class: 'hint' }, t(granted ? 'beside.told' : 'beside.waits', { name: plain(this.visit.peer?.name ?? '') })),
      ...devices.map((d) => h('details', {}, h('summary', {}, plain(d.name), d.hidden ? ` – ${t('beside.hidden')}` : ''),
        h('dl', { class: 'facts' }, ...[...d.values].map(([name, value]) => h('div', {}, h('dt', {}, plain(name)), h('dd', {}, plain(value))))),
        ...(d.hidden ? [] : [button(t('beside.hide'), () => other.hide(d.id), { class: 'plain' })]))),
      button(t('beside.unlink'), () => other.unlink(), { class: 'plain', id: 'beside-unlink' })];
  }
}
