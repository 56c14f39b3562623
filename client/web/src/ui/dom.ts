// SPDX-License-Identifier: Apache-2.0
/*
 * ui/dom.ts - makes elements. Text goes in as text and nowhere else: no string is ever read as markup, so a name, a
 * purpose or a chat line can be anything.
 */
import { isUnread } from './unread.js';

export type Child = Node | string | false | undefined | null;
type Handler = (event: Event) => void;
export type Properties = Readonly<Record<string, string | number | boolean | Handler | undefined>>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, properties: Properties = {}, ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  add(element, ...children);
  return element;
}

export function add(parent: ParentNode & Node, ...children: readonly Child[]): void {
  for (const child of children) if (child !== false && child !== undefined && child !== null) parent.append(child);
}

export function replace(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren();
  add(parent, ...children);
}

/** Changes a text only when it differs, so that a screen reader hears it once. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

const SVG = 'http://www.w3.org/2000/svg';

/* Strokes on a 24 by 24 grid. */
const icons = {
  camera: 'M4 8h3l2-3h6l2 3h3v11H4zM12 17a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z',
  'device-state': 'M7 3h10v18H7zM11 18h2',
  recording: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  microphone: 'M12 15a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v6a3 3 0 0 0 3 3zM6 11a6 6 0 0 0 12 0M12 17v4',
  shield: 'M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4',
  warning: 'M12 4l9 16H3zM12 10v4M12 17v.5',
  pause: 'M8 5v14M16 5v14',
  play: 'M8 5l11 7-11 7z',
  end: 'M6 6l12 12M18 6L6 18',
  check: 'M5 12.5l5 5L19 7',
  switch: 'M4 9a8 8 0 0 1 14-3l2 2M20 4v4h-4M20 15a8 8 0 0 1-14 3l-2-2M4 20v-4h4',
  light: 'M13 3L5 14h6l-1 7 8-11h-6z',
  zoom: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L21 21M10.5 8v5M8 10.5h5',
  mask: 'M4 5h16v14H4zM8 9h8v6H8z',
  phone: 'M7 3h10v18H7zM11 18h2',
  chat: 'M4 5h16v11H10l-4 4v-4H4z',
  send: 'M4 12l16-8-5 16-3-7z',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2',
  back: 'M15 5l-7 7 7 7',
} as const;
export type Icon = keyof typeof icons;

export function icon(name: Icon): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', icons[name]);
  svg.append(path);
  return svg;
}

/** A button with words, and an icon where one helps. */
export function button(words: string, act: () => void, properties: Properties = {}, picture?: Icon): HTMLButtonElement {
  const made = h('button', { type: 'button', class: 'button', ...properties, onclick: () => { if (!isUnread(made)) act(); } }, picture && icon(picture), h('span', {}, words));
  return made;
}

/**
 * Text that a person said, in the direction that its first letters have, whatever the page's own is. What could turn or
 * hide the text around it is taken out (UAX #9 controls, zero-width signs, tags).
 */
export function said(text: string): HTMLElement {
  return h('bdi', { dir: 'auto' }, plain(text));
}

export function plain(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu, ' ');
}
