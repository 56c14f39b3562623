// SPDX-License-Identifier: Apache-2.0
/* GATE: the customer's signed order to the relay to let one stream through to one person, or not any more. */
import { concat, u8, uint, utf8, type Bytes } from '../util/bytes.js';
import { signLabelled } from '../seal/signature.js';
import { capabilityNumber, type Capability } from '../wire/capability.js';

const LABEL = 'handhold/1 gate';

export interface Gate {
  sid: Bytes;
  gateSeq: number;
  open: boolean;
  src: number;
  stream: number;
  dst: number;
  capability: Capability;
  grantee: Bytes;
  /** 0: until the session ends. */
  ttlS: number;
  /** Of the grant; zeros in a close. */
  leafHash: Bytes;
}

export function gateSign(gate: Gate, seed: Bytes): Bytes {
  const fields = concat(
    gate.sid, uint(gate.gateSeq, 4), Uint8Array.of(gate.open ? 1 : 0, gate.src, gate.stream, gate.dst, capabilityNumber(gate.capability)),
    gate.grantee, uint(gate.ttlS, 4), gate.leafHash,
  );
  return concat(utf8(LABEL), u8(0), fields, signLabelled(LABEL, fields, seed));
}
