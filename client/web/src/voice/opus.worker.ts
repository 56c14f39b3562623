// SPDX-License-Identifier: Apache-2.0
/* voice/opus.worker.ts - libopus as WebAssembly: fetched and compiled only where the browser's own Opus does not do. */
import { Application, createDecoder, createEncoder, Signal } from 'libopus-wasm';
import type { OpusDecoderHandle, OpusEncoderHandle } from 'libopus-wasm';
import { VOICE } from '../proto/media/voice.js';
import type { FromOpus, ToOpus } from './opus.js';
import { FRAME, SAMPLE_RATE } from './rate.js';

const tell = (message: FromOpus, transfer: Transferable[] = []): void => postMessage(message, { transfer });
let encoder: OpusEncoderHandle, decoder: OpusDecoderHandle;

function samplesOf(packet: Uint8Array | null): Float32Array<ArrayBuffer> | null {
  try {
    const samples = packet ? decoder.decodeFloat(packet) : decoder.decodePacketLossFloat(FRAME);
    return samples.length === FRAME ? Float32Array.from(samples) : null;
  } catch {
    return null; // a stranger's bytes
  }
}

async function serve(message: ToOpus): Promise<void> {
  switch (message.kind) {
    case 'encode': {
      const bytes = Uint8Array.from(encoder.encodeFloat(message.pcm));
      return tell({ kind: 'packet', bytes }, [bytes.buffer]);
    }
    case 'bps': return encoder.setBitrate(message.bps);
    case 'decode': {
      const samples = samplesOf(message.packet);
      return tell({ kind: 'pcm', number: message.number, samples }, samples ? [samples.buffer] : []);
    }
    case 'decode-anew':
      decoder.free();
      decoder = await createDecoder({ channels: 1, sampleRate: SAMPLE_RATE });
  }
}

async function begin(): Promise<void> {
  encoder = await createEncoder({
    channels: 1, sampleRate: SAMPLE_RATE, application: Application.Voip, signal: Signal.Voice, bitrate: VOICE.BPS_MAX, complexity: 5,
    vbr: false, dtx: false, fec: false, frameSize: FRAME,
  });
  decoder = await createDecoder({ channels: 1, sampleRate: SAMPLE_RATE });
  onmessage = ({ data }: MessageEvent<ToOpus>) => void serve(data).catch(fail);
  tell({ kind: 'ready' });
}

const fail = (error: unknown): void => tell({ kind: 'failed', message: error instanceof Error ? error.message : 'no Opus' });
void begin().catch(fail);
