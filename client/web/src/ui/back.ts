// SPDX-License-Identifier: Apache-2.0
/*
 * ui/back.ts - the gesture that leads back comes easily, and what is behind it here is another page: while something goes
 * on that a person would lose, it asks instead. One entry more in the history takes it, and is put there again.
 */

/** `ask` is called instead of going back, until the function that is returned. */
export function askBeforeBack(ask: () => void): () => void {
  const stay = (): void => {
    if ((history.state as { stays?: boolean } | null)?.stays !== true) history.pushState({ stays: true }, '');
  };
  const back = (): void => {
    stay();
    ask();
  };
  addEventListener('popstate', back);
  stay();
  return () => removeEventListener('popstate', back);
}
