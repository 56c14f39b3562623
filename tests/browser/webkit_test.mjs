// SPDX-License-Identifier: Apache-2.0
import { describe } from 'node:test';
import { engineScenes } from './engine_scenes.mjs';

describe('a worker takes the frames', () => engineScenes('webkit'));
describe('they come from a playing video', () => engineScenes('webkit', { frames: false }));
