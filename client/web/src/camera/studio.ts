// SPDX-License-Identifier: Apache-2.0
/*
 * camera/studio.ts - does what the session says about capture: the camera runs between "capture on" and "capture off" and
 * at no other time, and what it sees goes through the pipeline into the session. Marks of the agent land here too.
 */
import { Facts } from '../device/facts.js';
import type { Fact } from '../device/facts.js';
import type { Capability } from '../proto/session.js';
import type { Devices, Mark, Visit } from '../visit/visit.js';
import { Camera, ScreenLight } from './camera.js';
import type { CameraProblem } from './camera.js';
import { Pipeline } from './pipeline.js';
import type { EncodedPicture, Masks } from './picture.js';
import { Ring } from './ring.js';

export interface Protocol {
  deviceChange(id: string, kind: string, model: string): Uint8Array;
  propertyChange(device: string, name: string, value: string | number | boolean, unit: string): Uint8Array;
}

export interface StudioScreen {
  changed(): void;
  /** captureMonoMs undefined: the agent did not say which picture; then it is the newest. */
  mark(mark: Mark, captureMonoMs: number | undefined): void;
  clear(id: number): void;
  pointer(x: number, y: number): void;
}

const NO_SCREEN: StudioScreen = { changed: () => undefined, mark: () => undefined, clear: () => undefined, pointer: () => undefined };
const DEVICE = 'phone';
/* Where the companion (client/state/names.h) has another name for it. */
const WIRE_NAMES: Readonly<Record<string, string>> = { charging: 'battery_charging', online: 'connectivity' };

export class Studio implements Devices {
  screen = NO_SCREEN;
  problem: CameraProblem | undefined;
  size: { width: number; height: number } | undefined;
  /** A picture of this start has been painted. */
  seen = false;
  masks: Masks = { regions: [] };
  facts: readonly Fact[] = [];
  readonly camera: Camera;
  readonly ring = new Ring();

  private visit: Visit | undefined;
  private pipe: Pipeline | undefined;
  private wanted = false; /* the session wants the camera */
  private opened: Promise<CameraProblem | undefined> | undefined;
  private readonly light = new ScreenLight();
  private readonly known = new Facts();

  constructor(private readonly newWorker: () => Worker, private readonly protocol: Protocol, private readonly phone: boolean) {
    this.camera = new Camera({ lost: () => this.lost('camera-lost'), quiet: (quiet) => quiet && this.lost(this.phone ? 'phone-call' : 'camera-lost') });
    document.addEventListener('visibilitychange', this.onVisibility);
    addEventListener('pagehide', this.onHide);
  }

  keep(): Masks {
    return this.masks;
  }
  restore(masks: Masks): void {
    this.masks = masks;
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
    this.pipe = new Pipeline(this.newWorker(), {
      picture: (picture) => void this.onPicture(picture),
      size: (width, height) => { this.size = { width, height }; this.screen.changed(); },
      failed: () => this.failed('failed'),
      backlogBytes: () => this.visit?.backlogBytes() ?? 0,
    });
    this.pipe.setMasks(this.masks);
    return this.pipe;
  }

  /* ---- what the session says ---- */

  /** The customer has just said yes: the lens may take its second while the log writes. Nothing is encoded yet. */
  allowed(capability: Capability): void {
    if (capability !== 'camera') return;
    this.problem = undefined;
    this.opened = this.camera.open();
  }

  capture(capability: Capability, on: boolean): void {
    if (capability === 'camera') void (on ? this.start() : this.stop());
    else if (capability === 'device-state') void (on ? this.known.start(() => void this.tellFacts()) : this.stopFacts());
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
  }

  private stop(): void {
    this.wanted = false;
    this.opened = undefined;
    this.camera.close();
    this.pipe?.stop();
    this.light.set(false);
    this.seen = false;
    this.screen.changed();
  }

  /** The visit is over, or consent did not come about. */
  release(): void {
    this.stop();
    this.stopFacts();
    this.ring.clear();
    document.removeEventListener('visibilitychange', this.onVisibility);
    removeEventListener('pagehide', this.onHide);
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
    const err = await this.visit.send('camera', {
      bytes: new Uint8Array(picture.bytes), key: picture.key, discardable: picture.tid > 0, tid: picture.tid, captureMonoMs: picture.captureMonoMs,
    });
    if (err === 'FULL' && picture.tid === 0) this.keyFrame(); // what came after it cannot be decoded
  }

  setMasks(masks: Masks): void {
    this.masks = masks;
    this.pipeline().setMasks(masks);
    this.screen.changed();
  }

  async otherLens(): Promise<void> {
    if (!(await this.camera.nextLens()) || !this.wanted) return;
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

  private lost(reason: 'camera-lost' | 'phone-call'): void {
    if (this.wanted && !this.visit?.paused) this.visit?.pause('device', reason);
  }

  private readonly onVisibility = (): void => {
    const sharing = (this.visit?.granted.size ?? 0) > 0;
    if (document.visibilityState === 'hidden' && sharing && !this.visit?.paused) this.visit?.pause('device', 'page-hidden');
  };

  private readonly onHide = (): void => {
    this.camera.close();
  };

  /* ---- facts of this device ---- */

  private async tellFacts(): Promise<void> {
    const before = new Map(this.facts.map((fact) => [fact.name, fact.value]));
    const first = this.facts.length === 0;
    this.facts = this.known.list();
    this.screen.changed();
    if (first) await this.sendState(this.protocol.deviceChange(DEVICE, 'phone', ''));
    for (const { name, value, unit } of this.facts)
      if (first || before.get(name) !== value) await this.sendState(this.protocol.propertyChange(DEVICE, WIRE_NAMES[name] ?? name, value ?? 'not available', value === undefined ? '' : unit));
  }

  private async sendState(bytes: Uint8Array): Promise<void> {
    await this.visit?.send('device-state', { bytes, key: false, discardable: false, tid: 0, captureMonoMs: performance.now() });
  }

  private stopFacts(): void {
    this.known.stop();
    this.facts = [];
  }
}
