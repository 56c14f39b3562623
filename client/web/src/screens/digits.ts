// SPDX-License-Identifier: Apache-2.0
/* screens/digits.ts - a code as people type it, and as it is read best. */

/** What was typed, without what stands between digits, and in the digits that a code has: keyboards write their own. */
export function digitsOf(typed: string): string {
  return typed.replace(/[\s.\u2010-\u2015-]/gu, '').replace(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0)!; /* each script has its ten in a row (The Unicode Standard, 4.6) */
    let before = 0;
    while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before++;
    return String(before % 10);
  });
}

/** "407 183 922 9": the last seven digits have one shape, what is before them is the rest. */
export function groupDigits(digits: string): string {
  if (digits.length <= 5) return digits;
  const plate = Math.max(3, digits.length - 7);
  const secret = digits.slice(plate);
  return [digits.slice(0, plate), secret.slice(0, 3), secret.slice(3, 6), secret.slice(6)].filter(Boolean).join(' ');
}
