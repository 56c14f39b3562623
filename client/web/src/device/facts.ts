// SPDX-License-Identifier: Apache-2.0
/*
 * device/facts.ts - what this browser knows of its device, and nothing that it does not: no fact is guessed, and a missing
 * one reads "not available" at both ends. Names are those of the companion (client/state).
 */

export type FactName = 'battery' | 'charging' | 'connection' | 'online' | 'screen' | 'platform' | 'language';

export interface Fact {
  name: FactName;
  value: string | number | boolean | undefined;
  unit: string;
}

interface Battery extends EventTarget {
  level: number;
  charging: boolean;
}
interface Connection extends EventTarget {
  type?: string;
  effectiveType?: string;
}
type Knowing = Navigator & { getBattery?: () => Promise<Battery>; connection?: Connection; userAgentData?: { platform: string } };

export class Facts {
  private battery: Battery | undefined;
  private readonly knowing = navigator as Knowing;
  private stopListening: (() => void) | undefined;

  list(): readonly Fact[] {
    const { connection, userAgentData, platform, language } = this.knowing;
    const fact = (name: FactName, value: Fact['value'], unit = ''): Fact => ({ name, value, unit });
    return [
      fact('battery', this.battery && Math.round(this.battery.level * 100), '%'),
      fact('charging', this.battery?.charging),
      fact('connection', connection?.type ?? connection?.effectiveType),
      fact('online', navigator.onLine),
      fact('screen', `${Math.round(screen.width * devicePixelRatio)}x${Math.round(screen.height * devicePixelRatio)}`),
      fact('platform', (userAgentData?.platform || platform) || undefined),
      fact('language', language || undefined),
    ];
  }

  /** Tells at once and then whenever something changed, until stop(). */
  async start(changed: () => void): Promise<void> {
    this.stop();
    let running = true;
    this.stopListening = () => { running = false; };
    this.battery = await this.knowing.getBattery?.().catch(() => undefined);
    if (!running) return;
    const sources: [EventTarget | undefined, string][] = [
      [this.battery, 'levelchange'], [this.battery, 'chargingchange'], [this.knowing.connection, 'change'], [window, 'online'], [window, 'offline'],
    ];
    for (const [source, event] of sources) source?.addEventListener(event, changed);
    this.stopListening = () => { for (const [source, event] of sources) source?.removeEventListener(event, changed); };
    changed();
  }

  stop(): void {
    this.stopListening?.();
    this.stopListening = undefined;
  }
}
