import { intAttribute, intsAttribute, stringAttribute } from '../onnx/attributes.ts';
import type { Dim, Node, Shape } from '../onnx/model.ts';

/** Geometry of a convolution or pooling window, one entry per spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  readonly ceil: boolean;
}

/**
 * Reads the window attributes; `auto_pad` is turned into explicit pads.
 *
 * @returns `undefined` when `auto_pad` is SAME and a spatial dimension it depends on is unknown
 */
export function windowOf(
  node: Node,
  kernel: readonly number[],
  input: Shape | undefined,
): Window | undefined {
  const rank = kernel.length;
  const ones = Array<number>(rank).fill(1);
  const strides = intsAttribute(node, 'strides') ?? ones;
  const dilations = intsAttribute(node, 'dilations') ?? ones;
  const autoPad = stringAttribute(node, 'auto_pad', 'NOTSET');
  const ceil = intAttribute(node, 'ceil_mode', 0) === 1;
  const zeros = Array<number>(rank).fill(0);
  if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') {
    const begin: number[] = [];
    const end: number[] = [];
    for (let axis = 0; axis < rank; axis++) {
      const size = input?.[axis + 2];
      const span = (kernel[axis]! - 1) * dilations[axis]! + 1;
      // With stride 1 the padding does not depend on the size.
      if (typeof size !== 'number' && strides[axis] !== 1) return undefined;
      const known = typeof size === 'number' ? size : 1;
      const out = Math.ceil(known / strides[axis]!);
      const total = Math.max(0, (out - 1) * strides[axis]! + span - known);
      const small = Math.floor(total / 2);
      begin.push(autoPad === 'SAME_UPPER' ? small : total - small);
      end.push(autoPad === 'SAME_UPPER' ? total - small : small);
    }
    return { kernel, strides, dilations, padsBegin: begin, padsEnd: end, ceil: false };
  }
  const pads = autoPad === 'VALID' ? undefined : intsAttribute(node, 'pads');
  return {
    kernel,
    strides,
    dilations,
    padsBegin: pads?.slice(0, rank) ?? zeros,
    padsEnd: pads?.slice(rank) ?? zeros,
    ceil,
  };
}

/** Output sizes of a sliding window; unknown sizes give fresh names. */
export function slideSizes(window: Window, spatial: readonly Dim[], fresh: () => string): Dim[] {
  return spatial.map((size, axis) => {
    if (typeof size !== 'number') return fresh();
    const span = (window.kernel[axis]! - 1) * window.dilations[axis]! + 1;
    const padded = size + window.padsBegin[axis]! + window.padsEnd[axis]! - span;
    if (!window.ceil) return Math.max(0, Math.floor(padded / window.strides[axis]!) + 1);
    let out = Math.ceil(padded / window.strides[axis]!) + 1;
    // A window that would start in the padding behind the data is dropped, as PyTorch and ONNX do.
    if ((out - 1) * window.strides[axis]! >= size + window.padsBegin[axis]!) out--;
    return Math.max(0, out);
  });
}
