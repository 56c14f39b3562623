// SPDX-License-Identifier: Apache-2.0
/* device/change.ts - one line of device state as its bytes: what pushFrame('device-state', …) takes. */
import { encodeMessage } from '../proto/wire/message.js';
import { StateChangeSchema } from '../proto/wire/handhold_pb.js';

export function deviceChange(id: string, kind: string, model: string): Uint8Array {
  return encodeMessage(StateChangeSchema, { body: { case: 'device', value: { id, kind, model, seenBy: 'browser' } } });
}

export function propertyChange(device: string, name: string, value: string | number | boolean, unit: string): Uint8Array {
  const typed = typeof value === 'string' ? { case: 'text' as const, value }
    : typeof value === 'number' ? { case: 'number' as const, value } : { case: 'truth' as const, value };
  return encodeMessage(StateChangeSchema, { body: { case: 'property', value: { device, name, value: typed, unit, unixMs: BigInt(Date.now()) } } });
}

/** The customer does not show this one: its name alone. */
export function propertyHidden(device: string, name: string): Uint8Array {
  return encodeMessage(StateChangeSchema, { body: { case: 'property', value: { device, name, hidden: true } } });
}

const NOT_CHECKED = 5; /* client_check_status */

/** A browser cannot look at its own line: it says so, instead of letting the agent wait. */
export function checkNotMade(id: number, check: string, target: string, detail: string): Uint8Array {
  return encodeMessage(StateChangeSchema, { body: { case: 'check', value: { id, check, target, status: NOT_CHECKED, detail, unixMs: BigInt(Date.now()) } } });
}
