// SPDX-License-Identifier: Apache-2.0
/* voice/webcodecs.ts - Opus by the browser's own encoder and decoder. */
import { VOICE } from '../proto/media/voice.js';
import type { DecoderEvents, EncoderEvents, VoiceDecoder, VoiceEncoder } from './codec.js';
import { FRAME, FRAME_MS, packetBytes, SAMPLE_RATE } from './rate.js';

/* What lib.dom does not know of yet. */
interface OpusConfig extends AudioEncoderConfig {
  opus: { format: 'opus'; frameDuration: number; application: 'voip'; signal: 'voice'; complexity: number; usedtx: boolean; useinbandfec: boolean; packetlossperc: number };
}
const FRAME_US = FRAME_MS * 1000;

function encoderConfig(bitrate: number): OpusConfig {
  return {
    codec: 'opus', sampleRate: SAMPLE_RATE, numberOfChannels: 1, bitrate, bitrateMode: 'constant',
    opus: { format: 'opus', frameDuration: FRAME_US, application: 'voip', signal: 'voice', complexity: 5, usedtx: false, useinbandfec: false, packetlossperc: 0 },
  };
}

class BrowserEncoder implements VoiceEncoder {
  private encoder: AudioEncoder | undefined;
  private number = 0;

  constructor(bps: number, private readonly on: EncoderEvents) {
    this.open(bps);
  }

  /* Another rate takes another encoder: not every engine changes it in one that runs. */
  private open(bps: number): void {
    this.close();
    const encoder = new AudioEncoder({
      output: (chunk) => {
        if (this.encoder !== encoder) return;
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        this.on.packet(bytes);
      },
      error: (error) => this.encoder === encoder && this.on.failed(error.message),
    });
    this.encoder = encoder;
    encoder.configure(encoderConfig(bps));
  }

  encode(pcm: Float32Array<ArrayBuffer>): void {
    if (this.encoder?.state !== 'configured') return;
    const data = new AudioData({ format: 'f32-planar', sampleRate: SAMPLE_RATE, numberOfFrames: FRAME, numberOfChannels: 1, timestamp: FRAME_US * this.number++, data: pcm });
    this.encoder.encode(data);
    data.close();
  }
  setBps(bps: number): void {
    this.open(bps);
  }
  flush(): Promise<void> {
    return this.encoder?.flush() ?? Promise.resolve();
  }
  close(): void {
    if (this.encoder && this.encoder.state !== 'closed') this.encoder.close();
    this.encoder = undefined;
  }
}

export const browserEncoder = (bps: number, on: EncoderEvents): VoiceEncoder => new BrowserEncoder(bps, on);

/**
 * What comes out is counted on from the first stamp, whatever stamps go in (Chromium): so packets are stamped without the holes
 * that bridging leaves, and what comes out belongs to the oldest that has not come.
 */
export class BrowserDecoder implements VoiceDecoder {
  private decoder: AudioDecoder | undefined;
  private pending: { stamp: number; number: number }[] = [];
  private stamp = 0;

  constructor(private readonly on: DecoderEvents) {}

  /* A stranger's bytes may end a decoder: the next packet gets a new one. */
  private open(): AudioDecoder {
    const decoder = new AudioDecoder({
      output: (data) => {
        if (this.decoder === decoder) this.decoded(data);
        data.close();
      },
      error: () => this.decoder === decoder && this.drop(),
    });
    decoder.configure({ codec: 'opus', sampleRate: SAMPLE_RATE, numberOfChannels: 1 });
    return this.decoder = decoder;
  }

  private decoded(data: AudioData): void {
    const stamp = Math.round(data.timestamp / FRAME_US), sound = data.numberOfFrames === FRAME && data.sampleRate === SAMPLE_RATE;
    while (this.pending.length && this.pending[0]!.stamp < stamp) this.on.pcm(this.pending.shift()!.number, undefined);
    const number = this.pending.shift()?.number;
    if (number === undefined) return;
    if (!sound) return this.on.pcm(number, undefined);
    const samples = new Float32Array(FRAME);
    data.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
    this.on.pcm(number, samples);
  }

  private drop(): void {
    if (this.decoder && this.decoder.state !== 'closed') this.decoder.close();
    this.decoder = undefined;
    for (const { number } of this.pending.splice(0)) this.on.pcm(number, undefined);
  }

  decode(packet: Uint8Array | 'lost', number: number): boolean {
    if (packet === 'lost') return false;
    const stamp = this.stamp++;
    this.pending.push({ stamp, number });
    try {
      (this.decoder ?? this.open()).decode(new EncodedAudioChunk({ type: 'key', timestamp: stamp * FRAME_US, data: packet as Uint8Array<ArrayBuffer> }));
    } catch {
      this.drop();
    }
    return true;
  }
  close(): void {
    this.pending = [];
    this.drop();
  }
}

export const browserDecoder = (on: DecoderEvents): VoiceDecoder => new BrowserDecoder(on);

const PROBE_FRAMES = 10;

/** Does this browser's Opus come in packets of one length, for silence and for noise? */
export async function browserKeepsLength(): Promise<boolean> {
  if (typeof AudioEncoder !== 'function' || typeof AudioDecoder !== 'function') return false;
  try {
    const { supported } = await AudioEncoder.isConfigSupported(encoderConfig(VOICE.BPS_MAX));
    if (!supported) return false;
    const lengths: number[] = [];
    const encoder = new BrowserEncoder(VOICE.BPS_MAX, { packet: (bytes) => lengths.push(bytes.length), failed: () => lengths.push(0) });
    for (let i = 0; i < PROBE_FRAMES; i++)
      encoder.encode(new Float32Array(FRAME).map(() => (i < PROBE_FRAMES / 2 ? 0 : Math.random() - 0.5)));
    await encoder.flush();
    encoder.close();
    return lengths.length >= PROBE_FRAMES - 2 && lengths.every((length) => length === packetBytes(VOICE.BPS_MAX));
  } catch {
    return false;
  }
}
