// SPDX-License-Identifier: Apache-2.0
/* voice/opus.ts - what the page and the worker with the WASM Opus say to each other. */

export type ToOpus =
  | { kind: 'encode'; pcm: Float32Array<ArrayBuffer> } /* 960 samples */
  | { kind: 'bps'; bps: number }
  | { kind: 'decode'; packet: Uint8Array | null; number: number } /* null: one is missing, bridge it */
  | { kind: 'decode-anew' };

export type FromOpus =
  | { kind: 'ready' }
  | { kind: 'packet'; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'pcm'; number: number; samples: Float32Array<ArrayBuffer> | null } /* null: it was no 20 ms of Opus */
  | { kind: 'failed'; message: string };
