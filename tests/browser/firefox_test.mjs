// SPDX-License-Identifier: Apache-2.0
import { engineHouse } from './engine_house.mjs';
import { engineScenes } from './engine_scenes.mjs';
import { engineVoice } from './engine_voice.mjs';

const it = engineHouse('firefox');
engineScenes(it);
engineVoice(it);
engineVoice(it, { name: 'firefox, without WebCodecs as on Android', alter: 'delete window.AudioEncoder; delete window.AudioDecoder' });
