// SPDX-License-Identifier: Apache-2.0
/* camera/paint.ts - blacks out what is hidden. The one place that does: for the moving picture and for photos. */
import type { Masks } from './picture.js';

type Context = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

export function paintMasks(c: Context, masks: Masks, w: number, h: number): void {
  c.fillStyle = '#000';
  for (const r of masks.regions)
    c.fillRect(Math.floor(r.x * w), Math.floor(r.y * h), Math.ceil(r.width * w) + 1, Math.ceil(r.height * h) + 1);
  const show = masks.onlyShow;
  if (!show) return;
  const [left, top] = [Math.ceil(show.x * w), Math.ceil(show.y * h)];
  const [right, bottom] = [Math.floor((show.x + show.width) * w), Math.floor((show.y + show.height) * h)];
  c.fillRect(0, 0, w, top);
  c.fillRect(0, bottom, w, h - bottom);
  c.fillRect(0, top, left, bottom - top);
  c.fillRect(right, top, w - right, bottom - top);
}
