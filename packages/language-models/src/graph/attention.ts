import type { GraphBuilder } from '@chorus/autodiff';
import type { DecoderConfig } from '../decoder/config.ts';
import { rotaryTables } from './rotary.ts';

/** Added to the scores of later places. Finite, so that no gradient is infinite times zero. */
const MASKED = -1e30;

/**
 * Causal attention with rotary embeddings and grouped queries (Ainslie et al. 2023, arXiv:2305.13245), in standard
 * operators; its tables and mask are constants of the graph.
 *
 * @param context tokens of a sequence
 * @returns adds the nodes of one layer: from queries [N context, heads headSize], keys and values [N context,
 * keyValueHeads headSize], to [N context, heads headSize]
 */
export function attention(
  g: GraphBuilder,
  { heads, keyValueHeads, headSize, ropeBase, ropeFactors }: DecoderConfig,
  context: number,
): (query: string, key: string, value: string) => string {
  const group = heads / keyValueHeads;
  const half = headSize / 2;
  const tables = rotaryTables(context, headSize, ropeBase, ropeFactors);
  const table = (name: string, values: Float32Array): string =>
    g.initializer(name, [context, 1, half], values);
  const cos = table('rotary.cos', tables.cos);
  const sin = table('rotary.sin', tables.sin);
  const scale = g.constant([], Float32Array.of(1 / Math.sqrt(headSize)));
  const mask = g.initializer(
    'causal_mask',
    [context, context],
    Float32Array.from({ length: context * context }, (_, i) =>
      i % context > Math.floor(i / context) ? MASKED : 0,
    ),
  );

  /** [N context, n headSize] as [N, context, n, headSize], rotated by the place. */
  const rotate = (x: string, n: number): string => {
    const split = g.op('Reshape', [x, g.ints([-1, context, n, headSize])]);
    const [a, b] = g.ops('Split', [split], 2, { axis: -1, num_outputs: 2 }) as [string, string];
    const first = g.op('Sub', [g.op('Mul', [a, cos]), g.op('Mul', [b, sin])]);
    const second = g.op('Add', [g.op('Mul', [b, cos]), g.op('Mul', [a, sin])]);
    return g.op('Concat', [first, second], { axis: -1 });
  };

  return (query, key, value) => {
    // Queries of one group stand under each other, so that each head of keys is used in one product.
    const q = g.op('Reshape', [
      g.op(
        'Transpose',
        [g.op('Reshape', [rotate(query, heads), g.ints([-1, context, keyValueHeads, group, headSize])])],
        { perm: [0, 2, 3, 1, 4] },
      ),
      g.ints([-1, keyValueHeads, group * context, headSize]),
    ]);
    const k = g.op('Transpose', [rotate(key, keyValueHeads)], { perm: [0, 2, 3, 1] });
    const v = g.op('Transpose', [g.op('Reshape', [value, g.ints([-1, context, keyValueHeads, headSize])])], {
      perm: [0, 2, 1, 3],
    });
    const products = g.op('MatMul', [g.op('Mul', [q, scale]), k]);
    const scores = g.op('Add', [
      g.op('Reshape', [products, g.ints([-1, keyValueHeads, group, context, context])]),
      mask,
    ]);
    const shares = g.op('Reshape', [
      g.op('Softmax', [scores], { axis: -1 }),
      g.ints([-1, keyValueHeads, group * context, context]),
    ]);
    const mixed = g.op('Reshape', [
      g.op('MatMul', [shares, v]),
      g.ints([-1, keyValueHeads, group, context, headSize]),
    ]);
    const byToken = g.op('Transpose', [mixed], { perm: [0, 3, 1, 2, 4] });
    return g.op('Reshape', [byToken, g.ints([-1, heads * headSize])]);
  };
}
