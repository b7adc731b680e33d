/**
 * Integer aggregation rules: from updates to their exact Gram matrix, from the matrix to weights and reward
 * shares, from weights to the exact aggregate. Everything is integer, so that every node, the circuit and the
 * contracts get the same numbers.
 *
 * @example
 * const gram = gramMatrix([sumReferences(references), ...updates]);
 * const result = ruleById('reference-trust').apply(gram);
 * const next = aggregate(updates, result.weights);
 * console.log(explainTrainer(result, 0));
 *
 * @packageDocumentation
 */
export { aggregate, type CountedReference, sumGroups, sumReferences } from './aggregate.ts';
export { gramMatrix, MAX_ROWS } from './arithmetic/gram.ts';
export { packShares, packWeights } from './arithmetic/packing.ts';
export { explainTrainer } from './explain.ts';
export type { IntegerVector } from './novelty/direction.ts';
export { MAX_DIRECTIONS, type NoveltyInput, noveltyVector } from './novelty/novelty.ts';
export { type PublicVectors, publicSpan, SPAN_ROUNDS } from './novelty/public-span.ts';
export { referenceProjection } from './rules/reference-projection.ts';
export { referenceTrust } from './rules/reference-trust.ts';
export { RULES, ruleById } from './rules/registry.ts';
export type {
  ProjectionExplanation,
  ProjectionRow,
  Reason,
  Rule,
  RuleResult,
  TrustExplanation,
  TrustRow,
} from './rules/rule.ts';
