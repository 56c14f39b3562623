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
  #tripMs = 0; /* of the newest there and back */
  #bestTripMs = Infinity;

  constructor(private readonly core: Core) {}

  newPair(): void {
    this.#toldSize = this.#seq = this.#peerSeq = 0;
    this.#peerMonoMs = 0n;
    this.#bestTripMs = Infinity;
    this.#heardMs = this.core.now.monoMs;
    this.#heardAgain();
  }

  send(): void {
    const { core } = this, { tree: seen, now } = core;
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
    if (hb.peerSeq) this.#went(core.now.monoMs - core.startMs - Number(hb.peerMonoMs) - hb.heldMs);
    this.#heardAgain();
    core.link.log.heard(toNumber(hb.logSize), hb.logRoot, hb.checkpoint);
  }

  #went(tripMs: number): void {
    this.#tripMs = tripMs;
    if (tripMs >= 0) this.#bestTripMs = Math.min(this.#bestTripMs, tripMs);
  }

  /** How much longer the newest took there and back than the fastest of this pair; -1: not known. */
  waitsMs(): number {
    return this.#bestTripMs === Infinity || this.#tripMs < this.#bestTripMs ? -1 : this.#tripMs - this.#bestTripMs;
  }

  /** Whoever was told that the other end is silent is told that it is there again. */
  #heardAgain(): void {
    if (this.#stale) this.core.emit({ kind: 'live', live: true });
    this.#stale = false;
  }

  deadline(): number {
    return Math.min(this.#sentMs + LIMIT.HEARTBEAT_MS, this.#heardMs + (this.#stale ? LIMIT.SILENT_MS : LIMIT.STALE_MS));
  }

  /** 'silent': for so long that the pair is over. */
  tick(): 'silent' | undefined {
    const { monoMs } = this.core.now, silentMs = monoMs - this.#heardMs;
    if (monoMs >= this.#sentMs + LIMIT.HEARTBEAT_MS) this.send();
    if (silentMs >= LIMIT.SILENT_MS) return 'silent';
    if (silentMs >= LIMIT.STALE_MS && !this.#stale) {
      this.#stale = true;
      this.core.emit({ kind: 'live', live: false });
    }
    return undefined;
  }
}
