import type { Graph } from './model.ts';

/** Every name a graph uses, subgraphs included. */
export function valueNames(graph: Graph): Set<string> {
  const names = new Set<string>([...graph.initializers.keys(), ...graph.inputs.map(({ name }) => name)]);
  for (const node of graph.nodes) {
    for (const name of [...node.inputs, ...node.outputs]) names.add(name);
    for (const attribute of node.attributes.values()) {
      if (attribute.type === 'graph') for (const name of valueNames(attribute.value)) names.add(name);
    }
  }
  return names;
}

/** The name itself, or with underscores when the model uses it already; taken from then on. */
export function unique(name: string, taken: Set<string>): string {
  let free = name;
  while (taken.has(free)) free += '_';
  taken.add(free);
  return free;
}
