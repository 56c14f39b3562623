// SPDX-License-Identifier: Apache-2.0
/* DATA: chat, marks and pauses are numbered for the life of the session, kept until acknowledged and sent again after a resume. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { ProtoError, type Err } from '../err.js';
import type { SessionData } from '../session.js';
import type { Bytes } from '../util/bytes.js';
import { isValue } from '../util/text.js';
import { CONTROL } from '../wire/control.js';
import { DataAckSchema, DataSchema, type Data } from '../wire/handhold_pb.js';
import { decodeMessage, encodeMessage } from '../wire/message.js';
import { LIMIT, type Core } from './core.js';

type Body = NonNullable<MessageInitShape<typeof DataSchema>['body']>;

function bodyOf(data: SessionData): Body {
  switch (data.kind) {
    case 'chat':
      return { case: 'chat', value: { text: data.text } };
    case 'pointer':
      return { case: 'pointer', value: { x: data.x, y: data.y } };
    case 'mark':
      return { case: 'mark', value: { id: data.id, shape: data.shape, points: [...data.points], text: data.text, tsMs: data.tsMs } };
    case 'clear':
      return { case: 'clear', value: { id: data.id } };
    case 'paused':
      return { case: 'paused', value: { paused: data.paused, by: data.by, reason: data.reason } };
    case 'check-words':
      return { case: 'checkWords', value: { match: data.match } };
  }
}

/** undefined: nothing that this version understands. Chat may have line feeds: who shows it escapes it. */
function dataOf({ body }: Data): SessionData | undefined {
  switch (body.case) {
    case 'chat':
      return { kind: 'chat', text: body.value.text };
    case 'pointer':
      return { kind: 'pointer', x: body.value.x, y: body.value.y };
    case 'mark': {
      const { id, shape, points, text, tsMs } = body.value;
      return isValue(shape) && isValue(text) ? { kind: 'mark', id, shape, points, text, tsMs } : undefined;
    }
    case 'clear':
      return { kind: 'clear', id: body.value.id };
    case 'paused': {
      const { paused, by, reason } = body.value;
      return isValue(by) && isValue(reason) ? { kind: 'paused', paused, by, reason } : undefined;
    }
    case 'checkWords':
      return { kind: 'check-words', match: body.value.match };
    default:
      return undefined;
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

  constructor(private readonly core: Core) {}

  send(data: SessionData): Err {
    const numbered = data.kind !== 'pointer';
    if (numbered && this.#unacked.length >= LIMIT.UNACKED) return 'FULL';
    let body: Bytes;
    try {
      body = encodeMessage(DataSchema, { seq: numbered ? this.#nextSeq : 0n, body: bodyOf(data) });
    } catch (error) {
      return error instanceof ProtoError ? error.err : 'RANGE';
    }
    if (numbered) this.#unacked.push({ seq: this.#nextSeq++, body });
    this.core.control(CONTROL.DATA, body);
    return 'OK';
  }

  sendAgain(): void {
    for (const { body } of this.#unacked) this.core.control(CONTROL.DATA, body);
  }

  acked(upto: bigint): void {
    this.#unacked = this.#unacked.filter(({ seq }) => seq > upto);
  }

  receive(bytes: Bytes): void {
    let data: SessionData | undefined, seq = 0n;
    try {
      const message = decodeMessage(DataSchema, bytes);
      seq = message.seq;
      data = dataOf(message);
    } catch {
      data = undefined;
    }
    if (!data) return this.core.alarm('FORMAT', 'the other end sent something that this version does not understand');
    if (seq === 0n || this.#isNext(seq)) this.core.emit({ kind: 'data', data });
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
