// SPDX-License-Identifier: Apache-2.0
// The built page as C arrays, compressed, for relay/serve/page.h.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const TYPES = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' };

function array(name, bytes) {
  const rows = [];
  for (let at = 0; at < bytes.length; at += 24) rows.push([...bytes.subarray(at, at + 24)].join(','));
  return `static const unsigned char ${name}[] = {\n${rows.join(',\n')}};\n`;
}

/* gzip says when and on which system it was made; the same page is to give the same bytes. */
function zip(bytes) {
  const zipped = gzipSync(bytes, { level: 9 });
  zipped.fill(0, 4, 8);
  zipped[9] = 255;
  return zipped;
}

export function writeAssets(file, html, files, hash) {
  const all = [{ name: '/', bytes: html, type: 'text/html; charset=utf-8' },
    ...files.map((f) => ({ ...f, type: TYPES[f.name.split('.').pop()] }))].map((f) => ({ ...f, zipped: zip(f.bytes) }));
  const etag = (f) => `\\"${createHash('sha256').update(f.bytes).digest('hex').slice(0, 32)}\\"`;
  writeFileSync(file, `/* SPDX-License-Identifier: Apache-2.0 */
/* Made from client/web by scripts/build.mjs. */
#include "relay/serve/page.h"

${all.map((f, i) => array(`file_${i}`, f.zipped)).join('\n')}
static const struct serve_file files[] = {
${all.map((f, i) => `    {"${f.name}", "${f.type}", "${etag(f)}", file_${i}, sizeof file_${i}, true, ${f.compiles === true}},`).join('\n')}
};

const struct serve_page serve_page_built = {"${hash}", files, sizeof files / sizeof *files};
const char *const serve_page_style = NULL;
`);
}
