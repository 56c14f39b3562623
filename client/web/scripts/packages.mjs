// SPDX-License-Identifier: Apache-2.0
// Installs the packages of package-lock.json, when what is installed is something else. Exit code 3: they cannot be had.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (name) => { try { return JSON.parse(readFileSync(join(web, name), 'utf8')).packages; } catch { return {}; } };

const wanted = Object.entries(read('package-lock.json')).filter(([name, p]) => name !== '' && !p.optional);
const here = read('node_modules/.package-lock.json');
if (wanted.length > 0 && wanted.every(([name, p]) => here[name]?.version === p.version)) process.exit(0);
const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: web, stdio: ['ignore', 2, 2] });
process.exit(done.status === 0 ? 0 : 3);
