// SPDX-License-Identifier: Apache-2.0
/*
 * proto/pairing/beside.ts - this device and another one of the same person, by a code that the other shows. The first half of
 * proto/beside/beside.h: the relay passes bytes on and reads none.
 */
import { errFromNumber, ProtoError, type Err } from '../err.js';
import { Cpace, CPACE_RANDOM_BYTES, CPACE_SHARE_BYTES, CPACE_TAG_BYTES, lvCat, type CpaceKeys } from '../seal/cpace.js';
import { hkdf, sha256 } from '../seal/kdf.js';
import { Noise, NOISE_HANDSHAKE_BYTES, type NoiseChannel } from '../seal/noise.js';
import { concat, lv8, sameBytes, u8, uint, utf8, wipe, type Bytes } from '../util/bytes.js';
import { BesideDataSchema, type BesideData } from '../wire/handhold_pb.js';
import { decodeMessage, encodeMessage } from '../wire/message.js';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { inviteCodePrs, type InviteCode } from './invite.js';

const KIND = { CPACE1: 1, CPACE2: 2, M1: 3, M2: 4, SEALED: 5, REFUSED: 6 } as const;
const BY_CODE = 1, AGAIN = 2, PAD = 64;
const AD = Uint8Array.of(1); /* version */

/** What the person typed; or what both have of an earlier connection, with the hash of how it came about. */
export type BesideSecret = { code: InviteCode } | { again: Bytes; hash: Bytes };
export type BesideHeard = { kind: 'nothing' } | { kind: 'up' } | { kind: 'data'; data: BesideData } | { kind: 'refused'; err: Err } | { kind: 'broken' };

export class BesidePair {
  up = false;
  #code: InviteCode | undefined;
  #again: Bytes | undefined; /* a key that both have, once linked */
  #cpace: Cpace | undefined;
  #cpace1: Bytes = new Uint8Array(0);
  #cpace2: Bytes = new Uint8Array(0);
  #calls = 0; /* since a channel stood, less the answers that came: before the last one an answer may be to an older call */
  #hash: Bytes = new Uint8Array(32);
  #keys: CpaceKeys | undefined;
  #noise: Noise | undefined;
  #channel: NoiseChannel | undefined;

  constructor(secret: BesideSecret, private readonly sid: Bytes, private readonly joinHost: string, private readonly random: (bytes: number) => Bytes, private readonly send: (bytes: Bytes) => void) {
    if ('code' in secret) this.#code = secret.code;
    else {
      this.#again = secret.again.slice();
      this.#hash = secret.hash.slice();
    }
  }

  /** To come back with, a copy; undefined before it was up. */
  keep(): BesideSecret | undefined {
    return this.#again && { again: this.#again.slice(), hash: this.#hash.slice() };
  }

  #fall(): void {
    this.up = false;
    this.#noise?.wipe();
    this.#channel?.wipe();
    this.#noise = this.#channel = undefined;
  }

  wipe(): void {
    this.#fall();
    wipe(this.#again, this.#keys?.isk, this.#keys?.psk);
  }

  /** The other one is there on a new connection, or gone. */
  present(there: boolean): void {
    this.#fall();
    if (!there) return;
    this.#calls++;
    if (this.#again) this.#sayM1(AGAIN, this.#again);
    else this.#sayCpace1();
  }

  /** A run that was not answered yet is the same one at the next call: two answers to it are one. */
  #sayCpace1(): void {
    if (!this.#code) return;
    if (this.#cpace) return this.send(this.#cpace1);
    const nonce = this.random(16), random = this.random(CPACE_RANDOM_BYTES);
    const ci = lvCat(utf8('handhold/1 beside'), utf8(this.joinHost), utf8('first'), utf8('second'));
    this.#cpace = new Cpace(true, utf8(inviteCodePrs(this.#code)), ci, concat(this.sid, nonce), AD, random);
    wipe(random);
    this.#cpace1 = concat(u8(KIND.CPACE1), nonce, this.#cpace.share);
    this.send(this.#cpace1);
  }

  #sayM1(mode: number, psk: Bytes): void {
    const prologue = concat(utf8('handhold/1 beside'), u8(mode), this.sid, lv8(utf8(this.joinHost)), this.#hash);
    this.#noise = new Noise(true, prologue, psk.slice(), this.random(32));
    this.send(concat(u8(KIND.M1), u8(mode), mode === BY_CODE ? this.#keys!.tagOwn : new Uint8Array(0), this.#noise.write()));
  }

  #onCpace2(bytes: Bytes): BesideHeard {
    if (sameBytes(this.#cpace2, bytes)) return { kind: 'nothing' }; /* once more, since the run was asked for once more */
    if (this.#again || !this.#cpace || bytes.length !== 1 + CPACE_SHARE_BYTES) throw new ProtoError('STATE', 'not this message now');
    this.#keys = this.#cpace.finish(bytes.slice(1), AD);
    this.#hash = sha256(this.#cpace1, bytes);
    this.#cpace = undefined;
    this.#cpace2 = bytes.slice();
    this.#sayM1(BY_CODE, this.#keys.psk);
    return { kind: 'nothing' };
  }

  /** The answer to a call that a newer one overtook opens here no more than a lie does (beside.h). */
  #onM2(bytes: Bytes): BesideHeard {
    const late = this.#calls > 1;
    let waiting = this.#noise?.copy();
    this.#calls = Math.max(0, this.#calls - 1);
    try {
      return this.#readM2(bytes);
    } catch (error) {
      if (!late || !(error instanceof ProtoError) || (error.err !== 'CRYPTO' && error.err !== 'STATE')) throw error;
      [this.#noise, waiting] = [waiting, this.#noise];
      return { kind: 'nothing' };
    } finally {
      waiting?.wipe();
    }
  }

  #readM2(bytes: Bytes): BesideHeard {
    const tag = this.#again ? 0 : CPACE_TAG_BYTES;
    if (!this.#noise || bytes.length !== 1 + tag + NOISE_HANDSHAKE_BYTES) throw new ProtoError('STATE', 'not this message now');
    if (tag && !sameBytes(bytes.subarray(1, 1 + tag), this.#keys!.tagPeer)) return this.#refused('CODE');
    this.#noise.read(bytes.slice(1 + tag));
    this.#channel = this.#noise.split().channel;
    this.#again ??= hkdf(this.#keys!.psk, 'handhold/1 beside again', 32);
    wipe(this.#keys?.isk, this.#keys?.psk);
    this.#code = undefined;
    this.#calls = 0;
    this.up = true;
    return { kind: 'up' };
  }

  #refused(err: Err): BesideHeard {
    this.#fall();
    return { kind: 'refused', err };
  }

  #onSealed(bytes: Bytes): BesideHeard {
    const plain = this.#channel!.open(bytes.slice(1)), length = plain.length < 2 ? -1 : plain[0]! << 8 | plain[1]!;
    if (length < 0 || length > plain.length - 2) throw new ProtoError('FORMAT', 'a message of the other device');
    return { kind: 'data', data: decodeMessage(BesideDataSchema, plain.subarray(2, 2 + length)) };
  }

  /** 'broken': somebody on the way tampers; begin anew with present(). */
  take(bytes: Bytes): BesideHeard {
    try {
      switch (bytes[0]) {
        case KIND.CPACE2: return this.#onCpace2(bytes);
        case KIND.M2: return this.#onM2(bytes);
        // of the channel before: it was on its way when the connection changed
        case KIND.SEALED: return this.up ? this.#onSealed(bytes) : { kind: 'nothing' };
        case KIND.REFUSED: return this.up ? { kind: 'nothing' } : this.#refused(errFromNumber(bytes[1] ?? 0));
      }
    } catch {
      this.#fall();
    }
    return { kind: 'broken' };
  }

  say(body: NonNullable<MessageInitShape<typeof BesideDataSchema>['body']>): void {
    if (!this.up) return;
    const message = encodeMessage(BesideDataSchema, { body });
    const plain = new Uint8Array(Math.ceil((2 + message.length) / PAD) * PAD);
    plain.set(uint(message.length, 2));
    plain.set(message, 2);
    this.send(concat(u8(KIND.SEALED), this.#channel!.seal(plain)));
  }
}
