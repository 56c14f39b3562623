// SPDX-License-Identifier: Apache-2.0
/* Hashes and derived keys. Synchronous (noble), so that a handshake step is one step; frames use WebCrypto (sframe.ts). */
import { sha256 as nobleSha256, sha512 as nobleSha512 } from '@noble/hashes/sha2';
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf';
import { hmac } from '@noble/hashes/hmac';
import { concat, utf8, type Bytes } from '../util/bytes.js';

export const HASH_BYTES = 32;

/** Of the parts, one behind the other. */
export const sha256 = (...parts: readonly Bytes[]): Bytes => nobleSha256(concat(...parts));
export const sha512 = (...parts: readonly Bytes[]): Bytes => nobleSha512(concat(...parts));
export const hmacSha256 = (key: Bytes, ...parts: readonly Bytes[]): Bytes => hmac(nobleSha256, key, concat(...parts));
export const hmacSha512 = (key: Bytes, ...parts: readonly Bytes[]): Bytes => hmac(nobleSha512, key, concat(...parts));

/** HKDF-SHA256, empty salt, info = label: how every key of this protocol is derived. */
export const hkdf = (ikm: Bytes, label: string, length: number): Bytes => nobleHkdf(nobleSha256, ikm, undefined, utf8(label), length);

export const hkdfSha256 = (ikm: Bytes, salt: Bytes, info: Bytes, length: number): Bytes => nobleHkdf(nobleSha256, ikm, salt, info, length);
export const hkdfSha512 = (ikm: Bytes, salt: Bytes, info: Bytes, length: number): Bytes => nobleHkdf(nobleSha512, ikm, salt, info, length);
