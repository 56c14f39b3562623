// SPDX-License-Identifier: Apache-2.0
// What is generated from proto/ is what would be generated now: one schema, one list of bounds, one list of words.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bounds, messages, words } from '../scripts/generate.mjs';

const read = (name) => readFileSync(new URL(`../src/proto/${name}`, import.meta.url), 'utf8');
const protoc = spawnSync('protoc', ['--version']).status === 0;

test('the check words are those of proto/pairing/words.c', () => assert.equal(read('pairing/words.ts'), words()));
test('the bounds are those of proto/wire/handhold.options', () => assert.equal(read('wire/bounds.ts'), bounds()));
test('the messages are those of proto/wire/handhold.proto', { skip: protoc ? false : 'protoc is not there' }, () => assert.equal(read('wire/handhold_pb.ts'), messages()));
