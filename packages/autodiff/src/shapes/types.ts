import { LIMITS } from '../onnx/limits.ts';
import type { Dim, Node, Shape } from '../onnx/model.ts';

/**
 * What is known about a value before running: its element type, its shape as far as inferred, and, for
 * small integer vectors, the contents (a dimension name stands for a number known only at run time).
 */
export interface ValueType {
  readonly dtype: number;
  readonly shape: Shape | undefined;
  readonly ints?: readonly Dim[] | undefined;
  /** The contents of a small float initialiser. */
  readonly floats?: readonly number[] | undefined;
}

/** What an inference rule sees of the node at hand. */
export interface InferContext {
  readonly node: Node;
  /** Type of input `i`; `undefined` when omitted or unknown. */
  input(i: number): ValueType | undefined;
  shape(i: number): Shape | undefined;
  /** Contents of input `i` when all are plain numbers. */
  numbers(i: number): readonly number[] | undefined;
  /** A dimension name that equals no other. */
  fresh(): string;
}

/** Types of the outputs of a node, in order; a missing entry means nothing is known. */
export type InferRule = (ctx: InferContext) => (ValueType | undefined)[];

/** Broadcasting of two dimensions; `fresh` names a result that is neither. */
function broadcastDim(a: Dim, b: Dim, fresh: () => string): Dim {
  if (a === b) return a;
  if (a === 1) return b;
  if (b === 1) return a;
  // A named dimension against a number above 1 is either 1 or that number, so the result is the number.
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return fresh();
}

/** The shape several operands broadcast to. */
export function broadcast(shapes: readonly (Shape | undefined)[], fresh: () => string): Shape | undefined {
  let result: Dim[] = [];
  for (const shape of shapes) {
    if (!shape) return undefined;
    const rank = Math.max(result.length, shape.length);
    const left: Dim[] = [...Array<Dim>(rank - result.length).fill(1), ...result];
    const right: Dim[] = [...Array<Dim>(rank - shape.length).fill(1), ...shape];
    result = left.map((dim, axis) => broadcastDim(dim, right[axis]!, fresh));
  }
  return result;
}

/** `-1` is the last axis. */
export function normalizeAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The dimensions as numbers when all are. */
export function staticShape(shape: Shape | undefined): readonly number[] | undefined {
  return shape?.every((dim) => typeof dim === 'number') ? (shape as readonly number[]) : undefined;
}

/** Product of dimensions; named ones must cancel elsewhere, so a single name survives only alone. */
export function dimProduct(dims: readonly Dim[], fresh: () => string): Dim {
  const numbers = dims.filter((dim) => typeof dim === 'number').reduce((a, b) => a * b, 1);
  const names = dims.filter((dim) => typeof dim === 'string');
  if (names.length === 0) return numbers;
  return names.length === 1 && numbers === 1 ? names[0]! : fresh();
}

/** A shape of which only the rank is known; undefined for a rank beyond ONNX's. */
export function unknownDims(ctx: InferContext, rank: Dim | undefined): Shape | undefined {
  if (typeof rank !== 'number' || rank > LIMITS.rank) return undefined;
  return Array.from({ length: rank }, () => ctx.fresh());
}

/** A type like that of the first input, with another shape. */
export function typed(ctx: InferContext, shape: Shape | undefined, ints?: readonly Dim[]): ValueType {
  return { dtype: ctx.input(0)?.dtype ?? 1, shape, ints };
}
