import { type AttributeInput, GraphBuilder, type TensorValues } from '../onnx/builder.ts';
import { DataType, type Dim, type Shape } from '../onnx/model.ts';
import { staticShape, type ValueType } from '../shapes/types.ts';

/** One dimension of a reshape target: a number, or the size of an axis of a value at run time. */
export type TargetDim = number | { readonly of: string; readonly axis: number };

/**
 * Writes the nodes of gradients, losses and optimisers: a {@link GraphBuilder} with arithmetic, and with
 * the types of the forward values, so that whatever is known before running becomes a constant.
 */
export class Emitter extends GraphBuilder {
  readonly #types: Map<string, ValueType>;
  readonly #shapes = new Map<string, string>();

  constructor(opset: number, types: Map<string, ValueType>, reserved: Iterable<string>, prefix = 'grad/') {
    super({ opset, prefix, reserved });
    this.#types = types;
  }

  /** Records what is known of an emitted value. */
  declare(name: string, type: ValueType): string {
    this.#types.set(name, type);
    return name;
  }

  shape(name: string): Shape | undefined {
    return this.#types.get(name)?.shape;
  }

  dtype(name: string): number {
    return this.#types.get(name)?.dtype ?? DataType.float32;
  }

  /** Contents of a small integer value, as far as known before running. */
  knownInts(name: string): readonly Dim[] | undefined {
    return this.#types.get(name)?.ints;
  }

  /** Contents of a small float32 initialiser. */
  knownFloats(name: string): readonly number[] | undefined {
    return this.#types.get(name)?.floats;
  }

  /** A float constant, of element type `dtype`; scalar unless `dims` is given. */
  scalar(value: number, dtype: number, dims: readonly number[] = []): string {
    const values: TensorValues = dtype === DataType.float64 ? Float64Array.of(value) : Float32Array.of(value);
    return this.constant(dims, values);
  }

  add(a: string, b: string): string {
    return this.op('Add', [a, b]);
  }
  sub(a: string, b: string): string {
    return this.op('Sub', [a, b]);
  }
  mul(a: string, b: string): string {
    return this.op('Mul', [a, b]);
  }
  div(a: string, b: string): string {
    return this.op('Div', [a, b]);
  }
  neg(a: string): string {
    return this.op('Neg', [a]);
  }
  matmul(a: string, b: string): string {
    return this.op('MatMul', [a, b]);
  }
  cast(a: string, dtype: number): string {
    return this.op('Cast', [a], { to: dtype });
  }
  transpose(a: string, perm: readonly number[]): string {
    return perm.every((axis, at) => axis === at) ? a : this.op('Transpose', [a], { perm });
  }
  /** Sum over axes; an empty list leaves the value as it is. */
  sum(a: string, axes: readonly number[], keepdims: boolean): string {
    return axes.length === 0 ? a : this.op('ReduceSum', [a, this.ints(axes)], { keepdims: keepdims ? 1 : 0 });
  }
  mean(a: string, axes: readonly number[], keepdims: boolean): string {
    return axes.length === 0
      ? a
      : this.op('ReduceMean', [a, this.ints(axes)], { keepdims: keepdims ? 1 : 0 });
  }
  sumAll(a: string): string {
    return this.op('ReduceSum', [a], { keepdims: 0 });
  }

  /** The shape of a value as an int64 vector: a constant when known, else a Shape node (one per value). */
  shapeOf(name: string): string {
    const known = staticShape(this.shape(name));
    if (known) return this.ints(known);
    const cached = this.#shapes.get(name);
    if (cached !== undefined) return cached;
    const shape = this.op('Shape', [name]);
    this.#shapes.set(name, shape);
    return shape;
  }

  /** The size of one axis as an int64 vector of length 1. */
  dimOf(name: string, axis: number): string {
    const known = this.shape(name)?.at(axis);
    if (typeof known === 'number') return this.ints([known]);
    return this.op('Gather', [this.shapeOf(name), this.ints([axis])]);
  }

  /** Number of elements over the given axes, as a float scalar of type `dtype`. */
  countOf(name: string, axes: readonly number[] | undefined, dtype: number): string {
    const shape = this.shape(name);
    const dims = axes ? axes.map((axis) => shape?.at(axis)) : (shape ?? [undefined]);
    if (dims.every((dim) => typeof dim === 'number')) {
      return this.scalar(
        dims.reduce((a, b) => a * b, 1),
        dtype,
      );
    }
    const sizes = axes ? this.op('Gather', [this.shapeOf(name), this.ints(axes)]) : this.shapeOf(name);
    return this.cast(this.op('ReduceProd', [sizes], { keepdims: 0 }), dtype);
  }

  /** Rows of the identity, of element type `dtype`; the runtime makes them in float32 only. */
  oneHot(index: string, depth: string, axis: number, dtype: number): string {
    const rows = this.op('OneHot', [index, depth, this.constant([2], Float32Array.of(0, 1))], { axis });
    return dtype === DataType.float32 ? rows : this.cast(rows, dtype);
  }

  /** Gives a value the shape of another. */
  reshapeLike(a: string, like: string): string {
    return this.op('Reshape', [a, this.shapeOf(like)], { allowzero: 1 });
  }

  /** Reshapes to a mix of constant and run-time dimensions. */
  reshape(a: string, dims: readonly TargetDim[]): string {
    const known = dims.map((dim) => {
      if (typeof dim === 'number') return dim;
      const size = this.shape(dim.of)?.at(dim.axis);
      return typeof size === 'number' ? size : undefined;
    });
    if (known.every((dim) => dim !== undefined)) {
      return this.op('Reshape', [a, this.ints(known)], { allowzero: 1 });
    }
    const unknown = known.filter((dim) => dim === undefined).length;
    if (unknown === 1 && known.every((dim) => dim === undefined || dim > 0)) {
      return this.op('Reshape', [a, this.ints(known.map((dim) => dim ?? -1))]);
    }
    const parts = dims.map((dim, at) =>
      typeof dim === 'number' || known[at] !== undefined
        ? this.ints([known[at]!])
        : this.dimOf(dim.of, dim.axis),
    );
    return this.op('Reshape', [a, this.op('Concat', parts, { axis: 0 })], { allowzero: 1 });
  }

  /** Repeats a value to the shape of another, of which it has the rank. */
  expandLike(a: string, like: string): string {
    return this.op('Expand', [a, this.shapeOf(like)]);
  }

  zerosLike(name: string): string {
    const shape = this.shapeOf(name);
    const dtype = this.dtype(name);
    const data = new Uint8Array(dtype === DataType.float64 ? 8 : 4);
    return this.op('ConstantOfShape', [shape], {
      value: { type: 'tensor', value: { name: 'zero', dtype, dims: [1], data } },
    });
  }

  /**
   * Sums a gradient over the axes along which `target` was repeated by broadcasting, so that it gets the
   * shape of `target`. Axes are chosen before running if both shapes are known, and by the graph
   * itself if a named dimension may or may not be 1.
   */
  unbroadcast(grad: string, from: Shape | undefined, target: string): string {
    const to = this.shape(target);
    if (from && to && to.length <= from.length) {
      const lead = from.length - to.length;
      const leading = Array.from({ length: lead }, (_, axis) => axis);
      const repeated = to.flatMap((dim, axis) => (dim === 1 && from[axis + lead] !== 1 ? [axis + lead] : []));
      const ambiguous = to.some((dim, axis) => dim !== 1 && dim !== from[axis + lead]);
      if (!ambiguous) {
        if (repeated.length === 0) return this.sum(grad, leading, false);
        const summed = this.sum(grad, [...leading, ...repeated], true);
        return lead === 0 ? summed : this.op('Squeeze', [summed, this.ints(leading)]);
      }
    }
    const shape = this.shapeOf(target);
    const missing = this.sub(this.op('Shape', [this.op('Shape', [grad])]), this.op('Shape', [shape]));
    const ones = this.op('ConstantOfShape', [missing], {
      value: { type: 'tensor', value: { name: 'one', dtype: DataType.int64, dims: [1], data: ONE_INT64 } },
    });
    const padded = this.op('Concat', [ones, shape], { axis: 0 });
    const isOne = this.op('Equal', [padded, this.ints([1])]);
    const axes = this.op('Reshape', [this.op('NonZero', [isOne]), this.ints([-1])]);
    const summed = this.op('ReduceSum', [grad, axes], { keepdims: 1, noop_with_empty_axes: 1 });
    return this.op('Reshape', [summed, shape], { allowzero: 1 });
  }

  /** An operator of one input. */
  unary(op: string, x: string, attributes: Readonly<Record<string, AttributeInput>> = {}): string {
    return this.op(op, [x], attributes);
  }
}

const ONE_INT64 = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
