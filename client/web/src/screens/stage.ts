// SPDX-License-Identifier: Apache-2.0
/*
 * screens/stage.ts - the picture as it is sent, what lies on it (the pointer, boxes that hide), the marks that were made on
 * it, and the tools of the camera. Picture and marks are seen together, and so are picture and tools.
 */
import type { Studio } from '../camera/studio.js';
import { announce } from '../ui/announce.js';
import { button, h, icon, plain, setText } from '../ui/dom.js';
import { seeTogether } from '../ui/seen.js';
import type { Visit } from '../visit/visit.js';
import { t } from '../words/words.js';
import { Aim } from './aim.js';
import { MaskEditor } from './masks.js';
import { place } from './marks.js';
import { QualityLine } from './quality.js';

const POINTER_STAYS_MS = 2500;
const SAY_EVERY_MS = 2500;

export class Stage {
  readonly element: HTMLElement;
  readonly overlay = h('div', { class: 'overlay' });
  private readonly picture = h('div', { class: 'picture', hidden: true });
  private readonly empty = h('div', { class: 'empty' });
  private readonly emptyTitle = h('p', { class: 'empty-title' });
  private readonly emptyMore = h('p', {});
  private readonly dot = h('div', { class: 'pointer', hidden: true });
  private readonly aim = new Aim((x, y) => this.pointBack(x, y));
  private readonly starting = h('p', { class: 'starting' }, t('camera.starting'));
  private readonly caption = h('p', { class: 'caption' });
  private readonly tools = h('div', { class: 'tools', role: 'group', hidden: true });
  private readonly torch: HTMLButtonElement;
  private readonly zoom = h('input', { type: 'range', id: 'zoom' });
  private readonly zoomRow: HTMLElement;
  private readonly masks: MaskEditor;
  private readonly quality = new QualityLine();
  private placed = false;
  private pointerTimer: ReturnType<typeof setTimeout> | undefined;
  private track: MediaStreamTrack | undefined;
  private saidWhere = '';
  private saidAt = -Infinity;

  /** `cards`: the marks. */
  constructor(private readonly visit: Visit, private readonly studio: Studio, cards: HTMLElement) {
    this.torch = button(t('camera.light'), () => void this.toggleTorch(), { class: 'button soft', 'aria-pressed': 'false' }, 'light');
    this.zoomRow = h('label', { class: 'zoom', for: 'zoom' }, h('span', {}, t('camera.zoom')), this.zoom);
    this.zoom.addEventListener('input', () => void studio.handles.setZoom(this.zoom.valueAsNumber));
    this.masks = new MaskEditor(studio, this.overlay);
    this.tools.append(
      button(t('camera.switch'), () => void studio.handles.otherLens(), { class: 'button soft', id: 'lens' }, 'switch'), this.torch,
      button(t('camera.hide'), () => this.hideParts(), { class: 'button soft', id: 'hide', 'aria-expanded': 'false' }, 'mask'), this.zoomRow);
    this.overlay.prepend(this.aim.element); // under the boxes that hide
    this.overlay.append(this.dot);
    this.overlay.addEventListener('click', (event) => this.tap(event));
    this.empty.append(icon('shield'), this.emptyTitle, this.emptyMore);
    this.element = h('section', { class: 'stage' }, this.empty, h('div', { class: 'view' }, this.picture, cards),
      h('div', { class: 'under' }, this.tools, this.masks.panel, this.caption, this.quality.element));
  }

  private hideParts(): void {
    this.masks.toggle();
    if (this.masks.open) seeTogether(this.picture, this.masks.panel);
  }

  private async toggleTorch(): Promise<void> {
    await this.studio.handles.toggleTorch();
    this.update();
  }

  /* A tap points: the lens looks there, and so does the agent. */
  private tap(event: MouseEvent): void {
    if (this.masks.open || event.detail === 0) return; /* a key on the aim is no place on the screen */
    const box = this.overlay.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
    void this.studio.camera.focusAt(x, y);
    this.pointBack(x, y);
  }

  private pointBack(x: number, y: number): void {
    this.visit.point(x, y);
    this.show(x, y);
  }

  /** The agent points. x, y: 0..1 of the picture. Said when it has moved to another place, and not too often. */
  point(x: number, y: number): void {
    const where = place(x, y), now = performance.now();
    if (where !== this.saidWhere && now - this.saidAt > SAY_EVERY_MS) {
      this.saidWhere = where;
      this.saidAt = now;
      announce(t('mark.pointer', { name: plain(this.visit.peer?.name ?? t('end.somebody')), where }));
    }
    this.show(x, y);
  }

  private show(x: number, y: number): void {
    this.dot.hidden = false;
    this.dot.style.left = `${x * 100}%`;
    this.dot.style.top = `${y * 100}%`;
    clearTimeout(this.pointerTimer);
    this.pointerTimer = setTimeout(() => { this.dot.hidden = true; }, POINTER_STAYS_MS);
  }

  private updateEmpty(name: string): void {
    const { visit } = this, waiting = visit.present === false, goesOn = visit.granted.has('camera') && !visit.online && !this.studio.problem;
    setText(this.emptyTitle, visit.peer ? t(visit.granted.size ? 'visit.noPicture' : 'visit.nothing') : t(waiting ? 'visit.waitingTitle' : 'visit.connecting'));
    setText(this.emptyMore, goesOn ? t('visit.goesOn') : visit.peer ? t('visit.nothingMore', { name }) : t('visit.waiting'));
    this.emptyMore.hidden = visit.peer ? !visit.peer.verified && !goesOn : !waiting;
  }

  /* What this lens can do is known once it runs. */
  private updateTools(): void {
    const { camera } = this.studio;
    this.torch.setAttribute('aria-pressed', String(camera.torch));
    setText(this.torch.lastElementChild!, camera.torch ? t('camera.lightOn') : t('camera.light'));
    if (document.activeElement !== this.zoom) this.zoom.value = String(camera.zoom);
    if (camera.track === this.track) return;
    this.track = camera.track;
    this.torch.hidden = !camera.hasTorch();
    const most = camera.zoomMost();
    this.zoomRow.hidden = most <= 1;
    Object.assign(this.zoom, { min: 1, max: most, step: 'any', value: camera.zoom });
  }

  /** Once a second. */
  figures(): void {
    this.quality.update(this.picture.hidden ? undefined : this.studio.figures);
  }

  update(): void {
    const name = plain(this.visit.peer?.name ?? t('end.somebody'));
    const { visit } = this, on = visit.granted.has('camera') && visit.online && !visit.paused && !visit.onHold && !this.studio.problem;
    if (on && !this.placed) {
      this.placed = true;
      const canvas = this.studio.canvas();
      canvas.setAttribute('role', 'img');
      this.picture.append(canvas, this.overlay, this.starting);
    }
    this.picture.hidden = !on;
    this.empty.hidden = on || this.visit.paused !== undefined || this.visit.onHold;
    this.tools.hidden = !on || !this.studio.seen;
    this.starting.hidden = this.studio.seen;
    this.caption.hidden = !on || !this.studio.seen;
    if (!on || !this.studio.figures) this.quality.update(undefined);
    setText(this.caption, `${t('camera.preview', { name })}. ${t('camera.point')}`);
    if (on) {
      this.studio.canvas().setAttribute('aria-label', t('camera.preview', { name }));
      if (this.studio.size) {
        const ratio = this.studio.size.width / this.studio.size.height;
        this.element.style.setProperty('--ratio', String(ratio));
        this.element.dataset['form'] = ratio < 1 ? 'upright' : 'lying';
      }
      this.updateTools();
    } else {
      this.masks.close();
      this.updateEmpty(name);
    }
  }
}
