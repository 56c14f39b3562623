// SPDX-License-Identifier: Apache-2.0
// Vector files of this implementation, in the form of handhold-vectors and from other inputs, for others to repeat byte for byte.
//     npm run compile && node test/write-vectors.mjs DIR
import { mkdirSync, writeFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import { join } from 'node:path';

globalThis.crypto ??= webcrypto;
const at = (path) => import(`../build/node/src/proto/${path}`);
const { concat, hex, utf8 } = await at('util/bytes.js'), { sha256 } = await at('seal/kdf.js');
const { noteKey, noteMake } = await at('seal/note.js'), { signPublicKey } = await at('seal/signature.js'), { base64 } = await at('seal/base64.js');
const { SframeKey } = await at('seal/sframe.js'), { mediaHeaderWrite } = await at('media/header.js');
const { customerSigner, frameContext, keyCommit, kidOf, statementWrite } = await at('consent/statement.js'), { gateSign } = await at('consent/gate.js');
const { codeCheckDigit, inviteCodeFormat, inviteCodeParse, inviteLinkBuild, inviteLinkParse, inviteLinkPsk, inviteLinkSid } = await at('pairing/invite.js');
const { controlFrame } = await at('wire/control.js'), { capabilityFromNumber } = await at('wire/capability.js');

const folder = process.argv[2];
let state = sha256(utf8('handhold/1 vectors of the second implementation'));
/** Bytes that are the same each time. */
const draw = (length) => {
  const parts = [];
  for (let have = 0; have < length; have += 32) parts.push((state = sha256(state)));
  return concat(...parts).slice(0, length);
};
const sid = draw(16), seed = draw(32), csPublic = signPublicKey(seed), agentSeed = draw(32);
const vkey = (key) => `${key.name}+${hex(key.id)}+${base64(concat(Uint8Array.of(1), key.publicKey))}`;
const files = {};

async function frames() {
  const ctx = frameContext(sid, csPublic), list = [];
  const shapes = [[1, 1, 0, 0, 11], [1, 1, 1, 2, 0], [1, 1, 7, 1, 1200], [2, 1, 8, 0, 63], [70000, 33, 255, 0, 64], [4194304, 63, 256, 2, 4000], [4294967295, 63, 65536, 0, 1]];
  for (const [epoch, stream, counter, tid, length] of shapes) {
    const header = { flags: counter ? 2 : 9, src: 1, stream, tid, sid: 0, class: 2, prio: 3, tl0: counter & 0xffff, tsMs: counter * 33, object: counter + 1 };
    const kid = kidOf(epoch, 1, stream), base = draw(32), plaintext = draw(length), clear = mediaHeaderWrite(header);
    const sealed = await SframeKey.make(kid, base, 'encrypt').seal(BigInt(counter), concat(clear, ctx), plaintext);
    list.push({ base_key: hex(base), class: 2, clear_header: hex(clear), counter: String(counter), epoch, flags: header.flags, key_commit: hex(keyCommit(kid, base)),
      kid: String(kid), message: hex(concat(clear, sealed)), obj: header.object, plaintext: hex(plaintext), prio: 3, sid: 0, src: 1, stream, tid, tl0: header.tl0, ts_ms: header.tsMs });
  }
  files['frames.json'] = { cs_pub: hex(csPublic), ctx: hex(ctx), frames: list, session: hex(sid) };
}

function statements() {
  const list = [];
  let prev;
  const cases = [['refuse', 'camera', 'policy forbids', 0], ['grant', 'camera', 'Damit ich die Lämpchen sehe', 1], ['rekey', 'camera', '', 2], ['withdraw', 'camera', 'x'.repeat(200), 2], ['end', undefined, 'completed', 0]];
  cases.forEach(([action, capability, purpose, epoch], i) => {
    const keyed = action === 'grant' || action === 'rekey', everyone = action === 'rekey' || action === 'end';
    const st = { sid, seq: i + 1, prev, unixS: 1790000000 + i, action, capability, grantee: everyone ? undefined : { fingerprint: draw(32), role: 'agent' }, domain: 'example.org',
      verified: i % 2 === 0, epoch, maxS: 60 * i, retentionDays: i, keyCommit: keyed ? draw(32) : undefined, purpose, uiText: draw(32), uiBuild: draw(32) };
    const text = statementWrite(st), hash = sha256(utf8(text));
    list.push({ action, capability: capability ?? '-', cosigned: false, domain: st.domain, epoch, grantee: st.grantee ? hex(st.grantee.fingerprint) : null,
      key_commit: st.keyCommit ? hex(st.keyCommit) : null, max_s: st.maxS, note: noteMake(text, customerSigner(sid), seed), prev: prev ? hex(prev) : null, purpose,
      retention_days: i, role: st.grantee ? 'agent' : null, seq: st.seq, stmt_hash: hex(hash), text, time: st.unixS, ui_build: hex(st.uiBuild), ui_text: hex(st.uiText), verified: st.verified });
    prev = hash;
  });
  files['statements.json'] = { agent_vkey: vkey(noteKey('example.org/agent/2f', signPublicKey(agentSeed))), customer_seed: hex(seed),
    customer_vkey: vkey(noteKey(customerSigner(sid), csPublic)), session: hex(sid), statements: list };
}

function gates() {
  const list = [[1, true, 1, 0], [2, false, 1, 0], [70001, true, 8, 14400]].map(([gateSeq, open, capability, ttlS], i) => {
    const gate = { sid, gateSeq, open, src: 1, stream: 63 - i, dst: 2, capability: capabilityFromNumber(capability), grantee: draw(32), ttlS, leafHash: open ? draw(32) : new Uint8Array(32) };
    return { capability, dst: 2, gate: hex(gateSign(gate, seed)), gate_seq: gateSeq, grantee: hex(gate.grantee), leaf_hash: hex(gate.leafHash), open, session: hex(sid), src: 1, stream: gate.stream, ttl_s: ttlS };
  });
  files['gates.json'] = { cs_pub: hex(csPublic), cs_seed: hex(seed), gates: list };
}

function invitations() {
  const codes = ['10000000000', '98765432109', '404000001'].map((digits) => {
    const typed = digits + codeCheckDigit(digits), code = inviteCodeParse(typed);
    return { good: true, nameplate: code.nameplate, secret: code.secret, shown: inviteCodeFormat(code), typed };
  });
  const links = ['a', 'help.example.org:8443'].map((joinHost) => {
    const text = inviteLinkBuild({ joinHost, flags: 0, k: draw(32), pin: draw(16) }), link = inviteLinkParse(text);
    return { ca_fp: hex(link.pin), join_host: joinHost, k: hex(link.k), link: text, psk: hex(inviteLinkPsk(link)), sid: hex(inviteLinkSid(link)) };
  });
  files['invitations.json'] = { check_digits: ['0', '31415926', '999'].map((digits) => ({ check: codeCheckDigit(digits), digits })), codes, links };
}

function control() {
  const framed = [[1, 0], [12, 18], [8, 57], [8, 58], [8, 59], [2, 1500]].map(([message, length]) => {
    const body = draw(length);
    return { body: hex(body), message, plaintext: hex(controlFrame(message, body)) };
  });
  files['control.json'] = { framed, refused: [] };
}

await frames();
for (const make of [statements, gates, invitations, control]) make();
mkdirSync(folder, { recursive: true });
for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), `${JSON.stringify({ protocol: 'handhold/1', ...content }, null, 1)}\n`);
