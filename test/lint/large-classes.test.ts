import { expect, it } from 'vitest';
import { largeClasses } from './large-classes.ts';

const lines = (count: number) => '\n'.repeat(count - 1);

it('a class is too long from one line more than the bound, wherever its braces are', () => {
  const text = (inside: number) =>
    `const before = 1;\nexport class Kept<T> {${lines(inside)}}\nfunction after() {}\n`;
  expect(largeClasses('a.ts', text(5), 5)).toEqual([]);
  expect(largeClasses('a.ts', text(6), 5)).toEqual(['a.ts: class Kept has 6 lines, more than 5']);
});

it('a class inside a function, and one without a name, are found as well', () => {
  const text = `function make() { class Inner {${lines(6)}} return Inner; }\nexport const made = class {${lines(7)}};`;
  expect(largeClasses('a.ts', text, 5)).toEqual([
    'a.ts: class Inner has 6 lines, more than 5',
    'a.ts: class (without a name) has 7 lines, more than 5',
  ]);
});

it('the word in a comment or a string is no class', () => {
  expect(largeClasses('a.ts', `// class A {${lines(9)}\nconst text = \`class B {${lines(9)}}\`;`, 5)).toEqual(
    [],
  );
});

it('a source that cannot be parsed is an error, not a source without classes', () => {
  expect(() => largeClasses('a.ts', 'class {')).toThrow(/a\.ts/);
});
