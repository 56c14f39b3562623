// SPDX-License-Identifier: Apache-2.0
/*
 * A still: asked for, shown to the person, and only by their tap on its way. It leaves in parts, the next when the one before
 * is gone, so that what is more urgent finds the line free; what was lost on the way goes again from where the agent's end is.
 */
import type { Err } from '../err.js';
import type { Still } from '../session.js';
import { wipe, type Bytes } from '../util/bytes.js';
import { StillPartSchema, type StillHave } from '../wire/handhold_pb.js';
import { encodeMessage } from '../wire/message.js';
import type { Core } from './core.js';

const PART_BYTES = 16_384, MOST_BYTES = 8 * 1024 * 1024, MOST_PX = 16_384, WINDOW = 32; /* parts under way that nobody has acknowledged */
const OUTCOME = { sending: 1, discarded: 2, failed: 3 } as const;
const TYPES: readonly string[] = ['image/jpeg', 'image/png'];

const side = (px: number): boolean => Number.isInteger(px) && px > 0 && px <= MOST_PX;

export class Stills {
  #last = 0;
  #id = 0; /* of the one that is open; 0: none */
  #bytes: Bytes | undefined;
  #parts = 0;
  #next = 0;
  #acked = 0;
  #sealing = false;

  constructor(private readonly core: Core) {}

  #forget(): void {
    wipe(this.#bytes);
    this.#bytes = undefined;
    this.#id = this.#parts = this.#next = this.#acked = 0;
  }

  #answer(id: number, outcome: keyof typeof OUTCOME, still?: Still): Err {
    const about = still ? { width: still.width, height: still.height, bytes: still.bytes.length, parts: Math.ceil(still.bytes.length / PART_BYTES), mime: still.mime } : {};
    return this.core.data.sendBody({ case: 'stillAnswer', value: { id, outcome: OUTCOME[outcome], ...about } });
  }

  asked(id: number): void {
    const { core } = this;
    if (id <= this.#last) return core.alarm('FORMAT', "the agent's end asked for a still under a number that was used");
    if (core.ending) return;
    if (this.#bytes) this.end(); /* who asks for the next one is done with this one */
    this.#last = id;
    /* a changed agent, or a consent that ended on the way */
    if (this.#id || !core.grants.isGranted('still') || core.grants.paused || core.hold.on) return void this.#answer(id, 'failed');
    this.#id = id;
    core.emit({ kind: 'still', step: 'asked', id });
  }

  send(id: number, still: Still): Err {
    if (!id || id !== this.#id || this.#bytes || this.core.ending) return 'STATE';
    if (!still.bytes.length || still.bytes.length > MOST_BYTES || !side(still.width) || !side(still.height) || !TYPES.includes(still.mime)) return 'RANGE';
    if (!this.core.grants.isGranted('still')) return 'CONSENT';
    const err = this.#answer(id, 'sending', still);
    if (err !== 'OK') return err;
    this.#bytes = still.bytes.slice();
    this.#parts = Math.ceil(still.bytes.length / PART_BYTES);
    this.#next = this.#acked = 0;
    this.feed();
    return 'OK';
  }

  discard(id: number, failed: boolean): Err {
    if (!id || id !== this.#id || this.#bytes || this.core.ending) return 'STATE';
    const err = this.#answer(id, failed ? 'failed' : 'discarded');
    if (err === 'OK') this.#forget();
    return err;
  }

  had({ id, next, missing }: StillHave): void {
    const { core } = this;
    if (!this.#bytes || id !== this.#id) return; /* of one whose consent has ended meanwhile */
    if (next > this.#parts || (!missing && next > this.#next)) return core.alarm('FORMAT', "the agent's end has more of a still than there is");
    this.#acked = Math.max(this.#acked, next);
    if (next === this.#parts) {
      this.#forget();
      return core.emit({ kind: 'still', step: 'whole', id });
    }
    if (missing && next <= this.#next) {
      core.grants.purgeStream('still');
      this.#next = next;
    }
    core.emit({ kind: 'still', step: 'sending', id, sent: this.#acked, parts: this.#parts });
    this.feed();
  }

  /** The next part, when the one before has left. */
  feed(): void {
    const { core } = this, bytes = this.#bytes, part = this.#next, id = this.#id;
    if (!bytes || this.#sealing || part >= this.#parts || part >= this.#acked + WINDOW || !core.grants.flow.maySend('still') || core.grants.flow.waits('still')) return;
    this.#sealing = true;
    const plain = encodeMessage(StillPartSchema, { id, part, bytes: bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES) });
    void core.grants.flow.push('still', { bytes: plain, key: true, discardable: false, tid: 0, captureMonoMs: core.now.monoMs }).then((err) => {
      this.#sealing = false;
      if (err === 'OK' && this.#id === id && this.#next === part) this.#next++;
    });
  }

  /** The consent has ended. */
  end(): void {
    const id = this.#id;
    this.#forget();
    if (id) this.core.emit({ kind: 'still', step: 'failed', id });
  }

  keep(): number {
    return this.#last;
  }
  restore(last: number): void {
    this.#last = last;
  }
}
