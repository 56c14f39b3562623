// SPDX-License-Identifier: Apache-2.0
/*
 * Builds the page: node scripts/build.mjs --out FOLDER [--c FILE.c] [--session FILE.ts]
 * The same sources give the same bytes on every machine. Files are named by their hash, the page names them with their
 * integrity, and one manifest hash stands for all of it. --c: the files as C arrays for the relay. --session: another
 * session than src/proto/session.ts, for tests of the screens.
 */
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { writeAssets } from './assets.mjs';
import { compileMessages, writeKeys } from './messages.mjs';

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const out = resolve(option('--out') ?? join(web, 'build/page'));
const folder = 'a'; /* in addresses */

const sha = (bytes, algorithm = 'sha256', form = 'hex') => createHash(algorithm).update(bytes).digest(form);
const integrity = (bytes) => `sha384-${sha(bytes, 'sha384', 'base64')}`;

const messages = {
  name: 'messages',
  setup(b) {
    const all = compileMessages();
    b.onResolve({ filter: /^messages:/ }, ({ path }) => ({ path: path.slice(9), namespace: 'messages' }));
    b.onLoad({ filter: /.*/, namespace: 'messages' }, ({ path }) => ({ contents: JSON.stringify(all[path]), loader: 'json' }));
  },
};
const session = {
  name: 'session',
  setup(b) {
    const other = option('--session');
    if (other) b.onResolve({ filter: /\/proto\/session\.js$/ }, () => ({ path: resolve(other) }));
  },
};

const common = {
  absWorkingDir: web, bundle: true, minify: true, format: 'esm', target: ['es2022', 'safari16.4', 'chrome110', 'firefox115'],
  charset: 'utf8', legalComments: 'none', outdir: join(out, folder), write: true, metafile: true, logLevel: 'warning',
  entryNames: '[name]-[hash]', chunkNames: '[name]-[hash]', assetNames: '[name]-[hash]', sourcemap: false,
};

const find = (result, entry) => Object.entries(result.metafile.outputs).find(([, o]) => o.entryPoint === entry)[0];
const named = (path) => `/${folder}/${basename(path)}`;

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
writeKeys();
/* Each on its own: scripts that run beside the page. */
const BESIDE = {
  HANDHOLD_WORKER: 'src/camera/encoder.worker.ts',
  HANDHOLD_OPUS: 'src/voice/opus.worker.ts', /* fetched only where a browser has no Opus of its own */
  HANDHOLD_WORKLET: 'src/voice/voice.worklet.ts',
};
const beside = await Promise.all(Object.values(BESIDE).map((entry) => build({ ...common, entryPoints: [entry], external: ['node:*'] })));
const style = await build({ ...common, entryPoints: ['src/style.css'] });
const main = await build({
  ...common, entryPoints: ['src/main.ts'], splitting: true, plugins: [messages, session],
  define: Object.fromEntries(Object.entries(BESIDE).map(([name, entry], i) => [name, JSON.stringify(named(find(beside[i], entry)))])),
});

/* What Join needs is fetched with the first screen; what it does not need (QR, other languages) when it is asked for. */
function needed(entry) {
  const seen = new Set(), visit = (path) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const i of main.metafile.outputs[path].imports) if (i.kind === 'import-statement') visit(i.path);
  };
  visit(entry);
  return [...seen];
}
const mainFile = find(main, 'src/main.ts'), joinFile = find(main, 'src/visit/open.ts');
const files = [...beside, style, main].flatMap((r) => Object.keys(r.metafile.outputs)).sort()
  .map((path) => ({ name: named(path), bytes: readFileSync(join(web, path)) }));
const bytesOf = (path) => files.find((f) => f.name === named(path)).bytes;
/* main.ts turns "handhold-later" into "modulepreload" once the first screen stands: it must not wait for these. */
const preload = (rel) => (path) => `<link rel="${rel}" href="${named(path)}" integrity="${integrity(bytesOf(path))}">`;
const early = needed(mainFile).filter((path) => path !== mainFile), later = needed(joinFile).filter((path) => !needed(mainFile).includes(path));
const styleFile = find(style, 'src/style.css');

const draft = readFileSync(join(web, 'src/page.html'), 'utf8')
  .replace('<!--style-->', () => `<link rel="stylesheet" href="${named(styleFile)}" integrity="${integrity(bytesOf(styleFile))}">`)
  .replace('<!--script-->', () => [`<script type="module" src="${named(mainFile)}" integrity="${integrity(bytesOf(mainFile))}"></script>`, ...early.map(preload('modulepreload')), ...later.map(preload('handhold-later'))].join('\n'));
const manifest = [...files, { name: '/', bytes: Buffer.from(draft) }].map((f) => `${sha(f.bytes)}  ${f.name}\n`).sort().join('');
const hash = sha(manifest), html = Buffer.from(draft.replace('<!--build-->', hash));

writeFileSync(join(out, 'page.html'), html);
writeFileSync(join(out, 'manifest'), manifest);
const size = (list) => list.reduce((sum, bytes) => sum + gzipSync(bytes, { level: 9 }).length, 0);
const first = size([html, ...[styleFile, ...needed(mainFile)].map(bytesOf)]), fallback = named(find(beside[1], BESIDE.HANDHOLD_OPUS));
const all = size([html, ...files.filter((f) => f.name !== fallback).map((f) => f.bytes)]);
if (option('--c')) writeAssets(resolve(option('--c')), html, files.map((f) => ({ ...f, compiles: f.name === fallback })), hash);
console.log(JSON.stringify({ build: hash, gzip_bytes: { join_ready: first, joined: first + size(later.map(bytesOf)), all, fallback: size(files.filter((f) => f.name === fallback).map((f) => f.bytes)) }, files: files.map((f) => `${f.name} ${size([f.bytes])}`) }, null, 1));
const MOST = { first: 100_000, all: 200_000 };
if (first > MOST.first || all > MOST.all) throw new Error(`the page is too heavy: ${first} bytes until Join is ready (${MOST.first} are allowed), ${all} in all but the codec that few browsers need (${MOST.all})`);
