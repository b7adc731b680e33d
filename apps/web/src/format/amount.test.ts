import { expect, it } from 'vitest';
import { addAmounts, byToken, exactAmount, shortAmount, unitsOf } from './amount.ts';

it.each([
  ['0', 18, '0'],
  ['1', 18, '0.000000000000000001'],
  ['1234567500000000000000', 18, '1,234.5675'],
  ['1000000', 0, '1,000,000'],
  ['999', 3, '0.999'],
])('%s units with %d decimals are %s', (units, decimals, text) => {
  expect(exactAmount(units, decimals)).toBe(text);
});

it.each([
  ['1999999999999999999', 18, '1.999999'],
  ['1', 18, '< 0.000001'],
  ['5000000000000000000', 18, '5'],
  ['42', null, '42 units'],
])('on the screen an amount is never more than it is: %s, %s', (units, decimals, text) => {
  expect(shortAmount(units, decimals)).toBe(text);
});

it('amounts beyond what a float holds are added exactly', () => {
  expect(addAmounts('9007199254740993', '1')).toBe('9007199254740994');
});

it.each([
  ['12.5', 18, '12500000000000000000'],
  [' 1 ', 0, '1'],
  ['0.000001', 6, '1'],
  ['007.10', 2, '710'],
  ['9007199254740993', 0, '9007199254740993'],
])('%s with %d decimals are %s units, exactly', (text, decimals, units) => {
  expect(unitsOf(text, decimals)).toBe(units);
});

it.each([
  ['', 18],
  ['0', 18],
  ['0.0', 18],
  ['-1', 18],
  ['1e3', 18],
  ['1,5', 18],
  ['.5', 18],
  ['1.', 18],
  ['0.0000001', 6],
  ['1.0', 0],
  ['0x10', 18],
])('%j with %d decimals is no amount', (text, decimals) => {
  expect(unitsOf(text, decimals)).toBeNull();
});

it('sums of one token are one sum, and nothing is no sum', () => {
  const sum = (token: string, amount: string) => ({ token, decimals: 18, amount });
  expect(byToken([sum('a', '5'), sum('b', '0'), sum('a', '7'), sum('c', '1')])).toEqual([
    sum('a', '12'),
    sum('c', '1'),
  ]);
});
