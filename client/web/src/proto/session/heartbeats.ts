// SPDX-License-Identifier: Apache-2.0
/* Heartbeats of a pair: one a second each way, with what each end has seen of the log; a pair that is silent is told, then closed. */
import { CONTROL } from '../wire/control.js';
import { HeartbeatSchema, type Heartbeat } from '../wire/handhold_pb.js';
import { toNumber } from '../wire/message.js';
import { LIMIT, type Core } from './core.js';

export class Heartbeats {
  #stale = false;
  #toldSize = 0; /* of the tree whose checkpoint the other end was shown in this pair */
  #seq = 0;
  #peerSeq = 0;
  #peerMonoMs = 0n;
  #sentMs = 0;
  #heardMs = 0;
  #toldMs = 0; /* when this end said the newest that the other end has heard, … */
  #untoldMs = 0; /* … and the first behind it */
  #tripMs = 0; /* of the newest there and back */
  #bestTripMs = Infinity;

  constructor(private readonly core: Core) {}

  newPair(): void {
    this.#toldSize = this.#seq = this.#peerSeq = 0;
    this.#peerMonoMs = 0n;
    this.#bestTripMs = Infinity;
    this.#heardMs = this.#toldMs = this.#untoldMs = this.core.now.monoMs;
    this.#heardAgain();
  }

  send(): void {
    const { core } = this, { tree: seen, now } = core;
    if (this.#toldMs >= this.#sentMs - 1) this.#untoldMs = now.monoMs; /* what it says of times is whole */
    this.#sentMs = now.monoMs;
    core.controlMessage(CONTROL.HEARTBEAT, HeartbeatSchema, {
      seq: ++this.#seq, monoMs: BigInt(Math.round(now.monoMs - core.startMs)), peerSeq: this.#peerSeq, peerMonoMs: this.#peerMonoMs,
      heldMs: this.#peerSeq ? Math.round(now.monoMs - this.#heardMs) : 0, logSize: BigInt(seen.size), logRoot: seen.size ? seen.root : new Uint8Array(0),
      checkpoint: seen.size && this.#toldSize !== seen.size ? core.checkpoint : '', /* once: within a pair nothing is lost */
    });
    this.#toldSize = seen.size;
  }

  heard(hb: Heartbeat): void {
    const { core } = this;
    if (hb.seq <= this.#peerSeq) return;
    this.#peerSeq = hb.seq;
    this.#heardMs = core.now.monoMs;
    this.#peerMonoMs = hb.monoMs;
    if (hb.peerSeq) this.#told(hb);
    this.#heardAgain();
    core.link.log.heard(toNumber(hb.logSize), hb.logRoot, hb.checkpoint);
  }

  #told(hb: Heartbeat): void {
    const { now, startMs } = this.core, saidMs = Math.min(now.monoMs, startMs + Number(hb.peerMonoMs)); /* it was rounded */
    if (saidMs > this.#toldMs) this.#untoldMs = Math.max(this.#untoldMs, saidMs + LIMIT.HEARTBEAT_MS);
    this.#toldMs = Math.max(this.#toldMs, saidMs);
    this.#tripMs = now.monoMs - saidMs - hb.heldMs;
    if (this.#tripMs >= 0) this.#bestTripMs = Math.min(this.#bestTripMs, this.#tripMs);
  }

  /** How much longer the newest took there and back than the fastest of this pair; -1: not known. */
  waitsMs(): number {
    return this.#bestTripMs === Infinity || this.#tripMs < this.#bestTripMs ? -1 : this.#tripMs - this.#bestTripMs;
  }

  /* Since when nothing comes through: the other end is not heard, or what it says shows that it does not hear this one,
   * which takes a trip longer to be known. */
  #quietSinceMs(): number {
    return Math.min(this.#heardMs, this.#untoldMs + (this.#bestTripMs === Infinity ? 0 : this.#bestTripMs));
  }

  /** Whoever was told that nothing comes through is told that it does again. */
  #heardAgain(): void {
    if (!this.#stale || this.core.now.monoMs >= this.#quietSinceMs() + LIMIT.STALE_MS) return;
    this.core.emit({ kind: 'live', live: true });
    this.#stale = false;
  }

  deadline(): number {
    return Math.min(this.#sentMs + LIMIT.HEARTBEAT_MS, this.#quietSinceMs() + (this.#stale ? LIMIT.SILENT_MS : LIMIT.STALE_MS));
  }

  /** 'silent': for so long that the pair is over. */
  tick(): 'silent' | undefined {
    const { monoMs } = this.core.now, silentMs = monoMs - this.#quietSinceMs();
    if (monoMs >= this.#sentMs + LIMIT.HEARTBEAT_MS) this.send();
    if (silentMs >= LIMIT.SILENT_MS) return 'silent';
    if (silentMs >= LIMIT.STALE_MS && !this.#stale) {
      this.#stale = true;
      this.core.emit({ kind: 'live', live: false });
    }
    return undefined;
  }
}
