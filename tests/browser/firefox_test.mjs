// SPDX-License-Identifier: Apache-2.0
import { engineScenes } from './engine_scenes.mjs';

engineScenes('firefox');
