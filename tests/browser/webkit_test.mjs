// SPDX-License-Identifier: Apache-2.0
import { describe } from 'node:test';
import { engineScenes } from './engine_scenes.mjs';
import { engineVoice } from './engine_voice.mjs';

describe('a worker takes the frames', () => engineScenes('webkit'));
describe('they come from a playing video', { skip: process.env.HANDHOLD_LONG ? false : 'with HANDHOLD_LONG=1' }, () => engineScenes('webkit', { frames: false }));
describe('a voice', () => engineVoice('webkit'));
describe('a voice, without the Opus of Safari 26', () => engineVoice('webkit', { alter: 'delete window.AudioEncoder; delete window.AudioDecoder' }));
