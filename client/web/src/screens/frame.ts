// SPDX-License-Identifier: Apache-2.0
/* screens/frame.ts - what every screen stands in: one main part, its heading focused when it changes, the foot of the page. */
import { announcer } from '../ui/announce.js';
import { h, replace } from '../ui/dom.js';
import type { Child } from '../ui/dom.js';
import { chooseLanguage, language, languages, t } from '../words/words.js';

const main = h('main', { id: 'main', tabindex: '-1' });
const foot = h('footer', { class: 'foot' });

let buildOf = '';
let again: (() => void) | undefined; /* draws the screen that is shown anew */

export function buildFrame(build: string): void {
  buildOf = build;
  const skip = h('a', { class: 'skip', href: '#main', onclick: (event) => { event.preventDefault(); main.focus(); } }, t('app.skip'));
  document.title = t('app.title');
  document.body.replaceChildren(skip, announcer(), main, foot);
  fillFoot(build);
}

/* Another language is another load: nothing has been sent, and the invitation stays in the address. What a load would lose is drawn anew. */
async function chooseOther(name: string): Promise<void> {
  const address = new URL(location.href);
  address.searchParams.set('lang', name);
  history.replaceState(null, '', address);
  if (!again) return location.reload();
  await chooseLanguage([name]);
  const draw = again;
  buildFrame(buildOf);
  draw();
}

function fillFoot(build: string): void {
  const others = languages.filter(([name]) => name !== language());
  replace(foot,
    h('p', {}, t('app.footer')),
    h('nav', { class: 'languages', 'aria-label': t('app.language') },
      ...others.map(([name, own]) => h('button', { type: 'button', class: 'plain', lang: name, onclick: () => void chooseOther(name) }, own))),
    h('p', { class: 'build' }, t('app.build', { build: build.slice(0, 16) })));
}

export function showScreen(name: string, ...children: readonly Child[]): void {
  document.body.dataset['screen'] = name;
  again = undefined;
  foot.hidden = name === 'visit' || name === 'joining'; /* another language is another load, which a visit does not bear */
  replace(main, ...children);
  scrollTo(0, 0);
  const heading = main.querySelector('h1');
  heading?.setAttribute('tabindex', '-1');
  heading?.focus({ preventScroll: true });
}

/** What is shown is nowhere else: another language does not load the page again, it calls `draw`. */
export function keepScreen(draw: () => void): void {
  again = draw;
}

/** Join was tapped: said at once, whatever is still to be fetched. */
export function showJoining(): void {
  showScreen('joining', h('h1', {}, t('visit.connecting')));
}
