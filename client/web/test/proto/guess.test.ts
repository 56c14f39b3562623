// SPDX-License-Identifier: Apache-2.0
/*
 * A relay that guesses the code: it answers CPace itself, each time with another guess, and reads from the page's tag whether
 * that was right. It is shown three tags at the most (PROTOCOL.md §5), whatever it says in between.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { createCustomerSession } from '../../src/proto/session.js';
import type { CustomerSession, SessionEvent } from '../../src/proto/session.js';
import { codeCheckDigit, inviteCodeParse, inviteCodePrs } from '../../src/proto/pairing/invite.js';
import { Cpace, CPACE_RANDOM_BYTES, CPACE_SHARE_BYTES, lvCat } from '../../src/proto/seal/cpace.js';
import { concat, u8, utf8, type Bytes } from '../../src/proto/util/bytes.js';
import { envelope, envelopeParse, INDEX, TYPE } from '../../src/proto/wire/envelope.js';
import { FromRelaySchema } from '../../src/proto/wire/handhold_pb.js';
import { encodeMessage } from '../../src/proto/wire/message.js';

const HOST = 'help.example.org', NAMEPLATE = '407', SID = new Uint8Array(16).fill(7);
const CPACE1 = 1, CPACE2 = 2, M1 = 3, M2 = 4, REFUSED = 0x7f;
const code = (secret: string): string => NAMEPLATE + secret + codeCheckDigit(NAMEPLATE + secret);
const bytes = (count: number): Bytes => crypto.getRandomValues(new Uint8Array(count));

class GuessingRelay {
  readonly session: CustomerSession;
  readonly events: SessionEvent[] = [];
  tags = 0;
  private monoMs = 1000;

  /** `then`: what it says when it has read a tag. */
  constructor(private readonly then: (relay: GuessingRelay) => void) {
    this.session = createCustomerSession({
      code: code('183922'), joinHost: HOST, offers: ['camera'], clientInfo: 'a test', uiBuild: new Uint8Array(32),
      clock: () => ({ monoMs: this.monoMs, unixMs: 1_800_000_000_000 + this.monoMs }),
    });
    this.session.connected();
    this.say({ case: 'welcome', value: { index: INDEX.CUSTOMER, sid: SID, token: bytes(32), joinHost: HOST, origin: `${HOST}/audit`, peers: [{ index: INDEX.AGENT, present: true, connection: 1 }] } });
    this.serve();
  }

  say(body: NonNullable<MessageInitShape<typeof FromRelaySchema>['body']>): void {
    this.session.feed(envelope(TYPE.RELAY, INDEX.RELAY, INDEX.CUSTOMER, encodeMessage(FromRelaySchema, { body })));
  }

  handshake(...body: Bytes[]): void {
    this.session.feed(envelope(TYPE.HANDSHAKE, INDEX.AGENT, INDEX.CUSTOMER, concat(...body)));
  }

  private answer(body: Bytes): void {
    if (body[0] === M1) {
      assert.ok(++this.tags <= 3, 'a fourth tag');
      return this.then(this);
    }
    if (body[0] !== CPACE1) return;
    const guess = inviteCodeParse(code(String(100_000 + this.tags))), ci = lvCat(utf8('handhold/1 code'), utf8(HOST), utf8('customer'), utf8('agent'));
    const cpace = new Cpace(false, utf8(inviteCodePrs(guess)), ci, concat(SID, body.subarray(1, 17)), new Uint8Array(33), bytes(CPACE_RANDOM_BYTES));
    assert.equal(cpace.share.length, CPACE_SHARE_BYTES);
    this.handshake(u8(CPACE2), cpace.share, u8(33), u8(1), new Uint8Array(32));
  }

  private serve(): void {
    for (let more = true; more; ) {
      more = false;
      for (let message; (message = this.session.pending()); more = true) {
        const copy = message.slice();
        this.session.sent();
        if (copy[0] === TYPE.HANDSHAKE) this.answer(envelopeParse(copy).body);
      }
      for (let event; (event = this.session.nextEvent()); more = true) this.events.push(event);
    }
  }

  /** Two minutes of it. */
  run(): this {
    for (const end = this.monoMs + 120_000; this.monoMs < end && !this.session.over(); ) {
      this.monoMs = Math.max(this.monoMs + 1, Math.min(end, this.session.deadline()));
      this.session.tick();
      this.serve();
    }
    return this;
  }
}

const WAYS: readonly (readonly [string, (relay: GuessingRelay) => void])[] = [
  ['says no more', () => undefined],
  ['answers with a tag of its own', (relay) => relay.handshake(u8(M2), bytes(64), bytes(48))],
  ['says that it is busy', (relay) => relay.handshake(u8(REFUSED), u8(29))],
  ['lets the agent go and come', (relay) => {
    for (const present of [false, true]) relay.say({ case: 'peer', value: { index: INDEX.AGENT, present, connection: 1 + relay.tags } });
  }],
];

for (const [how, then] of WAYS)
  test(`a relay that guesses a code and then ${how} is shown three tags at most`, () => {
    const relay = new GuessingRelay(then).run();
    assert.ok(relay.tags >= 1, 'it was shown one at all');
    assert.ok(relay.session.over(), 'it is over');
    const ended = relay.events.find((event) => event.kind === 'ended');
    assert.equal(ended?.kind === 'ended' && ended.reason, 'failed');
    assert.ok(relay.events.some((event) => event.kind === 'alarm'), 'and somebody is told');
  });
