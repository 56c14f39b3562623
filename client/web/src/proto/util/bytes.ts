// SPDX-License-Identifier: Apache-2.0
/* Bytes: put together, taken apart, compared. Numbers on the wire are big-endian. */
import { ProtoError } from '../err.js';

export type Bytes = Uint8Array;

export function concat(...parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** value as `bytes` big-endian bytes. */
export function uint(value: number | bigint, bytes: number): Bytes {
  const out = new Uint8Array(bytes);
  let rest = BigInt(value);
  for (let i = bytes - 1; i >= 0; i--) {
    out[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  if (rest !== 0n) throw new ProtoError('RANGE', 'a number does not fit its field');
  return out;
}

export const u8 = (value: number): Bytes => uint(value, 1);
export const lv8 = (bytes: Bytes): Bytes => concat(uint(bytes.length, 1), bytes);
export const lv16 = (bytes: Bytes): Bytes => concat(uint(bytes.length, 2), bytes);

/** Runs through all of both when their lengths agree, so that time tells nothing of where they differ. */
export function sameBytes(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  let differ = 0;
  for (let i = 0; i < a.length; i++) differ |= a[i]! ^ b[i]!;
  return differ === 0;
}

/** Best effort: a script cannot promise that no copy is left. */
export function wipe(...secrets: readonly (Bytes | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text) as Uint8Array<ArrayBuffer>;

/** Throws FORMAT on what is not UTF-8. */
export function fromUtf8(bytes: Bytes): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new ProtoError('FORMAT', 'a text is not UTF-8');
  }
}

export function hex(bytes: Bytes): string {
  let out = '';
  for (const byte of bytes) out += byte.toString(16).padStart(2, '0');
  return out;
}

/** Lower case only. Throws FORMAT. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 || !/^[0-9a-f]*$/.test(text)) throw new ProtoError('FORMAT', 'not lower-case hexadecimal');
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** Takes fields from the front; what is missing throws FORMAT. Views, not copies. */
export class Reader {
  #at = 0;
  constructor(private readonly bytes: Bytes) {}

  left(): number {
    return this.bytes.length - this.#at;
  }
  position(): number {
    return this.#at;
  }
  take(length: number): Bytes {
    if (length > this.left()) throw new ProtoError('FORMAT', 'bytes are missing');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }
  rest(): Bytes {
    return this.take(this.left());
  }
  big(length: number): bigint {
    let value = 0n;
    for (const byte of this.take(length)) value = (value << 8n) | BigInt(byte);
    return value;
  }
  u8(): number {
    return this.take(1)[0]!;
  }
  u16(): number {
    return Number(this.big(2));
  }
  u32(): number {
    return Number(this.big(4));
  }
  u64(): bigint {
    return this.big(8);
  }
  lv8(): Bytes {
    return this.take(this.u8());
  }
  lv16(): Bytes {
    return this.take(this.u16());
  }
  end(): void {
    if (this.left()) throw new ProtoError('FORMAT', 'bytes are left over');
  }
}
