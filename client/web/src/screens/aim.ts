// SPDX-License-Identifier: Apache-2.0
/*
 * screens/aim.ts - pointing back without a pointer: the picture takes the focus, arrow keys move an aim over it, and Enter
 * points there. A tap needs none of this; it points where it falls.
 */
import { announce } from '../ui/announce.js';
import { h } from '../ui/dom.js';
import { t } from '../words/words.js';
import { place } from './marks.js';

const STEP = 0.05, FINE = 0.01;
const STEPS: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const within = (value: number): number => Math.min(1, Math.max(0, value));

export class Aim {
  readonly element: HTMLElement;
  private readonly cross = h('span', { class: 'aim-cross' });
  private x = 0.5;
  private y = 0.5;
  private where = '';

  constructor(private readonly point: (x: number, y: number) => void) {
    this.element = h('button', { type: 'button', class: 'aim', id: 'aim', 'aria-label': t('camera.pointByKeys'),
      onkeydown: (event) => this.key(event as KeyboardEvent), onclick: (event) => this.press(event as MouseEvent) }, this.cross);
    this.move(0, 0);
  }

  private move(dx: number, dy: number): void {
    this.x = within(this.x + dx);
    this.y = within(this.y + dy);
    Object.assign(this.cross.style, { left: `${this.x * 100}%`, top: `${this.y * 100}%` });
  }

  private key(event: KeyboardEvent): void {
    const step = STEPS[event.key], size = event.shiftKey ? FINE : STEP;
    if (!step) return;
    event.preventDefault();
    this.move(step[0] * size, step[1] * size);
    const where = place(this.x, this.y);
    if (where !== this.where) announce(where);
    this.where = where;
  }

  private press(event: MouseEvent): void {
    if (event.detail !== 0) return; /* a tap has its own place */
    this.point(this.x, this.y);
    announce(t('camera.pointed', { where: place(this.x, this.y) }));
  }
}
