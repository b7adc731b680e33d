import { DataType } from '../onnx/model.ts';
import type { Emitter } from './emitter.ts';
import type { GradientRule } from './rule.ts';
import type { FormContext, TrainingForm } from './training-forms.ts';

/** A 32-bit integer constant, from its unsigned form. */
function int32(e: Emitter, value: number): string {
  return e.constant([], Int32Array.of(value | 0));
}

/** x ^ (x >>> bits); only unsigned types have logical shifts. */
function xorShift(e: Emitter, x: string, bits: number): string {
  const unsigned = e.cast(x, DataType.uint32);
  const by = e.cast(int32(e, bits), DataType.uint32);
  const shifted = e.op('BitShift', [unsigned, by], { direction: 'RIGHT' });
  return e.cast(e.op('BitwiseXor', [unsigned, shifted]), DataType.int32);
}

/**
 * A pseudo-random 31-bit integer per element, as a function of seed, node, step and position alone. The
 * runtime's own generators keep hidden state, with which a run could not be resumed or repeated. The
 * mixing is that of Wellons' `lowbias32` hash.
 */
function randomBits(e: Emitter, like: string, form: FormContext): string {
  const count = e.cast(e.op('ReduceProd', [e.shapeOf(like)], { keepdims: 0 }), DataType.int32);
  const position = e.op('Range', [int32(e, 0), count, int32(e, 1)]);
  const salt = Math.imul(form.seed + 1, 0x85ebca6b) ^ Math.imul(form.position + 1, 0xc2b2ae35);
  const step = e.cast(form.randomStep(), DataType.int32);
  const key = xorShift(e, e.add(e.mul(step, int32(e, 0x9e3779b1)), int32(e, salt)), 16);
  let x = e.mul(e.op('BitwiseXor', [position, e.mul(key, int32(e, 0x7feb352d))]), int32(e, 0x7feb352d));
  x = e.mul(xorShift(e, x, 15), int32(e, 0x846ca68b));
  const mixed = e.cast(xorShift(e, x, 16), DataType.uint32);
  const half = e.op('BitShift', [mixed, e.cast(int32(e, 1), DataType.uint32)], { direction: 'RIGHT' });
  return e.reshapeLike(e.cast(half, DataType.int32), like);
}

/** Zeroes each element with probability `ratio` and divides the others by `1 - ratio`. */
export const dropoutForm: TrainingForm = (node, e, form) => {
  const x = node.inputs[0]!;
  const dtype = e.dtype(x);
  const ratio = node.inputs[1] ? e.cast(node.inputs[1], DataType.float64) : e.scalar(0.5, DataType.float64);
  // 2^31 - 1 is the largest threshold an int32 holds; a ratio of 1 keeps one element in 2^31.
  const limit = e.scalar(2 ** 31 - 1, DataType.float64);
  const threshold = e.cast(e.mul(ratio, limit), DataType.int32);
  const kept = e.op('GreaterOrEqual', [randomBits(e, x, form), threshold], {}, node.outputs[1] || undefined);
  const factor = e.cast(e.unary('Reciprocal', e.sub(e.scalar(1, DataType.float64), ratio)), dtype);
  const scale = e.mul(e.cast(kept, dtype), factor);
  e.op('Mul', [x, scale], {}, node.outputs[0]!);
  return (ctx) => [e.mul(ctx.dy, scale)];
};

/** Outside training Dropout passes its input on; no gradient is taken of the ratio. */
export const dropoutRules: Readonly<Record<string, GradientRule>> = { Dropout: (ctx) => [ctx.dy] };
