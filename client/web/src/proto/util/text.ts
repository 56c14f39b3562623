// SPDX-License-Identifier: Apache-2.0
/* Texts that are signed or shown: what may stand in them, and numbers in their one spelling. */
import { utf8 } from './bytes.js';

export const MAX_VALUE_BYTES = 200;

/** No control characters (C0, DEL, C1) but `except`, and no halves of surrogate pairs. */
export function isClean(text: string, except = ''): boolean {
  for (const char of text) {
    const rune = char.codePointAt(0)!;
    if (char === except) continue;
    if (rune < 0x20 || (rune >= 0x7f && rune <= 0x9f) || (rune >= 0xd800 && rune <= 0xdfff)) return false;
  }
  return true;
}

/** A value of a note: clean, no line separators, at most 200 bytes. */
export function isValue(text: string): boolean {
  return isClean(text) && !/[\u2028\u2029]/.test(text) && utf8(text).length <= MAX_VALUE_BYTES;
}

/** Decimal without leading zeros, at most `max`; undefined otherwise. */
export function decimal(text: string, max: bigint): bigint | undefined {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value <= max ? value : undefined;
}

export const INT64_MAX = (1n << 63n) - 1n;
export const UINT32_MAX = 0xffffffffn;

/** The lines of a text that ends in LF; undefined when it does not. */
export function linesOf(text: string): string[] | undefined {
  return text.endsWith('\n') ? text.slice(0, -1).split('\n') : undefined;
}

/** The first word and what is behind the space. */
export function firstWord(line: string): [word: string, rest: string] {
  const space = line.indexOf(' ');
  return space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
}
