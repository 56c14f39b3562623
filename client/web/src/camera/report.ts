// SPDX-License-Identifier: Apache-2.0
/* camera/report.ts - which lens, what it can and does. Ids are numbers, because a device's own id would tell more than that. */
import type { CameraReport } from '../proto/session.js';
import type { Camera } from './camera.js';

const LENSES_MOST = 8, LABEL_MOST_BYTES = 64, ZOOM_MOST = 100;
const encoder = new TextEncoder();

function label(text: string): string {
  let short = text.replace(/\p{C}/gu, ' ').trim();
  while (encoder.encode(short).length > LABEL_MOST_BYTES) short = [...short].slice(0, -1).join('');
  return short;
}

/** undefined: it does not run (any more). */
export async function cameraReport(camera: Camera): Promise<CameraReport | undefined> {
  const lenses = (await camera.lenses()).slice(0, LENSES_MOST);
  if (!camera.track) return undefined;
  const at = lenses.findIndex((lens) => lens.id === camera.lensInUse());
  return {
    canTorch: camera.hasTorch(), torch: camera.torch, zoom: camera.zoom, zoomMax: Math.min(ZOOM_MOST, camera.zoomMost()), canFocus: camera.canFocus(),
    lenses: lenses.map((lens, i) => ({ id: String(i + 1), label: label(lens.label) })), lens: at < 0 ? '' : String(at + 1),
  };
}
