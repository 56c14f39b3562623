// SPDX-License-Identifier: Apache-2.0
/* What a receipt says was shared, read from notes; and that each error of the protocol has words for people. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { errFromNumber } from '../../src/proto/err.js';
import { PURPOSE, statementWrite, type StatementAction } from '../../src/proto/consent/statement.js';
import type { Capability } from '../../src/proto/wire/capability.js';
import { linesOf, REPLACED } from '../../src/receipt/lines.js';
import { alarmFor, refusalFor } from '../../src/screens/errors.js';

/* As it is signed: what is empty is "-". */
function note(action: StatementAction, unixS: number, capability: Capability = 'camera', purpose = ''): { note: string } {
  const hash = new Uint8Array(32), text = statementWrite({
    sid: new Uint8Array(16), seq: 1, prev: undefined, unixS, action, capability, grantee: undefined, domain: 'handhold.example', verified: true,
    epoch: 0, maxS: 0, retentionDays: 30, keyCommit: undefined, purpose, uiText: hash, uiBuild: hash,
  });
  return { note: `${text}\n— signature\n` };
}

test('a consent runs from its grant to its end, and who ended it is told apart', () => {
  const lines = linesOf([note('grant', 10, 'camera', 'To see it'), note('withdraw', 20), note('grant', 30, 'microphone'), note('withdraw', 40, 'microphone', PURPOSE.EXPIRED), note('grant', 50), note('grant', 60)]);
  assert.deepEqual(lines.map((line) => [line.capability, line.purpose, line.fromMs, line.toMs, line.tookBack, line.because]), [
    ['camera', 'To see it', 10_000, 20_000, true, ''], ['microphone', '', 30_000, 40_000, false, 'expired'],
    ['camera', '', 50_000, 60_000, false, REPLACED], ['camera', '', 60_000, undefined, false, '']]);
  assert.ok(lines.every((line) => line.allowed && !line.elsewhere && line.keptDays === 30));
});

test('what the device refused is not told as the refusal of its person', () => {
  const lines = linesOf([note('refuse', 10, 'still', 'To keep it'), note('refuse', 20), ...Object.values(PURPOSE).map((why) => note('refuse', 30, 'camera', why))]);
  assert.ok(lines.every((line) => !line.allowed && line.fromMs === line.toMs));
  assert.deepEqual(lines.map((line) => [line.purpose, line.because]), [['To keep it', ''], ['', ''], ...Object.values(PURPOSE).map((why) => ['', why])]);
});

test('what was allowed on another device and came along is on the receipt, until it ends here', () => {
  const lines = linesOf([note('withdraw', 20)], [{ capability: 'camera', purpose: 'To see it', keptDays: 30, fromMs: 5_000 }, { capability: 'microphone', purpose: '', keptDays: 0, fromMs: 5_000 }]);
  assert.deepEqual(lines.map((line) => [line.capability, line.allowed, line.elsewhere, line.fromMs, line.toMs, line.tookBack, line.keptDays]), [
    ['camera', true, true, 5_000, 20_000, true, 30], ['microphone', true, true, 5_000, undefined, false, 0]]);
});

const messagesOf = (language: string): Record<string, string> =>
  JSON.parse(readFileSync(new URL(`../../../../messages/${language}.json`, import.meta.url), 'utf8')) as Record<string, string>;

test('whatever ended or refused it has words in both languages', () => {
  for (const language of ['en', 'de'])
    for (const why of [...Object.values(PURPOSE), REPLACED]) assert.ok(messagesOf(language)[`receipt.because.${why.replaceAll(' ', '-')}`], `${language}: ${why}`);
});

test('each error of the protocol has words in both languages, and none of a developer', () => {
  for (const language of ['en', 'de']) {
    const messages = messagesOf(language);
    for (let number = 0; number < 33; number++) {
      const err = errFromNumber(number), stem = `problem.${refusalFor(err)}`;
      assert.ok(messages[`${stem}.title`] && messages[`${stem}.body`], `${language}: ${err}: ${stem}`);
      assert.ok(alarmFor(err) === 'agent' || messages['visit.alarm']!.includes(`${alarmFor(err)} {`), `${language}: ${err}`);
    }
    for (const key of ['visit.alarm', 'receipt.verifyFailed']) assert.ok(!/\{(message|reason)\}/.test(messages[key]!), `${language}: ${key}`);
  }
});
