import type { RuleResult } from '@chorus/aggregation';
import type { ContributionStatement } from '@chorus/circuits';
import type { RoundStatement } from '../statement/statement.ts';

/** The circuit's input for a matrix and the rule's result for it. */
export function circuitInput(
  { size, weights, shares }: RoundStatement,
  { gram, alpha, beta }: { gram: bigint[][]; alpha: bigint; beta: bigint },
  { explanation }: RuleResult,
): ContributionStatement {
  const common = { gram, alpha, beta, weights, shares, size };
  if (explanation.rule === 'reference-trust') return { ...common, rule: explanation.rule };
  const coefficients = explanation.rows.map((row) => row.coefficients);
  return { ...common, rule: explanation.rule, coefficients };
}
