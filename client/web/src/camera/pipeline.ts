// SPDX-License-Identifier: Apache-2.0
/*
 * camera/pipeline.ts - from a track to encoded pictures: hands frames to the worker (encoder.worker.ts), and news of the
 * line. The worker and the canvas live as long as the page; a camera comes and goes.
 */
import type { EncodedPicture, FromWorker, LineNews, Masks, ToWorker } from './picture.js';
import type { PictureFigures } from './tally.js';

interface TrackProcessor {
  readonly readable: ReadableStream<VideoFrame>;
}
declare const MediaStreamTrackProcessor: (new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => TrackProcessor) | undefined;

const STILL_WAIT_MS = 3000;

export interface PipelineEvents {
  picture(picture: EncodedPicture): void;
  size(width: number, height: number): void;
  /** Once a second. */
  figures(figures: PictureFigures): void;
  failed(message: string): void;
}

export class Pipeline {
  readonly canvas = document.createElement('canvas');
  private readonly worker: Worker;
  private readonly video = document.createElement('video');
  private track: MediaStreamTrack | undefined;
  private running = 0;
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
      case 'figures': this.on.figures(message); break;
      case 'stopped': break;
    }
  }

  start(track: MediaStreamTrack): void {
    this.running++;
    this.tell({ kind: 'start', masks: this.masks });
    if (typeof MediaStreamTrackProcessor === 'function') {
      const { readable } = new MediaStreamTrackProcessor({ track, maxBufferSize: 2 });
      this.tell({ kind: 'stream', readable }, [readable]);
    } else if (!this.giveTrack(track)) {
      this.playAndTake(track, this.running);
    }
    this.track = track;
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
    this.video.srcObject = null;
    this.track = undefined;
    this.tell({ kind: 'stop' });
  }

  /** What became of the pictures. */
  news(news: LineNews): void {
    this.tell(news);
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
}
