// SPDX-License-Identifier: Apache-2.0
/* The plaintext of a control message: msg u8 | flags u8 = 0 | len u32 | body | zeros to a multiple of 64, so that sizes tell less. */
import { ProtoError } from '../err.js';
import { concat, Reader, u8, uint, type Bytes } from '../util/bytes.js';

export const CONTROL = {
  CONSENT_REQUEST: 1, STATEMENT: 2, STATEMENT_ACK: 3, KEY_RELEASE: 4, KEY_ACK: 5, KEY_RETIRE: 6, HEARTBEAT: 7,
  DATA: 8, DATA_ACK: 9, KEY_FRAME_REQUEST: 10, BYE: 11, NONCE: 12, MEDIA_ACK: 13,
} as const;
export type Control = (typeof CONTROL)[keyof typeof CONTROL];
const HEAD_BYTES = 6, GRAIN_BYTES = 64;

export function controlFrame(message: Control, body: Bytes): Bytes {
  const used = HEAD_BYTES + body.length;
  return concat(u8(message), u8(0), uint(body.length, 4), body, new Uint8Array((GRAIN_BYTES - (used % GRAIN_BYTES)) % GRAIN_BYTES));
}

/** Throws FORMAT on anything that controlFrame() does not write. */
export function controlParse(plain: Bytes): { message: Control; body: Bytes } {
  const reader = new Reader(plain), message = reader.u8(), flags = reader.u8(), body = reader.take(reader.u32());
  const known = message >= CONTROL.CONSENT_REQUEST && message <= CONTROL.MEDIA_ACK;
  if (!known || flags !== 0 || plain.length % GRAIN_BYTES || reader.left() >= GRAIN_BYTES || reader.rest().some((byte) => byte !== 0))
    throw new ProtoError('FORMAT', 'a control message that is badly framed');
  return { message: message as Control, body };
}
