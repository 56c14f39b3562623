// SPDX-License-Identifier: Apache-2.0
/*
 * join/organisation.ts - who invites, as far as a page can know before it joins.
 *
 * A domain is verified when that domain itself, over https, names the root that the link names: either this page was
 * served by it, or it answers for /.well-known/handhold/org.json. What any other host says of a domain is a claim.
 */

const PATH = '/.well-known/handhold/org.json';
const WAIT_MS = 5000;
const MOST_CHARACTERS = 65536;

export interface Organisation {
  domain: string;
  verified: boolean;
  /** 32 bytes, of the root that was named by the link (or the relay, for a code); given only when it is verified. */
  root?: Uint8Array;
}

interface OrgFile {
  domain: string;
  roots: string[]; /* SHA-256 of a root's SPKI, hex */
}

const texts = (list: unknown): string[] => (Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : []);

async function fetchOrg(base: string): Promise<OrgFile | undefined> {
  try {
    const answer = await fetch(base + PATH, {
      credentials: 'omit', referrerPolicy: 'no-referrer', redirect: 'error', signal: AbortSignal.timeout(WAIT_MS),
    });
    const text = answer.ok ? await answer.text() : '';
    const file: unknown = text.length > 0 && text.length < MOST_CHARACTERS ? JSON.parse(text) : undefined;
    if (typeof file !== 'object' || file === null || !('domain' in file) || !('ca_fp' in file)) return undefined;
    if (typeof file.domain !== 'string') return undefined;
    return { domain: file.domain, roots: texts(file.ca_fp).filter((root) => /^[0-9a-f]{64}$/.test(root)) };
  } catch {
    return undefined; // not there, not allowed, no answer: nothing is verified by it
  }
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/**
 * `root16`: hex of the root's first bytes from the link; undefined for a code, where the relay's own organisation is
 * what is expected. undefined: nobody can be named, which the screen says loudly.
 */
export async function findOrganisation(root16: string | undefined): Promise<Organisation | undefined> {
  const here = await fetchOrg(location.origin);
  const root = here?.roots.find((r) => root16 === undefined || r.startsWith(root16));
  if (!here || !root) return undefined;
  if (here.domain === location.hostname) return { domain: here.domain, verified: true, root: bytes(root) };
  const there = await fetchOrg(`https://${here.domain}`);
  const verified = there?.domain === here.domain && there.roots.includes(root);
  return verified ? { domain: here.domain, verified, root: bytes(root) } : { domain: here.domain, verified };
}
