// SPDX-License-Identifier: Apache-2.0
/*
 * The agent's voice, the one stream that comes the other way (PROTOCOL.md §9.4). It lives under the same consent and the
 * same released key as the customer's: the sender stands in the KID, and key and salt are made from that, so the two
 * directions share no key. It dies with the grant.
 */
import { concat, type Bytes } from '../util/bytes.js';
import { MEDIA_HEADER_BYTES, mediaHeaderRead, type MediaHeader } from '../media/header.js';
import { Replay } from '../media/replay.js';
import { sframeHeaderParse, SframeKey } from '../seal/sframe.js';
import { INDEX } from '../wire/envelope.js';
import type { Core } from '../session/core.js';
import type { Grant } from './grant.js';
import { frameContext, kidOf } from './statement.js';

const AUDIO = 1;
const VOICE_MAX_BYTES = 256; /* of one packet; 24 kbit/s makes 60 */
const MESSAGE_MAX_BYTES = MEDIA_HEADER_BYTES + VOICE_MAX_BYTES + 64;
const OPENING_MAX = 64; /* more than a second of packets at once is no voice */

/** What opens the other direction under a grant. */
export class Reply {
  readonly replay = new Replay();
  readonly kid: bigint;
  readonly key: SframeKey;

  constructor(epoch: number, stream: number, baseKey: Bytes) {
    this.kid = kidOf(epoch, INDEX.AGENT, stream);
    this.key = SframeKey.make(this.kid, baseKey, 'decrypt');
  }
}

export class Talk {
  opened = 0;
  refused = 0;
  #opening = 0;
  #order: Promise<unknown> = Promise.resolve();

  constructor(private readonly core: Core, private readonly grant: Grant) {}

  /** A whole MEDIA message from the relay. What is not the agent's voice under a live consent is dropped and counted. */
  feed(message: Bytes): void {
    const reply = this.#heard();
    let header: MediaHeader, counter: bigint;
    try {
      header = mediaHeaderRead(message);
      const sealed = sframeHeaderParse(message.subarray(MEDIA_HEADER_BYTES));
      counter = sealed.ctr;
      if (!reply || message.length > MESSAGE_MAX_BYTES || this.#opening >= OPENING_MAX || sealed.kid !== reply.kid ||
          header.src !== INDEX.AGENT || header.class !== AUDIO || header.stream !== this.grant.stream || !reply.replay.fresh(counter)) throw new RangeError();
    } catch {
      this.refused++;
      return;
    }
    this.#open(reply, header, counter, Uint8Array.from(message));
  }

  #heard(): Reply | undefined {
    const { grant, core } = this, { phase } = grant;
    return (phase === 'live' || phase === 'releasing') && !core.grants.paused ? grant.reply : undefined;
  }

  #open(reply: Reply, { object, tsMs }: MediaHeader, counter: bigint, message: Bytes): void {
    const { core } = this, meta = concat(message.subarray(0, MEDIA_HEADER_BYTES), frameContext(core.sid!, core.csPublic));
    this.#opening++;
    this.#order = Promise.allSettled([reply.key.open(meta, message.subarray(MEDIA_HEADER_BYTES)), this.#order]).then(([result]) => {
      this.#opening--;
      /* the consent may have ended meanwhile, or the same packet may have come twice at once */
      if (result.status === 'rejected' || result.value.length > VOICE_MAX_BYTES || core.ended || this.#heard() !== reply || !reply.replay.fresh(counter)) {
        this.refused++;
        return;
      }
      reply.replay.take(counter);
      this.opened++;
      core.emit({ kind: 'voice', obj: object, tsMs, bytes: result.value });
      core.wake();
    });
  }
}
