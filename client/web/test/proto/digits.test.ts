// SPDX-License-Identifier: Apache-2.0
/* A code as people type it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digitsOf, groupDigits } from '../../src/screens/digits.js';

test('digits of every script are the digits of a code, and what stands between them is not', () => {
  for (const typed of ['407 183 922 9', '407-183.922\u20119', '\u0664\u0660\u0667 \u0661\u0668\u0663 \u0669\u0662\u0662 \u0669', '\uff14\uff10\uff17\uff11\uff18\uff13\uff19\uff12\uff12\uff19', '\u096a\u0966\u096d\u0967\u096e\u0969\u096f\u0968\u0968\u096f', '\u{1d7dc}\u{1d7ce}\u{1d7d5}\u{1d7f7}\u{1d7fe}\u{1d7ef}9229'])
    assert.equal(digitsOf(typed), '4071839229', JSON.stringify(typed));
  assert.equal(digitsOf('4O7'), '4O7', 'a letter stays one, and is complained about');
});

test('digits are grouped as they are read: the last seven have one shape', () => {
  assert.equal(groupDigits('4071839229'), '407 183 922 9');
  assert.equal(groupDigits('40718'), '40718');
  assert.equal(groupDigits('184071839229'), '18407 183 922 9');
});
