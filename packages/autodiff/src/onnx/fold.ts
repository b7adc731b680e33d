import { intAttribute } from './attributes.ts';
import type { Node, Tensor } from './model.ts';

/**
 * Joins constants before anything runs: Concat of vectors, as exporters write the scales of a Resize.
 *
 * @param initializers to find the vectors in, and to add the joined ones to
 * @param constants names of initialisers that never train, and so may be joined; joined ones are
 * @returns the nodes that are left
 */
export function withoutConstantConcats(
  nodes: readonly Node[],
  initializers: Map<string, Tensor>,
  constants: Set<string>,
  outputs: ReadonlySet<string>,
): Node[] {
  return nodes.filter((node) => {
    const name = node.outputs[0]!;
    if (node.op !== 'Concat' || node.domain !== '' || outputs.has(name)) return true;
    const parts = node.inputs.map((input) => (constants.has(input) ? initializers.get(input) : undefined));
    const [first] = parts;
    const alike = parts.every((part) => part && part.dims.length === 1 && part.dtype === first!.dtype);
    if (!first || !alike || ![0, -1].includes(intAttribute(node, 'axis', 0))) return true;
    const length = parts.reduce((sum, part) => sum + part!.dims[0]!, 0);
    const data = joined(parts.map((part) => part!.data));
    initializers.set(name, { name, dtype: first.dtype, dims: [length], data });
    constants.add(name);
    return false;
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
