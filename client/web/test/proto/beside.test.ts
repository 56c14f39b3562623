// SPDX-License-Identifier: Apache-2.0
/* The phone's half of the channel to a device on the hub, against a hub of a few lines (proto/beside/beside.h). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BesidePair } from '../../src/proto/pairing/beside.js';
import type { InviteCode } from '../../src/proto/pairing/invite.js';
import { inviteCodePrs } from '../../src/proto/pairing/invite.js';
import { Cpace, CPACE_RANDOM_BYTES, CPACE_TAG_BYTES, lvCat, type CpaceKeys } from '../../src/proto/seal/cpace.js';
import { hkdf, sha256 } from '../../src/proto/seal/kdf.js';
import { Noise } from '../../src/proto/seal/noise.js';
import { concat, lv8, u8, utf8, type Bytes } from '../../src/proto/util/bytes.js';
import { flipped } from './vectors.js';

const HOST = 'help.example.org', SID = new Uint8Array(16).fill(7), AD = Uint8Array.of(1);
const CPACE2 = 2, M2 = 4, BY_CODE = 1;
const code: InviteCode = { kind: 'code', nameplate: '4071', secret: '839229' };
const random = (bytes: number): Bytes => crypto.getRandomValues(new Uint8Array(bytes));

class Hub {
  #keys: CpaceKeys | undefined;
  #again: Bytes | undefined;
  #hash: Bytes = new Uint8Array(32);
  #run: [Bytes, Bytes] | undefined;

  cpace2(cpace1: Bytes): Bytes {
    if (this.#run && Buffer.compare(this.#run[0], cpace1) === 0) return this.#run[1];
    const ci = lvCat(utf8('handhold/1 beside'), utf8(HOST), utf8('first'), utf8('second'));
    const cpace = new Cpace(false, utf8(inviteCodePrs(code)), ci, concat(SID, cpace1.slice(1, 17)), AD, random(CPACE_RANDOM_BYTES));
    const answer = concat(u8(CPACE2), cpace.share);
    this.#keys = cpace.finish(cpace1.slice(17), AD);
    this.#hash = sha256(cpace1, answer);
    this.#run = [cpace1, answer];
    return answer;
  }

  m2(m1: Bytes): Bytes {
    const mode = m1[1]!, byCode = mode === BY_CODE, psk = byCode ? this.#keys!.psk : this.#again!;
    const prologue = concat(utf8('handhold/1 beside'), u8(mode), SID, lv8(utf8(HOST)), this.#hash);
    const noise = new Noise(false, prologue, psk.slice(), random(32));
    noise.read(m1.slice(byCode ? 2 + CPACE_TAG_BYTES : 2));
    this.#again ??= hkdf(psk, 'handhold/1 beside again', 32);
    return concat(u8(M2), byCode ? this.#keys!.tagOwn : new Uint8Array(0), noise.write());
  }
}

function pair(): { phone: BesidePair; hub: Hub; call: () => Bytes; take: (bytes: Bytes) => string; said: Bytes[] } {
  const said: Bytes[] = [], phone = new BesidePair({ code }, SID, HOST, random, (bytes) => said.push(bytes));
  const call = (): Bytes => {
    phone.present(true);
    return said.at(-1)!;
  };
  return { phone, hub: new Hub(), call, take: (bytes) => phone.take(bytes).kind, said };
}

function linked(): ReturnType<typeof pair> {
  const two = pair();
  two.take(two.hub.cpace2(two.call()));
  assert.equal(two.take(two.hub.m2(two.said.at(-1)!)), 'up');
  return two;
}

test('a code links, and the key that it left links again', () => {
  const { hub, call, take } = linked();
  assert.equal(take(hub.m2(call())), 'up');
});

test('the answer to a call that was overtaken breaks nothing', () => {
  const { hub, call, take } = linked();
  const first = hub.m2(call()), second = hub.m2(call()), third = hub.m2(call());
  assert.deepEqual([first, second, third].map(take), ['nothing', 'nothing', 'up']);
});

test('an answer that does not open is an alarm when no call was overtaken', () => {
  const { hub, call, take } = linked();
  assert.equal(take(flipped(hub.m2(call()), 40, 0)), 'broken');
  const first = hub.m2(call()), second = hub.m2(call());
  assert.deepEqual([first, flipped(second, 40, 0)].map(take), ['nothing', 'broken']);
  assert.equal(take(hub.m2(call())), 'up');
});

test('an answer that comes twice is an alarm', () => {
  const { hub, call, take } = linked();
  for (let lost = 0; lost < 3; lost++) call();
  const answer = hub.m2(call());
  assert.deepEqual([answer, answer].map(take), ['up', 'broken']);
});

test('a run of the code that is asked for twice is one', () => {
  const { hub, call, take, said } = pair();
  const first = hub.cpace2(call()), second = hub.cpace2(call());
  assert.equal(take(first), 'nothing');
  const m1 = said.at(-1)!, calls = said.length;
  assert.equal(take(second), 'nothing');
  assert.equal(said.length, calls);
  assert.equal(take(hub.m2(m1)), 'up');
});

test('an answer to the code that is lost or late costs nothing', () => {
  for (const late of [false, true]) {
    const { hub, call, take, said } = pair();
    take(hub.cpace2(call()));
    const answer = hub.m2(said.at(-1)!), again = call();
    if (late) assert.equal(take(answer), 'nothing');
    assert.equal(take(hub.cpace2(again)), 'nothing');
    assert.equal(take(hub.m2(said.at(-1)!)), 'up');
  }
});
