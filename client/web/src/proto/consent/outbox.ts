// SPDX-License-Identifier: Apache-2.0
/*
 * The outbox: a signed note is never dropped, altered or renumbered. It waits here, in order, until the log's receipt for it is
 * verified. One note is under way at a time: its receipt must continue the tree that was seen when it left, and then becomes
 * what is seen; two at once could each be proved against the same old tree and yet belong to two different logs.
 */
import { errFromNumber, ProtoError, type Err } from '../err.js';
import { sameBytes, utf8, type Bytes } from '../util/bytes.js';
import { signerName } from '../identity/certificate.js';
import { sha256 } from '../seal/kdf.js';
import { noteAddLine, noteKey, noteMake, noteVerify } from '../seal/note.js';
import { checkpointBare } from '../log/checkpoint.js';
import { commit, LEAF_CLASS } from '../log/leaf.js';
import { hashesOf, receiptCheck, type LogSeen, type Receipt } from '../log/receipt.js';
import { leafHash } from '../log/tree.js';
import type { Capability } from '../wire/capability.js';
import { CONTROL } from '../wire/control.js';
import { INDEX, TYPE } from '../wire/envelope.js';
import { LogAddSchema, LogReceiptSchema, StatementSchema, type LogReceipt } from '../wire/handhold_pb.js';
import { decodeMessage, encodeMessage, toNumber } from '../wire/message.js';
import { LIMIT, type Core } from '../session/core.js';
import { evidenceSeal } from './evidence.js';
import { customerSigner, type StatementAction } from './statement.js';

/* A rekey note rides in the evidence of the next leaf, but evidence has a bound: behind so many one takes a leaf of its own. */
const RIDE_MAX = 8;

export interface NoteEntry {
  readonly seq: number;
  readonly action: StatementAction;
  readonly capability: Capability | undefined;
  readonly textHash: Bytes;
  readonly r: Bytes;
  readonly rides: boolean;
  note: string;
  final: boolean; /* no co-signature is waited for any more */
  atMs: number; /* then it is final, or is added again */
  delayed: boolean; /* the log said no: asked again at atMs */
  inFlight: boolean;
  logged: boolean;
  acked: boolean; /* the peer has it */
  sealed: { evidence: Bytes; hash: Bytes; commitment: Bytes } | undefined; /* once, so that a repeated LOG_ADD is the same bytes */
  seen: LogSeen; /* what the receipt must continue */
}

export interface KeptOutbox {
  entries: NoteEntry[];
  seq: number;
  prev: Bytes | undefined;
  logEntries: number;
}

export class Outbox {
  #entries: NoteEntry[] = [];
  #seq = 0;
  #prev: Bytes | undefined;
  #refusal: Err = 'OK'; /* the log said this last; OK: it took what it was given */
  logEntries = 0;

  constructor(private readonly core: Core) {}

  nextSeq(): number {
    return this.#seq + 1;
  }
  prev(): Bytes | undefined {
    return this.#prev;
  }

  /** Notes that the log has yet to take; a rekey note that waits for company does not count. */
  waiting(): number {
    return this.#entries.filter((entry) => !entry.logged && !entry.rides).length;
  }

  #mayRide(): boolean {
    let riding = 0;
    for (const entry of this.#entries) riding = entry.rides && !entry.logged ? riding + 1 : 0;
    return riding < RIDE_MAX;
  }

  /** Signs the text, links it in and tells the peer. Throws FULL. */
  add(text: string, action: StatementAction, capability: Capability | undefined): NoteEntry {
    const { core } = this;
    if (this.#entries.length >= LIMIT.OUTBOX) throw new ProtoError('FULL', 'too many notes wait for the log');
    const note = noteMake(text, customerSigner(core.sid!), core.csSeed), waitMs = core.pair.up ? LIMIT.COSIGN_WAIT_MS : 0;
    const entry: NoteEntry = {
      seq: ++this.#seq, action, capability, note, textHash: sha256(utf8(text)), r: core.random(32), rides: action === 'rekey' && this.#mayRide(),
      final: waitMs === 0, atMs: core.now.monoMs + waitMs, delayed: false, inFlight: false, logged: false, acked: false, sealed: undefined, seen: core.tree,
    };
    this.#prev = entry.textHash;
    this.#entries.push(entry);
    this.#tellPeer(entry);
    this.flush();
    return entry;
  }

  #tellPeer(entry: NoteEntry): void {
    this.core.controlMessage(CONTROL.STATEMENT, StatementSchema, { seq: entry.seq, note: utf8(entry.note), r: entry.r });
  }

  sendStatementsAgain(): void {
    for (const entry of this.#entries) if (!entry.acked) this.#tellPeer(entry);
  }

  /* ---- co-signatures ---- */

  /**
   * The agent's line for a statement. A line that does not verify is left out: the note stands with the customer's alone. The
   * note itself may not change any more once its evidence was sealed.
   */
  cosigned(seq: number, line: string): void {
    const { core } = this, entry = this.#entries.find((other) => other.seq === seq);
    if (!entry) return;
    entry.acked = true;
    if (!entry.final && line) {
      try {
        const { agent } = core.peer!, note = noteAddLine(entry.note, line);
        noteVerify(note, noteKey(signerName(agent), agent.publicKey));
        entry.note = note;
      } catch {
        core.alarm('SIGNATURE', "the agent's co-signature of a statement does not verify");
      }
    }
    entry.final = true;
    this.#forgetSettled();
    this.flush();
  }

  /** No more waiting for co-signatures. */
  finalise(): void {
    for (const entry of this.#entries) entry.final = true;
    this.flush();
  }

  /** A note leaves when the log has it and the peer has it: its chain shows no gap at either place. */
  #forgetSettled(): void {
    while (this.#entries[0]?.logged && this.#entries[0].acked) this.#entries.shift();
  }

  /* ---- into the log ---- */

  /** The first note with a leaf of its own; the rekey notes in front of it ride in its evidence. undefined while one is not final. */
  #nextToLog(): NoteEntry | undefined {
    for (const entry of this.#entries) {
      if (entry.logged) continue;
      if (!entry.final) return undefined;
      if (!entry.rides) return entry;
    }
    return undefined;
  }

  #seal(entry: NoteEntry): NonNullable<NoteEntry['sealed']> {
    const { core } = this, upTo = this.#entries.indexOf(entry) + 1;
    const notes = this.#entries.slice(0, upTo).filter((other) => !other.logged).map((other) => other.note);
    const evidence = evidenceSeal(notes, entry.r, core.peer!.policy.evidenceKey, core.random(32));
    return { evidence, hash: sha256(evidence), commitment: commit(entry.r, entry.note) };
  }

  flush(): void {
    const { core } = this, entry = this.#nextToLog();
    if (!entry || entry.inFlight || entry.delayed || core.link.state !== 'seated' || !core.joined || core.ended) return;
    try {
      entry.sealed ??= this.#seal(entry);
    } catch {
      return core.error('KEY', "a note could not be sealed to the officers' evidence key");
    }
    const { commitment, evidence } = entry.sealed;
    entry.seen = core.tree;
    const add = encodeMessage(LogAddSchema, { leafClass: LEAF_CLASS.STATEMENT, commitment, evidence, seenSize: BigInt(core.tree.size) });
    entry.inFlight = core.send(TYPE.LOG, INDEX.RELAY, add);
  }

  disconnected(): void {
    for (const entry of this.#entries) entry.inFlight = false;
  }

  receipt(bytes: Bytes): void {
    let message: LogReceipt;
    try {
      message = decodeMessage(LogReceiptSchema, bytes);
    } catch {
      return; /* as if it had not come */
    }
    const { core } = this, entry = this.#nextToLog();
    if (!entry?.inFlight || !entry.sealed || !sameBytes(message.commitment, entry.sealed.commitment)) return; /* an answer of an earlier connection */
    entry.inFlight = false;
    if (message.error) {
      const refusal = errFromNumber(message.error);
      if (refusal !== this.#refusal) core.error(refusal, message.message); /* a full disk is said once, not with every try */
      this.#refusal = refusal;
      entry.atMs = core.now.monoMs + LIMIT.HEARTBEAT_MS; /* asked again then */
      entry.delayed = true;
      return;
    }
    try {
      this.#take(entry, message);
    } catch {
      core.logDistrusted = true;
      core.alarm('LOG', core.logVkey ? "the log's receipt does not verify" : "this relay's log is not one that the organisation names");
    }
  }

  /** Throws when it does not hold: then nothing has changed. */
  #take(entry: NoteEntry, message: LogReceipt): void {
    const { core } = this, { commitment, hash } = entry.sealed!;
    if (!core.logVkey) throw new ProtoError('ORG', 'no log of this organisation');
    const receipt: Receipt = {
      index: toNumber(message.index), leaf: message.leaf, evidenceLine: message.evidenceLine, checkpoint: message.checkpoint,
      inclusion: hashesOf(message.inclusion), consistency: hashesOf(message.consistency),
    };
    const seen = receiptCheck(receipt, commitment, LEAF_CLASS.STATEMENT, hash, core.logVkey, entry.seen);
    if (seen.size > core.tree.size) {
      core.checkpoint = checkpointBare(receipt.checkpoint, core.logVkey);
      core.tree = seen;
    }
    this.#logged(entry, receipt);
  }

  #logged(entry: NoteEntry, receipt: Receipt): void {
    const { core } = this, { action, capability, note, r } = entry;
    this.logEntries++;
    this.#refusal = 'OK';
    core.emit({ kind: 'logged', capability, action, index: receipt.index, logSize: core.tree.size, receipt, note, r: r.slice() });
    for (const other of this.#entries) {
      other.logged = true; /* and what rode in its evidence */
      if (other === entry) break;
    }
    core.grants.noteLogged(entry.seq, leafHash(receipt.leaf));
    this.#forgetSettled();
    this.flush();
  }

  clear(): void {
    for (const entry of this.#entries) entry.r.fill(0);
    this.#entries = [];
  }

  keep(): KeptOutbox {
    return { entries: this.#entries, seq: this.#seq, prev: this.#prev, logEntries: this.logEntries };
  }
  /* Nobody co-signs what was left behind: it goes into the log as it is. */
  restore(kept: KeptOutbox): void {
    this.#entries = kept.entries.map((entry) => ({ ...entry, capability: entry.capability, sealed: entry.sealed, final: true, delayed: false, inFlight: false, atMs: 0 }));
    [this.#seq, this.#prev, this.logEntries] = [kept.seq, kept.prev, kept.logEntries];
  }

  /* ---- time ---- */

  deadline(): number {
    return Math.min(Infinity, ...this.#entries.filter((entry) => !entry.final || entry.delayed).map((entry) => entry.atMs));
  }

  tick(): void {
    const due = this.#entries.filter((entry) => (!entry.final || entry.delayed) && this.core.now.monoMs >= entry.atMs);
    for (const entry of due) {
      entry.final = true;
      entry.delayed = false;
    }
    if (due.length) this.flush();
  }
}
