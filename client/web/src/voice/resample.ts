// SPDX-License-Identifier: Apache-2.0
/*
 * voice/resample.ts - from one sample rate to another, between neighbours in a straight line: for the browser that does not
 * give 48 kHz, where a voice loses nothing that is heard.
 */

export class Resampler {
  private at = 0; /* of the next sample, counted from `last`; in samples of the input */
  private last = 0;
  private readonly step: number;

  constructor(from: number, to: number) {
    this.step = from / to;
  }

  take(input: Float32Array): Float32Array<ArrayBuffer> {
    if (this.step === 1) return Float32Array.from(input);
    const out = new Float32Array(Math.ceil((input.length + 1) / this.step) + 1);
    let count = 0;
    for (; this.at < input.length; this.at += this.step) {
      const i = Math.floor(this.at), before = i === 0 ? this.last : input[i - 1]!;
      out[count++] = before + (input[i]! - before) * (this.at - i);
    }
    this.at -= input.length;
    this.last = input[input.length - 1] ?? this.last;
    return out.slice(0, count);
  }
}
