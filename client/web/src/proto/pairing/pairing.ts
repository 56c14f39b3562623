// SPDX-License-Identifier: Apache-2.0
/*
 * One attempt of the customer's end to become a pair with whoever holds the invitation: bodies of HS in and out. Any error ends
 * it; nothing is repaired. A live pair is another object.
 *
 *      link, resume:                     M1 -> M2, AUTH_A -> AUTH_C
 *      code:          CPACE1 -> CPACE2 -> M1 -> M2, AUTH_A -> AUTH_C
 */
import { ProtoError } from '../err.js';
import { concat, lv8, Reader, sameBytes, u8, utf8, wipe, type Bytes } from '../util/bytes.js';
import { verifyChain, type Identity } from '../identity/certificate.js';
import { orgAdmits, orgVerify, type Org } from '../identity/org.js';
import { policyVerify, type Policy } from '../identity/policy.js';
import { Cpace, CPACE_RANDOM_BYTES, CPACE_SHARE_BYTES, CPACE_TAG_BYTES, lvCat, type CpaceKeys } from '../seal/cpace.js';
import { hkdf, sha256 } from '../seal/kdf.js';
import { Noise, NOISE_HANDSHAKE_BYTES, type NoiseChannel } from '../seal/noise.js';
import { signPublicKey } from '../seal/signature.js';
import { roleNumber } from '../wire/capability.js';
import { authAParse, authAVerify, authCMake, type AuthA } from './auth.js';
import { inviteCodePrs, inviteLinkNegotiated, inviteLinkPsk, type InviteCode, type InviteLink } from './invite.js';

export const KIND = { CPACE1: 1, CPACE2: 2, M1: 3, M2: 4, TRANSPORT: 5, REFUSED: 0x7f } as const;
export const HANDSHAKE_WAIT_MS = 10_000;
const MODE = { link: 1, code: 2, resume: 4 } as const;
const CLOCK_TOLERANCE_S = 24 * 3600, VERSION = 1, SUITE = 1;
const HELPERS: readonly string[] = ['agent', 'supervisor', 'expert'];

export interface ResumeKey {
  kind: 'resume';
  psk: Bytes;
}
export const resumeId = (psk: Bytes): Bytes => hkdf(psk, 'handhold/1 resume id', 8);

export interface PairingConfig {
  random: (bytes: number) => Bytes;
  secret: InviteLink | InviteCode | ResumeKey;
  sid: Bytes;
  joinHost: string;
  csSeed: Bytes;
  clientInfo: string;
  orgNote: string;
  policyNote: string;
  /** Numbers seen in this session. */
  orgMinimum: bigint;
  policyMinimum: bigint;
  /** With a resume key: who the agent was. */
  known: Identity | undefined;
}

export interface PairingResult {
  agent: Identity;
  chain: Bytes[];
  org: Org;
  policy: Policy;
  hash: Bytes;
  commit: Bytes;
  nC: Bytes;
  resumePsk: Bytes;
  channel: NoiseChannel;
}

type Step = (reader: Reader, unixMs: number) => void;

export class Pairing {
  readonly out: Bytes[] = [];
  result: PairingResult | undefined;
  #steps: [kind: number, act: Step][]; /* what is awaited, in order */
  #psk: Bytes = new Uint8Array(0);
  #pin: Bytes = new Uint8Array(0);
  #negotiated: Bytes = new Uint8Array(0);
  #cpace: Cpace | undefined;
  #cpace1: Bytes = new Uint8Array(0);
  #keys: CpaceKeys | undefined;
  #noise: Noise | undefined;
  #channel: NoiseChannel | undefined;
  #hash: Bytes = new Uint8Array(0);
  #done = false;

  constructor(private readonly config: PairingConfig) {
    this.#steps = [[KIND.M2, this.#onM2], [KIND.TRANSPORT, this.#onAuth]];
    const { secret } = config;
    if (secret.kind === 'code') {
      this.#steps.unshift([KIND.CPACE2, this.#onCpace2]);
      this.#sayCpace1(secret);
      return;
    }
    if (secret.kind === 'link') {
      this.#psk = inviteLinkPsk(secret);
      this.#pin = secret.pin;
      this.#negotiated = inviteLinkNegotiated(secret);
    } else {
      if (!config.known) throw new ProtoError('ARGUMENT', 'a resume of nobody');
      this.#psk = secret.psk.slice();
      this.#pin = config.known.rootFingerprint;
      this.#negotiated = sha256(resumeId(secret.psk));
    }
    this.#sayM1();
  }

  /** One body of HS. Throws: the attempt is over, wipe it. */
  feed(body: Bytes, unixMs: number): void {
    const reader = new Reader(body), step = this.#steps[0];
    if (!body.length || reader.u8() !== step?.[0]) throw new ProtoError('STATE', 'a handshake message that was not awaited');
    step[1].call(this, reader, unixMs);
    this.#steps.shift();
  }

  /** After the result was taken this spares its channel. */
  wipe(): void {
    wipe(this.#psk, this.#keys?.isk, this.#keys?.psk);
    this.#noise?.wipe();
    if (!this.#done) this.#channel?.wipe();
  }

  /* ---- the code ---- */

  #sayCpace1(code: InviteCode): void {
    const { config } = this, nonce = config.random(16), ad = Uint8Array.of(VERSION, SUITE);
    const ci = lvCat(utf8('handhold/1 code'), utf8(config.joinHost), utf8('customer'), utf8('agent'));
    const random = config.random(CPACE_RANDOM_BYTES);
    this.#cpace = new Cpace(true, utf8(inviteCodePrs(code)), ci, concat(config.sid, nonce), ad, random);
    wipe(random);
    this.#cpace1 = concat(nonce, this.#cpace.share, lv8(ad));
    this.out.push(concat(u8(KIND.CPACE1), this.#cpace1));
  }

  #onCpace2(reader: Reader): void {
    const cpace2 = reader.rest(), fields = new Reader(cpace2), share = fields.take(CPACE_SHARE_BYTES), ad = fields.lv8();
    fields.end();
    if (!ad.length) throw new ProtoError('FORMAT', 'CPACE2 without a version');
    if (ad[0] !== VERSION) throw new ProtoError('VERSION', 'the agent speaks another version');
    if (ad.length !== 1 + 32) throw new ProtoError('FORMAT', 'CPACE2 of another length');
    this.#pin = ad.slice(1);
    this.#keys = this.#cpace!.finish(share, ad);
    this.#psk = this.#keys.psk.slice();
    this.#negotiated = sha256(this.#cpace1, cpace2);
    this.#sayM1();
  }

  /* ---- the channel ---- */

  #sayM1(): void {
    const { config } = this, { secret } = config, mode = u8(MODE[secret.kind]);
    const prologue = concat(utf8('handhold/1'), mode, config.sid, lv8(utf8(config.joinHost)), this.#negotiated);
    const named = secret.kind === 'resume' ? resumeId(secret.psk) : secret.kind === 'code' ? this.#keys!.tagOwn : new Uint8Array(0);
    this.#noise = new Noise(true, prologue, this.#psk, config.random(32));
    this.out.push(concat(u8(KIND.M1), mode, named, this.#noise.write()));
  }

  #onM2(reader: Reader): void {
    if (this.#keys && !sameBytes(reader.take(CPACE_TAG_BYTES), this.#keys.tagPeer)) throw new ProtoError('CRYPTO', 'the other end does not know the code');
    if (reader.left() !== NOISE_HANDSHAKE_BYTES) throw new ProtoError('FORMAT', 'M2 of another length');
    this.#noise!.read(reader.rest());
    const { hash, channel } = this.#noise!.split();
    this.#hash = hash;
    this.#channel = channel;
  }

  /* ---- who is there ---- */

  /* The chain is judged at the time the agent gives, which is within a day of ours: a phone whose clock is an hour off keeps its caller. */
  #checkAgent(auth: ReturnType<typeof authAParse>, unixMs: number): Identity {
    const { config } = this;
    if (Math.abs(Number(auth.unixS) - Math.floor(unixMs / 1000)) > CLOCK_TOLERANCE_S) throw new ProtoError('CLOCK', 'the clocks of the two ends differ by more than a day');
    const resumes = config.secret.kind === 'resume', agent = verifyChain(auth.chain, this.#pin, Number(auth.unixS), resumes);
    if (resumes && !sameBytes(agent.fingerprint, config.known!.fingerprint)) throw new ProtoError('CERT_CHAIN', 'another agent than before');
    authAVerify(auth, this.#hash, agent.publicKey);
    if (auth.role !== roleNumber(agent.role) || !HELPERS.includes(agent.role)) throw new ProtoError('CERT_ROLE', 'nobody who may help');
    return agent;
  }

  /* Exactly the texts that AUTH_A names: the relay that serves them can choose neither an older nor another one. */
  #checkNotes(auth: AuthA, agent: Identity): { org: Org; policy: Policy } {
    const { config } = this, org = orgVerify(config.orgNote, agent.rootKey, agent.domain, config.orgMinimum);
    if (org.number !== auth.orgNumber || !sameBytes(org.textHash, auth.orgHash)) throw new ProtoError('ORG', 'another organisation note than the agent named');
    orgAdmits(org, agent);
    const policy = policyVerify(config.policyNote, auth.chain[auth.chain.length - 1]!, org, config.policyMinimum);
    if (policy.number !== auth.policyNumber || !sameBytes(policy.textHash, auth.policyHash)) throw new ProtoError('POLICY', 'another policy than the agent named');
    return { org, policy };
  }

  #onAuth(reader: Reader, unixMs: number): void {
    const { config } = this, plain = this.#channel!.open(reader.rest()), auth = authAParse(plain);
    const agent = this.#checkAgent(auth, unixMs), { org, policy } = this.#checkNotes(auth, agent);
    const nC = config.random(16), resumePsk = config.random(32), csPublic = signPublicKey(config.csSeed);
    const authC = authCMake({ csPublic, nC, resumePsk, clientInfo: config.clientInfo }, this.#hash, sha256(plain), config.csSeed);
    this.out.push(concat(u8(KIND.TRANSPORT), this.#channel!.seal(authC)));
    wipe(authC);
    this.#done = true;
    this.result = { agent, chain: auth.chain.map((der) => der.slice()), org, policy, hash: this.#hash, commit: auth.commit.slice(), nC, resumePsk, channel: this.#channel! };
  }
}
