// SPDX-License-Identifier: Apache-2.0
/* voice/microphone.ts - the microphone of this device: open between Allow and off and at no other time. */

export type MicrophoneProblem = 'denied' | 'none' | 'busy' | 'failed';

const PROBLEMS: Readonly<Record<string, MicrophoneProblem>> = {
  NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'none', OverconstrainedError: 'none', NotReadableError: 'busy', AbortError: 'busy',
};

export class Microphone {
  track: MediaStreamTrack | undefined;
  private opening = 0;

  /** lost: the track ended by itself; quiet: the system has muted it. */
  constructor(private readonly on: { lost(): void; quiet(): void }) {}

  /** undefined: it is open. A newer open() or close() makes this one void. */
  async open(): Promise<MicrophoneProblem | undefined> {
    this.close();
    const mine = ++this.opening;
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: false, audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 } });
    } catch (error) {
      return PROBLEMS[error instanceof DOMException ? error.name : ''] ?? 'failed';
    }
    const track = stream.getAudioTracks()[0]!;
    if (mine !== this.opening) {
      track.stop();
      return undefined;
    }
    this.track = track;
    track.contentHint = 'speech';
    track.onended = () => { if (this.track === track) { this.close(); this.on.lost(); } };
    track.onmute = () => this.track === track && this.on.quiet();
    return undefined;
  }

  /** Its samples are zeros from here on, or sound again. */
  mute(muted: boolean): void {
    if (this.track) this.track.enabled = !muted;
  }

  /** At once: the browser's sign of it goes out. */
  close(): void {
    this.opening++;
    if (!this.track) return;
    this.track.onended = this.track.onmute = null;
    this.track.stop();
    this.track = undefined;
  }
}
