import { ChorusError } from '@chorus/protocol';
import { permutation, type Random, random, shuffle } from '../random.ts';

/**
 * How to divide one data set over several nodes.
 *
 * - `iid`: at random, in equal parts
 * - `dirichlet`: each class is divided by proportions drawn from Dirichlet(alpha): small alpha, unlike nodes
 *   (Hsu, Qi, Brown 2019, arXiv:1909.06335)
 * - `shards`: sorted by class, cut into `nodes * perNode` pieces, `perNode` pieces each: about `perNode`
 *   classes on a node (McMahan et al. 2017, arXiv:1602.05629)
 */
export type Split =
  | { kind: 'iid' }
  | { kind: 'dirichlet'; alpha: number }
  | { kind: 'shards'; perNode: number };

/**
 * Read a split from text: `iid`, `dirichlet:0.5`, `shards:2`.
 * @throws ChorusError `E_SPLIT`
 */
export function parseSplit(text: string): Split {
  const [kind, value, ...rest] = text.trim().split(':');
  const number = Number(value);
  if (rest.length === 0) {
    if (kind === 'iid' && value === undefined) return { kind };
    if (kind === 'dirichlet' && value && number >= 1e-3 && number <= 1e6) return { kind, alpha: number };
    if (kind === 'shards' && value && Number.isInteger(number) && number >= 1 && number <= 1000) {
      return { kind, perNode: number };
    }
  }
  throw new ChorusError('E_SPLIT', 'unknown way to split the data', {
    facts: { split: text.slice(0, 60) },
    hint: 'use iid, dirichlet:ALPHA (0.001 to 1000000) or shards:CLASSES_PER_NODE (1 to 1000)',
  });
}

/**
 * Which samples each node gets. Every index appears exactly once over all nodes, and no node is left empty.
 * Deterministic by seed.
 *
 * @param labels the class of each sample
 * @param nodes how many nodes, at most the number of samples
 * @throws ChorusError `E_SPLIT` if there are fewer samples than nodes (or pieces)
 */
export function splitIndices(labels: Int32Array, nodes: number, split: Split, seed: number): Uint32Array[] {
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > labels.length) {
    throw new ChorusError('E_SPLIT', 'there must be at least one sample for each node', {
      facts: { nodes, samples: labels.length },
    });
  }
  const stream = random(seed, 0x5b117);
  switch (split.kind) {
    case 'iid':
      return cut(permutation(labels.length, stream), nodes);
    case 'dirichlet':
      return shuffleEach(fillEmpty(dirichlet(labels, nodes, split.alpha, stream)), stream);
    case 'shards':
      return shuffleEach(shards(labels, nodes, split.perNode, stream), stream);
  }
}

/** `parts` contiguous pieces whose lengths differ by at most one. */
function cut(items: Uint32Array, parts: number): Uint32Array[] {
  return Array.from({ length: parts }, (_, k) =>
    items.slice(Math.floor((k * items.length) / parts), Math.floor(((k + 1) * items.length) / parts)),
  );
}

function dirichlet(labels: Int32Array, nodes: number, alpha: number, stream: Random): number[][] {
  const parts: number[][] = Array.from({ length: nodes }, () => []);
  for (const members of shuffledClasses(labels, stream)) {
    // log-space, because Gamma(0.01) underflows for every node at once.
    const logs = Array.from({ length: nodes }, () => logGamma(alpha, stream));
    const top = Math.max(...logs);
    const weights = logs.map((log) => Math.exp(log - top));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let before = 0;
    let start = 0;
    weights.forEach((weight, node) => {
      before += weight;
      const end = node === nodes - 1 ? members.length : Math.round((before / total) * members.length);
      for (let k = start; k < end; k++) parts[node]!.push(members[k]!);
      start = Math.max(start, end);
    });
  }
  return parts;
}

function shards(labels: Int32Array, nodes: number, perNode: number, stream: Random): number[][] {
  const pieces = nodes * perNode;
  if (pieces > labels.length) {
    throw new ChorusError('E_SPLIT', 'there are fewer samples than shards', {
      facts: { samples: labels.length, shards: pieces },
    });
  }
  const sorted = Uint32Array.from(shuffledClasses(labels, stream).flat());
  const cuts = cut(sorted, pieces);
  const order = permutation(pieces, stream);
  return Array.from({ length: nodes }, (_, node) =>
    Array.from(order.subarray(node * perNode, (node + 1) * perNode)).flatMap((piece) =>
      Array.from(cuts[piece]!),
    ),
  );
}

/** The indices of each class in random order, classes ascending. */
function shuffledClasses(labels: Int32Array, stream: Random): number[][] {
  const classes = new Map<number, number[]>();
  labels.forEach((label, i) => {
    const members = classes.get(label);
    if (members) members.push(i);
    else classes.set(label, [i]);
  });
  return [...classes.entries()].sort(([a], [b]) => a - b).map(([, members]) => shuffle(members, stream));
}

/** An empty node cannot train: it gets one sample of the node that has most. */
function fillEmpty(parts: number[][]): number[][] {
  for (const part of parts) {
    if (part.length > 0) continue;
    const largest = parts.reduce((a, b) => (b.length > a.length ? b : a));
    part.push(largest.pop()!);
  }
  return parts;
}

function shuffleEach(parts: number[][], stream: Random): Uint32Array[] {
  return parts.map((part) => shuffle(Uint32Array.from(part), stream));
}

/**
 * The logarithm of a Gamma(shape, 1) variate by Marsaglia and Tsang (2000), with their boost
 * Gamma(a) = Gamma(a + 1) * U^(1/a) for shape < 1.
 */
function logGamma(shape: number, stream: Random): number {
  if (shape < 1) return logGamma(shape + 1, stream) + Math.log(1 - stream.float()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = stream.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - stream.float()) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
      return Math.log(d) + Math.log(v);
    }
  }
}
