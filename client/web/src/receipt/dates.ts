// SPDX-License-Identifier: Apache-2.0
/* receipt/dates.ts - until when: what is kept for so many days from a moment on. Milliseconds since 1970. */
const DAY_MS = 86_400_000;

export function dayAfter(fromMs: number, days: number): number {
  return fromMs + days * DAY_MS;
}
