// SPDX-License-Identifier: Apache-2.0
/* screens/code.ts - the address alone was opened: one field for the code that somebody reads aloud. */
import type { Organisation } from '../join/organisation.js';
import { button, h, setText } from '../ui/dom.js';
import { t } from '../words/words.js';
import { digitsOf, groupDigits } from './digits.js';
import { showScreen } from './frame.js';

const LEAST = 10, MOST = 12;

/** The complaint about what was typed so far; '' when it may be a code. */
function complaint(typed: string, parse: ((typed: string) => unknown) | undefined): string {
  const digits = digitsOf(typed);
  if (/[^0-9]/.test(digits)) return t('code.letters');
  if (digits.length < LEAST) return t('code.short', { missing: LEAST - digits.length });
  if (digits.length > MOST) return t('code.long');
  try {
    parse?.(digits);
    return '';
  } catch {
    return t('code.typo');
  }
}

/** `parser` comes with the part of the page that knows the protocol; a typing error is caught here and burns no guess. */
export function showCode(parser: Promise<(typed: string) => unknown>, organisation: Promise<Organisation | undefined>, join: (code: string) => void): void {
  let parse: ((typed: string) => unknown) | undefined;
  void parser.then((p) => { parse = p; });
  const error = h('p', { class: 'error', id: 'code-error', role: 'alert' });
  const field = h('input', {
    id: 'code', class: 'digits', inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 20, enterkeyhint: 'go',
    'aria-describedby': 'code-lead code-error', spellcheck: 'false', dir: 'ltr',
    oninput: () => {
      setText(error, '');
      field.removeAttribute('aria-invalid');
      const digits = digitsOf(field.value);
      const atEnd = field.selectionStart === field.value.length;
      if (atEnd && /^[0-9]*$/.test(digits)) field.value = groupDigits(digits);
    },
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    const wrong = complaint(field.value, parse);
    setText(error, wrong);
    if (wrong) field.setAttribute('aria-invalid', 'true');
    if (wrong) field.focus();
    else join(digitsOf(field.value));
  };
  const whose = h('p', { class: 'hint' });
  void organisation.then((o) => o && setText(whose, o.verified ? t('welcome.verified', { domain: o.domain }) : ''));
  const form = h('form', { class: 'code', novalidate: true, onsubmit: submit },
    h('label', { for: 'code' }, t('code.label')), field, error,
    button(t('code.join'), () => undefined, { class: 'button main', type: 'submit', id: 'join' }));
  showScreen('code',
    h('h1', {}, t('code.title')), h('p', { class: 'lead', id: 'code-lead' }, t('code.lead')), form,
    h('p', { class: 'hint' }, t('welcome.nothingSent'), ' ', t('welcome.nothingSentMore')), whose);
}
