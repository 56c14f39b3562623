// SPDX-License-Identifier: Apache-2.0
/* RFC 4648 §4 with padding and §5 without, each in its one spelling: what a reader takes is what a writer makes. */
import { ProtoError } from '../err.js';
import type { Bytes } from '../util/bytes.js';

export function base64(bytes: Bytes): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function base64url(bytes: Bytes): string {
  return base64(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}

/** atob() forgives white space, missing padding and spare bits; comparing with the one right spelling does not. */
export function base64Decode(text: string): Uint8Array<ArrayBuffer> {
  let raw: string;
  try {
    raw = atob(text);
  } catch {
    throw new ProtoError('FORMAT', 'not base64');
  }
  if (btoa(raw) !== text) throw new ProtoError('FORMAT', 'base64 in another spelling');
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

export function base64urlDecode(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new ProtoError('FORMAT', 'not base64url');
  const padded = text.replace(/-/g, '+').replace(/_/g, '/') + '='.repeat((4 - (text.length % 4)) % 4);
  return base64Decode(padded);
}
