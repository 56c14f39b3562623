// SPDX-License-Identifier: Apache-2.0
// A second implementation of the bytes that handhold-vectors wrote: node:crypto and this file, no code in common with the first.
//
//     node check.mjs DIR
//
// Every vector is made again from its fields and compared; then one bit is flipped, and it must be noticed.

import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
let checks = 0;

const load = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const hex = (text) => Buffer.from(text, 'hex');
const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts.map((p) => Buffer.from(p)))).digest();
const base64 = (bytes) => bytes.toString('base64');
const u16 = (n) => { const b = Buffer.alloc(2); b.writeUInt16BE(n); return b; };
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b; };

function same(got, want, what) {
  checks++;
  const a = Buffer.isBuffer(got) ? got.toString('hex') : String(got), b = Buffer.isBuffer(want) ? want.toString('hex') : String(want);
  if (a !== b)
    throw new Error(`${what}\n  made here: ${a.slice(0, 400)}\n  written:   ${b.slice(0, 400)}`);
}
function holds(condition, what) {
  checks++;
  if (!condition)
    throw new Error(what);
}

// ---- Ed25519: DER around the raw keys, which node wants

const publicKey = (raw) => crypto.createPublicKey({ key: Buffer.concat([hex('302a300506032b6570032100'), raw]), format: 'der', type: 'spki' });
const privateKey = (seed) => crypto.createPrivateKey({ key: Buffer.concat([hex('302e020100300506032b657004220420'), seed]), format: 'der', type: 'pkcs8' });
const verify = (raw, data, signature) => crypto.verify(null, data, publicKey(raw), signature);
const sign = (seed, data) => crypto.sign(null, data, privateKey(seed));
const labelled = (label, data) => Buffer.concat([Buffer.alloc(64, 0x20), Buffer.from(label), Buffer.from([0]), data]);

// ---- C2SP signed notes

function vkeyOf(text) {
  const [, name, id, key] = /^(.+)\+([0-9a-f]{8})\+(.+)$/.exec(text);
  const bytes = Buffer.from(key, 'base64');
  holds(bytes[0] === 1 && bytes.length === 33, 'an Ed25519 verifier key');
  const raw = bytes.subarray(1);
  same(sha256(name, '\n', Buffer.from([1]), raw).subarray(0, 4).toString('hex'), id, 'the id of a verifier key');
  return { name, id: hex(id), raw };
}

const lineOf = (key, signature) => `\u2014 ${key.name} ${base64(Buffer.concat([key.id, signature]))}\n`;

function openNote(note, keys) {
  const end = note.indexOf('\n\n');
  const text = note.slice(0, end + 1), lines = note.slice(end + 2).split('\n').slice(0, -1);
  let good = 0;
  for (const line of lines) {
    const [dash, name, encoded, ...rest] = line.split(' ');
    const bytes = Buffer.from(encoded, 'base64');
    if (dash !== '\u2014' || rest.length || base64(bytes) !== encoded)
      throw new Error(`not a signature line: ${line}`);
    const key = keys.find((k) => k.name === name && k.id.equals(bytes.subarray(0, 4)));
    if (key && verify(key.raw, Buffer.from(text), bytes.subarray(4)))
      good++;
  }
  return { text, good, lines: lines.length };
}

// ---- frames (RFC 9605, suite 0x0005)

const minimal = (n) => { let h = BigInt(n).toString(16); h = h.length % 2 ? `0${h}` : h; return hex(h); };

function sframeHeader(kid, counter) {
  const k = BigInt(kid), c = BigInt(counter), kb = minimal(k), cb = minimal(c);
  const config = (k < 8n ? Number(k) << 4 : 0x80 | (kb.length - 1) << 4) | (c < 8n ? Number(c) : 0x08 | (cb.length - 1));
  return Buffer.concat([Buffer.from([config]), k < 8n ? Buffer.alloc(0) : kb, c < 8n ? Buffer.alloc(0) : cb]);
}

function sframeKey(baseKey, kid) {
  const derive = (label, n) => Buffer.from(crypto.hkdfSync('sha512', baseKey, Buffer.alloc(0),
    Buffer.concat([Buffer.from(label), u64(kid), u16(5)]), n));
  return { key: derive('SFrame 1.0 Secret key ', 32), salt: derive('SFrame 1.0 Secret salt ', 12) };
}

function nonceOf(salt, counter) {
  const nonce = Buffer.from(salt), count = Buffer.concat([Buffer.alloc(4), u64(counter)]);
  for (let i = 0; i < nonce.length; i++)
    nonce[i] ^= count[i];
  return nonce;
}

function clearHeader(f) {
  return Buffer.concat([Buffer.from([0x20, f.flags, f.src, f.stream, f.tid << 5 | f.sid << 2 | f.class, f.prio]), u16(f.tl0), u32(f.ts_ms), u32(f.obj)]);
}

function openFrame(message, baseKey, kid, counter, ctx) {
  const header = message.subarray(0, 16), at = 16 + sframeHeader(kid, counter).length;
  const { key, salt } = sframeKey(baseKey, kid);
  const aead = crypto.createDecipheriv('aes-256-gcm', key, nonceOf(salt, counter));
  aead.setAAD(Buffer.concat([message.subarray(16, at), header, ctx]));
  aead.setAuthTag(message.subarray(message.length - 16));
  return Buffer.concat([aead.update(message.subarray(at, message.length - 16)), aead.final()]);
}

function checkFrames() {
  const file = load('frames.json'), sid = hex(file.session), ctx = sha256('handhold/1 ctx', sid, hex(file.cs_pub));
  same(ctx, hex(file.ctx), 'the context of a session');
  for (const f of file.frames) {
    const base = hex(f.base_key), message = hex(f.message);
    same((BigInt(f.epoch) << 10n | BigInt(f.src) << 6n | BigInt(f.stream)).toString(), f.kid, 'a KID');
    same(sha256('handhold/1 keycommit', u64(f.kid), base), hex(f.key_commit), 'a commitment to a key');
    same(clearHeader(f), hex(f.clear_header), 'a clear header');
    const inner = sframeHeader(f.kid, f.counter), { key, salt } = sframeKey(base, f.kid);
    const aead = crypto.createCipheriv('aes-256-gcm', key, nonceOf(salt, f.counter));
    aead.setAAD(Buffer.concat([inner, clearHeader(f), ctx]));
    const sealed = Buffer.concat([aead.update(hex(f.plaintext)), aead.final(), aead.getAuthTag()]);
    same(Buffer.concat([clearHeader(f), inner, sealed]), message, `the frame of KID ${f.kid}, counter ${f.counter}`);
    same(openFrame(message, base, f.kid, f.counter, ctx), hex(f.plaintext), 'an opened frame');
    for (const at of [1, 4, 5, 6, 15, 16, message.length - 1]) {
      const altered = Buffer.from(message);
      altered[at] ^= 1;
      let opened = true;
      try { openFrame(altered, base, f.kid, f.counter, ctx); } catch { opened = false; }
      holds(!opened, `a frame with byte ${at} altered was opened`);
    }
  }
}

// ---- statements and events

function statementText(session, s) {
  const b64 = (h) => base64(hex(h));
  return [
    'handhold/1 statement', `session ${session}`, `seq ${s.seq}`, `prev ${s.prev ? b64(s.prev) : '-'}`, `time ${s.time}`,
    `action ${s.action}`, `capability ${s.capability}`, `grantee ${s.grantee ? `${b64(s.grantee)} ${s.role}` : '-'}`,
    `org ${s.domain} ${s.verified ? 'verified' : 'unverified'}`, `scope ${s.epoch} ${s.max_s} ${s.retention_days}`,
    `key ${s.key_commit ? b64(s.key_commit) : '-'}`, `purpose ${s.purpose || '-'}`, `ui ${b64(s.ui_text)} ${b64(s.ui_build)}`, '',
  ].join('\n');
}

function checkStatements() {
  const file = load('statements.json'), seed = hex(file.customer_seed);
  const customer = vkeyOf(file.customer_vkey), agent = vkeyOf(file.agent_vkey);
  let prev = null, seq = 0;
  same(customer.name, `handhold.session/${file.session}`, 'the name under which a customer signs');
  for (const s of file.statements) {
    const text = statementText(file.session, s);
    same(text, s.text, `statement ${s.seq}`);
    same(s.prev, prev, `the chain at statement ${s.seq}`);
    same(s.seq, ++seq, 'the number of a statement');
    prev = sha256(text).toString('hex');
    same(prev, s.stmt_hash, 'the hash of a statement');
    const own = `${text}\n${lineOf(customer, sign(seed, Buffer.from(text)))}`;
    same(s.note.slice(0, own.length), own, 'the note and the line of the customer');
    const opened = openNote(s.note, [customer, agent]);
    same(opened.good, s.cosigned ? 2 : 1, 'the signatures that verify');
    same(opened.lines, s.cosigned ? 2 : 1, 'the signature lines');
    same(openNote(s.note.replace(/^seq \d+$/m, 'seq 99'), [customer, agent]).good, 0, 'signatures under an edited statement');
  }
}

function eventText(session, e) {
  const details = Object.keys(e.details).sort().map((key) => `${key}=${e.details[key]}`);
  return [
    'handhold/1 event', `session ${session}`, `seq ${e.seq}`, `prev ${e.prev ? base64(hex(e.prev)) : '-'}`, `time ${e.time}`,
    `action ${e.action}`, `capability ${e.capability}`, `subject ${e.subject || '-'}`, `detail ${details.join(' ') || '-'}`, '',
  ].join('\n');
}

function checkEvents() {
  const file = load('events.json'), relay = vkeyOf(file.relay_vkey);
  let prev = null;
  for (const e of file.events) {
    same(eventText(file.session, e), e.text, `event ${e.seq}`);
    same(e.prev, prev, `the chain at event ${e.seq}`);
    prev = sha256(e.text).toString('hex');
    same(openNote(e.note, [relay]).good, 1, 'the signature of the relay');
  }
}

// ---- gates

function checkGates() {
  const file = load('gates.json');
  for (const g of file.gates) {
    const body = Buffer.concat([hex(g.session), u32(g.gate_seq), Buffer.from([g.open ? 1 : 0, g.src, g.stream, g.dst, g.capability]),
      hex(g.grantee), u32(g.ttl_s), hex(g.leaf_hash)]);
    const head = Buffer.concat([Buffer.from('handhold/1 gate\0'), body]);
    const signed = labelled('handhold/1 gate', body);
    same(Buffer.concat([head, sign(hex(file.cs_seed), signed)]), hex(g.gate), `gate ${g.gate_seq}`);
    holds(verify(hex(file.cs_pub), signed, hex(g.gate).subarray(head.length)), 'the signature of a gate');
  }
}

// ---- the log (RFC 6962, RFC 9162 section 2.1)

const leafHash = (leaf) => sha256(Buffer.from([0]), leaf);
const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);
const split = (bytes) => Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));

function rootOf(hashes) {
  if (!hashes.length)
    return sha256('');
  if (hashes.length === 1)
    return hashes[0];
  let k = 1;
  while (k * 2 < hashes.length)
    k *= 2;
  return nodeHash(rootOf(hashes.slice(0, k)), rootOf(hashes.slice(k)));
}

function inclusionRoot(hash, index, size, proof) {
  let fn = index, sn = size - 1, r = hash;
  for (const p of proof) {
    if (sn === 0)
      return null;
    if (fn % 2 || fn === sn) {
      r = nodeHash(p, r);
      while (fn % 2 === 0 && fn !== 0) { fn >>= 1; sn >>= 1; }
    } else {
      r = nodeHash(r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn === 0 ? r : null;
}

function consistent(from, fromRoot, to, toRoot, given) {
  if (from === to)
    return !given.length && fromRoot.equals(toRoot);
  const proof = (from & (from - 1)) === 0 ? [fromRoot, ...given] : [...given];
  let fn = from - 1, sn = to - 1;
  while (fn % 2) { fn >>= 1; sn >>= 1; }
  let fr = proof[0], sr = proof[0];
  for (const c of proof.slice(1)) {
    if (sn === 0)
      return false;
    if (fn % 2 || fn === sn) {
      fr = nodeHash(c, fr);
      sr = nodeHash(c, sr);
      while (fn % 2 === 0 && fn !== 0) { fn >>= 1; sn >>= 1; }
    } else {
      sr = nodeHash(sr, c);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return fr.equals(fromRoot) && sr.equals(toRoot) && sn === 0;
}

function checkLeaf(e) {
  const commitment = crypto.createHmac('sha256', hex(e.salt)).update('handhold/1 leaf\0').update(e.note).digest();
  const leaf = Buffer.concat([Buffer.from('HHL1'), Buffer.from([e.class, 0, 0, 0]), u64(Math.floor(e.time / 60) * 60), commitment]);
  same(commitment, hex(e.commitment), 'a commitment');
  same(leaf, hex(e.leaf), 'a leaf');
  same(leafHash(leaf), hex(e.leaf_hash), 'the hash of a leaf');
}

function checkReceipt(e, log, origin) {
  const opened = openNote(e.checkpoint, [log]);
  same(opened.text, `${origin}\n${e.size}\n${base64(hex(e.root))}\n`, 'a checkpoint');
  same(opened.good, 1, 'the signature of a checkpoint');
  const inclusion = split(hex(e.inclusion));
  same(inclusionRoot(hex(e.leaf_hash), e.index, e.size, inclusion), hex(e.root), `inclusion of leaf ${e.index} in ${e.size}`);
  if (inclusion.length)
    holds(!inclusionRoot(hex(e.leaf_hash), e.index, e.size, [sha256('other'), ...inclusion.slice(1)])?.equals(hex(e.root)), 'a false inclusion proof');
  if (e.seen_size)
    holds(consistent(e.seen_size, hex(e.seen_root), e.size, hex(e.root), split(hex(e.consistency))), `consistency of ${e.seen_size} and ${e.size}`);
  const name = `${origin}/evidence`;
  const key = { name, raw: log.raw, id: sha256(name, '\n', Buffer.from([1]), log.raw).subarray(0, 4) };
  const text = `handhold/1 evidence\n${e.index}\n${base64(hex(e.leaf_hash))}\n${base64(sha256(hex(e.evidence)))}\n`;
  same(openNote(`${text}\n${e.evidence_line}\n`, [key]).good, 1, 'the line under the evidence');
}

function checkProof(e) {
  const [first, extra, index, ...rest] = e.tlog_proof.split('\n');
  same(first, 'c2sp.org/tlog-proof@v1', 'the first line of a proof');
  const kept = Buffer.concat([hex(e.leaf), hex(e.salt), Buffer.from(e.note)]);
  same(extra, `extra ${base64(kept)}`, 'the extra line of a proof');
  same(index, `index ${e.index}`, 'the index line of a proof');
  const hashes = split(hex(e.inclusion)).map(base64);
  same([...hashes, '', e.checkpoint].join('\n'), rest.join('\n'), 'the hashes and the checkpoint of a proof');
}

function checkLog() {
  const file = load('log.json'), log = vkeyOf(file.vkey), hashes = [];
  same(log.name, file.origin, 'the origin of the log');
  for (const e of file.entries) {
    checkLeaf(e);
    hashes.push(hex(e.leaf_hash));
    same(rootOf(hashes), hex(e.root), `the root of ${hashes.length} leaves`);
    checkReceipt(e, log, file.origin);
    checkProof(e);
  }
}

// ---- invitations and framing

const damm = ['0317598642', '7092154863', '4206871359', '1750983426', '6123045978', '3674209581', '5869720134', '8945362017', '9438617205', '2581436790'];
const checkDigit = (digits) => [...digits].reduce((interim, d) => Number(damm[interim][d]), 0);

function parseCode(text) {
  if (!/^[0-9 .-]*$/.test(text))
    return null;
  const digits = text.replace(/[ .-]/g, '');
  if (digits.length < 10 || digits.length > 12 || checkDigit(digits) !== 0)
    return null;
  return { nameplate: digits.slice(0, -7), secret: digits.slice(-7, -1) };
}

function checkInvitations() {
  const file = load('invitations.json');
  const hkdf = (key, label, n) => Buffer.from(crypto.hkdfSync('sha256', key, Buffer.alloc(0), label, n));
  for (const c of file.check_digits)
    same(checkDigit(c.digits), c.check, `the check digit of ${c.digits}`);
  for (const c of file.codes) {
    const code = parseCode(c.typed);
    same(Boolean(code), c.good, `whether "${c.typed}" is a code`);
    if (code)
      same(`${code.nameplate} ${code.secret}`, `${c.nameplate} ${c.secret}`, 'the parts of a code');
  }
  for (const l of file.links) {
    const k = hex(l.k), fragment = Buffer.concat([Buffer.from([1, 0]), k, hex(l.ca_fp)]).toString('base64url');
    same(`https://${l.join_host}/j#${fragment}`, l.link, 'a link');
    same(hkdf(k, 'handhold/1 sid', 16), hex(l.sid), 'the sid of a link');
    same(hkdf(k, 'handhold/1 link psk', 32), hex(l.psk), 'the psk of a link');
  }
}

function checkControl() {
  for (const m of load('control.json').framed) {
    const body = hex(m.body), used = 6 + body.length;
    const framed = Buffer.concat([Buffer.from([m.message, 0]), u32(body.length), body, Buffer.alloc((64 - used % 64) % 64)]);
    same(framed, hex(m.plaintext), `control message ${m.message}`);
  }
}

for (const check of [checkFrames, checkStatements, checkEvents, checkGates, checkLog, checkInvitations, checkControl]) {
  const before = checks;
  check();
  console.log(`${check.name.slice(5).toLowerCase()}: ${checks - before} checks hold`);
}
