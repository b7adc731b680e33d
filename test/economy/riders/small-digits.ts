import { createDataset, type MemoryDataset, syntheticDigits } from '@chorus/training';

const SIDE = 28;
/** Pixels a side that become one. */
const POOL = 4;

/** Generated digits of 7 x 7 pixels: a model of 5,600 parameters learns them, a tenth of what 28 x 28 take. */
export function smallDigits(options: { seed: number; count: number }): MemoryDataset {
  const digits = syntheticDigits(options);
  const side = SIDE / POOL;
  const inputs = new Float32Array(digits.count * side * side);
  for (let i = 0; i < digits.count; i++) {
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const at = i * side * side + Math.floor(row / POOL) * side + Math.floor(column / POOL);
        inputs[at] = inputs[at]! + digits.inputs[(i * SIDE + row) * SIDE + column]! / POOL ** 2;
      }
    }
  }
  const { labels, classes, name } = digits;
  return createDataset({ inputs, labels, inputShape: [1, side, side], classes, name });
}
