// SPDX-License-Identifier: Apache-2.0
/*
 * screens/welcome.ts - a link was opened: who invites, what may be asked, and that nothing is sent yet. Only the tap on Join
 * spends the invitation, so previews and link scanners burn none.
 */
import type { Device } from '../join/device.js';
import type { Organisation } from '../join/organisation.js';
import { announce } from '../ui/announce.js';
import { button, h, icon, plain, replace, setText } from '../ui/dom.js';
import type { Icon } from '../ui/dom.js';
import { t } from '../words/words.js';
import type { Key } from '../words/words.js';
import { showScreen } from './frame.js';

export interface Welcome {
  device: Device;
  organisation: Promise<Organisation | undefined>;
  link: string;
  join(): void;
  qr(text: string): Promise<HTMLElement>;
}

function who(organisation: Organisation | undefined): HTMLElement {
  const name = organisation ? plain(organisation.domain) : t('welcome.nobody');
  const verified = organisation?.verified === true;
  return h('div', { class: verified ? 'who good' : 'who bad' }, icon(verified ? 'shield' : 'warning'),
    h('div', {},
      h('p', { class: 'small' }, t('welcome.from')),
      h('p', { class: 'name' }, name),
      h('p', { class: 'proof' }, verified ? t('welcome.verified', { domain: name }) : t('welcome.unverified')),
      !verified && h('p', { class: 'small' }, t('welcome.unverifiedHelp'))));
}

function promise(picture: Icon, title: string, more: string): HTMLElement {
  return h('li', {}, icon(picture), h('div', {}, h('strong', {}, title), ' ', h('span', {}, more)));
}

function copyButton(link: string): HTMLElement {
  const shown = h('input', { type: 'text', class: 'link-text', id: 'link-text', readonly: true, value: link, 'aria-label': t('inside.link') }), failed = h('p', { class: 'small' }, t('inside.copyFailed'));
  const place = h('div', { class: 'copy', hidden: true }, failed, shown);
  const made = button(t('inside.copy'), () => void copy().then((copied) => {
    place.hidden = copied;
    setText(made.lastElementChild!, t(copied ? 'inside.copied' : 'inside.copy'));
    announce(t(copied ? 'inside.copied' : 'inside.copyFailed'), copied ? 'polite' : 'urgent');
    if (!copied) shown.select();
  }), { class: 'button soft', id: 'copy-link' }, 'link');
  const copy = async (): Promise<boolean> => navigator.clipboard ? navigator.clipboard.writeText(link).then(() => true, () => false) : false;
  return h('div', { class: 'copy' }, made, place);
}

/** As the menu of that app calls it; where it is not known, as this system mostly does. */
function wayOut({ ios, wayOut }: Device): string {
  if (wayOut === 'system') return t(ios ? 'inside.howIos' : 'inside.howAndroid');
  return `${t('inside.how', { label: t(`inside.label.${wayOut}` as Key) })} ${t('inside.sometimes', { label: t(ios ? 'inside.label.safari' : 'inside.label.chrome') })}`;
}

/* The link is unspent, and stays in the address bar for the real browser. */
function elsewhere({ device, link }: Welcome): HTMLElement | undefined {
  if (device.insideApp !== undefined) {
    return h('section', { class: 'notice' }, h('h2', {}, t('inside.title')),
      h('p', {}, device.insideApp ? t('inside.app', { app: device.insideApp }) : t('inside.unknown')),
      h('p', {}, wayOut(device)),
      h('p', {}, t('inside.howLong')), copyButton(link));
  }
  if (device.camera) return undefined;
  return h('section', { class: 'notice' }, h('p', {}, t('inside.camera')), copyButton(link));
}

function onPhone({ device, link, qr }: Welcome): HTMLElement | undefined {
  if (device.phone) return undefined;
  const place = h('div', { class: 'qr-place' });
  const show = button(t('welcome.phoneButton'), () => {
    void qr(link).then((picture) => {
      replace(place, picture, h('p', { class: 'small' }, t('welcome.phoneScan')));
      show.hidden = true;
      announce(t('welcome.phoneScan'));
    });
  }, { class: 'button soft' }, 'phone');
  return h('section', { class: 'aside' }, h('h2', {}, t('welcome.phoneTitle')), h('p', {}, t('welcome.phoneBody')), show, place);
}

export function showWelcome(welcome: Welcome): void {
  const place = h('div', { 'aria-live': 'polite' }, h('div', { class: 'who' }, h('p', { class: 'small' }, t('welcome.checking'))));
  void welcome.organisation.then((organisation) => replace(place, who(organisation)));
  showScreen('welcome',
    h('h1', {}, t('welcome.title')),
    place,
    elsewhere(welcome),
    h('ul', { class: 'promises' },
      promise('shield', t('welcome.nothingSent'), t('welcome.nothingSentMore')),
      promise('check', t('welcome.youDecide'), t('welcome.youDecideMore')),
      promise('pause', t('welcome.youStop'), t('welcome.youStopMore'))),
    button(t('welcome.join'), welcome.join, { class: 'button main', id: 'join' }),
    h('p', { class: 'hint' }, t('welcome.call')),
    onPhone(welcome));
}
