// SPDX-License-Identifier: Apache-2.0
/* join/qr.ts - the invitation as a pattern for a phone's camera; made here, sent nowhere. */
import { encode } from 'uqr';
import { t } from '../words/words.js';

const SVG = 'http://www.w3.org/2000/svg';
const BORDER = 4; /* of quiet modules, ISO/IEC 18004 */

export function qrPicture(text: string): HTMLElement {
  const { data, size } = encode(text, { ecc: 'M', border: BORDER });
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', data.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')).join('')).join(''));
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('class', 'qr');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', t('welcome.phoneAlt'));
  svg.setAttribute('shape-rendering', 'crispEdges');
  svg.append(path);
  const place = document.createElement('div');
  place.append(svg);
  return place;
}
