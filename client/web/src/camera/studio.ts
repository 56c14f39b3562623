// SPDX-License-Identifier: Apache-2.0
/*
 * camera/studio.ts - does what the session says about capture: the camera runs between "capture on" and "capture off" and
 * at no other time, and what it sees goes through the pipeline into the session. Marks of the agent land here too.
 */
import { Facts } from '../device/facts.js';
import type { Fact } from '../device/facts.js';
import type { CameraOrder, Capability } from '../proto/session.js';
import type { Devices, Mark, Visit } from '../visit/visit.js';
import { Camera, ScreenLight } from './camera.js';
import type { CameraProblem } from './camera.js';
import { Pipeline } from './pipeline.js';
import type { EncodedPicture, Masks } from './picture.js';
import { Ring } from './ring.js';

export interface Protocol {
  deviceChange(id: string, kind: string, model: string): Uint8Array;
  checkNotMade(id: number, check: string, target: string, detail: string): Uint8Array;
  propertyChange(device: string, name: string, value: string | number | boolean, unit: string): Uint8Array;
}

export interface StudioScreen {
  changed(): void;
  /** captureMonoMs undefined: the agent did not say which picture; then it is the newest. */
  mark(mark: Mark, captureMonoMs: number | undefined): void;
  clear(id: number): void;
  pointer(x: number, y: number): void;
  /** The agent did something to the camera; said to whoever does not see it. */
  worked(what: 'light-on' | 'light-off' | 'zoom' | 'lens' | 'focus'): void;
}

export interface StudioKept {
  masks: Masks;
  lens?: string | undefined;
}

const LENSES_MOST = 8, LABEL_MOST_BYTES = 64;
const NO_SCREEN: StudioScreen = { changed: () => undefined, mark: () => undefined, clear: () => undefined, pointer: () => undefined, worked: () => undefined };
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
  private lit = false; /* by the agent */
  private readonly light = new ScreenLight();
  private readonly known = new Facts();

  constructor(private readonly newWorker: () => Worker, private readonly protocol: Protocol, private readonly phone: boolean) {
    this.camera = new Camera({ lost: () => this.lost('camera-lost'), quiet: (quiet) => quiet && this.lost(this.phone ? 'phone-call' : 'camera-lost') });
    document.addEventListener('visibilitychange', this.onVisibility);
    addEventListener('pagehide', this.onHide);
  }

  keep(): StudioKept {
    return { masks: this.masks, lens: this.camera.chosenLens };
  }
  restore(kept: StudioKept): void {
    this.masks = kept.masks;
    this.camera.chosenLens = kept.lens;
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

  letGo(capability: Capability): void {
    if (capability === 'torch' && this.lit) void this.shine(false);
    if (capability !== 'camera' || this.wanted || !this.opened) return;
    this.opened = undefined;
    this.camera.close();
  }

  capture(capability: Capability, on: boolean): void {
    if (capability === 'camera') void (on ? this.start() : this.stop());
    else if (capability === 'torch' || capability === 'zoom') this.serve();
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
    this.serve();
    void this.tell();
  }

  /* Light and zoom were allowed: a lens that has none says so. */
  private serve(): void {
    const { camera, visit } = this;
    if (!visit || (visit.granted.has('camera') && !camera.track)) return; // known when it runs
    if (visit.granted.has('torch') && !visit.paused && !camera.hasTorch()) visit.cannot('torch');
    if (visit.granted.has('zoom') && !visit.paused && !camera.zoomRange()) visit.cannot('zoom');
  }

  /** Which lens, what it can and does; ids are numbers, because a device's own id would tell more than that. */
  private async tell(): Promise<void> {
    const { camera } = this, lenses = (await camera.lenses()).slice(0, LENSES_MOST), encoder = new TextEncoder();
    const label = (text: string): string => {
      let short = text.replace(/\p{C}/gu, ' ').trim();
      while (encoder.encode(short).length > LABEL_MOST_BYTES) short = [...short].slice(0, -1).join('');
      return short;
    };
    if (!camera.track) return;
    const at = lenses.findIndex((lens) => lens.id === camera.lensInUse());
    this.visit?.report({
      canTorch: camera.hasTorch(), torch: camera.torch, zoom: camera.zoom, zoomMax: Math.min(100, camera.zoomMost()), canFocus: camera.canFocus(),
      lenses: lenses.map((lens, i) => ({ id: String(i + 1), label: label(lens.label) })), lens: at < 0 ? '' : String(at + 1),
    });
  }

  private async shine(on: boolean): Promise<void> {
    this.lit = on;
    await this.camera.setTorch(on);
    this.screen.changed();
    void this.tell();
  }

  /** By the person in front of the screen. */
  async toggleTorch(): Promise<void> {
    await this.shine(!this.camera.torch);
    this.lit = false; // theirs, whatever the agent may do
  }

  async setZoom(factor: number): Promise<void> {
    await this.camera.setZoom(factor);
    this.screen.changed();
    void this.tell();
  }

  /** What the agent asks of the camera, under the consent that it needs. */
  control(order: CameraOrder): void {
    if (!this.camera.track) return;
    if ('torch' in order) {
      void this.shine(order.torch);
      this.screen.worked(order.torch ? 'light-on' : 'light-off');
    } else if ('zoom' in order) {
      void this.setZoom(order.zoom);
      this.screen.worked('zoom');
    } else if ('lens' in order) {
      void this.camera.lenses().then((all) => this.otherLens(all[Number(order.lens) - 1]?.id ?? ''));
      this.screen.worked('lens');
    } else {
      void this.camera.focusAt(order.focus.x, order.focus.y);
      this.screen.worked('focus');
    }
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

  /** undefined: the camera does not run, or gives nothing. The caller closes it. */
  async still(): Promise<ImageBitmap | undefined> {
    return this.seen && this.camera.track ? await this.pipeline().still() : undefined;
  }

  setMasks(masks: Masks): void {
    this.masks = masks;
    this.pipeline().setMasks(masks);
    this.screen.changed();
  }

  /** undefined: the next one. */
  async otherLens(id?: string): Promise<void> {
    if (!(await this.camera.chooseLens(id)) || !this.wanted) return;
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

  checkAsked(id: number, check: string, target: string): void {
    void this.sendState(this.protocol.checkNotMade(id, check, target, 'a browser cannot check this; the companion can'));
  }

  private stopFacts(): void {
    this.known.stop();
    this.facts = [];
  }
}
