import { BASE_ORDER } from './constants.ts';

/**
 * Emits a WebAssembly module for two additions of affine G1 points at once, one in each half of a SIMD register.
 *
 * Field elements are five limbs of 51 bits in float64. A product of limbs is split exactly by two fused multiply-adds:
 * `hi = fma(a, b, C1)` leaves round(ab / 2^51) in the mantissa, `lo = fma(a, b, C2 - hi)` the signed rest. Sums of their
 * bit patterns are sums of integers, less known constants. (N. Emmart, F. Zheng, C. Weems: "Faster Modular
 * Exponentiation Using Double Precision Floating Point Arithmetic on the GPU", ARITH 2018.)
 *
 * Montgomery products here have R = 2^255, while memory holds x 2^256 mod q, as the rest of the engine wants it: to this
 * kernel, that is 2x. Slopes are quotients of differences and so the same; only the square of a slope counts twice.
 *
 * NOTE: `relaxed_madd` may be unfused if a processor has no fused multiply-add; callers test before they use it.
 */

const LIMBS = 5;
const BITS = 51n;
const MASK = (1n << BITS) - 1n;
/** Bytes of a pair of elements. */
export const PAIR_BYTES = LIMBS * 16;

const bitsOf = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0]!;
const C1 = 3 * 2 ** 102;
const C2 = 3 * 2 ** 102 + 3 * 2 ** 51;
const LO = bitsOf(3 * 2 ** 51);
const HI = bitsOf(C1);
/** Added to a non-negative integer below 2^52 as bits, then subtracted as a number. */
const UNSIGNED = bitsOf(2 ** 52);
/** The same for an integer of magnitude up to 2^51. */
const SIGNED = bitsOf(3 * 2 ** 51);
const limbsOf = (value: bigint): bigint[] =>
  Array.from({ length: LIMBS }, (_, k) => (value >> (BITS * BigInt(k))) & MASK);
const Q = limbsOf(BASE_ORDER);
/** -q^-1 mod 2^51, by Newton's iteration. */
const Q_INVERSE = ((): bigint => {
  let x = 1n;
  for (let k = 0; k < 6; k++) x = BigInt.asUintN(51, x * (2n - BASE_ORDER * x));
  return BigInt.asUintN(51, -x);
})();
/** Makes a signed limb positive before it is shifted; its own share above the shift is taken back afterwards. */
const BIAS = 1n << 62n;
const BIAS_CARRY = 1n << 11n;

type Code = number[];
const unsigned = (value: number): Code => {
  const bytes: Code = [];
  let rest = value;
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
};
const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)];
const V128 = 0x7b;
const I32 = 0x7f;
const get = (local: number): Code => [0x20, ...unsigned(local)];
const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
const call = (fn: number, ...args: Code[]): Code => [...args.flat(), 0x10, ...unsigned(fn)];
/**
 * Constants are read from memory: compilers rebuild 128-bit immediates at each use, which takes longer than a load.
 */
let pool: { address: number; offsets: Map<bigint, number> };
const constant = (value: bigint): Code => {
  const bits = BigInt.asUintN(64, value);
  let offset = pool.offsets.get(bits);
  if (offset === undefined) {
    offset = pool.offsets.size * 16;
    pool.offsets.set(bits, offset);
  }
  return [...int(0), ...simd(0x00), 3, ...unsigned(pool.address + offset)];
};
const real = (value: number): Code => constant(bitsOf(value));
const int = (value: number): Code => {
  // Signed LEB128 of a small non-negative number.
  const bytes: Code = [];
  let rest = value;
  for (;;) {
    const byte = rest & 127;
    rest >>= 7;
    if (rest === 0 && byte < 64) return [0x41, ...bytes, byte];
    bytes.push(byte | 128);
  }
};
const load = (address: Code, offset: number): Code => [...address, ...simd(0x00), 3, ...unsigned(offset)];
const store = (address: Code, offset: number, value: Code): Code => [
  ...address,
  ...value,
  ...simd(0x0b),
  3,
  ...unsigned(offset),
];
const binary =
  (opcode: number) =>
  (a: Code, b: Code): Code => [...a, ...b, ...simd(opcode)];
const add = binary(0xce);
const subtract = binary(0xd1);
const times = binary(0xd5);
const and = binary(0x4e);
const or = binary(0x50);
const addReal = binary(0xf0);
const subtractReal = binary(0xf1);
const timesReal = binary(0xf2);
const shiftLeft = (a: Code, by: number): Code => [...a, ...int(by), ...simd(0xcb)];
const shiftRight = (a: Code, by: number): Code => [...a, ...int(by), ...simd(0xcd)];
const shiftRightSigned = (a: Code, by: number): Code => [...a, ...int(by), ...simd(0xcc)];
const fma = (a: Code, b: Code, c: Code): Code => [...a, ...b, ...c, ...simd(0x107)];
/** mask ? a : b */
const select = (a: Code, b: Code, mask: Code): Code => [...a, ...b, ...mask, ...simd(0x52)];
const toReal = (a: Code): Code => subtractReal(or(a, constant(UNSIGNED)), real(2 ** 52));
const toRealSigned = (a: Code): Code => subtractReal(add(a, constant(SIGNED)), real(3 * 2 ** 51));
const toInteger = (a: Code): Code => subtract(addReal(a, real(3 * 2 ** 51)), constant(SIGNED));

interface Fn {
  params: number;
  vectors: number;
  body: Code;
}

/** mul(out, a, b): Montgomery product of pairs, R = 2^255; limbs in (-2^51, 2^51), the result's in [0, 2^51) but the top. */
function multiply(): Fn {
  const [out, a, b] = [0, 1, 2];
  const local = (k: number): number => 3 + k;
  const A = (k: number): number => local(k);
  const B = (k: number): number => local(5 + k);
  const Z = (k: number): number => local(10 + k);
  const [H, S] = [local(20), local(21)];
  const body: Code = [];
  for (let k = 0; k < LIMBS; k++) {
    body.push(...set(A(k), load(get(a), 16 * k)), ...set(B(k), load(get(b), 16 * k)));
  }
  for (let k = 0; k < 2 * LIMBS; k++) {
    const lows = BigInt(Math.min(k + 1, 9 - k, 5));
    const highs = BigInt(Math.min(k, 10 - k, 5));
    // Each occurs in the product and in the reduction.
    let start = -2n * ((lows > 0n ? lows : 0n) * LO + highs * HI);
    if (k < 2 * LIMBS - 1) start += BIAS;
    if (k > 0) start -= BIAS_CARRY;
    body.push(...set(Z(k), constant(start)));
  }
  const accumulate = (x: Code, y: Code, at: number): Code => [
    ...set(H, fma(x, y, real(C1))),
    ...set(Z(at), add(get(Z(at)), fma(x, y, subtractReal(real(C2), get(H))))),
    ...set(Z(at + 1), add(get(Z(at + 1)), get(H))),
  ];
  for (let i = 0; i < LIMBS; i++) {
    for (let j = 0; j < LIMBS; j++) body.push(...accumulate(get(A(i)), get(B(j)), i + j));
    body.push(...set(S, toReal(and(times(get(Z(i)), constant(Q_INVERSE)), constant(MASK)))));
    for (let j = 0; j < LIMBS; j++) body.push(...accumulate(get(S), constant(bitsOf(Number(Q[j]!))), i + j));
    body.push(...set(Z(i + 1), add(get(Z(i + 1)), shiftRight(get(Z(i)), 51))));
  }
  for (let k = 0; k < LIMBS - 1; k++) {
    const [z, next] = [Z(LIMBS + k), Z(LIMBS + k + 1)];
    body.push(...set(next, add(get(next), shiftRight(get(z), 51))));
    body.push(...store(get(out), 16 * k, toReal(and(get(z), constant(MASK)))));
  }
  body.push(...store(get(out), 16 * (LIMBS - 1), toRealSigned(get(Z(9)))));
  return { params: 3, vectors: 22, body };
}

/** read(out, p0, p1): two elements from memory. */
function read(): Fn {
  const [out, p0, p1] = [0, 1, 2];
  const W = (k: number): number => 3 + k;
  const body: Code = [];
  for (let k = 0; k < 4; k++) {
    const first = [...get(p0), ...simd(0x0a), 3, ...unsigned(8 * k)];
    body.push(...set(W(k), [...get(p1), ...first, ...simd(0x57), 3, ...unsigned(8 * k), 1]));
  }
  const masked = (a: Code): Code => and(a, constant(MASK));
  const limbs = [
    masked(get(W(0))),
    masked(or(shiftRight(get(W(0)), 51), shiftLeft(get(W(1)), 13))),
    masked(or(shiftRight(get(W(1)), 38), shiftLeft(get(W(2)), 26))),
    masked(or(shiftRight(get(W(2)), 25), shiftLeft(get(W(3)), 39))),
    shiftRight(get(W(3)), 12),
  ];
  for (const [k, limb] of limbs.entries()) body.push(...store(get(out), 16 * k, toReal(limb)));
  return { params: 3, vectors: 4, body };
}

/** write(p0, p1, a, b, c): to memory, in [0, q), 2a - b - c for `x`, a - b for `y`, a for `plain`. */
function write(terms: 'x' | 'y' | 'plain'): Fn {
  // Parameters: p0, p1, a, b, c.
  const V = (k: number): number => 5 + k;
  const S = (k: number): number => 10 + k;
  const E = 15;
  const body: Code = [];
  for (let k = 0; k < LIMBS; k++) {
    let value = toInteger(load(get(2), 16 * k));
    if (terms === 'x') value = shiftLeft(value, 1);
    if (terms !== 'plain') value = subtract(value, toInteger(load(get(3), 16 * k)));
    if (terms === 'x') value = subtract(value, toInteger(load(get(4), 16 * k)));
    body.push(...set(V(k), value));
  }
  const carry = (at: (k: number) => number): Code => {
    const code: Code = [];
    for (let k = 0; k < LIMBS - 1; k++) {
      code.push(...set(at(k), add(get(at(k)), constant(BIAS))));
      const carried = add(shiftRight(get(at(k)), 51), constant(-BIAS_CARRY));
      code.push(...set(at(k + 1), add(get(at(k + 1)), carried)));
      code.push(...set(at(k), and(get(at(k)), constant(MASK))));
    }
    return code;
  };
  body.push(...carry(V));
  // The quotient by q from the top limb, never too large: what is left is at most q and a little.
  // The top limb may be above 2^51, so its last two bits, which do not matter, are cut off first.
  const ratio = Number((1n << 300n) / BASE_ORDER) / 2 ** 94;
  const top = toRealSigned(shiftRightSigned(get(V(4)), 2));
  const estimate = addReal(timesReal(top, real(ratio)), real(-0.5 - 2 ** -20));
  body.push(...set(E, toInteger(estimate)));
  for (let k = 0; k < LIMBS; k++) {
    body.push(...set(V(k), subtract(get(V(k)), times(get(E), constant(Q[k]!)))));
  }
  body.push(...carry(V));
  for (let k = 0; k < LIMBS; k++) body.push(...set(S(k), subtract(get(V(k)), constant(Q[k]!))));
  body.push(...carry(S));
  body.push(...set(E, shiftRightSigned(get(S(4)), 63)));
  for (let k = 0; k < LIMBS; k++) body.push(...set(V(k), select(get(V(k)), get(S(k)), get(E))));
  const words = [
    or(get(V(0)), shiftLeft(get(V(1)), 51)),
    or(shiftRight(get(V(1)), 13), shiftLeft(get(V(2)), 38)),
    or(shiftRight(get(V(2)), 26), shiftLeft(get(V(3)), 25)),
    or(shiftRight(get(V(3)), 39), shiftLeft(get(V(4)), 12)),
  ];
  for (const [k, word] of words.entries()) {
    body.push(...set(E, word));
    for (const lane of [0, 1]) {
      body.push(...get(lane), ...get(E), ...simd(0x5b), 3, ...unsigned(8 * k), lane);
    }
  }
  return { params: 5, vectors: 11, body };
}

/** Differences of pairs, limb by limb. */
function difference(out: Code, a: Code, b: Code): Code {
  const code: Code = [];
  for (let k = 0; k < LIMBS; k++) {
    code.push(...store(out, 16 * k, subtractReal(load(a, 16 * k), load(b, 16 * k))));
  }
  return code;
}

/** Indices of the module's functions; see `pairKernel`. */
const MUL = 0;
const READ = 1;
const WRITE_X = 3;
const WRITE_Y = 4;
const offset = (base: Code, bytes: number): Code => [...base, ...int(bytes), 0x6a];

/** forward(a0, b0, a1, b1, item, acc, scratch): item = (x_b - x_a, acc); acc *= x_b - x_a. */
function forward(): Fn {
  const [a0, b0, a1, b1, item, acc, scratch] = [0, 1, 2, 3, 4, 5, 6].map(get) as [
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
  ];
  const second = offset(scratch, PAIR_BYTES);
  const body = [
    ...call(READ, scratch, a0, a1),
    ...call(READ, second, b0, b1),
    ...difference(item, second, scratch),
  ];
  for (let k = 0; k < LIMBS; k++) body.push(...store(item, PAIR_BYTES + 16 * k, load(acc, 16 * k)));
  body.push(...call(MUL, acc, acc, item));
  return { params: 7, vectors: 0, body };
}

/** backward(a0, b0, t0, a1, b1, t1, item, acc, scratch): t = a + b, with acc the inverse of the product up to here. */
function backward(): Fn {
  const [a0, b0, t0, a1, b1, t1, item, acc, scratch] = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(get) as [
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
  ];
  const at = (k: number): Code => offset(scratch, k * PAIR_BYTES);
  const [xa, xb, ya, slope, other] = [at(0), at(1), at(2), at(3), at(4)];
  const y = (point: Code): Code => offset(point, 32);
  const body = [
    ...call(MUL, slope, acc, offset(item, PAIR_BYTES)),
    ...call(MUL, acc, acc, item),
    ...call(READ, xa, a0, a1),
    ...call(READ, xb, b0, b1),
    ...call(READ, ya, y(a0), y(a1)),
    ...call(READ, other, y(b0), y(b1)),
    ...difference(other, other, ya),
    ...call(MUL, slope, slope, other),
    ...call(MUL, other, slope, slope),
    ...call(WRITE_X, t0, t1, other, xa, xb),
    ...call(READ, xb, t0, t1),
    ...difference(xa, xa, xb),
    ...call(MUL, slope, slope, xa),
    ...call(WRITE_Y, y(t0), y(t1), slope, ya, ya),
  ];
  return { params: 9, vectors: 0, body };
}

/** Bytes of the module's constants. */
export const CONSTANT_BYTES = 16 * 40;

/**
 * Imports `env.memory`, exports `mul`, `read`, `write`, `forward`, `backward`.
 * @param address address of the constants: each of them twice, 8 bytes little-endian
 */
export function pairKernel(address: number): { code: Uint8Array; constants: BigUint64Array } {
  pool = { address, offsets: new Map() };
  const functions: [name: string, Fn][] = [
    ['mul', multiply()],
    ['read', read()],
    ['write', write('plain')],
    ['writeX', write('x')],
    ['writeY', write('y')],
    ['forward', forward()],
    ['backward', backward()],
  ];
  const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
  const list = (items: Code[]): Code => [...unsigned(items.length), ...items.flat()];
  const text = (name: string): Code => [...unsigned(name.length), ...Buffer.from(name)];
  const types = functions.map(([, { params }]) => [0x60, ...list(new Array(params).fill([I32])), 0]);
  const bodies = functions.map(([, { vectors, body }]) => {
    const locals = vectors === 0 ? [0] : [1, ...unsigned(vectors), V128];
    const code = [...locals, ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  const code = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(2, list([[...text('env'), ...text('memory'), 2, 0, 0]])),
    ...section(3, list(functions.map((_, k) => [k]))),
    ...section(7, list(functions.map(([name], k) => [...text(name), 0, k]))),
    ...section(10, list(bodies)),
  ]);
  const constants = BigUint64Array.from([...pool.offsets.keys()].flatMap((bits) => [bits, bits]));
  return { code, constants };
}
