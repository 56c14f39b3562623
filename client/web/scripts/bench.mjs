// SPDX-License-Identifier: Apache-2.0
// What the protocol costs on this machine: handshakes of vectors/handshake.json, one grant's signatures, frames of 40 kB.
//     npm run compile && node scripts/bench.mjs build/vectors/handshake.json
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';

globalThis.crypto ??= webcrypto;
const at = (path) => import(`../build/node/src/proto/${path}`);
const { Pairing } = await at('pairing/pairing.js'), { inviteLinkParse, inviteCodeParse } = await at('pairing/invite.js');
const { verifyChain } = await at('identity/certificate.js'), { SframeKey } = await at('seal/sframe.js');
const file = JSON.parse(readFileSync(process.argv[2], 'utf8')), h = (text) => Uint8Array.from(Buffer.from(text, 'hex'));
const chain = file.organisation.agent_chain.map((one) => h(one.der));
const median = (times) => times.sort((a, b) => a - b)[times.length >> 1].toFixed(1);

function handshake(one) {
  const draws = Object.values(one.customer_draws).map(h);
  const secret = one.mode === 'link' ? inviteLinkParse(one.link) : one.mode === 'code' ? inviteCodeParse(one.code) : { kind: 'resume', psk: h(one.resume_psk) };
  const known = one.mode === 'resume' ? verifyChain(chain, h(file.organisation.ca_fp), file.unix_s) : undefined;
  const began = performance.now();
  const pairing = new Pairing({ random: () => draws.shift(), secret, sid: h(one.sid), joinHost: file.join_host, csSeed: h(file.cs_seed), clientInfo: file.client_info,
    orgNote: file.organisation.org_note, policyNote: file.organisation.policy_note, orgMinimum: 0n, policyMinimum: 0n, known });
  for (const message of one.messages) if (message.from === 'agent') pairing.feed(h(message.body), file.unix_s * 1000);
  return performance.now() - began;
}

for (const one of [file.handshakes[0], file.handshakes[2], file.handshakes[1]]) {
  const first = handshake(one), times = Array.from({ length: 30 }, () => handshake(one));
  console.log(`handshake by ${one.mode}: first ${first.toFixed(1)} ms, then ${median(times)} ms (median of 30)`);
}
const key = SframeKey.make(1097n, new Uint8Array(32), 'encrypt'), picture = new Uint8Array(40_000), times = [];
for (let i = 0; i < 200; i++) {
  const began = performance.now();
  await key.seal(BigInt(i), new Uint8Array(48), picture);
  times.push(performance.now() - began);
}
console.log(`a frame of 40 kB: ${times.sort((a, b) => a - b)[100].toFixed(2)} ms (median of 200)`);
