import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSum, sumText, unitsOfSum } from './sum.ts';

const units = (text: string, decimals: number) => {
  const sum = parseSum(text);
  return sum && unitsOfSum(sum, decimals);
};

describe('a sum of money', () => {
  it.each([
    ['0.02 CHOR', 18, 20_000_000_000_000_000n],
    ['20 CHOR', 0, 20n],
    ['0.000000000000000001 CHOR', 18, 1n],
    ['0 CHOR', 18, 0n],
    ['1.50 CHOR', 1, 15n],
    ['999999999999999 CHOR', 6, 999_999_999_999_999_000_000n],
  ])('%s with %i decimals is %s units', (text, decimals, expected) => {
    expect(units(text, decimals)).toBe(expected);
  });

  it.each([
    '0.02',
    'CHOR',
    '0.02CHOR',
    '0.02 CHOR x',
    '.02 CHOR',
    '2. CHOR',
    '-1 CHOR',
    '+1 CHOR',
    '1e3 CHOR',
    '0x10 CHOR',
    '1,5 CHOR',
    '1 000 CHOR',
    '0.0000000000000000001 CHOR',
    '1000000000000000 CHOR',
    '1 CH-OR',
    '1 \u0421HOR',
    '1 0x12',
    '\u0661 CHOR',
    '',
  ])('%j is not a sum', (text) => {
    expect(parseSum(text)).toBeNull();
  });

  it('a token cannot be divided further than it says', () => {
    expect(units('0.01 CHOR', 1)).toBeNull();
    expect(units('0.5 CHOR', 0)).toBeNull();
  });

  it('a token may be named by its address, in any case of letters', () => {
    expect(parseSum(`1 0x${'aB'.repeat(20)}`)?.token).toBe(`0x${'ab'.repeat(20)}`);
  });

  it('what is written can be read, to the unit', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 30n), fc.nat(18), (amount, decimals) => {
        if (amount / 10n ** BigInt(decimals) >= 10n ** 15n) return;
        expect(units(sumText(amount, decimals, 'CHOR'), decimals)).toBe(amount);
      }),
    );
  });
});
