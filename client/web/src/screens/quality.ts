// SPDX-License-Identifier: Apache-2.0
/* screens/quality.ts - how well the picture gets through: in words, and as a small graph of what was sent in the last half minute. */
import type { PictureFigures } from '../camera/tally.js';
import { announce } from '../ui/announce.js';
import { h, setText } from '../ui/dom.js';
import { t } from '../words/words.js';

const SECONDS = 30, WIDTH = 90, HEIGHT = 24, LEAST_TOP_BPS = 500_000;
const WORDS = ['quality.good', 'quality.smaller', 'quality.poor', 'quality.stills'] as const;
const SVG = 'http://www.w3.org/2000/svg';

export class QualityLine {
  readonly element: HTMLElement;
  private readonly words = h('span', {});
  private readonly line = document.createElementNS(SVG, 'polyline');
  private readonly rates: number[] = [];
  private shown: number | undefined;

  constructor() {
    const graph = document.createElementNS(SVG, 'svg');
    graph.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    graph.setAttribute('class', 'graph');
    graph.setAttribute('aria-hidden', 'true');
    graph.append(this.line);
    this.element = h('p', { class: 'quality', hidden: true }, this.words, graph);
  }

  /** Once a second; undefined: no picture is sent. */
  update(figures: PictureFigures | undefined): void {
    this.element.hidden = figures === undefined;
    if (!figures) {
      this.rates.length = 0;
      this.shown = undefined;
      return;
    }
    this.rates.push(figures.sentBps);
    if (this.rates.length > SECONDS) this.rates.shift();
    const top = Math.max(LEAST_TOP_BPS, ...this.rates), step = WIDTH / (SECONDS - 1);
    const points = this.rates.map((bps, i) => `${(WIDTH - (this.rates.length - 1 - i) * step).toFixed(1)},${(HEIGHT - 1 - (bps / top) * (HEIGHT - 2)).toFixed(1)}`);
    this.line.setAttribute('points', points.join(' '));
    this.say(figures);
  }

  /* Aloud only what changes what the other person can see: motion ends, or begins again. */
  private say({ quality, few }: PictureFigures): void {
    const before = this.shown, words = t(few ? 'quality.few' : WORDS[quality]);
    setText(this.words, words);
    this.element.dataset['quality'] = String(quality);
    this.shown = quality;
    if (before !== undefined && (before === 3) !== (quality === 3)) announce(words);
  }
}
