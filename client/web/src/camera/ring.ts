// SPDX-License-Identifier: Apache-2.0
/*
 * camera/ring.ts - the last ten seconds of our own pictures, as they were encoded: what a mark was drawn on is decoded
 * from here, so the card shows exactly what was sent, and keeping it costs next to nothing. Nothing of it travels. A camera that stands
 * still leaves what it gave for ten seconds more: who paused can be shown where to look.
 */
import type { EncodedPicture } from './picture.js';

const KEEP_MS = 10_000;
const MOST_BYTES = 8_000_000;
const NEAR_MS = 250; /* further away is another moment */

export class Ring {
  private pictures: EncodedPicture[] = [];
  private bytes = 0;
  private late: ReturnType<typeof setTimeout> | undefined;

  push(picture: EncodedPicture): void {
    clearTimeout(this.late);
    this.late = undefined;
    this.pictures.push(picture);
    this.bytes += picture.bytes.byteLength;
    this.trim(picture.captureMonoMs - KEEP_MS);
  }

  /* The oldest must be a key frame, or what is after it could not be decoded. */
  private trim(before: number): void {
    for (;;) {
      const next = this.pictures.findIndex((p, i) => i > 0 && p.key);
      const old = next > 0 && (this.pictures[next]!.captureMonoMs <= before || this.bytes > MOST_BYTES);
      if (!old) return;
      for (const gone of this.pictures.splice(0, next)) this.bytes -= gone.bytes.byteLength;
    }
  }

  /** The camera rests: what is kept goes when it is as old as it may get. */
  rest(): void {
    if (this.pictures.length) this.late ??= setTimeout(() => this.clear(), KEEP_MS);
  }

  clear(): void {
    clearTimeout(this.late);
    this.late = undefined;
    this.pictures = [];
    this.bytes = 0;
  }

  /** The picture of that moment (undefined: the newest); undefined when it is not there any more. The caller closes it. */
  async at(moment: number | undefined): Promise<VideoFrame | undefined> {
    const captureMonoMs = moment ?? this.pictures[this.pictures.length - 1]?.captureMonoMs ?? 0;
    let wanted = -1;
    this.pictures.forEach((p, i) => {
      if (wanted < 0 || Math.abs(p.captureMonoMs - captureMonoMs) < Math.abs(this.pictures[wanted]!.captureMonoMs - captureMonoMs)) wanted = i;
    });
    const found = this.pictures[wanted];
    if (!found || Math.abs(found.captureMonoMs - captureMonoMs) > NEAR_MS) return undefined;
    let first = wanted;
    while (first >= 0 && !this.pictures[first]!.key) first--;
    if (first < 0) return undefined;
    /* What no later picture refers to need not be decoded. */
    const needed = this.pictures.slice(first, wanted + 1).filter((p) => p.tid === 0 || p === found || (p.tid < found.tid && p.captureMonoMs > found.captureMonoMs - 200));
    return await decodeLast(needed);
  }
}

async function decodeLast(pictures: readonly EncodedPicture[]): Promise<VideoFrame | undefined> {
  let last: VideoFrame | undefined;
  const decoder = new VideoDecoder({ output: (frame) => { last?.close(); last = frame; }, error: () => undefined });
  try {
    decoder.configure({ codec: 'vp8' });
    for (const p of pictures)
      decoder.decode(new EncodedVideoChunk({ type: p.key ? 'key' : 'delta', timestamp: p.captureMonoMs * 1000, data: p.bytes }));
    await decoder.flush();
    return last;
  } catch {
    last?.close();
    return undefined;
  } finally {
    if (decoder.state !== 'closed') decoder.close();
  }
}
