// SPDX-License-Identifier: Apache-2.0
/*
 * SFrame (RFC 9605), full tags, by WebCrypto: the key is a CryptoKey that cannot be read out again. Sealing is asynchronous;
 * who calls seal() twice gets two promises and keeps their order itself (consent/frames.ts).
 */
import { ProtoError } from '../err.js';
import { concat, Reader, u8, uint, utf8, wipe, type Bytes } from '../util/bytes.js';
import { hkdfSha256, hkdfSha512 } from './kdf.js';

export const SFRAME_SUITE = 5; /* AES_256_GCM_SHA512_128 */
export const SFRAME_TAG_BYTES = 16;
const SUITES: Readonly<Record<number, { key: number; hkdf: typeof hkdfSha256 }>> = {
  4: { key: 16, hkdf: hkdfSha256 },
  5: { key: 32, hkdf: hkdfSha512 },
};
const IV_BYTES = 12;

/* ---- header: config byte X KKK Y CCC, then KID when X, then CTR when Y ---- */

function valueBytes(value: bigint): Bytes {
  if (value < 8n) return new Uint8Array(0);
  const text = value.toString(16);
  return uint(value, (text.length + 1) >> 1);
}

function configBits(value: bigint, bytes: Bytes): number {
  return bytes.length ? 8 | (bytes.length - 1) : Number(value);
}

export function sframeHeader(kid: bigint, ctr: bigint): Bytes {
  const [k, c] = [valueBytes(kid), valueBytes(ctr)];
  return concat(u8((configBits(kid, k) << 4) | configBits(ctr, c)), k, c);
}

function takeValue(reader: Reader, bits: number): bigint {
  if (!(bits & 8)) return BigInt(bits);
  const bytes = reader.take((bits & 7) + 1);
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  if (valueBytes(value).length !== bytes.length) throw new ProtoError('FORMAT', 'an SFrame header that is not minimal');
  return value;
}

export function sframeHeaderParse(frame: Bytes): { kid: bigint; ctr: bigint; length: number } {
  const reader = new Reader(frame);
  const config = reader.u8();
  const kid = takeValue(reader, config >> 4), ctr = takeValue(reader, config & 15);
  return { kid, ctr, length: reader.position() };
}

/* ---- key ---- */

export class SframeKey {
  #key: Promise<CryptoKey> | undefined;
  #salt: Bytes;
  #next = 0n;

  private constructor(readonly kid: bigint, key: Promise<CryptoKey>, salt: Bytes) {
    this.#key = key;
    this.#salt = salt;
    key.catch(() => undefined); /* whoever seals sees it */
  }

  static make(kid: bigint, baseKey: Bytes, use: 'encrypt' | 'decrypt', suite = SFRAME_SUITE): SframeKey {
    const kind = SUITES[suite];
    if (!kind) throw new ProtoError('RANGE', 'an unknown SFrame suite');
    const expand = (label: string, length: number): Bytes =>
      kind.hkdf(baseKey, new Uint8Array(0), concat(utf8(label), uint(kid, 8), uint(suite, 2)), length);
    const secret = Uint8Array.from(expand('SFrame 1.0 Secret key ', kind.key));
    const key = crypto.subtle.importKey('raw', secret, 'AES-GCM', false, [use]).finally(() => wipe(secret));
    return new SframeKey(kid, key, expand('SFrame 1.0 Secret salt ', IV_BYTES));
  }

  /** Salt xor counter, the counter right-aligned. */
  #params(ctr: bigint, aad: Bytes): AesGcmParams {
    const iv = concat(new Uint8Array(IV_BYTES - 8), uint(ctr, 8));
    for (let i = 0; i < IV_BYTES; i++) iv[i]! ^= this.#salt[i]!;
    return { name: 'AES-GCM', iv, additionalData: aad as BufferSource, tagLength: 8 * SFRAME_TAG_BYTES };
  }

  #alive(): Promise<CryptoKey> {
    if (!this.#key) throw new ProtoError('CONSENT', 'the key is gone');
    return this.#key;
  }

  /** SFrame header, ciphertext, tag. A counter is used once: lower ones than the last throw STATE. */
  async seal(ctr: bigint, meta: Bytes, plain: Bytes): Promise<Uint8Array<ArrayBuffer>> {
    if (ctr < this.#next) throw new ProtoError('STATE', 'a counter is used once');
    this.#next = ctr + 1n;
    const header = sframeHeader(this.kid, ctr), params = this.#params(ctr, concat(header, meta));
    const sealed = await crypto.subtle.encrypt(params, await this.#alive(), plain as BufferSource);
    return concat(header, new Uint8Array(sealed));
  }

  /** Throws CRYPTO when the frame was altered, KEY when it is another's. */
  async open(meta: Bytes, frame: Bytes): Promise<Uint8Array<ArrayBuffer>> {
    const { kid, ctr, length } = sframeHeaderParse(frame);
    if (kid !== this.kid) throw new ProtoError('KEY', 'a frame under another key');
    if (frame.length - length < SFRAME_TAG_BYTES) throw new ProtoError('FORMAT', 'a frame without a tag');
    const params = this.#params(ctr, concat(frame.subarray(0, length), meta)), key = await this.#alive();
    try {
      return new Uint8Array(await crypto.subtle.decrypt(params, key, frame.subarray(length) as BufferSource));
    } catch {
      throw new ProtoError('CRYPTO', 'a frame does not open');
    }
  }

  /** From here on it seals and opens nothing. */
  destroy(): void {
    this.#key = undefined;
    wipe(this.#salt);
  }
}
