import { InvalidOptionError } from './onnx/errors.ts';
import { DataType } from './onnx/model.ts';
import type { Emitter } from './rules/emitter.ts';

/** How parameters move. Rates and coefficients are constants of the graph; the learning rate is its input. */
export type OptimizerOptions =
  | { kind: 'sgd'; momentum?: number; nesterov?: boolean; weightDecay?: number }
  /** Parameters stay; the state `sum.<parameter>` grows by each step's gradient (clipped, with `clipNorm`). */
  | { kind: 'accumulate' }
  | { kind: 'adam' | 'adamw'; beta1?: number; beta2?: number; epsilon?: number; weightDecay?: number };

/** A parameter as the optimiser sees it. */
export interface OptimizedParameter {
  readonly name: string;
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly gradient: string;
}

/** A tensor carried from step to step: declared as input `name`, its next value is `next`. */
export interface CarriedState {
  readonly name: string;
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly next: string;
}

/** Refuses coefficients with which no optimiser converges. @throws InvalidOptionError */
export function checkOptimizer(options: OptimizerOptions): void {
  if (options.kind === 'accumulate') return;
  const unit: [string, number | undefined][] =
    options.kind === 'sgd'
      ? [['momentum', options.momentum]]
      : [
          ['beta1', options.beta1],
          ['beta2', options.beta2],
        ];
  for (const [name, value] of unit) {
    if (value !== undefined && !(value >= 0 && value < 1)) {
      throw new InvalidOptionError(`${name} is ${value}`, { option: name, value }, 'give a number in [0, 1)');
    }
  }
  const decay = options.weightDecay ?? 0;
  if (!(decay >= 0 && Number.isFinite(decay))) {
    throw new InvalidOptionError(`weightDecay is ${decay}`, { option: 'weightDecay' }, 'give a number >= 0');
  }
  if (options.kind !== 'sgd' && options.epsilon !== undefined && !(options.epsilon > 0)) {
    throw new InvalidOptionError(`epsilon is ${options.epsilon}`, { option: 'epsilon' }, 'give a number > 0');
  }
  if (options.kind === 'sgd' && options.nesterov && !options.momentum) {
    throw new InvalidOptionError('nesterov without momentum', { option: 'nesterov' }, 'set momentum too');
  }
}

/**
 * Emits one optimiser step.
 *
 * @param declare adds a state input to the graph and returns its name
 * @returns the new value of each parameter in order, and the state carried on
 */
export function emitOptimizer(
  e: Emitter,
  options: OptimizerOptions,
  parameters: readonly OptimizedParameter[],
  lr: string,
  declare: (name: string, dtype: number, shape: readonly number[]) => string,
): { next: string[]; state: CarriedState[] } {
  switch (options.kind) {
    case 'sgd':
      return emitSgd(e, options, parameters, lr, declare);
    case 'accumulate':
      return emitAccumulation(e, parameters, declare);
    default:
      return emitAdam(e, options, parameters, lr, declare);
  }
}

/** s' = s + g; p' = p. With batches of one and `clipNorm`, s is the sum that DP-SGD adds noise to. */
function emitAccumulation(
  e: Emitter,
  parameters: readonly OptimizedParameter[],
  declare: (name: string, dtype: number, shape: readonly number[]) => string,
): { next: string[]; state: CarriedState[] } {
  const state = parameters.map(({ name, dtype, shape, gradient }) => {
    const sum = declare(`sum.${name}`, dtype, shape);
    return { name: sum, dtype, shape, next: e.add(sum, gradient) };
  });
  return { next: parameters.map(({ name }) => e.unary('Identity', name)), state };
}

/** g' = g + wd p; v' = m v + g'; p' = p - lr (v', or g' + m v' with Nesterov). As torch.optim.SGD. */
function emitSgd(
  e: Emitter,
  options: Extract<OptimizerOptions, { kind: 'sgd' }>,
  parameters: readonly OptimizedParameter[],
  lr: string,
  declare: (name: string, dtype: number, shape: readonly number[]) => string,
): { next: string[]; state: CarriedState[] } {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  const state: CarriedState[] = [];
  const next = parameters.map(({ name, dtype, shape, gradient }) => {
    const rate = typedScalar(e, lr, dtype);
    let direction = decayed(e, gradient, name, weightDecay, dtype);
    if (momentum > 0) {
      const velocity = declare(`momentum.${name}`, dtype, shape);
      const m = e.scalar(momentum, dtype);
      const moved = e.add(e.mul(velocity, m), direction);
      state.push({ name: velocity, dtype, shape, next: moved });
      direction = nesterov ? e.add(direction, e.mul(moved, m)) : moved;
    }
    return e.sub(name, e.mul(direction, rate));
  });
  return { next, state };
}

/** Kingma and Ba 2015, and Loshchilov and Hutter 2019 (decay apart from the gradient) for `adamw`. */
function emitAdam(
  e: Emitter,
  options: Extract<OptimizerOptions, { kind: 'adam' | 'adamw' }>,
  parameters: readonly OptimizedParameter[],
  lr: string,
  declare: (name: string, dtype: number, shape: readonly number[]) => string,
): { next: string[]; state: CarriedState[] } {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const weightDecay = options.weightDecay ?? (options.kind === 'adamw' ? 0.01 : 0);
  const step = declare('adam.step', DataType.int64, []);
  const count = e.add(step, e.constant([], BigInt64Array.of(1n)));
  const state: CarriedState[] = [{ name: step, dtype: DataType.int64, shape: [], next: count }];
  // 1 - 0.999^t loses four digits in float32 at t = 1, so the correction is computed in float64.
  const t = e.cast(count, DataType.float64);
  const correction = (beta: number): string =>
    e.sub(e.scalar(1, DataType.float64), e.op('Pow', [e.scalar(beta, DataType.float64), t]));
  const rate64 = e.div(e.cast(lr, DataType.float64), correction(beta1));
  const scale64 = e.div(e.scalar(1, DataType.float64), e.unary('Sqrt', correction(beta2)));
  const casts = new Map<string, string>();
  const as = (value: string, dtype: number): string => {
    if (dtype === DataType.float64) return value;
    const known = casts.get(value) ?? e.cast(value, dtype);
    casts.set(value, known);
    return known;
  };
  const next = parameters.map(({ name, dtype, shape, gradient }) => {
    const c = (value: number): string => e.scalar(value, dtype);
    const g = options.kind === 'adam' ? decayed(e, gradient, name, weightDecay, dtype) : gradient;
    const m = declare(`adam.m.${name}`, dtype, shape);
    const v = declare(`adam.v.${name}`, dtype, shape);
    const m1 = e.add(e.mul(m, c(beta1)), e.mul(g, c(1 - beta1)));
    const v1 = e.add(e.mul(v, c(beta2)), e.mul(e.mul(g, g), c(1 - beta2)));
    state.push({ name: m, dtype, shape, next: m1 }, { name: v, dtype, shape, next: v1 });
    const spread = e.add(e.mul(e.unary('Sqrt', v1), as(scale64, dtype)), c(epsilon));
    const moved = e.mul(e.div(m1, spread), as(rate64, dtype));
    if (options.kind === 'adam' || weightDecay === 0) return e.sub(name, moved);
    const kept = e.sub(c(1), e.mul(typedScalar(e, lr, dtype), c(weightDecay)));
    return e.sub(e.mul(name, kept), moved);
  });
  return { next, state };
}

function decayed(e: Emitter, gradient: string, parameter: string, decay: number, dtype: number): string {
  return decay === 0 ? gradient : e.add(gradient, e.mul(parameter, e.scalar(decay, dtype)));
}

/** The learning rate is float32; float64 parameters need it as float64. */
function typedScalar(e: Emitter, value: string, dtype: number): string {
  return dtype === DataType.float64 ? e.cast(value, dtype) : value;
}

/** Scales all gradients by min(1, limit / norm), norm taken over all of them together. */
export function emitClipping(
  e: Emitter,
  gradients: readonly string[],
  dtypes: readonly number[],
  limit: number,
): string[] {
  const squares = gradients.map((gradient, i) => {
    const square = e.op('ReduceSumSquare', [gradient], { keepdims: 0 });
    return dtypes[i] === DataType.float32 ? square : e.cast(square, DataType.float32);
  });
  const norm = e.unary('Sqrt', squares.length === 1 ? squares[0]! : e.op('Sum', squares));
  // The small constant is torch.nn.utils.clip_grad_norm_'s own.
  const ratio = e.div(e.scalar(limit, 1), e.add(norm, e.scalar(1e-6, 1)));
  const factor = e.op('Min', [ratio, e.scalar(1, 1)]);
  return gradients.map((gradient, i) => e.mul(gradient, typedScalar(e, factor, dtypes[i]!)));
}
