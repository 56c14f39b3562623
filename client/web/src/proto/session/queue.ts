// SPDX-License-Identifier: Apache-2.0
/* What waits to leave on the connection, bounded: control in order, then media by what is served first, and each stream in order. */

type Message = Uint8Array<ArrayBuffer>;
const CONTROL_MAX_BYTES = 2 * 1024 * 1024; /* far more than a full set of unacknowledged messages */
const MEDIA_MAX_BYTES = 4 * 1024 * 1024; /* two seconds of the best picture */
const VOICE_PRIO = 0;
const VOICE_MAX_BYTES = 32 * 1024; /* seconds of a voice: what is older is worth nothing */

interface Media {
  stream: number;
  prio: number; /* of the header: 0 is served first */
  message: Message;
}

export class OutQueue {
  #control: Message[] = [];
  #controlBytes = 0;
  #media: Media[] = [];
  #mediaBytes = 0; /* sealed, and reserved while WebCrypto seals; without the voice */
  #voiceBytes = 0;
  #lent: Message | undefined; /* what pending() showed stays first until sent() */

  pending(): Message | undefined {
    this.#lent ??= this.#control[0] ?? this.#media[0]?.message;
    return this.#lent;
  }

  sent(): void {
    if (this.#lent === undefined) return;
    if (this.#lent === this.#control[0]) this.#controlBytes -= this.#control.shift()!.length;
    else this.#count(this.#media.shift()!, -1);
    this.#lent = undefined;
  }

  /** False: over the bound. */
  addControl(message: Message): boolean {
    if (this.#controlBytes + message.length > CONTROL_MAX_BYTES) return false;
    this.#control.push(message);
    this.#controlBytes += message.length;
    return true;
  }

  #count({ prio, message }: Pick<Media, 'prio' | 'message'>, times: 1 | -1): void {
    if (prio === VOICE_PRIO) this.#voiceBytes += times * message.length;
    else this.#mediaBytes += times * message.length;
  }

  /** Room for a frame that is being sealed. False: over the bound; a voice has one of its own, which no picture fills. */
  reserve(prio: number, bytes: number): boolean {
    const voice = prio === VOICE_PRIO, held = voice ? this.#voiceBytes : this.#mediaBytes;
    if (held + bytes > (voice ? VOICE_MAX_BYTES : MEDIA_MAX_BYTES)) return false;
    this.release(prio, -bytes);
    return true;
  }
  release(prio: number, bytes: number): void {
    if (prio === VOICE_PRIO) this.#voiceBytes -= bytes;
    else this.#mediaBytes -= bytes;
  }
  addMedia(stream: number, prio: number, message: Message): void {
    const behind = this.#media.findIndex((media) => media.prio > prio && media.message !== this.#lent);
    this.#media.splice(behind < 0 ? this.#media.length : behind, 0, { stream, prio, message });
    this.#count({ prio, message }, 1);
  }

  /** Drops what of a stream has not left; what is lent out stays. */
  purge(stream: number): void {
    this.#media = this.#media.filter((media) => {
      const stays = media.stream !== stream || media.message === this.#lent;
      if (!stays) this.#count(media, -1);
      return stays;
    });
  }

  /** Does anything of this stream wait? */
  holds(stream: number): boolean {
    return this.#media.some((media) => media.stream === stream);
  }

  /** The connection is gone. */
  clear(): void {
    this.#lent = undefined;
    this.#control = [];
    this.#controlBytes = 0;
    for (const media of this.#media) this.#count(media, -1);
    this.#media = [];
  }

  /** Without the voice, which nothing has to wait for. */
  mediaBytes(): number {
    return this.#mediaBytes;
  }
  hasControl(): boolean {
    return this.#control.length > 0;
  }
}
