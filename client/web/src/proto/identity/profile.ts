// SPDX-License-Identifier: Apache-2.0
/* One certificate held to the profile of PROTOCOL.md §7: Ed25519, version 3, these extensions and no others. */
import { ProtoError } from '../err.js';
import { fromUtf8, hex, type Bytes } from '../util/bytes.js';
import { isClean } from '../util/text.js';
import { sha256 } from '../seal/kdf.js';
import { checkSignKey } from '../seal/signature.js';
import { roleFromNumber, type Role } from '../wire/capability.js';
import { derParse, isContext, isTag, notDer, TAG, want, type Der } from './der.js';

const DER_MAX = 4096, NAME_MAX = 200, DOMAIN_MAX = 253, EMAIL_MAX = 254, SERIAL_MAX = 20;

/* Object identifiers by their content in hexadecimal. */
const OID = {
  ED25519: '2b6570', CN: '550403', O: '55040a', EMAIL_ADDRESS: '2a864886f70d010901', CLIENT_AUTH: '2b06010505070302',
  BASIC: '551d13', USAGE: '551d0f', NAMES: '551d1e', EXTENDED: '551d25', SAN: '551d11', SUBJECT_KEY: '551d0e', AUTHORITY_KEY: '551d23',
  ROLE_ARC: '6983d989ccde9cef92b28b98f9e0a797eda6c318', /* 2.25.314412264462382751479249580138397540760 */
} as const;

export type Place = 'leaf' | 'authority' | 'root';

/* What is not in this table is refused. need: leaf, between, root; n never, m may, M must. */
const EXTENSIONS: readonly { oid: string; critical: boolean | undefined; need: string }[] = [
  { oid: OID.BASIC, critical: true, need: 'MMM' },
  { oid: OID.USAGE, critical: true, need: 'MMM' },
  { oid: OID.NAMES, critical: true, need: 'nnM' },
  /* a leaf without a use or an address gets its own answer: CERT_ROLE, CERT_NAME */
  { oid: OID.EXTENDED, critical: undefined, need: 'mnn' },
  { oid: OID.SAN, critical: undefined, need: 'mnn' },
  { oid: OID.SUBJECT_KEY, critical: false, need: 'mMM' },
  { oid: OID.AUTHORITY_KEY, critical: false, need: 'MMm' },
];
const PLACE = { leaf: 0, authority: 1, root: 2 } as const;
const DIGITAL_SIGNATURE = 0x80, CERT_SIGN = 0x04, CRL_SIGN = 0x02;

export interface Certificate {
  der: Bytes;
  /** What is signed, and by which signature. */
  signed: Bytes;
  signature: Bytes;
  serial: Der;
  issuer: Der;
  subject: Der;
  notBeforeS: number;
  /** The first second that is too late. */
  notAfterS: number;
  publicKey: Bytes;
  /** SHA-256 of the SubjectPublicKeyInfo. */
  spkiHash: Bytes;
  extensions: ReadonlyMap<string, Der>;
  pathLength: number | undefined;
}

/* ---- reading ---- */

const isOid = (der: Der | undefined, oid: string): boolean => isTag(der, TAG.OID) && hex(der.content) === oid;
const isEd25519 = (der: Der | undefined): boolean => isTag(der, TAG.SEQUENCE) && der.children.length === 1 && isOid(der.children[0], OID.ED25519);

/** UTCTime until 2049, GeneralizedTime from 2050: RFC 5280 §4.1.2.5. */
function timeOf(der: Der | undefined): number {
  const text = String.fromCharCode(...(der?.content ?? []));
  const short = isTag(der, TAG.UTC_TIME) && /^\d{12}Z$/.test(text), long = isTag(der, TAG.GENERAL_TIME) && /^\d{14}Z$/.test(text);
  if (!short && !long) throw notDer('a time in another spelling');
  const year = short ? (Number(text.slice(0, 2)) < 50 ? '20' : '19') + text.slice(0, 2) : text.slice(0, 4), rest = text.slice(short ? 2 : 4);
  const iso = `${year}-${rest.slice(0, 2)}-${rest.slice(2, 4)}T${rest.slice(4, 6)}:${rest.slice(6, 8)}:${rest.slice(8, 10)}.000Z`;
  const ms = Date.parse(iso);
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== iso) throw notDer('a time that never is');
  return ms / 1000;
}

function extensionsOf(list: Der, place: Place): Map<string, Der> {
  const found = new Map<string, Der>();
  for (const entry of want(list, TAG.SEQUENCE).children) {
    const fields = want(entry, TAG.SEQUENCE).children, oid = hex(want(fields[0], TAG.OID).content);
    const critical = isTag(fields[1], TAG.BOOLEAN), value = want(fields[critical ? 2 : 1], TAG.OCTET_STRING);
    const rule = EXTENSIONS.find((other) => other.oid === oid);
    if (fields.length !== (critical ? 3 : 2) || (critical && fields[1]!.content[0] !== 0xff)) throw notDer('an extension in another spelling');
    if (!rule || found.has(oid) || rule.need[PLACE[place]] === 'n') throw notDer('an extension that has no place in it');
    if (rule.critical !== undefined && rule.critical !== critical) throw notDer('an extension that is critical, or is not, against the rule');
    found.set(oid, derParse(value.content));
  }
  if (EXTENSIONS.some((rule) => rule.need[PLACE[place]] === 'M' && !found.has(rule.oid))) throw notDer('an extension is missing');
  return found;
}

/** cA and pathLen; a default that is written out is another spelling. */
function basicOf(der: Der): { ca: boolean; pathLength: number | undefined } {
  const fields = want(der, TAG.SEQUENCE).children, ca = isTag(fields[0], TAG.BOOLEAN), length = fields[ca ? 1 : 0];
  if (ca && fields[0]!.content[0] !== 0xff) throw notDer('basicConstraints in another spelling');
  if (fields.length > (ca ? 2 : 0)) throw notDer('basicConstraints with more than belongs there');
  if (length && (!isTag(length, TAG.INTEGER) || length.content.length !== 1 || length.content[0]! > 127)) throw notDer('a path length');
  return { ca, pathLength: length?.content[0] };
}

/** The first eight of the named bits; DER leaves out zeros at the end. */
function usageOf(der: Der): number {
  const [unused, ...bits] = want(der, TAG.BIT_STRING).content;
  if (!bits.length || !((bits[bits.length - 1]! >> unused!) & 1)) throw notDer('keyUsage in another spelling');
  return bits[0]!;
}

function checkAuthority(extensions: ReadonlyMap<string, Der>, place: Place): number | undefined {
  const { ca, pathLength } = basicOf(extensions.get(OID.BASIC)!), usage = usageOf(extensions.get(OID.USAGE)!);
  const fits = place === 'leaf'
    ? !ca && pathLength === undefined && (usage & DIGITAL_SIGNATURE) !== 0 && (usage & (CERT_SIGN | CRL_SIGN)) === 0
    : ca && (usage & CERT_SIGN) !== 0;
  if (!fits) throw notDer('an authority where there may be none, or the other way round');
  return pathLength;
}

function keyOf(spki: Der): Bytes {
  const bits = want(spki.children[1], TAG.BIT_STRING).content;
  if (spki.children.length !== 2 || !isEd25519(spki.children[0]) || bits.length !== 33 || bits[0] !== 0) throw notDer('no Ed25519 key');
  const key = bits.slice(1);
  try {
    checkSignKey(key);
  } catch {
    throw notDer('an unusable key');
  }
  return key;
}

function signatureOf(fields: readonly Der[]): Bytes {
  const bits = want(fields[2], TAG.BIT_STRING).content;
  if (fields.length !== 3 || !isEd25519(fields[1]) || bits.length !== 65 || bits[0] !== 0) throw notDer('no Ed25519 signature');
  return bits.slice(1);
}

/** Throws RANGE, CERT_PROFILE. */
export function certificateRead(der: Bytes, place: Place): Certificate {
  if (!der.length || der.length > DER_MAX) throw new ProtoError('RANGE', 'a certificate over its bound');
  const fields = want(derParse(der), TAG.SEQUENCE).children, signature = signatureOf(fields), tbs = want(fields[0], TAG.SEQUENCE);
  const [version, serial, algorithm, issuer, validity, subject, spki, wrapped] = tbs.children;
  const v3 = isContext(version, 0, true) && version.children.length === 1 && isTag(version.children[0], TAG.INTEGER) && hex(version.children[0].content) === '02';
  if (tbs.children.length !== 8 || !v3 || !isEd25519(algorithm) || !isContext(wrapped, 3, true) || wrapped.children.length !== 1)
    throw notDer('not version 3 with extensions, or with more than belongs there');
  const times = want(validity, TAG.SEQUENCE).children;
  if (times.length !== 2) throw notDer('no validity');
  const extensions = extensionsOf(wrapped.children[0]!, place);
  return {
    der, signed: tbs.raw, signature, serial: want(serial, TAG.INTEGER), issuer: want(issuer, TAG.SEQUENCE), subject: want(subject, TAG.SEQUENCE),
    notBeforeS: timeOf(times[0]), notAfterS: timeOf(times[1]), publicKey: keyOf(want(spki, TAG.SEQUENCE)), spkiHash: sha256(spki!.raw),
    extensions, pathLength: checkAuthority(extensions, place),
  };
}

/* ---- names ---- */

/** The values of one attribute of a name; each relative name has one attribute. */
function attributes(name: Der, oid: string): string[] {
  const found: string[] = [];
  for (const set of name.children) {
    const [attribute] = want(set, TAG.SET).children, [type, value] = attribute?.children ?? [];
    if (set.children.length !== 1 || attribute!.children.length !== 2 || !isTag(type, TAG.OID)) throw notDer('a name in another form');
    if (hex(type.content) !== oid) continue;
    if (!isTag(value, TAG.UTF8) && !isTag(value, TAG.PRINTABLE) && !isTag(value, TAG.IA5)) throw notDer('a name in another alphabet');
    found.push(fromUtf8(value.content));
  }
  return found;
}

function subjectText(certificate: Certificate, oid: string): string {
  const [text, more] = attributes(certificate.subject, oid);
  if (text === undefined || more !== undefined || !text || new TextEncoder().encode(text).length > NAME_MAX || !isClean(text)) throw notDer('a subject without one clean name');
  return text;
}

export const commonName = (certificate: Certificate): string => subjectText(certificate, OID.CN);
export const organisationName = (certificate: Certificate): string => subjectText(certificate, OID.O);

export function isDomain(text: string): boolean {
  return text.length <= DOMAIN_MAX && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/.test(text);
}

function ascii(content: Bytes, max: number): string | undefined {
  const fits = content.length > 0 && content.length <= max && content.every((byte) => byte > 0x20 && byte < 0x7f);
  return fits ? String.fromCharCode(...content) : undefined;
}

const GENERAL_NAME = { EMAIL: 1, DNS: 2 } as const;

/** The root's domain: exactly one permitted DNS and one permitted e-mail subtree, the same. */
export function rootDomain(root: Certificate): string {
  const constraints = want(root.extensions.get(OID.NAMES), TAG.SEQUENCE), permitted = constraints.children[0];
  if (constraints.children.length !== 1 || !isContext(permitted, 0, true) || permitted.children.length !== 2) throw notDer('other name constraints');
  const names = new Map<number, string | undefined>();
  for (const tree of permitted.children) {
    const [base] = want(tree, TAG.SEQUENCE).children;
    if (tree.children.length !== 1 || !base || !base.context || base.constructed) throw notDer('other name constraints');
    names.set(base.tag, ascii(base.content, DOMAIN_MAX));
  }
  const domain = names.get(GENERAL_NAME.DNS);
  if (domain === undefined || names.get(GENERAL_NAME.EMAIL) !== domain || !isDomain(domain)) throw notDer('name constraints of no one domain');
  return domain;
}

/** The one address, which must be in the domain. Throws CERT_NAME. */
export function leafEmail(leaf: Certificate, domain: string): string {
  const names = leaf.extensions.get(OID.SAN), [name] = names?.children ?? [];
  const address = isTag(names, TAG.SEQUENCE) && names.children.length === 1 && isContext(name, GENERAL_NAME.EMAIL, false) ? ascii(name.content, EMAIL_MAX) : undefined;
  const at = address?.indexOf('@') ?? -1;
  if (at < 1 || address!.slice(at + 1) !== domain) throw new ProtoError('CERT_NAME', 'an address outside the domain');
  return address!;
}

/**
 * Names outside the alternative names fall under the constraints too: an e-mail address in the subject, and a common name that
 * reads as a host. Throws CERT_NAME.
 */
export function checkSubjectNames(certificate: Certificate, domain: string, isLeaf: boolean): void {
  const inside = (host: string): boolean => host.toLowerCase() === domain || host.toLowerCase().endsWith(`.${domain}`);
  const outside = attributes(certificate.subject, OID.EMAIL_ADDRESS).some((address) => address.slice(address.lastIndexOf('@') + 1).toLowerCase() !== domain);
  const hosts = isLeaf ? attributes(certificate.subject, OID.CN).filter((name) => /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/.test(name)) : [];
  if (outside || !hosts.every(inside)) throw new ProtoError('CERT_NAME', 'a subject outside the domain');
}

/** clientAuth and one role, nothing else. Throws CERT_ROLE. */
export function leafRole(leaf: Certificate): Role {
  const uses = leaf.extensions.get(OID.EXTENDED), oids = isTag(uses, TAG.SEQUENCE) ? uses.children.map((use) => (isTag(use, TAG.OID) ? hex(use.content) : '')) : [];
  const own = oids.filter((oid) => oid !== OID.CLIENT_AUTH)[0] ?? '';
  const role = own.length === OID.ROLE_ARC.length + 2 && own.startsWith(OID.ROLE_ARC) ? roleFromNumber(parseInt(own.slice(-2), 16)) : undefined;
  if (oids.length !== 2 || !oids.includes(OID.CLIENT_AUTH) || !role) throw new ProtoError('CERT_ROLE', 'a certificate without one role');
  return role;
}

/** Lower-case hexadecimal of a positive number. */
export function serialOf(certificate: Certificate): string {
  const bytes = certificate.serial.content, unsigned = bytes[0] === 0 && bytes.length > 1 ? bytes.subarray(1) : bytes;
  if (bytes[0]! >= 0x80 || unsigned.length > SERIAL_MAX) throw notDer('a serial number');
  return hex(unsigned);
}

const keyIdentifier = (certificate: Certificate): string | undefined => {
  const der = certificate.extensions.get(OID.SUBJECT_KEY);
  return der ? hex(want(der, TAG.OCTET_STRING).content) : undefined;
};

/** Does the certificate name this issuer, by name and by key? */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  const authority = certificate.extensions.get(OID.AUTHORITY_KEY), [id] = authority?.children ?? [];
  if (authority && (!isTag(authority, TAG.SEQUENCE) || authority.children.length !== 1 || !isContext(id, 0, false))) throw notDer('an authority key identifier');
  const named = !id || hex(id.content) === keyIdentifier(issuer);
  return named && issuer.subject.children.length > 0 && hex(certificate.issuer.raw) === hex(issuer.subject.raw);
}
