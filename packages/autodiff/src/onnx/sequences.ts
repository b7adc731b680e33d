import { intAttribute } from './attributes.ts';
import { tensorNumbers, tensorOf } from './builder.ts';
import type { Node, Tensor } from './model.ts';
import { unique } from './names.ts';

/**
 * Takes parts of a tensor directly where an exporter splits it into a sequence first: SequenceAt of SplitToSequence, as
 * PyTorch's exporter writes `x.split(...)` without its optimiser, becomes Slice. Sequences whose parts or indices are not
 * constants stay.
 *
 * @param initializers to find constants in, and to add the bounds of the slices to
 * @param constants names of initialisers that never train; the added ones are
 * @param taken names that are in use
 */
export function withoutSequences(
  nodes: readonly Node[],
  initializers: Map<string, Tensor>,
  constants: Set<string>,
  taken: Set<string>,
): Node[] {
  const splits = new Map(
    nodes.flatMap((node) => (node.op === 'SplitToSequence' ? [[node.outputs[0]!, node] as const] : [])),
  );
  const numbersOf = (name: string | undefined): number[] | undefined => {
    const tensor = name ? initializers.get(name) : undefined;
    return tensor && tensorNumbers(tensor);
  };
  const bound = (name: string, value: number): string => {
    const free = unique(name, taken);
    initializers.set(free, tensorOf(free, [1], BigInt64Array.of(BigInt(value))));
    constants.add(free);
    return free;
  };
  const sliced = nodes.map((node) => {
    const split = node.op === 'SequenceAt' ? splits.get(node.inputs[0]!) : undefined;
    const index = numbersOf(node.inputs[1])?.[0];
    const size = split && initializers.get(split.inputs[1] ?? '');
    if (!split || !size || index === undefined) return node;
    const range = part(index, tensorNumbers(size), size.dims.length === 0);
    if (!range) return node;
    const output = node.outputs[0]!;
    const bounds = [
      bound(`${output}.start`, range[0]),
      bound(`${output}.end`, range[1]),
      bound(`${output}.axis`, intAttribute(split, 'axis', 0)),
    ];
    return { ...node, op: 'Slice', inputs: [split.inputs[0]!, ...bounds], attributes: new Map() };
  });
  const read = new Set(sliced.flatMap(({ inputs }) => inputs));
  return sliced.filter((node) => node.op !== 'SplitToSequence' || read.has(node.outputs[0]!));
}

/** Where one part begins and ends; parts are all of one size, or of the sizes given. */
function part(index: number, sizes: readonly number[], uniform: boolean): [number, number] | undefined {
  if (uniform) return index < 0 ? undefined : [index * sizes[0]!, (index + 1) * sizes[0]!];
  const at = index < 0 ? index + sizes.length : index;
  if (at < 0 || at >= sizes.length) return undefined;
  const start = sizes.slice(0, at).reduce((a, b) => a + b, 0);
  return [start, start + sizes[at]!];
}
