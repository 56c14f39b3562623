// SPDX-License-Identifier: Apache-2.0
/* screens/beside.ts - a device of one's home that joins in: its code is typed here, and what it tells is shown, and hidden. */
import type { HomeDevice } from '../device/home.js';
import { announce } from '../ui/announce.js';
import { button, h, plain, replace, setText } from '../ui/dom.js';
import type { Visit } from '../visit/visit.js';
import type { Key } from '../words/keys.js';
import { propertyRaw, propertyTitle, propertyValue } from '../words/properties.js';
import { t } from '../words/words.js';
import { digitsOf, groupDigits } from './digits.js';

export class BesideCard {
  readonly element = h('section', { class: 'beside', hidden: true });
  private asking = false;
  private shown = '';
  private readonly open = new Set<string>(); /* devices whose values are being looked at */

  constructor(private readonly visit: Visit) {}

  update(): void {
    const { other, peer } = this.visit, granted = this.visit.granted.has('device-state');
    this.element.hidden = !peer;
    const devices = [...other.home.devices.values()], at = document.activeElement?.id;
    const now = JSON.stringify([this.asking, granted, other.state, other.name, devices.map((d) => [d.id, d.name, other.home.isHidden(d.id), [...d.properties].map(([name, p]) => [name, p.value, p.unit, other.home.isHidden(d.id, name)])])]);
    if (now === this.shown) return;
    const before = this.shown ? (JSON.parse(this.shown) as unknown[])[2] : 'none';
    this.shown = now;
    if (other.state !== before && other.state !== 'none') announce(this.words());
    if (other.state === 'linked' || other.state === 'away') this.asking = false;
    replace(this.element, ...(other.state === 'linked' || other.state === 'away' ? this.linked(devices, granted) : this.asking ? this.form() : this.offer()));
    if (at?.startsWith('beside-')) document.getElementById(at)?.focus();
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
        const digits = digitsOf(field.value);
        if (field.selectionStart === field.value.length && /^[0-9]*$/.test(digits)) field.value = groupDigits(digits);
      },
    });
    const submit = (event: Event): void => {
      event.preventDefault();
      try {
        other.link(digitsOf(field.value));
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

  private toggle(name: string, device: string, property?: string): HTMLElement {
    const { other } = this.visit, hidden = other.home.isHidden(device, property);
    const words = t(hidden ? 'beside.show' : 'beside.hide');
    return button(words, () => other.setHidden(!hidden, device, property),
      { class: 'plain', id: `beside-hide-${device}${property === undefined ? '' : ` ${property}`}`, 'aria-label': `${words}: ${plain(name)}` });
  }

  private values({ id, properties }: HomeDevice): HTMLElement {
    const { home } = this.visit.other;
    return h('dl', { class: 'facts' }, ...[...properties].map(([name, { value, unit, hiddenThere }]) => {
      const hidden = hiddenThere || home.isHidden(id, name), title = propertyTitle(name);
      return h('div', { title: propertyRaw(name, hidden ? undefined : value, hidden ? '' : unit) }, h('dt', {}, title), h('dd', {}, hidden ? t('beside.hidden') : propertyValue(name, value, unit)), !hiddenThere && h('dd', {}, this.toggle(title, id, name)));
    }));
  }

  private device(device: HomeDevice): HTMLElement {
    const { id, name, hiddenThere } = device, hidden = hiddenThere || this.visit.other.home.isHidden(id);
    const made = h('details', { id: `beside-${id}` }, h('summary', { id: `beside-of-${id}` }, plain(name), hidden && ` – ${t('beside.hidden')}`), !hidden && this.values(device), !hiddenThere && this.toggle(name, id));
    made.open = this.open.has(id);
    made.addEventListener('toggle', () => { if (made.open) this.open.add(id); else this.open.delete(id); });
    return made;
  }

  private linked(devices: readonly HomeDevice[], granted: boolean): Node[] {
    const { other } = this.visit;
    return [h('h2', {}, this.words()),
      h('p', { class: 'hint' }, t(granted ? 'beside.told' : 'beside.waits', { name: plain(this.visit.peer?.name ?? '') })),
      ...devices.map((device) => this.device(device)),
      h('p', { class: 'hint' }, t('beside.one')),
      button(t('beside.unlink'), () => other.unlink(), { class: 'plain', id: 'beside-unlink' })];
  }
}
