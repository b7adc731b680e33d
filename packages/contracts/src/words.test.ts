import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packWords, SHARE_WORDS, unpackWords, WEIGHT_WORDS } from './words.ts';

it('unpacking words gives back what was packed', () => {
  for (const layout of [WEIGHT_WORDS, SHARE_WORDS]) {
    const entry = fc.integer({ min: 0, max: 2 ** layout.bits - 1 });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 16 }), (values) => {
        expect(unpackWords(packWords(values, layout), values.length, layout)).toEqual(values);
      }),
    );
  }
});

it('an entry that does not fit its bits is refused', () => {
  expect(() => packWords([2 ** 17], WEIGHT_WORDS)).toThrow(RangeError);
  expect(() => packWords([-1], SHARE_WORDS)).toThrow(RangeError);
  expect(() => packWords(new Array(29).fill(0), WEIGHT_WORDS)).toThrow(RangeError);
});
