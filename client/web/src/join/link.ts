// SPDX-License-Identifier: Apache-2.0
/*
 * join/link.ts - what can be read of a link before anything is sent: whose root it names. The secret in it is not
 * touched here; the session reads the whole link when Join is tapped.
 */

const FRAGMENT = /^#([A-Za-z0-9_-]{67})(?![A-Za-z0-9_-])/; /* version, flags, secret[32], root[16] as base64url; a full stop or a tracker's words may have been hung on */
const ROOT_AT = 34;

/** True when the address has something that looks like an invitation, whole or not. */
export function hasFragment(): boolean {
  return location.hash.length > 1;
}

export interface Inviting {
  /** The address without what messages and trackers hang on to it. */
  link: string;
  /** The first 16 bytes of the inviting root's fingerprint, in hex. */
  root: string;
}

/** undefined: the link is cut or damaged. */
export function inviting(): Inviting | undefined {
  const fragment = FRAGMENT.exec(location.hash)?.[1];
  if (fragment === undefined) return undefined;
  const text = atob(fragment.replaceAll('-', '+').replaceAll('_', '/') + '=');
  const root = [...text.slice(ROOT_AT)].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('');
  return { link: `${location.origin}${location.pathname}#${fragment}`, root };
}

/** From the tap on Join on the link must not stay in the address bar, in the history, or in what the browser restores. */
export function takeFragment(): string {
  const fragment = location.hash;
  history.replaceState(null, '', location.pathname + location.search);
  return fragment;
}

/** Nothing was spent: the link is there again, for a reload. */
export function putFragmentBack(fragment: string): void {
  history.replaceState(null, '', location.pathname + location.search + fragment);
}
