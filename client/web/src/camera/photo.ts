// SPDX-License-Identifier: Apache-2.0
/*
 * camera/photo.ts - a photo that somebody asked for: from the running camera or from a file, masked, and as a JPEG. It is
 * drawn anew, so nothing that a file says besides its picture (place, device, time) goes along.
 */
import type { Still } from '../proto/session.js';
import { paintMasks } from './paint.js';
import type { Masks } from './picture.js';

const LONG_SIDE_PX = 4096, MOST_BYTES = 8 * 1024 * 1024;
const QUALITIES = [0.92, 0.8, 0.6, 0.4];

export class Photo {
  readonly canvas = document.createElement('canvas');
  masks: Masks;

  /** Owns the bitmap. */
  constructor(private readonly bitmap: ImageBitmap, masks: Masks) {
    const scale = Math.min(1, LONG_SIDE_PX / Math.max(bitmap.width, bitmap.height));
    this.canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    this.canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    this.masks = masks;
    this.paint();
  }

  setMasks(masks: Masks): void {
    this.masks = masks;
    this.paint();
  }

  private paint(): void {
    const { canvas } = this, context = canvas.getContext('2d', { alpha: false });
    if (!context) return;
    context.drawImage(this.bitmap, 0, 0, canvas.width, canvas.height);
    paintMasks(context, this.masks, canvas.width, canvas.height);
  }

  /** What is on the canvas, and nothing else. undefined: it cannot be made small enough. */
  async encode(): Promise<Still | undefined> {
    const { canvas } = this;
    for (const quality of QUALITIES) {
      const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality));
      if (blob && blob.size <= MOST_BYTES) return { bytes: new Uint8Array(await blob.arrayBuffer()), width: canvas.width, height: canvas.height, mime: 'image/jpeg' };
    }
    return undefined;
  }

  close(): void {
    this.bitmap.close();
    this.canvas.width = this.canvas.height = 0;
  }
}
