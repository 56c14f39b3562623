// SPDX-License-Identifier: Apache-2.0
/* receipt/proof.ts - the entries of a visit as proof files that anybody can check, and their check in the page. */
import { proofCheck, proofParse, proofWrite } from '../proto/log/proof.js';
import type { Entry } from '../visit/visit.js';

/** C2SP tlog-proof@v1, as handhold-audit check reads it. */
export function writeProof(entry: Entry): string {
  const { leaf, index, inclusion, checkpoint } = entry.receipt;
  return proofWrite({ leaf, salt: entry.r, note: entry.note, index, inclusion, checkpoint });
}

/** Checks what would be saved, from its text: throws what does not hold. Any of the organisation's log keys will do. */
export function checkReceipt(proofs: readonly string[], logKeys: readonly string[]): void {
  for (const text of proofs) {
    const proof = proofParse(text);
    let failure: unknown;
    const held = logKeys.some((key) => {
      try {
        proofCheck(proof, key);
        return true;
      } catch (error) {
        failure = error;
        return false;
      }
    });
    if (!held) throw failure;
  }
}
