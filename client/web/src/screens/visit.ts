// SPDX-License-Identifier: Apache-2.0
/* screens/visit.ts - the session: who is here, the picture, cards, messages, the bar; one update() from what is so. */
import type { Studio } from '../camera/studio.js';
import type { Worked } from '../camera/handles.js';
import type { Device } from '../join/device.js';
import type { Capability, SessionEvent } from '../proto/session.js';
import { save } from '../receipt/receipt.js';
import { announce } from '../ui/announce.js';
import { askBeforeBack } from '../ui/back.js';
import { button, h, icon, plain, replace, said, setText } from '../ui/dom.js';
import type { Visit } from '../visit/visit.js';
import { propertyTitle, propertyValue } from '../words/properties.js';
import { t } from '../words/words.js';
import type { Key } from '../words/words.js';
import { Asking, capabilityName } from './asking.js';
import { Bar } from './bar.js';
import { Chat } from './chat.js';
import { showScreen } from './frame.js';
import { BesideCard } from './beside.js';
import { alarmFor } from './errors.js';
import { GuideCard } from './guide.js';
import { Marks } from './marks.js';
import { absence } from './sending.js';
import { Stage } from './stage.js';

/** Calls `ended` once. */
export function showVisit(visit: Visit, studio: Studio, device: Device, ended: () => void): void {
  const bar: Bar = new Bar(visit, studio, () => asking.leave()), asking = new Asking(visit, studio, device, bar.element), marks = new Marks(visit, studio.ring), stage = new Stage(visit, studio, marks.element), chat = new Chat(visit);
  const guide = new GuideCard(visit), beside = new BesideCard(visit);
  const who = h('div', { class: 'top-who' }), notice = h('p', { class: 'notice', hidden: true });
  const keepFork = button(t('visit.keepFork'), () => save(new Blob([visit.fork ?? ''], { type: 'text/plain' }), 'handhold-fork.txt'), { id: 'keep-fork', hidden: true });
  const warning = h('p', { class: 'notice bad', hidden: true }), paused = h('section', { class: 'paused', hidden: true }), holdTime = h('p', { class: 'small', id: 'hold-time' });
  let clock: ReturnType<typeof setInterval> | undefined;
  const backIsFree = askBeforeBack(() => asking.leave());
  const facts = h('section', { class: 'facts-of-device', hidden: true });
  const notYetOn = new Set<Capability>(); /* granted, and not said to be on */
  let shownFacts = '', shownPeer = '', shownPause = '', saidAlarm = '', over = false, queued = false, saidNoLine = false, saidAway: ReturnType<typeof absence>;

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
    const arrived = visit.still?.arrived, away = absence(visit), alarm = visit.alarm === undefined ? '' : t('visit.alarm', { name, what: alarmFor(visit.alarm) });
    if (alarm !== saidAlarm) announce(alarm, 'urgent');
    saidAlarm = alarm;
    const words = alarm !== '' ? alarm
      : visit.peer && away ? t(away, { name })
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

  /* Read when one looks: said aloud each second it would be in the way. */
  function updateHoldTime(name: string): void {
    const seconds = Math.ceil((visit.holdUntil - Date.now()) / 1000);
    setText(holdTime, seconds <= 0 ? t('hold.over') : visit.granted.size > 0 ? t('hold.left', { name, seconds }) : '');
  }

  function updatePause(name: string): void {
    const key = visit.onHold ? 'hold' : visit.paused ? `${visit.paused.by} ${visit.paused.reason}` : '';
    if (key === shownPause) return;
    shownPause = key;
    paused.hidden = key === '';
    clearInterval(clock);
    if (visit.onHold) {
      replace(paused, icon('pause'), h('h2', {}, t('hold.title')), h('p', {}, t('hold.body', { name })), holdTime);
      clock = setInterval(() => { updateHoldTime(name); }, 1000);
      updateHoldTime(name);
      return announce(t('hold.body', { name }), 'urgent');
    }
    if (!visit.paused) return paused.replaceChildren();
    const what = t(`pause.${visit.paused.reason}` as Key, { name });
    replace(paused, icon('pause'), h('h2', {}, t('pause.title')), h('p', {}, what));
    announce(what, 'urgent');
  }

  function updateFacts(name: string): void {
    facts.hidden = studio.facts.length === 0 || !visit.granted.has('device-state');
    if (facts.hidden) return;
    const now = JSON.stringify(studio.facts.map((f) => [f.name, f.value, studio.isHidden(f.name)])), at = document.activeElement?.id;
    if (now === shownFacts) return;
    shownFacts = now;
    replace(facts, h('h2', {}, t('state.title', { name })), h('dl', { class: 'facts' },
      ...studio.facts.map((f) => {
        const hidden = studio.isHidden(f.name), label = propertyTitle(f.name);
        const words = t(hidden ? 'beside.show' : 'beside.hide');
        const toggle = button(words, () => studio.hideFact(f.name, !hidden), { class: 'plain', id: `hide-${f.name}`, 'aria-label': `${words}: ${label}` });
        return h('div', {}, h('dt', {}, label), h('dd', {}, hidden ? t('beside.hidden') : propertyValue(f.name, f.value, f.unit)), h('dd', {}, toggle));
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
    guide.update();
    stage.update();
    chat.update();
    bar.update();
    asking.update();
    speakOn();
    if (!visit.ended) return;
    over = true;
    clearInterval(clock);
    backIsFree();
    marks.close();
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
    else if (visit.peer && (event.kind === 'peer' || event.kind === 'live' || event.kind === 'connection')) speakAbsence(event, name);
  }

  /* Each once: what one cut line sets off are several events. */
  function speakAbsence(event: SessionEvent, name: string): void {
    const away = absence(visit), resumed = event.kind === 'connection' && event.state === 'resumed';
    if (resumed) announce(t('visit.resumed'));
    else if (away === saidAway || (away === 'visit.offline' && event.kind !== 'connection')) return;
    else if (away) announce(t(away, { name }), away === 'visit.quiet' ? 'polite' : 'urgent');
    else if (saidAway !== 'visit.offline') announce(t('visit.back', { name }));
    saidAway = away;
  }

  function speakConsent(capability: Capability, state: string): void {
    const what = capabilityName(capability);
    if (state === 'extended') announce(t('expiring.extended', { what }));
    else if (state === 'granted') notYetOn.add(capability);
    else if (state === 'withdrawn') announce(t('ask.withdrawn', { what }));
    else if (state === 'expired') announce(t('ask.expired', { what }));
    else if (state === 'blocked') announce(t('ask.blockedByLog', { what }));
    if (state === 'blocked' && capability === 'camera' && !device.camera) asking.cannotShow();
  }

  /* A camera is on when its first picture is there. */
  function speakOn(): void {
    for (const capability of notYetOn) {
      const on = capability === 'camera' ? studio.seen : capability === 'microphone' ? studio.voice.running : true;
      if (on && visit.granted.has(capability) && !visit.paused) announce(t('ask.granted', { capability, what: capabilityName(capability), name: plain(visit.peer?.name ?? t('end.somebody')) }));
      if (on || visit.paused || !visit.granted.has(capability)) notYetOn.delete(capability);
    }
  }

  studio.screen = { changed: later, figures: () => stage.figures(), mark: (mark, at) => void marks.add(mark, at), clear: (id) => marks.clear(id), pointer: (x, y) => stage.point(x, y), worked };
  visit.listen((event) => {
    later(); /* before what is said: it opens or closes the sheet that it is said in */
    if (event) speak(event);
  });
  showScreen('visit', h('header', { class: 'top' }, who),
    h('div', { class: 'middle' }, warning, notice, keepFork, h('div', { class: 'see' }, paused, guide.element, stage.element), h('div', { class: 'talk' }, chat.element, facts, beside.element)),
    bar.element, asking.element);
  update();
}
