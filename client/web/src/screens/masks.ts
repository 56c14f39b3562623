// SPDX-License-Identifier: Apache-2.0
/*
 * screens/masks.ts - boxes that hide a part of the picture: drawn, dragged, or moved by keys. The boxes on the screen are
 * handles alone; what hides is painted into the picture itself (encoder.worker.ts).
 */
import type { Masks, Region } from '../camera/picture.js';
import { announce } from '../ui/announce.js';
import { button, h, replace } from '../ui/dom.js';
import { t } from '../words/words.js';
import { allButOne, boxesOf, MOST_BOXES, withBox, withBoxChanged, withoutBox } from './boxes.js';

const LEAST = 0.04; /* of a side: smaller boxes are taps */
const STEP = 0.02;

const inside = (value: number, size: number): number => Math.min(1 - size, Math.max(0, value));

function moved(r: Region, dx: number, dy: number): Region {
  return { ...r, x: inside(r.x + dx, r.width), y: inside(r.y + dy, r.height) };
}

function sized(r: Region, dw: number, dh: number): Region {
  return { ...r, width: Math.min(1 - r.x, Math.max(LEAST, r.width + dw)), height: Math.min(1 - r.y, Math.max(LEAST, r.height + dh)) };
}

const place = (r: Region): Record<'left' | 'top' | 'width' | 'height', string> => ({ left: `${r.x * 100}%`, top: `${r.y * 100}%`, width: `${r.width * 100}%`, height: `${r.height * 100}%` });

/** The moving picture, or a photo. */
export interface Maskable {
  masks: Masks;
  setMasks(masks: Masks): void;
}

export class MaskEditor {
  open = false;
  readonly panel = h('div', { class: 'mask-panel', hidden: true });
  private readonly layer = h('div', { class: 'mask-layer', hidden: true });
  private readonly count = h('p', { class: 'small', role: 'status' });
  private readonly only: HTMLInputElement;
  private readonly title = h('h2', { tabindex: '-1' }, t('mask.title'));
  private readonly ghost = h('div', { class: 'mask-ghost' }); /* what is being drawn */
  private from: { x: number; y: number } | undefined;

  /** `hide`: id of the button that opens it; ids inside begin with `name`. */
  constructor(private readonly target: Maskable, private readonly overlay: HTMLElement, private readonly hide = 'hide', name = 'mask') {
    this.only = h('input', { type: 'checkbox', id: `${name}-only` });
    this.overlay.append(this.layer);
    this.layer.addEventListener('pointerdown', (event) => this.down(event));
    this.layer.addEventListener('pointermove', (event) => this.draw(event, false));
    this.layer.addEventListener('pointerup', (event) => this.draw(event, true));
    this.layer.addEventListener('pointercancel', () => { this.from = undefined; this.ghost.remove(); });
    this.only.addEventListener('change', () => this.set(allButOne(this.target.masks, this.only.checked)));
    this.panel.append(
      h('div', { class: 'card-head' }, this.title, button(t('mask.done'), () => this.close(), { class: 'button main', id: `${name}-done` })),
      h('p', { class: 'small' }, t('mask.help')),
      h('div', { class: 'row' },
        button(t('mask.add'), () => this.add(), { class: 'button soft', id: `${name}-add` }),
        button(t('mask.removeAll'), () => this.set({ regions: [] }), { class: 'button soft', id: `${name}-clear` })),
      h('label', { class: 'switch', for: `${name}-only` }, this.only, h('span', {}, t('mask.onlyThis'))), this.count);
  }

  toggle(): void {
    if (this.open) return this.close();
    this.open = true;
    this.panel.hidden = this.layer.hidden = false;
    document.getElementById(this.hide)?.setAttribute('aria-expanded', 'true');
    this.redraw();
    this.title.focus({ preventScroll: true }); // the button may make room for the panel
  }

  close(): void {
    if (!this.open) return;
    const within = this.panel.contains(document.activeElement), opener = document.getElementById(this.hide);
    this.open = false;
    this.panel.hidden = this.layer.hidden = true;
    opener?.setAttribute('aria-expanded', 'false');
    if (within) opener?.focus();
  }

  private set(masks: Masks, say = true): void {
    this.target.setMasks(masks);
    this.redraw();
    if (say) announce(this.words());
  }

  private words(): string {
    const { masks } = this.target;
    return masks.onlyShow ? t('mask.allButOne') : t('mask.count', { count: masks.regions.length });
  }

  private put(region: Region): boolean {
    const masks = withBox(this.target.masks, region);
    if (masks) this.set(masks);
    else announce(this.count.textContent = t('mask.most', { count: MOST_BOXES }), 'urgent');
    return masks !== undefined;
  }

  private add(): void {
    const n = boxesOf(this.target.masks).length;
    if (this.put({ x: 0.3 + (n % 4) * 0.05, y: 0.3 + (n % 4) * 0.05, width: 0.3, height: 0.25 })) (this.layer.lastElementChild as HTMLElement | null)?.focus();
  }

  private at(event: PointerEvent): { x: number; y: number } {
    const box = this.layer.getBoundingClientRect();
    return { x: inside((event.clientX - box.left) / box.width, 0), y: inside((event.clientY - box.top) / box.height, 0) };
  }

  private down(event: PointerEvent): void {
    if (event.target !== this.layer) return;
    this.from = this.at(event);
    Object.assign(this.ghost.style, place({ ...this.from, width: 0, height: 0 }));
    this.layer.append(this.ghost);
    this.layer.setPointerCapture(event.pointerId);
  }

  private draw(event: PointerEvent, done: boolean): void {
    if (!this.from) return;
    const to = this.at(event), { from } = this;
    const region = { x: Math.min(from.x, to.x), y: Math.min(from.y, to.y), width: Math.abs(to.x - from.x), height: Math.abs(to.y - from.y) };
    Object.assign(this.ghost.style, place(region));
    if (!done) return;
    this.from = undefined;
    this.ghost.remove();
    if (region.width >= LEAST && region.height >= LEAST) this.put(region);
  }

  private change(index: number, region: Region, say: boolean): void {
    this.set(withBoxChanged(this.target.masks, index, region), say);
  }

  private onKey(event: KeyboardEvent, index: number): void {
    const steps: Record<string, [number, number]> = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    const step = steps[event.key], region = boxesOf(this.target.masks)[index];
    if (!region) return;
    if (event.key === 'Delete' || event.key === 'Backspace') this.remove(index);
    else if (step) this.change(index, event.shiftKey ? sized(region, ...step) : moved(region, ...step), false);
    else return;
    event.preventDefault();
    (this.layer.children[Math.min(index, this.layer.children.length - 1)] as HTMLElement | undefined)?.focus();
  }

  private remove(index: number): void {
    this.set(withoutBox(this.target.masks, index));
  }

  private drag(event: PointerEvent, index: number, box: HTMLElement): void {
    const region = boxesOf(this.target.masks)[index];
    if (!region || event.target !== box) return;
    const start = this.at(event);
    const move = (e: PointerEvent): void => {
      const now = this.at(e), next = moved(region, now.x - start.x, now.y - start.y);
      Object.assign(box.style, { left: `${next.x * 100}%`, top: `${next.y * 100}%` });
      this.target.setMasks(withBoxChanged(this.target.masks, index, next));
    };
    box.setPointerCapture(event.pointerId);
    box.addEventListener('pointermove', move);
    for (const end of ['pointerup', 'pointercancel'])
      box.addEventListener(end, () => { box.removeEventListener('pointermove', move); this.redraw(); }, { once: true });
  }

  private box(region: Region, index: number): HTMLElement {
    const name = this.only.checked ? t('mask.shown') : t('mask.box', { number: index + 1 });
    const made = h('div', { class: this.only.checked ? 'mask-box shown' : 'mask-box', tabindex: '0', role: 'group', 'aria-label': name, onkeydown: (e) => this.onKey(e as KeyboardEvent, index) },
      h('button', { type: 'button', class: 'mask-remove', 'aria-label': t('mask.remove'), onclick: () => this.remove(index) }, '×'));
    made.addEventListener('pointerdown', (event) => this.drag(event, index, made));
    Object.assign(made.style, place(region));
    return made;
  }

  private redraw(): void {
    const { masks } = this.target;
    this.only.checked = masks.onlyShow !== undefined;
    replace(this.layer, ...boxesOf(masks).map((region, i) => this.box(region, i)));
    this.count.textContent = this.words();
  }
}
