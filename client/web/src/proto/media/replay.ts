// SPDX-License-Identifier: Apache-2.0
/* A counter is taken once, and not when it is older than a window of 1024 (RFC 9605 §9.3): the twin of proto/media/receive.h. */

const WINDOW = 1024;

export class Replay {
  #next = 0; /* above the highest that was taken */
  #seen = new Uint8Array(WINDOW);

  /** May it be opened? Only what then opens is taken. */
  fresh(counter: bigint): boolean {
    if (counter >= BigInt(Number.MAX_SAFE_INTEGER)) return false; /* nobody counts so far */
    const at = Number(counter);
    return at >= this.#next || (this.#next - at <= WINDOW && !this.#seen[at % WINDOW]);
  }

  take(counter: bigint): void {
    const at = Number(counter);
    if (at - this.#next >= WINDOW) this.#seen.fill(0);
    else for (let between = this.#next; between < at; between++) this.#seen[between % WINDOW] = 0;
    this.#seen[at % WINDOW] = 1;
    this.#next = Math.max(this.#next, at + 1);
  }
}
