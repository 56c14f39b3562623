// SPDX-License-Identifier: Apache-2.0
/*
 * Which DATA an end may send, what must be true of it, the consent it rests on, and what this end does about it. A changed
 * agent gains nothing by leaving its own checks out.
 */
import type { Err } from '../err.js';
import type { CameraOrder, GuideAct, GuideOutcome, GuidePart, SessionData } from '../session.js';
import { isValue } from '../util/text.js';
import type { Capability } from '../wire/capability.js';
import type { CameraControl, CameraState, Data, GuideState } from '../wire/handhold_pb.js';
import type { Core } from './core.js';

type Case = NonNullable<Data['body']['case']>;
type Value<C extends Case> = Extract<Data['body'], { case: C }>['value'];

interface Rule {
  by: readonly ('agent' | 'customer')[];
  /** FORMAT, STATE: an alarm at the receiver. CONSENT: left out there; a withdrawal may have crossed it. */
  check?(core: Core, message: Data): Err;
  take?(core: Core, message: Data): void;
}

const AGENT = ['agent'] as const, CUSTOMER = ['customer'] as const, BOTH = ['agent', 'customer'] as const;
const inPicture = (v: number): boolean => Number.isFinite(v) && v >= 0 && v <= 1;
const isFactor = (v: number): boolean => Number.isFinite(v) && v >= 0 && v <= 100;
const under = (core: Core, capability: Capability): Err => (core.grants.isLive(capability) ? 'OK' : 'CONSENT');
const sound = (good: boolean): Err => (good ? 'OK' : 'FORMAT');

function rule<C extends Case>(_case: C, by: Rule['by'], check?: (core: Core, value: Value<C>) => Err, take?: (core: Core, value: Value<C>) => void): Rule {
  const made: Rule = { by };
  if (check) made.check = (core, message) => check(core, message.body.value as Value<C>);
  if (take) made.take = (core, message) => take(core, message.body.value as Value<C>);
  return made;
}

const tell = (core: Core, data: SessionData): void => core.emit({ kind: 'data', data });

function checkControl(core: Core, { what }: CameraControl): Err {
  switch (what.case) {
    case 'torch': return under(core, 'torch');
    case 'zoom': return isFactor(what.value) && what.value >= 1 ? under(core, 'zoom') : 'FORMAT';
    case 'lens': return what.value && isValue(what.value) ? under(core, 'camera') : 'FORMAT';
    case 'focus': return inPicture(what.value.x) && inPicture(what.value.y) ? under(core, 'camera') : 'FORMAT';
    default: return 'FORMAT';
  }
}

function orderOf({ what }: CameraControl): CameraOrder {
  switch (what.case) {
    case 'torch': return { torch: what.value };
    case 'zoom': return { zoom: what.value };
    case 'lens': return { lens: what.value };
    default: return { focus: what.value as { x: number; y: number } };
  }
}

function checkCamera(core: Core, camera: CameraState): Err {
  const lenses = camera.lenses.every((lens) => lens.id && isValue(lens.id) && isValue(lens.label));
  return lenses && isFactor(camera.zoom) && isFactor(camera.zoomMax) && isValue(camera.lens) ? under(core, 'camera') : 'FORMAT';
}

/* ---- guides: numbers of proto/guide ---- */

const ACTS: readonly GuideAct[] = ['done', 'skip', 'back', 'did-not-work', 'close'];
const OUTCOMES: readonly GuideOutcome[] = ['open', 'done', 'skipped', 'did-not-work', 'not-needed'];
const ENDS = ['goes-on', 'solved', 'not-solved', 'closed'] as const;

export const guideActNumber = (act: GuideAct): number => ACTS.indexOf(act) + 1;
const guide = (core: Core, part: GuidePart): void => core.emit({ kind: 'guide', guide: part });

function checkGuide(_: Core, state: GuideState): Err {
  return sound(state.end < ENDS.length && state.outcomes.every((outcome) => outcome < OUTCOMES.length) && state.current <= state.outcomes.length);
}

/* Chat may have line feeds: who shows it escapes it. */
export const RULES: Readonly<Partial<Record<Case, Rule>>> = {
  chat: rule('chat', BOTH, undefined, (core, { text }) => tell(core, { kind: 'chat', text })),
  pointer: rule('pointer', BOTH, (_, { x, y }) => sound(inPicture(x) && inPicture(y)), (core, { x, y }) => tell(core, { kind: 'pointer', x, y })),
  mark: rule('mark', BOTH, (_, m) => sound(m.points.every(inPicture) && isValue(m.shape) && isValue(m.text)),
    (core, { id, shape, points, text, tsMs, colour }) => tell(core, { kind: 'mark', id, shape, points, text, tsMs, colour })),
  clear: rule('clear', BOTH, undefined, (core, { id }) => tell(core, { kind: 'clear', id })),
  paused: rule('paused', CUSTOMER, (_, { by, reason }) => sound(isValue(by) && isValue(reason))),
  checkWords: rule('checkWords', BOTH, undefined, (core, { match }) => tell(core, { kind: 'check-words', match })),
  hold: rule('hold', AGENT, undefined, (core, { on }) => core.hold.heard(on)),
  stillAsk: rule('stillAsk', AGENT, undefined, (core, { id }) => core.stills.asked(id)),
  stillAnswer: rule('stillAnswer', CUSTOMER),
  stillHave: rule('stillHave', AGENT, undefined, (core, value) => core.stills.had(value)),
  cameraControl: rule('cameraControl', AGENT, checkControl, (core, value) => core.emit({ kind: 'camera-control', order: orderOf(value) })),
  cameraState: rule('cameraState', CUSTOMER, checkCamera),
  guideOpen: rule('guideOpen', AGENT, undefined,
    (core, { run, title, summary, language, steps }) => guide(core, { part: 'open', run, title, summary, language, steps })),
  guideStep: rule('guideStep', AGENT, undefined,
    (core, { run, step, title, text, caution, point, help, byItself, pictureAlt, pictureMime, pictureBytes }) => guide(core, { part: 'step', run, step, title, text, caution, point, help, byItself, alt: pictureAlt, mime: pictureMime, pictureBytes })),
  guideState: rule('guideState', AGENT, checkGuide,
    (core, { run, current, outcomes, end }) => guide(core, { part: 'state', run, current, outcomes: outcomes.map((o) => OUTCOMES[o]!), end: ENDS[end]! })),
  guidePart: rule('guidePart', AGENT, undefined,
    (core, { run, step, part, bytes }) => guide(core, { part: 'picture', run, step, index: part, bytes })),
  guideAct: rule('guideAct', CUSTOMER),
  guideWish: rule('guideWish', CUSTOMER),
  checkAsk: rule('checkAsk', AGENT, undefined, (core, { id, check, target }) => core.emit({ kind: 'check-ask', id, check, target })),
  checkCancel: rule('checkCancel', AGENT),
  goodbye: rule('goodbye', AGENT, undefined, (core) => core.goodbye.heard()),
  hearing: rule('hearing', CUSTOMER),
  rating: rule('rating', CUSTOMER, (core, { stars }) => (stars < 1 || stars > 5 ? 'FORMAT' : core.goodbye.mayRate() ? 'OK' : 'STATE')),
};
