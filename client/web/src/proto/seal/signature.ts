// SPDX-License-Identifier: Apache-2.0
/*
 * Ed25519 as libsodium judges it. Left to itself a library may take keys of small order (under which anything verifies),
 * keys and points that are not canonical, or a signature whose point has a part of small order; both ends and the auditor
 * must give one answer, so those are refused before and after noble's verify.
 */
import { ed25519 } from '@noble/curves/ed25519';
import { ProtoError } from '../err.js';
import { concat, hex, utf8, type Bytes } from '../util/bytes.js';
import { sha256 } from './kdf.js';

export const SIGNATURE_BYTES = 64;

/** Canonical, on the curve, and of the full prime order: so not the identity and nothing of small order. */
function isGoodPoint(encoded: Bytes): boolean {
  try {
    const point = ed25519.Point.fromHex(encoded, false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false;
  }
}

/*
 * The same few keys, certificates and notes come again with every handshake, and a phone takes milliseconds for each. What was
 * found good is remembered by its bytes, or their hash; what was not is looked at anew.
 */
const KNOWN_MAX = 64;

function remembered(known: Set<string>, name: string, isGood: () => boolean): boolean {
  if (known.has(name)) return true;
  if (!isGood()) return false;
  if (known.size >= KNOWN_MAX) known.clear();
  known.add(name);
  return true;
}

const goodKeys = new Set<string>(), goodSignatures = new Set<string>();
const isGoodKey = (publicKey: Bytes): boolean => remembered(goodKeys, hex(publicKey), () => publicKey.length === 32 && isGoodPoint(publicKey));

/** Throws KEY. */
export function checkSignKey(publicKey: Bytes): void {
  if (!isGoodKey(publicKey)) throw new ProtoError('KEY', 'a signing key is no usable point');
}

export function isSignature(signature: Bytes, message: Bytes, publicKey: Bytes): boolean {
  if (signature.length !== SIGNATURE_BYTES || !isGoodKey(publicKey)) return false;
  return remembered(goodSignatures, hex(sha256(publicKey, signature, message)), () => {
    try {
      return isGoodPoint(signature.subarray(0, 32)) && ed25519.verify(signature, message, publicKey, { zip215: false });
    } catch {
      return false;
    }
  });
}

/** Makes the tables of the curve before they are needed: the first signature of a page takes many times as long as the next. */
export function warmUp(): void {
  const seed = new Uint8Array(32).fill(1), message = new Uint8Array(1);
  isSignature(ed25519.sign(message, seed), message, ed25519.getPublicKey(seed));
}

export const sign = (message: Bytes, seed: Bytes): Bytes => ed25519.sign(message, seed);
export const signPublicKey = (seed: Bytes): Bytes => ed25519.getPublicKey(seed);

/** 64 spaces, label, zero byte, data: what no TLS handshake and no note can be taken for. */
function labelled(label: string, data: Bytes): Bytes {
  return concat(new Uint8Array(64).fill(0x20), utf8(label), new Uint8Array(1), data);
}

export const signLabelled = (label: string, data: Bytes, seed: Bytes): Bytes => sign(labelled(label, data), seed);

/** Throws SIGNATURE. */
export function verifyLabelled(signature: Bytes, label: string, data: Bytes, publicKey: Bytes): void {
  if (!isSignature(signature, labelled(label, data), publicKey))
    throw new ProtoError('SIGNATURE', `a signature under "${label}" does not verify`);
}
