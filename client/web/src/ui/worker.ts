// SPDX-License-Identifier: Apache-2.0
/* ui/worker.ts - the one place where a script's address is made: the policy knows the worker that was built, and no other. */

declare const HANDHOLD_WORKER: string; /* set by scripts/build.mjs */

interface Policy {
  createScriptURL(url: string): string;
}
interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy;
}

const rules = {
  createScriptURL(url: string): string {
    if (url !== HANDHOLD_WORKER) throw new TypeError('not a script of this page');
    return url;
  },
};
const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy: Policy = factory?.createPolicy('handhold', rules) ?? rules;

export function newWorker(): Worker {
  return new Worker(policy.createScriptURL(HANDHOLD_WORKER), { type: 'module', name: 'encoder' });
}
