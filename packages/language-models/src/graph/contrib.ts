import type { Attribute, AttributeInput, GraphBuilder } from '@chorus/autodiff';

/** Adds a node of onnxruntime's own domain, and returns the names of its outputs. */
export type ContribOp = (
  op: string,
  inputs: readonly (string | undefined)[],
  outputs: number,
  attributes?: Readonly<Record<string, AttributeInput>>,
) => string[];

/** Adds operators of the domain `com.microsoft` (docs of onnxruntime: contrib operators) to a graph. */
export function contrib(g: GraphBuilder): ContribOp {
  return (op, inputs, outputs, attributes = {}) => {
    const names = Array.from({ length: outputs }, () => g.fresh(op.toLowerCase()));
    g.push({
      name: names[0]!,
      op,
      domain: 'com.microsoft',
      inputs: inputs.map((name) => name ?? ''),
      outputs: names,
      attributes: new Map(
        Object.entries(attributes).map(([key, value]): [string, Attribute] => [
          key,
          typeof value === 'number' ? { type: 'int', value } : (value as Attribute),
        ]),
      ),
    });
    return names;
  };
}
