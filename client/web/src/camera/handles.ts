// SPDX-License-Identifier: Apache-2.0
/* camera/handles.ts - light, zoom, lens and focus, worked by the person or, under the consent that each needs, by the agent. */
import type { CameraOrder } from '../proto/session.js';
import type { Visit } from '../visit/visit.js';
import type { Camera } from './camera.js';
import { cameraReport } from './report.js';

/** What the agent did. */
export type Worked = 'light-on' | 'light-off' | 'zoom' | 'lens' | 'focus';

export interface HandleEvents {
  visit(): Visit | undefined;
  /** Another lens was chosen. */
  reopen(): Promise<void>;
  changed(): void;
  worked(what: Worked): void;
}

const LIGHT_RESTS_MS = 500; /* what flashes more than three times a second harms people (WCAG 2.2, 2.3.1) */

export class Handles {
  private lit = false; /* by the agent */
  private wanted = false; /* by the agent, last */
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly camera: Camera, private readonly on: HandleEvents) {}

  /** Light and zoom were allowed: a lens that has none says so. */
  serve(): void {
    const { camera } = this, visit = this.on.visit();
    if (!visit || (visit.granted.has('camera') && !camera.track)) return; // known when it runs
    if (visit.granted.has('torch') && !visit.paused && !camera.hasTorch()) visit.cannot('torch');
    if (visit.granted.has('zoom') && !visit.paused && !camera.zoomRange()) visit.cannot('zoom');
  }

  /** Tells the agent what this lens can do and how it stands. */
  async tell(): Promise<void> {
    const report = await cameraReport(this.camera);
    if (report) this.on.visit()?.report(report);
  }

  private async shine(on: boolean): Promise<void> {
    this.lit = on;
    await this.camera.setTorch(on);
    this.on.changed();
    void this.tell();
  }

  /* As the agent asks, but for what would flicker: the last word counts when the light has rested. */
  private shineRested(on: boolean): void {
    this.wanted = on;
    if (this.resting !== undefined) return;
    this.on.worked(on ? 'light-on' : 'light-off');
    void this.shine(on);
    this.resting = setTimeout(() => {
      this.resting = undefined;
      if (this.wanted !== on && this.camera.track) this.shineRested(this.wanted);
    }, LIGHT_RESTS_MS);
  }

  private letRest(): void {
    clearTimeout(this.resting);
    this.resting = undefined;
  }

  letGoOfLight(): void {
    this.letRest();
    if (this.lit) void this.shine(false);
  }

  /** By the person in front of the screen. */
  async toggleTorch(): Promise<void> {
    this.letRest();
    await this.shine(!this.camera.torch);
    this.lit = false; // theirs, whatever the agent may do
  }

  async setZoom(factor: number): Promise<void> {
    await this.camera.setZoom(factor);
    this.on.changed();
    void this.tell();
  }

  /** undefined: the next one. */
  async otherLens(id?: string): Promise<void> {
    if (await this.camera.chooseLens(id)) await this.on.reopen();
  }

  control(order: CameraOrder): void {
    if (!this.camera.track) return;
    if ('torch' in order) {
      this.shineRested(order.torch);
    } else if ('zoom' in order) {
      void this.setZoom(order.zoom);
      this.on.worked('zoom');
    } else if ('lens' in order) {
      void this.camera.lenses().then((all) => this.otherLens(all[Number(order.lens) - 1]?.id ?? ''));
      this.on.worked('lens');
    } else {
      void this.camera.focusAt(order.focus.x, order.focus.y);
      this.on.worked('focus');
    }
  }
}
