// SPDX-License-Identifier: Apache-2.0
/*
 * visit/open.ts - the part of the page that knows the protocol. It is fetched while the first screen is read, and used
 * from the tap on Join on.
 */
import { createCustomerSession } from '../proto/session.js';
import { ProtoError } from '../proto/err.js';
import { plainRead, plainWrite } from '../proto/util/plain.js';
import type { Capability, CustomerConfig, CustomerSession } from '../proto/session.js';
import { Keeper } from './keep.js';
import { Visit } from './visit.js';
import type { Devices, VisitKept } from './visit.js';

import { inviteLinkParse, inviteLinkSid } from '../proto/pairing/invite.js';

export { inviteCodeParse } from '../proto/pairing/invite.js';
export { ProtoError } from '../proto/err.js';
export { checkNotMade, deviceChange, propertyChange, propertyHidden } from '../device/change.js';
export { checkReceipt, writeProof, writeProofs } from '../receipt/proof.js';

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

interface Kept<Studio> {
  session: string;
  visit: VisitKept;
  studio: Studio;
  pinnedRoot: Uint8Array | undefined;
}

interface Keeping<Studio> extends Devices {
  /** What the customer chose to hide, above all. */
  keep(): Studio;
  restore(kept: Studio): void;
}

/* Who helps is known to the session that came; words were compared, or not, on the other device. */
function peerOf(session: CustomerSession): VisitKept {
  const organisation = session.organisation();
  const peer = organisation && { name: organisation.agent, organisation: organisation.domain, verified: organisation.verified };
  return { joinedAt: Date.now(), peer, words: undefined, chat: [], entries: [], guide: undefined, movedIn: true, carried: [], justMoved: true, other: undefined };
}

type Beginning = Pick<CustomerConfig, 'link' | 'code' | 'kept' | 'keptElsewhere'>;

function begin<Studio>(how: Beginning, settings: Settings, studio: Keeping<Studio>, before?: VisitKept, moved = false): Visit {
  let visit: Visit | undefined;
  const config: CustomerConfig = {
    ...how, joinHost: location.host, offers: settings.offers, clientInfo: settings.clientInfo,
    uiBuild: settings.uiBuild, clock: () => ({ monoMs: performance.now(), unixMs: Date.now() }), onWake: () => visit?.wake(),
  };
  const { pinnedRoot } = settings;
  if (pinnedRoot) config.pinnedRoot = pinnedRoot;
  const session = createCustomerSession(config);
  const keeper = new Keeper(() => {
    const kept = session.keep();
    return kept === undefined || !visit ? undefined : plainWrite({ session: kept, visit: visit.keep(), studio: studio.keep(), pinnedRoot } satisfies Kept<Studio>);
  });
  visit = new Visit(session, location.host, studio, keeper, moved ? peerOf(session) : before);
  return visit;
}

/** Throws ProtoError when the invitation is damaged; nothing was sent then. */
export function openVisit<Studio>(invitation: Invitation, settings: Settings, studio: Keeping<Studio>): Visit {
  return begin(invitation, settings, studio);
}

/** The visit that a reload interrupted. Throws ProtoError: it is over. */
export function reopenVisit<Studio>(text: string, settings: Omit<Settings, 'pinnedRoot'>, studio: Keeping<Studio>): Visit {
  let kept: Kept<Studio>;
  try {
    kept = plainRead(text) as Kept<Studio>;
  } catch {
    throw new ProtoError('FORMAT', 'nothing to take up again');
  }
  studio.restore(kept.studio);
  return begin({ kept: kept.session }, { ...settings, pinnedRoot: kept.pinnedRoot }, studio, kept.visit);
}

/** The link that is open here is the one of the visit that was kept: its own message was tapped again. */
export function isVisitOf(text: string, link: string): boolean {
  try {
    const { sid } = plainRead((plainRead(text) as Kept<unknown>).session) as { sid: Uint8Array };
    return String(inviteLinkSid(inviteLinkParse(link))) === String(sid);
  } catch {
    return false;
  }
}

/** The visit that another device of this customer has handed over. Throws ProtoError. */
export function takeOverVisit<Studio>(kept: string, settings: Settings, studio: Keeping<Studio>): Visit {
  return begin({ keptElsewhere: kept }, settings, studio, undefined, true);
}
