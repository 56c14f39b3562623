// SPDX-License-Identifier: Apache-2.0
/*
 * voice/voice.worklet.ts - the two ends of the sound, on its own thread: from the microphone in pieces of 20 ms, and to the
 * loudspeaker, which asks for 20 ms each time it has played as much. What it is told late it plays late, and never piles up.
 */
import type { FromSpeaker, ToSpeaker } from './sound.js';
import { FRAME, SAMPLE_RATE } from './rate.js';
import { Resampler } from './resample.js';

/* What lib.dom does not know of. */
declare const sampleRate: number;
declare function registerProcessor(name: string, processor: unknown): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

const HELD_MOST = 6; /* pieces; older ones are left out */

class Microphone extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(sampleRate, SAMPLE_RATE);
  private piece = new Float32Array(FRAME);
  private filled = 0;

  process([input]: Float32Array[][]): boolean {
    const channel = input?.[0];
    if (!channel) return true;
    for (const sample of this.resampler.take(channel)) {
      this.piece[this.filled++] = sample;
      if (this.filled === FRAME) this.give();
    }
    return true;
  }

  private give(): void {
    this.port.postMessage(this.piece, [this.piece.buffer]);
    this.piece = new Float32Array(FRAME);
    this.filled = 0;
  }
}

class Speaker extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(SAMPLE_RATE, sampleRate);
  private row: Float32Array[] = [];
  private at = 0;
  private due = 0; /* samples until 20 ms more are asked for */
  private over = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToSpeaker>) => {
      if (data === 'end') this.over = true;
      else this.row.push(this.resampler.take(data));
      while (this.row.length > HELD_MOST) {
        this.row.shift();
        this.at = 0;
      }
    };
  }

  process(_: Float32Array[][], [output]: Float32Array[][]): boolean {
    const channel = output?.[0];
    if (!channel) return !this.over;
    for (let i = 0; i < channel.length; i++) channel[i] = this.next();
    this.due -= channel.length;
    if (this.due <= 0) {
      this.due += sampleRate * FRAME / SAMPLE_RATE;
      this.port.postMessage(this.row.length satisfies FromSpeaker);
    }
    return !this.over;
  }

  private next(): number {
    const piece = this.row[0];
    if (!piece) return 0;
    const sample = piece[this.at++]!;
    if (this.at >= piece.length) {
      this.row.shift();
      this.at = 0;
    }
    return sample;
  }
}

registerProcessor('handhold-microphone', Microphone);
registerProcessor('handhold-speaker', Speaker);
