// SPDX-License-Identifier: Apache-2.0
/* Who the two ends are, over the handshake hash: AUTH_A and AUTH_C, PROTOCOL.md §6. */
import { ProtoError } from '../err.js';
import { concat, lv16, Reader, u8, utf8, type Bytes } from '../util/bytes.js';
import { INT64_MAX, isClean } from '../util/text.js';
import { sha256 } from '../seal/kdf.js';
import { signLabelled, verifyLabelled } from '../seal/signature.js';

const TYPE_A = 1, TYPE_C = 2, INFO_MAX = 200;

export interface AuthA {
  chain: Bytes[];
  role: number;
  unixS: bigint;
  orgNumber: bigint;
  orgHash: Bytes;
  policyNumber: bigint;
  policyHash: Bytes;
  commit: Bytes;
}

interface Parsed extends AuthA {
  signedPart: Bytes;
  signature: Bytes;
}

/** Throws STATE when it is not AUTH_A at all, FORMAT when it is not exactly one. */
export function authAParse(plain: Bytes): Parsed {
  const reader = new Reader(plain);
  if (reader.u8() !== TYPE_A) throw new ProtoError('STATE', 'something else where AUTH_A was due');
  const count = reader.u8();
  if (count < 2 || count > 3) throw new ProtoError('FORMAT', 'a chain of another length');
  const chain = Array.from({ length: count }, () => reader.lv16());
  const fields = {
    chain, role: reader.u8(), unixS: reader.u64(), orgNumber: reader.u64(), orgHash: reader.take(32),
    policyNumber: reader.u64(), policyHash: reader.take(32), commit: reader.take(32),
  };
  const signedPart = plain.subarray(0, reader.position()), signature = reader.take(64);
  reader.end();
  if (fields.unixS > INT64_MAX) throw new ProtoError('FORMAT', 'a time out of bounds');
  return { ...fields, signedPart, signature };
}

/** Throws SIGNATURE. */
export function authAVerify(auth: Parsed, handshakeHash: Bytes, publicKey: Bytes): void {
  verifyLabelled(auth.signature, 'handhold/1 agent-auth', sha256(handshakeHash, auth.signedPart), publicKey);
}

export function isClientInfo(info: string): boolean {
  return utf8(info).length <= INFO_MAX && isClean(info);
}

export interface AuthC {
  csPublic: Bytes;
  nC: Bytes;
  resumePsk: Bytes;
  clientInfo: string;
}

export function authCMake(auth: AuthC, handshakeHash: Bytes, authAHash: Bytes, csSeed: Bytes): Bytes {
  const fields = concat(u8(TYPE_C), auth.csPublic, auth.nC, auth.resumePsk, lv16(utf8(auth.clientInfo)));
  return concat(fields, signLabelled('handhold/1 customer-auth', sha256(handshakeHash, authAHash, fields), csSeed));
}
