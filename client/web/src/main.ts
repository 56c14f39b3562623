// SPDX-License-Identifier: Apache-2.0
/*
 * main.ts - where the page begins: the language, then the link or the code, then the visit, then the receipt. Until Join is
 * tapped nothing but files of this relay is fetched, and what is behind the # of a link goes nowhere.
 */
import { Studio } from './camera/studio.js';
import { readDevice } from './join/device.js';
import { hasFragment, inviting, putFragmentBack, takeFragment } from './join/link.js';
import { findOrganisation } from './join/organisation.js';
import type { Organisation } from './join/organisation.js';
import type { Capability } from './proto/session.js';
import { showCode } from './screens/code.js';
import { showEnd } from './screens/end.js';
import { buildFrame, showJoining } from './screens/frame.js';
import { showProblem } from './screens/problem.js';
import { showVisit } from './screens/visit.js';
import { showWelcome } from './screens/welcome.js';
import { newOpusWorker, newWorker, workletAddress } from './ui/worker.js';
import { putBack, readKept, takeKept } from './visit/keep.js';
import type { Invitation } from './visit/open.js';
import type { Visit } from './visit/visit.js';
import { chooseLanguage } from './words/words.js';

const VERSION = '0.1.0';
const device = readDevice(), parts = { newWorker, newOpusWorker, workletAddress };
const build = document.querySelector<HTMLMetaElement>('meta[name="handhold-build"]')?.content ?? '';

function buildHash(): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => parseInt(build.slice(2 * i, 2 * i + 2) || '0', 16));
}

function offers(): Capability[] {
  const seen: Capability[] = device.camera ? ['camera', 'torch', 'zoom', 'still', 'device-state', 'recording'] : ['still', 'device-state'];
  return device.voice ? [...seen, 'microphone'] : seen;
}

type ProtocolPart = typeof import('./visit/open.js');
const protocolPart = (): Promise<ProtocolPart> => import('./visit/open.js');

/* Who does not know the secret cannot be told more than that: a wrong code, or a link of something that is over. */
function refusalOf(err: string | undefined, invitation: Invitation): string {
  if (err === 'CRYPTO') return invitation.code === undefined ? 'BURNT' : 'CODE';
  return err === 'NOT_FOUND' && invitation.code !== undefined ? 'NO_CODE' : err ?? 'other';
}

const settings = (): { offers: Capability[]; clientInfo: string; uiBuild: Uint8Array } =>
  ({ offers: offers(), clientInfo: `Handhold page ${VERSION}`, /* what browser it is on is a fact of the device */ uiBuild: buildHash() });

async function join(invitation: Invitation, organisation: Promise<Organisation | undefined>): Promise<void> {
  const fragment = takeFragment();
  takeKept(); // of another visit, which is over with this tap
  showJoining(); // Join is gone with its screen: who taps twice joins once
  const protocol = await protocolPart().catch(() => undefined);
  if (!protocol) {
    putFragmentBack(fragment);
    return showProblem('UNREACHABLE');
  }
  const whose = await organisation;
  let visit: Visit;
  const studio = new Studio(parts, protocol, device.phone);
  try {
    visit = protocol.openVisit(invitation, { ...settings(), pinnedRoot: whose?.root }, studio);
  } catch (error) {
    putFragmentBack(fragment);
    return showProblem(error instanceof protocol.ProtoError ? error.err : 'other');
  }
  show(visit, studio, protocol, invitation, whose?.root);
}

/* What came from the other device knows who helps; the rest of its page stays there. */
function goOnHere(kept: string, protocol: ProtocolPart, pinnedRoot: Uint8Array | undefined): void {
  const studio = new Studio(parts, protocol, device.phone);
  try {
    show(protocol.takeOverVisit(kept, { ...settings(), pinnedRoot }, studio), studio, protocol, {});
  } catch {
    showProblem('GONE');
  }
}

function show(visit: Visit, studio: Studio, protocol: ProtocolPart, invitation: Invitation, pinnedRoot?: Uint8Array): void {
  studio.attach(visit);
  const ended = (): void => {
    const over = visit.ended;
    if (visit.movedHere !== undefined) goOnHere(visit.movedHere, protocol, pinnedRoot);
    else if (over && !visit.peer && over.reason !== 'customer-left') showProblem(refusalOf(over.err, invitation));
    else showEnd(visit, { writeProof: protocol.writeProof, writeProofs: protocol.writeProofs, checkReceipt: protocol.checkReceipt });
  };
  showVisit(visit, studio, device, ended);
}

/** The page was loaded again during a visit. */
async function comeBack(kept: string): Promise<void> {
  const protocol = await protocolPart().catch(() => undefined);
  if (!protocol) {
    putBack(kept);
    return showProblem('UNREACHABLE');
  }
  const studio = new Studio(parts, protocol, device.phone);
  try {
    show(protocol.reopenVisit(kept, settings(), studio), studio, protocol, {});
  } catch {
    showProblem('GONE');
  }
}

function begin(): void {
  if (hasFragment()) return beginWithLink();
  const kept = takeKept();
  if (kept !== undefined) return void comeBack(kept);
  const organisation = findOrganisation(undefined);
  showCode(protocolPart().then((p) => p.inviteCodeParse), organisation, (code) => void join({ code }, organisation));
}

function beginWithLink(): void {
  const found = inviting(), kept = readKept();
  if (!found) return showProblem('LINK');
  const { link, root } = found;
  if (kept !== undefined) void goOnOrInvite(kept, link, root);
  else invite(link, root);
}

/* The message was tapped again in the tab of the visit: it goes on. A visit of another link stays where it is until Join. */
async function goOnOrInvite(kept: string, link: string, root: string): Promise<void> {
  const protocol = await protocolPart().catch(() => undefined);
  if (!protocol?.isVisitOf(kept, link)) return invite(link, root);
  takeFragment();
  takeKept();
  await comeBack(kept);
}

function invite(link: string, root: string): void {
  const organisation = findOrganisation(root);
  showWelcome({
    device, organisation, link,
    join: () => void join({ link }, organisation),
    qr: async (text) => (await import('./join/qr.js')).qrPicture(text),
  });
}

/* What is needed from Join on is fetched while the first screen is read, held to its integrity like the rest. */
function fetchTheRest(): void {
  for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel="handhold-later"]')) link.rel = 'modulepreload';
}

async function start(): Promise<void> {
  const chosen = new URLSearchParams(location.search).get('lang');
  await chooseLanguage([...(chosen ? [chosen] : []), ...navigator.languages]);
  buildFrame(build);
  fetchTheRest();
  begin();
}

addEventListener('hashchange', () => location.reload()); // another link was pasted into the same tab
void start();
