// SPDX-License-Identifier: Apache-2.0
/*
 * camera/encoder.worker.ts - paints each camera frame with its masks on one canvas, and encodes that canvas. The canvas is
 * the one on the screen, so what a customer sees is what is sent, by construction.
 */
import { paintMasks } from './paint.js';
import type { FromWorker, Masks, Quality, ToWorker } from './picture.js';

interface Scope {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}
const scope = self as unknown as Scope;

const KEY_EVERY_MS = 8000; /* a card of a marked frame is decoded from the key frame before it */
const QUEUE_MOST = 1; /* frames in the encoder; more would only be late */

let canvas: OffscreenCanvas | undefined;
let context: OffscreenCanvasRenderingContext2D | null = null;
let sinceOrigin = 0; /* this worker's performance.now() minus the page's */
let quality: Quality = { longSidePx: 640, bitsPerSecond: 600_000, framesPerSecond: 30 };
let masks: Masks = { regions: [] };
let encoder: VideoEncoder | undefined;
let configured = '';
let running = 0; /* rises with each start and stop: what belongs to an older one ends itself */
let active = false, held = false, keyWanted = true, stillWanted = false;
let lastKeyMs = 0, lastPaintedMs = 0;
let painted = 0, encoded = 0, skipped = 0, figuresMs = 0;

function fail(error: unknown): void {
  active = false;
  scope.postMessage({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
}

function onChunk(chunk: EncodedVideoChunk, metadata?: EncodedVideoChunkMetadata): void {
  if (!active || !canvas) return;
  const bytes = new ArrayBuffer(chunk.byteLength);
  chunk.copyTo(bytes);
  encoded++;
  scope.postMessage({
    kind: 'picture', bytes, key: chunk.type === 'key', tid: layerOf(metadata), captureMonoMs: chunk.timestamp / 1000,
    width: canvas.width, height: canvas.height,
  }, [bytes]);
}

function layerOf(metadata?: EncodedVideoChunkMetadata): number {
  const svc = (metadata as { svc?: { temporalLayerId?: number } } | undefined)?.svc;
  return svc?.temporalLayerId ?? 0;
}

function configuration(scalabilityMode: string | undefined): VideoEncoderConfig {
  return {
    codec: 'vp8', width: canvas!.width, height: canvas!.height, bitrate: quality.bitsPerSecond,
    framerate: quality.framesPerSecond, latencyMode: 'realtime', bitrateMode: 'variable',
    ...(scalabilityMode ? { scalabilityMode } : {}),
  };
}

let layers: string | undefined = 'L1T3';
function configure(): void {
  const wanted = `${canvas!.width} ${canvas!.height} ${quality.bitsPerSecond} ${quality.framesPerSecond}`;
  if (encoder && wanted === configured) return;
  const sized = configured.split(' ').slice(0, 2).join(' ') !== `${canvas!.width} ${canvas!.height}`;
  encoder ??= new VideoEncoder({ output: onChunk, error: onEncoderError });
  encoder.configure(configuration(layers));
  configured = wanted;
  keyWanted ||= sized;
}

/* An encoder without layers is still an encoder. */
function onEncoderError(error: DOMException): void {
  encoder = undefined;
  configured = '';
  keyWanted = true;
  if (layers) layers = undefined;
  else fail(error);
}

/** Even sides, because VP8 has half of the colour. */
function fit(width: number, height: number): void {
  const scale = Math.min(1, quality.longSidePx / Math.max(width, height));
  const w = Math.max(2, Math.round((width * scale) / 2) * 2), h = Math.max(2, Math.round((height * scale) / 2) * 2);
  if (canvas!.width === w && canvas!.height === h) return;
  canvas!.width = w;
  canvas!.height = h;
  scope.postMessage({ kind: 'size', width: w, height: h });
}

function figures(now: number): void {
  if (now - figuresMs < 1000) return;
  scope.postMessage({ kind: 'figures', painted, encoded, skipped });
  painted = encoded = skipped = 0;
  figuresMs = now;
}

/* As the lens saw it, in full size: the person decides over it before anything is sent. */
function takeStill(frame: VideoFrame): void {
  stillWanted = false;
  const copy = frame.clone();
  void createImageBitmap(copy).then((bitmap) => scope.postMessage({ kind: 'still', bitmap }, [bitmap]), fail).finally(() => copy.close());
}

function onFrame(frame: VideoFrame, captureMonoMs: number): void {
  const now = performance.now();
  figures(now);
  const early = captureMonoMs - lastPaintedMs < 1000 / quality.framesPerSecond - 8;
  if (active && stillWanted) takeStill(frame);
  if (!active || !context || early) return;
  if (held || (encoder?.encodeQueueSize ?? 0) > QUEUE_MOST) {
    skipped++;
    return;
  }
  lastPaintedMs = captureMonoMs;
  fit(frame.displayWidth, frame.displayHeight);
  context.drawImage(frame, 0, 0, canvas!.width, canvas!.height);
  paintMasks(context, masks, canvas!.width, canvas!.height);
  painted++;
  configure();
  const keyFrame = keyWanted || now - lastKeyMs > KEY_EVERY_MS;
  const picture = new VideoFrame(canvas!, { timestamp: Math.round(captureMonoMs * 1000), alpha: 'discard' });
  try {
    encoder!.encode(picture, { keyFrame });
    if (keyFrame) lastKeyMs = now;
    keyWanted = false;
  } finally {
    picture.close();
  }
}

interface TrackProcessor {
  readonly readable: ReadableStream<VideoFrame>;
}
declare const MediaStreamTrackProcessor: (new (init: { track: MediaStreamTrack }) => TrackProcessor) | undefined;

let ownTrack: MediaStreamTrack | undefined;

/* The page's own copy of the track stays what the camera is worked by. */
function readTrack(track: MediaStreamTrack): void {
  ownTrack?.stop();
  ownTrack = track;
  if (typeof MediaStreamTrackProcessor === 'function') return void readStream(new MediaStreamTrackProcessor({ track }).readable, running).catch(noTrack);
  noTrack();
}

function noTrack(): void {
  ownTrack?.stop();
  ownTrack = undefined;
  scope.postMessage({ kind: 'no-track' });
}

async function readStream(readable: ReadableStream<VideoFrame>, mine: number): Promise<void> {
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    try {
      if (mine === running) onFrame(value, performance.now() - sinceOrigin);
    } finally {
      value.close();
    }
    if (mine !== running) return void reader.cancel();
  }
}

function stop(): void {
  running++;
  ownTrack?.stop();
  ownTrack = undefined;
  active = stillWanted = false;
  if (encoder?.state !== 'closed') encoder?.close(); // what it still held is thrown away
  encoder = undefined;
  configured = '';
  context?.clearRect(0, 0, canvas!.width, canvas!.height);
  scope.postMessage({ kind: 'stopped' });
}

function start(message: Extract<ToWorker, { kind: 'start' }>): void {
  running++;
  ({ quality, masks } = message);
  active = true;
  held = false;
  keyWanted = true;
  lastPaintedMs = 0;
}

function act(message: ToWorker): void {
  switch (message.kind) {
    case 'canvas':
      canvas = message.canvas;
      context = canvas.getContext('2d', { alpha: false });
      sinceOrigin = message.timeOrigin - performance.timeOrigin;
      break;
    case 'start': return start(message);
    case 'stream': return void readStream(message.readable, running).catch(fail);
    case 'track': return readTrack(message.track);
    case 'frame':
      try {
        return onFrame(message.frame, message.captureMonoMs);
      } finally {
        message.frame.close();
      }
    case 'quality': quality = message.quality; break;
    case 'masks': masks = message.masks; break;
    case 'hold': held = message.hold; break;
    case 'key-frame': keyWanted = true; break;
    case 'still': stillWanted = true; break;
    case 'stop': return stop();
  }
}

scope.onmessage = (event) => {
  try {
    act(event.data);
  } catch (error) {
    fail(error);
  }
};
