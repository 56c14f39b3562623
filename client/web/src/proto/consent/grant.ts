// SPDX-License-Identifier: Apache-2.0
/* One grant: what is known of one capability's consent at the customer's end. What happens to it is in grants.ts. */
import type { ConsentState } from '../session.js';
import type { Bytes } from '../util/bytes.js';
import { INDEX } from '../wire/envelope.js';
import type { Capability } from '../wire/capability.js';
import type { SframeKey } from '../seal/sframe.js';
import type { Reply } from './talk.js';
import { kidOf } from './statement.js';

export type Phase = 'none' | 'asked' | 'logging' | 'releasing' | 'live' | 'suspended';

export class Grant {
  phase: Phase = 'none';
  capturing = false; /* the owner was told to capture */
  logged = false; /* the receipt was verified, leafHash is set */
  gateOpen = false;
  gateSeq = 0; /* of the last gate sent for it */
  stream = 0; /* drawn once */
  request = 0; /* number under which it was asked for first */
  answered = 0; /* the last such number that was answered */
  epoch = 0;
  maxS = 0;
  retentionDays = 0;
  purpose = '';
  key: SframeKey | undefined; /* undefined: there is no key */
  reply: Reply | undefined; /* opens the agent's voice, under the microphone's grant */
  baseKey: Bytes | undefined; /* until the key was acknowledged */
  stmtHash: Bytes = new Uint8Array(32);
  leafHash: Bytes = new Uint8Array(32);
  grantSeq = 0; /* statement number of the grant: its receipt releases the key */
  counter = 0; /* frames sealed under the key */
  purges = 0; /* frames that WebCrypto had in hand when this rose are thrown away */
  tl0 = 0;
  object = 0;
  expiresMs = Infinity; /* with the session */
  keyCommit: Bytes = new Uint8Array(32); /* of the key, for statements about it when it is gone from here */
  warned = false; /* that it ends soon */
  extendSeq = 0; /* statement number of an extension that the log has yet to take; 0: none */
  extendUntilMs = 0;
  deadlineMs = Infinity; /* of the phase: receipt, key acknowledgement, or a tap after a reload */
  waits = false; /* for a tap after a reload: suspended, and nothing turns it on by itself */
  rotateMs = Infinity;

  constructor(readonly capability: Capability) {}

  kid(): bigint {
    return kidOf(this.epoch, INDEX.CUSTOMER, this.stream);
  }
  /** As people read it. */
  consent(): ConsentState {
    if (this.phase === 'none') return 'none';
    return this.phase !== 'asked' && this.logged ? 'granted' : 'requested';
  }
  holdsConsent(): boolean {
    return this.phase !== 'none' && this.phase !== 'asked';
  }
}
