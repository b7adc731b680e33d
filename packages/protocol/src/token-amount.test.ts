import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactAmount, parseTokenAmount } from './token-amount.ts';

describe('amounts of tokens', () => {
  it('what is written with all its digits is read as it was', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 128n), fc.integer({ min: 0, max: 77 }), (units, decimals) => {
        expect(parseTokenAmount(exactAmount(units, decimals), decimals)).toBe(units);
      }),
    );
    expect(exactAmount(12_500n, 3)).toBe('12.5');
    expect(exactAmount('12000', 3)).toBe('12');
    expect(exactAmount(-5n, 3)).toBe('-0.005');
    expect(exactAmount(7n, 0)).toBe('7');
  });

  it.each(['', '.5', '1.', '-1', '+1', '1e3', '0x10', '1,000', ' 1', '1.2.3', '1'.repeat(40), 'NaN'])(
    '%j is no amount',
    (text) => expect(parseTokenAmount(text, 18)).toBeNull(),
  );

  it('more digits than the token has are no amount, unless they are zeros', () => {
    expect(parseTokenAmount('1.234', 2)).toBeNull();
    expect(parseTokenAmount('1.2300', 2)).toBe(123n);
    expect(parseTokenAmount('5', 0)).toBe(5n);
  });
});
