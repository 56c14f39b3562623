// SPDX-License-Identifier: Apache-2.0
/* type u8 | src u8 | dst u8 | 00 | body. MEDIA has a header of its own (media/header.ts). */
import { ProtoError } from '../err.js';
import { concat, type Bytes } from '../util/bytes.js';

export const TYPE = { HANDSHAKE: 0x10, CONTROL: 0x11, MEDIA: 0x20, LOG: 0x30, RELAY: 0x40 } as const;
export type EnvelopeType = (typeof TYPE)[keyof typeof TYPE];
export const INDEX = { RELAY: 0, CUSTOMER: 1, AGENT: 2 } as const;
export const MAX_MEDIA_BYTES = 524288;
const MAX_BYTES: Readonly<Record<number, number>> = { 0x10: 16384, 0x11: 65535, 0x20: MAX_MEDIA_BYTES, 0x30: 65536, 0x40: 65536 };
const ENVELOPE_BYTES = 4, PARTICIPANTS = 16;

export function envelope(type: EnvelopeType, src: number, dst: number, body: Bytes): Uint8Array<ArrayBuffer> {
  const message = concat(Uint8Array.of(type, src, dst, 0), body);
  if (message.length > MAX_BYTES[type]!) throw new ProtoError('RANGE', 'a message is over its bound');
  return message;
}

export function envelopeParse(message: Bytes): { type: number; src: number; dst: number; body: Bytes } {
  const max = MAX_BYTES[message[0] ?? 0];
  const [type, src, dst, spare] = [message[0]!, message[1]!, message[2]!, message[3]!];
  if (max === undefined || type === TYPE.MEDIA || message.length < ENVELOPE_BYTES || message.length > max)
    throw new ProtoError('FORMAT', 'no message of this protocol');
  if (src >= PARTICIPANTS || dst >= PARTICIPANTS || spare !== 0) throw new ProtoError('FORMAT', 'an envelope out of bounds');
  return { type, src, dst, body: message.subarray(ENVELOPE_BYTES) };
}
