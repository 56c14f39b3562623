// SPDX-License-Identifier: Apache-2.0
/* What a receipt says was shared, read from notes; and that each error of the protocol has words for people. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { errFromNumber } from '../../src/proto/err.js';
import { linesOf } from '../../src/receipt/lines.js';
import { alarmFor, refusalFor } from '../../src/screens/errors.js';

const note = (action: string, timeS: number, capability = 'camera', purpose = ''): { note: string } =>
  ({ note: `handhold.example/statement\naction ${action}\ncapability ${capability}\ntime ${timeS}\nscope 0 0 30\npurpose ${purpose}\n\n— signature\n` });

test('a consent runs from its grant to its end, and who ended it is told apart', () => {
  const lines = linesOf([note('grant', 10, 'camera', 'To see it'), note('withdraw', 20), note('grant', 30, 'microphone'), note('withdraw', 40, 'microphone', 'expired'), note('refuse', 50, 'still')]);
  assert.deepEqual(lines.map((line) => [line.capability, line.allowed, line.elsewhere, line.fromMs, line.toMs, line.tookBack]), [
    ['camera', true, false, 10_000, 20_000, true], ['microphone', true, false, 30_000, 40_000, false], ['still', false, false, 50_000, 50_000, false]]);
});

test('what was allowed on another device and came along is on the receipt, until it ends here', () => {
  const lines = linesOf([note('withdraw', 20)], [{ capability: 'camera', purpose: 'To see it', keptDays: 30, fromMs: 5_000 }, { capability: 'microphone', purpose: '', keptDays: 0, fromMs: 5_000 }]);
  assert.deepEqual(lines.map((line) => [line.capability, line.allowed, line.elsewhere, line.fromMs, line.toMs, line.tookBack, line.keptDays]), [
    ['camera', true, true, 5_000, 20_000, true, 30], ['microphone', true, true, 5_000, undefined, false, 0]]);
});

test('each error of the protocol has words in both languages, and none of a developer', () => {
  for (const language of ['en', 'de']) {
    const messages = JSON.parse(readFileSync(new URL(`../../../../messages/${language}.json`, import.meta.url), 'utf8')) as Record<string, string>;
    for (let number = 0; number < 33; number++) {
      const err = errFromNumber(number), stem = `problem.${refusalFor(err)}`;
      assert.ok(messages[`${stem}.title`] && messages[`${stem}.body`], `${language}: ${err}: ${stem}`);
      assert.ok(alarmFor(err) === 'agent' || messages['visit.alarm']!.includes(`${alarmFor(err)} {`), `${language}: ${err}`);
    }
    for (const key of ['visit.alarm', 'receipt.verifyFailed']) assert.ok(!/\{(message|reason)\}/.test(messages[key]!), `${language}: ${key}`);
  }
});
