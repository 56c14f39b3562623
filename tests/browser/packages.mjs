// SPDX-License-Identifier: Apache-2.0
/* What package-lock.json names, installed once: call it before anything imports browser.mjs, whose imports these are. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** A sentence when they cannot be had; undefined when they are here. npm speaks on stderr: stdout may be somebody's protocol. */
export function whatPackagesLack() {
  const read = (name) => { try { return JSON.parse(readFileSync(join(here, name), 'utf8')).packages; } catch { return {}; } };
  const wanted = Object.entries(read('package-lock.json')).filter(([name, p]) => name !== '' && !p.optional), found = read('node_modules/.package-lock.json');
  if (wanted.every(([name, p]) => found[name]?.version === p.version)) return undefined;
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: here, stdio: ['ignore', 2, 2] });
  return npm.status === 0 ? undefined : 'the packages of tests/browser cannot be had from npm';
}
