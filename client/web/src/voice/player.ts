// SPDX-License-Identifier: Apache-2.0
/*
 * voice/player.ts - the agent's voice on its way to the loudspeaker: packets in, in any rhythm; the jitter buffer says which
 * 20 ms are due, the decoder makes sound of them, what is missing is bridged. The loudspeaker's clock asks.
 */
import { Playout } from '../proto/media/playout.js';
import { Bridge } from './bridge.js';
import type { Codecs, VoiceDecoder } from './codec.js';

const AHEAD = 3; /* pieces between the jitter buffer and the loudspeaker: what the page's own thread may be late */
const PATIENCE = 10; /* times that the loudspeaker asks in vain: a packet that the decoder swallowed is waited for no longer */

interface Piece {
  number: number;
  samples: Float32Array<ArrayBuffer> | 'lost' | 'silence' | undefined; /* undefined: it is being decoded */
}

export class Player {
  readonly playout = new Playout();
  private readonly bridge = new Bridge();
  private readonly decoder: VoiceDecoder;
  private row: Piece[] = [];
  private number = 0;
  private vain = 0;

  /** give: 20 ms to the loudspeaker. */
  constructor(codecs: Pick<Codecs, 'decoder'>, private readonly give: (pcm: Float32Array<ArrayBuffer>) => void, failed: (message: string) => void) {
    this.decoder = codecs.decoder({ pcm: (number, samples) => this.decoded(number, samples), failed });
  }

  put(obj: number, tsMs: number, bytes: Uint8Array, nowMs: number): void {
    this.playout.put(obj, tsMs, bytes, Math.round(nowMs));
  }

  /** 20 ms have been played, so many pieces are still held there. */
  due(held: number): void {
    if (held === 0 && this.row.length >= AHEAD) this.waited();
    for (let there = held + this.row.length; there < AHEAD; there++) this.next(); // a decoder that is behind: the jitter buffer waits
  }

  private waited(): void {
    if (++this.vain < PATIENCE) return;
    this.vain = 0;
    this.row[0]!.samples = 'lost';
    this.flush();
  }

  private next(): void {
    const step = this.playout.take(), piece: Piece = { number: this.number++, samples: undefined };
    this.row.push(piece);
    if (step === 'silence') piece.samples = 'silence';
    else if (!this.decoder.decode(step === 'conceal' ? 'lost' : step, piece.number)) piece.samples = 'lost';
    this.flush();
  }

  private decoded(number: number, samples: Float32Array<ArrayBuffer> | undefined): void {
    const piece = this.row.find((other) => other.number === number);
    if (piece) piece.samples = samples ?? 'lost';
    this.flush();
  }

  private flush(): void {
    while (this.row[0]?.samples) {
      this.vain = 0;
      const { samples } = this.row.shift()!;
      this.give(samples === 'lost' ? this.bridge.lost() : samples === 'silence' ? this.bridge.silence() : this.bridge.good(samples as Float32Array<ArrayBuffer>));
    }
  }

  close(): void {
    this.row = [];
    this.decoder.close();
  }
}
