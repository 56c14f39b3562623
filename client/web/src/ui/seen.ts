// SPDX-License-Identifier: Apache-2.0
/* ui/seen.ts - what must be seen, and what is to be seen with it. */

/** Whoever writes stays where they write. Where `part` is not whole between the top and the bar, the page moves so that `whole`, which begins with what belongs to it, stands at the top. */
export function seeTogether(whole: Element, part: Element): void {
  if (document.activeElement?.matches('textarea, input[type=text]')) return;
  const box = part.getBoundingClientRect(), bar = document.querySelector('.bar')?.getBoundingClientRect();
  if (box.top < 0 || box.bottom > (bar?.top ?? innerHeight)) whole.scrollIntoView({ block: 'start' });
}
