// SPDX-License-Identifier: Apache-2.0
// npm test: everything that needs no browser. HANDHOLD_BIN: folder of the C programs; without it what needs them says that it is skipped.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = dirname(dirname(fileURLToPath(import.meta.url))), compiled = join(web, 'build/node/test/proto'), made = join(web, 'build/vectors');
const bin = process.env.HANDHOLD_BIN, env = { ...process.env };

// The vector files of the C implementation: read as files, never as code.
if (bin && !env.HANDHOLD_MADE_VECTORS && existsSync(join(bin, 'handhold-vectors'))) {
  mkdirSync(made, { recursive: true });
  const handshakes = join(bin, '../vectors/handshake.json');
  if (spawnSync(join(bin, 'handhold-vectors'), [made], { stdio: 'inherit' }).status !== 0) process.exit(1);
  if (existsSync(handshakes)) copyFileSync(handshakes, join(made, 'handshake.json'));
  env.HANDHOLD_MADE_VECTORS = made;
}
const tests = readdirSync(compiled).filter((name) => name.endsWith('.test.js')).map((name) => join(compiled, name));
const files = [...tests, join(web, 'test/interop.mjs'), join(web, 'test/voice.mjs'), join(web, 'test/generated.mjs'), join(web, 'test/written.mjs')];
process.exit(spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit', env }).status ?? 1);
