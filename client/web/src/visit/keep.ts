// SPDX-License-Identifier: Apache-2.0
/*
 * visit/keep.ts - what a visit leaves in the tab's own storage, and when. While the page is seen: nothing. When it is left
 * or hidden, which is when a browser may throw it away without another word: enough to come back within the grace time.
 * It is taken out again by whoever reads it, when the page is seen again, and at the end; with the tab it dies.
 */

const NAME = 'handhold';
const MOST_CHARACTERS = 1_000_000;

function forget(): void {
  try {
    sessionStorage.removeItem(NAME);
  } catch { /* a browser that has no storage for this page has nothing in it */ }
}

export function readKept(): string | undefined {
  try {
    return sessionStorage.getItem(NAME) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Once: what was kept is not there any more afterwards. */
export function takeKept(): string | undefined {
  const text = readKept();
  forget();
  return text;
}

/** It could not be read now, and is wanted at the next try. */
export function putBack(text: string): void {
  try {
    sessionStorage.setItem(NAME, text);
  } catch { /* as below */ }
}

export class Keeper {
  /** `write` gives undefined when there is nothing to come back to. */
  constructor(private readonly write: () => string | undefined) {
    document.addEventListener('visibilitychange', this.look);
    addEventListener('pagehide', this.save);
    addEventListener('pageshow', this.look);
  }

  private readonly look = (): void => {
    if (document.visibilityState === 'hidden') this.save();
    else forget();
  };

  private readonly save = (): void => {
    const text = this.write();
    if (text === undefined || text.length > MOST_CHARACTERS) return forget();
    try {
      sessionStorage.setItem(NAME, text);
    } catch { /* then a reload ends the visit, as if the tab had been closed */ }
  };

  /** Something happened: what lies there must not be older than what both ends know. */
  changed(): void {
    if (document.visibilityState === 'hidden') this.save();
  }

  stop(): void {
    document.removeEventListener('visibilitychange', this.look);
    removeEventListener('pagehide', this.save);
    removeEventListener('pageshow', this.look);
    forget();
  }
}
