// SPDX-License-Identifier: Apache-2.0
/* camera/picture.ts - what the page and the worker that paints and encodes say to each other. */

/** A region of the picture, 0..1 of its sides. */
export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What is blacked out: these regions, or all but one. */
export interface Masks {
  regions: readonly Region[];
  onlyShow?: Region;
}

/** Frames are painted as wide as fits, never larger than the camera's own. */
export interface Quality {
  longSidePx: number;
  bitsPerSecond: number;
  framesPerSecond: number;
}

export type ToWorker =
  | { kind: 'canvas'; canvas: OffscreenCanvas; timeOrigin: number }
  | { kind: 'start'; quality: Quality; masks: Masks }
  /** Frames from a track, where the browser hands its stream to a worker. */
  | { kind: 'stream'; readable: ReadableStream<VideoFrame> }
  /** A track of its own, where only a worker can take frames from one (Safari); the worker stops it. */
  | { kind: 'track'; track: MediaStreamTrack }
  /** One frame, where it does not. */
  | { kind: 'frame'; frame: VideoFrame; captureMonoMs: number }
  | { kind: 'quality'; quality: Quality }
  | { kind: 'masks'; masks: Masks }
  | { kind: 'hold'; hold: boolean }
  | { kind: 'key-frame' }
  /** The next frame, as a bitmap. */
  | { kind: 'still' }
  | { kind: 'stop' };

export interface EncodedPicture {
  kind: 'picture';
  bytes: ArrayBuffer;
  key: boolean;
  tid: number;
  /** performance.now() of the page at capture. */
  captureMonoMs: number;
  width: number;
  height: number;
}

export type FromWorker =
  | EncodedPicture
  /** This worker cannot take frames from a track. */
  | { kind: 'no-track' }
  | { kind: 'still'; bitmap: ImageBitmap }
  /** The picture has another size now. */
  | { kind: 'size'; width: number; height: number }
  /** Painted and encoded in the last second, and left out because something was slower. */
  | { kind: 'figures'; painted: number; encoded: number; skipped: number }
  | { kind: 'failed'; message: string }
  | { kind: 'stopped' };
