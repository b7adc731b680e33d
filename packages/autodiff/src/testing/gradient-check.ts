import { type DifferentiateOptions, differentiate, encodeModel, GraphBuilder } from '../index.ts';
import { type Feeds, initialTensor, session, tensor } from './run.ts';

/** A float operand of the function under test. */
interface Operand {
  name: string;
  dims: readonly number[];
  values: ArrayLike<number>;
}

export interface GradientCheck {
  operands: readonly Operand[];
  /** Emits the function; returns its float outputs with their dimensions. */
  build(g: GraphBuilder): { value: string; dims: readonly number[] }[];
  /** float64 unless the runtime has no such kernel. */
  precision?: 'float64' | 'float32';
  /** Difference step; large steps are right for functions linear in each operand. */
  step?: number;
  tolerance?: number;
  opset?: number;
  options?: Partial<DifferentiateOptions>;
  /** Extra graph inputs fed as they are. */
  feeds?: Feeds;
}

/** Deterministic noise in [-1, 1). */
export function noise(count: number, seed: number): number[] {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Array.from({ length: count }, () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return (state / 2 ** 32) * 2 - 1;
  });
}

const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/**
 * Compares every gradient with central differences of the loss `sum(outputs * random weights)`.
 *
 * @returns the largest error relative to the largest gradient, for reporting
 */
export async function checkGradients(check: GradientCheck): Promise<number> {
  const double = check.precision !== 'float32';
  const make = (values: ArrayLike<number>) =>
    double ? Float64Array.from(values) : Float32Array.from(values);
  const g = new GraphBuilder({ opset: check.opset ?? 18 });
  for (const { name, dims, values } of check.operands) g.initializer(name, dims, make(values));
  const outputs = check.build(g);
  const parts = outputs.map(({ value, dims }, i) => {
    const weights = g.initializer(`weights${i}`, dims, make(noise(size(dims), 77 + i)));
    return g.op('ReduceSum', [g.op('Mul', [value, weights])], { keepdims: 0 });
  });
  const loss = parts.length === 1 ? parts[0]! : g.op('Sum', parts);
  g.output(loss, double ? 'float64' : 'float32', [], 'objective');
  const graph = differentiate(encodeModel(g.build()), {
    loss: { kind: 'output', name: 'objective' },
    trainable: check.operands.map(({ name }) => name),
    // With zero velocity the next velocity is the gradient itself.
    optimizer: { kind: 'sgd', momentum: 0.5 },
    ...check.options,
  });
  const running = await session(graph.step);
  const feeds: Feeds = { ...check.feeds, [graph.inputs.learningRate]: tensor(Float32Array.of(0), []) };
  for (const state of graph.state) feeds[state.name] = initialTensor(state);
  const current = new Map(check.operands.map(({ name, values }) => [name, make(values)]));
  const setAll = (): void => {
    for (const { name, dims } of check.operands) feeds[name] = tensor(current.get(name)!, dims);
  };
  setAll();
  const at = await running.run(feeds);
  const h = check.step ?? (double ? 1e-5 : 1e-2);
  const tolerance = check.tolerance ?? (double ? 1e-6 : 2e-2);
  let worst = 0;
  for (const { name, dims } of check.operands) {
    const analytic = at[graph.outputs.next.get(`momentum.${name}`)!]!;
    if (analytic.dims.join() !== dims.join())
      throw new Error(`gradient of ${name} is [${analytic.dims}], not [${dims}]`);
    const grads = analytic.data as Float64Array;
    const values = current.get(name)!;
    const numeric: number[] = [];
    for (let i = 0; i < values.length; i++) {
      const original = values[i]!;
      const measure = async (value: number): Promise<number> => {
        values[i] = value;
        setAll();
        return (await running.run(feeds))[graph.outputs.loss]!.data[0] as number;
      };
      const high = await measure(original + h);
      const low = await measure(original - h);
      values[i] = original;
      numeric.push((high - low) / (2 * h));
    }
    const scale = Math.max(1, ...numeric.map(Math.abs));
    numeric.forEach((expected, i) => {
      const error = Math.abs(expected - grads[i]!) / scale;
      if (!(error <= tolerance)) {
        throw new Error(
          `d/d${name}[${i}]: rule ${grads[i]}, differences ${expected} (step ${h}, dims ${dims})`,
        );
      }
      worst = Math.max(worst, error);
    });
  }
  await running.release();
  return worst;
}
