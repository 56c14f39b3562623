// SPDX-License-Identifier: Apache-2.0
/* camera/picture.ts - what the page and the worker that paints and encodes say to each other. Times are performance.now() of the page. */
import type { Encoded } from './encoder.js';
import type { PictureFigures } from './tally.js';

/** A region of the picture, 0..1 of its sides. */
export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What is blacked out: these regions, and all but one when there is one. */
export interface Masks {
  regions: readonly Region[];
  onlyShow?: Region;
  /** Was hidden before it became the part that is shown. */
  turned?: Region;
}

export type ToWorker =
  | { kind: 'canvas'; canvas: OffscreenCanvas; timeOrigin: number }
  | { kind: 'start'; masks: Masks }
  /** Frames from a track, where the browser hands its stream to a worker. */
  | { kind: 'stream'; readable: ReadableStream<VideoFrame> }
  /** A track of its own, where only a worker can take frames from one (Safari); the worker stops it. */
  | { kind: 'track'; track: MediaStreamTrack }
  /** One frame, where it does not. */
  | { kind: 'frame'; frame: VideoFrame; captureMonoMs: number }
  | { kind: 'masks'; masks: Masks }
  | LineNews
  | { kind: 'key-frame' }
  /** The next frame, as a bitmap. */
  | { kind: 'still' }
  | { kind: 'stop' };

/** What became of the pictures: the worker decides by it what to encode next (proto/media/send.ts). */
export type LineNews =
  | { kind: 'sent'; object: number; bytes: number; key: boolean; nowMs: number }
  /** It was encoded, and nobody will get it. */
  | { kind: 'unsent'; tid: number }
  | { kind: 'acked'; objects: readonly number[]; arrivalMs: readonly number[]; nowMs: number }
  | { kind: 'queued'; queuedMs: number; dropped: number };

export type EncodedPicture = { kind: 'picture' } & Encoded;

export type FromWorker =
  | EncodedPicture
  /** This worker cannot take frames from a track. */
  | { kind: 'no-track' }
  | { kind: 'still'; bitmap: ImageBitmap }
  /** The picture has another size now. */
  | { kind: 'size'; width: number; height: number }
  | ({ kind: 'figures' } & PictureFigures)
  | { kind: 'failed'; message: string }
  | { kind: 'stopped' };
