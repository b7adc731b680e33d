import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ERROR_CODES, errorClass } from './error-codes.ts';
import {
  blames,
  blamesAuthorForGood,
  ChorusError,
  describeError,
  explain,
  isOutcomeUnknown,
  isOvertaken,
  isRetryable,
  mayBeSentAgain,
} from './errors.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const sources = globSync(['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts', 'circuits/{src,scripts}/**/*.ts'], {
  cwd: ROOT,
}).filter((path) => !/\.test\.ts$|error-codes\.ts$/.test(path));
const text = sources.map((path) => readFileSync(ROOT + path, 'utf8')).join('\n');

it('the registry lists no code that no source uses', () => {
  const used = new Set(text.match(/\bE_[A-Z0-9_]+/g));
  expect(Object.keys(ERROR_CODES).filter((code) => !used.has(code))).toEqual([]);
});

it('no source outside the registry keeps a list of codes by their meaning', () => {
  expect(text.match(/const \w+(: [^=]+)? = (new Set\()?\[\s*'E_\w+',\s*'E_/g)).toBeNull();
});

it('an error has the meaning of its cause as well', () => {
  const wrap = (code: keyof typeof ERROR_CODES) =>
    new ChorusError('E_DEMO_ROUNDS', 'outer', { cause: new ChorusError(code, 'inner') });
  expect(isRetryable(wrap('E_STORE_FULL'))).toBe(true);
  expect(isRetryable(wrap('E_CHAIN_NO_GAS'))).toBe(false);
  expect(isOvertaken(wrap('E_CHAIN_NOT_YOUR_TURN'))).toBe(true);
  expect(isOutcomeUnknown(wrap('E_CHAIN_NOT_MINED'))).toBe(true);
  expect(isOutcomeUnknown(wrap('E_CHAIN_NO_GAS'))).toBe(false);
  expect(blames(wrap('E_STORAGE_UNAVAILABLE'), 'author')).toBe(true);
  expect(blamesAuthorForGood(wrap('E_STORAGE_UNAVAILABLE'))).toBe(false);
  expect(blamesAuthorForGood(wrap('E_PAYLOAD_MISMATCH'))).toBe(true);
  expect(blames(wrap('E_MODEL_TIME'), 'model')).toBe(true);
});

it('a settlement that was not sent or came too late keeps its proof; one whose content is refused does not', () => {
  const sentAgain = (code: keyof typeof ERROR_CODES) => mayBeSentAgain(new ChorusError(code, 'x'));
  for (const code of [
    'E_CHAIN_UNREACHABLE',
    'E_CHAIN_NONCE_TAKEN',
    'E_CHAIN_NO_GAS',
    'E_STORE_IO',
  ] as const) {
    expect(sentAgain(code)).toBe(true);
  }
  expect(sentAgain('E_CHAIN_NOT_YOUR_TURN')).toBe(true);
  for (const code of ['E_CHAIN_WRONG_OPENING', 'E_CHAIN_INVALID_VOTES', 'E_CHAIN_REVERTED'] as const) {
    expect(sentAgain(code)).toBe(false);
  }
});

it('a code of another version counts as a failure, even one named like a property of every object', () => {
  expect(errorClass('E_OF_TOMORROW')).toEqual({ category: 'failed' });
  expect(errorClass('constructor')).toEqual({ category: 'failed' });
});

it('an error is explained as data, and described from the same parts', () => {
  const error = new ChorusError('E_TEST_X', 'it is wrong', {
    facts: { path: '/x' },
    hint: 'mend it',
    cause: new Error('no'),
  });
  expect(explain(error)).toEqual({
    code: 'E_TEST_X',
    message: 'it is wrong (path=/x) [no]',
    hint: 'mend it',
  });
  expect(describeError(error)).toBe('E_TEST_X: it is wrong (path=/x) [no] - mend it');
  expect(explain(new Error('raw'))).toEqual({ code: 'E_UNEXPECTED', message: 'raw', hint: null });
  expect(describeError(new Error('raw'))).toBe('raw');
});
