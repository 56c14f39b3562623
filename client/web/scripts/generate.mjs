// SPDX-License-Identifier: Apache-2.0
// Makes what must exist once only: the messages and their bounds from proto/wire, the check words from proto/pairing/words.c.
//     npm run generate            writes;    node scripts/generate.mjs --check    fails when a file is not what it would write
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = dirname(dirname(fileURLToPath(import.meta.url))), proto = join(web, '../../proto'), out = join(web, 'src/proto');
const head = (from) => `// SPDX-License-Identifier: Apache-2.0\n/* Generated from ${from} by scripts/generate.mjs: change that, not this. */\n`;

export function words() {
  const list = readFileSync(join(proto, 'pairing/words.c'), 'utf8').match(/words\[PROTO_WORDS_COUNT\] = \{([^}]*)\}/)[1];
  const found = [...list.matchAll(/"([a-z]+)"/g)].map((m) => m[1]);
  if (found.length !== 1024) throw new Error(`${found.length} words instead of 1024`);
  return `${head('proto/pairing/words.c')}export const WORDS = (\n  '${found.join(' ').replace(/(.{1,118})( |$)/g, "$1$2' +\n  '").slice(0, -" +\n  '".length)}\n).split(' ');\n`;
}

export function bounds() {
  const rows = readFileSync(join(proto, 'wire/handhold.options'), 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
  const lines = rows.map((row) => {
    const [, field, count, size, fixed] = row.match(/^handhold\.(\S+)(?:\s+max_count:(\d+))?(?:\s+max_size:(\d+))?( fixed_length:true)?$/);
    const parts = [count && `count: ${count}`, size && `size: ${size}`, fixed && 'fixed: true'].filter(Boolean);
    return `  '${field}': { ${parts.join(', ')} },\n`;
  });
  return `${head('proto/wire/handhold.options')}/* size: bytes, for texts with one for a final NUL; count: elements. */
export interface Bound {
  size?: number;
  count?: number;
  fixed?: boolean;
}
export const BOUNDS: Readonly<Record<string, Bound>> = {\n${lines.join('')}};\n`;
}

export function messages() {
  const folder = mkdtempSync(join(tmpdir(), 'handhold-es-'));
  try {
    execFileSync('protoc', ['-I', join(proto, 'wire'), `--plugin=${join(web, 'node_modules/.bin/protoc-gen-es')}`, `--es_out=${folder}`,
      '--es_opt=target=ts,import_extension=js', join(proto, 'wire/handhold.proto')]);
    return readFileSync(join(folder, 'handhold_pb.ts'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const files = { 'pairing/words.ts': words, 'wire/bounds.ts': bounds, 'wire/handhold_pb.ts': messages };
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, make] of Object.entries(files)) {
    if (process.argv.includes('--check')) {
      if (readFileSync(join(out, name), 'utf8') !== make()) throw new Error(`${name} is not what it was generated from`);
    } else {
      writeFileSync(join(out, name), make());
    }
  }
}
