// SPDX-License-Identifier: Apache-2.0
/*
 * screens/boxes.ts - what becomes of the masks when a box is drawn, moved or removed, or "all but one" is ticked. Nothing
 * that was hidden is shown by it but what the person removed: while all but one box is hidden the others wait in `regions`,
 * hidden too, and the one that was turned into the shown part is given back as it was.
 */
import type { Masks, Region } from '../camera/picture.js';

export const MOST_BOXES = 12;
const MIDDLE: Region = { x: 0.2, y: 0.2, width: 0.6, height: 0.6 };

/** The boxes that have handles: the hidden ones, or the one that is shown. */
export function boxesOf({ regions, onlyShow }: Masks): readonly Region[] {
  return onlyShow ? [onlyShow] : regions;
}

/** Where all but one is hidden it becomes the one that is shown. undefined: there are as many as there may be. */
export function withBox(masks: Masks, box: Region): Masks | undefined {
  if (masks.onlyShow) return { ...masks, onlyShow: box };
  return masks.regions.length < MOST_BOXES ? { regions: [...masks.regions, box] } : undefined;
}

export function withBoxChanged(masks: Masks, index: number, box: Region): Masks {
  return masks.onlyShow ? { ...masks, onlyShow: box } : { regions: masks.regions.map((region, i) => (i === index ? box : region)) };
}

/** Without the part that is shown, all but one is no more; what was hidden besides it stays so. */
export function withoutBox(masks: Masks, index: number): Masks {
  return { regions: masks.onlyShow ? masks.regions : masks.regions.filter((_, i) => i !== index) };
}

/** The box that came last is the part that is shown; where there is none, the middle. */
export function allButOne(masks: Masks, on: boolean): Masks {
  const { regions, onlyShow, turned } = masks;
  if (on === (onlyShow !== undefined)) return masks;
  if (!on) return { regions: turned ? [...regions, turned] : regions };
  const last = regions[regions.length - 1];
  return last ? { regions: regions.slice(0, -1), onlyShow: last, turned: last } : { regions, onlyShow: MIDDLE };
}
