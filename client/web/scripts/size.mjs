// SPDX-License-Identifier: Apache-2.0
// How much of the page the protocol alone is: bundled and minified, gzip, with its parts.
import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../src/proto/session.ts', import.meta.url));
const { outputFiles, metafile } = await build({
  stdin: { contents: `export { createCustomerSession } from '${entry}';`, resolveDir: '.', loader: 'ts' },
  bundle: true, minify: true, format: 'esm', target: 'es2022', write: false, metafile: true,
});
const [{ contents }] = outputFiles;
console.log(`proto: ${contents.length} bytes, gzip ${gzipSync(contents, { level: 9 }).length}`);
const parts = new Map();
for (const [path, { bytesInOutput }] of Object.entries(Object.values(metafile.outputs)[0].inputs)) {
  const part = path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? path.match(/src\/proto\/([^/]+)/)?.[1] ?? path;
  parts.set(part, (parts.get(part) ?? 0) + bytesInOutput);
}
for (const [part, bytes] of [...parts].sort((a, b) => b[1] - a[1])) console.log(`${String(bytes).padStart(8)}  ${part}`);
