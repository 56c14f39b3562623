// SPDX-License-Identifier: Apache-2.0
/*
 * camera/pipeline.ts - from a track to encoded pictures: hands frames to the worker (encoder.worker.ts), and follows the
 * line with the quality. The worker and the canvas live as long as the page; a camera comes and goes.
 */
import type { EncodedPicture, FromWorker, Masks, Quality, ToWorker } from './picture.js';

interface TrackProcessor {
  readonly readable: ReadableStream<VideoFrame>;
}
declare const MediaStreamTrackProcessor: (new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => TrackProcessor) | undefined;

const BACKLOG_HOLD_BYTES = 96_000, BACKLOG_CALM_BYTES = 16_000;
const ADAPT_EVERY_MS = 1000, STILL_WAIT_MS = 3000;
const BITS_LEAST = 120_000, BITS_MOST = 2_500_000, BITS_FIRST = 900_000;
const ROOM_FOR_MORE = 1.08, LESS = 0.7;

/* A smaller picture is better than a blocky one. */
const SIZES = [[1_400_000, 1280], [700_000, 960], [280_000, 640], [0, 426]] as const;

export interface PipelineEvents {
  picture(picture: EncodedPicture): void;
  size(width: number, height: number): void;
  failed(message: string): void;
  /** Bytes of pictures that have not left yet. */
  backlogBytes(): number;
}

export class Pipeline {
  readonly canvas = document.createElement('canvas');
  private readonly worker: Worker;
  private readonly video = document.createElement('video');
  private bits = BITS_FIRST;
  private mostBacklog = 0;
  private held = false;
  private track: MediaStreamTrack | undefined;
  private running = 0;
  private adaptTimer: ReturnType<typeof setInterval> | undefined;
  private masks: Masks = { regions: [] };
  private onStill: ((bitmap: ImageBitmap) => void) | undefined;

  constructor(worker: Worker, private readonly on: PipelineEvents) {
    this.worker = worker;
    const offscreen = this.canvas.transferControlToOffscreen();
    this.tell({ kind: 'canvas', canvas: offscreen, timeOrigin: performance.timeOrigin }, [offscreen]);
    worker.onmessage = (event: MessageEvent<FromWorker>) => this.onMessage(event.data);
    worker.onerror = (event) => on.failed(event.message);
    this.video.muted = true;
    this.video.playsInline = true;
  }

  private tell(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  private onMessage(message: FromWorker): void {
    switch (message.kind) {
      case 'picture':
        if (this.running) this.on.picture(message);
        this.watchBacklog();
        break;
      case 'size': this.on.size(message.width, message.height); break;
      case 'failed': this.on.failed(message.message); break;
      case 'no-track':
        if (this.track) this.playAndTake(this.track, this.running);
        break;
      case 'still':
        if (this.onStill) this.onStill(message.bitmap);
        else message.bitmap.close();
        break;
      case 'figures':
      case 'stopped': break;
    }
  }

  start(track: MediaStreamTrack): void {
    this.running++;
    this.held = false;
    this.tell({ kind: 'start', quality: this.quality(), masks: this.masks });
    if (typeof MediaStreamTrackProcessor === 'function') {
      const { readable } = new MediaStreamTrackProcessor({ track, maxBufferSize: 2 });
      this.tell({ kind: 'stream', readable }, [readable]);
    } else if (!this.giveTrack(track)) {
      this.playAndTake(track, this.running);
    }
    this.track = track;
    this.adaptTimer ??= setInterval(() => this.adapt(), ADAPT_EVERY_MS);
  }

  /* Where a worker alone can read a track: a copy of it, for the worker. False: tracks stay in the page here. */
  private giveTrack(track: MediaStreamTrack): boolean {
    const copy = track.clone();
    try {
      this.tell({ kind: 'track', track: copy }, [copy as unknown as Transferable]);
      return true;
    } catch {
      copy.stop();
      return false;
    }
  }

  /* Where no stream can be handed over: the frames of a playing video. */
  private playAndTake(track: MediaStreamTrack, mine: number): void {
    this.video.srcObject = new MediaStream([track]);
    void this.video.play().catch(() => undefined);
    const take: VideoFrameRequestCallback = (now, about) => {
      if (mine !== this.running) return;
      const frame = new VideoFrame(this.video, { timestamp: 0 });
      this.tell({ kind: 'frame', frame, captureMonoMs: about.captureTime ?? now }, [frame]);
      this.video.requestVideoFrameCallback(take);
    };
    this.video.requestVideoFrameCallback(take);
  }

  /** Nothing that was taken before it comes out after it. */
  stop(): void {
    this.running++;
    clearInterval(this.adaptTimer);
    this.adaptTimer = undefined;
    this.video.srcObject = null;
    this.track = undefined;
    this.tell({ kind: 'stop' });
  }

  keyFrame(): void {
    this.tell({ kind: 'key-frame' });
  }

  /** The next frame in its full size, without masks: it is only shown here. The caller closes it. undefined: none came. */
  still(): Promise<ImageBitmap | undefined> {
    return new Promise((resolve) => {
      const late = setTimeout(() => take(undefined), STILL_WAIT_MS);
      const take = (bitmap: ImageBitmap | undefined): void => {
        clearTimeout(late);
        this.onStill = undefined;
        resolve(bitmap);
      };
      this.onStill = take;
      this.tell({ kind: 'still' });
    });
  }

  setMasks(masks: Masks): void {
    this.masks = masks;
    this.tell({ kind: 'masks', masks });
  }

  private quality(): Quality {
    const longSidePx = SIZES.find(([least]) => this.bits >= least)![1];
    return { longSidePx, bitsPerSecond: this.bits, framesPerSecond: this.bits < 200_000 ? 10 : this.bits < 400_000 ? 20 : 30 };
  }

  /* Late pictures are never queued: while the line is behind, frames are left out before they are encoded. */
  private watchBacklog(): void {
    const bytes = this.on.backlogBytes();
    this.mostBacklog = Math.max(this.mostBacklog, bytes);
    const hold = this.held ? bytes > BACKLOG_CALM_BYTES : bytes > BACKLOG_HOLD_BYTES;
    if (hold !== this.held) {
      this.held = hold;
      this.tell({ kind: 'hold', hold });
    }
    if (hold) setTimeout(() => this.watchBacklog(), 20);
  }

  private adapt(): void {
    const before = this.bits;
    if (this.mostBacklog > BACKLOG_HOLD_BYTES / 2) this.bits = Math.max(BITS_LEAST, this.bits * LESS);
    else if (this.mostBacklog < BACKLOG_CALM_BYTES) this.bits = Math.min(BITS_MOST, this.bits * ROOM_FOR_MORE);
    this.bits = Math.round(this.bits);
    this.mostBacklog = this.on.backlogBytes();
    if (this.bits !== before) this.tell({ kind: 'quality', quality: this.quality() });
  }
}
