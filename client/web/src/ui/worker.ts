// SPDX-License-Identifier: Apache-2.0
/* ui/worker.ts - the one place where a script's address is made: the policy knows those that were built, and no others. */

declare const HANDHOLD_WORKER: string; /* these are set by scripts/build.mjs */
declare const HANDHOLD_OPUS: string;
declare const HANDHOLD_WORKLET: string;

interface Policy {
  createScriptURL(url: string): string;
}
interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy;
}

const rules = {
  createScriptURL(url: string): string {
    if (![HANDHOLD_WORKER, HANDHOLD_OPUS, HANDHOLD_WORKLET].includes(url)) throw new TypeError('not a script of this page');
    return url;
  },
};
const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy: Policy = factory?.createPolicy('handhold', rules) ?? rules;

export function newWorker(): Worker {
  return new Worker(policy.createScriptURL(HANDHOLD_WORKER), { type: 'module', name: 'encoder' });
}

/** The WASM Opus; fetched by this. */
export function newOpusWorker(): Worker {
  return new Worker(policy.createScriptURL(HANDHOLD_OPUS), { type: 'module', name: 'opus' });
}

/** For AudioWorklet.addModule. */
export function workletAddress(): string {
  return policy.createScriptURL(HANDHOLD_WORKLET);
}
