// SPDX-License-Identifier: Apache-2.0
/* CPace-ristretto255-SHA512 (draft-irtf-cfrg-cpace-21), initiator-responder, with the draft's explicit key confirmation. */
import { RistrettoPoint } from '@noble/curves/ed25519';
import { ProtoError } from '../err.js';
import { concat, sameBytes, utf8, wipe, type Bytes } from '../util/bytes.js';
import { hkdf, hmacSha512, sha512 } from './kdf.js';

const DSI = utf8('CPaceRistretto255'), DSI_ISK = utf8('CPaceRistretto255_ISK');
const BLOCK_BYTES = 128; /* of SHA-512: DSI and PRS fill the first one */
const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;

export const CPACE_RANDOM_BYTES = 64;
export const CPACE_SHARE_BYTES = 32;
export const CPACE_TAG_BYTES = 64;

/** Each part behind its length in LEB128. */
export function lvCat(...parts: readonly Bytes[]): Bytes {
  return concat(...parts.flatMap((part) => {
    const length: number[] = [];
    let rest = part.length;
    for (; rest >= 0x80; rest >>= 7) length.push((rest & 0x7f) | 0x80);
    return [Uint8Array.of(...length, rest), part];
  }));
}

export function cpaceGenerator(prs: Bytes, ci: Bytes, sid: Bytes): Bytes {
  const padding = Math.max(0, BLOCK_BYTES - 1 - lvCat(DSI, prs).length);
  const hash = sha512(lvCat(DSI, prs, new Uint8Array(padding), ci, sid));
  return RistrettoPoint.hashToCurve(hash).toBytes(); /* the one-way map of RFC 9496 from 64 bytes */
}

const littleEndian = (bytes: Bytes): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** Throws KEY when the share is no point, or the product the identity. */
export function cpaceProduct(scalar: bigint, share: Bytes): Bytes {
  try {
    const product = RistrettoPoint.fromHex(share).multiply(scalar); /* refuses the scalar 0 */
    if (!product.equals(RistrettoPoint.ZERO)) return product.toBytes();
  } catch {
    /* the same answer */
  }
  throw new ProtoError('KEY', 'a share that is no usable point');
}

interface Side {
  share: Bytes;
  ad: Bytes;
}

export function cpaceIsk(sid: Bytes, k: Bytes, a: Side, b: Side): Bytes {
  return sha512(lvCat(DSI_ISK, sid, k), lvCat(a.share, a.ad), lvCat(b.share, b.ad));
}

export interface CpaceKeys {
  isk: Bytes;
  psk: Bytes;
  tagOwn: Bytes;
  tagPeer: Bytes;
}

export class Cpace {
  readonly share: Bytes;
  #scalar: bigint;

  constructor(private readonly initiator: boolean, prs: Bytes, ci: Bytes, private readonly sid: Bytes, private readonly ad: Bytes, random: Bytes) {
    this.#scalar = littleEndian(random) % ORDER;
    this.share = cpaceProduct(this.#scalar, cpaceGenerator(prs, ci, sid));
  }

  /** One use. Throws KEY on a share that is no point, gives the identity, or is our own come back. */
  finish(peerShare: Bytes, peerAd: Bytes): CpaceKeys {
    if (sameBytes(peerShare, this.share)) throw new ProtoError('KEY', 'our own share came back');
    const k = cpaceProduct(this.#scalar, peerShare);
    this.#scalar = 0n;
    const own = { share: this.share, ad: this.ad }, peer = { share: peerShare, ad: peerAd };
    const isk = this.initiator ? cpaceIsk(this.sid, k, own, peer) : cpaceIsk(this.sid, k, peer, own);
    const macKey = sha512(utf8('CPaceMac'), this.sid, isk);
    const tag = (side: Side): Bytes => hmacSha512(macKey, lvCat(side.share, side.ad));
    const keys = { isk, psk: hkdf(isk, 'handhold/1 code psk', 32), tagOwn: tag(own), tagPeer: tag(peer) };
    wipe(k, macKey);
    return keys;
  }
}
