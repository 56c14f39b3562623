// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { concat, hex, utf8, type Bytes } from '../../src/proto/util/bytes.js';
import { isValue } from '../../src/proto/util/text.js';
import { base64 } from '../../src/proto/seal/base64.js';
import { sha256 } from '../../src/proto/seal/kdf.js';
import { noteKeyParse, noteMake, noteVerify } from '../../src/proto/seal/note.js';
import { SframeKey } from '../../src/proto/seal/sframe.js';
import { gateSign } from '../../src/proto/consent/gate.js';
import { customerSigner, frameContext, keyCommit, kidOf, shownHash, statementLines, statementWrite } from '../../src/proto/consent/statement.js';
import { mediaHeaderRead, mediaHeaderWrite, type MediaClass } from '../../src/proto/media/header.js';
import { codeCheckDigit, inviteCodeFormat, inviteCodeParse, inviteLinkBuild, inviteLinkParse, inviteLinkPsk, inviteLinkSid, isJoinHost } from '../../src/proto/pairing/invite.js';
import { WORDS } from '../../src/proto/pairing/words.js';
import { capabilityFromNumber, type Capability, type Role } from '../../src/proto/wire/capability.js';
import { controlFrame, controlParse, type Control } from '../../src/proto/wire/control.js';
import { envelope, envelopeParse } from '../../src/proto/wire/envelope.js';
import { ChatSchema, DataSchema, FromRelaySchema, HeartbeatSchema, LogReceiptSchema, MarkSchema, NonceSchema } from '../../src/proto/wire/handhold_pb.js';
import { decodeMessage, encodeMessage } from '../../src/proto/wire/message.js';
import { flipped, h, madeJson, raises, skipUnless, type Json } from './vectors.js';

/* ---- what the C code wrote ---- */

const statements = madeJson('statements.json');
test('statements: text, note and chain, byte for byte', skipUnless(statements, 'statements.json'), () => {
  const seed = h(statements.customer_seed), sid = h(statements.session);
  for (const s of statements.statements as Json[]) {
    const text = statementWrite({
      sid, seq: s.seq, prev: s.prev ? h(s.prev) : undefined, unixS: s.time, action: s.action, capability: s.capability === '-' ? undefined : (s.capability as Capability),
      grantee: s.grantee ? { fingerprint: h(s.grantee), role: s.role as Role } : undefined, domain: s.domain, verified: s.verified, epoch: s.epoch, maxS: s.max_s,
      retentionDays: s.retention_days, keyCommit: s.key_commit ? h(s.key_commit) : undefined, purpose: s.purpose ?? '', uiText: h(s.ui_text), uiBuild: h(s.ui_build),
    });
    assert.equal(text, s.text);
    assert.equal(hex(sha256(utf8(text))), s.stmt_hash);
    const note = noteMake(text, customerSigner(sid), seed);
    assert.equal(s.note.slice(0, note.length), note);
    assert.equal(noteVerify(s.note, noteKeyParse(statements.customer_vkey)), text);
    if (s.cosigned) assert.equal(noteVerify(s.note, noteKeyParse(statements.agent_vkey)), text);
    assert.equal(statementLines(text).get('action'), s.action);
  }
});

/* By sha256sum; the agent's end and whoever verifies make it again out of the statement. */
test('what stood on the sheet is hashed as every end does it', () => {
  assert.equal(hex(shownHash('camera', 'to see the lamp', 1800)), '1a40cd3fd04b541c82571f85f1dd76be70013eb496bba9abbf21b032b9965e2a');
  assert.equal(hex(shownHash('microphone', 'to hear you, ä', 0)), 'f5672ef960108914cf7761136bdbd8ccb0bd9eec8a752d5c70817531cceb17cc');
  assert.equal(hex(shownHash(undefined, '', 0)), 'b481a758e578695932b6e192eb22e29bd7612025b3f9dbeb0c5528268f1a6d05');
});

const gates = madeJson('gates.json');
test('gates, byte for byte', skipUnless(gates, 'gates.json'), () => {
  for (const g of gates.gates as Json[])
    assert.equal(hex(gateSign({
      sid: h(g.session), gateSeq: g.gate_seq, open: g.open, src: g.src, stream: g.stream, dst: g.dst, capability: capabilityFromNumber(g.capability)!,
      grantee: h(g.grantee), ttlS: g.ttl_s, leafHash: h(g.leaf_hash),
    }, h(gates.cs_seed))), g.gate);
});

const frames = madeJson('frames.json');
test('frames: sealed byte for byte, opened, and no bit may change', skipUnless(frames, 'frames.json'), async () => {
  const context = frameContext(h(frames.session), h(frames.cs_pub));
  assert.equal(hex(context), frames.ctx);
  for (const f of frames.frames as Json[]) {
    const header = { flags: f.flags, src: f.src, stream: f.stream, tid: f.tid, sid: f.sid, class: f.class as MediaClass, prio: f.prio, tl0: f.tl0, tsMs: f.ts_ms, object: f.obj };
    const clear = mediaHeaderWrite(header), meta = concat(clear, context), kid = kidOf(f.epoch, f.src, f.stream), message = h(f.message);
    assert.equal(hex(clear), f.clear_header);
    assert.deepEqual(mediaHeaderRead(message), header);
    assert.equal(kid, BigInt(f.kid));
    assert.equal(hex(keyCommit(kid, h(f.base_key))), f.key_commit);
    const sealed = await SframeKey.make(kid, h(f.base_key), 'encrypt').seal(BigInt(f.counter), meta, h(f.plaintext));
    assert.equal(hex(concat(clear, sealed)), f.message);
    const opener = SframeKey.make(kid, h(f.base_key), 'decrypt');
    const open = (bytes: Bytes): Promise<Bytes> => opener.open(concat(bytes.subarray(0, 16), context), bytes.subarray(16));
    assert.equal(hex(await open(message)), f.plaintext);
    for (const at of [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 17, message.length - 1]) await assert.rejects(open(flipped(message, at, at % 8)));
  }
});

const invitations = madeJson('invitations.json');
test('invitations: links, codes and check digits', skipUnless(invitations, 'invitations.json'), () => {
  for (const one of invitations.check_digits as Json[]) assert.equal(codeCheckDigit(one.digits), one.check);
  for (const one of invitations.codes as Json[]) {
    if (!one.good) assert.throws(() => inviteCodeParse(one.typed), raises('CODE'), one.typed);
    else assert.deepEqual([inviteCodeParse(one.typed).nameplate, inviteCodeParse(one.typed).secret, inviteCodeFormat(inviteCodeParse(one.typed))], [one.nameplate, one.secret, one.shown]);
  }
  for (const one of invitations.links as Json[]) {
    const link = inviteLinkParse(one.link);
    assert.deepEqual([link.joinHost, hex(link.k), hex(link.pin), hex(inviteLinkSid(link)), hex(inviteLinkPsk(link))], [one.join_host, one.k, one.ca_fp, one.sid, one.psk]);
    assert.equal(inviteLinkBuild(link), one.link);
  }
});

const control = madeJson('control.json');
test('control messages: framed byte for byte, and badly framed ones refused', skipUnless(control, 'control.json'), () => {
  for (const one of control.framed as Json[]) {
    assert.equal(hex(controlFrame(one.message as Control, h(one.body))), one.plaintext);
    assert.deepEqual(controlParse(h(one.plaintext)), { message: one.message, body: h(one.body) });
  }
  for (const bad of control.refused as string[]) assert.throws(() => controlParse(h(bad)), raises('FORMAT'), bad);
});

/* ---- invitations that people damage ---- */

test('every single wrong digit and every swap of neighbours is caught', () => {
  const code = '4071839229';
  for (let at = 0; at < 10; at++) {
    for (const digit of '0123456789') if (digit !== code[at]) assert.throws(() => inviteCodeParse(code.slice(0, at) + digit + code.slice(at + 1)), raises('CODE'));
    if (at < 9 && code[at] !== code[at + 1]) assert.throws(() => inviteCodeParse(code.slice(0, at) + code[at + 1] + code[at] + code.slice(at + 2)), raises('CODE'));
  }
});

test('a link says what is wrong with it', () => {
  const link = inviteLinkBuild({ joinHost: 'help.example.org', flags: 0, k: new Uint8Array(32).fill(1), pin: new Uint8Array(16).fill(2) });
  assert.equal(inviteLinkParse(` ${link}\n`).joinHost, 'help.example.org');
  for (const bad of ['', 'x', link.slice(0, -1), `${link}=`, link.replace('https', 'http'), link.replace('/j', '/k'), link.replace('help', 'Help'), link.replace('.org', '.org:443'), link.split('#')[0]!])
    assert.throws(() => inviteLinkParse(bad), raises('LINK'), bad);
  const version = link.replace('#AQ', '#Ag'), flag = link.replace('#AQA', '#AQE');
  assert.throws(() => inviteLinkParse(version), raises('VERSION'));
  assert.throws(() => inviteLinkParse(flag), raises('VERSION'));
  for (const good of ['a', 'help.example.org', 'help.example.org:8443', '127.0.0.1:1']) assert.ok(isJoinHost(good), good);
  for (const bad of ['', '.', 'a.', '-a', 'a-', 'a:0', 'a:443', 'a:70000', 'a:01', 'a b', 'A', 'a_b', 'x'.repeat(64)]) assert.ok(!isJoinHost(bad), bad);
});

test('the check words are 1024, and different', () => {
  assert.equal(WORDS.length, 1024);
  assert.equal(new Set(WORDS).size, 1024);
});

/* ---- values, bounds ---- */

test('a value of a note has no control characters, line separators or more than 200 bytes', () => {
  for (const good of ['', 'To see the lights', '\u00e4'.repeat(100), '\ud83d\udd27']) assert.ok(isValue(good), good);
  for (const bad of ['\n', 'a\tb', '\u007f', '\u0085', '\u2028', '\u2029', 'x'.repeat(201), '\u00e4'.repeat(101), '\ud83d']) assert.ok(!isValue(bad), JSON.stringify(bad));
});

test('a message over a bound does not decode, and is not sent', () => {
  const chat = (text: string): Bytes => toBinary(DataSchema, create(DataSchema, { seq: 1n, body: { case: 'chat', value: create(ChatSchema, { text }) } }));
  assert.equal(decodeMessage(DataSchema, chat('x'.repeat(2000))).seq, 1n);
  assert.throws(() => decodeMessage(DataSchema, chat('x'.repeat(2001))), raises('RANGE'));
  assert.throws(() => decodeMessage(DataSchema, chat('a\0b')), raises('FORMAT'));
  assert.throws(() => encodeMessage(ChatSchema, { text: 'x'.repeat(2001) }), raises('RANGE'));
  assert.throws(() => encodeMessage(MarkSchema, { points: Array.from({ length: 513 }, () => 0) }), raises('RANGE'));
  assert.throws(() => encodeMessage(NonceSchema, { nA: new Uint8Array(15) }), raises('RANGE'));
  assert.throws(() => encodeMessage(HeartbeatSchema, { logRoot: new Uint8Array(33) }), raises('RANGE'));
  assert.throws(() => encodeMessage(LogReceiptSchema, { commitment: new Uint8Array(32), inclusion: new Uint8Array(2049) }), raises('RANGE'));
  assert.throws(() => encodeMessage(FromRelaySchema, { body: { case: 'welcome', value: { peers: Array.from({ length: 16 }, () => ({})) } } }), raises('RANGE'));
});

test('a text that is not UTF-8 does not decode', () => {
  for (const bytes of ['0a02c328', '0a01ff', '0a03eda080', '0a02c080', '0a04f4908080']) assert.throws(() => decodeMessage(ChatSchema, h(bytes)), raises('FORMAT'), bytes);
  assert.equal(decodeMessage(ChatSchema, h('0a03efbbbf')).text, '\ufeff');
  for (const bytes of ['0a', '0aff', 'ff', '0a05aa']) assert.throws(() => decodeMessage(ChatSchema, h(bytes)), raises('FORMAT'), bytes);
});

test('an envelope within its bounds', () => {
  assert.deepEqual(envelopeParse(envelope(0x40, 1, 0, utf8('x'))), { type: 0x40, src: 1, dst: 0, body: utf8('x') });
  for (const bad of ['', '40', '400100', '40010001', '40100000', '40011000', '41010000', '20010000']) assert.throws(() => envelopeParse(h(bad)), raises('FORMAT'), bad);
  assert.throws(() => envelope(0x10, 1, 2, new Uint8Array(16384)), raises('RANGE'));
  assert.equal(base64(new Uint8Array(1)), 'AA==');
});

test('a media header with an unknown flag, no stream or another type is none', () => {
  const good = mediaHeaderWrite({ flags: 9, src: 1, stream: 9, tid: 2, sid: 0, class: 2, prio: 3, tl0: 65537, tsMs: 2 ** 32 + 5, object: 7 });
  assert.deepEqual([mediaHeaderRead(good).tl0, mediaHeaderRead(good).tsMs], [1, 5]);
  for (const [at, value] of [[0, 0x21], [1, 0x20], [2, 16], [2, 0], [3, 0], [3, 64]] as const) {
    const bad = Uint8Array.from(good);
    bad[at] = value;
    assert.throws(() => mediaHeaderRead(bad), raises('FORMAT'));
  }
});
