// SPDX-License-Identifier: Apache-2.0
/*
 * screens/sending.ts - what leaves this device right now, and who is not there, as the session knows it: what was granted is
 * not sent yet, or not any more, while there is no line, nobody at the other end of it, or a lens that still opens.
 */
import type { VisitState } from '../visit/state.js';

export type Sending = 'nothing' | 'starting' | 'sending' | 'paused' | 'hold' | 'no-line' | 'agent-away';

type Known = Pick<VisitState, 'granted' | 'waiting' | 'capturing' | 'onHold' | 'online' | 'present' | 'live'> & { readonly paused: unknown; readonly lineUp: boolean };

/** `shows`, `talks`: the camera gives pictures, the microphone a voice. */
export function sendingNow(visit: Known, shows: boolean, talks: boolean): Sending {
  const { granted, waiting, capturing } = visit;
  if (visit.onHold) return 'hold';
  if (visit.paused) return 'paused';
  if (granted.size + waiting.size === 0) return 'nothing';
  if (!visit.online) return absence(visit) === 'visit.offline' ? 'no-line' : 'agent-away';
  const begun = [...granted.keys()].every((capability) => capturing.has(capability)) && (!granted.has('camera') || shows) && (!granted.has('microphone') || talks);
  return waiting.size > 0 || !begun ? 'starting' : 'sending';
}

/** Why the two ends have no contact. Of an agent who is silent nobody here can know whose connection it is: only the relay says that they left. */
export function absence({ lineUp, present, live, capturing, online }: Omit<Known, 'granted' | 'waiting' | 'paused' | 'onHold'>): 'visit.gone' | 'visit.quiet' | 'visit.silent' | 'visit.offline' | undefined {
  if (lineUp && present === false) return 'visit.gone';
  if (lineUp && !live) return capturing.size ? 'visit.quiet' : 'visit.silent';
  return online ? undefined : 'visit.offline';
}
