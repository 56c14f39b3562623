// SPDX-License-Identifier: Apache-2.0
/* Whole handshakes that the C code wrote, repeated byte for byte; and what happens when somebody on the way alters them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, hex, lv16, lv8, u8, uint, utf8, type Bytes } from '../../src/proto/util/bytes.js';
import { verifyChain } from '../../src/proto/identity/certificate.js';
import { orgRead, orgVerify, orgAdmits } from '../../src/proto/identity/org.js';
import { policyAllows, policyRead, policyVerify } from '../../src/proto/identity/policy.js';
import { sha256 } from '../../src/proto/seal/kdf.js';
import { Noise } from '../../src/proto/seal/noise.js';
import { noteMake } from '../../src/proto/seal/note.js';
import { signLabelled } from '../../src/proto/seal/signature.js';
import { checkWords } from '../../src/proto/pairing/check.js';
import { inviteCodeParse, inviteLinkParse, inviteLinkPsk } from '../../src/proto/pairing/invite.js';
import { Pairing, resumeId, type PairingConfig } from '../../src/proto/pairing/pairing.js';
import { flipped, h, madeJson, raises, skipUnless, type Json } from './vectors.js';

const file = madeJson('handshake.json');
const there = skipUnless(file, 'handshake.json');
const unixMs = (file?.unix_s ?? 0) * 1000;
const chain: Bytes[] = (file?.organisation.agent_chain ?? []).map((one: Json) => h(one.der));

/** Gives the draws of the file, in their order. */
function drawing(draws: Json): (bytes: number) => Bytes {
  const left = Object.values(draws).map((draw) => h(draw as string));
  return (bytes) => {
    const next = left.shift();
    assert.equal(next?.length, bytes, 'another draw than the C code makes here');
    return next!;
  };
}

function secretOf(one: Json): PairingConfig['secret'] {
  if (one.mode === 'link') return inviteLinkParse(one.link);
  return one.mode === 'code' ? inviteCodeParse(one.code) : { kind: 'resume', psk: h(one.resume_psk) };
}

function start(one: Json, altered: Partial<PairingConfig> = {}): Pairing {
  return new Pairing({
    random: drawing(one.customer_draws), secret: secretOf(one), sid: h(one.sid), joinHost: file.join_host, csSeed: h(file.cs_seed), clientInfo: file.client_info,
    orgNote: file.organisation.org_note, policyNote: file.organisation.policy_note, orgMinimum: 0n, policyMinimum: 0n,
    known: one.mode === 'resume' ? verifyChain(chain, h(file.organisation.ca_fp), file.unix_s) : undefined, ...altered,
  });
}

/** Feeds what the agent said; returns what the customer said. `alter` may change a body on its way. */
function run(pairing: Pairing, one: Json, alter: (body: Bytes, index: number) => Bytes = (body) => body, atMs = unixMs): string[] {
  const said = pairing.out.splice(0);
  one.messages.filter((message: Json) => message.from === 'agent').forEach((message: Json, i: number) => {
    pairing.feed(alter(h(message.body), i), atMs);
    said.push(...pairing.out.splice(0));
  });
  return said.map((body) => hex(body));
}

test('handshakes by link, by code and their resumes, byte for byte', there, () => {
  for (const one of file.handshakes as Json[]) {
    const pairing = start(one), said = run(pairing, one), result = pairing.result!;
    assert.deepEqual(said, one.messages.filter((message: Json) => message.from === 'customer').map((message: Json) => message.body), one.mode);
    assert.equal(hex(result.hash), one.result.handshake_hash);
    assert.equal(hex(result.commit), one.result.commit_a);
    assert.equal(hex(result.resumePsk), one.result.resume_psk);
    assert.deepEqual(checkWords(result.commit, h(one.agent_draws.n_a), result.nC, result.hash), one.result.check_words);
    assert.throws(() => checkWords(result.commit, flipped(h(one.agent_draws.n_a), 0), result.nC, result.hash), raises('CRYPTO'));
    if (one.mode === 'resume') assert.equal(hex(resumeId(h(one.resume_psk))), one.resume_id);
  }
});

test('each byte of what the agent says, altered: no AUTH_C leaves', there, () => {
  for (const one of file.handshakes as Json[]) {
    const bodies = one.messages.filter((message: Json) => message.from === 'agent').map((message: Json) => h(message.body));
    bodies.forEach((body: Bytes, index: number) => {
      const step = body.length > 200 ? 23 : 3;
      for (let at = 0; at < body.length; at += step) {
        const pairing = start(one);
        assert.throws(() => run(pairing, one, (b, i) => (i === index ? flipped(b, at, at % 8) : b)), `${one.mode}, message ${index}, byte ${at}`);
        assert.equal(pairing.result, undefined);
      }
      assert.throws(() => run(start(one), one, (b, i) => (i === index ? b.subarray(0, b.length - 1) : b)));
      assert.throws(() => run(start(one), one, (b, i) => (i === index ? concat(b, new Uint8Array(1)) : b)));
    });
  }
});

test('an ephemeral key of low order, a share that is no point, one\u2019s own share', there, () => {
  const [link, , code] = file.handshakes;
  const lowOrder = (b: Bytes): Bytes => concat(b.subarray(0, 1), new Uint8Array(32), b.subarray(33));
  assert.throws(() => run(start(link), link, (b, i) => (i === 0 ? lowOrder(b) : b)), raises('KEY'));
  assert.throws(() => run(start(code), code, (b, i) => (i === 0 ? lowOrder(b) : b)), raises('KEY'));
  const own = start(code), share = own.out[0]!.slice(1 + 16, 1 + 16 + 32);
  assert.throws(() => run(own, code, (b, i) => (i === 0 ? concat(b.subarray(0, 1), share, b.subarray(33)) : b)), raises('KEY'));
});

test('the wrong order, another code, another host, another session', there, () => {
  const [link, , code] = file.handshakes;
  assert.throws(() => start(link).feed(h(link.messages.at(-2).body), unixMs), raises('STATE'));
  assert.throws(() => start(link).feed(new Uint8Array(0), unixMs), raises('STATE'));
  const done = start(link);
  run(done, link);
  assert.throws(() => done.feed(h(link.messages[1].body), unixMs), raises('STATE'));
  assert.throws(() => run(start(link, { sid: flipped(h(link.sid), 0) }), link), raises('CRYPTO'));
  assert.throws(() => run(start(link, { joinHost: 'other.example.org' }), link), raises('CRYPTO'));
  const other = { kind: 'code' as const, nameplate: inviteCodeParse(code.code).nameplate, secret: '000000' };
  assert.throws(() => run(start(code, { secret: other }), code), raises('CRYPTO'));
});

test('a clock more than a day off is named; an hour off is nothing', there, () => {
  const [link] = file.handshakes, hour = 3600_000;
  run(start(link), link, undefined, unixMs + hour);
  run(start(link), link, undefined, unixMs - 23 * hour);
  for (const off of [25 * hour, -25 * hour]) assert.throws(() => run(start(link), link, undefined, unixMs + off), raises('CLOCK'));
});

test('a root that is not the pinned one', there, () => {
  const [link] = file.handshakes, secret = inviteLinkParse(link.link);
  assert.throws(() => verifyChain(chain, flipped(h(file.organisation.ca_fp), 0), file.unix_s), raises('CERT_CHAIN'));
  assert.throws(() => verifyChain(chain, flipped(secret.pin, 15), file.unix_s), raises('CERT_CHAIN'));
  assert.throws(() => verifyChain(chain, new Uint8Array(0), file.unix_s), raises('CERT_CHAIN'));
});

test('notes that the relay rolls back, alters or swaps', there, () => {
  const [link] = file.handshakes, { org_note: org, policy_note: policy } = file.organisation;
  assert.throws(() => run(start(link, { orgMinimum: 1000n }), link), raises('ORG'));
  assert.throws(() => run(start(link, { policyMinimum: 1000n }), link), raises('POLICY'));
  assert.throws(() => run(start(link, { orgNote: org.replace(/time \d/, 'time 9') }), link), raises('ORG'));
  assert.throws(() => run(start(link, { policyNote: policy.replace(/grace \d+/, 'grace 600') }), link), raises('SIGNATURE'));
  assert.throws(() => run(start(link, { orgNote: policy }), link));
  assert.throws(() => run(start(link, { policyNote: org }), link));
  assert.throws(() => run(start(link, { orgNote: '' }), link));
});

/* ---- certificates ---- */

test('a bit of each byte of a chain, turned, is refused', there, () => {
  const pin = h(file.organisation.ca_fp), good = verifyChain(chain, pin, file.unix_s);
  assert.equal(good.role, 'agent');
  chain.forEach((der, i) => {
    for (let at = 0; at < der.length; at++) {
      const altered = chain.map((other, j) => (i === j ? flipped(der, at, at % 8) : other));
      assert.throws(() => verifyChain(altered, pin, file.unix_s), `certificate ${i}, byte ${at}`);
    }
  });
});

test('a chain too short, too long, doubled, turned round, cut or continued', there, () => {
  const pin = h(file.organisation.ca_fp), [leaf, root] = [chain[0]!, chain.at(-1)!];
  const refused = (ders: Bytes[]): void => assert.throws(() => verifyChain(ders, pin, file.unix_s));
  refused([]);
  refused([leaf]);
  refused([root]);
  refused([root, root]);
  refused([leaf, leaf]);
  refused([root, leaf]);
  refused([leaf, root, root]);
  refused([leaf, leaf, root]);
  refused([...chain, ...chain]);
  refused([concat(leaf, new Uint8Array(1)), root]);
  refused([leaf.subarray(0, leaf.length - 1), root]);
  refused([leaf, new Uint8Array(5000)]);
});

test('a chain out of its time', there, () => {
  const pin = h(file.organisation.ca_fp);
  for (const years of [-1, 50]) assert.throws(() => verifyChain(chain, pin, file.unix_s + years * 365 * 86400), raises('CERT_EXPIRED'));
});

test('lengths and values that are not DER: the same content in another spelling', there, () => {
  const pin = h(file.organisation.ca_fp), leaf = chain[0]!;
  /* the outer length in three bytes instead of two, and an indefinite one */
  const length = (leaf[2]! << 8) | leaf[3]!, longer = concat(Uint8Array.of(0x30, 0x83, 0, length >> 8, length & 255), leaf.subarray(4));
  const indefinite = concat(Uint8Array.of(0x30, 0x80), leaf.subarray(4), new Uint8Array(2));
  for (const ber of [longer, indefinite]) assert.throws(() => verifyChain([ber, ...chain.slice(1)], pin, file.unix_s), raises('CERT_PROFILE'));
});

/* ---- notes of the organisation ---- */

test('ORG: read strictly, held to the root, the domain and the number', there, () => {
  const identity = verifyChain(chain, h(file.organisation.ca_fp), file.unix_s), note: string = file.organisation.org_note;
  const org = orgVerify(note, identity.rootKey, identity.domain, 0n);
  orgAdmits(org, identity);
  assert.throws(() => orgVerify(note, identity.rootKey, identity.domain, org.number + 1n), raises('ORG'));
  assert.throws(() => orgVerify(note, identity.publicKey, identity.domain, 0n), raises('ORG'));
  assert.throws(() => orgVerify(note, identity.rootKey, 'other.example', 0n), raises('ORG'));
  assert.throws(() => orgAdmits({ ...org, revoked: [{ serial: identity.serial, timeS: 0n, reason: '-' }] }, identity), raises('CERT_REVOKED'));
  assert.throws(() => orgAdmits({ ...org, domain: 'other.example' }, identity), raises('CERT_CHAIN'));
});

test('ORG and POLICY: any other spelling of the same content is refused', there, () => {
  const org = file.organisation.org_note.split('\n\n')[0] + '\n', policy = file.organisation.policy_note.split('\n\n')[0] + '\n';
  orgRead(org);
  policyRead(policy);
  const shorter = policyRead(policy.replace(/^(check-words .*)$/m, '$1\ncode-minutes 5\nlink-minutes 60'));
  assert.deepEqual([shorter.codeMinutes, shorter.linkMinutes], [5, 60]);
  const others = (text: string): string[] => [
    text.slice(0, -1), `${text}\n`, ` ${text}`, text.replace('\n', '\r\n'), text.replace('number ', 'number 0'), text.replace('number ', 'number  '),
    text.replace(/^time .*$/m, '$&\n$&'), text.replace(/^(number.*)\n(domain.*)$/m, '$2\n$1'), `${text}unknown line\n`, text.replace(/^domain .*$/m, 'domain UPPER.example'),
    `${text}__proto__ x\n`, `${text}constructor x\n`, text.replace(/^number .*\n/m, ''),
  ];
  for (const bad of others(org)) assert.throws(() => orgRead(bad), JSON.stringify(bad));
  const spellings = [
    policy.replace(/^(allow \S+ \d+ \d+) agent,(\S+)$/m, '$1 $2,agent'), policy.replace(/^(allow .*)$/m, '$1,agent'), policy.replace(/^(allow .*)$/m, '$1,boss'),
    policy.replace(/^(allow \S+ \d+ \d+) .*$/m, '$1 '), policy.replace(/^deny .*\n/m, ''), policy.replace(/^(deny \S+)$/m, '$1 '), policy.replace(/^grace .*$/m, 'grace 601'),
    policy.replace(/^check-words .*$/m, 'check-words maybe'), policy.replace(/^evidence .*$/m, 'evidence AAAA'), policy.replace(/^officer .*\n/m, ''),
    policy.replace(/^(check-words .*)$/m, '$1\npurpose '), policy.replace(/^(check-words .*)$/m, `$1\npurpose ${'x'.repeat(201)}`), policy.replace(/^(check-words .*)$/m, '$1\nkeep 0'),
    policy.replace(/^(check-words .*)$/m, '$1\nticket optional'), policy.replace(/^(check-words .*)$/m, '$1\npurpose a\nkeep 3'),
    policy.replace(/^(check-words .*)$/m, '$1\ncode-minutes 10'), policy.replace(/^(check-words .*)$/m, '$1\nlink-minutes 0'), policy.replace(/^(check-words .*)$/m, '$1\nlink-minutes 10081'),
  ];
  for (const bad of [...others(policy), ...spellings]) {
    assert.notEqual(bad, policy);
    assert.throws(() => policyRead(bad), JSON.stringify(bad));
  }
});

test('POLICY: signed by an officer under this root, not by an agent, and not by one who was revoked before it', there, () => {
  const identity = verifyChain(chain, h(file.organisation.ca_fp), file.unix_s), root = chain.at(-1)!, { policy_note: note, agent_seed } = file.organisation;
  const org = orgVerify(file.organisation.org_note, identity.rootKey, identity.domain, 0n), policy = policyVerify(note, root, org, 0n);
  assert.throws(() => policyVerify(note, root, org, policy.number + 1n), raises('POLICY'));
  const officer = verifyChain([...policy.officer, root], undefined, Number(policy.timeS)).serial;
  const revoked = (timeS: bigint): void => void policyVerify(note, root, { ...org, revoked: [{ serial: officer, timeS, reason: '-' }] }, 0n);
  assert.throws(() => revoked(policy.timeS), raises('CERT_REVOKED'));
  revoked(policy.timeS + 1n); /* what was signed before stands */
  /* an agent that writes a policy of its own, under its own certificate */
  const text = note.split('\n\n')[0] + '\n', own = text.replace(/^officer .*$/m, `officer ${Buffer.from(chain[0]!).toString('base64')}`);
  const forged = noteMake(own, `${identity.domain}/officer/${identity.serial}`, h(agent_seed));
  assert.throws(() => policyVerify(forged, root, org, 0n), (error: { err?: string }) => error.err === 'CERT_ROLE' || error.err === 'CERT_EXPIRED');
  assert.throws(() => policyVerify(noteMake(text, `${identity.domain}/agent/${identity.serial}`, h(agent_seed)), root, org, 0n), raises('SIGNATURE'));
});

test('POLICY: what is allowed, to whom and how long', there, () => {
  const policy = policyRead(file.organisation.policy_note.split('\n\n')[0] + '\n');
  for (const [capability, rule] of policy.rules)
    for (const role of ['agent', 'supervisor', 'expert', 'officer', 'integrator'] as const) {
      const may = rule.roles.includes(role);
      assert.equal(policyAllows(policy, capability, role, rule.maxS), may);
      if (rule.maxS) assert.equal(policyAllows(policy, capability, role, 0), false);
      if (rule.maxS) assert.equal(policyAllows(policy, capability, role, rule.maxS + 1), false);
    }
  assert.equal(policyAllows(policy, 'guest', 'agent', 60), policy.rules.has('guest'));
  assert.ok(utf8('x'));
});

/* ---- an agent that holds the secret and its key, and lies ---- */

interface Said {
  type: number;
  role: number;
  unixS: number;
  orgNumber: bigint;
  orgHash: Bytes;
  policyNumber: bigint;
  policyHash: Bytes;
  label: string;
  over: (hash: Bytes) => Bytes;
}

/** A handshake by link with such an agent; what it says of itself may differ from the truth. */
function meet(lie: Partial<Said>): Pairing {
  const [link] = file.handshakes, secret = inviteLinkParse(link.link), pairing = start(link);
  const org = orgRead(file.organisation.org_note.split('\n\n')[0] + '\n'), policy = policyRead(file.organisation.policy_note.split('\n\n')[0] + '\n');
  const said: Said = {
    type: 1, role: 1, unixS: file.unix_s, orgNumber: org.number, orgHash: org.textHash, policyNumber: policy.number, policyHash: policy.textHash,
    label: 'handhold/1 agent-auth', over: (hash) => hash, ...lie,
  };
  const prologue = concat(utf8('handhold/1'), u8(1), h(link.sid), lv8(utf8(file.join_host)), sha256(u8(0), secret.pin));
  const noise = new Noise(false, prologue, inviteLinkPsk(secret), h(link.agent_draws.ephemeral));
  noise.read(pairing.out.splice(0)[0]!.subarray(2));
  pairing.feed(concat(u8(4), noise.write()), unixMs);
  const { hash, channel } = noise.split();
  const fields = concat(
    u8(said.type), u8(chain.length), ...chain.map(lv16), u8(said.role), uint(said.unixS, 8), uint(said.orgNumber, 8), said.orgHash, uint(said.policyNumber, 8), said.policyHash,
    sha256(h(link.agent_draws.n_a)),
  );
  const signature = signLabelled(said.label, sha256(said.over(hash), fields), h(file.organisation.agent_seed));
  pairing.feed(concat(u8(5), channel.seal(concat(fields, signature))), unixMs);
  return pairing;
}

test('an agent that says of itself what is not so gets no AUTH_C', there, () => {
  assert.equal(meet({}).out.length, 1);
  const lies: [Partial<Said>, string][] = [
    [{ role: 2 }, 'CERT_ROLE'], [{ role: 0 }, 'CERT_ROLE'], [{ type: 2 }, 'STATE'],
    [{ orgHash: new Uint8Array(32) }, 'ORG'], [{ orgNumber: 77n }, 'ORG'], [{ policyHash: new Uint8Array(32) }, 'POLICY'], [{ policyNumber: 77n }, 'POLICY'],
    [{ label: 'handhold/1 customer-auth' }, 'SIGNATURE'], [{ label: 'TLS 1.3, client CertificateVerify' }, 'SIGNATURE'],
    [{ over: (hash) => flipped(hash, 0) }, 'SIGNATURE'], /* of another handshake */
    [{ unixS: file?.unix_s - 25 * 3600 }, 'CLOCK'],
  ];
  for (const [lie, err] of lies) assert.throws(() => meet(lie), raises(err), JSON.stringify(Object.keys(lie)));
});
