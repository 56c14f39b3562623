// SPDX-License-Identifier: Apache-2.0
/*
 * voice/pair.ts - packets of 20 ms on their way out, one by one, or on a narrow line two as one (RFC 6716 §3.2.3, code 1: one
 * table of contents, two frames of one length). What cannot be joined leaves one by one.
 */
const CODE = 3, ONE_FRAME = 0, TWO_ALIKE = 1;

export function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const toc = first[0];
  if (toc === undefined || first.length !== second.length || toc !== second[0] || (toc & CODE) !== ONE_FRAME) return undefined;
  const both = new Uint8Array(2 * first.length - 1);
  both[0] = toc | TWO_ALIKE;
  both.set(first.subarray(1), 1);
  both.set(second.subarray(1), first.length);
  return both;
}

export class Pairs {
  private held: { bytes: Uint8Array; stampMs: number } | undefined;

  /** leave: a message, and when its sound began. */
  constructor(private readonly leave: (bytes: Uint8Array, stampMs: number) => void) {}

  put(bytes: Uint8Array, stampMs: number, frames: number): void {
    const { held } = this;
    if (!held && frames > 1) {
      this.held = { bytes, stampMs };
      return;
    }
    this.held = undefined;
    const both = held && joined(held.bytes, bytes);
    if (held) this.leave(both ?? held.bytes, held.stampMs);
    if (!both) this.leave(bytes, stampMs);
  }

  /** What is held leaves nevermore. */
  drop(): void {
    this.held?.bytes.fill(0);
    this.held = undefined;
  }
}
