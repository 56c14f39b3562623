// SPDX-License-Identifier: Apache-2.0
/* Where vector files are. Published ones: $HANDHOLD_VECTORS, else shared/vectors beside the repository. Those that the C code wrote: $HANDHOLD_MADE_VECTORS. */
import { existsSync, readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHex } from '../../src/proto/util/bytes.js';

(globalThis as { crypto?: unknown }).crypto ??= webcrypto; /* Node 18 hides it */

/* build/node/test/proto -> the repository */
const repository = join(dirname(fileURLToPath(import.meta.url)), '../../../../../..');
const published = process.env['HANDHOLD_VECTORS'] ?? join(repository, '../shared/vectors');
const made = process.env['HANDHOLD_MADE_VECTORS'] ?? '';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

/** undefined: the file is not there, and the test says so. */
function load(folder: string, name: string): string | undefined {
  const path = join(folder, name);
  return folder && existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

export const publishedText = (name: string): string | undefined => load(published, name);
export const madeJson = (name: string): Json => {
  const text = load(made, name);
  return text === undefined ? undefined : JSON.parse(text);
};
export const publishedJson = (name: string): Json => {
  const text = load(published, name);
  /* numbers that a script cannot hold stay texts */
  return text === undefined ? undefined : JSON.parse(text.replace(/: ?(\d{16,})(?=[,\s}])/g, ': "$1"'));
};
export const skipUnless = (file: Json, name: string): { skip: string | false } => ({ skip: file === undefined ? `${name} is not there` : false });

export const h = (text: string): Uint8Array<ArrayBuffer> => fromHex(text.toLowerCase());
/** A copy with one bit turned. */
export function flipped(bytes: Uint8Array, at: number, bit = 0): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(bytes);
  copy[at]! ^= 1 << bit;
  return copy;
}
export const raises = (err: string) => (error: unknown): boolean => (error as { err?: string }).err === err;
