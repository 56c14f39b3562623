// SPDX-License-Identifier: Apache-2.0
/*
 * The log as both ends see it: each heartbeat says which tree its end verified last. Two trees that are not one that only
 * grew are an alarm, and nothing is granted any more; so is a relay that does not prove it, and an end that shows a
 * checkpoint which the log's key did not sign.
 */
import { sameBytes, type Bytes } from '../util/bytes.js';
import { checkpointBare, checkpointOpen } from '../log/checkpoint.js';
import { forkFile, type ForkKind } from '../log/fork.js';
import { hashesOf, type LogSeen } from '../log/receipt.js';
import { continues } from '../log/tree.js';
import type { Consistency } from '../wire/handhold_pb.js';
import { toNumber } from '../wire/message.js';
import type { Core } from './core.js';

const UNANSWERED_MAX = 30; /* as many seconds */

export class LogWatch {
  #madeUp = false; /* the other end showed a checkpoint that nobody signed; until the next pair */
  #claimed: LogSeen | undefined; /* the peer's newest tree, while its consistency is asked for */
  #claimedNote = '';
  #unanswered = 0; /* heartbeats that came through the relay while it owed a proof */

  /** ask: has the relay prove that the tree of one size continues that of another. */
  constructor(private readonly core: Core, private readonly ask: (oldSize: number, newSize: number) => void) {}

  newPair(): void {
    this.#madeUp = false;
  }
  newConnection(): void {
    this.#claimed = undefined;
  }

  /** A heartbeat's tree, and the checkpoint that comes with it, which may be empty. */
  heard(size: number, root: Bytes, checkpoint: string): void {
    const { core } = this;
    if (this.#madeUp) return;
    let note = '';
    try {
      const said = checkpoint && core.logVkey ? checkpointOpen(checkpoint, core.logVkey) : undefined;
      if (said && (said.size !== size || !sameBytes(said.root, root))) throw new Error('another tree');
      if (said) note = checkpointBare(checkpoint, core.logVkey!);
    } catch {
      this.#madeUp = true;
      return core.alarm('LOG', "the other end showed a checkpoint that the log's key did not sign");
    }
    this.#compare(size, root, note);
  }

  /** Equal sizes must have equal roots; a larger one must continue ours, which the relay has to prove. */
  #compare(size: number, root: Bytes, note: string): void {
    const { core } = this;
    if (!size || root.length !== 32 || core.logDistrusted) return;
    if (this.#claimed && ++this.#unanswered >= UNANSWERED_MAX)
      return this.#distrust('the relay does not prove that its log only grew: it may show the two ends different logs', 'no-proof', this.#claimedNote);
    if (size === core.tree.size && !sameBytes(root, core.tree.root)) return this.#distrust('the relay has shown the two ends different logs', 'same-size', note);
    if (size <= core.tree.size || this.#claimed) return;
    if (!core.tree.size) {
      core.checkpoint = note;
      core.tree = { size, root }; /* nothing was seen yet: there is nothing that it must continue */
      return;
    }
    this.#claimed = { size, root };
    this.#claimedNote = note;
    this.#unanswered = 0;
    this.ask(core.tree.size, size);
  }

  proved(m: Consistency): void {
    const { core } = this, claimed = this.#claimed;
    if (!claimed || m.newSize !== BigInt(claimed.size) || m.hashes.length % 32) return;
    this.#claimed = undefined;
    if (toNumber(m.oldSize) !== core.tree.size || claimed.size <= core.tree.size) return; /* a receipt has overtaken the question */
    if (!continues(core.tree.size, core.tree.root, claimed.size, claimed.root, hashesOf(m.hashes)))
      return this.#distrust('the relay cannot prove that its log only grew', 'bad-proof', this.#claimedNote, hashesOf(m.hashes));
    core.tree = claimed;
    core.checkpoint = this.#claimedNote;
  }

  /** Both notes, when this end has them, are what somebody else can judge. */
  #distrust(message: string, kind: ForkKind, other: string, proof?: readonly Bytes[]): void {
    const { core } = this, shown = core.logVkey && core.checkpoint && other;
    core.logDistrusted = true;
    core.alarm('LOG', message, shown ? forkFile(kind, core.logVkey!, core.checkpoint, other, proof) : undefined);
  }
}
