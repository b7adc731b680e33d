import { AbiCoder } from 'ethers';
import { expect, it } from 'vitest';
import { Words } from './words.ts';

const ADDRESS = `0x${'0a'.repeat(20)}`;
const types = ['uint256', 'address', 'address[]', 'uint256[]', 'bytes[]', 'string'];
const values = [
  7n,
  ADDRESS,
  [ADDRESS, ADDRESS],
  [1n, 2n ** 255n],
  ['0x', '0x1234', `0x${'ff'.repeat(40)}`],
  'häuser',
];
const data = AbiCoder.defaultAbiCoder().encode(types, values);

it('parts of ABI-encoded data are those that were encoded', () => {
  const words = Words.of(data);
  expect([words.uint(0), words.address(1), words.bytes(5).toString()]).toEqual([7n, ADDRESS, 'häuser']);
  const [addresses, numbers, bytes] = [words.list(2), words.list(3), words.list(4)];
  expect([addresses.length, numbers.length, bytes.length]).toEqual([2, 2, 3]);
  expect([addresses.elements.address(1), numbers.elements.uint(1)]).toEqual([ADDRESS, 2n ** 255n]);
  expect([0, 1, 2].map((i) => `0x${bytes.elements.bytes(i).toString('hex')}`)).toEqual(values[4]);
});

it('ABI-encoded data that ends too early, or points beyond its end, is refused', () => {
  expect(() => Words.of(data.slice(0, 2 + 64 * 9)).bytes(5)).toThrow(RangeError);
  expect(() => Words.of(`0x${'ff'.repeat(32)}`).bytes(0)).toThrow(RangeError);
  expect(() => Words.of('0x').uint(0)).toThrow(RangeError);
});
