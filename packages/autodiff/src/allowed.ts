import { ForbiddenOperatorError } from './onnx/errors.ts';
import type { Model } from './onnx/model.ts';
import { GRADIENT_RULES, NO_GRADIENT } from './rules/index.ts';

/** Operators that become others before a model is trained or run ({@link withoutSequences}); of the rest nothing is bounded. */
const REWRITTEN: ReadonlySet<string> = new Set(['SequenceAt', 'SplitToSequence']);

/**
 * Checks that a foreign model uses only standard operators that this package knows, and runs no subgraph: nothing
 * repeats or branches by data, and the runtime's own extensions are not reached.
 *
 * @throws ForbiddenOperatorError naming the first node that is not
 */
export function checkOperators({ graph }: Model): void {
  for (const { name, op, domain, attributes } of graph.nodes) {
    if (domain !== '')
      throw new ForbiddenOperatorError(name, `${domain}.${op}`, 'is not of the standard domain');
    if (!GRADIENT_RULES.has(op) && !NO_GRADIENT.has(op) && !REWRITTEN.has(op)) {
      throw new ForbiddenOperatorError(name, op, 'is not among those that are known here');
    }
    for (const attribute of attributes.values()) {
      if (attribute.type === 'graph') throw new ForbiddenOperatorError(name, op, 'runs a subgraph');
    }
  }
}
