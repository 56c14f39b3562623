// SPDX-License-Identifier: Apache-2.0
/*
 * node run.mjs ENGINE FILE: runs one file of tests in the engine that it needs. What is missing is named, with what would
 * bring it, and the answer is 77: skipped, which ctest shows as such. HANDHOLD_BROWSER=ON makes a failure of it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engines, whatIsMissing } from './engines.mjs';
import { whatPackagesLack } from './packages.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [engine, file] = process.argv.slice(2);

function leave(why) {
  const required = process.env.HANDHOLD_BROWSER === 'ON';
  console.log(`${file}: ${required ? 'cannot run' : 'skipped'}: ${why}`);
  process.exit(required ? 1 : 77);
}

if (!engines.includes(engine)) throw new Error(`${engine}: no such engine; there are ${engines.join(', ')}`);
const missing = whatIsMissing(engine);
if (missing) leave(missing);
if (!existsSync(join(process.env.HANDHOLD_BIN ?? '', 'handhold-relay'))) leave('HANDHOLD_BIN does not name a folder with the programs');
const lacking = whatPackagesLack();
if (lacking) leave(lacking);
const run = spawnSync(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', file], { cwd: here, stdio: 'inherit' });
process.exit(run.status === 0 ? 0 : 1);
