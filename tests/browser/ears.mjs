// SPDX-License-Identifier: Apache-2.0
/* What a page gives to the loudspeaker, as expressions that any driver can evaluate. */

/** Before a voice begins: whatever is connected to the loudspeaker can be listened to. */
export const LISTEN = `
  window.ears = [];
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...more) {
    if (to instanceof AudioDestinationNode) {
      const ear = this.context.createAnalyser(), node = this, disconnect = this.disconnect.bind(this);
      ear.fftSize = 8192;
      ear.smoothingTimeConstant = 0;
      connect.call(this, ear);
      window.ears.push({ ear, node });
      this.disconnect = (...what) => { window.ears = window.ears.filter((other) => other.node !== node); return disconnect(...what); };
    }
    return connect.call(this, to, ...more);
  };
  /* The loudest frequency that is played now, Hz; 0: nothing is played. */
  window.played = () => {
    const ear = window.ears.at(-1)?.ear;
    if (!ear) return 0;
    const power = new Float32Array(ear.frequencyBinCount);
    ear.getFloatFrequencyData(power);
    const most = power.indexOf(Math.max(...power));
    return power[most] > -60 ? most * ear.context.sampleRate / ear.fftSize : 0;
  };
  /* How loud it was at moments of so many milliseconds, 0..1; 0 where nothing is connected. */
  window.levels = async (ms) => {
    const samples = new Float32Array(2048), all = [];
    for (const end = performance.now() + ms; performance.now() < end; await new Promise((done) => setTimeout(done, 20))) {
      samples.fill(0);
      window.ears.at(-1)?.ear.getFloatTimeDomainData(samples);
      all.push(Math.round(100 * Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length)) / 100);
    }
    return all;
  };
  undefined;
`;
export const EARS = 'window.ears.length';
export const plays = (hz) => `Math.abs(window.played() - ${hz}) < 20`;
