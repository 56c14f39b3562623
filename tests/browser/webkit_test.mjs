// SPDX-License-Identifier: Apache-2.0
import { describe } from 'node:test';
import { engineHouse } from './engine_house.mjs';
import { engineScenes } from './engine_scenes.mjs';
import { engineVoice } from './engine_voice.mjs';

describe('a worker takes the frames', () => {
  const it = engineHouse('webkit');
  engineScenes(it);
  engineVoice(it);
  engineVoice(it, { name: 'webkit, without the Opus of Safari 26', alter: 'delete window.AudioEncoder; delete window.AudioDecoder' });
});
describe('they come from a playing video', { skip: process.env.HANDHOLD_LONG ? false : 'with HANDHOLD_LONG=1' }, () => engineScenes(engineHouse('webkit', { frames: false })));
