// SPDX-License-Identifier: Apache-2.0
/*
 * How a session ends: it says so to the peer, withdraws, lets the log have what it must, then leaves; or it gives up when
 * the connection does not come back, or its time is over.
 */
import type { EndReason } from '../wire/capability.js';
import { endNumber } from '../wire/capability.js';
import { CONTROL } from '../wire/control.js';
import { INDEX } from '../wire/envelope.js';
import { ByeSchema } from '../wire/handhold_pb.js';
import { PURPOSE } from '../consent/statement.js';
import { LIMIT, type Core } from './core.js';

export class Ending {
  over = false;
  begun = false;
  reason: EndReason = 'failed';
  by = 0;
  #deadlineMs = Infinity;
  #gaveUp = false;
  #cut = false; /* the line went before the last word: it has been tried once more */

  constructor(private readonly core: Core) {}

  begin(reason: EndReason, by: number): void {
    const { core } = this;
    if (this.over || this.begun) return;
    this.begun = true;
    this.reason = reason;
    this.by = by;
    this.#deadlineMs = core.now.monoMs + LIMIT.END_WAIT_MS;
    if (core.joined) {
      core.grants.withdrawAll(PURPOSE.ENDED);
      core.grants.endStatement();
    }
    core.controlMessage(CONTROL.BYE, ByeSchema, { reason: endNumber(reason) });
    if (!core.pair.up) core.outbox.finalise(); /* nobody is there to co-sign */
  }

  /**
   * The connection is gone. The last word may be lost with it: for a moment it is tried again, so that the other end need not
   * wait for somebody who has left, and the log has what was taken back.
   */
  cut(): void {
    if (!this.begun || this.over) return;
    this.core.link.left = false;
    if (!this.#cut) this.#deadlineMs = this.core.now.monoMs + LIMIT.END_CUT_MS;
    this.#cut = true;
  }
  /** Came back for the last word, and the session has ended meanwhile. */
  wasCut(): boolean {
    return this.#cut && this.begun;
  }

  #mayLeave(): boolean {
    const { link, outbox } = this.core;
    return !link.left && link.state === 'seated' && !outbox.waiting();
  }

  #giveUpMs(): number {
    const { core } = this;
    return core.peer ? core.lostSinceMs + core.peer.policy.graceS * 1000 : Infinity;
  }

  /** others: when anything else of the session wants the time. */
  deadline(others: number): number {
    const { core } = this;
    if (this.over) return Infinity;
    if (this.begun) return this.#mayLeave() ? core.now.monoMs : Math.min(others, this.#deadlineMs);
    return Math.min(others, core.startMs + LIMIT.SESSION_MS, this.#giveUpMs() + (this.#gaveUp ? LIMIT.GIVE_UP_EXTRA_MS : 0));
  }

  /** Nobody is asked again within the grace time; after it what was granted is taken back, and a little later the session is over. */
  tickGrace(): void {
    const { core } = this, at = this.#giveUpMs(), { monoMs } = core.now;
    if (at === Infinity) this.#gaveUp = false;
    if (monoMs < at) return;
    if (!this.#gaveUp) {
      this.#gaveUp = true;
      core.grants.withdrawAll(PURPOSE.CONNECTION_LOST);
    } else if (monoMs >= at + LIMIT.GIVE_UP_EXTRA_MS) {
      core.finish('connection-lost', INDEX.CUSTOMER, 'the connection did not come back in time');
    }
  }

  tick(): void {
    const { core } = this, { monoMs } = core.now;
    if (!this.over && monoMs >= core.startMs + LIMIT.SESSION_MS) this.begin('expired', INDEX.CUSTOMER);
    let late = monoMs >= this.#deadlineMs;
    if (!this.begun || this.over) return;
    if (!core.link.left && (late || this.#mayLeave())) {
      core.link.leave();
      this.#deadlineMs = monoMs + LIMIT.HEARTBEAT_MS;
      late = core.link.state !== 'seated';
    }
    if (late) core.finish(this.reason, this.by, '');
  }
}
