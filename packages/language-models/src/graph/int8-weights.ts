import { DataType, type GraphBuilder } from '@chorus/autodiff';
import type { Decoder } from '../decoder/open.ts';
import { BLOCK_SIZE, type QuantisedRows, quantiseRows } from './block-quantise.ts';
import { contrib } from './contrib.ts';
import type { WeightOps } from './float-weights.ts';

/** Products computed in integers: onnxruntime quantises the inputs to 8 bits, block by block. */
const ACCURACY_LEVEL = 4;

/**
 * Weights in integers of 8 bits. Matrices that meet the same rows are one, so that the rows are quantised once.
 *
 * @throws RangeError if the rows of a matrix are not a multiple of 32 long
 */
export function int8Weights(g: GraphBuilder, decoder: Decoder): WeightOps {
  const op = contrib(g);
  const { width, vocabulary } = decoder.config;
  const bytes = (name: string, dims: readonly number[], data: Uint8Array): string =>
    g.tensor({ name, dims, dtype: DataType.uint8, data });

  /** Rows of matrices, as the product takes them: [rows, columns / 32, 32]. */
  const stored = (name: string, columns: number, { data, scales }: QuantisedRows): [string, string] => {
    const [rows, perRow] = [data.length / columns, columns / BLOCK_SIZE];
    return [
      bytes(`${name}.int8`, [rows, perRow, BLOCK_SIZE], data),
      g.initializer(`${name}.scales`, [rows, perRow], scales),
    ];
  };
  const product = (x: string, name: string, columns: number, rows: QuantisedRows): string =>
    op('MatMulNBits', [x, ...stored(name, columns, rows)], 1, {
      K: columns,
      N: rows.data.length / columns,
      bits: 8,
      block_size: BLOCK_SIZE,
      accuracy_level: ACCURACY_LEVEL,
    })[0]!;
  const byToken = (name: string): QuantisedRows => quantiseRows([decoder.rows(name)], width);
  const EMBEDDING = 'model.embed_tokens.weight';
  const embedding = byToken(EMBEDDING);

  return {
    linear(x, names) {
      const shapes = names.map((name) => decoder.weights.get(name) as readonly [number, number]);
      const columns = shapes[0]![0];
      const rows = quantiseRows(names.map(decoder.rows), columns);
      const all = product(x, names.join('+'), columns, rows);
      if (names.length === 1) return [all];
      return g.ops('Split', [all, g.ints(shapes.map(([, out]) => out))], names.length, { axis: -1 });
    },
    embed(ids) {
      // The same numbers as those of a tied head, of another rank.
      const rows = bytes(`${EMBEDDING}.rows.int8`, [vocabulary, width], embedding.data);
      const dims = [vocabulary, width / BLOCK_SIZE];
      const scales = g.initializer(`${EMBEDDING}.rows.scales`, dims, embedding.scales);
      return op('GatherBlockQuantized', [rows, ids, scales], 1, {
        bits: 8,
        block_size: BLOCK_SIZE,
        gather_axis: 0,
        quantize_axis: 1,
      })[0]!;
    },
    head: (x) =>
      decoder.config.tiedHead
        ? product(x, EMBEDDING, width, embedding)
        : product(x, 'lm_head.weight', width, byToken('lm_head.weight')),
  };
}
