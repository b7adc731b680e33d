import { gramMatrix } from '@chorus/aggregation';
import { gramHash } from '@chorus/circuits';
import {
  Bn254,
  digitsOfScalars,
  FIELD_BYTES,
  G1_BYTES,
  G1_JACOBIAN_BYTES,
  multiScalar,
  serve,
  type WorkerContext,
} from '@chorus/commitment/engine';
import type { G1Point, RuleName } from '@chorus/protocol';
import type { CircuitSize } from '../statement/statement.ts';
import { type CheckInput, runChecks } from '../verify/checks.ts';
import { wasmCurve } from '../verify/wasm-curve.ts';
import { combineRows } from './combine.ts';
import { crossTermHalf, type Half, joinHalves } from './cross-term.ts';
import { type DivisionInput, divideSlice, evaluate } from './polynomials.ts';

const curve = new Bn254();

/**
 * This worker's slice of everything: coefficients [from, to) of the vectors, of v, w and S, and the matching powers
 * of tau. Addresses of `to - from` items.
 */
interface Slice {
  from: number;
  to: number;
  /** N */
  size: number;
  bases: number;
  v: number;
  w: number;
  s: number;
  rows: (Int16Array | Int32Array)[];
}
let slice: Slice | undefined;

function current(): Slice {
  if (slice === undefined) throw new Error('no reference string is loaded');
  return slice;
}

/** sum of scalars * powers of tau, for canonical scalars that are not in Montgomery form. */
function commit(scalars: number, count: number, context: WorkerContext): G1Point {
  return curve.scoped(() => {
    const result = curve.alloc(G1_JACOBIAN_BYTES);
    const digits = digitsOfScalars(curve, scalars, count);
    multiScalar(curve, current().bases, digits, result, (done, windows) =>
      context.checkpoint(done / windows),
    );
    return curve.readG1Jacobian(result);
  });
}

serve({
  load({ points, from, to, size }: { points: Uint8Array; from: number; to: number; size: number }): void {
    const bytes = (to - from) * FIELD_BYTES;
    const bases = curve.alloc((to - from) * G1_BYTES);
    const [v, w, s] = [curve.alloc(bytes), curve.alloc(bytes), curve.alloc(bytes)];
    curve.u8.set(points, bases);
    slice = { from, to, size, bases, v, w, s, rows: [] };
  },

  /** Forgets the last round's vectors. */
  begin(): void {
    current().rows = [];
  },

  row({ values }: { values: Int16Array | Int32Array }): void {
    const { rows, from, to } = current();
    // Vectors of d < N entries end before the slice does.
    const padded = values instanceof Int16Array ? new Int16Array(to - from) : new Int32Array(to - from);
    padded.set(values);
    rows.push(padded);
  },

  /** The slice's summand of the Gram matrix. */
  gram(): bigint[][] {
    return gramMatrix(current().rows);
  },

  hash({ gram, size, rule }: { gram: bigint[][]; size: CircuitSize; rule: RuleName }): bigint {
    return gramHash(gram, size, rule);
  },

  /** The slices of v and w, also to shared memory for the halves of the cross term. */
  combine({ alphas, betas, v: sharedV, w: sharedW }: CombineInput): void {
    const { rows, from, to, v, w } = current();
    combineRows(curve, rows, alphas, v);
    combineRows(curve, rows, betas, w);
    const bytes = (to - from) * FIELD_BYTES;
    sharedV.set(curve.u8.subarray(v, v + bytes), from * FIELD_BYTES);
    sharedW.set(curve.u8.subarray(w, w + bytes), from * FIELD_BYTES);
  },

  /** Halves of the cross term, from and to shared memory. */
  crossTerm({ halves, v, w }: CrossTermInput, context): void {
    const { size } = current();
    for (const [index, { half, output }] of halves.entries()) {
      context.checkpoint(index / halves.length);
      curve.scoped(() => {
        const [a, b] = [curve.alloc(v.length), curve.alloc(w.length)];
        curve.u8.set(v, a);
        curve.u8.set(w, b);
        crossTermHalf(curve, half, a, b, size);
        output.set(curve.u8.subarray(a, a + output.length));
      });
    }
    context.checkpoint(1);
  },

  /** The slice's summand of C_S. */
  commitCross({ minus, plus }: { minus: Uint8Array; plus: Uint8Array }, context): G1Point {
    const { from, to, s } = current();
    joinHalves(curve, minus, plus, from, to, s);
    return curve.scoped(() => {
      const plain = curve.alloc((to - from) * FIELD_BYTES);
      for (let at = 0; at < (to - from) * FIELD_BYTES; at += FIELD_BYTES) {
        curve.wasm.frm_fromMontgomery(s + at, plain + at);
      }
      return commit(plain, to - from, context);
    });
  },

  /** Values of the slices of v, w and S, as polynomials starting at the slice, at each point. */
  evaluate({ points }: { points: bigint[] }): bigint[][] {
    const { from, to, v, w, s } = current();
    return points.map((x) => [v, w, s].map((f) => evaluate(curve, f, to - from, x)));
  },

  /** The slice's summand of C_W. */
  commitQuotient(input: DivisionInput, context): { commitment: G1Point; remainder: [bigint, bigint] } {
    const { from, to, v, w, s } = current();
    const count = to - from;
    return curve.scoped(() => {
      const quotient = curve.alloc(count * FIELD_BYTES);
      const remainder = divideSlice(curve, { v, w, s, count }, input, quotient);
      return { commitment: commit(quotient, count, context), remainder };
    });
  },

  verify(input: CheckInput): unknown {
    return runChecks(wasmCurve(curve), input);
  },
});

export interface CombineInput {
  alphas: bigint[];
  betas: bigint[];
  v: Uint8Array<SharedArrayBuffer>;
  w: Uint8Array<SharedArrayBuffer>;
}

export interface CrossTermInput {
  halves: { half: Half; output: Uint8Array<SharedArrayBuffer> }[];
  v: Uint8Array<SharedArrayBuffer>;
  w: Uint8Array<SharedArrayBuffer>;
}
