// SPDX-License-Identifier: Apache-2.0
/*
 * voice/voice.ts - does what the session says about the voice. The microphone is open between "capture on" and "capture
 * off" and at no other time, and the agent is heard only while that holds and the customer chose to hear. Who is mute sends
 * silence of the same length, so that neither a gap at the other end nor the line tells who is.
 */
import { VoiceRate } from '../proto/media/voice.js';
import type { Frame } from '../proto/session.js';
import { chooseCodecs } from './codec.js';
import type { Codecs, VoiceEncoder } from './codec.js';
import { Microphone } from './microphone.js';
import type { MicrophoneProblem } from './microphone.js';
import { Pairs } from './pair.js';
import { Player } from './player.js';
import { FRAME_MS } from './rate.js';
import { Sound } from './sound.js';

export interface VoiceParts {
  newOpusWorker(): Worker;
  workletAddress(): string;
}

export interface VoiceEvents {
  /** 20 ms or 40, to be sealed and sent. */
  frame(frame: Frame): void;
  /** It cannot be: the grant ends. */
  cannot(): void;
  /** Once a second: what the picture may have, bits a second (0: there is none), and what a heartbeat waits (-1: not known). */
  line(): { bps: number; waitsMs: number };
  /** The agent's end is to know: it sends no voice that nobody hears. */
  hearing(on: boolean): void;
  lost(reason: 'phone-call' | 'microphone-lost'): void;
  changed(): void;
}

export interface VoiceKept {
  muted: boolean;
  hearing: boolean;
}

const DRIFT_MOST_MS = 60;
const SECOND = 1000 / FRAME_MS; /* in packets */

export class Voice {
  muted = false;
  /** The customer chose to hear the agent here. */
  hearing = false;
  problem: MicrophoneProblem | undefined;
  /** What is said here is sent. */
  running = false;
  private readonly microphone: Microphone;
  private readonly sound: Sound;
  private wanted = false; /* the session wants the microphone */
  private opened: Promise<MicrophoneProblem | undefined> | undefined;
  private context: AudioContext | undefined; /* while it runs */
  private codecs: Codecs | undefined;
  private encoder: VoiceEncoder | undefined;
  private hush: (() => void) | undefined; /* ends the listening */
  private speaker: ReturnType<Sound['play']> | undefined;
  private player: Player | undefined;
  private readonly rate = new VoiceRate();
  private readonly pairs = new Pairs((bytes, captureMonoMs) => this.on.frame({ bytes, key: false, discardable: false, tid: 0, captureMonoMs }));
  private stampMs = 0; /* of the last packet: 20 ms apart, whatever the threads do */
  private made = 0; /* packets of this second */
  private turn = 0; /* what was begun before it rose is void */

  constructor(private readonly parts: VoiceParts, private readonly on: VoiceEvents, phone: boolean) {
    const lost = (reason: 'phone-call' | 'microphone-lost') => (): void => { if (this.wanted) on.lost(reason); };
    this.microphone = new Microphone({ lost: lost('microphone-lost'), quiet: lost(phone ? 'phone-call' : 'microphone-lost') });
    this.sound = new Sound(() => parts.workletAddress(), lost('phone-call'));
  }

  keep(): VoiceKept {
    return { muted: this.muted, hearing: this.hearing };
  }
  restore({ muted, hearing }: VoiceKept): void {
    this.muted = muted;
    this.hearing = hearing;
  }

  /* ---- what the session says ---- */

  /** The customer has just said yes, in a tap: the browser may ask, and its sound may start. Nothing is listened to yet. */
  allowed(): void {
    this.muted = false;
    this.problem = undefined;
    this.sound.wake();
    this.opened = this.microphone.open();
  }

  /** In the tap after a pause: the capture that follows may come too late for the browser to start its sound. */
  wake(): void {
    this.sound.wake();
  }

  letGo(): void {
    if (this.wanted || !this.opened) return;
    this.opened = undefined;
    this.stop();
  }

  capture(on: boolean): void {
    if (on) void this.start();
    else this.stop();
  }

  private async start(): Promise<void> {
    if (this.wanted) return;
    this.wanted = true;
    const mine = ++this.turn, opened = this.opened ?? this.microphone.open();
    this.opened = undefined;
    this.sound.wake();
    const problem = await opened;
    if (mine !== this.turn) return;
    if (problem) return this.failed(problem);
    try {
      const [context, codecs] = await Promise.all([this.sound.running(), chooseCodecs(() => this.parts.newOpusWorker())]);
      if (mine === this.turn) this.run(context, codecs);
    } catch {
      if (mine === this.turn) this.failed('failed');
    }
  }

  private run(context: AudioContext, codecs: Codecs): void {
    const { track } = this.microphone;
    if (!track) return this.failed('failed');
    this.context = context;
    this.codecs = codecs;
    this.microphone.mute(this.muted);
    this.encoder = codecs.encoder(this.rate.bps, { packet: (bytes) => this.packet(bytes), failed: () => this.failed('failed') });
    this.stampMs = 0;
    this.hush = this.sound.listen(context, track, (pcm) => this.encoder?.encode(pcm));
    this.running = true;
    this.hear();
    this.on.changed();
  }

  private packet(bytes: Uint8Array): void {
    if (!this.running) return;
    const now = performance.now();
    this.stampMs = Math.abs(this.stampMs + FRAME_MS - now) > DRIFT_MOST_MS ? now : this.stampMs + FRAME_MS;
    this.pairs.put(bytes, this.stampMs, this.rate.frames);
    if (++this.made === SECOND) this.lookAtLine();
  }

  private lookAtLine(): void {
    const before = this.rate.bps, { bps, waitsMs } = this.on.line();
    this.made = 0;
    if (bps > 0) this.rate.line(bps);
    else this.rate.waits(waitsMs);
    if (this.rate.bps !== before) this.encoder?.setBps(this.rate.bps);
  }

  /** At once: nothing that was said before it leaves after it. */
  private stop(): void {
    this.turn++;
    this.wanted = this.running = false;
    this.hush?.();
    this.encoder?.close();
    this.pairs.drop();
    this.hush = this.encoder = undefined;
    this.beQuiet();
    this.microphone.close();
    this.sound.sleep();
    this.context = undefined;
    this.on.changed();
  }

  private failed(problem: MicrophoneProblem): void {
    this.stop();
    this.problem = problem;
    this.on.cannot();
    this.on.changed();
  }

  /** The visit is over. */
  release(): void {
    this.stop();
    this.opened = undefined;
    this.sound.close();
  }

  /* ---- what a person does ---- */

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.microphone.mute(muted);
    this.on.changed();
  }

  /** In a tap. */
  setHearing(hearing: boolean): void {
    if (hearing === this.hearing) return;
    this.hearing = hearing;
    this.on.hearing(hearing);
    if (hearing) this.hear();
    else this.beQuiet();
    this.on.changed();
  }

  /* ---- the agent's voice ---- */

  private hear(): void {
    if (!this.hearing || !this.context || !this.codecs || this.player) return;
    const speaker = this.sound.play(this.context, (held) => this.player?.due(held));
    this.speaker = speaker;
    this.player = new Player(this.codecs, (pcm) => speaker.give(pcm), () => this.beQuiet());
  }

  private beQuiet(): void {
    this.player?.close();
    this.speaker?.close();
    this.player = this.speaker = undefined;
  }

  /** 20 ms of the agent came. */
  came(obj: number, tsMs: number, bytes: Uint8Array): void {
    this.player?.put(obj, tsMs, bytes, performance.now());
  }
}
