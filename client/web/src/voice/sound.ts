// SPDX-License-Identifier: Apache-2.0
/*
 * voice/sound.ts - the browser's sound: one context, which a tap has to start, and the two worklet nodes. It is asleep
 * while no voice flows, and then the browser shows no microphone and no sound.
 */
import { SAMPLE_RATE } from './rate.js';

/** 20 ms to play, or that it is over. */
export type ToSpeaker = Float32Array<ArrayBuffer> | 'end';
/** 20 ms have been played; so many pieces are held. */
export type FromSpeaker = number;

const RUNS_WITHIN_MS = 6000;

export class Sound {
  private context: AudioContext | undefined;
  private module: Promise<void> | undefined;

  /** taken: the system has taken the sound away, for a call perhaps. */
  constructor(private readonly address: () => string, private readonly taken: () => void) {}

  /** In a tap. */
  wake(): void {
    const context = this.context ??= this.make();
    void context.resume().catch(() => undefined);
    this.module ??= context.audioWorklet.addModule(this.address());
    this.module.catch(() => { this.module = undefined; });
  }

  private make(): AudioContext {
    const context = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: 'interactive' });
    context.onstatechange = () => (context.state as string) === 'interrupted' && this.taken();
    return context;
  }

  /** Runs, with the worklet in it. Rejects: this browser gives no sound. */
  async running(): Promise<AudioContext> {
    this.wake();
    const context = this.context!;
    await this.module;
    if (context.state !== 'running') await within(RUNS_WITHIN_MS, context.resume());
    return context;
  }

  /** Its pieces of 20 ms go to `take`, until the function that comes back is called. */
  listen(context: AudioContext, track: MediaStreamTrack, take: (pcm: Float32Array<ArrayBuffer>) => void): () => void {
    const source = context.createMediaStreamSource(new MediaStream([track]));
    const node = new AudioWorkletNode(context, 'handhold-microphone', { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
    node.port.onmessage = ({ data }: MessageEvent<Float32Array<ArrayBuffer>>) => take(data);
    source.connect(node);
    return () => {
      node.port.onmessage = null;
      source.disconnect();
    };
  }

  /** `due` is called each 20 ms. */
  play(context: AudioContext, due: (held: FromSpeaker) => void): { give(pcm: Float32Array<ArrayBuffer>): void; close(): void } {
    const node = new AudioWorkletNode(context, 'handhold-speaker', { numberOfInputs: 0, outputChannelCount: [1] });
    const tell = (message: ToSpeaker, transfer: Transferable[]): void => node.port.postMessage(message, transfer);
    node.port.onmessage = ({ data }: MessageEvent<FromSpeaker>) => due(data);
    node.connect(context.destination);
    return {
      give: (pcm) => tell(pcm, [pcm.buffer]),
      close: () => {
        node.port.onmessage = null;
        tell('end', []);
        node.disconnect();
      },
    };
  }

  sleep(): void {
    if (this.context?.state === 'running') void this.context.suspend().catch(() => undefined);
  }

  /** It has no more use. */
  close(): void {
    if (this.context && this.context.state !== 'closed') void this.context.close().catch(() => undefined);
    this.context = this.module = undefined;
  }
}

function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('no sound in time')), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(late));
  });
}
