// SPDX-License-Identifier: Apache-2.0
/*
 * device/pace.ts - how fast another device's state goes on to the agent. Alone it takes what the line gives; beside a picture
 * or a voice it takes little, in pieces so small that neither waits for one (client/companion/report.c has the same figures).
 */

const ALONE_BYTES = 16_000, WAITING_MOST_BYTES = 32_768; /* a picture may begin at any moment */
const BESIDE_BYTES = 1024, BESIDE_BYTES_PER_S = 12 * 1024; /* 27 ms of a line of 300 kbit/s */
const LOOK_AGAIN_MS = 50;

/** One change. `write` is called when it leaves, so that what was hidden meanwhile is hidden; undefined: nothing is told. */
export interface Telling {
  bytes: number;
  write(): Uint8Array | undefined;
}

export class StatePace {
  private nextMs = 0;

  /** So many bytes may leave now. `beside`: a picture or a voice is sent; `waiting`: so much waits to leave this device. */
  room(nowMs: number, beside: boolean, waiting: number): number {
    if (!beside) return waiting < WAITING_MOST_BYTES ? ALONE_BYTES : 0;
    return nowMs >= this.nextMs ? BESIDE_BYTES : 0;
  }

  took(nowMs: number, bytes: number): void {
    this.nextMs = Math.max(nowMs, this.nextMs) + (bytes * 1000) / BESIDE_BYTES_PER_S;
  }
}

export interface PacedLine {
  /** So many bytes may leave now; 0: not now. */
  room(): number;
  /** false: not now, it is tried again. */
  forward(changes: readonly Uint8Array[]): Promise<boolean>;
}

/** In order, as the line has room, until `goesOn` says no. What is alone too large for the room goes alone. */
export async function tellPaced(list: readonly Telling[], line: PacedLine, goesOn: () => boolean): Promise<void> {
  const later = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, LOOK_AGAIN_MS); });
  for (let at = 0; at < list.length && goesOn(); ) {
    const room = line.room();
    if (room === 0) {
      await later();
      continue;
    }
    const batch: Uint8Array[] = [];
    for (let bytes = 0; at < list.length && (bytes === 0 || bytes + list[at]!.bytes <= room); at++) {
      const change = list[at]!.write();
      bytes += list[at]!.bytes;
      if (change) batch.push(change);
    }
    while (batch.length > 0 && goesOn() && !(await line.forward(batch))) await later();
  }
}
