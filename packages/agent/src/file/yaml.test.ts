import { expect, it } from 'vitest';
import { MAX_FILE_BYTES } from './limits.ts';
import { readYaml } from './yaml.ts';

const faultOf = (text: string) => {
  const read = readYaml(text);
  return 'placeOf' in read ? null : `${read.line}: ${read.message}`;
};

it('a file as long as 5 MB is refused before it is parsed', () => {
  expect(faultOf('a'.repeat(5_000_000))).toContain(`of at most ${MAX_FILE_BYTES} bytes`);
});

it.each([
  ['lists in lists', '['.repeat(30_000)],
  ['sections in sections', '{'.repeat(30_000)],
  ['sections as keys', `${'{'.repeat(400)}a${'}'.repeat(400)}`],
  ['indents', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ['lists as keys', '? [a, b]\n: 1'],
  ['explicit keys in each other', '? '.repeat(2_000)],
])('%s are refused, and do not exhaust the reader', (_, text) => {
  expect(faultOf(text)).not.toBeNull();
});

it('aliases are refused, so that a short file does not unfold into a long one', () => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (let i = 0; i < 8; i++) lines.push(`k${i}: &b${i} [*a, *a, *a, *a, *a, *a, *a, *a]`);
  expect(faultOf(lines.join('\n'))).toBe('1: anchors and aliases are not read');
  expect(faultOf('a: [*b]')).not.toBeNull();
  expect(faultOf('a: &b 1')).not.toBeNull();
});

it.each(['__proto__: { admin: true }', 'a: { __proto__: 1 }', '"__proto__": 1'])(
  'the key of %s is refused, and changes no object',
  (text) => {
    expect(faultOf(text)).toContain('there is no key "__proto__"');
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  },
);

it.each([
  ['a tag', 'a: !!js/function "1"'],
  ['a key twice', 'a: 1\na: 2'],
  ['two documents', 'a: 1\n---\nb: 2'],
  ['bytes that are not text', 'a: "\0"'],
  ['a tab as indent', 'a:\n\tb: 1'],
])('a file with %s is refused', (_, text) => {
  expect(faultOf(text)).not.toBeNull();
});

it('a merge key is an ordinary key, which no schema knows', () => {
  const read = readYaml('<<: { a: 1 }');
  expect('placeOf' in read && read.value).toEqual({ '<<': { a: 1 } });
});

it('a list of ten thousand values is refused', () => {
  expect(faultOf(`a: [${'1, '.repeat(10_000)}]`)).toContain('too many values');
});

it('a value has the place of its key, and a missing one that of its section', () => {
  const read = readYaml('a:\n  b: 1\n  c: [x, y]\n');
  if (!('placeOf' in read)) throw new Error('it was refused');
  expect(read.value).toEqual({ a: { b: 1, c: ['x', 'y'] } });
  expect(read.placeOf(['a', 'c'])).toEqual({ line: 3, column: 3 });
  expect(read.placeOf(['a', 'c', 1])).toEqual({ line: 3, column: 10 });
  expect(read.placeOf(['a', 'missing'])).toEqual({ line: 1, column: 1 });
});
