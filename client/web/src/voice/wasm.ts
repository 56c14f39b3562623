// SPDX-License-Identifier: Apache-2.0
/* voice/wasm.ts - Opus by WebAssembly, in a worker of its own (opus.worker.ts): for browsers whose own does not do it. */
import type { Codecs, DecoderEvents, EncoderEvents, VoiceDecoder, VoiceEncoder } from './codec.js';
import type { FromOpus, ToOpus } from './opus.js';

const READY_WITHIN_MS = 20_000; /* a slow line fetches 180 kB */

class WasmEncoder implements VoiceEncoder {
  constructor(private readonly worker: Worker, private readonly gone: () => void) {}
  private tell(message: ToOpus, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }
  encode(pcm: Float32Array<ArrayBuffer>): void {
    this.tell({ kind: 'encode', pcm }, [pcm.buffer]);
  }
  setBps(bps: number): void {
    this.tell({ kind: 'bps', bps });
  }
  close(): void {
    this.gone();
  }
}

class WasmDecoder implements VoiceDecoder {
  constructor(private readonly worker: Worker, private readonly gone: () => void) {}
  decode(packet: Uint8Array | 'lost', number: number): boolean {
    this.worker.postMessage({ kind: 'decode', packet: packet === 'lost' ? null : packet, number } satisfies ToOpus);
    return true;
  }
  close(): void {
    this.worker.postMessage({ kind: 'decode-anew' } satisfies ToOpus);
    this.gone();
  }
}

/** The worker stays for the page: what is fetched once is not fetched again. Rejects when it does not come up. */
export async function wasmCodecs(newWorker: () => Worker): Promise<Codecs> {
  const worker = newWorker();
  let encoding: EncoderEvents | undefined, decoding: DecoderEvents | undefined;
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the codec did not come')), READY_WITHIN_MS);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }: MessageEvent<FromOpus>) => {
      clearTimeout(late);
      if (data.kind === 'ready') resolve();
      else reject(new Error(data.kind === 'failed' ? data.message : data.kind));
    };
  }).catch((error: unknown) => { worker.terminate(); throw error; });
  const failed = (message: string): void => {
    encoding?.failed(message);
    decoding?.failed(message);
  };
  worker.onerror = (event) => failed(event.message);
  worker.onmessage = ({ data }: MessageEvent<FromOpus>) => {
    if (data.kind === 'packet') encoding?.packet(data.bytes);
    else if (data.kind === 'pcm') decoding?.pcm(data.number, data.samples ?? undefined);
    else if (data.kind === 'failed') failed(data.message);
  };
  return {
    name: 'wasm',
    encoder: (bps, on) => {
      encoding = on;
      worker.postMessage({ kind: 'bps', bps } satisfies ToOpus);
      return new WasmEncoder(worker, () => { if (encoding === on) encoding = undefined; });
    },
    decoder: (on) => {
      decoding = on;
      return new WasmDecoder(worker, () => { if (decoding === on) decoding = undefined; });
    },
  };
}
