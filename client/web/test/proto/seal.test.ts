// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chacha20poly1305 } from '@noble/ciphers/chacha';
import { x25519 } from '@noble/curves/ed25519';
import { concat, fromHex, hex, utf8 } from '../../src/proto/util/bytes.js';
import { base64, base64Decode, base64url, base64urlDecode } from '../../src/proto/seal/base64.js';
import { boxOpen, boxSeal } from '../../src/proto/seal/box.js';
import { Cpace, cpaceGenerator, cpaceIsk, cpaceProduct } from '../../src/proto/seal/cpace.js';
import { hkdfSha256, hkdfSha512, hmacSha256 } from '../../src/proto/seal/kdf.js';
import { Noise } from '../../src/proto/seal/noise.js';
import { noteAddLine, noteKey, noteKeyParse, noteMake, noteSignLine, noteVerify } from '../../src/proto/seal/note.js';
import { SframeKey, sframeHeader, sframeHeaderParse } from '../../src/proto/seal/sframe.js';
import { checkSignKey, isSignature, sign, signPublicKey } from '../../src/proto/seal/signature.js';
import { flipped, h, publishedJson, raises, skipUnless, type Json } from './vectors.js';

const random = (bytes: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(bytes));
const wycheproof = (name: string): Json => publishedJson(`wycheproof/${name}_test.json`);
const cases = (file: Json): Json[] => file.testGroups.flatMap((group: Json) => group.tests.map((one: Json) => ({ ...group, ...one })));

/* ---- base64 ---- */

test('base64 has one spelling', () => {
  assert.equal(base64(utf8('any')), 'YW55');
  assert.equal(base64url(Uint8Array.of(0xfb, 0xff)), '-_8');
  for (const text of ['YQ', 'YQ=', 'YR==', 'Y Q==', 'YQ==\n', 'YQ==YQ==', '====', 'Y-==', '\u00e9a==']) assert.throws(() => base64Decode(text), raises('FORMAT'), text);
  for (const text of ['YQ==', 'YR', 'Y+', 'Y/', 'Y', ' ']) assert.throws(() => base64urlDecode(text), raises('FORMAT'), text);
  for (let n = 0; n < 70; n++) assert.deepEqual(base64Decode(base64(random(n))).length, n);
});

/* ---- Ed25519 ---- */

/* Every point of small order, in every encoding that some library takes: libsodium's list. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000', '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

test('keys of small order are refused, the identity with its trivial signature among them', () => {
  const identity = fromHex(SMALL_ORDER[1]!), trivial = concat(identity, new Uint8Array(32));
  assert.equal(isSignature(trivial, utf8('anything'), identity), false);
  for (const key of SMALL_ORDER)
    for (const sign of [0, 0x80]) {
      const bytes = fromHex(key);
      bytes[31]! |= sign;
      assert.throws(() => checkSignKey(bytes), raises('KEY'));
      assert.equal(isSignature(concat(bytes, new Uint8Array(32)), utf8('anything'), bytes), false);
    }
});

test('a key or a signature with a part of small order is refused, whatever the cofactor would make of it', () => {
  const seed = random(32), key = signPublicKey(seed), message = utf8('m'), signature = sign(message, seed);
  assert.equal(isSignature(signature, message, key), true);
  checkSignKey(key);
  for (let at = 0; at < 64; at++) assert.equal(isSignature(flipped(signature, at, at % 8), message, key), false);
  assert.throws(() => checkSignKey(key.subarray(1)), raises('KEY'));
});

const ed25519 = wycheproof('ed25519');
test('Ed25519: Wycheproof', skipUnless(ed25519, 'wycheproof'), () => {
  for (const one of cases(ed25519)) assert.equal(isSignature(h(one.sig), h(one.msg), h(one.publicKey.pk)), one.result === 'valid', `case ${one.tcId}`);
});

const x25519File = wycheproof('x25519');
test('X25519: Wycheproof, and an all-zero result is an error', skipUnless(x25519File, 'wycheproof'), () => {
  for (const one of cases(x25519File)) {
    const shared = (): string => hex(x25519.getSharedSecret(h(one.private), h(one.public)));
    if (/^0+$/.test(one.shared)) assert.throws(shared, `case ${one.tcId}`);
    else assert.equal(shared(), one.shared, `case ${one.tcId}`);
  }
});

const kdfs: [string, (one: Json) => Uint8Array][] = [
  ['hkdf_sha256', (one) => hkdfSha256(h(one.ikm), h(one.salt), h(one.info), one.size)],
  ['hkdf_sha512', (one) => hkdfSha512(h(one.ikm), h(one.salt), h(one.info), one.size)],
];
for (const [name, derive] of kdfs) {
  const file = wycheproof(name);
  test(`${name}: Wycheproof`, skipUnless(file, 'wycheproof'), () => {
    for (const one of cases(file)) {
      if (one.result === 'valid') assert.equal(hex(derive(one)), one.okm, `case ${one.tcId}`);
      else assert.throws(() => derive(one), `case ${one.tcId}`);
    }
  });
}

const hmacFile = wycheproof('hmac_sha256');
test('HMAC-SHA256: Wycheproof', skipUnless(hmacFile, 'wycheproof'), () => {
  for (const one of cases(hmacFile)) {
    const tag = hex(hmacSha256(h(one.key), h(one.msg))).slice(0, one.tagSize / 4);
    assert.equal(tag === one.tag, one.result === 'valid', `case ${one.tcId}`);
  }
});

const chacha = wycheproof('chacha20_poly1305');
test('ChaCha20-Poly1305: Wycheproof', skipUnless(chacha, 'wycheproof'), () => {
  for (const one of cases(chacha)) {
    if (one.ivSize !== 96) continue;
    const open = (): string => hex(chacha20poly1305(h(one.key), h(one.iv), h(one.aad)).decrypt(h(one.ct + one.tag)));
    if (one.result === 'valid') assert.equal(open(), one.msg, `case ${one.tcId}`);
    else assert.throws(open, `case ${one.tcId}`);
  }
});

const gcm = wycheproof('aes_gcm');
test('AES-GCM of this WebCrypto: Wycheproof', skipUnless(gcm, 'wycheproof'), async () => {
  for (const one of cases(gcm)) {
    if (one.ivSize !== 96 || one.tagSize !== 128 || one.keySize === 192) continue;
    const key = await crypto.subtle.importKey('raw', h(one.key), 'AES-GCM', false, ['decrypt']);
    const open = crypto.subtle.decrypt({ name: 'AES-GCM', iv: h(one.iv), additionalData: h(one.aad) }, key, h(one.ct + one.tag));
    if (one.result === 'valid') assert.equal(hex(new Uint8Array(await open)), one.msg, `case ${one.tcId}`);
    else await assert.rejects(open, `case ${one.tcId}`);
  }
});

/* ---- Noise ---- */

const noise = publishedJson('noise/noise-nnpsk0.json');
test('Noise NNpsk0: the published handshake, from both ends, and the channel behind it', skipUnless(noise, 'noise'), () => {
  const v = noise.vectors.find((one: Json) => one.protocol_name === 'Noise_NNpsk0_25519_ChaChaPoly_SHA256');
  const initiator = new Noise(true, h(v.init_prologue), h(v.init_psks[0]), h(v.init_ephemeral));
  const responder = new Noise(false, h(v.resp_prologue), h(v.resp_psks[0]), h(v.resp_ephemeral));
  const [first, second, ...transport] = v.messages;
  assert.equal(hex(initiator.write(h(first.payload))), first.ciphertext);
  assert.equal(hex(responder.read(h(first.ciphertext))), first.payload);
  assert.equal(hex(responder.write(h(second.payload))), second.ciphertext);
  assert.equal(hex(initiator.read(h(second.ciphertext))), second.payload);
  const a = initiator.split(), b = responder.split();
  assert.equal(hex(a.hash), v.handshake_hash);
  assert.equal(hex(b.hash), v.handshake_hash);
  transport.forEach((message: Json, i: number) => {
    const [out, into] = i % 2 === 0 ? [a.channel, b.channel] : [b.channel, a.channel];
    assert.equal(hex(out.seal(h(message.payload))), message.ciphertext);
    assert.equal(hex(into.open(h(message.ciphertext))), message.payload);
  });
});

test('Noise: a low-order ephemeral, a flipped bit, a short message and a wrong turn end it', () => {
  const make = (): [Noise, Noise] => [new Noise(true, utf8('p'), new Uint8Array(32).fill(1), random(32)), new Noise(false, utf8('p'), new Uint8Array(32).fill(1), random(32))];
  let [a, b] = make();
  const first = a.write();
  assert.throws(() => b.read(flipped(first, 40)), raises('CRYPTO'));
  [a, b] = make();
  b.read(a.write());
  assert.throws(() => a.read(concat(new Uint8Array(32), b.write().subarray(32))), raises('KEY'));
  [a, b] = make();
  assert.throws(() => b.write(), raises('STATE'));
  assert.throws(() => b.read(new Uint8Array(47)), raises('FORMAT'));
  assert.throws(() => a.split(), raises('STATE'));
});

/* ---- CPace ---- */

const cpace = publishedJson('cpace/testvectors.json');
test('CPace-ristretto255: generator, shares, key and session key of the draft', skipUnless(cpace, 'cpace'), () => {
  const v = cpace.G_Coffee25519, lower = (text: string): string => text.toLowerCase();
  const little = (text: string): bigint => BigInt(`0x${hex(h(text).reverse())}`);
  const g = cpaceGenerator(h(v.PRS), h(v.CI), h(v.sid));
  assert.equal(hex(g), lower(v.g));
  assert.equal(hex(cpaceProduct(little(v.ya), g)), lower(v.Ya));
  assert.equal(hex(cpaceProduct(little(v.yb), g)), lower(v.Yb));
  const k = cpaceProduct(little(v.ya), h(v.Yb));
  assert.equal(hex(k), lower(v.K));
  assert.equal(hex(cpaceIsk(h(v.sid), k, { share: h(v.Ya), ad: h(v.ADa) }, { share: h(v.Yb), ad: h(v.ADb) })), lower(v.ISK_IR));
  const points = cpace.G_Coffee25519_points;
  assert.equal(hex(cpaceProduct(little(points.Valid.s), h(points.Valid.X))), lower(points.Valid['G.scalar_mult_vfy(s,X)']));
  for (const bad of ['Invalid Y1', 'Invalid Y2']) assert.throws(() => cpaceProduct(little(points.Valid.s), h(points[bad])), raises('KEY'));
});

test('CPace: one code, one key; another code, other tags; one\u2019s own share is refused', () => {
  const run = (initiator: boolean, prs: string): Cpace => new Cpace(initiator, utf8(prs), utf8('ci'), utf8('sid'), utf8('ad'), random(64));
  const [a, b] = [run(true, '407183922'), run(false, '407183922')];
  const [ka, kb] = [a.finish(b.share, utf8('ad')), b.finish(a.share, utf8('ad'))];
  assert.deepEqual([ka.psk, ka.tagOwn, ka.tagPeer], [kb.psk, kb.tagPeer, kb.tagOwn]);
  const [c, d] = [run(true, '407183922'), run(false, '407183923')];
  assert.notDeepEqual(c.finish(d.share, utf8('ad')).tagPeer, d.finish(c.share, utf8('ad')).tagOwn);
  const e = run(true, '407183922');
  assert.throws(() => e.finish(e.share, utf8('ad')), raises('KEY'));
});

/* ---- SFrame ---- */

const sframe = publishedJson('sframe/test-vectors.json');
test('SFrame: every published header, and frames of suites 4 and 5', skipUnless(sframe, 'sframe'), async () => {
  for (const one of sframe.header) {
    assert.equal(hex(sframeHeader(BigInt(one.kid), BigInt(one.ctr))), one.encoded);
    assert.deepEqual(sframeHeaderParse(h(one.encoded)), { kid: BigInt(one.kid), ctr: BigInt(one.ctr), length: one.encoded.length / 2 });
  }
  for (const one of sframe.sframe) {
    if (one.cipher_suite !== 4 && one.cipher_suite !== 5) continue;
    const make = (use: 'encrypt' | 'decrypt'): SframeKey => SframeKey.make(BigInt(one.kid), h(one.base_key), use, one.cipher_suite);
    assert.equal(hex(await make('encrypt').seal(BigInt(one.ctr), h(one.metadata), h(one.pt))), one.ct);
    assert.equal(hex(await make('decrypt').open(h(one.metadata), h(one.ct))), one.pt);
  }
});

test('SFrame: headers that are not minimal, flipped bits, other metadata, used counters and dead keys are refused', async () => {
  for (const header of ['0807', '800500', '0900ff', '8900ff00ff', 'f80000000000000001', '']) assert.throws(() => sframeHeaderParse(h(header)), raises('FORMAT'), header);
  const base = random(32), sealer = SframeKey.make(1097n, base, 'encrypt'), opener = SframeKey.make(1097n, base, 'decrypt');
  const frame = await sealer.seal(0n, utf8('meta'), utf8('picture'));
  assert.deepEqual(await opener.open(utf8('meta'), frame), utf8('picture'));
  for (let at = 0; at < frame.length; at++) await assert.rejects(opener.open(utf8('meta'), flipped(frame, at, at % 8)));
  await assert.rejects(opener.open(utf8('Meta'), frame), raises('CRYPTO'));
  await assert.rejects(sealer.seal(0n, utf8('meta'), utf8('again')), raises('STATE'));
  sealer.destroy();
  await assert.rejects(sealer.seal(1n, utf8('meta'), utf8('late')), raises('CONSENT'));
});

/* ---- notes ---- */

test('a note verifies under its keys, and under nothing else', () => {
  const seed = random(32), other = random(32), key = noteKey('example.org/a', signPublicKey(seed)), text = 'one\ntwo\n';
  const note = noteMake(text, 'example.org/a', seed);
  assert.equal(noteVerify(note, key), text);
  assert.equal(noteVerify(noteAddLine(note, noteSignLine(text, 'example.org/b', other)), key), text);
  assert.throws(() => noteVerify(note, noteKey('example.org/b', signPublicKey(seed))), raises('SIGNATURE'));
  assert.throws(() => noteVerify(note.replace('two', 'tow'), key), raises('SIGNATURE'));
  assert.throws(() => noteAddLine(note, noteSignLine(text, 'example.org/a', seed)), raises('REPLAY'));
  for (const bad of ['', 'x', text, `${text}\n`, note.slice(0, -1), note.replace('\u2014', '-'), note.replace('one', 'o\u0007e'), `${note}x\n`, note.replace(/=\n$/, '\n')])
    assert.throws(() => noteVerify(bad, key), JSON.stringify(bad));
});

test('a note that two signed must verify under both when both are known', () => {
  const seed = random(32), text = 'one\n', good = noteMake(text, 'example.org/a', seed), key = noteKey('example.org/a', signPublicKey(seed));
  const wrong = noteSignLine('other\n', 'example.org/a', seed);
  assert.throws(() => noteVerify(`${text}\n${wrong}${good.slice(text.length + 1)}`, key), raises('SIGNATURE'));
});

const example = publishedJson('note/c2sp-signed-note-example.json');
test('the note of the C2SP specification', skipUnless(example, 'note'), () => {
  const key = noteKeyParse(example.vkey);
  assert.equal(hex(key.id), example.key_id_hex);
  assert.equal(noteVerify(example.note, key), example.text);
  for (const bad of [example.vkey.slice(0, -1), example.vkey.replace('+530', '+531'), 'a', 'a+b+c', `${example.vkey}=`]) assert.throws(() => noteKeyParse(bad));
});

/* ---- sealed box ---- */

test('a sealed box opens for its recipient alone', () => {
  const secret = random(32), box = boxSeal(utf8('evidence'), x25519.getPublicKey(secret), random(32));
  assert.deepEqual(boxOpen(box, secret), utf8('evidence'));
  assert.throws(() => boxOpen(box, random(32)), raises('CRYPTO'));
  for (let at = 0; at < box.length; at++) assert.throws(() => boxOpen(flipped(box, at), secret), raises('CRYPTO'));
  assert.throws(() => boxSeal(utf8('x'), new Uint8Array(32), random(32)), raises('KEY'));
});
