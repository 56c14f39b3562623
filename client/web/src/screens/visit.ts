// SPDX-License-Identifier: Apache-2.0
/* screens/visit.ts - the session: who is here, the picture, cards, messages, the bar; one update() from what is so. */
import type { Studio } from '../camera/studio.js';
import type { Worked } from '../camera/handles.js';
import type { Device } from '../join/device.js';
import type { SessionEvent } from '../proto/session.js';
import { save } from '../receipt/receipt.js';
import { announce } from '../ui/announce.js';
import { button, h, icon, plain, replace, said, setText } from '../ui/dom.js';
import type { Visit } from '../visit/visit.js';
import { t } from '../words/words.js';
import type { Key } from '../words/words.js';
import { Asking, capabilityName } from './asking.js';
import { Bar } from './bar.js';
import { Chat } from './chat.js';
import { showScreen } from './frame.js';
import { BesideCard } from './beside.js';
import { GuideCard } from './guide.js';
import { Marks } from './marks.js';
import { Stage } from './stage.js';

/** Calls `ended` once. */
export function showVisit(visit: Visit, studio: Studio, device: Device, ended: () => void): void {
  const bar: Bar = new Bar(visit, studio, () => asking.leave()), asking = new Asking(visit, studio, device, bar.element), stage = new Stage(visit, studio), chat = new Chat(visit);
  const marks = new Marks(visit, studio.ring), guide = new GuideCard(visit), beside = new BesideCard(visit);
  const who = h('div', { class: 'top-who' }), notice = h('p', { class: 'notice', hidden: true });
  const keepFork = button(t('visit.keepFork'), () => save(new Blob([visit.fork ?? ''], { type: 'text/plain' }), 'handhold-fork.txt'), { id: 'keep-fork', hidden: true });
  const warning = h('p', { class: 'notice bad', hidden: true }), paused = h('section', { class: 'paused', hidden: true });
  const facts = h('section', { class: 'facts-of-device', hidden: true });
  const expiring = h('section', { class: 'notice', hidden: true });
  let shownFacts = '', shownExpiring = '', shownPeer = '', shownPause = '', over = false, queued = false, saidNoLine = false;

  function updatePeer(): void {
    const { peer } = visit, now = JSON.stringify(peer ?? null);
    chat.element.hidden = !peer;
    if (now === shownPeer) return;
    shownPeer = now;
    if (!peer) return replace(who, h('h1', { class: 'heard' }, t('visit.connecting')));
    replace(who, icon(peer.verified ? 'shield' : 'warning'), h('div', {},
      h('h1', {}, said(peer.name)),
      h('p', { class: peer.verified ? 'good' : 'bad' }, plain(peer.organisation), ', ', peer.verified ? t('visit.verified') : t('visit.unverified'))),
      h('button', { type: 'button', class: 'plain words-button', id: 'words', onclick: () => asking.showTheWords() }, t('words.show')));
    warning.hidden = peer.verified;
    setText(warning, peer.verified ? '' : t('visit.unverifiedWarning', { organisation: plain(peer.organisation) }));
  }

  function updateNotice(name: string): void {
    const arrived = visit.still?.arrived;
    const words = visit.alarm !== undefined ? t('visit.alarm', { name, message: visit.alarm })
      : visit.peer && visit.agentAway ? t(visit.capturing.size ? 'visit.quiet' : 'visit.gone', { name })
      : visit.peer && !visit.online ? t('visit.offline')
      : visit.lineFailed && !visit.online ? t('visit.noLine')
      : visit.blocked ? t('visit.blocked')
      : arrived !== undefined ? t('photo.sending', { percent: Math.floor(arrived * 100) }) : '';
    setText(notice, words);
    notice.hidden = words === '';
    if (visit.lineFailed && !visit.peer && !saidNoLine) {
      saidNoLine = true;
      announce(words);
    }
    keepFork.hidden = visit.fork === undefined;
  }

  function updatePause(name: string): void {
    const key = visit.onHold ? 'hold' : visit.paused ? `${visit.paused.by} ${visit.paused.reason}` : '';
    if (key === shownPause) return;
    shownPause = key;
    paused.hidden = key === '';
    if (visit.onHold) {
      replace(paused, icon('pause'), h('h2', {}, t('hold.title')), h('p', {}, t('hold.body', { name })));
      return announce(t('hold.body', { name }), 'urgent');
    }
    if (!visit.paused) return paused.replaceChildren();
    const what = t(`pause.${visit.paused.reason}` as Key, { name });
    const again = button(t(visit.paused.reason === 'reloaded' ? 'pause.again' : 'pause.continue'), carryOn, { class: 'button main huge', id: 'continue' }, 'play');
    replace(paused, icon('pause'), h('h2', {}, t('pause.title')), h('p', {}, what), again);
    announce(what, 'urgent');
    if (document.activeElement === document.body || document.activeElement?.id === 'pause') again.focus();
  }

  function carryOn(): void {
    const on = [...visit.granted.keys()].map(capabilityName).join(', ');
    if (visit.granted.has('microphone')) studio.voice.wake();
    visit.carryOn();
    announce(t('pause.continued', { what: on }));
  }

  function updateExpiring(name: string): void {
    const list = [...visit.expiring], key = list.join(' ');
    if (key === shownExpiring) return;
    shownExpiring = key;
    expiring.hidden = list.length === 0;
    replace(expiring, ...list.map((capability) => h('div', { class: 'row' },
      h('p', {}, t('expiring.body', { what: capabilityName(capability), name })),
      button(t('expiring.extend', { what: capabilityName(capability) }), () => visit.extend(capability), { class: 'button main', id: `extend-${capability}` }, 'clock'))));
  }

  function updateFacts(name: string): void {
    facts.hidden = studio.facts.length === 0 || !visit.granted.has('device-state');
    if (facts.hidden) return;
    const value = (v: string | number | boolean | undefined, unit: string): string =>
      v === undefined ? t('state.notAvailable') : typeof v === 'boolean' ? t(v ? 'state.yes' : 'state.no') : unit ? `${v} ${unit}` : String(v);
    const now = JSON.stringify(studio.facts.map((f) => [f.name, f.value, studio.isHidden(f.name)])), at = document.activeElement?.id;
    if (now === shownFacts) return;
    shownFacts = now;
    replace(facts, h('h2', {}, t('state.title', { name })), h('dl', { class: 'facts' },
      ...studio.facts.map((f) => {
        const hidden = studio.isHidden(f.name), label = t(`state.${f.name}` as Key);
        const toggle = button(t('beside.hide'), () => studio.hideFact(f.name, !hidden), { class: 'plain', id: `hide-${f.name}`, 'aria-pressed': String(hidden), 'aria-label': `${t('beside.hide')}: ${label}` });
        return h('div', {}, h('dt', {}, label), h('dd', {}, hidden ? t('beside.hidden') : value(f.value, f.unit)), h('dd', {}, toggle));
      })));
    if (at?.startsWith('hide-')) document.getElementById(at)?.focus();
  }

  function update(): void {
    beside.update();
    queued = false;
    if (over) return;
    const name = plain(visit.peer?.name ?? t('end.somebody'));
    updatePeer();
    updateNotice(name);
    updatePause(name);
    updateFacts(name);
    updateExpiring(name);
    guide.update();
    stage.update();
    chat.update();
    bar.update();
    asking.update();
    if (!visit.ended) return;
    over = true;
    studio.release();
    ended();
  }

  /* Many events of one message make one update. */
  function later(): void {
    if (queued) return;
    queued = true;
    queueMicrotask(update);
  }

  function worked(what: Worked): void {
    announce(t(`worked.${what}`, { name: plain(visit.peer?.name ?? t('end.somebody')) }));
  }

  function speak(event: SessionEvent): void {
    const name = plain(visit.peer?.name ?? t('end.somebody'));
    if (event.kind === 'joined') announce(t('visit.joined', { name, organisation: plain(event.organisation) }));
    else if (event.kind === 'consent') speakConsent(event.capability, event.extended ? 'extended' : event.state);
    else if (event.kind === 'expiring') announce(t('expiring.body', { what: capabilityName(event.capability), name }), 'urgent');
    else if (event.kind === 'hold' && !event.on) announce(t('hold.back', { name }));
    else if (event.kind === 'still' && event.step === 'whole') announce(t('photo.arrived', { name }));
    else if (event.kind === 'still' && event.step === 'failed') announce(t('photo.notSent'));
    else if (event.kind === 'peer' && !visit.peer && !event.present) announce(`${t('visit.waitingTitle')}. ${t('visit.waiting')}`);
    else if (event.kind === 'peer' && visit.peer) announce(t(event.present ? 'visit.back' : 'visit.gone', { name }));
    else if (event.kind === 'live' && visit.peer) announce(t(event.live ? 'visit.back' : visit.capturing.size ? 'visit.quiet' : 'visit.gone', { name }));
    else if (event.kind === 'connection' && event.state === 'resumed') announce(t('visit.resumed'));
    else if (event.kind === 'connection' && event.state === 'reconnecting' && visit.peer) announce(t(visit.agentAway ? 'visit.gone' : 'visit.offline', { name }), 'urgent');
  }

  function speakConsent(capability: string, state: string): void {
    const what = capabilityName(capability);
    if (state === 'extended') announce(t('expiring.extended', { what }));
    else if (state === 'granted') announce(t('ask.granted', { what }));
    else if (state === 'withdrawn') announce(t('ask.withdrawn', { what }));
    else if (state === 'expired') announce(t('ask.expired', { what }));
    else if (state === 'blocked') announce(t('ask.blockedByLog', { what }));
  }

  studio.screen = { changed: later, figures: () => stage.figures(), mark: (mark, at) => void marks.add(mark, at), clear: (id) => marks.clear(id), pointer: (x, y) => stage.point(x, y), worked };
  visit.listen((event) => {
    later(); /* before what is said: it opens or closes the sheet that it is said in */
    if (event) speak(event);
  });
  showScreen('visit', h('header', { class: 'top' }, who),
    h('div', { class: 'middle' }, warning, notice, keepFork, expiring, h('div', { class: 'see' }, paused, guide.element, stage.element, marks.element), h('div', { class: 'talk' }, chat.element, facts, beside.element)),
    bar.element, asking.element);
  update();
}
