// SPDX-License-Identifier: Apache-2.0
// What this implementation writes, held to the checker beside the C code's vectors, which shares code with neither.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const checker = here('../../../tests/vectors/check.mjs'), made = process.env.HANDHOLD_MADE_VECTORS;
const skip = made && existsSync(checker) ? false : 'the vectors of the C code are not there';

test('vectors written here are the same each time and hold in another implementation', { skip }, () => {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'handhold-vectors-')));
  const run = (...args) => {
    const ran = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  };
  try {
    for (const folder of folders) run(here('write-vectors.mjs'), folder);
    for (const name of ['frames', 'statements', 'gates', 'invitations', 'control'])
      assert.equal(readFileSync(join(folders[0], `${name}.json`), 'utf8'), readFileSync(join(folders[1], `${name}.json`), 'utf8'));
    for (const name of ['events.json', 'log.json']) copyFileSync(join(made, name), join(folders[0], name)); // what a customer's end never signs
    run(checker, folders[0]);
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true });
  }
});
