// SPDX-License-Identifier: Apache-2.0
/*
 * camera/camera.ts - the camera of this device: which lens, its light and zoom, and whether it still runs. Nothing is
 * remembered but the lens, and that only while the page is open.
 */

/** 'cannot': there is no encoder for a moving picture. */
export type CameraProblem = 'denied' | 'none' | 'busy' | 'failed' | 'cannot';

export interface Lens {
  id: string;
  label: string;
}

export interface Range {
  min: number;
  max: number;
  step: number;
}

/* What lib.dom does not know of yet. */
interface LensAbilities extends MediaTrackCapabilities {
  torch?: boolean;
  zoom?: Range;
  pointsOfInterest?: unknown;
  focusMode?: string[];
}

const WIDTH = 1280, HEIGHT = 720, RATE = 30;

function problemOf(error: unknown): CameraProblem {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError': return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError': return 'none';
    case 'NotReadableError':
    case 'AbortError': return 'busy';
    default: return 'failed';
  }
}

export class Camera {
  track: MediaStreamTrack | undefined;
  torch = false;
  /** 1: all that the lens sees. */
  zoom = 1;
  private stream: MediaStream | undefined;
  private lensId: string | undefined;
  private opening = 0;

  /** lost: the track ended by itself (another app, a call, unplugged); quiet: it gives no picture for now. */
  constructor(private readonly on: { lost(): void; quiet(quiet: boolean): void }) {}

  /** undefined: it runs. The back camera first, then whatever there is. A newer open() or close() makes this one void. */
  async open(): Promise<CameraProblem | undefined> {
    this.close();
    const mine = ++this.opening;
    const which: MediaTrackConstraints = this.lensId ? { deviceId: { exact: this.lensId } } : { facingMode: { ideal: 'environment' } };
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false, video: { ...which, width: { ideal: WIDTH }, height: { ideal: HEIGHT }, frameRate: { ideal: RATE, max: RATE } },
      });
    } catch (error) {
      if (this.lensId && problemOf(error) === 'none') return this.forgetLens();
      return problemOf(error);
    }
    if (mine !== this.opening) {
      for (const track of stream.getTracks()) track.stop();
      return undefined;
    }
    this.take(stream);
    return undefined;
  }

  private forgetLens(): Promise<CameraProblem | undefined> {
    this.lensId = undefined;
    return this.open();
  }

  private take(stream: MediaStream): void {
    const track = stream.getVideoTracks()[0]!;
    this.stream = stream;
    this.track = track;
    this.torch = false;
    this.zoom = 1;
    track.contentHint = 'detail';
    track.onended = () => { if (this.track === track) { this.close(); this.on.lost(); } };
    track.onmute = () => this.track === track && this.on.quiet(true);
    track.onunmute = () => this.track === track && this.on.quiet(false);
  }

  /** At once: the lamp of the camera goes out. */
  close(): void {
    this.opening++;
    for (const track of this.stream?.getTracks() ?? []) {
      track.onended = track.onmute = track.onunmute = null;
      track.stop();
    }
    this.stream = this.track = undefined;
    this.torch = false;
  }

  private abilities(): LensAbilities {
    return (this.track?.getCapabilities?.() ?? {}) as LensAbilities;
  }

  hasTorch(): boolean {
    return this.abilities().torch === true;
  }

  zoomRange(): Range | undefined {
    const zoom = this.abilities().zoom;
    return zoom && zoom.max > zoom.min ? zoom : undefined;
  }

  private async set(constraint: Record<string, unknown>): Promise<boolean> {
    try {
      await this.track?.applyConstraints({ advanced: [constraint as MediaTrackConstraintSet] });
      return this.track !== undefined;
    } catch {
      return false; // the lens says no; the picture goes on as it was
    }
  }

  async setTorch(on: boolean): Promise<void> {
    if (await this.set({ torch: on })) this.torch = on;
  }

  /** factor 1: all that the lens sees; what is out of its range is brought into it. */
  async setZoom(factor: number): Promise<void> {
    const range = this.zoomRange();
    if (!range) return;
    const wanted = Math.min(range.max, Math.max(range.min, factor * range.min));
    if (await this.set({ zoom: wanted })) this.zoom = wanted / range.min;
  }

  zoomMost(): number {
    const range = this.zoomRange();
    return range ? range.max / range.min : 1;
  }

  canFocus(): boolean {
    return this.abilities().focusMode?.includes('single-shot') === true;
  }

  /** x, y: 0..1 of the picture. */
  async focusAt(x: number, y: number): Promise<void> {
    if (this.canFocus())
      await this.set({ pointsOfInterest: [{ x, y }], focusMode: 'single-shot' });
  }

  async lenses(): Promise<readonly Lens[]> {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.filter((d) => d.kind === 'videoinput' && d.deviceId).map((d) => ({ id: d.deviceId, label: d.label }));
  }

  lensInUse(): string {
    return this.track?.getSettings().deviceId ?? '';
  }

  /** Another lens; the caller opens again. undefined: the next one. */
  async chooseLens(id: string | undefined): Promise<boolean> {
    const all = await this.lenses(), now = this.lensInUse();
    const next = id === undefined ? all[(all.findIndex((lens) => lens.id === now) + 1) % Math.max(1, all.length)] : all.find((lens) => lens.id === id);
    if (!next || next.id === now) return false;
    this.lensId = next.id;
    return true;
  }

  /** Over a reload. */
  get chosenLens(): string | undefined {
    return this.lensId;
  }
  set chosenLens(id: string | undefined) {
    this.lensId = id;
  }
}

/** Keeps the screen on while it is wanted; a browser that does not do that changes nothing. */
export class ScreenLight {
  private lock: WakeLockSentinel | undefined;
  private wanted = false;

  constructor() {
    document.addEventListener('visibilitychange', () => void this.apply());
  }

  set(on: boolean): void {
    this.wanted = on;
    void this.apply();
  }

  private async apply(): Promise<void> {
    if (!this.wanted) {
      await this.lock?.release().catch(() => undefined);
      this.lock = undefined;
    } else if (document.visibilityState === 'visible' && (!this.lock || this.lock.released)) {
      this.lock = await navigator.wakeLock?.request('screen').catch(() => undefined);
    }
  }
}
