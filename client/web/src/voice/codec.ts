// SPDX-License-Identifier: Apache-2.0
/*
 * voice/codec.ts - Opus, 20 ms, hard constant bit rate: by the browser where it can and keeps the length, else by a WASM
 * Opus that is fetched only then. Neither is trusted with the length: a packet that has another one does not leave.
 */
import { browserDecoder, browserEncoder, browserKeepsLength } from './webcodecs.js';
import { packetBytes } from './rate.js';

export interface VoiceEncoder {
  /** 960 samples; the packet comes by and by, in order. The samples are taken over. */
  encode(pcm: Float32Array<ArrayBuffer>): void;
  setBps(bps: number): void;
  close(): void;
}

export interface VoiceDecoder {
  /** 'lost': one is missing, bridge it; false: this decoder cannot bridge, and gives nothing for it. */
  decode(packet: Uint8Array | 'lost', number: number): boolean;
  close(): void;
}

export interface EncoderEvents {
  packet(bytes: Uint8Array): void;
  failed(message: string): void;
}
export interface DecoderEvents {
  /** undefined: what came was no 20 ms of Opus. */
  pcm(number: number, samples: Float32Array<ArrayBuffer> | undefined): void;
  failed(message: string): void;
}

export interface Codecs {
  readonly name: 'browser' | 'wasm';
  encoder(bps: number, on: EncoderEvents): VoiceEncoder;
  decoder(on: DecoderEvents): VoiceDecoder;
}

const browser: Codecs = {
  name: 'browser',
  encoder: (bps, on) => new SameLength(bps, on, browserEncoder),
  decoder: browserDecoder,
};

/** Drops what has another length than the rate says, and gives up when that goes on. */
export class SameLength implements VoiceEncoder {
  private readonly inner: VoiceEncoder;
  private strange = 0;

  constructor(private bps: number, on: EncoderEvents, make: (bps: number, on: EncoderEvents) => VoiceEncoder) {
    this.inner = make(bps, {
      packet: (bytes) => {
        if (bytes.length === packetBytes(this.bps)) on.packet(bytes);
        else if (++this.strange === STRANGE_MOST) on.failed('the encoder does not keep one length');
      },
      failed: on.failed,
    });
  }
  encode(pcm: Float32Array<ArrayBuffer>): void {
    this.inner.encode(pcm);
  }
  setBps(bps: number): void {
    if (bps === this.bps) return;
    this.strange = 0; /* what was encoded before and comes now is dropped once */
    this.bps = bps;
    this.inner.setBps(bps);
  }
  close(): void {
    this.inner.close();
  }
}
const STRANGE_MOST = 50;

export const hasSound = (): boolean => typeof AudioWorkletNode === 'function' && 'mediaDevices' in navigator;
const hasWasm = (): boolean => typeof WebAssembly === 'object' && typeof Worker === 'function';
export const canTalk = (): boolean => hasSound() && (hasWasm() || typeof AudioEncoder === 'function');

let chosen: Promise<Codecs> | undefined;

/** Decided once for the page: encoding some noise and some silence tells. Rejects when there is no Opus at all. */
export function chooseCodecs(newOpusWorker: () => Worker): Promise<Codecs> {
  return chosen ??= choose(newOpusWorker).catch((error: unknown) => { chosen = undefined; throw error; });
}

async function choose(newOpusWorker: () => Worker): Promise<Codecs> {
  if (await browserKeepsLength()) return browser;
  const { wasmCodecs } = await import('./wasm.js'), codecs = await wasmCodecs(newOpusWorker);
  return { ...codecs, encoder: (bps, on) => new SameLength(bps, on, codecs.encoder) };
}
