// SPDX-License-Identifier: Apache-2.0
/*
 * On hold: the agent is with somebody else, so nothing of this customer is captured, and no key is left at either end. Within
 * the grace time the agent comes back without a question, as after a lost connection; after it all is withdrawn.
 */
import { PURPOSE } from '../consent/statement.js';
import { LIMIT, type Core } from './core.js';

const ON_HOLD = 'on hold'; /* why a sheet was closed: told, never noted */

export interface KeptHold {
  on: boolean;
  leftMs: number;
}

export class Hold {
  on = false;
  #sinceMs = 0;
  #untilMs = Infinity;
  #returnMs = Infinity;

  constructor(private readonly core: Core) {}

  heard(on: boolean): void {
    const { core } = this, { monoMs } = core.now;
    if (this.on === on || core.ending || core.goodbye.said) return;
    this.on = on;
    const graceS = core.peer!.policy.graceS;
    if (on) {
      core.grants.suspend(ON_HOLD);
      if (this.#returnMs === Infinity) this.#sinceMs = monoMs; /* else it came back only just, and nothing has been taken up again */
      this.#returnMs = Infinity;
      this.#untilMs = this.#sinceMs + graceS * 1000;
    } else {
      this.#untilMs = Infinity;
      this.#returnMs = this.#sinceMs + LIMIT.HOLD_MIN_MS;
    }
    core.emit({ kind: 'hold', on, graceS: on ? graceS : 0 });
    this.tick();
  }

  /** On hold, or back so soon that nothing has been taken up again. */
  keepsOff(): boolean {
    return this.on || this.#returnMs !== Infinity;
  }

  over(): void {
    this.on = false;
    this.#untilMs = this.#returnMs = Infinity;
  }

  deadline(): number {
    return Math.min(this.#untilMs, this.#returnMs);
  }

  tick(): void {
    const { core } = this, { monoMs } = core.now;
    if (monoMs >= this.#untilMs) {
      this.#untilMs = Infinity;
      core.grants.withdrawAll(PURPOSE.HELD_TOO_LONG);
    }
    if (monoMs >= this.#returnMs) {
      this.#returnMs = Infinity;
      if (core.pair.up) core.grants.resume();
    }
  }

  keep(monoMs: number): KeptHold {
    return { on: this.on, leftMs: this.#untilMs - monoMs };
  }
  restore({ on, leftMs }: KeptHold): void {
    this.on = on;
    this.#untilMs = this.core.now.monoMs + leftMs;
    if (on) this.core.emit({ kind: 'hold', on, graceS: Math.max(0, Math.round(leftMs / 1000)) });
  }
}
