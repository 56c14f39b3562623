// SPDX-License-Identifier: Apache-2.0
/* Being asked: which requests are put before the customer, and what a no of a person or of this end does. */
import type { Err } from '../err.js';
import type { ConsentState } from '../session.js';
import { policyAllows, policyOffers } from '../identity/policy.js';
import { capabilityFromNumber, type Capability } from '../wire/capability.js';
import type { ConsentRequest } from '../wire/handhold_pb.js';
import { LIMIT, type Core } from '../session/core.js';
import type { Deeds } from './deeds.js';
import type { Grant } from './grant.js';
import { mayBeGiven, PURPOSE } from './statement.js';

export class Asking {
  number = 0; /* of the newest request */
  refusals = 0; /* sheets in a row that a person said no to */
  #refusedRequest = 0;

  constructor(private readonly core: Core, private readonly deeds: Deeds, private readonly grants: ReadonlyMap<Capability, Grant>) {}

  /** Why a request is not even put before the customer; undefined: it is. */
  cannotBeAsked({ capability }: Grant, request: Pick<ConsentRequest, 'purpose' | 'maxS' | 'retentionDays'>): string | undefined {
    const { core } = this, { verified, policy, agent } = core.peer!;
    if (!verified && capability !== 'microphone') return PURPOSE.UNVERIFIED;
    if ((!verified || policy.checkWordsRequired) && !core.wordsMatched) return PURPOSE.WORDS;
    const kept = policy.rules.get(capability)?.retentionDays ?? 0;
    if (!policyAllows(policy, capability, agent.role, request.maxS) || request.retentionDays > kept || !policyOffers(policy, request.purpose)) return PURPOSE.FORBIDDEN;
    return core.config.offers.includes(capability) ? undefined : PURPOSE.BLOCKED;
  }

  /** What a request asks for, each once; undefined: it is not one. */
  #askedFor(request: ConsentRequest): Grant[] | undefined {
    const numbers = [request.capability, ...request.with], named = numbers.map(capabilityFromNumber);
    const wellFormed = named.every((name, i) => name && named.indexOf(name) === i) && mayBeGiven(request.purpose);
    return wellFormed && request.number > this.number && request.again < request.number ? named.map((name) => this.grants.get(name!)!) : undefined;
  }

  requested(request: ConsentRequest): void {
    const { core } = this, named = this.#askedFor(request);
    if (!named) return core.alarm('FORMAT', "the agent's end sent a request that is not one");
    this.number = request.number;
    /* the agent's own end does not let this happen; a changed one gets no answer and no note to fill the log with */
    if (core.ending || core.hold.on || core.goodbye.said || this.refusals >= LIMIT.REFUSALS_MUTE || [...this.grants.values()].some((other) => other.phase === 'asked')) return;
    /* what is granted is left out, and, when a sheet comes again, what has an answer that is on its way */
    const open = named.filter((grant) => grant.phase === 'none' && (!request.again || grant.answered < request.again));
    const whyNot = new Map(open.map((grant) => [grant, this.cannotBeAsked(grant, request)]));
    const of = open.filter((grant) => !whyNot.get(grant)).length;
    for (const grant of open) {
      Object.assign(grant, { request: request.again || request.number, maxS: request.maxS, retentionDays: request.retentionDays, purpose: request.purpose, phase: 'asked' });
    }
    for (const grant of open) {
      const why = whyNot.get(grant), { capability, purpose, maxS, retentionDays } = grant;
      if (why) this.close(grant, why, why === PURPOSE.BLOCKED ? 'blocked' : 'refused');
      else core.emit({ kind: 'consent', capability, state: 'requested', purpose, maxS, retentionDays, request: request.number, of, extended: false });
    }
  }

  /** `why` is what this end says; when a person said no it is empty, and the statement keeps the words that they said no to. */
  close(grant: Grant, why: string, state: ConsentState): Err {
    if (grant.phase !== 'asked') return 'CONSENT';
    this.deeds.state('refuse', grant, why || grant.purpose);
    grant.phase = 'none';
    grant.answered = grant.request;
    this.deeds.tell(grant, state, why);
    return 'OK';
  }

  refuse(grant: Grant): Err {
    const err = this.close(grant, '', 'refused');
    if (err === 'OK' && this.#refusedRequest !== grant.request) { /* a sheet counts once */
      this.#refusedRequest = grant.request;
      this.refusals++;
    }
    return err;
  }
}
