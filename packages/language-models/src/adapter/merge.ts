import type { Decoder } from '../decoder/open.ts';
import { type Adapter, adaptedWeights } from './adapter.ts';

/**
 * A decoder with an adapter folded into its weights: W + (alpha / rank) A B.
 *
 * The order of the operations is fixed and each one is rounded to float32: per element, the products over the rank are
 * added from the first to the last, the sum is scaled, then added to the weight. So every machine computes the same bits.
 *
 * @throws RangeError if the adapter does not fit the decoder
 */
export function mergeAdapter(decoder: Decoder, adapter: Adapter): Decoder {
  const adapted = adaptedWeights(decoder, adapter);
  return {
    ...decoder,
    weight(name) {
      const weight = decoder.weight(name);
      const sizes = adapted.get(name);
      if (!sizes) return weight;
      const { a, b } = adapter.weights.get(name)!;
      const { inSize, outSize, rank } = sizes;
      const scale = Math.fround(adapter.alpha / rank);
      // Reading and writing an element of a Float32Array rounds; float64 in between does not change a single result.
      const sums = new Float32Array(outSize);
      for (let i = 0; i < inSize; i++) {
        sums.fill(0);
        for (let k = 0; k < rank; k++) {
          const left = a[i * rank + k]!;
          for (let j = 0; j < outSize; j++) sums[j] = sums[j]! + Math.fround(left * b[k * outSize + j]!);
        }
        for (let j = 0; j < outSize; j++) {
          const at = i * outSize + j;
          weight[at] = weight[at]! + Math.fround(scale * sums[j]!);
        }
      }
      return weight;
    },
  };
}
