// SPDX-License-Identifier: Apache-2.0
/*
 * Going on on another device, at both of them. The first is asked, by two digits that both screens show; on yes it hands its
 * end of the session over, sealed, and forgets it. The second takes it up as after a reload: everything is off.
 */
import { ProtoError, type Err } from '../err.js';
import { wipe, type Bytes } from '../util/bytes.js';
import { moveAnswer, moveAnswerOpen, moveAsk, moveAskOpen, moveDigits, moveKey } from '../pairing/move.js';
import { INDEX } from '../wire/envelope.js';
import type { Core } from './core.js';

async function through(bytes: Bytes, by: CompressionStream | DecompressionStream): Promise<Bytes> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(by as ReadableWritablePair<Uint8Array, Uint8Array>);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export class Move {
  /** undefined: by a code, which is dead once it was used. */
  readonly key: Bytes | undefined;
  #seed: Bytes | undefined; /* of this device, which asks */
  #asker: Bytes | undefined; /* key of the device that asks to go on */

  constructor(private readonly core: Core, kept: Bytes | undefined) {
    this.key = kept ?? (core.secret?.kind === 'link' ? moveKey(core.secret.k) : undefined);
  }

  /* ---- the second device ---- */

  /** For Hello: the relay passes it on when the customer's seat is taken. */
  ask(): Bytes | undefined {
    if (!this.key || !this.core.sid) return undefined;
    this.#seed ??= this.core.random(32);
    return moveAsk(this.key, this.core.sid, this.#seed);
  }

  digits(): string | undefined {
    const asked = this.ask();
    return asked && moveDigits(asked.subarray(0, 32));
  }

  answered(moved: Bytes): void {
    const { core } = this;
    if (!this.key || !this.#seed || core.joined) return;
    let plain: Bytes;
    try {
      plain = moveAnswerOpen(this.key, core.sid!, this.#seed, moved);
    } catch {
      return core.alarm('CRYPTO', 'somebody else answered for the other device');
    }
    void through(plain, new DecompressionStream('deflate-raw')).then((bytes) => {
      wipe(plain);
      core.emit({ kind: 'moved-here', kept: new TextDecoder().decode(bytes) });
      core.finish('completed', INDEX.CUSTOMER, '');
      core.wake();
    }, () => {
      core.finish('failed', INDEX.CUSTOMER, 'what the other device handed over is damaged');
      core.wake();
    });
  }

  /* ---- the first device ---- */

  asked(move: Bytes): void {
    const { core } = this, asker = this.key && core.sid && core.joined && !core.ending && !core.goodbye.said ? moveAskOpen(this.key, core.sid, move) : undefined;
    if (!asker) return core.link.answerMove(new Uint8Array(0)); /* nobody is asked */
    this.#asker = asker;
    core.emit({ kind: 'move-asked', digits: moveDigits(asker) });
  }

  async answer(kept: string | undefined): Promise<Err> {
    const { core } = this, asker = this.#asker;
    this.#asker = undefined;
    if (!asker || !this.key) return 'STATE';
    if (kept === undefined) {
      core.link.answerMove(new Uint8Array(0));
      core.wake();
      return 'OK';
    }
    const plain = await through(new TextEncoder().encode(kept), new CompressionStream('deflate-raw'));
    try {
      core.link.answerMove(moveAnswer(this.key, core.sid!, asker, plain, core.random(32)));
    } catch (error) {
      core.link.answerMove(new Uint8Array(0));
      core.wake();
      return error instanceof ProtoError ? error.err : 'RANGE';
    }
    wipe(plain);
    core.emit({ kind: 'moved-away' });
    core.finish('completed', INDEX.CUSTOMER, ''); /* without a word to anybody: the session goes on there */
    core.wake();
    return 'OK';
  }
}
