// SPDX-License-Identifier: Apache-2.0
/* The clear header of a MEDIA message, PROTOCOL.md §10.1: sixteen bytes, all of them authenticated. */
import { ProtoError } from '../err.js';

export const MEDIA_HEADER_BYTES = 16;
export const MEDIA = { KEY: 1, DISCARDABLE: 2, RELIABLE: 4, EPOCH_START: 8, END: 16 } as const;
const ALL_FLAGS = 31;
const TYPE = 0x20;

export type MediaClass = 0 | 1 | 2 | 3; /* reliable, audio, video, bulk */

export interface MediaHeader {
  flags: number;
  src: number; /* 1..15 */
  stream: number; /* 1..63 */
  tid: number; /* 0..7 */
  sid: number; /* 0..7 */
  class: MediaClass;
  prio: number;
  tl0: number; /* modulo 2^16 */
  tsMs: number; /* modulo 2^32 */
  object: number; /* modulo 2^32 */
}

export function mediaHeaderWrite(h: MediaHeader): Uint8Array {
  const out = new Uint8Array(MEDIA_HEADER_BYTES);
  const view = new DataView(out.buffer);
  out[0] = TYPE;
  out[1] = h.flags;
  out[2] = h.src;
  out[3] = h.stream;
  out[4] = (h.tid << 5) | (h.sid << 2) | h.class;
  out[5] = h.prio;
  view.setUint16(6, h.tl0 & 0xffff);
  view.setUint32(8, h.tsMs >>> 0);
  view.setUint32(12, h.object >>> 0);
  return out;
}

export function mediaHeaderRead(message: Uint8Array): MediaHeader {
  if (message.length < MEDIA_HEADER_BYTES || message[0] !== TYPE) throw new ProtoError('FORMAT', 'no media header');
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const [flags, src, stream, layers] = [message[1]!, message[2]!, message[3]!, message[4]!];
  if ((flags & ~ALL_FLAGS) !== 0 || src === 0 || src > 15 || stream === 0 || stream > 63)
    throw new ProtoError('FORMAT', 'a media header out of bounds');
  return {
    flags, src, stream, tid: layers >> 5, sid: (layers >> 2) & 7, class: (layers & 3) as MediaClass,
    prio: message[5]!, tl0: view.getUint16(6), tsMs: view.getUint32(8), object: view.getUint32(12),
  };
}
