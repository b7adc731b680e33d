import { ChorusError } from '@chorus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tinyModel } from '../tiny/tiny-model.ts';
import {
  type Gguf,
  type GgufTensor,
  type GgufValue,
  LAYOUTS,
  type TensorType,
  tensorBytes,
} from './model.ts';
import { readGguf } from './read.ts';
import { writeGguf } from './write.ts';

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ChorusError) return error.code;
    throw error;
  }
  return 'no error';
};

const scalars = {
  uint8: fc.integer({ min: 0, max: 255 }),
  int8: fc.integer({ min: -128, max: 127 }),
  uint16: fc.integer({ min: 0, max: 65_535 }),
  int16: fc.integer({ min: -32_768, max: 32_767 }),
  uint32: fc.nat(2 ** 32 - 1),
  int32: fc.integer(),
  float32: fc.float({ noNaN: true }),
  bool: fc.boolean(),
  string: fc
    .array(fc.nat(0x10ffff), { maxLength: 10 })
    .map((codes) => String.fromCodePoint(...codes).toWellFormed()),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double({ noNaN: true }),
};
const value = fc.oneof(
  ...Object.entries(scalars).flatMap(([type, values]) => [
    (values as fc.Arbitrary<unknown>).map((each) => ({ type, value: each }) as GgufValue),
    fc
      .array(values as fc.Arbitrary<unknown>, { maxLength: 5 })
      .map((all) => ({ type: 'array', of: type, values: all }) as GgufValue),
  ]),
);
const name = fc.string({ minLength: 1, maxLength: 20 });
const tensor = fc
  .record({
    type: fc.constantFrom<TensorType>('F32', 'F16', 'BF16', 'Q4_0', 'Q4_1', 'Q8_0'),
    sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
    name,
    fill: fc.nat(255),
  })
  .map(({ type, sizes: [row, ...rest], name, fill }): GgufTensor => {
    const dims = [row! * LAYOUTS[type].blockElements, ...rest];
    return { name, dims, type, data: new Uint8Array(tensorBytes(type, dims)).fill(fill) };
  });
const gguf = fc
  .record({
    entries: fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 5 }),
    tensors: fc.uniqueArray(tensor, { selector: (each) => each.name, maxLength: 4 }),
    alignment: fc.constantFrom(undefined, 8, 64),
  })
  .map(
    ({ entries, tensors, alignment }): Gguf => ({
      metadata: new Map<string, GgufValue>([
        ...entries.filter(([key]) => key !== 'general.alignment'),
        ...(alignment ? [['general.alignment', { type: 'uint32', value: alignment }] as const] : []),
      ]),
      tensors: new Map(tensors.map((each) => [each.name, each])),
    }),
  );

describe('GGUF files', () => {
  it('what is written is read', () => {
    fc.assert(
      fc.property(gguf, (model) => {
        const file = writeGguf(model);
        const read = readGguf(file);
        expect([...read.metadata]).toEqual([...model.metadata]);
        expect([...read.tensors]).toEqual([...model.tensors]);
        expect(writeGguf(read)).toEqual(file);
      }),
    );
  });

  it('reads the content of a Buffer that is a part of another one', () => {
    const file = tinyModel();
    const larger = Buffer.alloc(file.length + 3);
    larger.set(file, 3);
    expect(readGguf(larger.subarray(3)).tensors).toEqual(readGguf(file).tensors);
  });

  it('a damaged file is read or refused by name, and nothing else happens', () => {
    const file = tinyModel();
    // The header; bytes of weights may be anything.
    const header = 12_000;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(header), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const damaged = file.slice();
          for (const [at, byte] of changes) damaged[at] = byte;
          expect(['no error', 'E_MODEL_CORRUPT', 'E_MODEL_UNSUPPORTED']).toContain(
            codeOf(() => readGguf(damaged)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('arrays that are too long together are refused', () => {
    const values = new Array<number>(2 ** 22).fill(1);
    const metadata = new Map(
      ['a', 'b', 'c'].map((key) => [key, { type: 'array', of: 'uint8', values }] as const),
    );
    expect(codeOf(() => readGguf(writeGguf({ metadata, tensors: new Map() })))).toBe('E_MODEL_CORRUPT');
  });

  it('a file that is cut anywhere is refused', () => {
    const file = tinyModel();
    fc.assert(
      fc.property(fc.nat(file.length - 33), (length) => {
        expect(codeOf(() => readGguf(file.subarray(0, length)))).toBe('E_MODEL_CORRUPT');
      }),
      { numRuns: 200 },
    );
  });

  it('bytes at random are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(() => readGguf(bytes))).toBe('E_MODEL_CORRUPT');
      }),
    );
  });
});

/** A header by hand. */
function file(...parts: (number | bigint | string)[]): Uint8Array {
  return Buffer.concat([
    Buffer.from('GGUF'),
    ...parts.map((part) => {
      const bytes = Buffer.alloc(typeof part === 'number' ? 4 : 8);
      if (typeof part === 'number') bytes.writeUInt32LE(part);
      else bytes.writeBigUInt64LE(typeof part === 'string' ? BigInt(part.length) : part);
      return typeof part === 'string' ? Buffer.concat([bytes, Buffer.from(part, 'latin1')]) : bytes;
    }),
    Buffer.alloc(256),
  ]);
}
const one = (name: string, offset: bigint, type = 0) => [name, 1, 8n, type, offset] as const;

describe('hostile GGUF files', () => {
  it.each<[why: string, code: string, parts: (number | bigint | string)[]]>([
    ['another version', 'E_MODEL_UNSUPPORTED', [2, 0n, 0n]],
    ['more tensors than it has bytes', 'E_MODEL_CORRUPT', [3, 60_000n, 0n]],
    ['more tensors than can be counted', 'E_MODEL_CORRUPT', [3, 2n ** 63n, 0n]],
    ['more entries than it has bytes', 'E_MODEL_CORRUPT', [3, 0n, 4_000n]],
    ['a text of absurd length', 'E_MODEL_CORRUPT', [3, 0n, 1n, 'k', 8, 2n ** 40n]],
    ['a text that is not UTF-8', 'E_MODEL_CORRUPT', [3, 0n, 1n, 'k', 8, '\xff\xfe']],
    ['a key twice', 'E_MODEL_CORRUPT', [3, 0n, 2n, 'k', 4, 1, 'k', 4, 1]],
    ['an array of absurd length', 'E_MODEL_CORRUPT', [3, 0n, 1n, 'k', 9, 4, 2n ** 50n]],
    ['an array of arrays', 'E_MODEL_UNSUPPORTED', [3, 0n, 1n, 'k', 9, 9, 1n, 9, 1n, 4, 1n, 0]],
    ['a value of an unknown type', 'E_MODEL_CORRUPT', [3, 0n, 1n, 'k', 13, 0]],
    ['an alignment that is no power of two', 'E_MODEL_CORRUPT', [3, 0n, 1n, 'general.alignment', 4, 48]],
    ['an alignment of zero', 'E_MODEL_CORRUPT', [3, 0n, 1n, 'general.alignment', 4, 0]],
    ['an alignment that is a text', 'E_MODEL_CORRUPT', [3, 0n, 1n, 'general.alignment', 8, 'x']],
    ['a tensor of five axes', 'E_MODEL_CORRUPT', [3, 1n, 0n, 't', 5, 1n, 1n, 1n, 1n, 1n, 0, 0n]],
    ['a tensor without elements', 'E_MODEL_CORRUPT', [3, 1n, 0n, 't', 1, 0n, 0, 0n]],
    ['a tensor whose size overflows', 'E_MODEL_CORRUPT', [3, 1n, 0n, 't', 2, 2n ** 32n, 2n ** 32n, 0, 0n]],
    ['a tensor outside the file', 'E_MODEL_CORRUPT', [3, 1n, 0n, ...one('t', 4096n)]],
    ['a tensor at an absurd place', 'E_MODEL_CORRUPT', [3, 1n, 0n, ...one('t', 2n ** 63n)]],
    ['a tensor that is not aligned', 'E_MODEL_CORRUPT', [3, 1n, 0n, ...one('t', 4n)]],
    ['two tensors of one name', 'E_MODEL_CORRUPT', [3, 2n, 0n, ...one('t', 0n), ...one('t', 32n)]],
    ['two tensors at one place', 'E_MODEL_CORRUPT', [3, 2n, 0n, ...one('t', 0n), ...one('u', 0n)]],
    ['half a block', 'E_MODEL_CORRUPT', [3, 1n, 0n, ...one('t', 0n, 8)]],
    ['a tensor of an unknown type', 'E_MODEL_CORRUPT', [3, 1n, 0n, ...one('t', 0n, 99)]],
    ['a tensor of a type that is not read', 'E_MODEL_UNSUPPORTED', [3, 1n, 0n, ...one('t', 0n, 12)]],
  ])('%s: %s', (_, code, parts) => {
    expect(codeOf(() => readGguf(file(...parts)))).toBe(code);
  });

  it('names the type that is not read', () => {
    expect(() => readGguf(file(3, 1n, 0n, ...one('t', 0n, 14)))).toThrow('Q6_K');
  });

  it('refuses to write a tensor whose data does not have its size', () => {
    const tensor: GgufTensor = { name: 't', dims: [4], type: 'F32', data: new Uint8Array(12) };
    expect(() => writeGguf({ metadata: new Map(), tensors: new Map([['t', tensor]]) })).toThrow(RangeError);
  });
});
