// SPDX-License-Identifier: Apache-2.0
/* What can be consented to, who may ask, and why a session ended: one number on the wire, one name in notes and in code. */

const CAPABILITIES = [
  ['camera', 'Camera'], ['microphone', 'Voice'], ['device-state', 'Device information'], ['still', 'Photo'],
  ['recording', 'Recording'], ['torch', 'Light'], ['zoom', 'Zoom'], ['location', 'Location'],
  ['history', 'Remember this visit'], ['guest', 'Another person'],
] as const;
export type Capability = (typeof CAPABILITIES)[number][0];

export const capabilities: readonly Capability[] = CAPABILITIES.map(([name]) => name);

/** 1 to 10. */
export function capabilityNumber(capability: Capability): number {
  return capabilities.indexOf(capability) + 1;
}

export function capabilityFromNumber(number: number): Capability | undefined {
  return capabilities[number - 1];
}

export function capabilityFromName(name: string): Capability | undefined {
  return capabilities.find((capability) => capability === name);
}

/** The English label: part of the text whose hash stands in a statement, whatever language the screen has. */
export function capabilityLabel(capability: Capability): string {
  return CAPABILITIES[capabilityNumber(capability) - 1]![1];
}

const ROLES = ['agent', 'supervisor', 'expert', 'officer', 'integrator'] as const;
export type Role = (typeof ROLES)[number];

export const roles: readonly Role[] = ROLES;

export function roleFromNumber(number: number): Role | undefined {
  return ROLES[number - 1];
}

export function roleNumber(role: Role): number {
  return ROLES.indexOf(role) + 1;
}

export function roleFromName(name: string): Role | undefined {
  return ROLES.find((role) => role === name);
}

const ENDS = [
  'completed', 'declined', 'customer-left', 'agent-left', 'connection-lost', 'expired', 'wrong-person',
  'stopped-by-officer', 'failed',
] as const;
export type EndReason = (typeof ENDS)[number];

export function endFromNumber(number: number): EndReason | undefined {
  return ENDS[number - 1];
}

export function endNumber(reason: EndReason): number {
  return ENDS.indexOf(reason) + 1;
}
