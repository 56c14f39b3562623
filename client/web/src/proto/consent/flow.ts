// SPDX-License-Identifier: Apache-2.0
/* What flows under live grants: frames out, and what the agent and the relay say about them. */
import type { Err } from '../err.js';
import type { Frame } from '../session.js';
import type { Core } from '../session/core.js';
import type { Capability } from '../wire/capability.js';
import type { MediaAck, QueueReport } from '../wire/handhold_pb.js';
import { Frames, TRAVEL } from './frames.js';
import type { Grant } from './grant.js';
import type { Grants } from './grants.js';

export class Flow {
  readonly #frames: Frames;

  constructor(private readonly core: Core, private readonly grants: Grants) {
    this.#frames = new Frames(core);
  }

  get sealed(): number {
    return this.#frames.sealed;
  }

  #mayUse(grant: Grant | undefined): grant is Grant {
    return grant !== undefined && grant.phase === 'live' && grant.key !== undefined && !this.grants.paused && TRAVEL[grant.capability].media;
  }

  maySend(capability: Capability): boolean {
    return this.#mayUse(this.grants.get(capability));
  }

  push(capability: Capability, frame: Frame): Promise<Err> {
    const grant = this.grants.get(capability);
    return this.#mayUse(grant) ? this.#frames.push(grant, frame) : Promise.resolve('CONSENT');
  }

  /** Sealed frames of it wait to leave. */
  waits(capability: Capability): boolean {
    return this.core.queue.holds(this.grants.get(capability)?.stream ?? 0);
  }

  /** Figures only: who forges them can make a picture worse. What makes no sense is left out. */
  acked({ stream, obj, arrivalMs }: MediaAck): void {
    const capability = this.grants.byStream(stream), rises = obj.every((object, i) => i === 0 || object > obj[i - 1]!);
    if (capability && rises && obj.length === arrivalMs.length) this.core.emit({ kind: 'media-ack', capability, objects: obj, arrivalMs });
  }

  queued({ stream, queuedMs, dropped }: QueueReport): void {
    const capability = this.grants.byStream(stream);
    if (capability) this.core.emit({ kind: 'media-queue', capability, queuedMs, dropped });
  }

  keyFrameWanted(stream: number): void {
    const capability = this.grants.byStream(stream);
    if (capability && this.maySend(capability)) this.core.emit({ kind: 'key-frame', capability });
  }
}
