// SPDX-License-Identifier: Apache-2.0
/*
 * screens/marks.ts - what the agent drew. A mark stands on the picture it was drawn on, as a card beside the moving
 * picture, until it is tapped away; as words for whoever does not see it.
 */
import type { Ring } from '../camera/ring.js';
import { announce } from '../ui/announce.js';
import { add, button, h, plain } from '../ui/dom.js';
import { seeTogether } from '../ui/seen.js';
import type { Mark, Visit } from '../visit/visit.js';
import { language, t } from '../words/words.js';
import type { Key } from '../words/words.js';

const SHAPES: readonly string[] = ['arrow', 'circle', 'rectangle', 'line', 'text', 'number', 'highlight'];
const SAME_FRAME_MS = 40;
const MOST_CARDS = 4, MOST_MARKS = 100, MOST_WORDS = 8; /* of a card: what an agent draws on one picture is less, and the newest words are below it */
/* Yellow, red, green, blue, white: the numbers of handhold.proto. A colour that is not known is the first. */
const COLOURS: readonly string[] = ['#ffd60a', '#ff453a', '#30d158', '#409cff', '#ffffff'];
const EDGE = '#1c1f23';

type Point = readonly [number, number];

interface Card {
  element: HTMLElement;
  canvas: HTMLCanvasElement;
  frame: ImageBitmap | undefined;
  /** The marked picture was not there any more. */
  stale: boolean;
  tsMs: number;
  marks: Mark[];
}

export function pointsOf(mark: Mark): Point[] {
  const list: Point[] = [];
  for (let i = 0; i + 1 < mark.points.length; i += 2) list.push([mark.points[i]!, mark.points[i + 1]!]);
  return list;
}

/** Where in the picture, in words: nine places. */
export function place(x: number, y: number): string {
  const row = y < 1 / 3 ? 'top' : y < 2 / 3 ? 'middle' : 'bottom';
  const column = x < 1 / 3 ? 'left' : x < 2 / 3 ? 'middle' : 'right';
  return t(`where.${row}-${column}` as Key);
}

function where(mark: Mark): string {
  const list = pointsOf(mark);
  const target = mark.shape === 'arrow' ? list.slice(-1) : list;
  const mean = (at: 0 | 1): number => target.reduce((sum, p) => sum + p[at], 0) / Math.max(1, target.length);
  return place(mean(0), mean(1));
}

export function markWords(mark: Mark, name: string): string {
  const shape = SHAPES.includes(mark.shape) ? mark.shape : 'line', text = plain(mark.text);
  const what = t(`mark.${shape}` as Key, { name, where: where(mark), text });
  return text && shape !== 'text' && shape !== 'number' ? t('mark.withText', { what, text }) : what;
}

/* ---- drawing: once with a dark edge and once in colour, so that it is seen on any picture ---- */

function strokeTwice(c: CanvasRenderingContext2D, line: string, width: number, path: () => void): void {
  for (const [color, extra] of [[EDGE, width * 0.8], [line, 0]] as const) {
    c.strokeStyle = color;
    c.lineWidth = width + extra;
    c.beginPath();
    path();
    c.stroke();
  }
}

function drawArrow(c: CanvasRenderingContext2D, line: string, list: readonly Point[], width: number): void {
  const from = list[0]!, to = list[list.length - 1]!;
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]), head = width * 5;
  strokeTwice(c, line, width, () => {
    c.moveTo(...from);
    c.lineTo(...to);
    for (const side of [-0.5, 0.5]) {
      c.moveTo(...to);
      c.lineTo(to[0] - head * Math.cos(angle + side), to[1] - head * Math.sin(angle + side));
    }
  });
}

function drawText(c: CanvasRenderingContext2D, line: string, text: string, at: Point, width: number): void {
  c.font = `600 ${width * 6}px system-ui, sans-serif`;
  if (c.textAlign !== 'center') {
    const [x, y] = at, room = Math.max(width, c.canvas.width - c.measureText(text).width - width);
    at = [Math.min(x, room), Math.min(Math.max(y, width * 6), c.canvas.height - width * 2)]; // words near an edge stay readable
  }
  c.lineWidth = width * 1.6;
  c.strokeStyle = EDGE;
  c.fillStyle = line;
  c.strokeText(text, ...at);
  c.fillText(text, ...at);
}

export function drawMark(c: CanvasRenderingContext2D, mark: Mark, w: number, h: number): void {
  const list = pointsOf(mark).map(([x, y]): Point => [x * w, y * h]);
  const first = list[0], last = list[list.length - 1], line = COLOURS[mark.colour ?? 0] ?? COLOURS[0]!, width = Math.max(3, Math.min(w, h) / 110);
  if (!first || !last) return;
  c.lineCap = c.lineJoin = 'round';
  c.direction = 'ltr'; // a picture has one left and one right, whatever the page's direction is
  switch (mark.shape) {
    case 'arrow': drawArrow(c, line, list, width); break;
    case 'circle':
      strokeTwice(c, line, width, () => c.ellipse((first[0] + last[0]) / 2, (first[1] + last[1]) / 2, Math.abs(last[0] - first[0]) / 2, Math.abs(last[1] - first[1]) / 2, 0, 0, 7));
      break;
    case 'rectangle': strokeTwice(c, line, width, () => c.rect(first[0], first[1], last[0] - first[0], last[1] - first[1])); break;
    case 'number':
      strokeTwice(c, line, width, () => c.arc(first[0], first[1], width * 5, 0, 7));
      c.textAlign = 'center';
      c.textBaseline = 'middle';
      break;
    case 'text': break;
    case 'highlight':
      c.globalAlpha = 0.4;
      c.strokeStyle = line;
      c.lineWidth = width * 6;
      c.beginPath();
      list.forEach((p, i) => (i ? c.lineTo(...p) : c.moveTo(...p)));
      c.stroke();
      c.globalAlpha = 1;
      break;
    default: strokeTwice(c, line, width, () => list.forEach((p, i) => (i ? c.lineTo(...p) : c.moveTo(...p))));
  }
  if (mark.text) drawText(c, line, plain(mark.text), first, width);
  c.textAlign = 'start';
  c.textBaseline = 'alphabetic';
}

/* ---- cards ---- */

export class Marks {
  readonly element = h('section', { class: 'cards' });
  private cards: Card[] = [];
  private aloud = false; /* besides a screen reader, for whoever has none: wanted by a tap */

  constructor(private readonly visit: Visit, private readonly ring: Ring) {}

  async add(mark: Mark, captureMonoMs: number | undefined): Promise<void> {
    const name = plain(this.visit.peer?.name ?? t('end.somebody'));
    announce(markWords(mark, name));
    if (this.aloud) this.speak(markWords(mark, name));
    navigator.vibrate?.(40);
    let card = this.cards.find((c) => Math.abs(c.tsMs - mark.tsMs) < SAME_FRAME_MS);
    if (!card) {
      card = this.newCard(mark.tsMs, name);
      const marked = await this.ring.at(captureMonoMs), frame = marked ?? (await this.ring.at(undefined));
      card.stale = marked === undefined;
      const bitmap = frame && (await createImageBitmap(frame));
      frame?.close();
      if (!this.cards.includes(card)) return bitmap?.close(); /* tapped away meanwhile */
      card.frame = bitmap;
    }
    card.marks = [...card.marks.filter((m) => m.id !== mark.id), mark].slice(-MOST_MARKS);
    this.paint(card, name);
  }

  /* The newest word is the one that counts: a queue would go on talking long after it. */
  private speak(text: string): void {
    speechSynthesis.cancel();
    speechSynthesis.speak(Object.assign(new SpeechSynthesisUtterance(text), { lang: language() }));
  }

  /** Got it, or over: nothing more is said of it. */
  private hush(): void {
    if (this.aloud) speechSynthesis.cancel();
  }

  close(): void {
    this.hush();
    for (const card of [...this.cards]) this.remove(card);
  }

  private newCard(tsMs: number, name: string): Card {
    const canvas = h('canvas', { role: 'img' });
    const card: Card = { canvas, tsMs, marks: [], frame: undefined, stale: false, element: h('article', { class: 'card' }) };
    add(card.element,
      h('div', { class: 'card-head' }, h('h2', {}, t('mark.card', { name })), button(t('mark.dismiss'), () => { this.hush(); this.remove(card); }, { class: 'button main dismiss' }, 'check')),
      canvas, h('ul', { class: 'mark-words' }), 'speechSynthesis' in globalThis && this.aloudSwitch());
    this.cards.push(card);
    while (this.cards.length > MOST_CARDS) this.remove(this.cards[0]!);
    this.element.prepend(card.element); // the newest stands next to the picture
    return card;
  }

  private aloudSwitch(): HTMLElement {
    const box = h('input', { type: 'checkbox', ...(this.aloud ? { checked: true } : {}), onchange: () => { this.aloud = box.checked; } });
    return h('label', { class: 'switch' }, box, h('span', {}, t('mark.speak')));
  }

  private paint(card: Card, name: string): void {
    const { canvas, frame } = card, c = canvas.getContext('2d');
    if (!c) return;
    canvas.width = frame?.width ?? 640;
    canvas.height = frame?.height ?? 480;
    if (frame) c.drawImage(frame, 0, 0);
    for (const mark of card.marks) drawMark(c, mark, canvas.width, canvas.height);
    const words = card.marks.map((mark) => markWords(mark, name));
    canvas.setAttribute('aria-label', words.join(' '));
    card.element.querySelector('ul')!.replaceChildren(...words.slice(-MOST_WORDS).map((text) => h('li', {}, text)), ...(card.stale ? [h('li', {}, t('mark.noFrame'))] : []));
    seeTogether(this.element.parentElement ?? this.element, card.element);
  }

  private remove(card: Card): void {
    card.frame?.close();
    card.element.remove();
    this.cards = this.cards.filter((c) => c !== card);
  }

  clear(id: number): void {
    const name = plain(this.visit.peer?.name ?? t('end.somebody')), before = this.cards.length;
    for (const card of [...this.cards]) {
      card.marks = id === 0 ? [] : card.marks.filter((m) => m.id !== id);
      if (card.marks.length === 0) this.remove(card);
      else this.paint(card, name);
    }
    if (before && this.cards.length === 0) announce(t('mark.cleared', { name }));
  }
}
