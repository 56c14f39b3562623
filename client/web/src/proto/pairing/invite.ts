// SPDX-License-Identifier: Apache-2.0
/* Invitations: a link with a secret behind its '#', or a code of digits that can be read aloud. */
import { ProtoError } from '../err.js';
import { concat, u8, type Bytes } from '../util/bytes.js';
import { base64url, base64urlDecode } from '../seal/base64.js';
import { hkdf, sha256 } from '../seal/kdf.js';

const VERSION = 1, KEY_BYTES = 32, PIN_BYTES = 16, HOST_MAX = 255;
export const SECRET_DIGITS = 6;

/* ---- host ---- */

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const HOST = new RegExp(`^${LABEL}(?:\\.${LABEL})*(?::([1-9][0-9]{0,4}))?$`);

/** Lower-case labels, ":port" unless 443: one host has one spelling, since it is hashed at both ends. */
export function isJoinHost(text: string): boolean {
  const match = text.length <= HOST_MAX ? HOST.exec(text) : null;
  const port = match?.[1] ? Number(match[1]) : 0;
  return match !== null && port <= 65535 && port !== 443;
}

/* ---- link ---- */

export interface InviteLink {
  kind: 'link';
  joinHost: string;
  flags: number;
  k: Bytes;
  /** The first 16 bytes of the root's fingerprint. */
  pin: Bytes;
}

/** What is behind the '#'. Throws LINK, or VERSION when a newer one made it. */
function fragmentParse(text: string): { flags: number; k: Bytes; pin: Bytes } {
  let bytes: Bytes;
  try {
    bytes = base64urlDecode(text);
  } catch {
    throw new ProtoError('LINK', 'the link is damaged behind the #');
  }
  if (bytes.length < 2) throw new ProtoError('LINK', 'the link ends too early');
  if (bytes[0] !== VERSION) throw new ProtoError('VERSION', 'the link was made by another version');
  if (bytes.length !== 2 + KEY_BYTES + PIN_BYTES) throw new ProtoError('LINK', 'the link is not whole');
  if (bytes[1] !== 0) throw new ProtoError('VERSION', 'the link has a flag that this version does not know');
  return { flags: bytes[1], k: bytes.slice(2, 2 + KEY_BYTES), pin: bytes.slice(2 + KEY_BYTES) };
}

export function inviteLinkParse(text: string): InviteLink {
  const match = /^https:\/\/([^/]*)\/j#(.*)$/s.exec(text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''));
  if (!match || !isJoinHost(match[1]!)) throw new ProtoError('LINK', 'this is not a Handhold link');
  return { kind: 'link', joinHost: match[1]!, ...fragmentParse(match[2]!) };
}

export function inviteLinkBuild(link: Omit<InviteLink, 'kind'>): string {
  return `https://${link.joinHost}/j#${base64url(concat(u8(VERSION), u8(link.flags), link.k, link.pin))}`;
}

/** All that the relay is told. */
export const inviteLinkSid = (link: InviteLink): Bytes => hkdf(link.k, 'handhold/1 sid', 16);
export const inviteLinkPsk = (link: InviteLink): Bytes => hkdf(link.k, 'handhold/1 link psk', 32);
export const inviteLinkNegotiated = (link: InviteLink): Bytes => sha256(u8(link.flags), link.pin);

/* ---- code ---- */

export interface InviteCode {
  kind: 'code';
  nameplate: string;
  secret: string;
}

/* H. Michael Damm's quasigroup of order 10, which catches every single wrong digit and every swap of neighbours. */
const DAMM = ['0317598642', '7092154863', '4206871359', '1750983426', '6123045978', '3674209581', '5869720134', '8945362017', '9438617205', '2581436790'];

export function codeCheckDigit(digits: string): number {
  let interim = 0;
  for (const digit of digits) interim = Number(DAMM[interim]![Number(digit)]);
  return interim;
}

/** Spaces, hyphens and dots are passed over. The secret is always the six digits before the last. Throws CODE. */
export function inviteCodeParse(typed: string): InviteCode {
  const digits = typed.replace(/[ .-]/g, '');
  if (!/^[0-9]{10,12}$/.test(digits)) throw new ProtoError('CODE', 'a code has ten to twelve digits');
  if (codeCheckDigit(digits) !== 0) throw new ProtoError('CODE', 'the code has a typing error');
  const plate = digits.length - 1 - SECRET_DIGITS;
  return { kind: 'code', nameplate: digits.slice(0, plate), secret: digits.slice(plate, -1) };
}

/** As shown: "407 183 922 9". */
export function inviteCodeFormat(code: InviteCode): string {
  const { nameplate, secret } = code;
  return `${nameplate} ${secret.slice(0, 3)} ${secret.slice(3)} ${codeCheckDigit(nameplate + secret)}`;
}

/** Both ends' input to CPace. */
export const inviteCodePrs = (code: InviteCode): string => code.nameplate + code.secret;

