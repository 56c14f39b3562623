// SPDX-License-Identifier: Apache-2.0
/*
 * camera/studio.ts - does what the session says about capture: the camera runs between "capture on" and "capture off" and
 * at no other time, and what it sees goes through the pipeline into the session. Marks of the agent land here too.
 */
import type { Fact } from '../device/facts.js';
import { Teller } from '../device/teller.js';
import type { ChangeWriter } from '../device/teller.js';
import type { CameraOrder, Capability, PauseReason } from '../proto/session.js';
import type { Devices, Mark, Visit } from '../visit/visit.js';
import { Voice } from '../voice/voice.js';
import type { VoiceKept, VoiceParts } from '../voice/voice.js';
import { Camera, ScreenLight } from './camera.js';
import type { CameraProblem } from './camera.js';
import { Handles } from './handles.js';
import type { Worked } from './handles.js';
import { Pipeline } from './pipeline.js';
import type { EncodedPicture, LineNews, Masks } from './picture.js';
import type { PictureFigures } from './tally.js';
import { Ring } from './ring.js';

export interface StudioScreen {
  changed(): void;
  /** Once a second while a picture is sent. */
  figures(): void;
  /** captureMonoMs undefined: the agent did not say which picture; then it is the newest. */
  mark(mark: Mark, captureMonoMs: number | undefined): void;
  clear(id: number): void;
  pointer(x: number, y: number): void;
  /** The agent did something to the camera; said to whoever does not see it. */
  worked(what: Worked): void;
}

export interface StudioKept {
  masks: Masks;
  lens?: string | undefined;
  voice: VoiceKept;
  hiddenFacts: readonly Fact['name'][];
}

/** The scripts that run beside the page (ui/worker.ts). */
export interface StudioParts extends VoiceParts {
  newWorker(): Worker;
}

const NO_SCREEN: StudioScreen = { changed: () => undefined, figures: () => undefined, mark: () => undefined, clear: () => undefined, pointer: () => undefined, worked: () => undefined };

export class Studio implements Devices {
  screen = NO_SCREEN;
  problem: CameraProblem | undefined;
  size: { width: number; height: number } | undefined;
  /** A picture of this start has been painted. */
  seen = false;
  masks: Masks = { regions: [] };
  figures: PictureFigures | undefined;
  readonly camera: Camera;
  readonly ring = new Ring();
  readonly voice: Voice;
  /** Light, zoom, lens and focus. */
  readonly handles: Handles;

  private visit: Visit | undefined;
  private pipe: Pipeline | undefined;
  private wanted = false; /* the session wants the camera */
  private opened: Promise<CameraProblem | undefined> | undefined;
  private readonly light = new ScreenLight();
  private readonly teller: Teller;

  constructor(private readonly parts: StudioParts, changes: ChangeWriter, phone: boolean) {
    this.teller = new Teller(changes, (bytes) => this.sendState(bytes), () => this.screen.changed());
    this.camera = new Camera({ lost: () => this.wanted && this.lost('camera-lost'), quiet: (quiet) => quiet && this.wanted && this.lost(phone ? 'phone-call' : 'camera-lost') });
    this.handles = new Handles(this.camera, {
      visit: () => this.visit, reopen: () => this.reopen(), changed: () => this.screen.changed(), worked: (what) => this.screen.worked(what),
    });
    this.voice = new Voice(parts, {
      frame: (frame) => void this.visit?.send('microphone', frame),
      cannot: () => this.visit?.cannot('microphone'),
      line: () => ({ bps: this.figures?.bps ?? 0, waitsMs: this.visit?.session.waitsMs() ?? -1 }),
      hearing: (on) => void this.visit?.hear(on),
      lost: (reason) => this.lost(reason),
      changed: () => this.screen.changed(),
    }, phone);
    document.addEventListener('visibilitychange', this.onVisibility);
    addEventListener('pagehide', this.onHide);
  }

  keep(): StudioKept {
    return { masks: this.masks, lens: this.camera.chosenLens, voice: this.voice.keep(), hiddenFacts: this.teller.keep() };
  }
  restore(kept: StudioKept): void {
    this.masks = kept.masks;
    this.camera.chosenLens = kept.lens;
    this.voice.restore(kept.voice);
    this.teller.restore(kept.hiddenFacts);
  }

  attach(visit: Visit): void {
    this.visit = visit;
  }

  /** The canvas on which every picture is painted before it is sent. */
  canvas(): HTMLCanvasElement {
    return this.pipeline().canvas;
  }

  private pipeline(): Pipeline {
    if (this.pipe) return this.pipe;
    this.pipe = new Pipeline(this.parts.newWorker(), {
      picture: (picture) => void this.onPicture(picture),
      size: (width, height) => { this.size = { width, height }; this.screen.changed(); },
      figures: (figures) => this.onFigures(figures),
      failed: () => this.failed('failed'),
    });
    this.pipe.setMasks(this.masks);
    return this.pipe;
  }

  /* ---- what the session says ---- */

  /** The customer has just said yes: the lens may take its second while the log writes. Nothing is encoded yet. */
  allowed(capability: Capability): void {
    if (capability === 'microphone') this.voice.allowed();
    if (capability !== 'camera') return;
    this.problem = undefined;
    this.opened = this.camera.open();
  }

  letGo(capability: Capability): void {
    if (capability === 'camera' && !this.visit?.granted.has('camera')) this.ring.clear(); /* not a pause: it is not shown any more */
    if (capability === 'microphone') this.voice.letGo();
    if (capability === 'torch') this.handles.letGoOfLight();
    if (capability !== 'camera' || this.wanted || !this.opened) return;
    this.opened = undefined;
    this.camera.close();
  }

  capture(capability: Capability, on: boolean): void {
    if (on && document.visibilityState === 'hidden') return this.pauseUnseen(); /* the pause takes it back: nothing of it has run */
    if (capability === 'camera') void (on ? this.start() : this.stop());
    else if (capability === 'microphone') this.voice.capture(on);
    else if (capability === 'torch' || capability === 'zoom') this.handles.serve();
    else if (capability === 'device-state') on ? this.teller.start() : this.teller.stop();
  }

  private async start(): Promise<void> {
    if (this.wanted) return;
    this.wanted = true;
    this.seen = false;
    const problem = await (this.opened ?? this.camera.open());
    this.opened = undefined;
    if (!this.wanted) return;
    if (problem) return this.failed(problem);
    this.run();
  }

  private run(): void {
    const track = this.camera.track;
    if (!track) return this.failed('failed');
    this.problem = undefined;
    this.pipeline().start(track);
    this.light.set(true);
    this.screen.changed();
    this.handles.serve();
    void this.handles.tell();
  }

  private stop(): void {
    this.wanted = false;
    this.opened = undefined;
    this.camera.close();
    this.pipe?.stop();
    this.ring.rest();
    this.light.set(false);
    this.seen = false;
    this.figures = undefined;
    this.screen.changed();
  }

  /** The visit is over, or consent did not come about. */
  release(): void {
    this.stop();
    this.voice.release();
    this.teller.stop();
    this.ring.clear();
    document.removeEventListener('visibilitychange', this.onVisibility);
    removeEventListener('pagehide', this.onHide);
  }

  /** What the agent asks of the camera, under the consent that it needs. */
  control(order: CameraOrder): void {
    this.handles.control(order);
  }

  voiceCame(obj: number, tsMs: number, bytes: Uint8Array): void {
    this.voice.came(obj, tsMs, bytes);
  }

  keyFrame(): void {
    this.pipe?.keyFrame();
  }

  mark(mark: Mark): void {
    this.screen.mark(mark, mark.tsMs ? mark.tsMs + (this.visit?.startMonoMs ?? 0) : undefined);
  }

  clear(id: number): void {
    this.screen.clear(id);
  }

  pointer(x: number, y: number): void {
    this.screen.pointer(x, y);
  }

  /* ---- pictures ---- */

  private async onPicture(picture: EncodedPicture): Promise<void> {
    if (!this.wanted || !this.visit) return;
    this.ring.push(picture);
    if (!this.seen) {
      this.seen = true;
      this.screen.changed();
    }
    const { visit } = this, { key, tid, captureMonoMs } = picture, bytes = new Uint8Array(picture.bytes);
    const sending = visit.send('camera', { bytes, key, discardable: tid > 0, tid, captureMonoMs }), object = visit.lastObject('camera');
    const err = await sending;
    this.news(err === 'OK' ? { kind: 'sent', object, bytes: bytes.length, key, nowMs: performance.now() } : { kind: 'unsent', tid });
  }

  /** What became of the pictures. */
  news(news: LineNews): void {
    this.pipe?.news(news);
  }

  private onFigures(figures: PictureFigures): void {
    this.figures = this.wanted ? figures : undefined;
    this.visit?.boundSocket(figures.bps);
    this.screen.figures();
  }

  /** undefined: the camera does not run, or gives nothing. The caller closes it. */
  async still(): Promise<ImageBitmap | undefined> {
    return this.seen && this.camera.track ? await this.pipeline().still() : undefined;
  }

  setMasks(masks: Masks): void {
    this.masks = masks;
    this.pipeline().setMasks(masks);
    this.screen.changed();
  }

  /** Another lens was chosen, whose picture follows. */
  private async reopen(): Promise<void> {
    if (!this.wanted) return;
    const problem = await this.camera.open();
    if (!this.wanted) return this.camera.close();
    if (problem) return this.failed(problem);
    this.run();
  }

  /* ---- what goes wrong ---- */

  private failed(problem: CameraProblem): void {
    this.stop();
    this.problem = problem;
    this.visit?.cannot('camera');
    this.screen.changed();
  }

  private lost(reason: PauseReason): void {
    if (!this.visit?.paused) this.visit?.pause('device', reason);
  }

  private readonly onVisibility = (): void => {
    const { visit } = this;
    if (document.visibilityState === 'hidden' && visit && visit.granted.size + visit.waiting.size > 0) this.pauseUnseen();
  };

  /* Whoever has left the page shows nothing, nor what they allowed a moment ago and the log still writes. */
  private pauseUnseen(): void {
    for (const capability of this.visit?.waiting ?? []) this.letGo(capability);
    this.lost('page-hidden');
  }

  private readonly onHide = (): void => {
    this.camera.close();
    this.voice.capture(false);
  };

  /* ---- facts of this device ---- */

  get facts(): readonly Fact[] {
    return this.teller.facts;
  }

  isHidden(name: Fact['name']): boolean {
    return this.teller.isHidden(name);
  }

  hideFact(name: Fact['name'], hide: boolean): void {
    this.teller.hide(name, hide);
  }

  private async sendState(bytes: Uint8Array): Promise<void> {
    await this.visit?.send('device-state', { bytes, key: false, discardable: false, tid: 0, captureMonoMs: performance.now() });
  }

  checkAsked(id: number, check: string, target: string): void {
    this.teller.cannotCheck(id, check, target);
  }
}
