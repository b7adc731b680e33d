import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { columns, cut } from './columns.ts';
import { fields } from './print.ts';
import { checksTable, percent, roundedTokens, scalar, table, verdict, wrap } from './table.ts';
import { amount, bytes, duration, short } from './units.ts';

const plain = (text: string) => stripVTControlCharacters(text);
const check = (name: string, ok = true, detail?: string) =>
  ({ check: name, ok, milliseconds: 1.25, ...(detail ? { detail } : {}) }) as Parameters<
    typeof verdict
  >[0][number];

describe('a table', () => {
  it('has one line below its head, and none between rows unless rows have several lines', () => {
    const lines = (options: object) =>
      plain(
        table(
          ['a', 'b'],
          [
            ['1', '2'],
            ['3', '4'],
          ],
          options,
        ),
      )
        .split('\n')
        .filter((line) => line.includes('├'));
    expect(lines({})).toHaveLength(1);
    expect(lines({ lines: true })).toHaveLength(2);
  });

  it('aligns figures to the right if asked', () => {
    const row = plain(
      table(
        ['name', 'sum'],
        [
          ['a', '1'],
          ['b', '1000'],
        ],
        { right: [1] },
      ),
    ).split('\n')[3]!;
    expect(row).toMatch(/│ a +│ +1 │/);
  });

  it('of checks gives the reason of one that failed below what it verifies', () => {
    const text = plain(checksTable([check('keys'), check('opening', false, 'row 3 differs')]));
    expect(text).toMatch(/keys .*holds this circuit key.* ok/);
    expect(text).toMatch(/opening .*FAILED/);
    expect(text).toContain('row 3 differs');
  });
});

describe('the verdict of checks', () => {
  it('counts them and adds up their time if all hold', () => {
    expect(plain(verdict([check('keys'), check('rule')], 'the proof holds'))).toBe(
      '✔ the proof holds (2 checks in 3 ms)',
    );
  });

  it('names the first that failed', () => {
    const checks = [check('keys'), check('rule', false, 'no pairing'), check('points', false)];
    expect(plain(verdict(checks, 'the proof holds'))).toBe('✘ the check "rule" failed: no pairing');
  });
});

describe('rows in columns', () => {
  it('are as wide as their widest cell, without blanks at the end', () => {
    expect(
      columns(
        ['name', 'n'],
        [
          ['a', '10'],
          ['longer', '2'],
        ],
      ).map(plain),
    ).toEqual(['name   n', 'a      10', 'longer 2']);
  });

  it('are cut to a given width, and colours do not count', () => {
    expect(cut('\u001b[1mabc\u001b[0m', 3)).toBe('\u001b[1mabc\u001b[0m');
    expect(cut('\u001b[1mabcdef\u001b[0m', 4)).toBe('abc…');
    expect(cut('abc', 0)).toBe('…');
  });
});

describe('a value in words', () => {
  it.each([
    ['0', 18, '0'],
    ['1', 18, '<0.0001'],
    ['100000000000000', 18, '0.0001'],
    ['1234500000000000000000', 18, '1,234.5'],
    ['7', 0, '7'],
    ['7', null, '7 units'],
    ['0', null, '0'],
  ])('%s units of a token with %s decimals are %s', (units, decimals, expected) => {
    expect(amount(units, decimals)).toBe(expected);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [123_456, '123 kB'],
    [2.5e9, '2.5 GB'],
    [4e16, '40000 TB'],
  ])('%s bytes are %s', (count, expected) => {
    expect(bytes(count)).toBe(expected);
  });

  it.each([
    [89.4, '89 s'],
    [90, '2 min'],
    [89 * 60, '89 min'],
    [5_400, '2 h'],
    [47 * 3600, '47 h'],
    [48 * 3600, '2 days'],
  ])('%s seconds are %s', (seconds, expected) => {
    expect(duration(seconds)).toBe(expected);
  });

  it('an address is its beginning and its end, and a short text itself', () => {
    expect(short(`0x${'ab'.repeat(20)}`)).toBe('0xababab…abab');
    expect(short('0x12')).toBe('0x12');
  });

  it('tokens in a column have four decimals, and are units while their decimals are not known', () => {
    expect(roundedTokens(1_500_000n, 6)).toBe('1.5000');
    expect(roundedTokens(15n, null)).toBe('15 units');
  });

  it('a scalar has 32 bytes, and a share its percent', () => {
    expect(scalar(255n)).toBe(`0x${'0'.repeat(62)}ff`);
    expect(percent(1, 3)).toBe('33.33 %');
    expect(percent(1, 3, 0)).toBe('33 %');
  });
});

describe('text', () => {
  it('wraps before 118 characters, and all lines but the first are indented', () => {
    const lines = wrap(`${'word '.repeat(60)}end`, 4).split('\n');
    expect(lines.length).toBe(3);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(118);
    expect(lines[0]).toMatch(/^word/);
    expect(lines[1]).toMatch(/^ {4}word/);
    expect(lines.join(' ').split(/\s+/)).toHaveLength(61);
  });

  it('a word that is longer than a line stays whole', () => {
    expect(wrap(`a ${'x'.repeat(200)} b`).split('\n')).toEqual(['a', 'x'.repeat(200), 'b']);
  });

  it('fields are aligned by the longest name', () => {
    expect(
      plain(
        fields([
          ['a', 1],
          ['name', 'b'],
        ]),
      ),
    ).toBe('  a     1\n  name  b');
  });
});
