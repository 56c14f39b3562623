// SPDX-License-Identifier: Apache-2.0
/*
 * ui/unread.ts - a tap that was meant for what stood there before. What has just come under a finger, or was uncovered by
 * it, takes none for a moment: nobody can have read it, and the second tap of two would answer what the first one opened. It
 * keeps its place among what can be focused.
 */

export const UNREAD_MS = 500; /* two taps are one gesture within 300 ms (ViewConfiguration of Android), and a look takes some more */

export function notYet(...buttons: readonly Element[]): void {
  for (const button of buttons) button.setAttribute('aria-disabled', 'true');
  setTimeout(() => { for (const button of buttons) button.removeAttribute('aria-disabled'); }, UNREAD_MS);
}

/* It, or all that it stands in. */
export const isUnread = (button: Element): boolean => button.closest('[aria-disabled="true"]') !== null;
