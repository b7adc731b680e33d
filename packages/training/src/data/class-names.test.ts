import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classNamesOf, numberLabels, readClassNames } from './class-names.ts';

const numbersOf = (labels: string[], known = {}) => {
  const names = classNamesOf(labels, known, 'x');
  return [...numberLabels(labels, names, 'x')];
};

const spelling = fc.constantFrom(
  (n: number) => `${n}`,
  (n: number) => `${n}.0`,
  (n: number) => `${n}.`,
  (n: number) => `+${n}`,
  (n: number) => `0${n}`,
  (n: number) => ` ${n} `,
  // As numpy.savetxt, C and R print them.
  (n: number) => n.toExponential(18).replace(/e([+-])(\d)$/, 'e$10$2'),
);

describe('labels', () => {
  it('whole-number labels mean themselves, in any spelling and with any gaps', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(200), spelling), { minLength: 2, maxLength: 40 }),
        fc.array(fc.constantFrom('', 'nan', 'NA', 'None', '?'), { maxLength: 3 }),
        (drawn, missing) => {
          const numbers = drawn.map(([n]) => n);
          fc.pre(Math.max(...numbers) > 0);
          const labels = [...drawn.map(([n, write]) => write(n)), ...missing];
          expect(numbersOf(labels)).toEqual([...numbers, ...missing.map(() => -1)]);
        },
      ),
    );
  });

  it('labels that only look like powers of ten are names', () => {
    expect(classNamesOf(['1E5', '2e0', '10e+03'], {}, 'x')).toEqual(['10e+03', '1E5', '2e0']);
    expect(classNamesOf(['1e+00', '-2.5e-01'], {}, 'x')).toEqual(['-0.25', '1']);
  });

  it('labels have the same numbers on two nodes that know all names, even if each holds other classes', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), {
          minLength: 2,
          maxLength: 20,
          selector: (s) => s.trim().normalize('NFC'),
        }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
        (drawn, picks) => {
          const names = drawn.filter((name) => !/^[+-]?\d|^\s*$/.test(name.trim()));
          fc.pre(names.length > 1);
          const held = picks.map((pick) => names[pick % names.length]!);
          expect(numbersOf(held, { classNames: names })).toEqual(picks.map((pick) => pick % names.length));
        },
      ),
    );
  });

  it.each([
    ['negative numbers', ['1', '-1', '1'], ['-1', '1']],
    ['decimals', ['10.5', '2.5', '2.50'], ['2.5', '10.5']],
    ['numbers among names', ['other', '10', '2', '10'], ['2', '10', 'other']],
    ['names in two normal forms', ['caf\u00e9', 'cafe\u0301', 'tea'], ['caf\u00e9', 'tea']],
    [
      'numbers too long to be exact',
      ['9007199254740993', '9007199254740992'],
      ['9007199254740992', '9007199254740993'],
    ],
    ['names that also mean nothing', ['None', 'some', ''], ['None', 'some']],
  ])('labels that are %s are numbered in order', (_, labels, names) => {
    expect(classNamesOf(labels, {}, 'x')).toEqual(names);
  });

  it('labels far apart are refused with the option that says what they mean', () => {
    expect(() => classNamesOf(['0', '7', '99999'], {}, 'x')).toThrowError(
      expect.objectContaining({ code: 'E_DATA_FORMAT', hint: expect.stringContaining('--classes 100000') }),
    );
    expect(() => classNamesOf(['0', '7', '100000'], {}, 'x')).toThrowError(
      expect.objectContaining({ hint: expect.stringContaining('--classes FILE') }),
    );
    expect(numbersOf(['100000', '7'], { classNames: ['0', '7', '100000'] })).toEqual([2, 1]);
    expect(numbersOf(['7', '0'], { classes: 100_000 })).toEqual([7, 0]);
  });

  it('labels of a single class are refused unless the other classes are stated', () => {
    expect(() => classNamesOf(['0', '0'], {}, 'x')).toThrowError(
      expect.objectContaining({ code: 'E_DATA_FORMAT', hint: expect.stringContaining('--classes') }),
    );
    expect(numbersOf(['0', '0'], { classes: 10 })).toEqual([0, 0]);
    expect(() => classNamesOf(['cat', 'cat'], { classes: 10 }, 'x')).toThrowError(
      expect.objectContaining({ code: 'E_DATA_FORMAT', facts: expect.objectContaining({ names: 'cat' }) }),
    );
  });

  it('a label of an unknown class is refused by name', () => {
    expect(() => numberLabels(['cat', 'dog', 'dog'], ['ant', 'cat'], 'x')).toThrowError(
      expect.objectContaining({
        code: 'E_DATA_LABEL',
        facts: expect.objectContaining({ unknown: 'dog', samples: 2, classes: 'ant, cat' }),
      }),
    );
    expect(() => numbersOf(['3', '10'], { classes: 10 })).toThrowError(
      expect.objectContaining({ code: 'E_DATA_LABEL', facts: expect.objectContaining({ unknown: '10' }) }),
    );
  });
});

describe('a file of class names', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-classes-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const written = async (content: string | Uint8Array) => {
    const path = join(folder, 'classes.txt');
    await writeFile(path, content);
    return readClassNames(path);
  };

  it('a file of class names has one name per line, with any line ending', async () => {
    expect(await written('\ufeffdog\r\ncat\r\n\r\n two words \rant')).toEqual([
      'dog',
      'cat',
      'two words',
      'ant',
    ]);
  });

  it.each([
    ['names a class twice', 'cat\ndog\ncat\n', 'cat'],
    ['names a number twice', '1\n1.0\n', '1'],
  ])('a file of class names that %s is refused', async (_, content, name) => {
    await expect(written(content)).rejects.toMatchObject({ code: 'E_DATA_FORMAT', facts: { name } });
  });

  it.each([
    ['is empty', ''],
    ['is not UTF-8', Buffer.from('stra\xdfe\nb\n', 'latin1')],
    ['has a name too long', `${'x'.repeat(201)}\ny\n`],
  ])('a file of class names that %s is refused', async (_, content) => {
    await expect(written(content)).rejects.toMatchObject({ code: 'E_DATA_FORMAT', hint: expect.any(String) });
  });
});
