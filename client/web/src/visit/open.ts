// SPDX-License-Identifier: Apache-2.0
/*
 * visit/open.ts - the part of the page that knows the protocol. It is fetched while the first screen is read, and used
 * from the tap on Join on.
 */
import { createCustomerSession } from '../proto/session.js';
import type { Capability, CustomerConfig } from '../proto/session.js';
import { Visit } from './visit.js';
import type { Devices } from './visit.js';

export { inviteCodeParse } from '../proto/pairing/invite.js';
export { ProtoError } from '../proto/err.js';
export { deviceChange, propertyChange } from '../device/change.js';
export { checkReceipt, writeProof } from '../receipt/proof.js';

export interface Invitation {
  /** The whole link, or the digits. */
  link?: string;
  code?: string;
}

export interface Settings {
  offers: readonly Capability[];
  clientInfo: string;
  uiBuild: Uint8Array;
  pinnedRoot: Uint8Array | undefined;
}

/** Throws ProtoError when the invitation is damaged; nothing was sent then. */
export function openVisit(invitation: Invitation, settings: Settings, devices: Devices): Visit {
  let visit: Visit | undefined;
  const startMonoMs = performance.now();
  const config: CustomerConfig = {
    ...invitation, joinHost: location.host, offers: settings.offers, clientInfo: settings.clientInfo,
    uiBuild: settings.uiBuild, clock: () => ({ monoMs: performance.now(), unixMs: Date.now() }), onWake: () => visit?.wake(),
  };
  if (settings.pinnedRoot) config.pinnedRoot = settings.pinnedRoot;
  visit = new Visit(createCustomerSession(config), location.host, devices, startMonoMs);
  return visit;
}
