import type { Decoder } from '../decoder/open.ts';
import { type WeightPlace, weightPlaces } from '../decoder/weights.ts';

/** Largest rank of an adapter; ranks of 4 to 64 are usual. */
export const MAX_RANK = 1024;

/** A low-rank adapter of a decoder (Hu et al. 2021, arXiv:2106.09685). */
export interface Adapter {
  /** What a product of the two matrices counts: it is multiplied by alpha / rank. */
  readonly alpha: number;
  /**
   * The two matrices of each adapted weight, row-major, by its name, as `insertLora` of `@chorus/autodiff` makes them:
   * a [in, rank] and b [rank, out] for a weight [in, out].
   */
  readonly weights: ReadonlyMap<string, { readonly a: Float32Array; readonly b: Float32Array }>;
}

/** An adapted weight, and the sizes of its adapter. */
export interface Adapted {
  readonly place: WeightPlace;
  readonly inSize: number;
  readonly outSize: number;
  readonly rank: number;
}

/** The weights that an adapter may change: matrices of the layers, by name. */
export const adaptable = (decoder: Decoder): Map<string, WeightPlace> =>
  new Map(
    weightPlaces(decoder.config)
      .filter(({ order }) => order !== 'as-is')
      .map((place) => [place.name, place]),
  );

/**
 * Checks that an adapter fits a decoder.
 *
 * @throws RangeError if it has a weight that cannot be adapted, or matrices of other sizes
 */
export function adaptedWeights(decoder: Decoder, { alpha, weights }: Adapter): Map<string, Adapted> {
  if (!(alpha > 0 && Number.isFinite(alpha)))
    throw new RangeError(`alpha is ${alpha}, not a positive number`);
  const places = adaptable(decoder);
  return new Map(
    [...weights].map(([name, { a, b }]) => {
      const place = places.get(name);
      if (!place) throw new RangeError(`the decoder has no matrix ${name}`);
      const [inSize, outSize] = place.shape as [number, number];
      const rank = a.length / inSize;
      if (!Number.isInteger(rank) || rank < 1 || rank > MAX_RANK || b.length !== rank * outSize) {
        throw new RangeError(`the adapter of ${name} does not fit ${inSize}x${outSize}`);
      }
      return [name, { place, inSize, outSize, rank }];
    }),
  );
}
