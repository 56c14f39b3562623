// SPDX-License-Identifier: Apache-2.0
/* receipt/lines.ts - what was shared, and when, read from the notes that this device signed, not from what the page remembers. */

export interface Line {
  capability: string;
  purpose: string;
  allowed: boolean;
  /** It was allowed on another device of this person, and came here with the visit. */
  elsewhere: boolean;
  fromMs: number;
  toMs: number | undefined;
  /** By the customer; else a time, the connection or the session ended it. */
  tookBack: boolean;
  keptDays: number;
}

/** What came with a visit that another device of this person handed over: the note of it is there. */
export interface Carried {
  capability: string;
  purpose: string;
  keptDays: number;
  fromMs: number;
}

/** The values of a statement's text, by the first word of each line. */
function valuesOf(note: string): Map<string, string> {
  const text = note.split('\n\n')[0] ?? '';
  return new Map(text.split('\n').slice(1).map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}

export function linesOf(entries: readonly { note: string }[], carried: readonly Carried[] = []): Line[] {
  const lines: Line[] = carried.map((one) => ({ ...one, allowed: true, elsewhere: true, toMs: undefined, tookBack: false }));
  for (const entry of entries) {
    const value = valuesOf(entry.note), capability = value.get('capability') ?? '-', action = value.get('action');
    const timeMs = Number(value.get('time')) * 1000;
    const open = lines.filter((line) => line.capability === capability && line.toMs === undefined).pop();
    if (open && (action === 'grant' || action === 'withdraw')) {
      open.toMs = timeMs;
      open.tookBack = action === 'withdraw' && !value.get('purpose');
    }
    if (action === 'grant' || action === 'refuse')
      lines.push({ capability, purpose: value.get('purpose') ?? '', allowed: action === 'grant', elsewhere: false, fromMs: timeMs, toMs: action === 'refuse' ? timeMs : undefined, tookBack: false, keptDays: Number(value.get('scope')?.split(' ')[2] ?? 0) });
  }
  return lines;
}
