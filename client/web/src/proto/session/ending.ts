// SPDX-License-Identifier: Apache-2.0
/*
 * How a session ends: it says so to the peer, withdraws, lets the log have what it must, then leaves; or it gives up when
 * the connection does not come back, or its time is over. While the line is away nothing is shared any more, and the last
 * word waits for it as long as a lost session is waited for.
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
  #untilMs = Infinity; /* of all that an end waits for; #deadlineMs: of what it waits for now */
  #cut = false; /* the line was away when it began, or went before the last word */
  #said = false; /* the last word has left, once */

  constructor(private readonly core: Core) {}

  begin(reason: EndReason, by: number): void {
    const { core } = this;
    if (this.over || this.begun) return;
    this.begun = true;
    this.reason = reason;
    this.by = by;
    this.#untilMs = this.#tellingUntilMs();
    this.#cut = core.link.state !== 'seated';
    this.#deadlineMs = this.#cut ? this.#untilMs : core.now.monoMs + LIMIT.END_WAIT_MS;
    if (core.joined) {
      core.grants.withdrawAll(PURPOSE.ENDED);
      core.grants.endStatement();
    }
    core.controlMessage(CONTROL.BYE, ByeSchema, { reason: endNumber(reason) });
    if (!core.pair.up) core.outbox.finalise(); /* nobody is there to co-sign */
  }

  /**
   * The connection is gone. The last word may be lost with it: it is said again when the line is back, so that the other end
   * need not wait for somebody who has left, and the log has what was taken back, and why.
   */
  cut(): void {
    if (!this.begun || this.over) return;
    this.core.link.left = false;
    this.#deadlineMs = this.#untilMs;
    this.#cut = true;
  }
  /** The seat is taken again. */
  back(): void {
    if (this.begun) this.#deadlineMs = Math.min(this.#untilMs, this.core.now.monoMs + LIMIT.END_WAIT_MS);
  }
  /** Came back for the last word, and the session has ended meanwhile. */
  wasCut(): boolean {
    return this.#cut && this.begun;
  }
  /** Over, whether the relay knows or not. */
  untold(): void {
    this.core.finish(this.reason, this.by, this.#cut && !this.#said ? 'the line did not come back in time: nobody could be told' : '');
  }
  /** It has begun, and waits for the line to be said. */
  waits(): boolean {
    return this.begun && !this.over && this.core.link.state !== 'seated';
  }

  /** For as long as the relay keeps the seat, what is ended here can still be told there. */
  #tellingUntilMs(): number {
    const { core } = this, since = core.lostSinceMs === Infinity ? core.now.monoMs : core.lostSinceMs;
    return core.joined && core.peer ? since + core.peer.policy.graceS * 1000 + LIMIT.GIVE_UP_EXTRA_MS : core.now.monoMs + LIMIT.HEARTBEAT_MS;
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
    if (monoMs < at || this.begun) return;
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
    const late = monoMs >= this.#deadlineMs;
    if (!this.begun || this.over) return;
    if (core.link.state === 'seated' && !core.link.left && (late || this.#mayLeave())) {
      core.link.leave();
      this.#said = true;
      this.#deadlineMs = this.#untilMs; /* for the relay's word, or the news that the line is gone */
    } else if (late) {
      this.untold();
    }
  }
}
