// SPDX-License-Identifier: Apache-2.0
/*
 * camera/encoder.worker.ts - paints each camera frame with its masks on one canvas, and encodes that canvas. The canvas is
 * the one on the screen, so what a customer sees is what is sent, by construction.
 */
import { MediaSend } from '../proto/media/send.js';
import { PictureEncoder } from './encoder.js';
import { paintMasks } from './paint.js';
import type { FromWorker, LineNews, Masks, ToWorker } from './picture.js';
import { Tally } from './tally.js';

interface Scope {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}
const scope = self as unknown as Scope;

const UNSENT_MOST = 3; /* pictures that the page has and that wait to be sealed */
const KEY_EVERY_MS = 16_000; /* a card of a marked frame is decoded from the key frame before it */
const OWN_LATE_MS = 60; /* an acknowledgement waits for the page's thread, and then for this one */

let canvas: OffscreenCanvas | undefined;
let context: OffscreenCanvasRenderingContext2D | null = null;
let sinceOrigin = 0; /* this worker's performance.now() minus the page's */
let masks: Masks = { regions: [] };
let control: MediaSend | undefined, controls = ''; /* the size that it is for */
let running = 0; /* rises with each start and stop: what belongs to an older one ends itself */
let active = false, stillWanted = false;
let lastKeyMs = 0;
let unsent = 0;
const tally = new Tally();

const pageMs = (): number => Math.floor(performance.now() - sinceOrigin);

function fail(error: unknown): void {
  active = false;
  scope.postMessage({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
}

const encoder = new PictureEncoder({
  picture(picture) {
    if (!active) return;
    unsent++;
    if (picture.key) lastKeyMs = pageMs();
    scope.postMessage({ kind: 'picture', ...picture }, [picture.bytes]);
  },
  failed: fail,
});

/** A camera that turns is another one for the control, which keeps what it knows of the rate. */
function controlFor(width: number, height: number, nowMs: number): MediaSend {
  if (!control || controls !== `${width} ${height}`) control = new MediaSend(width, height, nowMs, { startBps: control?.bps, mostBps: encoder.mostBps, ownLateMs: OWN_LATE_MS });
  controls = `${width} ${height}`;
  return control;
}

function fit(width: number, height: number): void {
  if (canvas!.width === width && canvas!.height === height) return;
  canvas!.width = width;
  canvas!.height = height;
  scope.postMessage({ kind: 'size', width, height });
}

function figures(nowMs: number): void {
  const figures = control && tally.turn(nowMs, control.bps, control.quality());
  if (figures) scope.postMessage({ kind: 'figures', ...figures });
}

/* As the lens saw it, in full size: the person decides over it before anything is sent. */
function takeStill(frame: VideoFrame): void {
  stillWanted = false;
  const copy = frame.clone();
  void createImageBitmap(copy).then((bitmap) => scope.postMessage({ kind: 'still', bitmap }, [bitmap]), fail).finally(() => copy.close());
}

function onFrame(frame: VideoFrame, captureMonoMs: number): void {
  const nowMs = pageMs();
  figures(nowMs);
  if (active && stillWanted) takeStill(frame);
  if (!active || !context) return;
  if (!encoder.hasTime(captureMonoMs) || unsent >= UNSENT_MOST) return;
  const line = controlFor(frame.displayWidth, frame.displayHeight, nowMs);
  if (nowMs - lastKeyMs > KEY_EVERY_MS) line.wantKey();
  const take = line.take(nowMs), { plan } = line;
  tally.ask();
  fit(plan.width, plan.height);
  context.drawImage(frame, 0, 0, plan.width, plan.height);
  paintMasks(context, masks, plan.width, plan.height);
  if (encoder.wants(take, plan)) encoder.encode(canvas!, captureMonoMs, take, plan);
}

function onNews(news: LineNews): void {
  if (!control || !active) return;
  if (news.kind === 'sent' || news.kind === 'unsent') unsent = Math.max(0, unsent - 1);
  if (news.kind === 'sent') tally.sent(news.bytes);
  if (news.kind === 'acked') tally.acked(news.objects.length);
  switch (news.kind) {
    case 'sent': return control.sent(news.object, news.bytes, news.key, Math.floor(news.nowMs));
    case 'unsent': return news.tid < 2 ? control.failed() : undefined; // nothing refers to the top layer
    case 'acked': return news.objects.forEach((object, i) => control!.acked(object, news.arrivalMs[i]!, Math.floor(news.nowMs)));
    case 'queued': return control.queued(news.queuedMs, news.dropped);
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

/* After a stop it reads on until the track, which was stopped too, has no more: frames on their way into a stream that is
 * cancelled are closed by nobody, and hold up the camera until they are collected. */
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
  }
}

function stop(): void {
  running++;
  ownTrack?.stop();
  ownTrack = undefined;
  active = stillWanted = false;
  encoder.stop();
  context?.clearRect(0, 0, canvas!.width, canvas!.height);
  scope.postMessage({ kind: 'stopped' });
}

function start(message: Extract<ToWorker, { kind: 'start' }>): void {
  running++;
  masks = message.masks;
  active = true;
  unsent = 0;
  lastKeyMs = pageMs();
  control?.restart(lastKeyMs);
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
    case 'masks': masks = message.masks; break;
    case 'key-frame': control?.wantKey(); break;
    case 'still': stillWanted = true; break;
    case 'stop': return stop();
    case 'sent':
    case 'unsent':
    case 'acked':
    case 'queued': return onNews(message);
  }
}

scope.onmessage = (event) => {
  try {
    act(event.data);
  } catch (error) {
    fail(error);
  }
};
