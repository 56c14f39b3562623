// SPDX-License-Identifier: Apache-2.0
/*
 * Protobuf messages within their bounds: what is over a bound of handhold.options, or holds a text that is not UTF-8, does not
 * decode, and is not sent.
 */
import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import type { DescField } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { configureTextEncoding } from '@bufbuild/protobuf/wire';
import { ProtoError } from '../err.js';
import { fromUtf8, utf8, type Bytes } from '../util/bytes.js';
import { BOUNDS, type Bound } from './bounds.js';

configureTextEncoding({ encodeUtf8: utf8, decodeUtf8: fromUtf8, checkUtf8: (text) => !/\p{Surrogate}/u.test(text) });

const over = (name: string): ProtoError => new ProtoError('RANGE', `${name} is over its bound`);

/** NUL ends a text in other implementations, so none may hold one. */
function checkText(name: string, text: string, bound: Bound | undefined): void {
  if (text.includes('\0')) throw new ProtoError('FORMAT', `${name} holds a zero byte`);
  if (bound?.size !== undefined && utf8(text).length >= bound.size) throw over(name);
}

function checkBytes(name: string, bytes: Bytes, bound: Bound | undefined): void {
  if (bound?.size === undefined) return;
  if (bound.fixed ? bytes.length !== bound.size : bytes.length > bound.size) throw over(name);
}

function checkField(message: ReflectMessage, field: DescField): void {
  const name = `${message.desc.name}.${field.name}`, bound = BOUNDS[name];
  if (field.fieldKind === 'list') {
    const list = message.get(field);
    if (bound?.count !== undefined && list.size > bound.count) throw over(name);
    for (const item of list) if (field.listKind === 'message') checkMessage(item as ReflectMessage);
  } else if (field.fieldKind === 'message') {
    if (message.isSet(field)) checkMessage(message.get(field) as ReflectMessage);
  } else if (field.fieldKind === 'scalar') {
    const value = message.get(field) as unknown;
    if (typeof value === 'string') checkText(name, value, bound);
    /* a field of fixed length that was left out is that many zeros, and is told by its length 0 */
    else if (value instanceof Uint8Array && (value.length || message.isSet(field))) checkBytes(name, value, bound);
  }
}

function checkMessage(message: ReflectMessage): void {
  for (const field of message.fields) if (!field.oneof || message.oneofCase(field.oneof) === field) checkField(message, field);
}

/** Throws FORMAT or RANGE. */
export function decodeMessage<D extends DescMessage>(schema: D, bytes: Bytes): MessageShape<D> {
  let message: MessageShape<D>;
  try {
    message = fromBinary(schema, bytes, { readUnknownFields: false });
  } catch {
    throw new ProtoError('FORMAT', `no ${schema.name}`);
  }
  checkMessage(reflect(schema, message));
  return message;
}

/** Throws RANGE. */
export function encodeMessage<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Bytes {
  const message = create(schema, init);
  checkMessage(reflect(schema, message));
  return toBinary(schema, message, { writeUnknownFields: false });
}

/** A uint64 that must be a number a script can hold; sizes and indices of a log are far below. Throws RANGE. */
export function toNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ProtoError('RANGE', 'a number is too large');
  return Number(value);
}
