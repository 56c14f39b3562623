// SPDX-License-Identifier: Apache-2.0
/* What package-lock.json names, installed once: call it before anything imports browser.mjs, whose imports these are. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url), here = dirname(self);

function areHere() {
  const read = (name) => { try { return JSON.parse(readFileSync(join(here, name), 'utf8')).packages; } catch { return {}; } };
  const wanted = Object.entries(read('package-lock.json')).filter(([name, p]) => name !== '' && !p.optional), found = read('node_modules/.package-lock.json');
  return wanted.every(([name, p]) => found[name]?.version === p.version);
}

/** A sentence when they cannot be had; undefined when they are here. npm speaks on stderr: stdout may be somebody's protocol.
 * Of two that ask at once one installs, and the other waits. */
export function whatPackagesLack() {
  if (areHere()) return undefined;
  const one = spawnSync('flock', [join(here, 'package-lock.json'), process.execPath, self, 'install'], { cwd: here, stdio: ['ignore', 2, 2] });
  return one.status === 0 ? undefined : 'the packages of tests/browser cannot be had from npm';
}

if (process.argv[1] === self && process.argv[2] === 'install' && !areHere())
  process.exitCode = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { stdio: 'inherit' }).status ?? 1;
