// SPDX-License-Identifier: Apache-2.0
/* DATA: chat, marks and pauses are numbered for the life of the session, kept until acknowledged and sent again after a resume. */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { ProtoError, type Err } from '../err.js';
import type { SessionData } from '../session.js';
import type { Bytes } from '../util/bytes.js';
import { CONTROL } from '../wire/control.js';
import { DataAckSchema, DataSchema, type Data } from '../wire/handhold_pb.js';
import { decodeMessage, encodeMessage } from '../wire/message.js';
import { LIMIT, type Core } from './core.js';
import { guideActNumber, RULES } from './data_rules.js';

export type Body = NonNullable<MessageInitShape<typeof DataSchema>['body']>;

function bodyOf(data: SessionData): Body {
  switch (data.kind) {
    case 'chat':
      return { case: 'chat', value: { text: data.text } };
    case 'pointer':
      return { case: 'pointer', value: { x: data.x, y: data.y } };
    case 'mark':
      return { case: 'mark', value: { id: data.id, shape: data.shape, points: [...data.points], text: data.text, tsMs: data.tsMs, colour: data.colour ?? 0 } };
    case 'clear':
      return { case: 'clear', value: { id: data.id } };
    case 'check-words':
      return { case: 'checkWords', value: { match: data.match } };
    case 'guide-act':
      return { case: 'guideAct', value: { run: data.run, step: data.step, act: guideActNumber(data.act) } };
    case 'hearing':
      return { case: 'hearing', value: { on: data.on } };
    case 'guide-wish':
      return { case: 'guideWish', value: { language: data.language } };
  }
}

export interface KeptData {
  unacked: { seq: bigint; body: Bytes }[];
  nextSeq: bigint;
  delivered: bigint;
}

export class DataChannel {
  #unacked: { seq: bigint; body: Bytes }[] = [];
  #nextSeq = 1n;
  #delivered = 0n;
  /** Came without the consent that it needs: a withdrawal may have crossed it. */
  refused = 0;

  constructor(private readonly core: Core) {}

  /** What a person said or did. */
  send(data: SessionData): Err {
    return this.sendBody(bodyOf(data));
  }

  /** Throws nothing: RANGE when it is out of its bounds, what its rule says, FULL. */
  sendBody(body: Body): Err {
    const numbered = body.case !== 'pointer';
    if (numbered && this.#unacked.length >= LIMIT.UNACKED) return 'FULL';
    const seq = numbered ? this.#nextSeq : 0n, rule = body.case && RULES[body.case];
    if (!rule || !rule.by.includes('customer')) return 'ARGUMENT';
    let bytes: Bytes;
    try {
      const message = create(DataSchema, { seq, body }), err = rule.check?.(this.core, message) ?? 'OK';
      if (err !== 'OK') return err === 'FORMAT' ? 'RANGE' : err;
      bytes = encodeMessage(DataSchema, { seq, body });
    } catch (error) {
      return error instanceof ProtoError ? error.err : 'RANGE';
    }
    if (numbered) this.#unacked.push({ seq: this.#nextSeq++, body: bytes });
    this.core.control(CONTROL.DATA, bytes);
    return 'OK';
  }

  sendAgain(): void {
    for (const { body } of this.#unacked) this.core.control(CONTROL.DATA, body);
  }

  chatWaits(): number {
    return this.#unacked.filter(({ body }) => decodeMessage(DataSchema, body).body.case === 'chat').length;
  }

  acked(upto: bigint): void {
    this.#unacked = this.#unacked.filter(({ seq }) => seq > upto);
  }

  receive(bytes: Bytes): void {
    let message: Data;
    try {
      message = decodeMessage(DataSchema, bytes);
    } catch {
      return this.core.alarm('FORMAT', 'the other end sent something that this version does not understand');
    }
    if (message.seq === 0n ? message.body.case === 'pointer' : this.#isNext(message.seq)) this.#take(message);
  }

  #take(message: Data): void {
    const { core } = this, rule = message.body.case && RULES[message.body.case];
    if (!message.body.case) return; /* of a newer version, which this one can do without */
    const err = !rule || !rule.by.includes('agent') ? 'STATE' : rule.check?.(core, message) ?? 'OK';
    if (err === 'CONSENT') this.refused++;
    else if (err !== 'OK') core.alarm(err, 'the other end sent something that it may not send, or that is out of its bounds');
    else rule!.take?.(core, message);
  }

  /** In order within a pair; what is sent again after a resume may have come before. */
  #isNext(seq: bigint): boolean {
    if (seq > this.#delivered + 1n) {
      this.core.alarm('REPLAY', 'a message of the other end is missing');
      return false;
    }
    const isNew = seq > this.#delivered;
    if (isNew) this.#delivered = seq;
    this.core.controlMessage(CONTROL.DATA_ACK, DataAckSchema, { upto: this.#delivered });
    return isNew;
  }

  clear(): void {
    this.#unacked = [];
  }

  keep(): KeptData {
    return { unacked: this.#unacked, nextSeq: this.#nextSeq, delivered: this.#delivered };
  }
  restore(kept: KeptData): void {
    [this.#unacked, this.#nextSeq, this.#delivered] = [kept.unacked, kept.nextSeq, kept.delivered];
  }
}
