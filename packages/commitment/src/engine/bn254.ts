/// <reference path="./wasmcurves.d.ts" />
import type { G1Point, G2Point } from '@chorus/protocol';
import bn128 from 'wasmcurves/build/bn128_wasm.js';
import {
  BASE_ORDER,
  FIELD_BYTES,
  G1_BYTES,
  G1_JACOBIAN_BYTES,
  G2_BYTES,
  G2_JACOBIAN_BYTES,
  SCALAR_ORDER,
} from './constants.ts';
import { type PairExports, startPairKernel } from './pair-arithmetic.ts';

export * from './constants.ts';

const GT_BYTES = 384;

const PAGE = 65536;
/** Left free above every allocation: the module's batch inversion borrows space there (32 bytes an element). */
const SLACK = 1 << 20;

type Unary = (a: number, result: number) => void;
type Binary = (a: number, b: number, result: number) => void;
type Test = (a: number) => number;
type BatchInverse = (input: number, inputStep: number, n: number, output: number, outputStep: number) => void;

/**
 * The functions of the module in use; arguments are addresses. `f1m` base field, `frm` scalar field, both Montgomery.
 */
export interface CurveExports {
  f1m_add: Binary;
  f1m_sub: Binary;
  f1m_mul: Binary;
  f1m_square: Unary;
  f1m_copy: Unary;
  f1m_inverse: Unary;
  f1m_isZero: Test;
  f1m_toMontgomery: Unary;
  f1m_fromMontgomery: Unary;
  f1m_batchInverse: BatchInverse;
  frm_add: Binary;
  frm_sub: Binary;
  frm_mul: Binary;
  frm_copy: Unary;
  frm_zero: (a: number) => void;
  frm_toMontgomery: Unary;
  frm_fromMontgomery: Unary;
  /** In place, natural order in and out; n a power of two. */
  frm_fft: (buffer: number, n: number) => void;
  frm_ifft: (buffer: number, n: number) => void;
  /** out[i] = in[i] * first * inc^i. */
  frm_batchApplyKey: (input: number, n: number, first: number, inc: number, output: number) => void;
  f2m_sub: Binary;
  f2m_mul: Binary;
  f2m_square: Unary;
  f2m_copy: Unary;
  f2m_isZero: Test;
  f2m_batchInverse: BatchInverse;
  g1m_zero: (a: number) => void;
  g1m_add: Binary;
  g1m_addMixed: Binary;
  g1m_addAffine: Binary;
  g1m_double: Unary;
  g1m_negAffine: Unary;
  g1m_copyAffine: Unary;
  g1m_toAffine: Unary;
  g1m_toJacobian: Unary;
  g1m_inCurveAffine: Test;
  g1m_timesScalarAffine: (base: number, scalar: number, scalarBytes: number, result: number) => void;
  g2m_inCurveAffine: Test;
  g2m_isZero: Test;
  g2m_zero: (a: number) => void;
  g2m_add: Binary;
  g2m_addMixed: Binary;
  g2m_addAffine: Binary;
  g2m_double: Unary;
  g2m_negAffine: Unary;
  g2m_copyAffine: Unary;
  g2m_toAffine: Unary;
  g2m_toJacobian: Unary;
  g2m_timesScalarAffine: (base: number, scalar: number, scalarBytes: number, result: number) => void;
  ftm_one: (a: number) => void;
  ftm_mul: Binary;
  ftm_isOne: Test;
  bn128_prepareG1: Unary;
  bn128_prepareG2: Unary;
  bn128_millerLoop: Binary;
  bn128_finalExponentiation: Unary;
}

/**
 * What sums of points need to know about G1 or G2: sizes in bytes, the field of the coordinates, and the group law.
 */
export interface Group {
  readonly pointBytes: number;
  readonly jacobianBytes: number;
  readonly coordinateBytes: number;
  readonly subtract: Binary;
  readonly multiply: Binary;
  readonly square: Unary;
  readonly copy: Unary;
  readonly isZero: Test;
  readonly batchInverse: BatchInverse;
  readonly zero: (a: number) => void;
  readonly add: Binary;
  readonly addMixed: Binary;
  readonly addAffine: Binary;
  readonly double: Unary;
  readonly negateAffine: Unary;
  readonly copyAffine: Unary;
  readonly toAffine: Unary;
  readonly timesScalarAffine: (base: number, scalar: number, scalarBytes: number, result: number) => void;
}

function groupsOf(wasm: CurveExports): { g1: Group; g2: Group } {
  const g1: Group = {
    pointBytes: G1_BYTES,
    jacobianBytes: G1_JACOBIAN_BYTES,
    coordinateBytes: FIELD_BYTES,
    subtract: wasm.f1m_sub,
    multiply: wasm.f1m_mul,
    square: wasm.f1m_square,
    copy: wasm.f1m_copy,
    isZero: wasm.f1m_isZero,
    batchInverse: wasm.f1m_batchInverse,
    zero: wasm.g1m_zero,
    add: wasm.g1m_add,
    addMixed: wasm.g1m_addMixed,
    addAffine: wasm.g1m_addAffine,
    double: wasm.g1m_double,
    negateAffine: wasm.g1m_negAffine,
    copyAffine: wasm.g1m_copyAffine,
    toAffine: wasm.g1m_toAffine,
    timesScalarAffine: wasm.g1m_timesScalarAffine,
  };
  const g2: Group = {
    pointBytes: G2_BYTES,
    jacobianBytes: G2_JACOBIAN_BYTES,
    coordinateBytes: 2 * FIELD_BYTES,
    subtract: wasm.f2m_sub,
    multiply: wasm.f2m_mul,
    square: wasm.f2m_square,
    copy: wasm.f2m_copy,
    isZero: wasm.f2m_isZero,
    batchInverse: wasm.f2m_batchInverse,
    zero: wasm.g2m_zero,
    add: wasm.g2m_add,
    addMixed: wasm.g2m_addMixed,
    addAffine: wasm.g2m_addAffine,
    double: wasm.g2m_double,
    negateAffine: wasm.g2m_negAffine,
    copyAffine: wasm.g2m_copyAffine,
    toAffine: wasm.g2m_toAffine,
    timesScalarAffine: wasm.g2m_timesScalarAffine,
  };
  return { g1, g2 };
}

/**
 * BN254 in WebAssembly with memory of its own: synchronous, so for worker threads only.
 *
 * Callers work on addresses: allocate, write, call `wasm.*`, read. Points are affine (x, y) in Montgomery form,
 * little-endian ("LEM", the form of .ptau and .zkey files); infinity is all zero, and since BN254 has no point with y
 * = 0, y = 0 alone identifies it. A call costs about 8 ns on top of a multiplication's 58.
 */
export class Bn254 {
  readonly wasm: CurveExports;
  readonly g1: Group;
  readonly g2: Group;
  /** Two additions in G1 at once, if the machine supports it. */
  readonly pairs: PairExports | null;
  private readonly memory: WebAssembly.Memory;
  /** Views of the memory; replaced when it grows, so never keep them across an allocation. */
  u8: Uint8Array<ArrayBuffer>;
  u32: Uint32Array<ArrayBuffer>;
  private view: DataView;
  private readonly scratch: number;

  constructor() {
    const module = new WebAssembly.Module(Buffer.from(bn128.code, 'base64'));
    this.memory = new WebAssembly.Memory({ initial: 25 });
    const instance = new WebAssembly.Instance(module, { env: { memory: this.memory } });
    this.wasm = instance.exports as unknown as CurveExports;
    const { g1, g2 } = groupsOf(this.wasm);
    this.g1 = g1;
    this.g2 = g2;
    this.u8 = new Uint8Array(this.memory.buffer);
    this.u32 = new Uint32Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.scratch = this.alloc(G2_JACOBIAN_BYTES);
    this.pairs = startPairKernel(this, this.memory);
  }

  get g1Generator(): number {
    return bn128.pG1gen;
  }

  /** Address of `bytes` fresh bytes (not cleared), aligned to 64. Word 0 of the memory is the module's own free pointer. */
  alloc(bytes: number): number {
    const at = (this.u32[0]! + 63) & ~63;
    const end = at + bytes;
    if (end + SLACK > this.u8.length) {
      // Grow by a quarter at least, so that many small allocations stay cheap.
      const wanted = Math.max(end + SLACK, Math.min(this.u8.length * 1.25, 2 ** 32 - PAGE));
      this.memory.grow(Math.ceil((wanted - this.u8.length) / PAGE));
      this.u8 = new Uint8Array(this.memory.buffer);
      this.u32 = new Uint32Array(this.memory.buffer);
      this.view = new DataView(this.memory.buffer);
    }
    this.u32[0] = end;
    return at;
  }

  /** Everything allocated while `work` runs is free again afterwards. */
  scoped<T>(work: () => T): T {
    const free = this.u32[0]!;
    try {
      return work();
    } finally {
      this.u32[0] = free;
    }
  }

  /** Writes a non-negative integer below 2^256 as 32 little-endian bytes, unchanged. */
  writeInteger(at: number, value: bigint): void {
    for (let k = 0; k < 4; k++) {
      this.view.setBigUint64(at + 8 * k, BigInt.asUintN(64, value >> BigInt(64 * k)), true);
    }
  }

  readInteger(at: number): bigint {
    let value = 0n;
    for (let k = 3; k >= 0; k--) value = (value << 64n) | this.view.getBigUint64(at + 8 * k, true);
    return value;
  }

  /** Writes a scalar (reduced mod p) in Montgomery form. */
  writeScalar(at: number, value: bigint): void {
    const reduced = value % SCALAR_ORDER;
    this.writeInteger(at, reduced < 0n ? reduced + SCALAR_ORDER : reduced);
    this.wasm.frm_toMontgomery(at, at);
  }

  /** Reads a scalar from Montgomery form: canonical, in [0, p). */
  readScalar(at: number): bigint {
    this.wasm.frm_fromMontgomery(at, this.scratch);
    return this.readInteger(this.scratch);
  }

  /** A fresh scalar in Montgomery form. */
  scalar(value: bigint): number {
    const at = this.alloc(FIELD_BYTES);
    this.writeScalar(at, value);
    return at;
  }

  private writeCoordinate(at: number, value: bigint): void {
    this.writeInteger(at, value);
    this.wasm.f1m_toMontgomery(at, at);
  }

  private readCoordinate(at: number): bigint {
    this.wasm.f1m_fromMontgomery(at, this.scratch);
    return this.readInteger(this.scratch);
  }

  /** Writes an affine point, coordinates in [0, q). */
  writeG1(at: number, point: G1Point): void {
    this.writeCoordinate(at, point.x);
    this.writeCoordinate(at + FIELD_BYTES, point.y);
  }

  readG1(at: number): G1Point {
    return { x: this.readCoordinate(at), y: this.readCoordinate(at + FIELD_BYTES) };
  }

  /** Reads a Jacobian point as an affine one. */
  readG1Jacobian(at: number): G1Point {
    return this.scoped(() => {
      const affine = this.alloc(G1_BYTES);
      this.wasm.g1m_toAffine(at, affine);
      return this.readG1(affine);
    });
  }

  writeG2(at: number, point: G2Point): void {
    [...point.x, ...point.y].forEach((value, k) => void this.writeCoordinate(at + k * FIELD_BYTES, value));
  }

  readG2(at: number): G2Point {
    const read = (k: number): bigint => this.readCoordinate(at + k * FIELD_BYTES);
    return { x: [read(0), read(1)], y: [read(2), read(3)] };
  }

  /** Reads a Jacobian point of G2 as an affine one. */
  readG2Jacobian(at: number): G2Point {
    return this.scoped(() => {
      const affine = this.alloc(G2_BYTES);
      this.wasm.g2m_toAffine(at, affine);
      return this.readG2(affine);
    });
  }

  /** True for the affine point at infinity. */
  isInfinity(at: number, group: Group = this.g1): boolean {
    const y = at + group.coordinateBytes;
    return this.u32[y >> 2] === 0 && group.isZero(y) === 1;
  }

  /** True if prod e(P_k, Q_k) = 1. Points must be on their curves, G2 points in the subgroup. */
  pairingProductIsOne(pairs: readonly (readonly [G1Point, G2Point])[]): boolean {
    return this.scoped(() => {
      const { wasm } = this;
      const [p, q] = [this.alloc(G1_JACOBIAN_BYTES), this.alloc(G2_JACOBIAN_BYTES)];
      const [preP, preQ] = [this.alloc(bn128.prePSize), this.alloc(bn128.preQSize)];
      const [factor, product] = [this.alloc(GT_BYTES), this.alloc(GT_BYTES)];
      wasm.ftm_one(product);
      for (const [a, b] of pairs) {
        // A pairing with infinity is 1, and the Miller loop is not defined for it.
        if (a.x === 0n && a.y === 0n) continue;
        if ([...b.x, ...b.y].every((c) => c === 0n)) continue;
        this.writeG1(p, a);
        wasm.g1m_toJacobian(p, p);
        this.writeG2(q, b);
        wasm.g2m_toJacobian(q, q);
        wasm.bn128_prepareG1(p, preP);
        wasm.bn128_prepareG2(q, preQ);
        wasm.bn128_millerLoop(preP, preQ, factor);
        wasm.ftm_mul(product, factor, product);
      }
      wasm.bn128_finalExponentiation(product, product);
      return wasm.ftm_isOne(product) === 1;
    });
  }

  /** True for a point of G2: on the twist, not infinity, and of order p (the twist has a large cofactor). */
  isInG2(point: G2Point): boolean {
    if ([...point.x, ...point.y].some((c) => c < 0n || c >= BASE_ORDER)) return false;
    if ([...point.x, ...point.y].every((c) => c === 0n)) return false;
    return this.scoped(() => {
      const [at, s, result] = [this.alloc(G2_BYTES), this.alloc(FIELD_BYTES), this.alloc(G2_JACOBIAN_BYTES)];
      this.writeG2(at, point);
      if (this.wasm.g2m_inCurveAffine(at) !== 1) return false;
      this.writeInteger(s, SCALAR_ORDER);
      this.wasm.g2m_timesScalarAffine(at, s, FIELD_BYTES, result);
      return this.wasm.g2m_isZero(result) === 1;
    });
  }
}
