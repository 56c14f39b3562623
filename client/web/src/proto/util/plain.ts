// SPDX-License-Identifier: Apache-2.0
/* Plain data with bytes, big numbers, maps and Infinity in it, as text and back. Written and read by the same build only. */
import { base64, base64Decode } from '../seal/base64.js';

function mark(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: base64(value) };
  if (value instanceof Map) return { $map: [...value] };
  if (typeof value === 'bigint') return { $big: String(value) };
  return value === Infinity ? { $infinity: true } : value;
}

function unmark(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$bytes' in value) return base64Decode(String(value.$bytes));
  if ('$map' in value) return new Map(value.$map as [unknown, unknown][]);
  if ('$big' in value) return BigInt(String(value.$big));
  return '$infinity' in value ? Infinity : value;
}

export const plainWrite = (value: unknown): string => JSON.stringify(value, (_, v: unknown) => mark(v));
export const plainRead = (text: string): unknown => JSON.parse(text, (_, v: unknown) => unmark(v));
