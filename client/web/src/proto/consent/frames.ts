// SPDX-License-Identifier: Apache-2.0
/*
 * Frames of live grants: numbered and given their header at once, sealed by WebCrypto, queued in the order in which they were
 * pushed. A frame whose grant was withdrawn or paused meanwhile is thrown away.
 */
import type { Err } from '../err.js';
import type { Frame } from '../session.js';
import { concat } from '../util/bytes.js';
import { MEDIA, MEDIA_HEADER_BYTES, mediaHeaderWrite, type MediaClass } from '../media/header.js';
import { SFRAME_TAG_BYTES, sframeHeader } from '../seal/sframe.js';
import type { Capability } from '../wire/capability.js';
import { INDEX, MAX_MEDIA_BYTES } from '../wire/envelope.js';
import type { Core } from '../session/core.js';
import type { Grant } from './grant.js';
import { frameContext } from './statement.js';

const RELIABLE = 0, AUDIO = 1, VIDEO = 2, BULK = 3;
const OVERHEAD_MAX = 17 + SFRAME_TAG_BYTES;
const nothing = { class: RELIABLE, prio: 0, media: false } as const; /* nothing flows from the customer under it */

/** How a capability's frames travel. */
export const TRAVEL: Readonly<Record<Capability, { class: MediaClass; prio: number; media: boolean }>> = {
  camera: { class: VIDEO, prio: 3, media: true },
  microphone: { class: AUDIO, prio: 0, media: true },
  'device-state': { class: RELIABLE, prio: 1, media: true },
  still: { class: BULK, prio: 2, media: true },
  location: { class: RELIABLE, prio: 1, media: true },
  recording: nothing, torch: nothing, zoom: nothing, history: nothing, guest: nothing,
};

export class Frames {
  sealed = 0;
  #order: Promise<unknown> = Promise.resolve();

  constructor(private readonly core: Core) {}

  push(grant: Grant, frame: Frame): Promise<Err> {
    const { core } = this, ctr = BigInt(grant.counter);
    if (frame.tid < 0 || frame.tid > 7 || frame.bytes.length > MAX_MEDIA_BYTES - MEDIA_HEADER_BYTES - OVERHEAD_MAX) return Promise.resolve('RANGE');
    const size = MEDIA_HEADER_BYTES + sframeHeader(grant.kid(), ctr).length + frame.bytes.length + SFRAME_TAG_BYTES;
    const { prio } = TRAVEL[grant.capability];
    if (!core.queue.reserve(prio, size)) return Promise.resolve('FULL');
    const header = this.#header(grant, frame), { stream, purges } = grant;
    grant.counter++;
    const sealing = grant.key!.seal(ctr, concat(header, frameContext(core.sid!, core.csPublic)), frame.bytes);
    const mine = Promise.allSettled([sealing, this.#order]).then(([result]): Err => {
      core.queue.release(prio, size);
      if (core.ended || grant.purges !== purges) return 'CONSENT';
      if (result.status === 'rejected') return 'CRYPTO';
      core.queue.addMedia(stream, prio, concat(header, result.value));
      this.sealed++;
      core.wake();
      return 'OK';
    });
    this.#order = mine;
    return mine;
  }

  #header(grant: Grant, frame: Frame): Uint8Array {
    const { class: kind, prio } = TRAVEL[grant.capability];
    if (frame.tid === 0) grant.tl0++;
    grant.object++;
    const flags = (frame.key ? MEDIA.KEY : 0) | (frame.discardable ? MEDIA.DISCARDABLE : 0) | (kind === RELIABLE ? MEDIA.RELIABLE : 0) | (grant.counter === 0 ? MEDIA.EPOCH_START : 0);
    return mediaHeaderWrite({
      flags, src: INDEX.CUSTOMER, stream: grant.stream, tid: frame.tid, sid: 0, class: kind, prio, tl0: grant.tl0,
      tsMs: Math.round(frame.captureMonoMs - this.core.startMs), object: grant.object,
    });
  }
}
