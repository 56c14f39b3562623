// SPDX-License-Identifier: Apache-2.0
// Compiles messages/*.json (ICU message format) for src/words/format.ts. A message that one language has and another
// lacks, or whose places differ, fails the build; so does a name that the sources do not use.
import { parse, TYPE } from '@formatjs/icu-messageformat-parser';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const source = (language) => JSON.parse(readFileSync(join(web, 'messages', `${language}.json`), 'utf8'));

/** Parts of one message. */
function compile(elements, places) {
  const list = elements.map((e) => {
    const options = () => Object.fromEntries(Object.entries(e.options).map(([name, o]) => [name, [compile(o.value, places)].flat()]));
    if (e.value && e.type !== TYPE.literal && e.type !== TYPE.tag) places.add(e.value);
    switch (e.type) {
      case TYPE.literal: return e.value;
      case TYPE.argument: return ['arg', e.value];
      case TYPE.number: return ['number', e.value];
      case TYPE.time: return ['time', e.value];
      case TYPE.date: return [e.style === 'long' ? 'day' : 'date', e.value];
      case TYPE.plural: return ['plural', e.value, options()];
      case TYPE.select: return ['select', e.value, options()];
      case TYPE.pound: return ['#'];
      default: throw new Error(`the page has no ${TYPE[e.type]}`);
    }
  });
  return list.every((p) => typeof p === 'string') ? list.join('') : list;
}

function catalogue(language) {
  const messages = {}, places = {};
  for (const [key, text] of Object.entries(source(language))) {
    const found = new Set();
    try {
      messages[key] = compile(parse(text, { ignoreTag: true }), found);
    } catch (error) {
      throw new Error(`messages/${language}.json: ${key}: ${error.message}`);
    }
    places[key] = [...found].sort().join(' ');
  }
  return { messages, places };
}

function usedIn(folder) {
  const names = new Set();
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !/\.ts$/.test(entry.name) || entry.name === 'keys.ts') continue;
    const text = readFileSync(join(entry.path, entry.name), 'utf8');
    for (const [, name] of text.matchAll(/['"`]([a-z]+\.[a-zA-Z.-]+)['"`]/g)) names.add(name);
    for (const [, stem] of text.matchAll(/`([a-z]+\.[a-z.-]*)\$\{/g)) names.add(`${stem}*`);
  }
  return names;
}

export function compileMessages() {
  const en = catalogue('en'), de = catalogue('de'), wrong = [];
  for (const key of new Set([...Object.keys(en.messages), ...Object.keys(de.messages)])) {
    if (!(key in de.messages)) wrong.push(`de.json: ${key} is missing`);
    else if (!(key in en.messages)) wrong.push(`en.json: ${key} is missing`);
    else if (en.places[key] !== de.places[key]) wrong.push(`${key}: {${en.places[key]}} in English, {${de.places[key]}} in German`);
  }
  const used = usedIn(join(web, 'src')), stems = [...used].filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  for (const key of Object.keys(en.messages))
    if (!used.has(key) && !stems.some((stem) => key.startsWith(stem))) wrong.push(`en.json: ${key} is not used`);
  if (wrong.length) throw new Error(`messages:\n  ${wrong.join('\n  ')}`);
  return { en: en.messages, de: de.messages };
}

/** The names, so that a misspelt one does not compile. */
export function writeKeys() {
  const keys = Object.keys(source('en')).sort().map((key) => `  | '${key}'`).join('\n');
  const text = `// SPDX-License-Identifier: Apache-2.0\n/* Made from messages/en.json by scripts/messages.mjs. */\nexport type Key =\n${keys};\n`;
  const file = join(web, 'src/words/keys.ts');
  let before = '';
  try { before = readFileSync(file, 'utf8'); } catch { /* the first time */ }
  if (before !== text) writeFileSync(file, text);
}
