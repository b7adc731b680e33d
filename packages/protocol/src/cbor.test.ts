import { encode } from 'cborg';
import { describe, expect, it } from 'vitest';
import { decodeStrict } from './cbor.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

describe('CBOR of strangers', () => {
  it('is decoded if it is in shortest forms', () => {
    const value = { a: [1, -2, 'x', null, true], b: bytes('0102') };
    expect(decodeStrict(encode(value))).toEqual(value);
  });

  it.each([
    ['an indefinite length', '9f01ff'],
    ['a key that comes twice', 'a2616101616102'],
    ['a number that is longer than it has to be', '1801'],
    ['a length that is longer than it has to be', '580101'],
    ['undefined', 'f7'],
    ['NaN', 'f97e00'],
    ['infinity', 'f97c00'],
    ['a tag', 'c001'],
    ['something after it', '0101'],
    ['nothing', ''],
  ])('is refused with %s', (_, hex) => {
    expect(() => decodeStrict(bytes(hex))).toThrow();
  });
});
