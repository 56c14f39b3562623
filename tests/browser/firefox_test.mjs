// SPDX-License-Identifier: Apache-2.0
import { describe } from 'node:test';
import { engineScenes } from './engine_scenes.mjs';
import { engineVoice } from './engine_voice.mjs';

describe('a visit', () => engineScenes('firefox'));
describe('a voice', () => engineVoice('firefox'));
describe('a voice, without WebCodecs as on Android', () => engineVoice('firefox', { 'dom.media.webcodecs.enabled': false }));
