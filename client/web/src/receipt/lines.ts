// SPDX-License-Identifier: Apache-2.0
/* receipt/lines.ts - what was shared, and when, read from the notes that this device signed, not from what the page remembers. */
import { isMachinesPurpose, statementLines } from '../proto/consent/statement.js';

export interface Line {
  capability: string;
  /** What the agent asked it for; '' when the note does not say. */
  purpose: string;
  allowed: boolean;
  /** It was allowed on another device of this person, and came here with the visit. */
  elsewhere: boolean;
  fromMs: number;
  toMs: number | undefined;
  /** By the customer. */
  tookBack: boolean;
  /** What else refused or ended it: one of PURPOSE, or REPLACED; '': a person, or the end of the visit. */
  because: string;
  keptDays: number;
}

/** What came with a visit that another device of this person handed over: the note of it is there. */
export interface Carried {
  capability: string;
  purpose: string;
  keptDays: number;
  fromMs: number;
}

/** A new answer to the same took its place. */
export const REPLACED = 'replaced';

/** The values of a statement; what is empty is written as "-". */
function valuesOf(note: string): (name: string) => string {
  const lines = statementLines(note.split('\n\n')[0] + '\n');
  return (name) => lines.get(name)!.replace(/^-$/, '');
}

export function linesOf(entries: readonly { note: string }[], carried: readonly Carried[] = []): Line[] {
  const lines: Line[] = carried.map((one) => ({ ...one, allowed: true, elsewhere: true, toMs: undefined, tookBack: false, because: '' }));
  for (const entry of entries) {
    const value = valuesOf(entry.note), capability = value('capability'), action = value('action'), purpose = value('purpose');
    const timeMs = Number(value('time')) * 1000, granted = action === 'grant', unasked = action === 'refuse' && isMachinesPurpose(purpose);
    const open = lines.filter((line) => line.capability === capability && line.toMs === undefined).pop();
    if (open && (granted || action === 'withdraw'))
      Object.assign(open, { toMs: timeMs, tookBack: !granted && !purpose, because: granted ? REPLACED : purpose });
    if (granted || action === 'refuse')
      lines.push({
        capability, purpose: unasked ? '' : purpose, allowed: granted, elsewhere: false, fromMs: timeMs, toMs: granted ? undefined : timeMs, tookBack: false,
        because: unasked ? purpose : '', keptDays: Number(value('scope').split(' ')[2]),
      });
  }
  return lines;
}
