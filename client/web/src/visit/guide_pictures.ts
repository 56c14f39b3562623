// SPDX-License-Identifier: Apache-2.0
/*
 * visit/guide_pictures.ts - the pictures of a guide's steps, as they come in pieces behind its words. They are shown as
 * images and as nothing else: what a picture in SVG would run or load, an image element does not.
 */
import type { GuidePart } from '../proto/session.js';
import { stepsOf } from './guide.js';

const MIMES = ['image/png', 'image/jpeg', 'image/svg+xml'];
const MOST_BYTES = 128 * 1024; /* of one; as the agent's end reads them */

interface Coming {
  mime: string;
  bytes: Uint8Array;
  have: number;
  parts: number;
}

export class GuidePictures {
  private run = 0;
  private steps = 0; /* of the run: nothing is kept for a step that it has not */
  private readonly coming = new Map<number, Coming>();
  private readonly urls = new Map<number, string>();

  /** True when a picture has become whole. */
  take(part: GuidePart): boolean {
    if (part.part === 'open' && stepsOf(part) > 0) this.begin(part.run, stepsOf(part));
    if (part.run !== this.run) return false;
    if (part.part === 'step' && part.step < this.steps && MIMES.includes(part.mime) && part.pictureBytes > 0 && part.pictureBytes <= MOST_BYTES)
      this.coming.set(part.step, { mime: part.mime, bytes: new Uint8Array(part.pictureBytes), have: 0, parts: 0 });
    return part.part === 'picture' && this.add(part.step, part.index, part.bytes);
  }

  /** Of this step; undefined: there is none, or not all of it. */
  of(run: number, step: number): string | undefined {
    return run === this.run ? this.urls.get(step) : undefined;
  }

  private begin(run: number, steps: number): void {
    this.clear();
    this.run = run;
    this.steps = steps;
  }

  /** The visit is over. */
  clear(): void {
    for (const url of this.urls.values()) URL.revokeObjectURL(url);
    this.urls.clear();
    this.coming.clear();
    this.run = this.steps = 0;
  }

  private add(step: number, index: number, bytes: Uint8Array): boolean {
    const coming = this.coming.get(step);
    if (!coming || index !== coming.parts || coming.have + bytes.length > coming.bytes.length) return false;
    coming.bytes.set(bytes, coming.have);
    coming.have += bytes.length;
    coming.parts++;
    if (coming.have < coming.bytes.length) return false;
    const before = this.urls.get(step);
    if (before) URL.revokeObjectURL(before);
    this.urls.set(step, URL.createObjectURL(new Blob([coming.bytes as Uint8Array<ArrayBuffer>], { type: coming.mime })));
    this.coming.delete(step);
    return true;
  }
}
