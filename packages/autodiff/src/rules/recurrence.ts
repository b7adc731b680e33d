import { intAttribute, stringAttribute } from '../onnx/attributes.ts';
import { Emitter } from './emitter.ts';
import type { RuleContext } from './rule.ts';

/**
 * What the rules share. The forward operator keeps only the hidden states, but from those every gate of
 * every step follows in one large product; what remains sequential is a short Scan over vectors.
 */
interface Direction {
  /** Inputs [T, B, I]. */
  readonly x: string;
  /** Weights [G H, I] and [G H, H]; bias [2 G H] or `undefined`. */
  readonly w: string;
  readonly r: string;
  readonly bias: string | undefined;
  /** Hidden states [T, B, H], those before each step, and the gradient reaching them from outside. */
  readonly hidden: string;
  readonly previous: string;
  readonly dHidden: string;
  /** Gradient of the last hidden state [B, H]. */
  readonly dLast: string;
  /** Whether time runs backwards. */
  readonly reversed: boolean;
  readonly index: number;
}

/** Gradients of one direction; `dBias` for both halves of the bias. */
interface DirectionGradients {
  readonly dx: string;
  readonly dw: string;
  readonly dr: string;
  readonly dBias: readonly [string, string];
  readonly dInitial: string;
  readonly dInitialCell?: string;
}

/** Refuses what exporters do not emit and the rules do not cover. */
export function checkRecurrent(ctx: RuleContext, activations: string): void {
  const { node } = ctx;
  if (intAttribute(node, 'layout', 0) !== 0)
    ctx.refuse('layout', 'must be 0', 'export with batch_first outside the node');
  if (node.attributes.has('clip')) ctx.refuse('clip', 'is not supported');
  if (intAttribute(node, 'input_forget', 0) !== 0) ctx.refuse('input_forget', 'is not supported');
  if (ctx.has(4))
    ctx.refuse('sequence_lens', 'is not supported', 'pad sequences to one length and mask the loss');
  if (ctx.has(7)) ctx.refuse('peepholes', 'are not supported');
  const given = node.attributes.get('activations');
  const names =
    given?.type === 'strings' ? given.value.map((name) => name.toLowerCase()).join() : activations;
  const count = stringAttribute(node, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
  const expected = Array<string>(count).fill(activations).join();
  if (given && names !== expected) ctx.refuse('activations', `must be ${activations}`);
}

/** Part `d` of the directions axis, without that axis. */
export function directionOf(ctx: RuleContext, value: string, d: number, axis: number): string {
  return ctx.e.op('Gather', [value, ctx.e.constant([], BigInt64Array.of(BigInt(d)))], { axis });
}

/** Values before each step: the series moved by one, with the initial value in front. */
export function shifted(ctx: RuleContext, series: string, initial: string, reversed: boolean): string {
  const { e } = ctx;
  const first = e.op('Unsqueeze', [initial, e.ints([0])]);
  if (reversed) {
    const rest = e.op('Slice', [series, e.ints([1]), e.ints([2 ** 31]), e.ints([0])]);
    return e.op('Concat', [rest, first], { axis: 0 });
  }
  const rest = e.op('Slice', [series, e.ints([0]), e.ints([-1]), e.ints([0])]);
  return e.op('Concat', [first, rest], { axis: 0 });
}

export function zeroState(ctx: RuleContext, hidden: string): string {
  return ctx.e.mul(directionOf(ctx, hidden, 0, 0), ctx.c(0));
}

/** A Scan over time with float values; `reversed` runs from the last step and keeps outputs in place. */
export function scan(
  ctx: RuleContext,
  states: readonly string[],
  series: readonly string[],
  reversed: boolean,
  body: (e: Emitter, states: string[], slices: string[]) => { next: string[]; outputs: string[] },
): string[] {
  const inner = new Emitter(ctx.e.opset, new Map(), [], `${ctx.e.fresh('scan')}/`);
  const dtype = ctx.dtype;
  const stateNames = states.map((_, i) => inner.input(inner.fresh(`state${i}`), dtype, undefined));
  const sliceNames = series.map((_, i) => inner.input(inner.fresh(`slice${i}`), dtype, undefined));
  const { next, outputs } = body(inner, stateNames, sliceNames);
  for (const name of [...next, ...outputs]) inner.output(name, dtype, undefined);
  const direction = reversed ? 1 : 0;
  return ctx.e.ops('Scan', [...states, ...series], next.length + outputs.length, {
    body: { type: 'graph', value: inner.graph() },
    num_scan_inputs: series.length,
    scan_input_directions: series.map(() => direction),
    scan_output_directions: outputs.map(() => direction),
  });
}

/** Runs `rule` for every direction of the node and puts the gradients together. */
export function overDirections(
  ctx: RuleContext,
  rule: (d: Direction) => DirectionGradients,
): (string | undefined)[] {
  const { e, node } = ctx;
  const mode = stringAttribute(node, 'direction', 'forward');
  const count = mode === 'bidirectional' ? 2 : 1;
  const parts = Array.from({ length: count }, (_, index) => {
    const hidden = directionOf(ctx, ctx.y(0), index, 1);
    const reversed = mode === 'reverse' || index === 1;
    const initial = ctx.has(5) ? directionOf(ctx, ctx.x(5), index, 0) : zeroState(ctx, hidden);
    return rule({
      x: ctx.x(0),
      w: directionOf(ctx, ctx.x(1), index, 0),
      r: directionOf(ctx, ctx.x(2), index, 0),
      bias: ctx.has(3) ? directionOf(ctx, ctx.x(3), index, 0) : undefined,
      hidden,
      previous: shifted(ctx, hidden, initial, reversed),
      dHidden: ctx.hasDy(0) ? directionOf(ctx, ctx.dyOf(0), index, 1) : e.mul(hidden, ctx.c(0)),
      dLast: ctx.hasDy(1) ? directionOf(ctx, ctx.dyOf(1), index, 0) : e.mul(initial, ctx.c(0)),
      reversed,
      index,
    });
  });
  const stack = (pick: (part: DirectionGradients) => string): string => {
    const rows = parts.map((part) => e.op('Unsqueeze', [pick(part), e.ints([0])]));
    return rows.length === 1 ? rows[0]! : e.op('Concat', rows, { axis: 0 });
  };
  return [
    ctx.needs(0) ? parts.map((part) => part.dx).reduce((a, b) => e.add(a, b)) : undefined,
    ctx.needs(1) ? stack((part) => part.dw) : undefined,
    ctx.needs(2) ? stack((part) => part.dr) : undefined,
    ctx.needs(3) ? stack((part) => e.op('Concat', [...part.dBias], { axis: 0 })) : undefined,
    undefined,
    ctx.needs(5) ? stack((part) => part.dInitial) : undefined,
    ctx.needs(6) ? stack((part) => part.dInitialCell!) : undefined,
  ];
}

/** x W^T over all steps at once. */
export function project(e: Emitter, series: string, weight: string): string {
  return e.matmul(series, e.transpose(weight, [1, 0]));
}

/** Gradients of the two products that all gates come from. */
export function productGradients(
  ctx: RuleContext,
  d: Direction,
  toInput: string,
  toHidden: string,
): Pick<DirectionGradients, 'dx' | 'dw' | 'dr' | 'dBias'> {
  const { e } = ctx;
  const rows = (value: string, like: string, axis: number): string =>
    e.reshape(value, [-1, { of: like, axis }]);
  const gates = (value: string): string => rows(value, ctx.x(2), 1);
  return {
    dx: e.matmul(toInput, d.w),
    dw: e.op('Gemm', [gates(toInput), rows(d.x, ctx.x(1), 2)], { transA: 1 }),
    dr: e.op('Gemm', [gates(toHidden), rows(d.previous, ctx.x(2), 2)], { transA: 1 }),
    dBias: [e.sum(toInput, [0, 1], false), e.sum(toHidden, [0, 1], false)],
  };
}

/** The halves of the bias, or zeros. */
export function biases(ctx: RuleContext, d: Direction): [string, string] {
  if (d.bias === undefined) return [ctx.c(0), ctx.c(0)];
  return ctx.e.ops('Split', [d.bias], 2, { axis: 0, num_outputs: 2 }) as [string, string];
}

/** s (1 - s), the slope of a sigmoid with value s. */
export function sigmoidSlope(ctx: RuleContext, s: string): string {
  return ctx.e.mul(s, ctx.e.sub(ctx.c(1), s));
}

/** 1 - t^2, the slope of a tanh with value t. */
export function tanhSlope(ctx: RuleContext, t: string): string {
  return ctx.e.sub(ctx.c(1), ctx.e.mul(t, t));
}
