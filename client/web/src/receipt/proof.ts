// SPDX-License-Identifier: Apache-2.0
/* receipt/proof.ts - the entries of a visit as one file of proofs that anybody can check, and their check in the page. */
import { proofCheck, proofParse, proofWrite } from '../proto/log/proof.js';
import { base64 } from '../proto/seal/base64.js';
import type { LogReceiptBytes, ReceiptKeys } from '../proto/session.js';

/** A note of this end that the log took, and what proves it. */
export interface Logged {
  note: string;
  r: Uint8Array;
  receipt: LogReceiptBytes;
}

/** C2SP tlog-proof@v1. */
export function writeProof(entry: Logged): string {
  const { leaf, index, inclusion, checkpoint } = entry.receipt;
  return proofWrite({ leaf, salt: entry.r, note: entry.note, index, inclusion, checkpoint });
}

/** All of them as handhold-audit check reads them, behind any words of which no line begins with "--- ": PROTOCOL.md §12.6. */
export function writeProofs(entries: readonly Logged[], keys: ReceiptKeys): string {
  const certificates = keys.certificates.map((der) => `certificate ${base64(der)}\n`);
  const proofs = entries.map((entry) => `--- entry ${entry.receipt.index}\n${writeProof(entry)}`);
  return ['--- keys\n', `log ${keys.log}\n`, `customer ${keys.customer}\n`, ...certificates, ...proofs, '--- end\n'].join('');
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
