// SPDX-License-Identifier: Apache-2.0
/* A chain of two or three certificates under one pinned root, and who its leaf says it is: PROTOCOL.md §7. */
import { ProtoError } from '../err.js';
import { sameBytes, type Bytes } from '../util/bytes.js';
import { sha256 } from '../seal/kdf.js';
import { isSignature } from '../seal/signature.js';
import type { Role } from '../wire/capability.js';
import {
  certificateRead, checkSubjectNames, commonName, isIssuedBy, leafEmail, leafRole, organisationName, rootDomain, serialOf, type Certificate, type Place,
} from './profile.js';

export const CHAIN_MAX = 3;

export interface Identity {
  /** SHA-256 of the leaf's DER: the grantee of a consent. */
  fingerprint: Bytes;
  /** SHA-256 of the root's SPKI. */
  rootFingerprint: Bytes;
  publicKey: Bytes;
  rootKey: Bytes;
  serial: string;
  /** Common name. */
  name: string;
  email: string;
  domain: string;
  role: Role;
}

/** Under which this leaf signs notes. */
export const signerName = (identity: Identity): string => `${identity.domain}/${identity.role}/${identity.serial}`;

const placeOf = (index: number, count: number): Place => (index === count - 1 ? 'root' : index === 0 ? 'leaf' : 'authority');

function checkLink(certificate: Certificate, issuer: Certificate, between: number): void {
  if (!isIssuedBy(certificate, issuer) || !isSignature(certificate.signature, certificate.signed, issuer.publicKey))
    throw new ProtoError('CERT_CHAIN', 'a certificate that its issuer did not sign');
  if (issuer.pathLength !== undefined && between > issuer.pathLength) throw new ProtoError('CERT_CHAIN', 'a chain longer than its root allows');
}

/** Each by the next, the root by itself; all of them in their time and under the root's names. */
function checkPath(chain: readonly Certificate[], domain: string, unixS: number): void {
  chain.forEach((certificate, i) => {
    checkLink(certificate, chain[i + 1] ?? certificate, i + 1 < chain.length ? i : 0);
    if (i + 1 < chain.length) checkSubjectNames(certificate, domain, i === 0);
  });
  if (chain.some((certificate) => unixS < certificate.notBeforeS || unixS >= certificate.notAfterS))
    throw new ProtoError('CERT_EXPIRED', 'a certificate out of its time');
}

/**
 * Leaf first, root last. `pin`: SHA-256 of the root's SPKI or its first 16 bytes; undefined when the caller trusts the last
 * certificate already, byte for byte. `known`: the caller knows this leaf since it was judged; it may have ended meanwhile, and
 * counts as in its last second. Throws RANGE and CERT_….
 */
export function verifyChain(ders: readonly Bytes[], pin: Bytes | undefined, unixS: number, known = false): Identity {
  if (ders.length < 2 || ders.length > CHAIN_MAX) throw new ProtoError('RANGE', 'a chain of two or three certificates is due');
  const chain = ders.map((der, i) => certificateRead(der, placeOf(i, ders.length)));
  const [leaf, root] = [chain[0]!, chain[chain.length - 1]!], domain = rootDomain(root);
  if (pin && ((pin.length !== 16 && pin.length !== 32) || !sameBytes(root.spkiHash.subarray(0, pin.length), pin)))
    throw new ProtoError('CERT_CHAIN', 'another root than the one that was pinned');
  organisationName(root); /* must be there; is never shown */
  const identity: Identity = {
    fingerprint: sha256(leaf.der), rootFingerprint: root.spkiHash, publicKey: leaf.publicKey, rootKey: root.publicKey,
    email: leafEmail(leaf, domain), role: leafRole(leaf), serial: serialOf(leaf), name: commonName(leaf), domain,
  };
  checkPath(chain, domain, known ? Math.min(unixS, leaf.notAfterS - 1) : unixS);
  return identity;
}
