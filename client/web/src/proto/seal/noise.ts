// SPDX-License-Identifier: Apache-2.0
/* Noise_NNpsk0_25519_ChaChaPoly_SHA256 (revision 34): two messages, then a channel of two one-way ciphers. */
import { chacha20poly1305 } from '@noble/ciphers/chacha';
import { x25519 } from '@noble/curves/ed25519';
import { ProtoError } from '../err.js';
import { concat, utf8, wipe, type Bytes } from '../util/bytes.js';
import { hkdfSha256, sha256 } from './kdf.js';

const NAME = 'Noise_NNpsk0_25519_ChaChaPoly_SHA256'; /* longer than a hash, so it is hashed */
export const NOISE_TAG_BYTES = 16;
export const NOISE_HANDSHAKE_BYTES = 32 + NOISE_TAG_BYTES; /* e and an empty payload */
const MESSAGE_MAX = 65535;
const NONE = new Uint8Array(0);

/** One direction: nonces count from 0. */
class Cipher {
  #nonce = 0n;
  constructor(private readonly key: Bytes) {}

  #iv(): Bytes {
    const iv = new Uint8Array(12); /* four zero bytes, then the counter, little-endian */
    new DataView(iv.buffer).setBigUint64(4, this.#nonce++, true);
    return iv;
  }
  seal(plain: Bytes, ad: Bytes = NONE): Bytes {
    if (plain.length + NOISE_TAG_BYTES > MESSAGE_MAX) throw new ProtoError('RANGE', 'a Noise message is over its bound');
    return chacha20poly1305(this.key, this.#iv(), ad).encrypt(plain);
  }
  open(sealed: Bytes, ad: Bytes = NONE): Bytes {
    if (sealed.length < NOISE_TAG_BYTES || sealed.length > MESSAGE_MAX) throw new ProtoError('FORMAT', 'no Noise message');
    try {
      return chacha20poly1305(this.key, this.#iv(), ad).decrypt(sealed);
    } catch {
      throw new ProtoError('CRYPTO', 'a sealed message does not open');
    }
  }
  wipe(): void {
    wipe(this.key);
  }
}

/** What stands when both messages are through. */
export class NoiseChannel {
  constructor(private readonly out: Cipher, private readonly into: Cipher) {}
  seal(plain: Bytes): Bytes {
    return this.out.seal(plain);
  }
  open(sealed: Bytes): Bytes {
    return this.into.open(sealed);
  }
  wipe(): void {
    this.out.wipe();
    this.into.wipe();
  }
}

/** An error ends the handshake: nothing is repaired, throw it away; a copy made before goes on from there. */
export class Noise {
  #h: Bytes;
  #ck: Bytes;
  #cipher: Cipher | undefined;
  #messages = 0;
  #peer: Bytes | undefined;

  constructor(private readonly initiator: boolean, prologue: Bytes, private readonly psk: Bytes, private readonly ephemeral: Bytes) {
    this.#h = this.#ck = sha256(utf8(NAME));
    this.#mixHash(prologue);
  }

  #mixHash(data: Bytes): void {
    this.#h = sha256(this.#h, data);
  }
  #mixKey(ikm: Bytes): void {
    const out = hkdfSha256(ikm, this.#ck, NONE, 64);
    this.#ck = out.subarray(0, 32);
    this.#cipher = new Cipher(out.subarray(32));
  }
  #mixPsk(): void {
    const out = hkdfSha256(this.psk, this.#ck, NONE, 96);
    this.#ck = out.subarray(0, 32);
    this.#mixHash(out.subarray(32, 64));
    this.#cipher = new Cipher(out.subarray(64));
  }
  /** The token e: in the psk patterns it is also mixed into the key. */
  #mixEphemeral(publicKey: Bytes): void {
    this.#mixHash(publicKey);
    this.#mixKey(publicKey);
  }
  #mixShared(): void {
    let shared: Bytes;
    try {
      shared = x25519.getSharedSecret(this.ephemeral, this.#peer!); /* throws when the result is zero */
    } catch {
      throw new ProtoError('KEY', 'an ephemeral key of low order');
    }
    this.#mixKey(shared);
    wipe(shared);
  }
  /** First message: psk, e. Second: e, ee. */
  #step(publicKey: Bytes): void {
    if (this.#messages === 0) this.#mixPsk();
    this.#mixEphemeral(publicKey);
    if (this.#messages === 1) this.#mixShared();
    this.#messages++;
  }

  #expect(writes: boolean): void {
    if (this.#messages > 1 || writes !== ((this.#messages === 0) === this.initiator)) throw new ProtoError('STATE', 'not this message now');
  }

  write(payload: Bytes = NONE): Bytes {
    this.#expect(true);
    const publicKey = x25519.getPublicKey(this.ephemeral);
    this.#step(publicKey);
    const sealed = this.#cipher!.seal(payload, this.#h);
    this.#mixHash(sealed);
    return concat(publicKey, sealed);
  }

  read(message: Bytes): Bytes {
    this.#expect(false);
    if (message.length < NOISE_HANDSHAKE_BYTES) throw new ProtoError('FORMAT', 'a short handshake message');
    this.#peer = message.slice(0, 32);
    this.#step(this.#peer);
    const sealed = message.subarray(32), payload = this.#cipher!.open(sealed, this.#h);
    this.#mixHash(sealed);
    return payload;
  }

  /** The handshake hash h and the channel; secrets of the handshake are wiped. */
  split(): { hash: Bytes; channel: NoiseChannel } {
    if (this.#messages !== 2) throw new ProtoError('STATE', 'the handshake is not through');
    const out = hkdfSha256(NONE, this.#ck, NONE, 64);
    const [first, second] = [new Cipher(out.subarray(0, 32)), new Cipher(out.subarray(32))];
    const channel = this.initiator ? new NoiseChannel(first, second) : new NoiseChannel(second, first);
    this.wipe();
    return { hash: this.#h, channel };
  }

  /** Of a handshake that waits for a message: with its own secrets, so each of the two is wiped. */
  copy(): Noise {
    const copy = new Noise(this.initiator, NONE, this.psk.slice(), this.ephemeral.slice());
    copy.#h = this.#h;
    copy.#ck = this.#ck.slice();
    copy.#messages = this.#messages;
    return copy; /* without a cipher: the next message makes one */
  }

  wipe(): void {
    wipe(this.ephemeral, this.psk, this.#ck);
    this.#cipher?.wipe();
  }
}
