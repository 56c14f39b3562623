// SPDX-License-Identifier: Apache-2.0
/* The agent says good-bye: everything is taken back at once, and the person has the last word. */
import type { Err } from '../err.js';
import { PURPOSE } from '../consent/statement.js';
import { INDEX } from '../wire/envelope.js';
import { LIMIT, type Core } from './core.js';

export class Goodbye {
  said = false;
  #rated = false;
  #atMs = Infinity;

  constructor(private readonly core: Core) {}

  heard(): void {
    const { core } = this;
    if (this.said || core.ending) return;
    this.said = true;
    core.hold.over();
    this.#atMs = core.now.monoMs + LIMIT.GOODBYE_MS;
    core.grants.withdrawAll(PURPOSE.ENDED);
    core.emit({ kind: 'goodbye' });
  }

  mayRate(): boolean {
    return this.said && !this.#rated;
  }

  rate(stars: number, solved: boolean): Err {
    const err = this.core.data.sendBody({ case: 'rating', value: { stars, solved } });
    this.#rated ||= err === 'OK';
    return err;
  }

  deadline(): number {
    return this.#atMs;
  }

  tick(): void {
    if (this.core.now.monoMs < this.#atMs) return;
    this.#atMs = Infinity;
    this.core.beginEnd('completed', INDEX.AGENT);
  }
}
