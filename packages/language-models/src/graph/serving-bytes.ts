import type { Decoder } from '../decoder/open.ts';
import { BLOCK_SIZE } from './block-quantise.ts';
import type { ServingModelOptions } from './serving-graph.ts';

/** Bytes of float32. */
const FLOAT = 4;

/**
 * Bytes of the weights and tables of a serving graph, before it is made: its file has some kilobytes more for each layer.
 *
 * @param options as those of `servingModel`
 */
export function servingBytes(
  { config, weights: shapes }: Pick<Decoder, 'config' | 'weights'>,
  { weights, context }: ServingModelOptions,
): number {
  // Integers of 8 bits, and a scale for each block of them.
  const perNumber = weights === 'int8' ? 1 + FLOAT / BLOCK_SIZE : FLOAT;
  let bytes = context * config.headSize * FLOAT;
  for (const [name, shape] of shapes) {
    const elements = shape.reduce((product, size) => product * size, 1);
    // Integers of a tied head are in the file twice: the product and the reading of rows take them in other shapes.
    const isTwice = weights === 'int8' && config.tiedHead && name === 'model.embed_tokens.weight';
    bytes += elements * (shape.length === 2 ? perNumber : FLOAT) * (isTwice ? 2 : 1);
  }
  return bytes;
}
