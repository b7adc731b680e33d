import type { G1Point, G2Point, Hex } from '@chorus/protocol';

/** An integer below 2^256 as 32 big-endian bytes. @throws {RangeError} */
export function scalarToHex(value: bigint): Hex {
  if (value < 0n || value >> 256n !== 0n) throw new RangeError('a word does not fit 32 bytes');
  return `0x${value.toString(16).padStart(64, '0')}`;
}

export function scalarFromHex(hex: string): bigint {
  return wordsOf(hex)[0]!;
}

export function wordsOf(hex: string): bigint[] {
  return Array.from({ length: (hex.length - 2) / 64 }, (_, k) =>
    BigInt(`0x${hex.slice(2 + 64 * k, 66 + 64 * k)}`),
  );
}

const join = (words: readonly bigint[]): Hex =>
  `0x${words.map((word) => scalarToHex(word).slice(2)).join('')}`;

export function g1ToHex({ x, y }: G1Point): Hex {
  return join([x, y]);
}

export function g1FromHex(hex: string): G1Point {
  const [x, y] = wordsOf(hex) as [bigint, bigint];
  return { x, y };
}

export function g2ToHex({ x, y }: G2Point): Hex {
  return join([...x, ...y]);
}

export function g2FromHex(hex: string): G2Point {
  const [x0, x1, y0, y1] = wordsOf(hex) as [bigint, bigint, bigint, bigint];
  return { x: [x0, x1], y: [y0, y1] };
}
