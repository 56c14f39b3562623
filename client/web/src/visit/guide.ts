// SPDX-License-Identifier: Apache-2.0
/* visit/guide.ts - the guide that the agent has sent: its steps and how each stands. One at a time; a new one takes its place. */
import type { GuideOutcome, GuidePart } from '../proto/session.js';

const MOST_STEPS = 100;

export interface GuideStep {
  title: string;
  text: string;
  caution: string;
  point: string;
  help: string;
  alt: string;
  byItself: boolean;
  outcome: GuideOutcome;
}

export interface Guide {
  run: number;
  title: string;
  summary: string;
  language: string;
  steps: (GuideStep | undefined)[];
  current: number;
  end: 'goes-on' | 'solved' | 'not-solved' | 'closed';
}

/** 0: so many that it is none. */
export function stepsOf({ steps }: Extract<GuidePart, { part: 'open' }>): number {
  return steps >= 1 && steps <= MOST_STEPS ? steps : 0;
}

/** The guide after this part; what belongs to another run, or to no step of it, changes nothing. */
export function takeGuidePart(guide: Guide | undefined, part: GuidePart): Guide | undefined {
  if (part.part === 'open') {
    if (stepsOf(part) === 0) return guide;
    const { run, title, summary, language, steps } = part;
    return { run, title, summary, language, steps: Array.from({ length: steps }, () => undefined), current: 0, end: 'goes-on' };
  }
  if (!guide || guide.run !== part.run || part.part === 'picture') return guide;
  if (part.part === 'step') {
    if (part.step >= guide.steps.length) return guide;
    const { title, text, caution, point, help, alt, byItself } = part, steps = [...guide.steps];
    steps[part.step] = { title, text, caution, point, help, alt, byItself, outcome: 'open' };
    return { ...guide, steps };
  }
  const steps = guide.steps.map((step, i) => step && { ...step, outcome: part.outcomes[i] ?? step.outcome });
  return { ...guide, steps, current: part.current, end: part.end };
}
