// SPDX-License-Identifier: Apache-2.0
/* What waits to leave on the connection, bounded: control in order, then media by what is served first, and each stream in order. */

type Message = Uint8Array<ArrayBuffer>;
const CONTROL_MAX_BYTES = 2 * 1024 * 1024; /* far more than a full set of unacknowledged messages */
const MEDIA_MAX_BYTES = 4 * 1024 * 1024; /* two seconds of the best picture */

interface Media {
  stream: number;
  prio: number; /* of the header: 0 is served first */
  message: Message;
}

export class OutQueue {
  #control: Message[] = [];
  #controlBytes = 0;
  #media: Media[] = [];
  #mediaBytes = 0; /* sealed, and reserved while WebCrypto seals */
  #lent: Message | undefined; /* what pending() showed stays first until sent() */

  pending(): Message | undefined {
    this.#lent ??= this.#control[0] ?? this.#media[0]?.message;
    return this.#lent;
  }

  sent(): void {
    if (this.#lent === undefined) return;
    if (this.#lent === this.#control[0]) this.#controlBytes -= this.#control.shift()!.length;
    else this.#mediaBytes -= this.#media.shift()!.message.length;
    this.#lent = undefined;
  }

  /** False: over the bound. */
  addControl(message: Message): boolean {
    if (this.#controlBytes + message.length > CONTROL_MAX_BYTES) return false;
    this.#control.push(message);
    this.#controlBytes += message.length;
    return true;
  }

  /** Room for a frame that is being sealed. False: over the bound. */
  reserve(bytes: number): boolean {
    if (this.#mediaBytes + bytes > MEDIA_MAX_BYTES) return false;
    this.#mediaBytes += bytes;
    return true;
  }
  release(bytes: number): void {
    this.#mediaBytes -= bytes;
  }
  addMedia(stream: number, prio: number, message: Message): void {
    const behind = this.#media.findIndex((media) => media.prio > prio && media.message !== this.#lent);
    this.#media.splice(behind < 0 ? this.#media.length : behind, 0, { stream, prio, message });
    this.#mediaBytes += message.length;
  }

  /** Drops what of a stream has not left; what is lent out stays. */
  purge(stream: number): void {
    this.#media = this.#media.filter((media) => {
      const stays = media.stream !== stream || media.message === this.#lent;
      if (!stays) this.#mediaBytes -= media.message.length;
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
    for (const media of this.#media) this.#mediaBytes -= media.message.length;
    this.#media = [];
  }

  mediaBytes(): number {
    return this.#mediaBytes;
  }
  hasControl(): boolean {
    return this.#control.length > 0;
  }
}
