// SPDX-License-Identifier: Apache-2.0
/* What a voice is made of, without a browser: its rate, the queue that it overtakes in, the bridge over what is missing, replay. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Replay } from '../../src/proto/media/replay.js';
import { OutQueue } from '../../src/proto/session/queue.js';
import { Bridge } from '../../src/voice/bridge.js';
import { SameLength, type EncoderEvents, type VoiceEncoder } from '../../src/voice/codec.js';
import { BrowserDecoder } from '../../src/voice/webcodecs.js';
import { joined, Pairs } from '../../src/voice/pair.js';
import { Player } from '../../src/voice/player.js';
import { FRAME, packetBytes, SAMPLE_RATE } from '../../src/voice/rate.js';
import { Resampler } from '../../src/voice/resample.js';

const tone = (hz: number, from: number, count = FRAME, rate = SAMPLE_RATE): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * (from + i)) / rate));
const level = (samples: Float32Array): number => Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);

test('packets of one rate have one length', () => {
  assert.deepEqual([24_000, 16_000, 10_000].map(packetBytes), [60, 40, 25]);
});

test('on a narrow line two packets leave as one, and what does not fit together one by one', () => {
  const left: [number[], number][] = [], pairs = new Pairs((bytes, stampMs) => left.push([[...bytes], stampMs]));
  const put = (bytes: number[], stampMs: number, frames = 2): void => pairs.put(Uint8Array.from(bytes), stampMs, frames);
  put([0x48, 1, 2], 0);
  assert.equal(left.length, 0);
  put([0x48, 3, 4], 20);
  put([0x48, 5, 6], 40);
  put([0x58, 7, 8], 60); // another mode
  put([0x48, 9], 80);
  put([0x48, 1, 2], 100, 1); // another length, and the line is wide again
  put([0x48, 3, 4], 120, 1);
  assert.deepEqual(left, [[[0x49, 1, 2, 3, 4], 0], [[0x48, 5, 6], 40], [[0x58, 7, 8], 60], [[0x48, 9], 80], [[0x48, 1, 2], 100], [[0x48, 3, 4], 120]]);
  put([0x48, 5, 6], 140);
  pairs.drop();
  put([0x48, 7, 8], 160, 1);
  assert.deepEqual(left.at(-1), [[0x48, 7, 8], 160]);
  assert.equal(left.length, 7);
  for (const strange of [[[], []], [[0x49, 1], [0x49, 2]], [[0x4b, 1], [0x4b, 1]]])
    assert.equal(joined(Uint8Array.from(strange[0]!), Uint8Array.from(strange[1]!)), undefined);
});

test('a packet of another length does not leave, and an encoder that makes them is given up', () => {
  const left: number[] = [], wrong: string[] = [];
  let on: EncoderEvents | undefined;
  const inner: VoiceEncoder = { encode: () => undefined, setBps: () => undefined, close: () => undefined };
  const encoder = new SameLength(24_000, { packet: (bytes) => left.push(bytes.length), failed: (why) => wrong.push(why) }, (_, events) => { on = events; return inner; });
  const make = (length: number): void => on!.packet(new Uint8Array(length));
  [60, 3, 61, 60].forEach(make);
  assert.deepEqual(left, [60, 60]);
  encoder.setBps(10_000);
  [60, 25].forEach(make);
  assert.deepEqual(left, [60, 60, 25]);
  assert.equal(wrong.length, 0);
  for (let i = 0; i < 60; i++) make(26);
  assert.equal(wrong.length, 1);
});

test('a voice leaves before every picture, and a full line of pictures has room for it', () => {
  const queue = new OutQueue(), picture = (n: number): Uint8Array<ArrayBuffer> => new Uint8Array(1000).fill(n), VOICE = 0, CAMERA = 3;
  let pictures = 0;
  while (queue.reserve(CAMERA, 1000)) {
    queue.release(CAMERA, 1000);
    queue.addMedia(1, CAMERA, picture(++pictures & 255));
  }
  const backlog = queue.mediaBytes();
  assert.ok(queue.reserve(VOICE, 92));
  queue.release(VOICE, 92);
  queue.pending(); /* the first picture is on its way out already */
  queue.addMedia(2, VOICE, new Uint8Array(92).fill(200));
  queue.addMedia(2, VOICE, new Uint8Array(92).fill(201));
  assert.equal(queue.mediaBytes(), backlog, 'a voice is no backlog');
  const order: number[] = [];
  for (let i = 0; i < 4; i++) {
    order.push(queue.pending()![0]!);
    queue.sent();
  }
  assert.deepEqual(order, [1, 200, 201, 2]);
  assert.equal(queue.mediaBytes(), backlog - 2000);
  let packets = 0;
  for (; queue.reserve(VOICE, 92); packets++) queue.release(VOICE, 92), queue.addMedia(2, VOICE, new Uint8Array(92));
  assert.ok(packets > 250 && packets < 400, `${packets} packets wait at most`);
  queue.purge(2);
  assert.ok(queue.reserve(VOICE, 32_000), 'a purge gives the room back');
});

test('what is missing goes on as it was, fades, and what comes next is faded in', () => {
  const bridge = new Bridge();
  let at = 0;
  for (; at < 5 * FRAME; at += FRAME) bridge.good(tone(200, at));
  const lost = [1, 2, 3, 4, 5, 6].map(() => bridge.lost());
  assert.ok(Math.max(...lost[0]!.map((s, i) => Math.abs(s - tone(200, at)[i]! * (1 - i / (5 * FRAME))))) < 0.02, 'the same wave goes on');
  assert.ok(lost.every((frame, i) => i === 0 || level(frame) <= level(lost[i - 1]!)));
  assert.equal(level(lost[5]!), 0);
  const back = bridge.good(tone(200, at + 6 * FRAME));
  assert.equal(back[0], 0);
  assert.ok(level(back.subarray(480)) > 0.3);
  assert.equal(level(bridge.silence()), 0);
  assert.equal(level(bridge.lost()), 0, 'after a silence there is nothing to go on');
});

test('another sample rate changes neither the tone nor the time', () => {
  for (const rate of [44_100, 16_000, 48_000, 96_000]) {
    const resampler = new Resampler(rate, SAMPLE_RATE), out: number[] = [];
    for (let at = 0; at < rate; at += 128) out.push(...resampler.take(tone(440, at, Math.min(128, rate - at), rate)));
    assert.ok(Math.abs(out.length - SAMPLE_RATE) <= 4, `${rate}: ${out.length}`);
    const crossings = out.filter((s, i) => i > 0 && s >= 0 && out[i - 1]! < 0).length;
    assert.ok(Math.abs(crossings - 440) <= 1, `${rate}: ${crossings} Hz`);
    assert.ok(Math.abs(level(Float32Array.from(out)) - 0.5 / Math.SQRT2) < 0.02, `${rate}`);
  }
});

test('a counter is taken once, and an old one never', () => {
  const replay = new Replay();
  const take = (counter: bigint): boolean => { const fresh = replay.fresh(counter); if (fresh) replay.take(counter); return fresh; };
  assert.deepEqual([0n, 0n, 5n, 3n, 3n, 5n, 1n].map(take), [true, false, true, true, false, false, true]);
  assert.deepEqual([2000n, 977n, 976n, 975n, 2000n, 1999n, 1999n].map(take), [true, true, false, false, false, true, false]);
  assert.deepEqual([1_000_000n, 2000n, 999_999n, 2n ** 64n - 1n].map(take), [true, false, true, false]);
});

test('a decoder that counts on from its first stamp is understood after a hole', () => {
  const came: [number, number | undefined][] = [], browser = globalThis as Record<string, unknown>;
  browser['EncodedAudioChunk'] = class { constructor(readonly init: { timestamp: number; data: Uint8Array }) {} };
  browser['AudioDecoder'] = class { // as Chromium's: stamps go on by what came out
    private next: number | undefined;
    readonly state = 'configured';
    constructor(private readonly on: { output(data: unknown): void }) {}
    configure(): void {}
    close(): void {}
    decode({ init }: { init: { timestamp: number; data: Uint8Array } }): void {
      const timestamp = this.next ?? init.timestamp;
      this.next = timestamp + 20_000;
      this.on.output({ timestamp, numberOfFrames: FRAME, sampleRate: 48_000, copyTo: (out: Float32Array) => out.fill(init.data[0]!), close: () => undefined });
    }
  };
  try {
    const decoder = new BrowserDecoder({ pcm: (number, samples) => came.push([number, samples?.[0]]), failed: () => undefined });
    for (const number of [7, 8, 40, 41, 90]) assert.ok(decoder.decode(Uint8Array.of(number), number));
    assert.equal(decoder.decode('lost', 91), false);
    assert.deepEqual(came, [[7, 7], [8, 8], [40, 40], [41, 41], [90, 90]]);
  } finally {
    delete browser['EncodedAudioChunk'];
    delete browser['AudioDecoder'];
  }
});

test('a packet that the decoder swallows is not waited for: what comes after it is heard', () => {
  const given: number[] = [];
  let done: ((number: number, samples: Float32Array<ArrayBuffer> | undefined) => void) | undefined;
  const decode = (packet: Uint8Array | 'lost', number: number): boolean => {
    if (packet === 'lost') return false;
    if (packet[0] !== 20) done!(number, new Float32Array(FRAME).fill(packet[0]!));
    return true;
  };
  const player = new Player({ decoder: (on) => { done = on.pcm; return { decode, close: () => undefined }; } }, (pcm) => given.push(pcm[FRAME - 1]!), () => undefined);
  for (let obj = 1; obj <= 60; obj++) {
    player.put(obj, 20 * obj, Uint8Array.of(obj), 20 * obj);
    player.due(0);
  }
  assert.ok(given.includes(19) && !given.includes(20));
  assert.ok(given.includes(21) && given.at(-1)! > 30, given.join(' '));
});

test('the loudspeaker is never given more than it needs, in order, whatever the decoder does', () => {
  const given: number[] = [], waiting: { number: number; packet: Uint8Array | 'lost' }[] = [];
  let done: ((number: number, samples: Float32Array<ArrayBuffer> | undefined) => void) | undefined;
  const decoder = { decode: (packet: Uint8Array | 'lost', number: number) => packet !== 'lost' && waiting.push({ number, packet }) > 0, close: () => undefined };
  const player = new Player({ decoder: (on) => { done = on.pcm; return decoder; } }, (pcm) => given.push(pcm[FRAME - 1]!), () => undefined);
  player.due(0);
  assert.deepEqual(given, [0, 0, 0], 'silence first, as much as is held ahead');
  for (let obj = 1; obj <= 30; obj++) player.put(obj, 20 * obj, Uint8Array.of(obj), 20 * obj);
  for (let i = 0; i < 10; i++) player.due(0);
  assert.equal(waiting.length, 3, 'a decoder that is behind is not given more');
  const [a, b, c] = waiting.splice(0);
  done!(b!.number, new Float32Array(FRAME).fill(2));
  assert.equal(given.length, 3);
  done!(a!.number, new Float32Array(FRAME).fill(1));
  done!(c!.number, undefined);
  assert.deepEqual(given.slice(3, 5), [1, 2]);
  assert.equal(given.length, 6, 'what did not decode is bridged');
});
