import { type GlobalModel, globalParameters } from '@chorus/training';

/** More trainers would have too many coalitions to evaluate. */
export const MAX_SHAPLEY_TRAINERS = 10;

/**
 * Exact Shapley values of one round: what each update adds to a model's worth, over all orders in which the updates may
 * be added. A coalition's model is the mean of its updates on top of the round's model, as in federated averaging.
 *
 * @param worth of a parameter vector, higher is better; called 2^n times
 * @throws {RangeError} on more than {@link MAX_SHAPLEY_TRAINERS} updates
 * @see Shapley 1953; for federated rounds Wang et al. 2020, "A principled approach to data valuation for federated learning"
 */
export async function shapleyValues(
  model: GlobalModel,
  updates: readonly Int16Array[],
  worth: (parameters: Float32Array) => Promise<number>,
): Promise<number[]> {
  const n = updates.length;
  if (n > MAX_SHAPLEY_TRAINERS) throw new RangeError(`${n} updates have too many coalitions`);
  const start = globalParameters(model);
  const worths = await Promise.all(
    Array.from({ length: 2 ** n }, (_, coalition) =>
      worth(parametersOf(start, coalition, updates, model.scale)),
    ),
  );
  // |S|! (n - |S| - 1)! / n!, by the size of S.
  const factor: number[] = [1 / n];
  for (let size = 1; size < n; size++) factor.push((factor[size - 1]! * size) / (n - size));
  return updates.map((_, i) => {
    let value = 0;
    for (let coalition = 0; coalition < worths.length; coalition++) {
      if (coalition & (1 << i)) continue;
      value += factor[sizeOf(coalition)]! * (worths[coalition | (1 << i)]! - worths[coalition]!);
    }
    return value;
  });
}

function parametersOf(
  start: Float32Array,
  coalition: number,
  updates: readonly Int16Array[],
  scale: number,
): Float32Array {
  const members = updates.filter((_, i) => coalition & (1 << i));
  if (members.length === 0) return start;
  const unit = scale / members.length;
  return start.map((x, k) => x + unit * members.reduce((sum, update) => sum + update[k]!, 0));
}

function sizeOf(coalition: number): number {
  let size = 0;
  for (let rest = coalition; rest > 0; rest &= rest - 1) size++;
  return size;
}

/** Spearman's rank correlation, in [-1, 1]; equal values share the mean of their ranks. NaN if all are equal. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [ra, rb] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  const covariance = (x: number[], y: number[]) =>
    x.reduce((sum, value, i) => sum + (value - mean) * (y[i]! - mean), 0);
  return covariance(ra, rb) / Math.sqrt(covariance(ra, ra) * covariance(rb, rb));
}

function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal - 1) / 2;
  });
}
