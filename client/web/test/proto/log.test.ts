// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, hex, utf8 } from '../../src/proto/util/bytes.js';
import { base64Decode } from '../../src/proto/seal/base64.js';
import { sha256 } from '../../src/proto/seal/kdf.js';
import { noteKeyParse, noteVerify } from '../../src/proto/seal/note.js';
import { checkpointOpen } from '../../src/proto/log/checkpoint.js';
import { commit, leafEncode, leafParse, type LeafClass } from '../../src/proto/log/leaf.js';
import { proofCheck, proofParse, proofWrite } from '../../src/proto/log/proof.js';
import { hashesOf, NOTHING_SEEN, receiptCheck, type Receipt } from '../../src/proto/log/receipt.js';
import { continues, includes, leafHash } from '../../src/proto/log/tree.js';
import { flipped, h, madeJson, publishedJson, publishedText, raises, skipUnless, type Json } from './vectors.js';

const merkle = publishedJson('merkle/rfc6962-vectors.json');
test('inclusion and consistency: the published cases, good and bad', skipUnless(merkle, 'merkle'), () => {
  const proofOf = (list: string[] | null): Uint8Array[] => (list ?? []).map(base64Decode);
  for (const one of merkle.inclusion)
    assert.equal(includes(base64Decode(one.leafHash), one.leafIdx, one.treeSize, base64Decode(one.root), proofOf(one.proof)), !one.wantErr, one.name);
  /* one case has placeholders of twelve bytes for its roots */
  const rootOf = (text: string): Uint8Array => concat(base64Decode(text), new Uint8Array(32)).subarray(0, 32);
  for (const one of merkle.consistency) {
    /* a tree of no leaves is continued by every tree: that is decided where it is known that nothing was seen */
    if (one.size1 === 0) continue;
    assert.equal(continues(one.size1, rootOf(one.root1), one.size2, rootOf(one.root2), proofOf(one.proof)), !one.wantErr, one.name);
  }
});

const checkpoint = publishedJson('note/checkpoint-kat.json');
test('a checkpoint is the log\u2019s, or nobody\u2019s', skipUnless(checkpoint, 'note'), () => {
  const open = checkpointOpen(checkpoint.checkpoint, checkpoint.vkey);
  assert.deepEqual([open.size, hex(open.root)], [checkpoint.tree_size, checkpoint.root_hex]);
  const text: string = checkpoint.checkpoint;
  for (const bad of [text.replace('\n7\n', '\n8\n'), text.replace('\n7\n', '\n07\n'), text.replace('acme', 'acne'), `x\n${text}`, '']) assert.throws(() => checkpointOpen(bad, checkpoint.vkey), raises('LOG'));
});

const kat = publishedJson('note/receipt-kat.json'), katProof = publishedText('note/receipt-kat.tlog-proof');
test('a kept proof leads from the note to the signed tree', skipUnless(kat && katProof, 'note'), () => {
  const proof = proofParse(katProof!);
  assert.equal(proof.note, kat.note);
  assert.equal(hex(proof.leaf), kat.leaf_hex);
  assert.equal(proofWrite(proof), katProof);
  assert.equal(proofCheck(proof, kat.log_vkey).size, kat.leaves_hex.length);
  assert.equal(noteVerify(proof.note, noteKeyParse(kat.customer_vkey)), noteVerify(proof.note, noteKeyParse(kat.agent_vkey)));
  assert.throws(() => proofCheck({ ...proof, note: proof.note.replace('camera', 'record') }, kat.log_vkey), raises('LOG'));
  assert.throws(() => proofCheck({ ...proof, salt: flipped(proof.salt, 3) }, kat.log_vkey), raises('LOG'));
  assert.throws(() => proofCheck({ ...proof, index: proof.index + 1 }, kat.log_vkey), raises('LOG'));
});

test('a leaf has one form', () => {
  const leaf = leafEncode({ class: 1, unixS: 1760000042, commitment: new Uint8Array(32).fill(9) });
  assert.equal(leafParse(leaf).unixS % 60, 0);
  for (const at of [0, 3, 4, 5, 6, 7, 8, 15]) assert.throws(() => leafParse(flipped(leaf, at, 7)), raises('FORMAT'), `${at}`);
  assert.throws(() => leafParse(leaf.subarray(1)), raises('FORMAT'));
});

const log = madeJson('log.json');
test('receipts that the C code made: each of them, and none that was altered', skipUnless(log, 'log.json'), () => {
  for (const e of log.entries as Json[]) {
    const kind = e.class as LeafClass, evidenceHash = sha256(h(e.evidence)), commitment = commit(h(e.salt), e.note);
    assert.equal(hex(commitment), e.commitment);
    assert.equal(hex(leafEncode({ class: kind, unixS: e.time, commitment })), e.leaf);
    assert.equal(hex(leafHash(h(e.leaf))), e.leaf_hash);
    const receipt: Receipt = { index: e.index, leaf: h(e.leaf), evidenceLine: e.evidence_line, checkpoint: e.checkpoint, inclusion: hashesOf(h(e.inclusion)), consistency: hashesOf(h(e.consistency)) };
    const seen = e.seen_size ? { size: e.seen_size, root: h(e.seen_root) } : NOTHING_SEEN;
    assert.deepEqual(receiptCheck(receipt, commitment, kind, evidenceHash, log.vkey, seen), { size: e.size, root: h(e.root) });

    const refused = (altered: Partial<Receipt>, hash = evidenceHash, c = commitment, tree = seen): void =>
      assert.throws(() => receiptCheck({ ...receipt, ...altered }, c, kind, hash, log.vkey, tree), raises('LOG'));
    for (let at = 0; at < 48; at++) refused({ leaf: flipped(receipt.leaf, at) });
    refused({ index: receipt.index + 1 });
    refused({ checkpoint: receipt.checkpoint.replace(`\n${e.size}\n`, `\n${e.size + 1}\n`) });
    refused({ evidenceLine: `${receipt.evidenceLine} ` });
    refused({ inclusion: [...receipt.inclusion, new Uint8Array(32)] });
    refused({ consistency: [...receipt.consistency, new Uint8Array(32)] });
    refused({}, flipped(evidenceHash, 0));
    refused({}, evidenceHash, flipped(commitment, 31));
    if (seen.size) refused({}, evidenceHash, commitment, { size: seen.size, root: flipped(seen.root, 0) });
    refused({}, evidenceHash, commitment, { size: e.size + 1, root: h(e.root) });
    receipt.inclusion.forEach((hash, i) => refused({ inclusion: receipt.inclusion.map((other, j) => (i === j ? flipped(hash, i % 32) : other)) }));

    const proof = proofParse(e.tlog_proof);
    assert.equal(proofWrite({ leaf: receipt.leaf, salt: h(e.salt), note: e.note, index: e.index, inclusion: receipt.inclusion, checkpoint: e.checkpoint }), e.tlog_proof);
    proofCheck(proof, log.vkey);
  }
});

test('a proof that is no proof', () => {
  for (const bad of ['', 'c2sp.org/tlog-proof@v1\n', 'c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\nx', 'c2sp.org/tlog-proof@v1\nextra AAAA\nindex 01\n\nx']) assert.throws(() => proofParse(bad), raises('FORMAT'));
  assert.ok(utf8('x'));
});
