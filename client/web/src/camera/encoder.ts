// SPDX-License-Identifier: Apache-2.0
/*
 * camera/encoder.ts - one VideoEncoder for as long as a capture lasts, aimed at what the line bears: rate, size, and at the
 * bottom stills. Where it encodes three layers, a picture whose layer is left out is still encoded, so that the layers of
 * those behind it stay what the line's control (proto/media/send.ts) takes them for; it is thrown away before it is sealed.
 */
import { Backlog } from './backlog.js';
import { Cadence } from './cadence.js';
import type { Plan, Take } from '../proto/media/send.js';

/* Pictures in the encoder: one that is copied into it, one at work, one that comes out; more would only be late. (encodeQueueSize does not count those that it
   has handed on inside.) One that has not come out after so long never will. */
const IN_HAND_MOST = 3, IN_HAND_MS = 1000;
const UP_MOST = 1.1; /* an encoder starves when its rate rises by more at once; down it follows */
const WORTH_IT = 0.03; /* part of the rate: each change costs the encoder a moment */
const STILL_BPS = 1_000_000; /* at one picture a second: sharp whatever the line; 8 to 20 kB at 640 x 360 */
/* A browser's own shares: layer 0 of three has half of the rate for a quarter of the pictures, that of two three fifths for half of
 * them. Where bits abound two are enough, and the largest picture, which the others wait behind, is the smaller. */
const EVEN_FROM_BPS = 2_500_000, EVEN_LEAST_BPS = 1_500_000;
/* With it Chromium's libvpx encodes as it does a screen: none of two layers has the bits of two pictures, and noise of the lens, which nobody
 * sees, has none: 20 kB at most where each fourth had 43, as sharp at 4.4 Mbit/s as at 5.8 without (1280 x 720, the clip of bench_line). A
 * browser that does not know it has no use for more than MOST_BPS: its large pictures would be late for looking no better. */
const HINT = 'detail', MOST_BPS = 4_500_000;

type Layers = 1 | 2 | 3;

export interface Encoded {
  bytes: ArrayBuffer;
  key: boolean;
  tid: number;
  captureMonoMs: number;
  width: number;
  height: number;
}

export interface EncoderEvents {
  /** It is gone from here: to be sealed. */
  picture(picture: Encoded): void;
  failed(error: unknown): void;
}

interface Aim {
  bps: number;
  width: number;
  height: number;
  stills: boolean;
  layers: Layers;
  fps: number;
}

export class PictureEncoder {
  private encoder: VideoEncoder | undefined;
  private aim: Aim | undefined;
  private canLayers = true;
  private hint: 'not asked' | 'asked' | 'known' | 'not known' = 'not asked'; /* to the browser's encoder */
  private readonly cadence = new Cadence();
  private readonly backlog = new Backlog();
  private readonly inHand = new Map<number, number>(); /* by timestamp, µs: when it was handed in */
  private readonly unwanted = new Set<number>(); /* timestamps of pictures whose layer is left out */
  private brokenFrom = Infinity; /* layers from this on refer to one that was thrown away, until the next of layer 0 */

  constructor(private readonly on: EncoderEvents) {}

  /* With the first picture and not before: a lens that cannot be had ends the worker at once, and WebKit does not survive a worker
   * that ends while it asks. False: the answer comes before the next picture. */
  private hasAsked(): boolean {
    if (this.hint === 'not asked' && typeof VideoEncoder === 'function') { /* without one it fails when it is wanted, as it is told then */
      this.hint = 'asked';
      const asked = VideoEncoder.isConfigSupported({ codec: 'vp8', width: 640, height: 360, contentHint: HINT });
      void asked.then(({ config }) => { this.hint = config?.contentHint === HINT ? 'known' : 'not known'; }, () => { this.hint = 'not known'; }); /* it is given back by whoever knows it */
    }
    return this.hint !== 'asked';
  }

  /** More is of no use to it, at 1280 x 720; undefined: whatever the line bears is. Known once it has time. */
  get mostBps(): number | undefined {
    return this.hint === 'known' ? undefined : MOST_BPS;
  }

  /** The camera has a picture. False: there is enough to do without it. */
  hasTime(captureMonoMs: number): boolean {
    if (!this.hasAsked()) return false;
    this.forgetUpTo((captureMonoMs - IN_HAND_MS) * 1000);
    const behind = this.backlog.tooMuch(this.inHand.size), busy = behind || this.inHand.size >= IN_HAND_MOST;
    this.cadence.count(captureMonoMs, busy);
    return !busy;
  }

  /** Is this picture to be encoded? Not every one that is comes out. */
  wants(take: Take, plan: Plan): boolean {
    return take.take || (this.aim?.layers === 3 && !plan.stills && take.tid > 0);
  }

  /* Another number of them begins with a key frame: to two at once, back with one that comes in any case. */
  private layersFor({ stills, bps }: Plan, key: boolean): Layers {
    if (stills || !this.canLayers) return 1;
    return bps >= EVEN_FROM_BPS || (this.aim?.layers === 2 && (bps >= EVEN_LEAST_BPS || !key)) ? 2 : 3;
  }

  private next(plan: Plan, key: boolean): Aim {
    const { aim } = this, { width, height, stills } = plan, bps = stills ? STILL_BPS : plan.bps;
    const rises = aim && !stills && !aim.stills && bps > aim.bps, sized = !aim || aim.width !== width || aim.height !== height || aim.stills !== stills;
    return { bps: rises ? Math.min(bps, Math.round(aim.bps * UP_MOST)) : bps, width, height, stills, layers: this.layersFor(plan, key || sized), fps: stills ? 1 : this.cadence.told };
  }

  /* True: it is another stream of pictures, which begins with a key frame. */
  private follow(plan: Plan, key: boolean): boolean {
    const { aim } = this, next = this.next(plan, key), { bps, width, height, layers, fps } = next;
    const anew = !aim || aim.width !== width || aim.height !== height || aim.stills !== next.stills || aim.layers !== layers;
    if (this.encoder && !anew && aim.fps === fps && Math.abs(bps - aim.bps) < aim.bps * WORTH_IT) return false;
    this.encoder ??= new VideoEncoder({ output: (chunk, about) => this.came(chunk, about), error: (error) => this.broke(error) });
    this.encoder.configure({
      codec: 'vp8', width, height, bitrate: bps, framerate: fps, latencyMode: 'realtime', bitrateMode: 'constant', contentHint: HINT,
      ...(layers > 1 ? { scalabilityMode: `L1T${layers}` } : {}),
    });
    this.aim = next;
    return anew;
  }

  /** canvas: the picture, in the plan's size. */
  encode(canvas: OffscreenCanvas, captureMonoMs: number, take: Take, plan: Plan): void {
    const timestamp = Math.round(captureMonoMs * 1000), anew = this.follow(plan, take.key);
    const picture = new VideoFrame(canvas, { timestamp, alpha: 'discard' });
    try {
      if (!take.take) this.unwanted.add(timestamp);
      this.inHand.set(timestamp, performance.now());
      this.encoder!.encode(picture, { keyFrame: take.key || anew });
    } finally {
      picture.close();
    }
  }

  private came(chunk: EncodedVideoChunk, about?: EncodedVideoChunkMetadata): void {
    const { aim } = this, tid = (about as { svc?: { temporalLayerId?: number } } | undefined)?.svc?.temporalLayerId ?? 0;
    const unwanted = this.unwanted.delete(chunk.timestamp);
    const nowMs = performance.now(), sinceMs = this.inHand.get(chunk.timestamp);
    if (sinceMs !== undefined) this.backlog.came(nowMs - sinceMs, nowMs);
    this.forgetUpTo(chunk.timestamp); /* what it left out does not come later */
    if (tid === 0) this.brokenFrom = Infinity;
    if (!aim || tid >= this.brokenFrom) return;
    if (unwanted && tid > 0) {
      this.brokenFrom = tid + 1;
      return;
    }
    const bytes = new ArrayBuffer(chunk.byteLength);
    chunk.copyTo(bytes);
    this.on.picture({ bytes, key: chunk.type === 'key', tid, captureMonoMs: chunk.timestamp / 1000, width: aim.width, height: aim.height });
  }

  private forgetUpTo(timestamp: number): void {
    for (const each of this.inHand.keys()) if (each <= timestamp) this.inHand.delete(each);
  }

  /* An encoder without layers is still an encoder; the next picture finds a new one, which begins with a key frame. */
  private broke(error: DOMException): void {
    this.forget();
    if (!this.canLayers) return this.on.failed(error);
    this.canLayers = false;
  }

  private forget(): void {
    this.encoder = this.aim = undefined;
    this.unwanted.clear();
    this.inHand.clear();
    this.brokenFrom = Infinity;
  }

  /** What it still holds is thrown away. */
  stop(): void {
    if (this.encoder && this.encoder.state !== 'closed') this.encoder.close();
    this.forget();
  }
}
