// SPDX-License-Identifier: Apache-2.0
/*
 * Strict DER, read with a library: every element is walked, its header must be the one that the library writes for it, and the
 * primitives of which DER has one spelling must have that. A second spelling would be a second fingerprint.
 */
import { ASN1Class, ASN1Form, encodeASN1, parseASN1, type ASN1Value } from '@oslojs/asn1';
import { ProtoError } from '../err.js';
import { sameBytes, type Bytes } from '../util/bytes.js';

const DEPTH_MAX = 16; /* a certificate of the profile nests nine deep */
export const TAG = {
  BOOLEAN: 1, INTEGER: 2, BIT_STRING: 3, OCTET_STRING: 4, OID: 6, UTF8: 12, SEQUENCE: 16, SET: 17,
  PRINTABLE: 19, IA5: 22, UTC_TIME: 23, GENERAL_TIME: 24,
} as const;

export const notDer = (what: string): ProtoError => new ProtoError('CERT_PROFILE', `a certificate: ${what}`);

/** One element with its children. `tag` is the number; `context`: [tag] of class context-specific. */
export interface Der {
  tag: number;
  context: boolean;
  constructed: boolean;
  /** The whole element, and what is in it. Views. */
  raw: Bytes;
  content: Bytes;
  children: Der[];
}

function checkPrimitive(tag: number, content: Bytes): void {
  const [first, second, last] = [content[0] ?? 0, content[1] ?? 0, content[content.length - 1] ?? 0];
  let good = true;
  if (tag === TAG.BOOLEAN) good = content.length === 1 && (first === 0 || first === 0xff);
  if (tag === TAG.INTEGER)
    good = content.length === 1 || (content.length > 1 && !(first === 0 && second < 0x80) && !(first === 0xff && second >= 0x80));
  if (tag === TAG.BIT_STRING)
    good = content.length >= 1 && first <= 7 && (content.length > 1 || first === 0) && (content.length === 1 || (last & ((1 << first) - 1)) === 0);
  if (!good) throw notDer('a value in another spelling');
}

function parseOne(bytes: Bytes): [value: ASN1Value, size: number] {
  try {
    return parseASN1(bytes);
  } catch {
    throw notDer('not DER');
  }
}

function take(bytes: Bytes, depth: number): [element: Der, size: number] {
  const [value, size] = parseOne(bytes);
  const universal = value.class === ASN1Class.Universal, constructed = value.form === ASN1Form.Constructed;
  const raw = bytes.subarray(0, size), content = value.contents();
  if (!sameBytes(encodeASN1(value), raw) || value.tag >= 31 || (universal && value.tag === 0)) throw notDer('an element in another spelling');
  if (universal && constructed !== (value.tag === TAG.SEQUENCE || value.tag === TAG.SET)) throw notDer('a string in pieces');
  if (!universal && value.class !== ASN1Class.ContextSpecific) throw notDer('an element of no use here');
  if (universal && !constructed) checkPrimitive(value.tag, content);
  return [{ tag: value.tag, context: !universal, constructed, raw, content, children: constructed ? walk(content, depth - 1) : [] }, size];
}

function walk(content: Bytes, depth: number): Der[] {
  const children: Der[] = [];
  if (depth < 0) throw notDer('nested too deep');
  for (let at = 0; at < content.length; ) {
    const [child, size] = take(content.subarray(at), depth);
    children.push(child);
    at += size;
  }
  return children;
}

/** Exactly one element and nothing behind it. Throws CERT_PROFILE. */
export function derParse(bytes: Bytes): Der {
  const [element, size] = take(bytes, DEPTH_MAX);
  if (size !== bytes.length) throw notDer('bytes behind its end');
  return element;
}

export const isTag = (der: Der | undefined, tag: number): der is Der => der !== undefined && !der.context && der.tag === tag;
export const isContext = (der: Der | undefined, tag: number, constructed: boolean): der is Der =>
  der !== undefined && der.context && der.tag === tag && der.constructed === constructed;

export function want(der: Der | undefined, tag: number): Der {
  if (!isTag(der, tag)) throw notDer('another element where one was due');
  return der;
}
