import { UnsupportedOperatorError } from './onnx/errors.ts';
import { DataType, type Node } from './onnx/model.ts';
import { readNames } from './onnx/validate.ts';
import type { Emitter } from './rules/emitter.ts';
import { GRADIENT_RULES, NO_GRADIENT } from './rules/index.ts';
import { type GradientRule, RuleContext } from './rules/rule.ts';

/** One node of the forward pass as the training graph runs it. */
export interface ForwardStep {
  readonly node: Node;
  /** Set when training computes the node differently (batch statistics, dropout masks). */
  readonly gradient?: GradientRule;
  /** Output names; a rule may ask for optional outputs the model left out. */
  readonly outputs: string[];
}

/**
 * Reverse-mode differentiation: walks the steps backwards from `seed`, gives each node's output gradients
 * to its rule, and adds up what several readers of a value contribute. Nodes that do not lie between
 * `wanted` and the seed are never visited.
 *
 * @param steps the forward pass in topological order
 * @param seed gradients to start from, by value name (usually the loss with respect to the logits)
 * @param wanted names whose gradients are asked for
 * @returns the gradient of each wanted name that the seed depends on
 * @throws UnsupportedOperatorError when a node in between has no rule
 */
export function reverse(
  emitter: Emitter,
  steps: readonly ForwardStep[],
  seed: ReadonlyMap<string, string>,
  wanted: ReadonlySet<string>,
): Map<string, string> {
  const active = forwardReach(emitter, steps, wanted);
  const contributions = new Map<string, string[]>();
  for (const [name, grad] of seed) contributions.set(name, [grad]);
  const total = (name: string): string | undefined => {
    const parts = contributions.get(name);
    if (!parts) return undefined;
    const sum = parts.length <= 2 ? parts.reduce((a, b) => emitter.add(a, b)) : emitter.op('Sum', parts);
    contributions.set(name, [sum]);
    return sum;
  };
  for (const step of [...steps].reverse()) {
    const reads = readNames(step.node).filter((name) => active.has(name));
    if (reads.length === 0 || !step.outputs.some((name) => contributions.has(name))) continue;
    if (NO_GRADIENT.has(step.node.op) && step.node.domain === '') continue;
    const grads = step.outputs.map((name) => total(name));
    for (const [i, grad] of applyRule(emitter, step, grads, active).entries()) {
      const name = step.node.inputs[i];
      if (grad === undefined || !name || !active.has(name)) continue;
      const parts = contributions.get(name) ?? [];
      contributions.set(name, parts);
      parts.push(grad);
    }
  }
  const result = new Map<string, string>();
  for (const name of wanted) {
    const grad = total(name);
    if (grad !== undefined) result.set(name, grad);
  }
  return result;
}

function applyRule(
  emitter: Emitter,
  step: ForwardStep,
  grads: readonly (string | undefined)[],
  active: ReadonlySet<string>,
): (string | undefined)[] {
  const { node } = step;
  const rule = step.gradient ?? (node.domain === '' ? GRADIENT_RULES.get(node.op) : undefined);
  if (!rule) throw unsupported(node);
  const extraOutput = (index: number): string => {
    while (step.outputs.length <= index) step.outputs.push('');
    step.outputs[index] ||= emitter.fresh(`${node.op.toLowerCase()}_${index}`);
    return step.outputs[index];
  };
  // The rule sees the step's own list of outputs, so that one it asked for is there the next time.
  const live = { ...node, outputs: step.outputs };
  return rule(new RuleContext(live, emitter, grads, (name) => active.has(name), extraOutput));
}

/** Values that change with a wanted one, floats only: integers and masks carry no gradient. */
function forwardReach(
  emitter: Emitter,
  steps: readonly ForwardStep[],
  wanted: ReadonlySet<string>,
): Set<string> {
  const active = new Set(wanted);
  for (const { node, outputs } of steps) {
    if (NO_GRADIENT.has(node.op) && node.domain === '') continue;
    if (!readNames(node).some((name) => active.has(name))) continue;
    for (const name of outputs) {
      const dtype = emitter.dtype(name);
      if (name !== '' && (dtype === DataType.float32 || dtype === DataType.float64)) active.add(name);
    }
  }
  return active;
}

function unsupported(node: Node): UnsupportedOperatorError {
  const subgraph = [...node.attributes.values()].some((attribute) => attribute.type === 'graph');
  if (subgraph) {
    return new UnsupportedOperatorError(
      node.name,
      node.op,
      [],
      'runs a subgraph, through which no gradient is taken',
    );
  }
  const operator = node.domain ? `${node.domain}.${node.op}` : node.op;
  return new UnsupportedOperatorError(node.name, operator, nearestOperators(node.op));
}

/** Supported operators with the most similar names. */
function nearestOperators(op: string): string[] {
  return [...GRADIENT_RULES.keys()]
    .map((name) => ({ name, distance: editDistance(op.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
    .slice(0, 3)
    .map(({ name }) => name);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
