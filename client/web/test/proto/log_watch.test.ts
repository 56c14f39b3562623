// SPDX-License-Identifier: Apache-2.0
/* What the page makes of the log that the other end says it sees. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogWatch } from '../../src/proto/session/log_watch.js';
import { base64 } from '../../src/proto/seal/base64.js';
import { sha256 } from '../../src/proto/seal/kdf.js';
import { noteKey, noteKeyFormat, noteMake } from '../../src/proto/seal/note.js';
import { signPublicKey } from '../../src/proto/seal/signature.js';
import { checkpointOpen } from '../../src/proto/log/checkpoint.js';
import type { Core } from '../../src/proto/session/core.js';
import type { Consistency } from '../../src/proto/wire/handhold_pb.js';
import { madeJson, skipUnless } from './vectors.js';

const leaf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(sha256(Uint8Array.of(0, ...Buffer.from(text))));
const node = (a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(sha256(Uint8Array.of(1, ...a, ...b)));
const [one, two] = [leaf('1'), leaf('2')], grown = node(one, two), other = node(one, leaf('another'));

interface World {
  core: Core;
  watch: LogWatch;
  alarms: string[];
  asked: string[];
}

function world(tree = { size: 1, root: one }, logVkey = ''): World {
  const alarms: string[] = [], asked: string[] = [];
  const core = { tree, checkpoint: '', logVkey: logVkey || undefined, logDistrusted: false, alarm: (err: string, message: string) => alarms.push(`${err} ${message}`) } as unknown as Core;
  return { core, alarms, asked, watch: new LogWatch(core, (from, to) => asked.push(`${from} ${to}`)) };
}
const proof = (oldSize: number, newSize: number, ...hashes: Uint8Array[]): Consistency =>
  ({ oldSize: BigInt(oldSize), newSize: BigInt(newSize), hashes: Uint8Array.from(hashes.flatMap((hash) => [...hash])) }) as Consistency;

test('a tree that is proved to continue ours is taken, without a word', () => {
  const { core, watch, alarms, asked } = world();
  watch.heard(2, grown, '');
  assert.deepEqual(asked, ['1 2']);
  assert.equal(core.tree.size, 1, 'not before it is proved');
  watch.proved(proof(1, 2, two));
  assert.deepEqual([core.tree.size, core.logDistrusted, alarms], [2, false, []]);
});

test('two logs of one size that differ are an alarm, and nothing is granted any more', () => {
  const { core, watch, alarms } = world({ size: 2, root: grown });
  watch.heard(2, other, '');
  assert.equal(core.logDistrusted, true);
  assert.match(alarms.join(), /^LOG .*different logs/);
});

test('a proof that does not prove it is an alarm', () => {
  const { core, watch, alarms } = world();
  watch.heard(2, other, '');
  watch.proved(proof(1, 2, two));
  assert.equal(core.logDistrusted, true);
  assert.match(alarms.join(), /cannot prove/);
});

test('a relay that owes the proof for half a minute is an alarm; a new connection begins anew', () => {
  const { watch, alarms } = world();
  for (let i = 0; i < 30; i++) watch.heard(2, grown, '');
  assert.deepEqual(alarms, []);
  watch.newConnection();
  for (let i = 0; i < 30; i++) watch.heard(2, grown, '');
  assert.deepEqual(alarms, []);
  watch.heard(2, grown, '');
  assert.match(alarms.join(), /does not prove/);
});

const log = madeJson('log.json');
test('a checkpoint that nobody signed, or of another tree, is an alarm, once', skipUnless(log, 'log.json'), () => {
  const { vkey } = log, { checkpoint } = log.entries[2], { size, root } = checkpointOpen(checkpoint, vkey);
  const good = world({ size: 0, root: new Uint8Array(32) }, vkey);
  good.watch.heard(size, root, checkpoint);
  assert.deepEqual([good.alarms, good.core.tree.size], [[], size]);

  for (const [saidSize, said] of [[size, checkpoint.replace(/.$/m, '!')], [size + 1, checkpoint], [size, `${checkpoint.slice(0, -10)}AAAAAAAA=\n`]] as const) {
    const bad = world({ size: 0, root: new Uint8Array(32) }, vkey);
    bad.watch.heard(saidSize, root, said);
    bad.watch.heard(saidSize, root, said);
    assert.equal(bad.alarms.length, 1);
    assert.match(bad.alarms[0]!, /did not sign/);
    assert.equal(bad.core.tree.size, 0);
    bad.watch.newPair();
    bad.watch.heard(saidSize, root, said);
    assert.equal(bad.alarms.length, 2);
  }
});

test('two signed trees of one log are kept as a file that anybody can judge', skipUnless(log, 'log.json'), () => {
  const { vkey } = log, { checkpoint } = log.entries[2], { size, root } = checkpointOpen(checkpoint, vkey), forks: (string | undefined)[] = [];
  const { core, watch } = world({ size, root: leaf('another') }, vkey), mine = `${vkey.split('+')[0]}\n${size}\n`;
  Object.assign(core, { checkpoint: mine, alarm: (_err: string, _message: string, fork?: string) => forks.push(fork) });
  watch.heard(size, root, checkpoint);
  assert.equal(forks.length, 1);
  const parts = forks[0]!.split(/^--- /m);
  assert.deepEqual(parts.slice(1), [`fork same-size\nlog ${vkey}\n`, `checkpoint\n${mine}`, `checkpoint\n${checkpoint}`]);
  const bare = world({ size, root: leaf('another') }, vkey); /* without a signed note of ours there is nothing to show */
  Object.assign(bare.core, { alarm: (_err: string, _message: string, fork?: string) => forks.push(fork) });
  bare.watch.heard(size, root, checkpoint);
  assert.deepEqual(forks.slice(1), [undefined]);
});

/* The file that the page offers to save, put before the officer's own program. */
const bin = process.env['HANDHOLD_BIN'];
test('handhold-audit judges the very file that the page saves', { skip: bin ? false : 'HANDHOLD_BIN does not name a folder with the programs' }, () => {
  const name = 'help.example.org/audit/example.org', seed = sha256(Buffer.from('a log that is forked')), key = noteKey(name, signPublicKey(seed));
  const vkey = noteKeyFormat(key), signed = (size: number, root: Uint8Array): string => noteMake(`${name}\n${size}\n${base64(Uint8Array.from(root))}\n`, name, seed);
  const folder = mkdtempSync(join(tmpdir(), 'handhold-fork-')), file = join(folder, 'handhold-fork.txt');
  const check = (...more: string[]): { code: number | null; said: string } => {
    const ran = spawnSync(join(bin!, 'handhold-audit'), ['check', file, ...more], { encoding: 'utf8' });
    return { code: ran.status, said: `${ran.stdout}${ran.stderr}`.replace(/\s+/g, ' ') };
  };
  /* What the page saves after its own end was shown `mine` and the other end `theirs`. */
  const save = (mine: readonly [number, Uint8Array], theirs: readonly [number, Uint8Array], then: (watch: LogWatch) => void): void => {
    const { core, watch } = world({ size: mine[0], root: Uint8Array.from(mine[1]) }, vkey);
    let fork: string | undefined;
    Object.assign(core, { checkpoint: signed(...mine), alarm: (_err: string, _message: string, shown?: string) => { fork = shown; } });
    watch.heard(theirs[0], Uint8Array.from(theirs[1]), signed(...theirs));
    then(watch);
    assert.ok(fork, 'there is something to save');
    writeFileSync(file, fork);
  };
  try {
    save([2, grown], [2, other], () => undefined);
    assert.deepEqual([check('--key', vkey).code, check().code], [0, 0]);
    assert.match(check('--key', vkey).said, /PROVED: the log's key signed two roots of one size/);
    assert.match(check('--key', noteKeyFormat(noteKey(name, signPublicKey(sha256(Buffer.from('another key')))))).said, /FAILED/);
    save([1, one], [2, other], (watch) => watch.proved(proof(1, 2, two)));
    assert.equal(check('--key', vkey).code, 1);
    assert.match(check('--key', vkey).said, /Kept for the relay offered a proof .* OPEN/);
    save([1, one], [2, other], (watch) => { for (let i = 0; i < 30; i++) watch.heard(2, other, signed(2, other)); });
    assert.match(check('--key', vkey).said, /gave none .* OPEN/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
