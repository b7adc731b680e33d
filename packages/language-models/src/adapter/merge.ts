import { transposed, turned } from '../decoder/arrange.ts';
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
  const rows = (name: string): Float32Array => {
    const values = decoder.rows(name);
    const sizes = adapted.get(name);
    if (!sizes) return values;
    const { a, b } = adapter.weights.get(name)!;
    const { inSize, outSize, rank } = sizes;
    const scale = Math.fround(adapter.alpha / rank);
    const across = transposed(a, inSize, rank);
    // Writing an element of a Float32Array rounds; float64 in between does not change a single result.
    const sums = new Float32Array(inSize);
    for (let j = 0; j < outSize; j++) {
      sums.fill(0);
      for (let k = 0; k < rank; k++) {
        const right = b[k * outSize + j]!;
        for (let i = 0; i < inSize; i++) sums[i] = sums[i]! + Math.fround(across[k * inSize + i]! * right);
      }
      for (let i = 0; i < inSize; i++) {
        const at = j * inSize + i;
        values[at] = values[at]! + Math.fround(scale * sums[i]!);
      }
    }
    return values;
  };
  return {
    ...decoder,
    rows,
    weight(name) {
      const sizes = adapted.get(name);
      return sizes ? turned(sizes.place, rows(name)) : decoder.weight(name);
    },
  };
}
