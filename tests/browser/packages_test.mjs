// SPDX-License-Identifier: Apache-2.0
/* Debian 12 has Node 18, and these tests run there: no package that they load asks for a later one, whatever Node is here. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const lock = JSON.parse(readFileSync(new URL('package-lock.json', import.meta.url), 'utf8'));
const least = (range) => Math.min(...range.split('||').map((part) => Number(/\d+/.exec(part)?.[0] ?? 0)));

test('each package of package-lock.json runs on the Node that package.json names', () => {
  const ours = least(lock.packages[''].engines.node);
  const later = Object.entries(lock.packages).filter(([, { engines }]) => least(engines?.node ?? '*') > ours).map(([name]) => name);
  assert.deepEqual(later, []);
});
